//! What the loops in Thumb-2 instructions share: the functions that they call in every mode, and
//! the layout of records that their instructions rely on.
//!
//! Depends on [`crate::frame`], [`crate::instance`], [`crate::linear_memory`] and [`crate::meter`],
//! whose records it checks when it is compiled.

use crate::frame::{Boundary, Context, Header, HEADER};
use crate::linear_memory::Memory;
use crate::{ImportedFunc, Meter};
use core::mem::offset_of;

// Pairs of fields that `ldrd` and `ldm` read, and offsets that the instructions have as numbers.
const _: () = {
    assert!(offset_of!(Context, sp) == offset_of!(Context, pc) + 4);
    assert!(offset_of!(Memory, base) == 0 && offset_of!(Memory, near_limit) == 4);
    assert!(offset_of!(Memory, fast_limit) == 8);
    assert!(offset_of!(Header, func) == 0 && offset_of!(Header, pc) == 4);
    assert!(offset_of!(Header, fp) == 8 && offset_of!(Header, stp) == 12);
    assert!(HEADER == 4 && offset_of!(Boundary, instance) == 0);
    assert!(size_of::<ImportedFunc>() == 16 && offset_of!(ImportedFunc, call) == 0);
    assert!(crate::meter::TERMINATION == 0);
};

/// Calls a function of another instance. Returns what [`Context::cross`] returns.
///
/// # Safety
/// A loop passes an import of the running instance that has no `call`, with its arguments on the
/// stack.
pub(crate) unsafe extern "C" fn cross(context: &mut Context, import: &ImportedFunc) -> u32 {
    // SAFETY: the contract of this function is that of `Context::cross`.
    unsafe { context.cross(import) }
}

/// Returns to another instance. Returns what [`Context::leave`] returns.
///
/// # Safety
/// A loop calls it in a frame with a boundary.
pub(crate) unsafe extern "C" fn leave(context: &mut Context) -> u32 {
    // SAFETY: the contract of this function is that of `Context::leave`.
    unsafe { context.leave() }
}

/// Checks the meter after the inline check has failed, which does not count across slices of fuel.
/// Returns 0 or the number of a trap.
pub(crate) extern "C" fn stopped(meter: &Meter) -> u32 {
    if meter.pass() || meter.noticed() {
        0
    } else {
        meter.reason() as u32
    }
}
