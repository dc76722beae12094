//! Without native code and fast mode together, no instance runs both.

use crate::alloc::OutOfMemory;
use crate::code::{Code, Offset};
use zonda_exec::{ExecInstance, FuncLayout};

/// Nothing.
pub(crate) struct Twin;

impl Twin {
    #[inline(always)]
    pub(crate) fn new(_: &Code) -> Result<Twin, OutOfMemory> {
        Ok(Twin)
    }

    #[inline(always)]
    pub(crate) fn publish(&mut self, _: &mut ExecInstance, _: &Code, _: u32) {}

    /// # Safety
    /// None: the instance has one view.
    #[inline(always)]
    pub(crate) unsafe fn runner(&self, seen: *const ExecInstance, _: u32) -> *const ExecInstance {
        seen
    }

    #[inline(always)]
    pub(crate) fn locate(
        &self,
        _: &Code,
        _: *const FuncLayout,
        _: *const u8,
    ) -> Option<(u32, Offset)> {
        None
    }
}
