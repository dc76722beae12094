//! What the older `try`, `catch`, `delegate` and `rethrow` need of handlers (feature
//! `legacy-exceptions`): a handler that passes exceptions on, a reference that is kept for
//! `rethrow`, and clauses that follow what they cover.

use super::{Activation, Handler, NO_HANDLER, REF};
use crate::frame::Context;

/// In [`Handler::tag`] with [`REF`]: the reference goes to a slot of the frame that nothing but
/// `rethrow` names, and not behind the values. The upper half of [`Handler::slot`] is that slot,
/// counted from the start of the frame.
///
/// Without [`REF`]: the handler is a `delegate`. It catches nothing. [`Handler::target`] is the
/// handler that is asked next for the positions that it covers, [`Handler::next`] that for others.
pub const KEPT: u32 = 1 << 29;

impl Handler {
    /// Whether it catches nothing, and passes exceptions on.
    pub fn is_delegate(&self) -> bool {
        self.tag & (REF | KEPT) == KEPT
    }

    /// The slot for the reference, counted from the start of the frame, if that is kept.
    pub fn kept(&self) -> Option<u32> {
        (self.tag & (REF | KEPT) == REF | KEPT).then_some(self.slot >> 16)
    }

    /// The slot for the first value.
    pub fn first_slot(&self) -> u32 {
        if self.kept().is_some() {
            self.slot & 0xffff
        } else {
            self.slot
        }
    }

    /// Whether a runtime without this feature does not know what it says. `number` is its own.
    pub fn is_legacy(&self, number: u32) -> bool {
        self.tag & KEPT != 0
            || self.end < self.start
            || self.next != NO_HANDLER && self.next >= number
    }

    /// The number of the handler that is asked after this one for a position.
    pub(super) fn following(&self, _: usize, position: u32) -> Option<usize> {
        let next = if self.is_delegate() && position < self.end { self.target } else { self.next };
        Some(next as usize)
    }
}

/// A chain of handlers. Later clauses of a `try` have greater numbers, so that the number of steps
/// bounds the search of a hostile list.
pub(super) fn bounded<'h>(
    chain: impl Iterator<Item = &'h Handler>,
    most: usize,
) -> impl Iterator<Item = &'h Handler> {
    chain.take(most)
}

impl Activation {
    /// The slot of the frame for the reference, if the handler keeps that.
    ///
    /// # Safety
    /// The frame is active, and the handler is one of its function.
    pub unsafe fn kept(&self, handler: &Handler) -> Option<*mut u32> {
        // SAFETY: the contract of this function: the builder has added the slot to the locals, and
        // the verifier of precompiled modules has checked it.
        handler.kept().map(|slot| unsafe { self.start.add(slot as usize) })
    }
}

/// The reference that a `rethrow` names.
///
/// # Safety
/// The context is that of a `rethrow`, which is at its immediates.
pub unsafe fn kept_reference(context: &Context) -> u32 {
    let Context { func, instance, fp, .. } = *context;
    // SAFETY: the contract of this function: `func` is the record of the running function of the
    // live instance, and `fp` its frame, which starts as many slots before as it was moved. The
    // slot of the instruction is one of its locals.
    unsafe {
        let mode = (*instance).mode;
        *fp.sub(mode.moved(&*instance, func)).add(mode.kept_slot(context) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{covering, ALL};
    use super::*;
    use std::vec::Vec;

    fn handler(start: u32, end: u32, next: u32, target: u32, tag: u32) -> Handler {
        Handler { start, end, target, next, slot: 0, entry: 0, tag }
    }

    #[test]
    fn later_clauses_cover_what_is_before_them_and_a_delegate_skips_handlers() {
        // A `try` of 10 to 40 with two more clauses, which start at 60 and 80. In it a `try` of 15
        // to 30, whose clause starts at 30; in that a `delegate` of 17 to 19 to the outer one, and
        // one of 20 to 25 to the caller. In the second clause a `try` of 65 to 70.
        let handlers = [
            handler(10, 40, 5, 0, 0),
            handler(15, 30, 4, 0, 10),
            handler(17, 19, 1, 0, KEPT),
            handler(20, 25, 1, NO_HANDLER, KEPT),
            handler(32, 30, 0, 0, 11),
            handler(60, 40, 7, 0, 1),
            handler(65, 70, NO_HANDLER, 0, 20),
            handler(80, 40, NO_HANDLER, 0, 2),
        ];
        let tags =
            |position| covering(&handlers, position).map(|handler| handler.tag).collect::<Vec<_>>();
        assert_eq!(tags(9), []);
        assert_eq!(tags(10), [0, 1, 2]);
        assert_eq!(tags(15), [10, 11, 0, 1, 2]);
        assert_eq!(tags(18), [0, 1, 2]);
        assert_eq!(tags(19), [10, 11, 0, 1, 2]);
        assert_eq!(tags(24), []);
        assert_eq!(tags(25), [10, 11, 0, 1, 2]);
        assert_eq!(tags(30), [0, 1, 2]);
        assert_eq!(tags(35), [0, 1, 2]);
        for outside in [40, 59, 64, 70, 79, 80, 100] {
            assert_eq!(tags(outside), [], "{outside}");
        }
        assert_eq!(tags(66), [20]);
    }

    #[test]
    fn a_kept_reference_shares_the_word_of_the_slot() {
        let mut kept = handler(0, 1, NO_HANDLER, 0, ALL | REF | KEPT);
        kept.slot = 7 | 9 << 16;
        assert_eq!((kept.first_slot(), kept.kept()), (7, Some(9)));
        assert!(kept.wants_reference() && !kept.is_delegate() && kept.tag_index().is_none());
        kept.tag = 3 | REF | KEPT;
        assert_eq!(kept.tag_index(), Some(3));
        kept.tag = 3 | REF;
        assert_eq!((kept.first_slot(), kept.kept()), (7 | 9 << 16, None));
        assert!(!kept.is_legacy(0));
    }

    #[test]
    fn the_feature_that_a_handler_needs_is_known() {
        let plain = handler(5, 9, NO_HANDLER, 0, 1);
        assert!(!plain.is_legacy(0) && !Handler { next: 3, ..plain }.is_legacy(4));
        assert!(Handler { next: 4, ..plain }.is_legacy(4));
        assert!(Handler { next: 5, ..plain }.is_legacy(4));
        assert!(Handler { end: 4, ..plain }.is_legacy(4));
        assert!(Handler { tag: KEPT, ..plain }.is_legacy(4));
    }
}
