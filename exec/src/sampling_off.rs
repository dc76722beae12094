//! What stands for `sampling` where it is not built.

use crate::frame::FuncLayout;

/// Nothing.
pub struct Running;

#[derive(Clone, Copy)]
pub(crate) struct Before;

impl Before {
    pub(crate) const NOTHING: Before = Before;
}

impl Running {
    pub(crate) const fn new() -> Running {
        Running
    }

    #[inline(always)]
    #[cfg_attr(all(thumb2, not(feature = "portable")), allow(dead_code))]
    pub(crate) fn set(&self, _: *const FuncLayout) {}

    #[inline(always)]
    pub(crate) fn begin(&self) -> Before {
        Before
    }

    #[inline(always)]
    pub(crate) fn end(&self, _: Before) {}
}
