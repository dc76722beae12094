//! Describes a module: imports, exports, custom sections, sizes.

use super::Module;
use crate::binary::reader::Reader;
use crate::binary::types::{Code, ExternKind, GlobalType, MemoryType, TableType, ValType};
use crate::code::CompiledCode;
use crate::validate::env::{codes, TypeEntry};
use core::fmt;
use zonda_exec::frame::OVERHEAD;

/// The type of a function: parameters and results, without names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FuncType<'a> {
    params: &'a [Code],
    results: &'a [Code],
}

impl<'a> FuncType<'a> {
    pub(crate) fn of(list: &'a [Code], ty: &TypeEntry) -> FuncType<'a> {
        FuncType {
            params: codes(list, ty.params, ty.param_count),
            results: codes(list, ty.results, ty.result_count),
        }
    }

    /// From the codes of the value types, which have to be valid.
    pub(crate) const fn from_codes(params: &'a [Code], results: &'a [Code]) -> FuncType<'a> {
        FuncType { params, results }
    }

    /// Types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + 'a {
        types(self.params)
    }

    /// Types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + 'a {
        types(self.results)
    }

    /// Slots that parameters and results take on the operand stack.
    pub(crate) fn slots(&self) -> (u32, u32) {
        let count = |codes: &'a [Code]| types(codes).map(ValType::slots).sum();
        (count(self.params), count(self.results))
    }

    pub(crate) fn codes(&self) -> (&'a [Code], &'a [Code]) {
        (self.params, self.results)
    }
}

fn types(codes: &[Code]) -> impl ExactSizeIterator<Item = ValType> + '_ {
    codes.iter().map(|&code| ValType::from_code(code).unwrap_or(ValType::I32))
}

impl fmt::Debug for FuncType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FuncType")
            .field("params", &self.params)
            .field("results", &self.results)
            .finish()
    }
}

impl fmt::Display for FuncType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ty) in self.params().enumerate() {
            write!(f, "{}{}", if index == 0 { "(" } else { ", " }, ty.name())?;
        }
        f.write_str(if self.params.is_empty() { "() -> " } else { ") -> " })?;
        for (index, ty) in self.results().enumerate() {
            write!(f, "{}{}", if index == 0 { "(" } else { ", " }, ty.name())?;
        }
        f.write_str(if self.results.is_empty() { "()" } else { ")" })
    }
}

/// How many kinds of imports there are.
const EXTERN_KINDS: usize = if cfg!(feature = "exceptions") { 5 } else { 4 };

/// The type of something that is imported or exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExternType<'a> {
    Func(FuncType<'a>),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
    /// A tag of exceptions; the parameters are the values that one carries.
    #[cfg(feature = "exceptions")]
    Tag(FuncType<'a>),
}

/// An import of a module.
#[derive(Clone, Copy, Debug)]
pub struct ImportType<'a> {
    pub module: &'a str,
    pub name: &'a str,
    pub ty: ExternType<'a>,
}

/// An export of a module.
#[derive(Clone, Copy, Debug)]
pub struct ExportType<'a> {
    pub name: &'a str,
    pub ty: ExternType<'a>,
}

/// A custom section.
#[derive(Clone, Copy, Debug)]
pub struct CustomSection<'a> {
    pub name: &'a str,
    pub bytes: &'a [u8],
}

/// What a module needs in the mode for which it was loaded; all sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub struct ModuleInfo {
    /// Length of the module.
    pub module_bytes: u32,
    /// RAM for code: side tables (classic mode) or register bytecode (fast mode). An instance in
    /// another mode than its module's needs that mode's code in addition, and a record for each
    /// function.
    pub code_bytes: u32,
    /// RAM for all that loading keeps, including `code_bytes` and the records of the functions.
    pub loaded_bytes: u32,
    /// Initial size of linear memory, all memories together.
    pub memory_bytes: u64,
    /// Functions that it imports.
    pub imported_funcs: u32,
    /// Functions that it defines.
    pub funcs: u32,
}

/// What a function needs in the mode for which its module was loaded.
#[derive(Clone, Copy, Debug)]
pub struct FuncInfo<'a> {
    /// Its index in the module.
    pub index: u32,
    pub ty: FuncType<'a>,
    /// Offset of its first instruction in the module, and bytes of its code.
    pub code: (u32, u32),
    /// Parameters and other locals, in slots of 32 bits.
    pub local_slots: u32,
    /// Largest operand stack, in slots of 32 bits.
    pub operand_slots: u32,
    /// Bytes that a call takes on the operand stack beyond its parameters. Differs between modes
    /// by a few slots.
    pub frame_bytes: u32,
}

impl Module<'_> {
    fn extern_type(&self, kind: ExternKind, index: u32) -> Option<ExternType<'_>> {
        let data = &*self.data;
        let index_in = index as usize;
        Some(match kind {
            ExternKind::Func => {
                ExternType::Func(FuncType::of(data.value_types(), data.func_type(index)?))
            }
            ExternKind::Table => ExternType::Table(*data.tables.get(index_in)?),
            ExternKind::Memory => ExternType::Memory(*data.memories.get(index_in)?),
            ExternKind::Global => ExternType::Global(data.globals.get(index_in)?.ty),
            #[cfg(feature = "exceptions")]
            ExternKind::Tag => ExternType::Tag(data.tag_type(index)?),
        })
    }

    /// Its imports, in order.
    pub fn imports(&self) -> impl Iterator<Item = ImportType<'_>> + '_ {
        let mut next = [0u32; EXTERN_KINDS];
        self.data.imports.iter().filter_map(move |import| {
            let counter = next.get_mut(import.kind as usize)?;
            let index = *counter;
            *counter += 1;
            let (module, name) = self.data.import_names(import.offset);
            Some(ImportType { module, name, ty: self.extern_type(import.kind, index)? })
        })
    }

    /// Its exports, in order.
    pub fn exports(&self) -> impl Iterator<Item = ExportType<'_>> + '_ {
        self.data.exports().filter_map(|entry| {
            Some(ExportType { name: entry.name, ty: self.extern_type(entry.kind, entry.index)? })
        })
    }

    /// Its custom sections, in order.
    pub fn custom_sections(&self) -> impl Iterator<Item = CustomSection<'_>> + '_ {
        let mut reader = Reader::new(self.data.bytes, 8);
        core::iter::from_fn(move || loop {
            let id = reader.byte().ok()?;
            let size = reader.u32().ok()?;
            let mut section = reader.part(size as usize).ok()?;
            if id == 0 {
                let name = section.name().ok()?;
                return Some(CustomSection { name, bytes: section.take(section.left()).ok()? });
            }
        })
    }

    /// What it needs.
    pub fn info(&self) -> ModuleInfo {
        let data = &*self.data;
        fn bytes<T>(items: &[T]) -> usize {
            core::mem::size_of_val(items)
        }
        let loaded = size_of_val(data)
            + bytes(&data.types)
            + data.table.ram()
            + data.tags.ram()
            + bytes(&data.imports)
            + bytes(&data.tables)
            + bytes(&data.memories)
            + bytes(&data.globals)
            + data.code.records_ram()
            + data.code.ram()
            + bytes(&data.elements)
            + bytes(&data.data);
        ModuleInfo {
            module_bytes: data.bytes.len() as u32,
            code_bytes: data.code.ram() as u32,
            loaded_bytes: loaded as u32,
            memory_bytes: data
                .memories
                .iter()
                .map(|ty| (ty.limits.min as u64) << ty.page_shift)
                .sum(),
            imported_funcs: data.imported_funcs,
            funcs: data.code.len() as u32,
        }
    }

    /// What each function that it defines needs, in the mode of its code.
    pub fn funcs(&self) -> impl Iterator<Item = FuncInfo<'_>> + '_ {
        let data = &*self.data;
        let mut bodies = Reader::new(data.bytes, data.bodies as usize);
        (0..data.code.len() as u32).filter_map(move |index| {
            let func = data.code.layout(index)?;
            let code = body(&mut bodies).unwrap_or_default();
            Some(FuncInfo {
                index: data.imported_funcs + index,
                ty: FuncType::of(data.value_types(), data.types.get(func.type_index as usize)?),
                code,
                local_slots: func.locals as u32,
                operand_slots: func
                    .frame
                    .saturating_sub(OVERHEAD as u32 + (func.locals - func.params) as u32),
                frame_bytes: func.frame * 4,
            })
        })
    }
}

/// Reads a body; returns the offset of its first instruction, and the bytes from there to its end.
fn body(reader: &mut Reader) -> Option<(u32, u32)> {
    let size = reader.u32().ok()? as usize;
    let mut body = reader.part(size).ok()?;
    for _ in 0..body.u32().ok()? {
        body.u32().ok()?;
        body.byte().ok()?;
    }
    Some((body.pos() as u32, body.left() as u32))
}
