//! Calls from WebAssembly code to native functions of single words on Arm, where a call is so short
//! that what a compiler adds to each function is a quarter of it.
//!
//! Depends on the layout of [`WASMExecEnv`], which is fixed, and on the AAPCS.

use super::exec_env::WASMExecEnv;
use core::mem::offset_of;
use zonda_exec::frame::Context;
use zonda_exec::ImportedFunc;

// `strd` writes both.
const _: () = assert!(offset_of!(WASMExecEnv, args) == offset_of!(WASMExecEnv, import) + 4);

/// Calls a function that has at most `READ` parameters, 0, 1 or 3, and `RESULTS` results, 0 or 1,
/// all single words in core registers. Records before which function runs.
///
/// # Safety
/// As for [`ImportedFunc::call`]; the import is one of `provide`, and its context's host a live
/// execution environment, whose operand stack has so many slots from `args` on.
// SAFETY: reads and writes the records that the contract names; calls `extra` of the import, which
// is the native function by the invariant of `native`, with the arguments in the registers of the
// AAPCS; restores the registers that it has to preserve. At the call the stack is aligned to eight.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn words<const READ: usize, const RESULTS: usize>(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    core::arch::naked_asm!(
        ".if {RESULTS}",
        "    push {{r4, r5, r6, lr}}",
        "    mov r5, r2",
        ".else",
        "    push {{r4, lr}}",
        ".endif",
        "    ldr r4, [r0, #{HOST}]",
        ".if {THUMB2}",
        "    strd r1, r2, [r4, #{IMPORT}]",
        ".else",
        "    str r1, [r4, #{IMPORT}]",
        "    str r2, [r4, #{ARGS}]",
        ".endif",
        ".if {READ} == 3",
        // As a fourth argument, the function comes last.
        "    ldr r3, [r1, #{EXTRA}]",
        "    mov r12, r3",
        "    ldr r1, [r2]",
        "    ldr r3, [r2, #8]",
        "    ldr r2, [r2, #4]",
        "    mov r0, r4",
        "    blx r12",
        ".else",
        "    ldr r3, [r1, #{EXTRA}]",
        ".if {READ}",
        "    ldr r1, [r2]",
        ".endif",
        "    mov r0, r4",
        "    blx r3",
        ".endif",
        ".if {RESULTS}",
        "    str r0, [r5]",
        "    ldr r0, [r4, #{TRAP}]",
        "    pop {{r4, r5, r6, pc}}",
        ".else",
        "    ldr r0, [r4, #{TRAP}]",
        "    pop {{r4, pc}}",
        ".endif",
        READ = const READ,
        RESULTS = const RESULTS,
        THUMB2 = const zonda_exec::THUMB2 as u32,
        HOST = const offset_of!(Context, host),
        IMPORT = const offset_of!(WASMExecEnv, import),
        ARGS = const offset_of!(WASMExecEnv, args),
        TRAP = const offset_of!(WASMExecEnv, trap),
        EXTRA = const offset_of!(ImportedFunc, extra),
    )
}
