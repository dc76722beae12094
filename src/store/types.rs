//! The types of all instances of a store (feature `function-references`): types of modules are
//! equal, or subtypes of each other, by their numbers here. Types of globals, tables and functions
//! that an embedder sees have these numbers, too.

use super::fault::Made;
use super::func::{Target, HOST};
use super::instance::StoreInstance;
use super::StoreData;
use crate::alloc::TryVec;
use crate::binary::references::{concrete, heap, heap_of, index_of, FUNCTION, NON_NULL};
use crate::binary::types::{Code, GlobalType, TableType, ValType};
use crate::module::FuncType;
use crate::validate::type_table::{Kind, TypeTable};

/// The types.
pub(crate) struct StoreTypes(pub(crate) TypeTable);

impl StoreTypes {
    pub(super) const fn new() -> StoreTypes {
        StoreTypes(TypeTable::new())
    }
}

/// For each type of the instance's module its number in the store.
pub(crate) struct InstanceTypes {
    map: TryVec<u32>,
    /// Which of them are types of functions.
    funcs: TryVec<bool>,
}

impl InstanceTypes {
    pub(super) const fn new() -> InstanceTypes {
        InstanceTypes { map: TryVec::new(), funcs: TryVec::new() }
    }

    /// The number of a type of the module.
    pub(crate) fn get(&self, index: u32) -> u32 {
        self.map.get(index as usize).copied().unwrap_or(u32::MAX)
    }

    /// The code of a type in the store.
    pub(crate) fn code(&self, code: Code) -> Code {
        match index_of(code) {
            Some(index) => {
                let mark = match self.funcs.get(index as usize) {
                    Some(true) => FUNCTION,
                    _ => 0,
                };
                code & NON_NULL | concrete(self.get(index)) | mark
            }
            None => code,
        }
    }

    fn value(&self, ty: ValType) -> ValType {
        ValType::from_code(self.code(ty.code())).unwrap_or(ty)
    }

    pub(crate) fn table(&self, ty: TableType) -> TableType {
        TableType { element: self.value(ty.element), ..ty }
    }

    pub(crate) fn global(&self, ty: GlobalType) -> GlobalType {
        GlobalType { content: self.value(ty.content), ..ty }
    }
}

impl StoreData<'_> {
    /// Adds the types of an instance's module.
    pub(super) fn adopt_types(&mut self, instance: &mut StoreInstance) -> Made<()> {
        let module = instance.module.clone();
        let table = module.data.table.table();
        instance.types.map = self.types.0.adopt(table)?;
        let mut funcs = TryVec::with_capacity(table.defs.len())?;
        for def in table.defs.iter() {
            funcs.push(def.kind == Kind::Func)?;
        }
        instance.types.funcs = funcs;
        Ok(())
    }

    /// A function type, by its number.
    pub(crate) fn type_of_number(&self, number: u32) -> Option<FuncType<'_>> {
        let (params, results) = self.types.0.lists(self.types.0.def(number)?);
        Some(FuncType::from_codes(params, results))
    }

    /// The number of the type of the function at an address, as whoever defines it says.
    pub(crate) fn func_type_number(&self, address: u32) -> Option<u32> {
        if address & HOST != 0 {
            return self.host_funcs.get((address & !HOST) as usize).map(|func| func.ty);
        }
        let (instance, index) = self.owner(address)?;
        if let Some(Target::Wasm(other, func)) = instance.target(index) {
            // SAFETY: what a target points at is a published instance of this store.
            let other = unsafe { StoreInstance::of(other) };
            return Some(other.types.get(other.defined(func)?.type_index as u32));
        }
        // A host function has the type that the import declares.
        let mut imports = instance.module.data.imports.iter();
        let is_func = |kind| kind == crate::binary::types::ExternKind::Func;
        let import = imports.by_ref().filter(|import| is_func(import.kind)).nth(index as usize)?;
        Some(instance.types.get(import.ty as u32))
    }

    /// Whether a value of one type is one of another.
    pub(super) fn is_sub(&self, sub: ValType, of: ValType) -> bool {
        self.types.0.is_sub(sub.code(), of.code())
    }

    /// The code of the type of a value that is a reference and not null.
    fn dynamic_type(&self, hierarchy: Code, bits: u32) -> Code {
        let code = match hierarchy {
            heap::FUNC => match self.func_type_number(bits) {
                Some(number) => concrete(number) | FUNCTION,
                None => heap::FUNC,
            },
            #[cfg(feature = "gc")]
            heap::ANY => self.heap_type(bits),
            other => other,
        };
        code | NON_NULL
    }

    /// Whether bits of a reference of this hierarchy are a value of a type of the store.
    pub(crate) fn is_value(&self, hierarchy: Code, bits: u32, ty: Code) -> bool {
        match bits {
            0 => ty & NON_NULL == 0 && self.types.0.top(heap_of(ty)) == hierarchy,
            _ => self.types.0.is_sub(self.dynamic_type(hierarchy, bits), ty),
        }
    }
}
