//! Calls a C function whose type is known only at run time, without assembly: the arguments are
//! laid out as the ABI requires, and the function is called as one that takes every argument
//! register and some words of the stack. The caller removes arguments in each of these ABIs, so a
//! function that takes fewer is not affected.
//!
//! One file for each ABI, with the same interface: `Arguments::new`, a method for each kind of
//! value, `Arguments::fit`, `Arguments::call`. The layouts of the 32-bit ABIs and of RISC-V are
//! ordinary code that is tested on the host as well.
//!
//! | file | CPU and ABI |
//! |---|---|
//! | `aapcs` | Arm and Thumb, floats in core registers |
//! | `aapcs_vfp` | Arm and Thumb, floats in FPU registers |
//! | `riscv` | riscv32 (ilp32, ilp32f), riscv64 (lp64, lp64d) |
//! | `i386` | x86 |
//! | `split64` | x86-64 (System V), AArch64 |

#[cfg(any(test, all(target_arch = "arm", not(target_abi = "eabihf"))))]
mod aapcs;
#[cfg(any(test, all(target_arch = "arm", target_abi = "eabihf")))]
mod aapcs_vfp;
#[cfg(any(test, target_arch = "x86"))]
mod i386;
#[cfg(any(test, target_arch = "riscv32", target_arch = "riscv64"))]
mod riscv;
mod row;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod split64;

#[cfg(all(target_arch = "arm", not(target_abi = "eabihf")))]
pub(super) use aapcs::*;
#[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
pub(super) use aapcs_vfp::*;
#[cfg(target_arch = "x86")]
pub(super) use i386::*;
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
pub(super) use riscv::*;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) use split64::*;

#[cfg(not(any(
    target_arch = "arm",
    target_arch = "riscv32",
    target_arch = "riscv64",
    target_arch = "x86",
    target_arch = "x86_64",
    target_arch = "aarch64"
)))]
compile_error!("the C API can call native functions on Arm, AArch64, RISC-V and x86 only");
#[cfg(windows)]
compile_error!("the C API can call native functions with the ABIs of ELF systems only");
#[cfg(target_vendor = "apple")]
compile_error!("the C API can call native functions with the ABIs of ELF systems only");

/// How a native function returns its result.
#[derive(Clone, Copy)]
pub(super) enum Returned {
    /// As an integer or a pointer, or not at all.
    Integer,
    Single,
    Double,
}

#[cfg(not(target_arch = "arm"))]
use core::mem::transmute;

/// Calls a function whose parameters are the execution environment and at most three integers of 32
/// bits. Surplus arguments are ignored.
///
/// # Safety
/// `func` is a C function of that form, and the words are valid arguments for it.
#[cfg(not(target_arch = "arm"))]
#[inline(always)]
pub(super) unsafe fn call_words(func: *const (), env: *mut (), words: [u32; 3]) -> u64 {
    type Words = unsafe extern "C" fn(*mut (), u32, u32, u32) -> u64;
    // SAFETY: the caller guarantees the function's parameters. It does not read arguments beyond
    // its own, and the caller uses only those bits of the result that the function returns.
    unsafe { transmute::<*const (), Words>(func)(env, words[0], words[1], words[2]) }
}

/// Calls a function whose parameters are the execution environment and at most one integer of 32
/// bits. A surplus argument is ignored.
///
/// # Safety
/// As for [`call_words`].
#[cfg(not(target_arch = "arm"))]
#[inline(always)]
pub(super) unsafe fn call_word(func: *const (), env: *mut (), word: u32) -> u64 {
    type Word = unsafe extern "C" fn(*mut (), u32) -> u64;
    // SAFETY: as for `call_words`.
    unsafe { transmute::<*const (), Word>(func)(env, word) }
}

/// Calls a function whose only parameter is the execution environment.
///
/// # Safety
/// `func` is a C function of that form.
#[cfg(not(target_arch = "arm"))]
#[inline(always)]
pub(super) unsafe fn call_plain(func: *const (), env: *mut ()) -> u64 {
    type Plain = unsafe extern "C" fn(*mut ()) -> u64;
    // SAFETY: the caller guarantees the function's parameter; the result is used as above.
    unsafe { transmute::<*const (), Plain>(func)(env) }
}

// Miri rejects a call of a function as one of another type.
#[cfg(all(test, not(miri)))]
mod tests;
