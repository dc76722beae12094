//! Calling a C function whose type is known only at run time, without assembly: the arguments are laid out as the ABI
//! wants them, and the function is called as one that takes all argument registers and some words of stack. The caller
//! removes arguments in each of these ABIs, so a callee that takes fewer does not notice.
//!
//! One file an ABI, with the same face: `Arguments::new`, a method for each kind of value, `Arguments::call`. The layout of
//! the 32-bit ABIs is ordinary code that is tested on the host as well.

#[cfg(any(test, all(target_arch = "arm", not(target_abi = "eabihf"))))]
mod aapcs;
#[cfg(any(test, all(target_arch = "arm", target_abi = "eabihf")))]
mod aapcs_vfp;
#[cfg(any(test, target_arch = "riscv32"))]
mod riscv32;
#[cfg(target_arch = "x86_64")]
mod sysv64;

#[cfg(all(target_arch = "arm", not(target_abi = "eabihf")))]
pub(super) use aapcs::*;
#[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
pub(super) use aapcs_vfp::*;
#[cfg(target_arch = "riscv32")]
pub(super) use riscv32::*;
#[cfg(target_arch = "x86_64")]
pub(super) use sysv64::*;

#[cfg(not(any(target_arch = "arm", target_arch = "riscv32", target_arch = "x86_64")))]
compile_error!("the C API can call native functions on Arm, riscv32 and x86-64 only");
#[cfg(all(target_arch = "riscv32", target_feature = "f"))]
compile_error!("the C API can call native functions on riscv32 with the ilp32 ABI only");
#[cfg(all(target_arch = "x86_64", windows))]
compile_error!("the C API can call native functions with the System V ABI only");

use core::mem::transmute;

/// Calls a function whose parameters are the execution environment and at most three words; what it does not take is ignored.
///
/// # Safety
/// `func` is a C function of that form, and the words are valid arguments for it.
#[inline(always)]
pub(super) unsafe fn call_words(func: *const (), env: *mut (), words: [u32; 3]) -> u64 {
    type Words = unsafe extern "C" fn(*mut (), u32, u32, u32) -> u64;
    // SAFETY: the caller's promise; arguments beyond those that the function takes are harmless, and of the 64 bits of the result
    // only as many are looked at as it gives.
    unsafe { transmute::<*const (), Words>(func)(env, words[0], words[1], words[2]) }
}

/// Calls a function whose only parameter is the execution environment.
///
/// # Safety
/// `func` is a C function of that form.
#[inline(always)]
pub(super) unsafe fn call_plain(func: *const (), env: *mut ()) -> u64 {
    type Plain = unsafe extern "C" fn(*mut ()) -> u64;
    // SAFETY: the caller's promise; as above for the result.
    unsafe { transmute::<*const (), Plain>(func)(env) }
}

// Miri refuses what these calls are about: a function that is called as one of another type.
#[cfg(all(test, not(miri)))]
mod tests;
