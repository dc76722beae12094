//! The loop of classic mode in Thumb-2 instructions, for Armv7-M and Armv8-M Mainline.
//!
//! ```text
//! r4  next byte of code (pc)              r9  number of narrow locals
//! r5  stack slot of the topmost operand   r10 next entry of the side table (stp)
//! r6  the topmost operand                 r11 the context
//! r7  frame (fp)                          lr  limit of the fast path of loads and stores
//! r8  first byte of memory 0              r12 the table of handlers
//! r0-r3 scratch; r0 has the opcode at the start of a handler
//! ```
//!
//! A handler ends with `next` (two machine instructions) or, where it is rare or long, with a
//! branch to a `next`. Handlers call functions by the AAPCS: host functions, [`Context::runtime`],
//! [`access`], and numeric instructions that have no handler. After a call, r8, r12 and lr have to
//! be read again: `b 10b` does that, and `b 20b` reads all registers from the context.
//!
//! Machine instructions of common handlers, with dispatch: `local.get` 7, `i32.add` 4, `i32.const`
//! 7, `i32.load` 10, `br_if` not taken 9. Linkers write indices and addresses that they fill in
//! with five bytes, so that form has a path of its own.
//!
//! Depends on [`crate::thumb_calls`] for the layout of records. Relies on the rules at the head of
//! [`super`].

mod control;
mod memory;
mod wide;

use super::{access, big_branch, call_before, find_group};
use crate::frame::{ClassicFunc, Context, SWITCHED};
use crate::instance::{offset, ExecInstance};
use crate::numeric;
use crate::thumb_calls::{cross, leave, stopped};
use core::mem::offset_of;

// A pair of fields that `ldrd` reads; `thumb_calls` checks those that both loops rely on.
const _: () = assert!(offset_of!(Context, stp) == offset_of!(Context, fp) + 4);

/// Executes a numeric instruction. Returns the new top in the low half, and the number of a trap or
/// 0 in the high half.
///
/// # Safety
/// VALID and OPERANDS: the loop passes the opcode of a numeric instruction whose operands lie below
/// `top`.
unsafe extern "C" fn execute_numeric(code: u32, top: *mut u32) -> u64 {
    // SAFETY: the contract of this function. HEIGHT: the frame has the slots of the result.
    let (top, code) = unsafe { numeric::execute(code as u16, top) };
    top.addr() as u64 | (code as u64) << 32
}

/// The slot of a local in a function whose map of locals has groups, with bit 15 set when the local
/// has two slots.
///
/// # Safety
/// VALID: the loop passes the index of a local of such a function.
unsafe extern "C" fn grouped_local(func: &ClassicFunc, index: u32) -> u32 {
    // SAFETY: the contract of this function.
    let (slot, wide) = unsafe { find_group(func.side_table, index) };
    slot as u32 | (wide as u32) << 15
}

/// Whether the CPU has instructions on f32. A hard-float ABI says so.
const FPU: bool = cfg!(target_abi = "eabihf");

/// The routines for floats of the platform's ABI, which the compiler's library has, or libgcc where
/// that comes first for the linker. Their operands and results are in r0 to r3 on every target;
/// they preserve what the AAPCS says. The asm block refers to those that its handlers call.
mod soft {
    macro_rules! routines {
        ($($name:ident)*) => { extern "C" { $(pub(super) fn $name();)* } };
    }
    routines! {
        __aeabi_dadd __aeabi_dsub __aeabi_dmul __aeabi_ddiv __aeabi_fadd __aeabi_fsub __aeabi_fmul
        __aeabi_fdiv __aeabi_i2f __aeabi_ui2f __aeabi_i2d __aeabi_ui2d __aeabi_d2f
    }
}

/// Runs until the call by the host returns or traps, or until another mode's loop has to continue.
/// Returns 0, the number of a trap, or [`crate::frame::OTHER_MODE`]. After a trap,
/// `context.pc` is at the instruction that trapped.
///
/// # Safety
/// The context is complete and describes a function of a live instance that [`crate::call`] or
/// [`Context::enter`] has entered; the rules at the head of [`super`] hold for the instance's code.
// SAFETY: the handlers access what the rules at the head of `super` establish: operands and locals
// of the running frame (OPERANDS, HEIGHT, FRAME), the next entry of the side table (ENTRIES),
// immediates (VALID), and the records that the instance points at (SPACES, RECORDS). They access
// linear memory below `fast_limit` only, from where eight bytes are in bounds.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn run(context: &mut Context) -> u32 {
    core::arch::naked_asm!(
        ".if {FPU}",
        ".fpu fpv4-sp-d16",
        ".endif",
        ".macro next",
        "    ldrb r0, [r4], #1",
        "    ldr pc, [r12, r0, lsl #2]",
        ".endm",
        // Checks the meter. Preserves r1 and r2, clobbers r0 and r3.
        ".macro meter",
        "    ldr r0, [r11, #{METER}]",
        ".if {FUEL}",
        "    ldr r3, [r0]",
        "    cmp r3, #0",
        "    bne 91f",
        "    ldr r3, [r0, #4]",
        "    subs r3, #1",
        "    blo 91f",
        "    str r3, [r0, #4]",
        ".else",
        "    ldr r0, [r0]",
        "    cmp r0, #0",
        "    bne 91f",
        ".endif",
        "    92:",
        ".endm",
        // The slow path of a `meter`; continues at \\stop with the number of a trap in r0.
        ".macro meter_stop stop",
        "    91:",
        "    push {{r1, r2, r12, lr}}",
        "    ldr r0, [r11, #{METER}]",
        "    bl {stopped}",
        "    pop {{r1, r2, r12, lr}}",
        "    cmp r0, #0",
        "    beq 92b",
        "    b \\stop",
        ".endm",
        // Reads the rest of an unsigned integer whose first byte is in r1 into r1. Clobbers r3.
        ".macro rest",
        "    and r1, r1, #0x7f",
        "    ldrb r3, [r4], #1",
        "    bfi r1, r3, #7, #7",
        "    lsls r3, r3, #25",
        "    bcc 9f",
        "    ldrb r3, [r4], #1",
        "    bfi r1, r3, #14, #7",
        "    lsls r3, r3, #25",
        "    bcc 9f",
        "    ldrb r3, [r4], #1",
        "    bfi r1, r3, #21, #7",
        "    lsls r3, r3, #25",
        "    bcc 9f",
        "    ldrb r3, [r4], #1",
        "    bfi r1, r3, #28, #4",
        "    9:",
        ".endm",
        // Reads an index into r1. Clobbers r2, r3.
        ".macro index",
        "    ldrb r1, [r4], #1",
        "    lsls r2, r1, #25",
        "    bcc 9f",
        // An index below 128 in five bytes has four more: 80 80 80 00.
        "    ldr r3, [r4]",
        "    eor r3, r3, #0x80808080",
        "    cmp r3, #0x80000000",
        "    bne 8f",
        "    lsrs r1, r2, #25",
        "    adds r4, #4",
        "    9:",
        ".endm",
        // The slow path of an `index`.
        ".macro index_rest",
        "    8:",
        "    bl 36b",
        "    ldr r3, [r11, #{MEMORY}]",
        "    ldr lr, [r3, #4]",
        "    b 9b",
        ".endm",

        "    push {{r4-r11, lr}}",
        "    sub sp, #4",
        "    mov r11, r0",
        // Reads all registers from the context.
        "20:",
        "    ldrd r4, r5, [r11, #{PC}]",
        "    ldrd r7, r10, [r11, #{FP}]",
        "    ldr r6, [r5]",
        "    ldr r0, [r11, #{FUNC}]",
        "    ldrb r9, [r0, #{NARROW}]",
        // Reads again what a call may change or clobber.
        "10:",
        "    ldr r0, [r11, #{MEMORY}]",
        "    ldrd r8, lr, [r0]",
        "    adr r12, 31f",
        "30:",
        "    next",
        ".balign 4",
        "31:",
        ".macro to label:vararg",
        "    .irp l, \\label",
        "    .word \\l + 1",
        "    .endr",
        ".endm",
        // The same of handlers for floats.
        ".macro to_float label:vararg",
        "    .irp l, \\label",
        "    .if {FLOAT}",
        "    .word \\l + 1",
        "    .else",
        "    .word 60f + 1",
        "    .endif",
        "    .endr",
        ".endm",
        // 00: unreachable nop block loop if else; 0b end br br_if br_table return
        "    to 100f, 30b, 101f, 101f, 102f, 103f, 40f, 40f, 40f, 40f, 40f, 104f, 103f, 105f, 106f, 107f",
        // 10: call call_indirect return_call return_call_indirect; 1a drop select select
        "    to 108f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 109f, 110f, 111f, 40f, 40f, 40f",
        // 20: local.get set tee, global.get set, table.get set; 28 loads
        "    to 112f, 113f, 114f, 115f, 116f, 40f, 40f, 40f, 120f, 121f, 120f, 121f, 122f, 123f, 124f, 125f",
        // 30: loads of i64, stores, memory.size
        "    to 200f, 201f, 202f, 203f, 204f, 205f, 126f, 127f, 126f, 127f, 128f, 129f, 206f, 207f, 208f, 40f",
        // 40: memory.grow, constants, comparisons of i32
        "    to 40f, 130f, 131f, 132f, 133f, 140f, 141f, 142f, 143f, 144f, 145f, 146f, 147f, 148f, 149f, 150f",
        // 50: comparisons of i64, f32
        "    to 210f, 211f, 212f, 213f, 214f, 215f, 216f, 217f, 218f, 219f, 220f",
        "    to_float 230f, 231f, 232f, 233f, 234f",
        // 60: comparisons of f32, f64; 67 clz ctz popcnt add sub mul div_s div_u rem_s
        "    to_float 235f, 240f, 241f, 242f, 243f, 244f, 245f",
        "    to 151f, 152f, 60f, 153f, 154f, 155f, 156f, 157f, 158f",
        // 70: rem_u and or xor shl shr_s shr_u rotl rotr; 79 i64 clz ctz popcnt add sub mul div_s
        "    to 159f, 160f, 161f, 162f, 163f, 164f, 165f, 166f, 167f, 60f, 60f, 60f, 168f, 169f, 221f, 60f",
        // 80: i64 div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr
        "    to 60f, 60f, 60f, 170f, 171f, 172f, 222f, 223f, 224f, 225f, 226f",
        // 8b: f32 abs neg …, 92 add sub mul div, 99 f64 abs neg …
        "    to_float 250f, 251f, 60f, 60f, 60f",
        "    to_float 60f, 60f, 252f, 253f, 254f, 255f, 60f, 60f, 60f, 250f, 251f, 60f, 60f, 60f, 60f, 60f",
        // a0: f64 add sub mul div, a7 wrap, ac extend_s, ad extend_u
        "    to_float 256f, 257f, 258f, 259f, 60f, 60f, 60f",
        "    to 173f, 60f, 60f, 60f, 60f, 174f, 175f, 60f, 60f",
        // b0: b2 f32 convert i32, b6 demote, b7 f64 convert i32, bc reinterpretations
        "    to_float 60f, 60f, 260f, 261f, 60f, 60f, 262f, 263f, 264f, 60f, 60f, 60f, 30b, 30b, 30b, 30b",
        // c0: extend8_s extend16_s, i64 extends
        "    to 176f, 177f, 227f, 228f, 229f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f",
        "    to 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f",
        "    to 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f",
        "    to 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f, 40f",

        // --- variables (spec: 4.4.5) ---
        // Sets r1 to the address of the local whose index starts with the byte in r1, and the carry
        // if the local has two slots. Clobbers r0 and r2; `mapped_rest` has the rare cases.
        ".macro mapped",
        "    lsls r2, r1, #25",
        "    bcs 3f",
        "    ldr r0, [r11, #{FUNC}]",
        "    ldrb r2, [r0, #{GROUPED}]",
        "    cbnz r2, 3f",
        "    ldr r0, [r0, #{SIDE_TABLE}]",
        "    sub r0, r0, r1, lsl #1",
        "    ldrh r1, [r0, #-2]",
        "    lsls r1, r1, #17",
        "    add r1, r7, r1, lsr #15",
        "    4:",
        ".endm",
        ".macro mapped_rest",
        "    3:",
        "    bl 35f",
        "    ldr r0, [r11, #{MEMORY}]",
        "    ldr lr, [r0, #4]",
        "    b 4b",
        ".endm",
        // local.get
        "112:",
        "    ldrb r1, [r4], #1",
        "    cmp r1, r9",
        "    bhs 1f",
        "    str r6, [r5], #4",
        "    ldr r6, [r7, r1, lsl #2]",
        "    next",
        "1:  mapped",
        "    str r6, [r5], #4",
        "    bcs 2f",
        "    ldr r6, [r1]",
        "    next",
        "2:  ldrd r0, r6, [r1]",
        "    str r0, [r5], #4",
        "    next",
        "    mapped_rest",
        // local.set
        "113:",
        "    ldrb r1, [r4], #1",
        "    cmp r1, r9",
        "    bhs 1f",
        "    str r6, [r7, r1, lsl #2]",
        "    ldr r6, [r5, #-4]!",
        "    next",
        "1:  mapped",
        "    bcc 2f",
        "    str r6, [r1, #4]",
        "    ldr r6, [r5, #-4]!",
        "2:  str r6, [r1]",
        "    ldr r6, [r5, #-4]!",
        "    next",
        "    mapped_rest",
        // local.tee
        "114:",
        "    ldrb r1, [r4], #1",
        "    cmp r1, r9",
        "    bhs 1f",
        "    str r6, [r7, r1, lsl #2]",
        "    next",
        "1:  mapped",
        "    bcc 2f",
        "    str r6, [r1, #4]",
        "    ldr r2, [r5, #-4]",
        "    str r2, [r1]",
        "    next",
        "2:  str r6, [r1]",
        "    next",
        "    mapped_rest",
        // Sets r1 to the address of the local whose index starts with the byte in r1, and the carry
        // if the local has two slots.
        "35:",
        "    lsls r2, r1, #25",
        "    bcc 1f",
        "    rest",
        "1:  ldr r0, [r11, #{FUNC}]",
        "    ldrb r2, [r0, #{GROUPED}]",
        "    cbnz r2, 2f",
        "    ldr r0, [r0, #{SIDE_TABLE}]",
        "    sub r0, r0, r1, lsl #1",
        "    ldrh r1, [r0, #-2]",
        "    b 3f",
        "2:  push {{r12, lr}}",
        "    bl {grouped_local}",
        "    pop {{r12, lr}}",
        "    mov r1, r0",
        "3:  lsls r1, r1, #17",
        "    add r1, r7, r1, lsr #15",
        "    bx lr",
        // The rest of an index.
        "36: rest",
        "    bx lr",
        // global.get
        "115:",
        "    index",
        "    ldr r0, [r11, #{INSTANCE}]",
        "    ldr r0, [r0, #{GLOBALS}]",
        "    ldr r0, [r0, r1, lsl #2]",
        "    str r6, [r5], #4",
        "    lsrs r1, r0, #1",
        "    bcs 2f",
        "    ldr r6, [r0]",
        "    next",
        "2:  ldr r1, [r0, #-1]",
        "    str r1, [r5], #4",
        "    ldr r6, [r0, #3]",
        "    b 30b",
        "    index_rest",
        // global.set
        "116:",
        "    index",
        "    ldr r0, [r11, #{INSTANCE}]",
        "    ldr r0, [r0, #{GLOBALS}]",
        "    ldr r0, [r0, r1, lsl #2]",
        "    lsrs r1, r0, #1",
        "    bcc 2f",
        "    str r6, [r0, #3]",
        "    ldr r6, [r5, #-4]!",
        "    subs r0, #1",
        "2:  str r6, [r0]",
        "    ldr r6, [r5, #-4]!",
        "    next",
        "    index_rest",

        control::control_handlers!(),
        memory::memory_handlers!(),
        // --- parametric (spec: 4.4.3) ---
        // Continues at \wide when the next entry marks this instruction as one on two slots.
        ".macro if_wide wide",
        "    ldrh r1, [r10]",
        "    cmp r1, #0x8000",
        "    bne 5f",
        "    ldr r1, [r10, #2]",
        "    cmp r1, r4",
        "    beq \\wide",
        "    5:",
        ".endm",
        // drop
        "109:",
        "    if_wide 1f",
        "    ldr r6, [r5, #-4]!",
        "    b 30b",
        "1:  add r10, #6",
        "    ldr r6, [r5, #-8]!",
        "    b 30b",
        // select
        "110:",
        "    if_wide 2f",
        "1:  ldr r2, [r5, #-4]",
        "    ldr r1, [r5, #-8]!",
        "    cmp r6, #0",
        "    ite eq",
        "    moveq r6, r2",
        "    movne r6, r1",
        "    next",
        "2:  add r10, #6",
        "3:  ldrd r1, r2, [r5, #-8]",
        "    ldr r3, [r5, #-12]",
        "    cmp r6, #0",
        "    itte eq",
        "    streq r1, [r5, #-16]",
        "    moveq r6, r2",
        "    movne r6, r3",
        "    subs r5, #12",
        "    b 30b",
        // select with one type
        "111:",
        "    ldrsb r1, [r4], #1",
        "    cmp r1, #0",
        "    blt 111b",
        "    ldrb r1, [r4], #1",
        "    cmp r1, #0x7e",
        "    it ne",
        "    cmpne r1, #0x7c",
        "    beq 3b",
        "    b 1b",

        // --- constants (spec: 4.4.1) ---
        // i32.const
        "130:",
        "    ldrb r1, [r4], #1",
        "    lsls r1, r1, #25",
        "    bcs 1f",
        "    str r6, [r5], #4",
        "    asrs r6, r1, #25",
        "    next",
        // Two to five bytes, whose bits are collected in r0.
        "1:  str r6, [r5], #4",
        "    lsrs r0, r1, #25",
        ".macro more at, sign",
        "    ldrb r1, [r4], #1",
        "    bfi r0, r1, #\\at, #7",
        "    lsls r1, r1, #25",
        "    bcs 2f",
        "    sbfx r6, r0, #0, #\\sign",
        "    next",
        "    2:",
        ".endm",
        "    more 7, 14",
        "    more 14, 21",
        "    more 21, 28",
        "    ldrb r1, [r4], #1",
        "    orr r6, r0, r1, lsl #28",
        "    next",
        // i64.const
        "131:",
        "    str r6, [r5], #4",
        "    ldrb r1, [r4], #1",
        "    lsls r1, r1, #25",
        "    bcs 1f",
        "    asrs r1, r1, #25",
        "4:  asrs r6, r1, #31",
        "5:  str r1, [r5], #4",
        "    next",
        // Up to ten bytes: the lower half is collected in r0, the upper one in r2. The last byte
        // of a half says where the sign is.
        "1:  lsrs r0, r1, #25",
        ".macro more_low at, sign",
        "    ldrb r1, [r4], #1",
        "    bfi r0, r1, #\\at, #7",
        "    lsls r1, r1, #25",
        "    bcs 2f",
        "    sbfx r1, r0, #0, #\\sign",
        "    b 4b",
        "    2:",
        ".endm",
        "    more_low 7, 14",
        "    more_low 14, 21",
        "    more_low 21, 28",
        // The fifth byte belongs to both halves.
        "    ldrb r3, [r4], #1",
        "    bfi r0, r3, #28, #4",
        "    ubfx r2, r3, #4, #3",
        "    lsls r3, r3, #25",
        "    mov r1, r0",
        "    bcs 2f",
        "    sbfx r6, r2, #0, #3",
        "    b 5b",
        "    2:",
        ".macro more_high at, sign",
        "    ldrb r3, [r4], #1",
        "    bfi r2, r3, #\\at, #7",
        "    lsls r3, r3, #25",
        "    bcs 2f",
        "    sbfx r6, r2, #0, #\\sign",
        "    b 5b",
        "    2:",
        ".endm",
        "    more_high 3, 10",
        "    more_high 10, 17",
        "    more_high 17, 24",
        "    more_high 24, 31",
        // The tenth byte has the last bit.
        "    ldrb r3, [r4], #1",
        "    orr r6, r2, r3, lsl #31",
        "    b 5b",
        // f32.const
        "132:",
        "    str r6, [r5], #4",
        "    ldr r6, [r4], #4",
        "    b 30b",
        // f64.const
        "133:",
        "    str r6, [r5], #4",
        "    ldr r1, [r4], #4",
        "    str r1, [r5], #4",
        "    ldr r6, [r4], #4",
        "    b 30b",

        // --- i32 (spec: 4.3.2) ---
        ".macro flag condition",
        "    ldr r1, [r5, #-4]!",
        "    cmp r1, r6",
        "    mov r6, #0",
        "    it \\condition",
        "    mov\\condition r6, #1",
        "    next",
        ".endm",
        "140:",
        "    clz r6, r6",
        "    lsrs r6, r6, #5",
        "    next",
        "141:",
        "    ldr r1, [r5, #-4]!",
        "    subs r6, r1, r6",
        "    clz r6, r6",
        "    lsrs r6, r6, #5",
        "    next",
        "142:",
        "    ldr r1, [r5, #-4]!",
        "    subs r6, r1, r6",
        "    it ne",
        "    movne r6, #1",
        "    next",
        "143: flag lt",
        "144: flag lo",
        "145: flag gt",
        "146: flag hi",
        "147: flag le",
        "148: flag ls",
        "149: flag ge",
        "150: flag hs",
        "151:",
        "    clz r6, r6",
        "    b 30b",
        "152:",
        "    rbit r6, r6",
        "    clz r6, r6",
        "    b 30b",
        ".macro binary instruction:vararg",
        "    ldr r1, [r5, #-4]!",
        "    \\instruction",
        "    next",
        ".endm",
        "153: binary adds r6, r1, r6",
        "154: binary subs r6, r1, r6",
        "155: binary muls r6, r1, r6",
        // Handler 60 executes divisions by 0 and -1.
        ".macro divisor",
        "    adds r1, r6, #1",
        "    cmp r1, #1",
        "    bls 60f",
        "    ldr r1, [r5, #-4]!",
        ".endm",
        "156:",
        "    divisor",
        "    sdiv r6, r1, r6",
        "    b 30b",
        "157:",
        "    divisor",
        "    udiv r6, r1, r6",
        "    b 30b",
        "158:",
        "    divisor",
        "    sdiv r2, r1, r6",
        "    mls r6, r2, r6, r1",
        "    b 30b",
        "159:",
        "    divisor",
        "    udiv r2, r1, r6",
        "    mls r6, r2, r6, r1",
        "    b 30b",
        "160: binary ands r6, r1, r6",
        "161: binary orrs r6, r1, r6",
        "162: binary eors r6, r1, r6",
        // WebAssembly shifts by the distance modulo 32. The machine instructions for shifts do not,
        // that for rotations does.
        "163:",
        "    and r6, r6, #31",
        "    binary lsl r6, r1, r6",
        "164:",
        "    and r6, r6, #31",
        "    binary asr r6, r1, r6",
        "165:",
        "    and r6, r6, #31",
        "    binary lsr r6, r1, r6",
        "166:",
        "    negs r6, r6",
        "    binary ror r6, r1, r6",
        "167: binary ror r6, r1, r6",
        "176:",
        "    sxtb r6, r6",
        "    b 30b",
        "177:",
        "    sxth r6, r6",
        "    b 30b",

        // --- i64, floats (spec: 4.3.2, 4.3.3) ---
        wide::i64_handlers!(),
        wide::float_handlers!(),

        // --- instructions without a handler ---
        // Numeric instructions.
        "60:",
        "    str r6, [r5]",
        "    adds r1, r5, #4",
        "    bl {execute_numeric}",
        "    cbnz r1, 1f",
        "    subs r5, r0, #4",
        "    ldr r6, [r5]",
        "    b 10b",
        "1:  mov r0, r1",
        "    b 80f",
        // Runtime instructions.
        "40:",
        "    str r6, [r5]",
        "    strd r4, r5, [r11, #{PC}]",
        "    strd r7, r10, [r11, #{FP}]",
        "    mov r1, r0",
        "    mov r0, r11",
        "    ldr r2, [r11, #{RUNTIME}]",
        "    blx r2",
        "    cmp r0, #0",
        "    beq 20b",
        "    cmp r0, #{SWITCHED}",
        "    beq 20b",
        // To the loop of another mode.
        "    bhi 85f",
        // The trap r0 of the instruction whose opcode ends at r4.
        "80:",
        "    subs r1, r4, #1",
        "81:",
        "    str r1, [r11, #{PC}]",
        ".if {TRACE}",
        "    str r7, [r11, #{FP}]",
        ".endif",
        "85:",
        "    add sp, #4",
        "    pop {{r4-r11, pc}}",
        ".purgem next",
        ".purgem rest",
        ".purgem index",
        ".purgem index_rest",
        ".purgem meter",
        ".purgem meter_stop",
        ".purgem to",
        ".purgem address",
        ".purgem load",
        ".purgem store",
        ".purgem more",
        ".purgem more_low",
        ".purgem more_high",
        ".purgem if_wide",
        ".purgem flag",
        ".purgem binary",
        ".purgem divisor",
        ".purgem wide",
        ".purgem mapped",
        ".purgem mapped_rest",
        ".purgem to_float",
        ".purgem load_wide",
        ".purgem store_wide",
        ".purgem halves",
        ".purgem wide_equal",
        ".purgem wide_flag",
        ".purgem wide_flag_exchanged",
        ".purgem wide_result",
        ".purgem wide_next",
        ".if {FLOAT}",
        ".purgem relation",
        ".purgem single",
        ".purgem double",
        ".purgem to_single",
        ".endif",
        PC = const offset_of!(Context, pc),
        FP = const offset_of!(Context, fp),
        FUNC = const offset_of!(Context, func),
        INSTANCE = const offset_of!(Context, instance),
        STACK_END = const offset_of!(Context, stack_end),
        METER = const offset_of!(Context, meter),
        RUNTIME = const offset_of!(Context, runtime),
        FUNCS = const offset_of!(ExecInstance, funcs),
        IMPORTS = const offset_of!(ExecInstance, imports),
        IMPORT_COUNT = const offset_of!(ExecInstance, import_count),
        GLOBALS = const offset_of!(ExecInstance, globals),
        MEMORY = const offset_of!(Context, memory),
        CODE = const offset_of!(ClassicFunc, code),
        END = const offset_of!(ClassicFunc, end),
        SIDE_TABLE = const offset_of!(ClassicFunc, side_table),
        PARAMS = const offset_of!(ClassicFunc, layout.params),
        LOCALS = const offset_of!(ClassicFunc, layout.locals),
        RESULTS = const offset_of!(ClassicFunc, layout.results),
        FRAME = const offset_of!(ClassicFunc, layout.frame),
        NARROW = const offset_of!(ClassicFunc, narrow),
        GROUPED = const offset_of!(ClassicFunc, grouped),
        FUNC_SIZE = const size_of::<ClassicFunc>(),
        ARGS = const offset::ARGS,
        CHANGE = const offset::CHANGE,
        SWITCHED = const SWITCHED,
        FUEL = const cfg!(feature = "fuel") as u32,
        TRACE = const cfg!(feature = "trace") as u32,
        FLOAT = const cfg!(feature = "float") as u32,
        FPU = const FPU as u32,
        stopped = sym stopped,
        big_branch = sym big_branch,
        access = sym access,
        cross = sym cross,
        leave = sym leave,
        call_before = sym call_before,
        grouped_local = sym grouped_local,
        execute_numeric = sym execute_numeric,
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
    )
}
