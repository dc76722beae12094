//! The feature `strict`: checks the rules VALID, HEIGHT, ENTRIES and FRAME before each instruction,
//! as far as the registers of the loop tell (see the head of [`super`]).
//!
//! A failure is a bug of the validator, the builder of the side table or the loop, whatever the
//! module is, and panics. Tests and fuzzers run with and without the feature; devices run without
//! it.

#[cfg(feature = "strict")]
use crate::frame::ClassicFunc;
use crate::frame::{Context, HEADER, PAD};
use crate::side_table::ENTRY;

/// Checks the registers of the loop.
///
/// # Safety
/// A function of classic mode is running in this context.
#[cfg(feature = "strict")]
pub(super) unsafe fn check(
    context: *const Context,
    pc: *const u8,
    sp: *const u32,
    fp: *const u32,
    stp: *const u16,
) {
    // SAFETY: RECORDS: the context and the running function's record are live.
    let (context, func) = unsafe { (&*context, &*(*context).func.cast::<ClassicFunc>()) };
    assert!(pc >= func.code && pc < func.end, "the next instruction lies outside of the function");
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

/// Checks nothing without the feature.
///
/// # Safety
/// There is no requirement.
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
