//! What a module declares, as far as the validation of its code needs it (spec: 3.1.1, "context").

use crate::alloc::TryVec;
use crate::binary::reader::Parsed;
#[cfg(feature = "function-references")]
use crate::binary::references::{concrete, NON_NULL};
use crate::binary::types::{Code, GlobalType, IndexType, MemoryType, TableType, ValType};
use crate::error::ErrorKind;
use crate::validate::tags::Tags;
#[cfg(feature = "gc")]
use crate::validate::type_table::Kind;
use crate::validate::type_table::Types;
use core::cell::Cell;

/// A function type; its value types stay in the module's bytes.
#[derive(Clone, Copy)]
pub(crate) struct TypeEntry {
    /// Position of the first parameter's code.
    pub(crate) params: u32,
    /// Position of the first result's code.
    pub(crate) results: u32,
    pub(crate) param_count: u16,
    pub(crate) result_count: u16,
    /// Slots on the operand stack.
    pub(crate) param_slots: u16,
    pub(crate) result_slots: u16,
    /// The first type of the module that is equal to this one.
    pub(crate) canonical: u16,
}

/// What the module declares.
pub(crate) struct Env<'a> {
    /// The module.
    pub(crate) bytes: &'a [u8],
    pub(crate) types: TryVec<TypeEntry>,
    /// What is known of types that refer to each other.
    pub(crate) table: Types,
    /// For each function its (canonical) type, imported ones first.
    pub(crate) funcs: TryVec<u16>,
    pub(crate) tags: Tags,
    pub(crate) tables: TryVec<TableType>,
    pub(crate) memories: TryVec<MemoryType>,
    pub(crate) globals: TryVec<GlobalType>,
    /// Number of imported globals.
    pub(crate) imported_globals: u32,
    /// Types of the element segments.
    pub(crate) elements: TryVec<ValType>,
    /// Number of data segments, when a data count section says it.
    pub(crate) data_count: Option<u32>,
    /// One bit for each function: whether `ref.func` may name it (spec: C.refs).
    pub(crate) declared: TryVec<u32>,
    /// Whether code reads or changes the size of a memory.
    pub(crate) sizes_memory: Cell<bool>,
}

impl<'a> Env<'a> {
    /// A function type.
    #[inline(never)]
    pub(crate) fn ty(&self, index: u32) -> Parsed<&TypeEntry> {
        let ty = self.types.get(index as usize).ok_or(ErrorKind::UnknownType)?;
        #[cfg(feature = "gc")]
        if self.table.table().def(index).is_none_or(|def| def.kind != Kind::Func) {
            return Err(ErrorKind::TypeMismatch);
        }
        Ok(ty)
    }

    /// The type of a function.
    #[inline(never)]
    pub(crate) fn func(&self, index: u32) -> Parsed<&TypeEntry> {
        let ty = *self.funcs.get(index as usize).ok_or(ErrorKind::UnknownFunc)?;
        self.ty(ty as u32)
    }

    /// The type of a reference to a function.
    #[cfg(not(feature = "function-references"))]
    #[inline(always)]
    pub(crate) fn func_ref(&self, _: u32) -> Parsed<Code> {
        Ok(ValType::FuncRef.code())
    }

    /// The type of a reference to a function.
    #[cfg(feature = "function-references")]
    pub(crate) fn func_ref(&self, index: u32) -> Parsed<Code> {
        let ty = *self.funcs.get(index as usize).ok_or(ErrorKind::UnknownFunc)?;
        Ok(concrete(ty as u32) | NON_NULL)
    }

    pub(crate) fn table(&self, index: u32) -> Parsed<&TableType> {
        self.tables.get(index as usize).ok_or(ErrorKind::UnknownTable)
    }

    pub(crate) fn memory(&self, index: u32) -> Parsed<&MemoryType> {
        self.memories.get(index as usize).ok_or(ErrorKind::UnknownMemory)
    }

    /// The type of the addresses of a memory; i32 if there is no such memory.
    #[inline(always)]
    pub(crate) fn memory_index(&self, index: u32) -> IndexType {
        self.memories.get(index as usize).map_or(IndexType::I32, |ty| ty.index)
    }

    /// The type of the indices of a table; i32 if there is no such table.
    #[inline(always)]
    pub(crate) fn table_index(&self, index: u32) -> IndexType {
        self.tables.get(index as usize).map_or(IndexType::I32, |ty| ty.index)
    }

    pub(crate) fn global(&self, index: u32) -> Parsed<&GlobalType> {
        self.globals.get(index as usize).ok_or(ErrorKind::UnknownGlobal)
    }

    pub(crate) fn element(&self, index: u32) -> Parsed<ValType> {
        self.elements.get(index as usize).copied().ok_or(ErrorKind::UnknownElem)
    }

    /// Codes of the parameters of a type.
    #[cfg(not(feature = "function-references"))]
    #[inline]
    pub(crate) fn params(&self, ty: &TypeEntry) -> &'a [Code] {
        codes(self.bytes, ty.params, ty.param_count)
    }

    /// Codes of the results of a type.
    #[cfg(not(feature = "function-references"))]
    #[inline]
    pub(crate) fn results(&self, ty: &TypeEntry) -> &'a [Code] {
        codes(self.bytes, ty.results, ty.result_count)
    }

    /// Codes of the parameters of a type.
    #[cfg(feature = "function-references")]
    pub(crate) fn params(&self, ty: &TypeEntry) -> &[Code] {
        codes(&self.table.table().codes, ty.params, ty.param_count)
    }

    /// Codes of the results of a type.
    #[cfg(feature = "function-references")]
    pub(crate) fn results(&self, ty: &TypeEntry) -> &[Code] {
        codes(&self.table.table().codes, ty.results, ty.result_count)
    }

    /// Allows `ref.func` to name the function.
    pub(crate) fn declare(&mut self, func: u32) {
        if let Some(word) = self.declared.get_mut(func as usize / 32) {
            *word |= 1 << (func % 32);
        }
    }

    pub(crate) fn is_declared(&self, func: u32) -> bool {
        self.declared.get(func as usize / 32).is_some_and(|word| word >> (func % 32) & 1 != 0)
    }
}

/// The codes of `count` value types that stand at `at` of the module, or of the list of its types;
/// they were read before, so they are there.
#[inline(never)]
pub(crate) fn codes(list: &[Code], at: u32, count: u16) -> &[Code] {
    list.get(at as usize..).and_then(|rest| rest.get(..count as usize)).unwrap_or(&[])
}
