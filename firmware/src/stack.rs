//! How much native stack a piece of code used: fill the free stack with a pattern, run the code,
//! and look for the lowest word that changed.

use crate::arch::{fill, stack_pointer};
use crate::board::STACK_PAINT;

const PATTERN: u32 = 0xA5A5_5A5A;

/// Calls `f` in a frame of its own. Also returns the stack pointer of that frame.
#[inline(never)]
fn call<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let result = f();
    (result, stack_pointer())
}

/// Runs `f`; returns its result and the bytes of native stack that it used. They include the frame
/// of `f` itself, into which the compiler may have inlined some of what is measured. At most
/// `STACK_PAINT`.
pub fn measure<R>(f: impl FnOnce() -> R) -> (R, u32) {
    let (result, lowest, top, _) = paint_and_run(f);
    (result, (top - lowest) as u32)
}

/// The same for an `f` that only calls functions across a C interface: its own frame does not
/// count.
pub fn measure_calls<R>(f: impl FnOnce() -> R) -> (R, u32) {
    let (result, lowest, _, below) = paint_and_run(f);
    (result, (below - lowest) as u32)
}

/// The result; the lowest address that changed; the stack pointers above and below the frame of
/// `f`.
#[inline(never)]
fn paint_and_run<R>(f: impl FnOnce() -> R) -> (R, usize, usize, usize) {
    let top = stack_pointer();
    let bottom = top - STACK_PAINT;
    // SAFETY: the stack below the stack pointer is free: `fill` is inlined and calls nothing, and
    // no interrupt is enabled. The boards reserve more than STACK_PAINT bytes for the stack. The
    // stack pointer and STACK_PAINT are multiples of 4.
    unsafe { fill(bottom, top, PATTERN) };
    let (result, below) = call(f);
    let mut lowest = bottom as *const u32;
    // SAFETY: `lowest` is between `bottom` and `top`, in the stack, and a multiple of 4.
    while (lowest as usize) < top && unsafe { lowest.read_volatile() } == PATTERN {
        lowest = lowest.wrapping_add(1);
    }
    (result, lowest as usize, top, below)
}
