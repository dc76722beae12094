//! What stands for the heap of structures and arrays where they are not built.

use super::{StoreConfig, StoreData};

/// Nothing.
pub(crate) struct Heap;

impl Heap {
    #[inline(always)]
    pub(super) fn new(_: &StoreConfig) -> Heap {
        Heap
    }
}

impl StoreData<'_> {
    #[inline(always)]
    pub(super) fn end_of_constants(&mut self) {}
}
