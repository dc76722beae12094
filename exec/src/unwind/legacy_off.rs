//! What stands for the older `try` and `catch` where they are not built.

use super::{Activation, Handler};

/// No handler has it.
pub(super) const KEPT: u32 = 0;

impl Handler {
    #[inline(always)]
    pub(super) fn is_delegate(&self) -> bool {
        false
    }

    /// The slot for the first value.
    #[inline(always)]
    pub fn first_slot(&self) -> u32 {
        self.slot
    }

    /// The handler that is asked after this one, which has a number: a smaller number, so that the
    /// search of a hostile list ends.
    #[inline(always)]
    pub(super) fn following(&self, number: usize, _: u32) -> Option<usize> {
        Some(self.next as usize).filter(|&outer| outer < number)
    }
}

/// A chain of handlers, which ends.
#[inline(always)]
pub(super) fn bounded<'h>(
    chain: impl Iterator<Item = &'h Handler>,
    _: usize,
) -> impl Iterator<Item = &'h Handler> {
    chain
}

impl Activation {
    /// No reference is kept.
    ///
    /// # Safety
    /// There is no requirement.
    #[inline(always)]
    pub unsafe fn kept(&self, _: &Handler) -> Option<*mut u32> {
        None
    }
}
