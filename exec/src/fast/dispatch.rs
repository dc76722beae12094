//! How the portable loop gets from one register instruction to the next.
//!
//! The loop is a `match` on the opcode, which compiles to a jump through a table, mostly one in
//! each arm. Left alone, the compiler moves what all arms end with to one place, so that each arm
//! has one jump more, and keeps the length of the instruction in a register. Both cost more than
//! the rest of many an instruction; [`opaque`] and [`own_block`] prevent them.
//!
//! A jump in assembly, with a table of addresses in place of distances, was measured on x86-64: it
//! took a tenth fewer instructions, but not less time.

use super::RegOp;

/// The register instruction with this opcode.
///
/// # Safety
/// There is one: the translator writes known opcodes only, and the verifier refuses others.
#[inline(always)]
pub(super) unsafe fn reg_op(opcode: u8) -> RegOp {
    if cfg!(feature = "strict") {
        return RegOp::from_code(opcode)
            .unwrap_or_else(|| panic!("the register instruction is unknown"));
    }
    // SAFETY: the contract of this function; opcodes are the enum's discriminants, without a gap
    // (asserted in `op`).
    unsafe { core::mem::transmute::<u8, RegOp>(opcode) }
}

/// Returns `at`, of which the compiler no longer knows how it was computed. Does nothing on small
/// Arm CPUs, where it would cost a kilobyte of flash.
#[inline(always)]
pub(super) fn opaque<T>(at: *const T) -> *const T {
    #[cfg(all(
        not(miri),
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv32")
    ))]
    {
        let mut at = at;
        #[allow(clippy::pointers_in_nomem_asm_block)]
        // SAFETY: the assembly has no instruction.
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

/// Makes an arm's exit from the loop a block of its own.
#[inline(always)]
pub(super) fn own_block() {
    #[cfg(all(
        not(miri),
        any(
            target_arch = "x86_64",
            target_arch = "aarch64",
            target_arch = "arm",
            target_arch = "riscv32"
        )
    ))]
    // SAFETY: the assembly has no instruction.
    unsafe {
        core::arch::asm!("", options(nomem, nostack, preserves_flags))
    }
}
