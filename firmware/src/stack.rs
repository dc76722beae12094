//! How much native stack a piece of code used: paint below the stack pointer, run it, look how far the paint is gone.

use core::arch::asm;

const PAINT: u32 = 0xA5A5_5A5A;
/// As far below as is painted. Code that goes deeper reports this.
const DEPTH: usize = 16 << 10;

#[inline(always)]
fn pointer() -> usize {
    let sp: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// A frame of its own for `f` and what is inlined into it. Also gives the pointer below this frame.
#[inline(never)]
fn call<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let result = f();
    (result, pointer())
}

/// Runs `f`; returns its result and the bytes of native stack that it used, the frame of its own body included, into which
/// the compiler may have put some of what is measured.
pub fn measure<R>(f: impl FnOnce() -> R) -> (R, u32) {
    let (result, lowest, top, _) = paint_and_run(f);
    (result, (top - lowest) as u32)
}

/// The same for an `f` that does nothing but call functions across a C interface: the frame of its own body is not theirs.
pub fn measure_calls<R>(f: impl FnOnce() -> R) -> (R, u32) {
    let (result, lowest, _, below) = paint_and_run(f);
    (result, (below - lowest) as u32)
}

/// Result; the lowest address that lost its paint; the stack pointers above and below the frame of `f`.
#[inline(never)]
fn paint_and_run<R>(f: impl FnOnce() -> R) -> (R, usize, usize, usize) {
    let top = pointer();
    let bottom = top - DEPTH;
    // SAFETY: free stack: this function is the innermost, and the loop calls nothing.
    unsafe {
        asm!(
            "1: str {paint}, [{at}], #4",
            "cmp {at}, {top}",
            "blo 1b",
            at = inout(reg) bottom => _,
            top = in(reg) top,
            paint = in(reg) PAINT,
            options(nostack),
        )
    };
    let (result, below) = call(f);
    let mut lowest = bottom as *const u32;
    // SAFETY: memory of the stack, aligned as the stack pointer is.
    while (lowest as usize) < top && unsafe { lowest.read_volatile() } == PAINT {
        lowest = lowest.wrapping_add(1);
    }
    (result, lowest as usize, top, below)
}
