//! The verifier's checks of handlers of exceptions: they are sorted, each lies in one function,
//! leads to an instruction of it, and has its values in the operands of the frame.
//!
//! Owns what [`crate::unwind`] assumes of handlers of precompiled modules.

#[cfg(feature = "legacy-exceptions")]
#[path = "legacy.rs"]
mod legacy;
#[cfg(not(feature = "legacy-exceptions"))]
#[path = "legacy_off.rs"]
mod legacy;

use super::{bit, Pass, Rejection, Violation};
use crate::unwind::Handler;

/// The handlers of a module; those of the functions that were checked are checked.
pub struct Handlers<'c> {
    list: &'c [Handler],
    next: usize,
}

impl<'c> Handlers<'c> {
    pub fn new(list: &'c [Handler]) -> Handlers<'c> {
        Handlers { list, next: 0 }
    }

    /// Whether all of them belong to a function that was checked.
    pub fn is_complete(&self) -> bool {
        self.next == self.list.len()
    }
}

impl Pass<'_, '_, '_> {
    /// Checks the handlers of the function, whose instructions were checked.
    #[inline(never)]
    pub(super) fn handlers(&mut self) -> Result<(), Rejection> {
        let mut before = self.start;
        loop {
            let number = self.verifier.handlers.next;
            let list = self.verifier.handlers.list;
            let Some(handler) = list.get(number).filter(|handler| handler.start < self.end) else {
                return Ok(());
            };
            // Not `clamp`, which links a panic.
            self.handler(handler, number, before)
                .map_err(|violation| (violation, handler.start.max(self.start).min(self.end)))?;
            before = handler.start;
            self.verifier.handlers.next = number + 1;
        }
    }

    fn handler(&mut self, handler: &Handler, number: usize, before: u32) -> Result<(), Violation> {
        if handler.start < before || handler.end > self.end || !self.is_linked(handler, number) {
            return Err(Violation::Flow);
        }
        if self.passes_on(handler) {
            return Ok(());
        }
        if handler.target < self.start || handler.target >= self.end {
            return Err(Violation::Branch);
        }
        let index = self.word(handler.target);
        let starts = self.verifier.marks.get(index).copied().unwrap_or(0);
        if starts & bit(handler.target) == 0 {
            return Err(Violation::Branch);
        }
        let slots = self.verifier.rules.caught(handler).ok_or(Violation::Module)?;
        let first = handler.first_slot();
        if first > super::MAX_SLOTS || !self.frame.range(first, slots) {
            return Err(Violation::Slot);
        }
        Ok(())
    }
}
