//! The verifier's checks of what the older `try`, `catch`, `delegate` and `rethrow` need.
//!
//! Owns the invariant that a slot in which a handler keeps a reference holds null or a reference
//! that a handler has written there: it is a local and no parameter, so it starts as 0, and no
//! other instruction may name it or one behind it.

use super::super::Pass;
use super::Handlers;
use crate::fast::decode::Instruction;
use crate::frame::FuncLayout;
use crate::op::codes::RETHROW;
use crate::unwind::{Handler, NO_HANDLER};

impl Handlers<'_> {
    /// The locals that instructions may name: those before the first in which a handler of the next
    /// function, which ends at `end`, keeps a reference. `None` if that is none, or a parameter.
    pub(in super::super) fn nameable(&self, layout: &FuncLayout, end: u32) -> Option<u32> {
        let of_function = self.list.get(self.next..)?.iter().take_while(|it| it.start < end);
        let mut nameable = layout.locals as u32;
        for kept in of_function.filter_map(Handler::kept) {
            if kept < layout.params as u32 || kept >= layout.locals as u32 {
                return None;
            }
            nameable = nameable.min(kept);
        }
        Some(nameable)
    }
}

impl Pass<'_, '_, '_> {
    /// Whether those that are asked next stand before a handler, or belong to the same function. A
    /// handler of a function behind it would cover positions of this one.
    pub(super) fn is_linked(&self, handler: &Handler, number: usize) -> bool {
        let before = |next: u32| next == NO_HANDLER || (next as usize) < number;
        let list = self.verifier.handlers.list;
        (before(handler.next)
            || list.get(handler.next as usize).is_some_and(|next| next.start < self.end))
            && (!handler.is_delegate() || before(handler.target))
    }

    /// Whether a handler is a `delegate`: it catches nothing, so nothing else of it is used.
    pub(super) fn passes_on(&self, handler: &Handler) -> bool {
        handler.is_delegate()
    }

    /// Whether an instruction is no `rethrow`, or one of a reference that is kept.
    pub(in super::super) fn may_rethrow(&self, instruction: &Instruction) -> bool {
        let [slot, _] = instruction.immediates();
        instruction.code != RETHROW as u16
            || slot >= self.frame.locals && slot < self.frame.first - self.verifier.overhead
    }
}
