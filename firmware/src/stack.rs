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

/// A frame of its own for `f` and what is inlined into it, so that it lies below the pointer that [`measure`] took.
#[inline(never)]
fn call<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Runs `f`; returns its result and the bytes of native stack that it used, its own frame included.
#[inline(never)]
pub fn measure<R>(f: impl FnOnce() -> R) -> (R, u32) {
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
    let result = call(f);
    let mut lowest = bottom as *const u32;
    // SAFETY: memory of the stack, aligned as the stack pointer is.
    while (lowest as usize) < top && unsafe { lowest.read_volatile() } == PAINT {
        lowest = lowest.wrapping_add(1);
    }
    (result, (top - lowest as usize) as u32)
}
