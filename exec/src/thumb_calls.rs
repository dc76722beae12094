//! What the loops in Thumb-2 instructions call in every mode.

use crate::frame::Context;
use crate::{ImportedFunc, Meter};

/// Calls a function of another instance.
///
/// # Safety
/// A loop passes an import without `call`, with its arguments on the stack.
pub(crate) unsafe extern "C" fn cross(context: &mut Context, import: &ImportedFunc) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { context.cross(import) }
}

/// Returns to another instance.
///
/// # Safety
/// A loop asks for this in a frame with a boundary.
pub(crate) unsafe extern "C" fn leave(context: &mut Context) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { context.leave() }
}

/// Whether the meter lets code go on, when its first look said no: 0, or the number of a trap.
pub(crate) extern "C" fn stopped(meter: &Meter) -> u32 {
    if meter.pass() {
        0
    } else {
        meter.reason() as u32
    }
}
