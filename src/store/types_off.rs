//! What stands for the types of a store where types do not refer to each other: those of two
//! modules are equal if their value types are.

use super::fault::Made;
use super::instance::StoreInstance;
use super::StoreData;
use crate::binary::types::{GlobalType, TableType, ValType};

/// Nothing.
pub(crate) struct StoreTypes;

impl StoreTypes {
    pub(super) const fn new() -> StoreTypes {
        StoreTypes
    }
}

/// Nothing.
pub(crate) struct InstanceTypes;

impl InstanceTypes {
    pub(super) const fn new() -> InstanceTypes {
        InstanceTypes
    }

    #[inline(always)]
    pub(crate) fn table(&self, ty: TableType) -> TableType {
        ty
    }

    #[inline(always)]
    pub(crate) fn global(&self, ty: GlobalType) -> GlobalType {
        ty
    }
}

impl StoreData<'_> {
    #[inline(always)]
    pub(super) fn adopt_types(&mut self, _: &mut StoreInstance) -> Made<()> {
        Ok(())
    }

    /// Whether a value of one type is one of another.
    #[inline(always)]
    pub(super) fn is_sub(&self, sub: ValType, of: ValType) -> bool {
        sub == of
    }
}
