//! What stands for exceptions where they are not built.

use super::instance::StoreInstance;
use super::StoreData;
use crate::alloc::OutOfMemory;

/// No exceptions.
pub(crate) struct Exceptions;

impl Exceptions {
    pub(super) const fn new() -> Exceptions {
        Exceptions
    }

    /// There are none.
    #[cfg(feature = "gc")]
    pub(super) fn for_each_value(&self, _: &mut impl FnMut(*const u32, usize)) {}
}

/// No tags.
pub(crate) struct InstanceTags;

impl InstanceTags {
    pub(super) const fn new() -> InstanceTags {
        InstanceTags
    }
}

impl StoreData<'_> {
    /// There are none.
    #[cfg(feature = "gc")]
    pub(super) fn collect_exceptions(&mut self, _: &[u32]) {}

    #[inline(always)]
    pub(super) fn define_tags(&mut self, _: &mut StoreInstance) -> Result<(), OutOfMemory> {
        Ok(())
    }
}
