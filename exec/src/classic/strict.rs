//! The feature `strict`: what the loop assumes of its state, checked before each operation.
//!
//! A failure is a bug of the validator, of its sink or of the loop, and no module can be blamed for it: it panics. Tests and fuzzers run
//! with and without it; no device is meant to.

#[cfg(feature = "strict")]
use crate::frame::ClassicFunc;
use crate::frame::{Context, HEADER, PAD};
use crate::side_table::ENTRY;

/// Checks the loop's registers.
///
/// # Safety
/// The context's function is a live record.
#[cfg(feature = "strict")]
pub(super) unsafe fn check(
    context: *const Context,
    pc: *const u8,
    sp: *const u32,
    fp: *const u32,
    stp: *const u16,
) {
    // SAFETY: the caller's promise.
    let (context, func) = unsafe { (&*context, &*(*context).func.cast::<ClassicFunc>()) };
    assert!(pc >= func.code && pc < func.end, "the next operation lies outside of the function");
    let operands = fp.wrapping_add(func.layout.locals as usize + HEADER + PAD - 1);
    assert!(
        sp >= operands && sp < context.stack_end,
        "the operand stack lies outside of the frame"
    );
    let highest =
        fp.wrapping_add(func.layout.params as usize).wrapping_add(func.layout.frame as usize);
    assert!(sp < highest, "the operand stack is higher than validation computed");
    assert!(
        stp >= func.side_table && stp.addr().is_multiple_of(2),
        "the side table's next entry lies before the function's first"
    );
    let distance = (stp.addr() - func.side_table.addr()) / 2;
    assert!(
        distance <= (func.end.addr() - func.code.addr()) * ENTRY,
        "the side table's next entry lies beyond what the function can have"
    );
}

/// Checks nothing.
///
/// # Safety
/// None is needed.
#[cfg(not(feature = "strict"))]
#[inline(always)]
pub(super) unsafe fn check(
    _: *const Context,
    _: *const u8,
    _: *const u32,
    _: *const u32,
    _: *const u16,
) {
    let _ = (HEADER, PAD, ENTRY);
}
