//! What stands for the checks of the older `try` and `catch` where they are not built.

use super::super::Pass;
use super::Handlers;
use crate::fast::decode::Instruction;
use crate::frame::FuncLayout;
use crate::unwind::{Handler, NO_HANDLER};

impl Handlers<'_> {
    /// The locals that instructions may name: all.
    #[inline(always)]
    pub(in super::super) fn nameable(&self, layout: &FuncLayout, _: u32) -> Option<u32> {
        Some(layout.locals as u32)
    }
}

impl Pass<'_, '_, '_> {
    /// Whether a handler covers a range, and the one that is asked next stands before it.
    #[inline(always)]
    pub(super) fn is_linked(&self, handler: &Handler, number: usize) -> bool {
        handler.end >= handler.start
            && (handler.next == NO_HANDLER || (handler.next as usize) < number)
    }

    /// No instruction is a `rethrow`.
    #[inline(always)]
    pub(in super::super) fn may_rethrow(&self, _: &Instruction) -> bool {
        true
    }

    /// No handler is a `delegate`.
    #[inline(always)]
    pub(super) fn passes_on(&self, _: &Handler) -> bool {
        false
    }
}
