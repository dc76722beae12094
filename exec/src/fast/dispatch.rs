//! How the loop in Rust comes from one operation to the next.
//!
//! It is a `match` on the code, of which a compiler makes a jump through a table, mostly in each arm. What it would do besides costs more than the rest of many an
//! operation, and is taken out of its hands: it moves what all arms end with to one place, so that each arm has a jump more, and the length of the
//! operation as a number in a register. See [`settled`] and [`leaving`].
//!
//! A jump in assembly, with a table of addresses in place of distances, was tried on x86-64: a tenth fewer instructions, but not less time.

use super::RegOp;

/// The operation with a code that was made by the translator or verified.
///
/// # Safety
/// There is one.
#[inline(always)]
pub(super) unsafe fn operation(code: u8) -> RegOp {
    if cfg!(feature = "strict") {
        return RegOp::from_code(code).expect("the next operation is unknown");
    }
    // SAFETY: the caller's promise; codes are the enum's discriminants, without a gap.
    unsafe { core::mem::transmute::<u8, RegOp>(code) }
}

/// The same address, of which a compiler no longer knows how it was computed. Not on small ARM CPUs, where it costs a kilobyte.
#[inline(always)]
pub(super) fn settled<T>(at: *const T) -> *const T {
    #[cfg(all(
        not(miri),
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv32")
    ))]
    {
        let mut at = at;
        #[allow(clippy::pointers_in_nomem_asm_block)]
        // SAFETY: no instruction.
        unsafe {
            core::arch::asm!("/* {0} */", inout(reg) at, options(pure, nomem, nostack, preserves_flags))
        }
        at
    }
    #[cfg(not(all(
        not(miri),
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv32")
    )))]
    at
}

/// Makes of an arm's way out of the loop a block of its own.
#[inline(always)]
pub(super) fn leaving() {
    #[cfg(all(
        not(miri),
        any(
            target_arch = "x86_64",
            target_arch = "aarch64",
            target_arch = "arm",
            target_arch = "riscv32"
        )
    ))]
    // SAFETY: no instruction.
    unsafe {
        core::arch::asm!("", options(nomem, nostack, preserves_flags))
    }
}
