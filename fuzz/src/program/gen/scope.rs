//! What a module has, as the generator of its function bodies sees it.

use super::super::ast::{FuncType, Module, Source, Ty, HOST};
use super::super::rng::Rng;
use super::numbers::opcodes;

/// What a function is to those that may call it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Host,
    /// Called by the embedder alone.
    Entry,
    /// Takes fuel from a global and returns at once when there is none: anybody may call it, also
    /// through tables.
    Guarded,
    /// Called directly, by functions with a lower index, so that calls end.
    Plain,
}

/// A function in the index space.
#[derive(Clone, Copy, Debug)]
pub struct FuncInfo {
    pub ty: u32,
    pub kind: Kind,
    pub imported: bool,
    /// Instructions that a call executes at most, without functions that pay with fuel.
    pub cost: u32,
}

/// Elements of a table that are functions of one type: `base` to `base + mask`.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    pub ty: u32,
    pub base: u32,
    pub mask: u32,
}

/// A table. From `free` on elements are arbitrary.
#[derive(Clone, Debug)]
pub struct TableInfo {
    pub ty: Ty,
    pub size: u32,
    pub free: u32,
    pub regions: Vec<Region>,
}

/// A global.
#[derive(Clone, Copy, Debug)]
pub struct GlobalInfo {
    pub ty: Ty,
    pub exact: bool,
    /// Whether function bodies may assign to it.
    pub free: bool,
    pub mutable: bool,
}

/// All of it.
#[derive(Default)]
pub struct Scope {
    pub module: Module,
    pub funcs: Vec<FuncInfo>,
    /// Bytes that each memory has at least.
    pub memories: Vec<u32>,
    pub tables: Vec<TableInfo>,
    pub globals: Vec<GlobalInfo>,
    pub droppable_elems: Vec<u32>,
    pub droppable_datas: Vec<u32>,
    pub fuel: u32,
    pub acc32: u32,
    pub acc64: u32,
}

impl Scope {
    /// The type of a function.
    pub fn func_type(&self, func: u32) -> &FuncType {
        &self.module.types[self.funcs[func as usize].ty as usize]
    }

    fn find_func(&self, rng: &mut Rng, wanted: impl Fn(&FuncInfo) -> bool) -> Option<u32> {
        let count = self.funcs.len() as u32;
        if count == 0 {
            return None;
        }
        let start = rng.below(count);
        (0..count).map(|i| (start + i) % count).find(|&i| wanted(&self.funcs[i as usize]))
    }

    /// A function that references may lead to.
    pub fn any_reference(&self, rng: &mut Rng) -> Option<u32> {
        self.find_func(rng, |func| matches!(func.kind, Kind::Guarded | Kind::Host))
    }

    /// The same, of a type.
    pub fn func_of_type(&self, rng: &mut Rng, ty: u32) -> Option<u32> {
        self.find_func(rng, |func| func.ty == ty && matches!(func.kind, Kind::Guarded | Kind::Host))
    }

    /// A region of a table that calls may go through.
    pub fn any_region(&self, rng: &mut Rng) -> Option<(u32, Region)> {
        self.region_where(rng, |_| true)
    }

    /// The same, of a type for which a condition holds.
    pub fn region_where(
        &self,
        rng: &mut Rng,
        wanted: impl Fn(&FuncType) -> bool,
    ) -> Option<(u32, Region)> {
        let mut found: Vec<(u32, Region)> = Vec::new();
        for (index, table) in self.tables.iter().enumerate() {
            for region in &table.regions {
                if wanted(&self.module.types[region.ty as usize]) {
                    found.push((index as u32, *region));
                }
            }
        }
        (!found.is_empty()).then(|| *rng.pick(&found))
    }

    /// The type of one of the regions.
    pub fn any_region_type(&self, rng: &mut Rng) -> Option<u32> {
        self.any_region(rng).map(|(_, region)| region.ty)
    }

    /// A global for which a condition holds.
    pub fn find_global(&self, rng: &mut Rng, wanted: impl Fn(&GlobalInfo) -> bool) -> Option<u32> {
        let count = self.globals.len() as u32;
        let start = rng.below(count);
        (0..count).map(|i| (start + i) % count).find(|&i| wanted(&self.globals[i as usize]))
    }

    /// Data segments that are not copied when the module is instantiated.
    pub fn passive_datas(&self) -> Vec<u32> {
        let datas = self.module.datas.iter().enumerate();
        datas.filter(|(_, data)| data.active.is_none()).map(|(i, _)| i as u32).collect()
    }

    /// The same for element segments of a type.
    pub fn passive_elems(&self, ty: Ty) -> Vec<u32> {
        let elems = self.module.elems.iter().enumerate();
        elems
            .filter(|(_, elem)| elem.active.is_none() && elem.ty == ty)
            .map(|(i, _)| i as u32)
            .collect()
    }

    /// The import of a host function.
    pub fn host_func(&self, which: u32) -> Option<u32> {
        let at = self.module.imports.iter().position(|import| import.1 == Source::Host(which))?;
        // Functions are imported before everything else.
        Some(at as u32)
    }

    /// A function that the host may call: from i32 to i32.
    pub fn callback_target(&self, rng: &mut Rng) -> Option<u32> {
        self.find_func(rng, |func| {
            let ty = &self.module.types[func.ty as usize];
            func.kind == Kind::Guarded && ty.params == [Ty::I32] && ty.results == [Ty::I32]
        })
    }

    /// The type of a host function.
    pub fn host_type(which: u32) -> FuncType {
        let host = &HOST[which as usize];
        FuncType { params: host.params.to_vec(), results: host.results.to_vec() }
    }
}

/// Opcodes of numeric instructions by the type of their operands.
#[derive(Clone, Copy)]
pub struct Tables(&'static [Vec<u16>; 4]);

impl Default for Tables {
    fn default() -> Tables {
        static LISTS: std::sync::OnceLock<[Vec<u16>; 4]> = std::sync::OnceLock::new();
        Tables(LISTS.get_or_init(|| [Ty::I32, Ty::I64, Ty::F32, Ty::F64].map(opcodes)))
    }
}

impl Tables {
    /// Those of a type of numbers.
    pub fn of(self, ty: Ty) -> &'static [u16] {
        match ty {
            Ty::I64 => &self.0[1],
            Ty::F32 => &self.0[2],
            Ty::F64 => &self.0[3],
            _ => &self.0[0],
        }
    }
}
