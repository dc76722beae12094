//! How the runtime enters native code, and how a trap leaves it: a few instructions per CPU.
//!
//! `enter` saves the registers that a callee has to preserve, notes its stack pointer in the state,
//! and calls the code for the function's type. `leave` makes that stack pointer the current one
//! again and returns from `enter`: it drops the frames of native code, which have no destructors.
//! Every call of a host function by native code has an `enter` of its own for what it calls in
//! turn, so no frame of Rust lies between the two.

use super::State;

/// Calls the code `entry` for the function `body`, with parameters at `slots`, results at
/// `results`. Returns 0, or the number of a trap.
///
/// # Safety
/// The rules CODE and STATE of [`super`] hold.
#[cfg(all(target_arch = "arm", thumb2))]
#[unsafe(naked)]
pub(super) unsafe extern "C" fn enter(
    state: &State,
    slots: *mut u32,
    body: *const u8,
    entry: *const u8,
    results: *mut u32,
) -> u32 {
    #[cfg(fpu)]
    core::arch::naked_asm!(
        "ldr r12, [sp]",
        "push {{r3-r11, lr}}",
        "vpush {{d8-d15}}",
        "str sp, [r0, {saved}]",
        "mov r10, r0",
        "mov r0, r1",
        "mov r1, r2",
        "mov r2, r12",
        "blx r3",
        "movs r0, #0",
        "vpop {{d8-d15}}",
        "pop {{r3-r11, pc}}",
        saved = const super::slot::SAVED_SP * 4,
    );
    #[cfg(not(fpu))]
    core::arch::naked_asm!(
        "ldr r12, [sp]",
        "push {{r3-r11, lr}}",
        "str sp, [r0, {saved}]",
        "mov r10, r0",
        "mov r0, r1",
        "mov r1, r2",
        "mov r2, r12",
        "blx r3",
        "movs r0, #0",
        "pop {{r3-r11, pc}}",
        saved = const super::slot::SAVED_SP * 4,
    );
}

/// Leaves native code with the number of a trap: `enter` returns it.
///
/// # Safety
/// Native code of the state is running, and no frame between it and this call has a destructor.
#[cfg(all(target_arch = "arm", thumb2))]
#[unsafe(naked)]
pub(super) unsafe extern "C" fn leave(state: &State, code: u32) -> ! {
    #[cfg(fpu)]
    core::arch::naked_asm!(
        "ldr r2, [r0, {saved}]",
        "mov sp, r2",
        "mov r0, r1",
        "vpop {{d8-d15}}",
        "pop {{r3-r11, pc}}",
        saved = const super::slot::SAVED_SP * 4,
    );
    #[cfg(not(fpu))]
    core::arch::naked_asm!(
        "ldr r2, [r0, {saved}]",
        "mov sp, r2",
        "mov r0, r1",
        "pop {{r3-r11, pc}}",
        saved = const super::slot::SAVED_SP * 4,
    );
}

/// See the form for Arm.
///
/// # Safety
/// As there.
#[cfg(all(target_arch = "x86_64", not(windows)))]
#[unsafe(naked)]
pub(super) unsafe extern "C" fn enter(
    state: &State,
    slots: *mut u32,
    body: *const u8,
    entry: *const u8,
    results: *mut u32,
) -> u32 {
    core::arch::naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov [rdi + {saved}], rsp",
        "mov r13, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, r8",
        "call rcx",
        "xor eax, eax",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        saved = const super::slot::SAVED_SP * 8,
    );
}

/// See the form for Arm.
///
/// # Safety
/// As there.
#[cfg(all(target_arch = "x86_64", not(windows)))]
#[unsafe(naked)]
pub(super) unsafe extern "C" fn leave(state: &State, code: u32) -> ! {
    core::arch::naked_asm!(
        "mov rsp, [rdi + {saved}]",
        "mov eax, esi",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        saved = const super::slot::SAVED_SP * 8,
    );
}

#[cfg(not(any(all(target_arch = "arm", thumb2), all(target_arch = "x86_64", not(windows)))))]
compile_error!("native code cannot run on this CPU yet: switch the feature `native` off");
