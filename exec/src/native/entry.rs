//! How the runtime enters native code, and how a trap leaves it: a few instructions per CPU.
//!
//! `enter` saves the registers that a callee has to preserve, notes its stack pointer in the state,
//! and calls the code for the function's type. `leave` makes that stack pointer the current one
//! again and returns from `enter`: it drops the frames of native code, which have no destructors.
//! Every call of a host function by native code has an `enter` of its own for what it calls in
//! turn, so no frame of Rust lies between the two.
//!
//! Both are made of the same parts, of which each CPU has one row below:
//!
//! | part | what it does |
//! |---|---|
//! | `save` | saves the registers that a callee preserves, and the return address |
//! | `note` | writes the stack pointer to the field `saved` of the state |
//! | `call` | passes slots, code and state to the code for the type; the result is 0 |
//! | `take` | reads the stack pointer from the state; the result is the number of the trap |
//! | `restore` | undoes `save` and returns |

use super::State;

/// Defines `enter` and `leave` of a CPU whose addresses have `word` bytes.
macro_rules! frame {
    (
        #[$on:meta] $word:literal
        save: $($save:literal)+;
        note: $($note:literal)+;
        call: $($call:literal)+;
        take: $($take:literal)+;
        restore: $($restore:literal)+;
    ) => {
        /// Calls the code `entry` for the function `body`, with parameters at `slots`, where the
        /// results come. Returns 0, or the number of a trap. The code takes the arguments from the
        /// registers that they are in here, and the state from its own.
        ///
        /// # Safety
        /// The rules CODE and STATE of [`super`] hold.
        #[$on]
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn enter(
            entry: *const u8,
            state: &State,
            body: *const u8,
            slots: *mut u32,
        ) -> u32 {
            core::arch::naked_asm!(
                $($save,)+ $($note,)+ $($call,)+ $($restore,)+
                saved = const super::slot::SAVED_SP * $word,
            )
        }

        /// Leaves native code with the number of a trap: `enter` returns it.
        ///
        /// # Safety
        /// Native code of the state is running, and no frame between it and this call has a
        /// destructor.
        #[$on]
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn leave(state: &State, code: u32) -> ! {
            core::arch::naked_asm!(
                $($take,)+ $($restore,)+
                saved = const super::slot::SAVED_SP * $word,
            )
        }
    };
}

// The state is r10.
frame! {
    #[cfg(all(target_arch = "arm", thumb2, not(fpu)))] 4
    save: "push {{r3-r11, lr}}";
    note: "str sp, [r1, {saved}]";
    call: "mov r10, r1" "blx r0" "movs r0, #0";
    take: "ldr r2, [r0, {saved}]" "mov sp, r2" "mov r0, r1";
    restore: "pop {{r3-r11, pc}}";
}
// Naked functions are assembled without the features of the target.
frame! {
    #[cfg(all(target_arch = "arm", thumb2, fpu))] 4
    save: ".fpu fpv4-sp-d16" "push {{r3-r11, lr}}" "vpush {{d8-d15}}";
    note: "str sp, [r1, {saved}]";
    call: "mov r10, r1" "blx r0" "movs r0, #0";
    take: ".fpu fpv4-sp-d16" "ldr r2, [r0, {saved}]" "mov sp, r2" "mov r0, r1";
    restore: "vpop {{d8-d15}}" "pop {{r3-r11, pc}}";
}
// Armv6-M pushes only the lower registers.
frame! {
    #[cfg(all(target_arch = "arm", not(thumb2)))] 4
    save: "push {{r3-r7, lr}}" "mov r4, r8" "mov r5, r9" "mov r6, r10" "mov r7, r11"
        "push {{r4-r7}}";
    note: "mov r4, sp" "str r4, [r1, {saved}]";
    call: "mov r10, r1" "blx r0" "movs r0, #0";
    take: "ldr r2, [r0, {saved}]" "mov sp, r2" "mov r0, r1";
    restore: "pop {{r4-r7}}" "mov r8, r4" "mov r9, r5" "mov r10, r6" "mov r11, r7"
        "pop {{r3-r7, pc}}";
}
// The state is the last parameter: code for a type has four others, of
// which it uses the third and the fourth.
frame! {
    #[cfg(target_arch = "riscv32")] 4
    save: "addi sp, sp, -64" "sw ra, 60(sp)" "sw s0, 56(sp)" "sw s1, 52(sp)" "sw s2, 48(sp)"
        "sw s3, 44(sp)" "sw s4, 40(sp)" "sw s5, 36(sp)" "sw s6, 32(sp)" "sw s7, 28(sp)"
        "sw s8, 24(sp)" "sw s9, 20(sp)" "sw s10, 16(sp)" "sw s11, 12(sp)";
    note: "sw sp, {saved}(a1)";
    call: "mv a4, a1" "jalr a0" "li a0, 0";
    take: "lw sp, {saved}(a0)" "mv a0, a1";
    restore: "lw ra, 60(sp)" "lw s0, 56(sp)" "lw s1, 52(sp)" "lw s2, 48(sp)" "lw s3, 44(sp)"
        "lw s4, 40(sp)" "lw s5, 36(sp)" "lw s6, 32(sp)" "lw s7, 28(sp)" "lw s8, 24(sp)"
        "lw s9, 20(sp)" "lw s10, 16(sp)" "lw s11, 12(sp)" "addi sp, sp, 64" "ret";
}
// The state is x20.
frame! {
    #[cfg(target_arch = "aarch64")] 8
    save: "sub sp, sp, #160" "stp x19, x20, [sp]" "stp x21, x22, [sp, #16]"
        "stp x23, x24, [sp, #32]" "stp x25, x26, [sp, #48]" "stp x27, x28, [sp, #64]"
        "stp x29, x30, [sp, #80]" "stp d8, d9, [sp, #96]" "stp d10, d11, [sp, #112]"
        "stp d12, d13, [sp, #128]" "stp d14, d15, [sp, #144]";
    note: "mov x9, sp" "str x9, [x1, {saved}]";
    call: "mov x20, x1" "blr x0" "mov w0, #0";
    take: "ldr x9, [x0, {saved}]" "mov sp, x9" "mov w0, w1";
    restore: "ldp x19, x20, [sp]" "ldp x21, x22, [sp, #16]" "ldp x23, x24, [sp, #32]"
        "ldp x25, x26, [sp, #48]" "ldp x27, x28, [sp, #64]" "ldp x29, x30, [sp, #80]"
        "ldp d8, d9, [sp, #96]" "ldp d10, d11, [sp, #112]" "ldp d12, d13, [sp, #128]"
        "ldp d14, d15, [sp, #144]" "add sp, sp, #160" "ret";
}
// The state is r13. The return address and six registers leave the stack 8 bytes from a multiple
// of 16.
frame! {
    #[cfg(all(target_arch = "x86_64", not(windows)))] 8
    save: "push rbp" "push rbx" "push r12" "push r13" "push r14" "push r15" "sub rsp, 8";
    note: "mov [rsi + {saved}], rsp";
    call: "mov r13, rsi" "call rdi" "xor eax, eax";
    take: "mov rsp, [rdi + {saved}]" "mov eax, esi";
    restore: "add rsp, 8" "pop r15" "pop r14" "pop r13" "pop r12" "pop rbx" "pop rbp" "ret";
}

#[cfg(not(any(
    target_arch = "arm",
    target_arch = "riscv32",
    target_arch = "aarch64",
    all(target_arch = "x86_64", not(windows))
)))]
compile_error!("native code cannot run on this CPU: switch the feature `native` off");
