//! Exceptions, as far as frames and code know of them (feature `exceptions`): the format of
//! handlers, and the way from the frame that throws outwards to the one that catches.
//!
//! Entering a `try_table` executes nothing that lasts. The backends write a [`Handler`] for each
//! clause, and whoever throws searches them by the position of each active frame. `throw` ends the
//! loop as a trap does, with [`TrapCode::Exception`]; the call by the host then asks the runtime to
//! unwind ([`UNWIND_CODE`]), and continues in the loop of the frame that catches.
//!
//! Depends on [`crate::frame`] for the layout of frames, and on the backends for what differs
//! between them. Owns the order of handlers.

#[cfg(feature = "legacy-exceptions")]
mod legacy;
#[cfg(not(feature = "legacy-exceptions"))]
#[path = "unwind/legacy_off.rs"]
mod legacy;

#[cfg(not(feature = "legacy-exceptions"))]
use legacy::KEPT;
#[cfg(feature = "legacy-exceptions")]
pub use legacy::{kept_reference, KEPT};

use crate::frame::{Boundary, Context, FuncLayout, Header, HEADER};
use crate::instance::ExecInstance;
use crate::TrapCode;

/// Asks [`Context::runtime`] for the frame that catches what was thrown. The runtime returns
/// [`crate::frame::SWITCHED`] and the context of that frame, or the number of a trap and the
/// context unchanged.
pub const UNWIND_CODE: u8 = 0xff;

/// A clause of a `try_table`.
///
/// Handlers of a module are sorted by `start`, and by depth among those with the same start. Those
/// of one `try_table` stand in reverse order, so that the last handler with `start <= position` is
/// the first to be asked: [`next`](Handler::next) leads to the others of the `try_table`, and then
/// to those of the one around it.
///
/// The later clauses of a `try` are known behind the code that it covers. Each has a handler that
/// starts with the clause, behind its own end; the first one leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Handler {
    /// Positions that the `try_table` covers, in the backend's code.
    pub start: u32,
    pub end: u32,
    /// Where execution continues.
    pub target: u32,
    /// The handler that is asked next; [`NO_HANDLER`] for none.
    pub next: u32,
    /// Where the values go that the exception carries. Classic mode: the height of the first one
    /// on the operand stack; fast mode: its slot in the frame.
    pub slot: u32,
    /// Classic mode: the next entry of the side table.
    pub entry: u32,
    /// The tag's index, or [`ALL`]; with [`REF`] when a reference follows the values.
    pub tag: u32,
}

/// No handler.
pub const NO_HANDLER: u32 = u32::MAX;
/// In [`Handler::tag`]: every exception.
pub const ALL: u32 = 1 << 31;
/// In [`Handler::tag`]: the reference to the exception is a value, too.
pub const REF: u32 = 1 << 30;

impl Handler {
    /// The index of the tag that it catches; `None` for all tags.
    pub fn tag_index(&self) -> Option<u32> {
        if self.tag & ALL != 0 {
            None
        } else {
            Some(self.tag & !(REF | KEPT))
        }
    }

    /// Whether it wants the reference to the exception.
    pub fn wants_reference(&self) -> bool {
        self.tag & REF != 0
    }
}

/// The handlers that cover a position, the innermost one first.
pub fn covering(handlers: &[Handler], position: u32) -> impl Iterator<Item = &Handler> {
    let after = handlers.partition_point(|handler| handler.start <= position);
    let mut next = after.checked_sub(1);
    let chain = core::iter::from_fn(move || {
        let number = next?;
        let handler = handlers.get(number)?;
        next = handler.following(number, position);
        Some(handler)
    });
    legacy::bounded(chain, handlers.len())
        .filter(move |handler| position < handler.end && !handler.is_delegate())
}

/// Whether the result of a loop says that something was thrown.
#[inline(always)]
pub(crate) fn is_thrown(code: u32) -> bool {
    code == TrapCode::Exception as u32
}

/// An active call, from the point of view of what was thrown in it.
#[derive(Clone, Copy)]
pub struct Activation {
    pub func: *const FuncLayout,
    pub instance: *const ExecInstance,
    /// Inside of the instruction that throws or calls.
    pub pc: *const u8,
    /// The start of the frame.
    start: *mut u32,
    /// The frame as the loop has it in its register.
    fp: *mut u32,
    /// Whether the function has made a tail call: no handler of it is active any more.
    pub left: bool,
}

impl Activation {
    /// The frame in which execution stopped; `None` when no code runs.
    ///
    /// # Safety
    /// The context is that of a call whose loop has just stopped with a trap, so that `pc` is at
    /// the instruction and `fp` its frame.
    pub unsafe fn stopped(context: &Context) -> Option<Activation> {
        let Context { func, pc, instance, fp, .. } = *context;
        if func.is_null() {
            return None;
        }
        // SAFETY: the contract of this function: the instance is live, and `pc` at an instruction
        // of `func`.
        unsafe { Activation::new(func, instance, pc, fp, (*instance).mode.is_tail_call(pc)) }
    }

    /// The frame of a function, or `None` if it lies elsewhere.
    ///
    /// # Safety
    /// The function runs in the live instance, with this frame pointer.
    #[inline(never)]
    unsafe fn new(
        func: *const FuncLayout,
        instance: *const ExecInstance,
        pc: *const u8,
        fp: *mut u32,
        left: bool,
    ) -> Option<Activation> {
        // SAFETY: the contract of this function.
        unsafe {
            let mode = (*instance).mode;
            if !mode.has_frames() {
                return None;
            }
            // A tail call has moved the frame pointer back to the start.
            let moved = if left { 0 } else { mode.moved(&*instance, func) };
            Some(Activation { func, instance, pc, start: fp.wrapping_sub(moved), fp, left })
        }
    }

    /// The caller's frame; `None` when the host is the caller, or native code, whose frames lie
    /// elsewhere.
    ///
    /// # Safety
    /// The frame is active, and nothing has used the operand stack since execution stopped.
    pub unsafe fn caller(&self) -> Option<Activation> {
        // SAFETY: every frame has its header behind its locals, and a boundary behind that when its
        // `pc` is null; when the host is the caller, the boundary's instance is null.
        unsafe {
            let at = self.start.add((*self.func).locals as usize);
            let header = Header::read(at);
            let (pc, instance) = if header.pc.is_null() {
                let boundary = at.add(HEADER).cast::<Boundary>().read_unaligned();
                if boundary.instance.is_null() {
                    return None;
                }
                (boundary.pc, boundary.instance)
            } else {
                (header.pc, self.instance)
            };
            // The caller continues behind its call.
            Activation::new(header.func, instance, pc.wrapping_sub(1), header.fp, false)
        }
    }

    /// The slot from which [`Handler::slot`] counts.
    ///
    /// # Safety
    /// As for [`Activation::caller`].
    pub unsafe fn base(&self) -> *mut u32 {
        // SAFETY: the contract of this function: the frame and its instance are live.
        unsafe { (*self.instance).mode.handler_base(self.start, self.func) }
    }

    /// Makes the frame the running one: it continues at `pc`, with the topmost operand at `sp`.
    ///
    /// # Safety
    /// `pc`, `stp` and `sp` are those of a handler of the function that covers the position.
    pub unsafe fn resume(
        &self,
        context: &mut Context,
        pc: *const u8,
        stp: *const u16,
        sp: *mut u32,
    ) {
        context.pc = pc;
        context.stp = stp;
        context.sp = sp;
        context.fp = self.fp;
        context.func = self.func;
        context.instance = self.instance;
        // SAFETY: the instance of an active frame is live.
        context.memory = unsafe { (*self.instance).memory };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn handler(start: u32, end: u32, next: u32, tag: u32) -> Handler {
        Handler { start, end, target: 0, next, slot: 0, entry: 0, tag }
    }

    #[test]
    fn the_innermost_handler_comes_first_and_then_those_around_it() {
        // Two clauses around 10 to 40; inside, 15 to 20 with one, and 25 to 30 with two.
        let handlers = [
            handler(10, 40, NO_HANDLER, 1),
            handler(10, 40, 0, 0),
            handler(15, 20, 1, 2),
            handler(25, 30, 1, 4),
            handler(25, 30, 3, 3),
            handler(50, 60, NO_HANDLER, 5),
        ];
        let tags =
            |position| covering(&handlers, position).map(|handler| handler.tag).collect::<Vec<_>>();
        assert_eq!(tags(9), []);
        assert_eq!(tags(10), [0, 1]);
        assert_eq!(tags(15), [2, 0, 1]);
        assert_eq!(tags(20), [0, 1]);
        assert_eq!(tags(25), [3, 4, 0, 1]);
        assert_eq!(tags(39), [0, 1]);
        assert_eq!(tags(40), []);
        assert_eq!(tags(55), [5]);
        assert_eq!(tags(60), []);
        assert_eq!(covering(&[], 5).count(), 0);
    }

    #[test]
    fn the_search_of_a_hostile_list_ends() {
        let handlers = [handler(0, 9, 0, 0), handler(0, 9, 1, 1), handler(0, 9, 7, 2)];
        assert_eq!(covering(&handlers, 3).count(), 1);
        assert!(covering(&handlers[..2], 3).count() <= 2);
    }
}
