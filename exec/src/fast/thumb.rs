//! The loop of fast mode in Thumb-2 instructions, for Armv7-M and Armv8-M Mainline.
//!
//! ```text
//! r4  the running instruction (pc)                r8  first byte of memory 0
//! r5  limit of the fast path with a short offset  r9  the meter
//! r6  the accumulator                             r10 the running function
//! r7  frame (fp)                                  r11 the context
//! r0-r3 and lr scratch                            r12 the table of handlers
//! ```
//!
//! A handler ends with `next`, or with its two machine instructions further apart: `fetch` moves on
//! and reads the opcode of the next instruction, `jump` enters its handler. Until then, r4 is the
//! place of a trap. Handlers call functions by the AAPCS: host functions, [`Context::runtime`],
//! [`access`] and [`numeric_op`]. After a call, r12 has to be read again, and r5 and r8 where
//! memory may have changed. `save` and `.Lfast_trap` write the running function, frame and
//! instruction to the context before anything reads them there.
//!
//! Handlers are `quick` or `short`. Instructions that CoreMark, or compiled C in general, executes
//! often have a quick handler, which shares no machine instruction. Short handlers share some, and
//! execute one to three more; if all handlers were quick, the loop would be half as large again.
//! Machine instructions of common handlers, with dispatch: `get` 4, `i32.add` 4 to 9, `i32.load` 8
//! to 12, a branch not taken 3 to 9 and taken 5 to 9, a call and its return 37.
//!
//! Depends on [`crate::thumb_calls`] for the layout of records. Relies on the rules at the head of
//! [`super`]. The files in `thumb/` have the handlers of one kind of instruction each.

mod branches;
mod memory;
mod moves;
mod numbers;
mod words;

use super::access::access as checked_access;
use super::code::Code;
use super::numeric_op;
use crate::frame::{Context, FastFunc, BOUNDARY, HEADER, SWITCHED};
use crate::instance::{offset, ExecInstance};
use crate::register_ops;
use crate::slot::Frame;
use crate::thumb_calls::{cross, leave, stopped};
use core::mem::offset_of;

// Pairs of fields that `ldrd` reads, and sizes that shifts compute; `thumb_calls` checks what both
// loops rely on.
const _: () = {
    assert!(offset_of!(Context, fp) == offset_of!(Context, pc) + 8);
    assert!(offset_of!(ExecInstance, code) == offset_of!(ExecInstance, funcs) + 4);
    assert!(size_of::<FastFunc>() == 16 && offset_of!(FastFunc, layout) == 0);
    // A call clears locals four at a time: up to three slots too many, which are those of the
    // header, written later.
    assert!(HEADER >= 3);
};

/// Executes the load or store at `pc` with all checks. Returns in the low half the next instruction
/// or null, in the high half the accumulator or the number of a trap.
///
/// # Safety
/// The loop calls it for a load, a store or a `Memory` of the running function: COMPLETE, SLOTS and
/// SPACES hold.
#[cold]
unsafe extern "C" fn access(context: &Context, fp: *mut u32, pc: *const u8, acc: u32) -> u64 {
    // SAFETY: the contract of this function.
    let (next, value) = match unsafe { checked_access(context, Frame(fp), Code(pc), acc) } {
        Ok((next, acc)) => (next.0, acc),
        Err(trap) => (core::ptr::null(), trap),
    };
    next.addr() as u64 | (value as u64) << 32
}

/// The routines for floats of the platform's ABI, which the compiler's library has, or libgcc where
/// that comes first for the linker. Their operands and results are in r0 to r3 on every target;
/// they preserve what the AAPCS says.
mod soft {
    macro_rules! routines {
        ($($name:ident)*) => { extern "C" { $(pub(super) fn $name();)* } };
    }
    routines! {
        __aeabi_dadd __aeabi_dsub __aeabi_dmul __aeabi_ddiv __aeabi_fadd __aeabi_fsub __aeabi_fmul
        __aeabi_fdiv __aeabi_i2f __aeabi_ui2f __aeabi_i2d __aeabi_ui2d __aeabi_d2f __aeabi_d2iz
        __aeabi_f2iz
    }
}

/// The handler of each register instruction, in the order of their opcodes. The assembler refuses
/// one without a handler.
macro_rules! handlers {
    ($($code:literal $name:ident $text:literal [$($kind:ident)*] $acc:ident;)*) => {
        concat!($("    .word .Lfast_", stringify!($name), " + 1\n"),*)
    };
}

/// Runs until the call by the host returns or traps, or until another mode's loop has to continue.
/// Returns 0, the number of a trap, or [`crate::frame::OTHER_MODE`]. After a trap,
/// `context.pc` is at the instruction that trapped.
///
/// # Safety
/// The context is complete and describes a function of a live instance that [`crate::call`] or
/// [`Context::enter`] has entered; the rules at the head of [`super`] hold for the instance's code.
// SAFETY: the handlers access what the rules at the head of `super` establish: slots of the running
// frame (SLOTS, FRAME), operands in the code (COMPLETE, TARGETS), and the records that the instance
// points at (SPACES, RECORDS). They access linear memory below `fast_limit` only, from where eight
// bytes are in bounds: what starts below `near_limit`, which r5 has, does with any offset of one
// byte; for the rest `.Lfast_near_*` compare with `fast_limit` itself.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn run(context: &mut Context) -> u32 {
    core::arch::naked_asm!(
        ".if {FPU}",
        ".fpu fpv4-sp-d16",
        ".endif",
        // Moves to the instruction n bytes further and reads its opcode.
        ".macro fetch n",
        "    ldrb r0, [r4, #\\n]!",
        ".endm",
        ".macro jump",
        "    ldr pc, [r12, r0, lsl #2]",
        ".endm",
        ".macro next n",
        "    fetch \\n",
        "    jump",
        ".endm",
        // Executes the instruction at r4.
        ".macro go",
        "    ldrb r0, [r4]",
        "    jump",
        ".endm",
        ".macro op name",
        "    .Lfast_\\name:",
        ".endm",
        // Reads the slot that the operand at r4 + \at names.
        ".macro slot to, at",
        "    ldrb \\to, [r4, #\\at]",
        "    ldr \\to, [r7, \\to, lsl #2]",
        ".endm",
        // Computes the address of the pair that the operand at r4 + \at names.
        ".macro pair to, at",
        "    ldrb \\to, [r4, #\\at]",
        "    add \\to, r7, \\to, lsl #2",
        ".endm",
        // Reads the address of the table again, which the loop has put on the native stack.
        ".macro table",
        "    ldr r12, [sp]",
        ".endm",
        ".macro memory",
        "    ldr r0, [r11, #{MEMORY}]",
        "    ldrd r8, r5, [r0]",
        ".endm",
        // Writes to the context what a called function may read, with pc and sp from these
        // registers.
        ".macro save pc, sp",
        "    strd \\pc, \\sp, [r11, #{PC}]",
        "    str r7, [r11, #{FP}]",
        "    str r10, [r11, #{FUNC}]",
        ".endm",
        // The function in r10 runs from now on.
        ".macro runs",
        ".if {SAMPLING}",
        "    str r10, [r9, #{RUNNING}]",
        ".endif",
        ".endm",
        // Checks the meter. Clobbers r0 and r1.
        ".macro meter",
        ".if {FUEL}",
        "    ldrd r0, r1, [r9]",
        "    cbnz r0, 91f",
        "    subs r1, #1",
        "    blo 91f",
        "    str r1, [r9, #4]",
        ".else",
        "    ldr r0, [r9]",
        "    cbnz r0, 91f",
        ".endif",
        "    92:",
        ".endm",
        // The slow path of a `meter`.
        ".macro meter_stop",
        "    91:",
        "    mov r0, r9",
        "    bl {stopped}",
        "    table",
        "    cmp r0, #0",
        "    beq 92b",
        "    b .Lfast_trap",
        ".endm",

        "    adr r3, .Lfast_handlers",
        "    push {{r3-r11, lr}}",
        "    mov r12, r3",
        "    mov r11, r0",
        "    ldr r9, [r11, #{METER}]",
        // Reads all registers from the context. A result that was just returned is in the stack
        // slot of the topmost operand.
        ".Lfast_reload:",
        "    ldrd r4, r0, [r11, #{PC}]",
        "    ldr r7, [r11, #{FP}]",
        "    ldr r6, [r0]",
        "    ldr r10, [r11, #{FUNC}]",
        "    runs",
        "    memory",
        "    go",
        ".balign 4",
        ".Lfast_handlers:",
        register_ops!(handlers),

        // --- calls and returns ---
        "op Call",
        "    meter",
        "    ldr r1, [r11, #{INSTANCE}]",
        "    ldrh r0, [r4, #1]",
        "    ldrd r1, lr, [r1, #{FUNCS}]",
        "    ldrb r2, [r4, #3]",
        "    add r1, r1, r0, lsl #4",
        "    ldrh r3, [r1, #{PARAMS}]",
        "    add r0, r7, r2, lsl #2",
        "    ldr r6, [r11, #{STACK_END}]",
        "    ldr r2, [r1, #{FRAME}]",
        "    add r3, r0, r3, lsl #2",
        "    subs r6, r6, r3",
        "    cmp r6, r2, lsl #2",
        "    blo 4f",
        "    ldrh r2, [r1, #{LOCALS}]",
        "    ldr r6, [r1, #{CODE_OFFSET}]",
        "    add r2, r0, r2, lsl #2",
        "    cmp r3, r2",
        "    bne 5f",
        "3:  adds r4, #4",
        "    strd r10, r4, [r2]",
        "    add r4, lr, r6",
        "    str r7, [r2, #8]",
        "    mov r7, r0",
        "    mov r10, r1",
        "    runs",
        "    go",
        "4:  movs r0, #10",
        "    b .Lfast_trap",
        // Locals that are not parameters.
        "5:  mov r12, #0",
        "6:  strd r12, r12, [r3], #8",
        "    strd r12, r12, [r3], #8",
        "    cmp r3, r2",
        "    blo 6b",
        "    table",
        "    b 3b",
        "    meter_stop",
        "op Meter",
        "    meter",
        "    next 1",
        "    meter_stop",

        "op CallImport",
        "    ldr r1, [r11, #{INSTANCE}]",
        "    ldrh r0, [r4, #1]",
        "    ldr r1, [r1, #{IMPORTS}]",
        "    ldrb r6, [r4, #3]",
        "    add r1, r1, r0, lsl #4",
        "    ldr r3, [r1]",
        "    add r6, r7, r6, lsl #2",
        "    cbz r3, 1f",
        "    mov r0, r11",
        "    mov r2, r6",
        "    blx r3",
        "    cbnz r0, 2f",
        "    ldr r6, [r6]",
        "    memory",
        "    table",
        "    next 4",
        "2:  b .Lfast_trap",
        "1:  ldrsh r2, [r1, #{ARGS}]",
        "    subs r2, r6, r2",
        "    adds r3, r4, #4",
        "    save r3, r2",
        "    mov r0, r11",
        "    bl {cross}",
        "    b .Lfast_left",

        "op Runtime",
        "    ldrh r1, [r4, #2]",
        "    add r1, r7, r1, lsl #2",
        "    subs r1, #4",
        "    adds r2, r4, #4",
        "    save r2, r1",
        "    ldrb r1, [r4, #1]",
        "    mov r0, r11",
        "    ldr r2, [r11, #{RUNTIME}]",
        "    blx r2",
        // r0 says how to continue.
        ".Lfast_left:",
        "    table",
        "    cmp r0, #0",
        "    beq .Lfast_reload",
        "    cmp r0, #{SWITCHED}",
        "    beq .Lfast_reload",
        // To the loop of another mode.
        "    bhi .Lfast_exit",
        // The trap r0 of the instruction at r4.
        ".Lfast_trap:",
        "    str r4, [r11, #{PC}]",
        "    str r10, [r11, #{FUNC}]",
        ".if {TRACE}",
        "    str r7, [r11, #{FP}]",
        ".endif",
        ".Lfast_exit:",
        "    pop {{r3-r11, pc}}",
        "op Unreachable",
        "    movs r0, #1",
        "    b .Lfast_trap",

        // Reads the header of the running function: its address into r0, the caller, and where the
        // caller continues into r4. The results, which are written later, may overwrite it.
        ".macro header caller",
        "    ldrh r0, [r10, #{LOCALS}]",
        "    add r0, r7, r0, lsl #2",
        "    ldrd \\caller, r4, [r0]",
        ".endm",
        "op RetS",
        "    slot r6, 1",
        "op RetA",
        "    header r1",
        "    cbz r4, 1f",
        "    str r6, [r7]",
        "    ldr r7, [r0, #8]",
        "    mov r10, r1",
        "    runs",
        "    go",
        // Through a boundary: to the host, or from the pad to another instance.
        "1:  ldr r1, [r0, #16]",
        "    cbnz r1, 2f",
        "    str r6, [r7]",
        "    movs r0, #0",
        "    pop {{r3-r11, pc}}",
        "2:  str r6, [r0, #{PAD}]",
        "    b 4f",
        "op Ret",
        "    header r1",
        "    cbz r4, 2f",
        "    ldr r7, [r0, #8]",
        "    mov r10, r1",
        "    runs",
        "    go",
        "2:  ldr r1, [r0, #16]",
        "    cbnz r1, 4f",
        "    movs r0, #0",
        "    pop {{r3-r11, pc}}",
        "4:  adds r0, #{PAD}",
        // The results end at r0.
        "5:  save r4, r0",
        "    mov r0, r11",
        "    bl {leave}",
        "    table",
        "    cmp r0, #{SWITCHED}",
        "    beq .Lfast_reload",
        "    b .Lfast_exit",
        "op RetN",
        "    ldrh r2, [r4, #1]",
        "    ldrh r1, [r4, #3]",
        "    add r2, r7, r2, lsl #2",
        "    header r3",
        "    cbnz r4, 6f",
        "    add r0, r2, r1, lsl #2",
        "    subs r0, #4",
        "    b 5b",
        "6:  mov r10, r3",
        "    runs",
        "    ldr r0, [r0, #8]",
        "    mov r3, r7",
        "    bl .Lfast_copy",
        "    ldr r6, [r7]",
        "    mov r7, r0",
        "    go",
        "op Move",
        "    ldrh r2, [r4, #1]",
        "    ldrh r3, [r4, #3]",
        "    ldrh r1, [r4, #5]",
        "    add r2, r7, r2, lsl #2",
        "    add r3, r7, r3, lsl #2",
        "    bl .Lfast_copy",
        "    b .Lfast_next_7",
        // Copies r1 slots from r2 on to r3 on.
        "1:  ldr r12, [r2], #4",
        "    str r12, [r3], #4",
        ".Lfast_copy:",
        "    subs r1, #1",
        "    bhs 1b",
        "    table",
        "    bx lr",

        numbers::number_handlers!(),
        branches::branch_handlers!(),
        memory::memory_handlers!(),
        moves::move_handlers!(),
        words::word_handlers!(),
        ".irp name, fetch, jump, next, go, op, slot, pair, table, memory, save, runs, meter, meter_stop, header, take",
        ".purgem \\name",
        ".endr",
        ".irp name, compare_SS, compare_SK, compare_AS, compare_AK, compare_AX, branch, flag, flag_AK, flags, relations, more_relations, global, wide",
        ".purgem \\name",
        ".endr",
        ".irp name, operands_SS, operands_SK, operands_AS, operands_SA, operands_AK, operands_KA, operands_SX, operands_AX",
        ".purgem \\name",
        ".endr",
        ".irp name, operands_WW, operands_WK, pair_to, shift_operands, shift_left, shift_right, rotate_left",
        ".purgem \\name",
        ".endr",
        ".irp name, take_back, counted, sum_AI, sum_AJ, sum_SI, sum_SSI, quick_sum, load_at_sum, absolute, absolute_to, quick_store_value, quick_store_slots, tests, test_equal, test_order",
        ".purgem \\name",
        ".endr",
        ".if {FLOAT}",
        ".irp name, numbers, called_W, called_S, f64_binary, f32_binary, convert_S, convert_W",
        ".purgem \\name",
        ".endr",
        ".endif",
        ".irp name, quick, quick_to, quick_shift, quick_shift_by_a, divide, unary, unary_to, unary_of",
        ".purgem \\name",
        ".endr",
        ".irp name, inside, beyond, address_A1, address_AX1, address_S2, address_S3, quick_load, quick_load_to, beyond_A1, beyond_AX1, beyond_S2",
        ".purgem \\name",
        ".endr",
        ".irp name, load_pair, quick_store, short_store_a, store_pair",
        ".purgem \\name",
        ".endr",
        PC = const offset_of!(Context, pc),
        FP = const offset_of!(Context, fp),
        FUNC = const offset_of!(Context, func),
        INSTANCE = const offset_of!(Context, instance),
        STACK_END = const offset_of!(Context, stack_end),
        METER = const offset_of!(Context, meter),
        RUNTIME = const offset_of!(Context, runtime),
        MEMORY = const offset_of!(Context, memory),
        FUNCS = const offset_of!(ExecInstance, funcs),
        IMPORTS = const offset_of!(ExecInstance, imports),
        GLOBALS = const offset_of!(ExecInstance, globals),
        PARAMS = const offset_of!(FastFunc, layout.params),
        LOCALS = const offset_of!(FastFunc, layout.locals),
        FRAME = const offset_of!(FastFunc, layout.frame),
        CODE_OFFSET = const offset_of!(FastFunc, code),
        PAD = const (HEADER + BOUNDARY) * 4,
        ARGS = const offset::ARGS,
        SWITCHED = const SWITCHED,
        RUNNING = const crate::meter::RUNNING,
        SAMPLING = const cfg!(feature = "sampling") as u32,
        FUEL = const cfg!(feature = "fuel") as u32,
        TRACE = const cfg!(any(feature = "trace", feature = "exceptions")) as u32,
        stopped = sym stopped,
        access = sym access,
        cross = sym cross,
        leave = sym leave,
        numeric_op = sym numeric_op,
        FLOAT = const cfg!(feature = "float") as u32,
        FPU = const cfg!(fpu) as u32,
        dadd = sym soft::__aeabi_dadd,
        dsub = sym soft::__aeabi_dsub,
        dmul = sym soft::__aeabi_dmul,
        ddiv = sym soft::__aeabi_ddiv,
        fadd = sym soft::__aeabi_fadd,
        fsub = sym soft::__aeabi_fsub,
        fmul = sym soft::__aeabi_fmul,
        fdiv = sym soft::__aeabi_fdiv,
        i2f = sym soft::__aeabi_i2f,
        ui2f = sym soft::__aeabi_ui2f,
        i2d = sym soft::__aeabi_i2d,
        ui2d = sym soft::__aeabi_ui2d,
        d2f = sym soft::__aeabi_d2f,
        d2iz = sym soft::__aeabi_d2iz,
        f2iz = sym soft::__aeabi_f2iz,
    )
}
