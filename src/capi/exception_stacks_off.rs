//! What stands for the stacks of execution environments as roots, where exceptions are not built.

use super::types::wasm_module_inst_t;
use crate::alloc::{OutOfMemory, TryVec};

/// Nothing.
pub(super) struct Owner;

impl Owner {
    /// # Safety
    /// There is no requirement.
    #[inline(always)]
    pub(super) unsafe fn new(_: wasm_module_inst_t, _: &TryVec<u32>) -> Result<Owner, OutOfMemory> {
        Ok(Owner)
    }

    /// # Safety
    /// There is no requirement.
    #[inline(always)]
    pub(super) unsafe fn change(&self, _: wasm_module_inst_t, _: &TryVec<u32>) {}
}
