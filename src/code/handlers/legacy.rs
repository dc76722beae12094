//! Handlers of the older `try`, `catch`, `delegate` and `rethrow`.
//!
//! A `try` has a handler from its start on, before its clauses are known: a `delegate` to those
//! around it, which becomes the first clause or stays. Each later clause adds a handler, to which
//! the one before it leads.
//!
//! A handler whose clause has a `rethrow` keeps the reference in a slot behind the locals, one for
//! each level of clauses in clauses. Other handlers keep none, so that no object is made for them.

use super::Handlers;
use crate::alloc::TryVec;
use crate::binary::reader::Parsed;
use crate::error::ErrorKind;
use crate::limits::MAX_LOCAL_SLOTS;
use zonda_exec::unwind::{Handler, ALL, KEPT, NO_HANDLER, REF};

/// A `try` that can be reached and whose label has not ended.
#[derive(Clone, Copy)]
struct Try {
    /// The index of its label.
    label: u32,
    /// Its handler that was added last: that of the running clause.
    last: u32,
    /// The number of clauses that it is in.
    level: u32,
    /// Whether a clause of it has started.
    in_clause: bool,
}

/// What is known of the function that is built.
pub(super) struct Tries {
    open: TryVec<Try>,
    /// Slots of the locals that it declares.
    locals: u32,
    /// Slots behind them that its frame has for references.
    reserved: u32,
    /// The number that it needs.
    needed: u32,
}

/// A clause of a `try`: its tag, or none for `catch_all`; the slot for the first value; and where
/// execution continues.
#[derive(Clone, Copy)]
pub(crate) struct Clause {
    pub(crate) tag: Option<u32>,
    pub(crate) slot: u32,
    pub(crate) target: u32,
    pub(crate) entry: u32,
}

impl Tries {
    pub(super) const fn new() -> Tries {
        Tries { open: TryVec::new(), locals: 0, reserved: 0, needed: 0 }
    }

    /// A function starts. Returns whether it is the same again, which it is also where it needs
    /// more slots for references than were reserved.
    pub(super) fn begin(&mut self, again: bool, locals: u32) -> bool {
        let again = again || self.needed > self.reserved;
        self.reserved = if again { self.reserved.max(self.needed) } else { 0 };
        self.needed = 0;
        self.locals = locals;
        self.open.truncate(0);
        again
    }

    /// The label of this index ends.
    pub(super) fn leave(&mut self, label: usize) {
        if self.open.last().is_some_and(|open| open.label as usize == label) {
            self.open.truncate(self.open.len() - 1);
        }
    }
}

impl Handlers {
    /// A `try` starts; its label will have this index.
    pub(crate) fn enter_try(&mut self, label: usize, start: u32) -> Parsed<()> {
        let last = self.open(label, start, 1)?;
        if let Some(handler) = self.list.get_mut(last as usize) {
            handler.tag = KEPT;
            handler.target = handler.next;
        }
        let level = self.tries.open.last().map_or(0, |open| open.level + open.in_clause as u32);
        let label = label as u32;
        Ok(self.tries.open.push(Try { label, last, level, in_clause: false })?)
    }

    /// A clause starts of the `try` whose label has this index. What the `try` covers ends at
    /// `end`, if this is its first clause. Nothing happens where the `try` cannot be reached.
    pub(crate) fn clause_of_try(&mut self, label: usize, end: u32, clause: Clause) -> Parsed<()> {
        let Some(&open) = self.tries.open.last().filter(|open| open.label as usize == label) else {
            return Ok(());
        };
        let mut number = open.last;
        let Some(&(mut handler)) = self.list.get(number as usize) else { return Ok(()) };
        if open.in_clause {
            number = self.list.len() as u32;
            if let Some(before) = self.list.get_mut(open.last as usize) {
                before.next = number;
            }
            handler.start = clause.target;
            self.list.push(handler)?;
        } else {
            self.end_range(label, end);
            handler.end = end;
        }
        let Clause { tag, slot, target, entry } = clause;
        let tag = tag.unwrap_or(ALL);
        if let Some(place) = self.list.get_mut(number as usize) {
            *place = Handler { target, slot, entry, tag, ..handler };
        }
        if let Some(open) = self.tries.open.last_mut() {
            (open.last, open.in_clause) = (number, true);
        }
        Ok(())
    }

    /// The label of this index ends at a position with a `delegate` to the label of index `to`.
    pub(crate) fn delegate(&mut self, label: usize, end: u32, to: usize) {
        if let Some(open) = self.tries.open.last().filter(|open| open.label as usize == label) {
            let around = self.open.partition_point(|open| open.label as usize <= to);
            let asked = around.checked_sub(1).and_then(|at| self.open.get(at));
            let asked = asked.map_or(NO_HANDLER, |open| open.asked);
            if let Some(handler) = self.list.get_mut(open.last as usize) {
                handler.target = asked;
            }
        }
        self.close(label, end);
    }

    /// The slot in which the handler keeps the reference whose clause belongs to the label of this
    /// index, counted from the start of the frame.
    ///
    /// # Errors
    /// [`ErrorKind::FrameTooLarge`] where the frame has none for so many clauses in clauses.
    pub(crate) fn keep_reference(&mut self, label: usize) -> Parsed<u32> {
        let at = self.tries.open.partition_point(|open| (open.label as usize) < label);
        // The validator has found the label.
        let open = self.tries.open.get(at).ok_or(ErrorKind::UnknownLabel)?;
        let slot = self.tries.locals + open.level;
        if slot >= MAX_LOCAL_SLOTS {
            return Err(ErrorKind::FrameTooLarge);
        }
        self.tries.needed = self.tries.needed.max(open.level + 1);
        if let Some(handler) = self.list.get_mut(open.last as usize) {
            handler.slot = handler.first_slot() | slot << 16;
            handler.tag |= REF | KEPT;
        }
        Ok(slot)
    }

    /// Slots behind the locals that the frame has for references.
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) fn reserved(&self) -> u32 {
        self.tries.reserved
    }

    /// Whether the function needs more of them.
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) fn is_short(&self) -> bool {
        self.tries.needed > self.tries.reserved
    }

    /// The number that the function needs, which has ended.
    #[cfg_attr(not(feature = "classic"), allow(dead_code))]
    pub(crate) fn take_needed(&mut self) -> u32 {
        core::mem::take(&mut self.tries.needed)
    }
}
