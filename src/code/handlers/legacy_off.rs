//! What stands for handlers of the older `try` where they are not built.

use super::Handlers;

/// No `try` is open.
pub(super) struct Tries;

impl Tries {
    pub(super) const fn new() -> Tries {
        Tries
    }

    #[inline(always)]
    pub(super) fn begin(&mut self, again: bool, _: u32) -> bool {
        again
    }

    #[inline(always)]
    pub(super) fn leave(&mut self, _: usize) {}
}

impl Handlers {
    /// No slots are reserved for references.
    #[inline(always)]
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) fn reserved(&self) -> u32 {
        0
    }

    #[inline(always)]
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) fn is_short(&self) -> bool {
        false
    }

    #[inline(always)]
    #[cfg_attr(not(feature = "classic"), allow(dead_code))]
    pub(crate) fn take_needed(&mut self) -> u32 {
        0
    }
}
