//! The loop of fast mode in Thumb-2 instructions (Armv7-M and Armv8-M Mainline).
//!
//! ```text
//! r4  the code of the running operation (pc)      r9  the meter
//! r5  limit of the fast path of loads and stores  r10 the running function
//! r6  the accumulator                             r11 the context
//! r7  frame (fp)                                  lr  the running instance
//! r8  first byte of memory 0                      r12 the table of handlers
//! r0-r3 scratch
//! ```
//!
//! A handler ends with `next`, or with its two instructions further apart: `fetch` moves on and reads the code of the next operation, `jump` goes to its
//! handler. Until `fetch` r4 is where a trap says that it happened. What is executed elsewhere (host functions, `Context::slow`, [`access`], `num`)
//! is called as AAPCS says, after which r12 and lr have to be read anew, and r5 and r8 where memory may have moved. The context has the function, pc and
//! frame of whatever ran when the loop was left last: `save` and `.Lfast_trap` bring it up to date.
//! Instructions of the common operations, dispatch included: `get` 4, `i32.add` 5 to 9, `i32.load` 8 to 12, `br_if` not taken 4 to 8 and taken 6 to 10.

use super::{memory_op, num, RegOp};
use crate::frame::{Boundary, Context, Header, RegFunc, HEADER, SWITCHED};
use crate::instance::{offset, Import, Instance};
use crate::memory::{self, Memory};
use crate::{register_ops, Meter};
use core::mem::offset_of;

// What the instructions below rely on.
const _: () = {
    assert!(offset_of!(Context, sp) == offset_of!(Context, pc) + 4);
    assert!(offset_of!(Context, fp) == offset_of!(Context, pc) + 8);
    assert!(offset_of!(Memory, base) == 0 && offset_of!(Memory, fast_limit) == 4);
    assert!(offset_of!(Header, func) == 0 && offset_of!(Header, pc) == 4 && offset_of!(Header, fp) == 8);
    // Locals are made 0 four at a time: up to three slots too many, which the header is written over.
    assert!(HEADER == 4 && offset_of!(Boundary, instance) == 0);
    assert!(size_of::<RegFunc>() == 16 && offset_of!(RegFunc, shape) == 0);
    assert!(size_of::<Import>() == 16 && offset_of!(Import, call) == 0);
    assert!(crate::meter::INTERRUPT == 0);
};

/// Calls a function of another instance.
unsafe extern "C" fn cross(context: &mut Context, import: &Import) -> u32 {
    // SAFETY: the loop passes an import without `call`, with its arguments on the stack.
    unsafe { context.cross(import) }
}

/// Returns to another instance.
unsafe extern "C" fn leave(context: &mut Context) -> u32 {
    // SAFETY: the loop asks for this in a frame with a boundary.
    unsafe { context.leave() }
}

/// Whether the meter lets code go on, when its first look said no: 0, or the number of a trap.
unsafe extern "C" fn stopped(meter: &Meter) -> u32 {
    if meter.pass() {
        0
    } else {
        meter.reason() as u32
    }
}

/// Executes `Memory`, or a load or store that is not plainly inside of memory 0, with all its checks. Gives the next operation, or null, in the low half; in the
/// high half the accumulator, or the number of a trap.
#[cold]
unsafe extern "C" fn access(context: &mut Context, fp: *mut u32, pc: *const u8, a: u32) -> u64 {
    let pair = |next: *const u8, value: u32| next.addr() as u64 | (value as u64) << 32;
    // SAFETY: the loop passes an operation that the translator made or that was verified: its operands are there, its slots inside of the frame.
    unsafe {
        if *pc == RegOp::Memory as u8 {
            return match memory_op(context, fp, pc.add(1)) {
                Ok(next) => pair(next, a),
                Err(trap) => pair(core::ptr::null(), trap),
            };
        }
        let (code, form) = form(*pc);
        let mut at = pc.add(1);
        let mut slot = || {
            let slot = fp.add(*at as usize);
            at = at.add(1);
            slot
        };
        // Address and value as on the stack that `memory::access` works on; where they are not in slots they are in the accumulator.
        let mut operands = [a; 3];
        let is_wide = matches!(code, I64_LOAD | I64_STORE);
        if form & ADDRESS != 0 {
            operands[0] = *slot();
        }
        let mut top = 1;
        if form & STORE != 0 {
            top = 2;
            if form & VALUE != 0 {
                let value = slot();
                operands[1] = *value;
                if is_wide {
                    operands[2] = *value.add(1);
                    top = 3;
                }
            }
        }
        let offset = if form & LONG != 0 { at.cast::<u32>().read_unaligned() } else { *at as u32 };
        at = at.add(if form & LONG != 0 { 4 } else { 1 });
        if let Err(trap) = memory::access(code, &*context.memory, offset, operands.as_mut_ptr().add(top)) {
            return pair(core::ptr::null(), trap as u32);
        }
        if form & TO != 0 {
            let to = fp.add(*at as usize);
            at = at.add(1);
            *to = operands[0];
            if is_wide {
                *to.add(1) = operands[1];
            }
        }
        pair(at, if form & STORE != 0 || is_wide { a } else { operands[0] })
    }
}

/// The address is in a slot.
const ADDRESS: u8 = 1;
/// The value to store is in a slot.
const VALUE: u8 = 2;
/// The offset has four bytes.
const LONG: u8 = 4;
/// The value goes to a slot.
const TO: u8 = 8;
const STORE: u8 = 16;

const I64_LOAD: u8 = 0x29;
const I64_STORE: u8 = 0x37;

/// The code of WebAssembly for a load or store, and where its operands are.
fn form(code: u8) -> (u8, u8) {
    const LOADS: [u8; 5] = [0x28, 0x2c, 0x2d, 0x2e, 0x2f];
    const STORES: [u8; 3] = [0x36, 0x3a, 0x3b];
    const LOAD_FORMS: [u8; 5] = [0, TO, ADDRESS, ADDRESS | TO, LONG];
    const STORE_FORMS: [u8; 4] = [STORE | ADDRESS, STORE | VALUE, STORE | ADDRESS | VALUE, STORE | ADDRESS | LONG];
    let row = |first: RegOp, rows: u8| (((code - first as u8) / rows) as usize, ((code - first as u8) % rows) as usize);
    if code < RegOp::Load64A as u8 {
        let (form, width) = row(RegOp::Load32A, 5);
        (LOADS[width], *LOAD_FORMS.get(form).unwrap_or(&0))
    } else if code < RegOp::Store32SA as u8 {
        (I64_LOAD, if code == RegOp::Load64S as u8 { ADDRESS | TO } else { TO })
    } else if code < RegOp::Store64A as u8 {
        let (form, width) = row(RegOp::Store32SA, 3);
        (STORES[width], *STORE_FORMS.get(form).unwrap_or(&0))
    } else {
        (I64_STORE, if code == RegOp::Store64S as u8 { STORE | ADDRESS | VALUE } else { STORE | VALUE })
    }
}

/// Where each operation is executed, in the order of their codes. One without a handler is an error of the assembler.
macro_rules! handlers {
    ($($code:literal $name:ident $text:literal [$($kind:ident)*] $acc:ident;)*) => {
        concat!($("    .word .Lfast_", stringify!($name), " + 1\n"),*)
    };
}

/// Runs until the call by the host returns or traps, or another mode has to go on. Gives 0, the number of a trap, or [`crate::frame::OTHER_MODE`].
///
/// # Safety
/// The context is complete and describes a function that [`Context::enter`] has entered for the host, of an instance whose invariants hold.
pub(crate) unsafe fn run(context: &mut Context) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { enter(context) }
}

/// The loop. Gives 0, or the number of a trap with `context.pc` at its operation.
// SAFETY: each handler touches only what the head of `super` says that the translator or the verifier has established: slots of the running
// frame, operands in the code, records that the instance points at; linear memory is accessed below `fast_limit` only, which leaves room for eight bytes.
#[unsafe(naked)]
unsafe extern "C" fn enter(context: &mut Context) -> u32 {
    core::arch::naked_asm!(
        // Goes on to the operation n bytes further.
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
        // Goes on to the operation at r4.
        ".macro go",
        "    ldrb r0, [r4]",
        "    jump",
        ".endm",
        ".macro op name",
        "    .Lfast_\\name:",
        ".endm",
        // The slot that the operand at r4 + \at names.
        ".macro slot to, at",
        "    ldrb \\to, [r4, #\\at]",
        "    ldr \\to, [r7, \\to, lsl #2]",
        ".endm",
        // The address of the pair that the operand at r4 + \at names.
        ".macro pair to, at",
        "    ldrb \\to, [r4, #\\at]",
        "    add \\to, r7, \\to, lsl #2",
        ".endm",
        // What a call of Rust destroys.
        ".macro constants",
        "    ldr lr, [r11, #{INSTANCE}]",
        "    adr r12, .Lfast_handlers",
        ".endm",
        ".macro memory",
        "    ldr r0, [r11, #{MEMORY}]",
        "    ldrd r8, r5, [r0]",
        ".endm",
        // Writes to the context what Rust may look at, with pc and sp from these registers.
        ".macro save pc, sp",
        "    strd \\pc, \\sp, [r11, #{PC}]",
        "    str r7, [r11, #{FP}]",
        "    str r10, [r11, #{FUNC}]",
        ".endm",
        // Looks at the meter. Clobbers r0 and r1.
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
        // What follows a `meter`, out of the way.
        ".macro meter_stop",
        "    91:",
        "    mov r0, r9",
        "    bl {stopped}",
        "    cmp r0, #0",
        "    bne .Lfast_trap",
        "    constants",
        "    b 92b",
        ".endm",

        "    push {{r4-r11, lr}}",
        "    sub sp, #4",
        "    mov r11, r0",
        "    ldr r9, [r11, #{METER}]",
        // Reads everything from the context. A result that was just returned is in the topmost operand's home.
        ".Lfast_reload:",
        "    ldrd r4, r0, [r11, #{PC}]",
        "    ldr r7, [r11, #{FP}]",
        "    ldr r6, [r0]",
        "    ldr r10, [r11, #{FUNC}]",
        "    memory",
        "    constants",
        "    go",
        ".balign 4",
        ".Lfast_handlers:",
        register_ops!(handlers),

        // --- calls and returns ---
        // Once the frame is there: code, function, frame as the caller's go to the header at fp + locals.
        "op Call",
        "    meter",
        "    ldrh r0, [r4, #1]",
        "    ldr r1, [lr, #{REG_FUNCS}]",
        "    add r1, r1, r0, lsl #4",
        "    ldrb r0, [r4, #3]",
        "    ldrh r3, [r1, #{PARAMS}]",
        "    ldr r2, [r1, #{FRAME}]",
        "    ldr r6, [r11, #{STACK_END}]",
        "    add r0, r7, r0, lsl #2",
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
        "    ldr r4, [lr, #{CODE}]",
        "    str r7, [r2, #8]",
        "    mov r7, r0",
        "    mov r10, r1",
        "    add r4, r6",
        "    go",
        "4:  movs r0, #10",
        "    b .Lfast_trap",
        // Locals that are not parameters.
        "5:  mov r12, #0",
        "6:  strd r12, r12, [r3], #8",
        "    strd r12, r12, [r3], #8",
        "    cmp r3, r2",
        "    blo 6b",
        "    adr r12, .Lfast_handlers",
        "    b 3b",
        "    meter_stop",
        "op Meter",
        "    meter",
        "    next 1",
        "    meter_stop",

        "op CallImport",
        "    ldrh r0, [r4, #1]",
        "    ldr r1, [lr, #{IMPORTS}]",
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
        "    constants",
        "    next 4",
        "1:  ldrsh r2, [r1, #{ARGS}]",
        "    subs r2, r6, r2",
        "    adds r3, r4, #4",
        "    save r3, r2",
        "    mov r0, r11",
        "    bl {cross}",
        "    b .Lfast_left",
        "2:  b .Lfast_trap",

        "op Slow",
        "    ldrh r1, [r4, #2]",
        "    add r1, r7, r1, lsl #2",
        "    subs r1, #4",
        "    adds r2, r4, #4",
        "    save r2, r1",
        "    ldrb r1, [r4, #1]",
        "    mov r0, r11",
        "    ldr r2, [r11, #{SLOW}]",
        "    blx r2",
        // Rust has said how to go on.
        ".Lfast_left:",
        "    cmp r0, #0",
        "    beq .Lfast_reload",
        "    cmp r0, #{SWITCHED}",
        "    beq .Lfast_reload",
        // To the loop of another mode.
        "    bhi .Lfast_exit",
        "    b .Lfast_trap",

        "op RetN",
        "    ldrh r1, [r4, #1]",
        "    ldrh r2, [r4, #3]",
        "    add r1, r7, r1, lsl #2",
        "    mov r3, r7",
        "    cbz r2, 2f",
        "1:  ldr r0, [r1], #4",
        "    str r0, [r3], #4",
        "    subs r2, #1",
        "    bne 1b",
        "2:  ldr r6, [r7]",
        "    b .Lfast_Ret",
        "op RetS",
        "    slot r6, 1",
        "op RetA",
        "    str r6, [r7]",
        "op Ret",
        "    ldrh r0, [r10, #{LOCALS}]",
        "    add r0, r7, r0, lsl #2",
        "    ldrd r1, r4, [r0]",
        "    cbz r4, 1f",
        "    ldr r7, [r0, #8]",
        "    mov r10, r1",
        "    go",
        // Through a boundary: to the host, or to another instance.
        "1:  ldr r0, [r0, #16]",
        "    cbz r0, .Lfast_exit",
        "    ldrh r0, [r10, #{RESULTS}]",
        "    add r0, r7, r0, lsl #2",
        "    subs r0, #4",
        "    save r4, r0",
        "    mov r0, r11",
        "    bl {leave}",
        "    cmp r0, #{SWITCHED}",
        "    beq .Lfast_reload",
        "    b .Lfast_exit",

        "op Unreachable",
        "    movs r0, #1",
        // A trap, r0, of the operation at r4.
        ".Lfast_trap:",
        "    str r4, [r11, #{PC}]",
        "    str r10, [r11, #{FUNC}]",
        ".Lfast_exit:",
        "    add sp, #4",
        "    pop {{r4-r11, pc}}",

        // --- what is executed elsewhere ---
        // Also any load or store that is not plainly inside of memory 0.
        "op Memory",
        "    mov r0, r11",
        "    mov r1, r7",
        "    mov r2, r4",
        "    mov r3, r6",
        "    bl {access}",
        "    constants",
        "    cbz r0, 1f",
        "    mov r4, r0",
        "    mov r6, r1",
        "    go",
        "1:  mov r0, r1",
        "    b .Lfast_trap",
        ".macro number n",
        "    mov r0, r7",
        "    adds r1, r4, #1",
        "    bl {num}",
        "    constants",
        "    cmp r0, #0",
        "    bne .Lfast_trap",
        "    next \\n",
        ".endm",
        "op Num1",
        "    number 4",
        "op Num2",
        "    number 5",

        // --- branches ---
        // The target of an operation whose operand for it is at r4 + \at.
        ".macro take at",
        "    ldrsh r1, [r4, #\\at]",
        "    ldrb r0, [r4, r1]",
        "    add r4, r1",
        "    jump",
        ".endm",
        // Comparisons for each form of operands; the accumulator is kept.
        ".macro compare_SS",
        "    ldrb r1, [r4, #1]",
        "    ldrb r2, [r4, #2]",
        "    ldr r1, [r7, r1, lsl #2]",
        "    ldr r2, [r7, r2, lsl #2]",
        "    cmp r1, r2",
        ".endm",
        ".macro compare_SK",
        "    ldrb r1, [r4, #1]",
        "    ldrsb r2, [r4, #2]",
        "    ldr r1, [r7, r1, lsl #2]",
        "    cmp r1, r2",
        ".endm",
        ".macro compare_AS",
        "    slot r1, 1",
        "    cmp r6, r1",
        ".endm",
        ".macro compare_AK",
        "    ldrsb r1, [r4, #1]",
        "    cmp r6, r1",
        ".endm",
        ".macro branch relation, condition, form, at",
        "    op Br\\relation\\form",
        "    compare_\\form",
        "    b\\condition .Lfast_take\\at",
        "    next \\at + 2",
        ".endm",
        ".macro flag relation, condition, form, at",
        "    op \\relation\\form",
        "    compare_\\form",
        "    b\\condition .Lfast_one",
        "    movs r6, #0",
        "    next 2",
        ".endm",
        // What has an operation for each relation.
        ".macro relations which, form, at",
        "    \\which Eq, eq, \\form, \\at",
        "    \\which Ne, ne, \\form, \\at",
        "    \\which LtS, lt, \\form, \\at",
        "    \\which LtU, lo, \\form, \\at",
        "    \\which GeS, ge, \\form, \\at",
        "    \\which GeU, hs, \\form, \\at",
        ".endm",
        ".macro more_relations which, form, at",
        "    \\which GtS, gt, \\form, \\at",
        "    \\which GtU, hi, \\form, \\at",
        "    \\which LeS, le, \\form, \\at",
        "    \\which LeU, ls, \\form, \\at",
        ".endm",
        "op BrNzA",
        "    cbnz r6, .Lfast_Br",
        "    next 3",
        "op BrZA",
        "    cbz r6, .Lfast_Br",
        "    next 3",
        "op Br",
        "    take 1",
        "op BrLong",
        "    ldr r1, [r4, #1]",
        "1:  ldrb r0, [r4, r1]",
        "    add r4, r1",
        "    jump",
        "op BrTable",
        "    ldrh r1, [r4, #1]",
        "    cmp r1, r6",
        "    it hi",
        "    movhi r1, r6",
        "    add r1, r4, r1, lsl #1",
        "    ldrsh r1, [r1, #3]",
        "    ldrb r0, [r4, r1]",
        "    add r4, r1",
        "    jump",
        "op BrTableLong",
        "    ldr r1, [r4, #1]",
        "    cmp r1, r6",
        "    it hi",
        "    movhi r1, r6",
        "    add r1, r4, r1, lsl #2",
        "    ldr r1, [r1, #5]",
        "    b 1b",
        "relations branch, SS, 3",
        ".Lfast_take3:",
        "    take 3",
        "relations branch, SK, 3",
        "op BrNzS",
        "    slot r1, 1",
        "    cbnz r1, .Lfast_take2",
        "    next 4",
        "op BrZS",
        "    slot r1, 1",
        "    cbz r1, .Lfast_take2",
        "    next 4",
        "relations branch, AK, 2",
        ".Lfast_take2:",
        "    take 2",
        "relations branch, AS, 2",
        "more_relations branch, AS, 2",

        // --- comparisons ---
        "relations flag, AK, 1",
        ".Lfast_one:",
        "    movs r6, #1",
        "    next 2",
        "relations flag, AS, 1",
        "more_relations flag, AS, 1",

        // --- moves ---
        "op Get",
        "    ldrb r1, [r4, #1]",
        "    fetch 2",
        "    ldr r6, [r7, r1, lsl #2]",
        "    jump",
        "op Set",
        "    ldrb r1, [r4, #1]",
        "    fetch 2",
        "    str r6, [r7, r1, lsl #2]",
        "    jump",
        "op Copy",
        "    ldrb r1, [r4, #1]",
        "    ldrb r2, [r4, #2]",
        "    ldr r1, [r7, r1, lsl #2]",
        "    fetch 3",
        "    str r1, [r7, r2, lsl #2]",
        "    jump",
        "op CopyW",
        "    pair r1, 1",
        "    ldrd r2, r3, [r1]",
        "    pair r1, 2",
        "    fetch 3",
        "    strd r2, r3, [r1]",
        "    jump",
        "op CopyIn",
        "    ldrsh r1, [r4, #1]",
        "    ldrb r2, [r4, #3]",
        "    ldr r1, [r7, r1, lsl #2]",
        "    fetch 4",
        "    str r1, [r7, r2, lsl #2]",
        "    jump",
        "op CopyOut",
        "    ldrb r1, [r4, #1]",
        "    ldrsh r2, [r4, #2]",
        "    ldr r1, [r7, r1, lsl #2]",
        "    fetch 4",
        "    str r1, [r7, r2, lsl #2]",
        "    jump",
        "op Frame",
        "    ldrsh r1, [r4, #1]",
        "    fetch 3",
        "    add r7, r7, r1, lsl #2",
        "    jump",
        "op Const8",
        "    ldrsb r6, [r4, #1]",
        "    next 2",
        "op Const32",
        "    ldr r6, [r4, #1]",
        "    next 5",
        "op Put8",
        "    ldrsb r1, [r4, #1]",
        "    ldrb r2, [r4, #2]",
        "    fetch 3",
        "    str r1, [r7, r2, lsl #2]",
        "    jump",
        "op Put32",
        "    ldr r1, [r4, #1]",
        "    ldrb r2, [r4, #5]",
        "    fetch 6",
        "    str r1, [r7, r2, lsl #2]",
        "    jump",
        // The place of the global that the operand at r4 + \at names; one more when it takes two slots.
        ".macro global at",
        "    ldrh r1, [r4, #\\at]",
        "    ldr r2, [lr, #{GLOBALS}]",
        "    ldr r1, [r2, r1, lsl #2]",
        ".endm",
        "op GlobalGet",
        "    global 1",
        "    fetch 3",
        "    ldr r6, [r1]",
        "    jump",
        "op GlobalGetD",
        "    global 1",
        "    ldrb r2, [r4, #3]",
        "    ldr r6, [r1]",
        "    fetch 4",
        "    str r6, [r7, r2, lsl #2]",
        "    jump",
        "op GlobalSet",
        "    global 1",
        "    fetch 3",
        "    str r6, [r1]",
        "    jump",
        "op GlobalGetW",
        "    global 1",
        "    subs r1, #1",
        "    ldrd r2, r3, [r1]",
        "    pair r1, 3",
        "    fetch 4",
        "    strd r2, r3, [r1]",
        "    jump",
        "op GlobalSetW",
        "    pair r1, 1",
        "    ldrd r0, r3, [r1]",
        "    global 2",
        "    subs r1, #1",
        "    strd r0, r3, [r1]",
        "    next 4",
        "op Select",
        "    cbz r6, 1f",
        "    ldrb r1, [r4, #1]",
        "    fetch 3",
        "    ldr r6, [r7, r1, lsl #2]",
        "    jump",
        "1:  ldrb r1, [r4, #2]",
        "    fetch 3",
        "    ldr r6, [r7, r1, lsl #2]",
        "    jump",
        "op SelectD",
        "    ldrb r1, [r4, #1]",
        "    cbnz r6, 1f",
        "    ldrb r1, [r4, #2]",
        "1:  ldrb r2, [r4, #3]",
        "    ldr r6, [r7, r1, lsl #2]",
        "    fetch 4",
        "    str r6, [r7, r2, lsl #2]",
        "    jump",
        "op SelectW",
        "    ldrb r1, [r4, #1]",
        "    cbnz r6, 1f",
        "    ldrb r1, [r4, #2]",
        "1:  add r1, r7, r1, lsl #2",
        "    ldrd r2, r3, [r1]",
        "    pair r1, 3",
        "    fetch 4",
        "    strd r2, r3, [r1]",
        "    jump",

        // --- loads and stores ---
        // The access at r1 + \and is inside of memory, whatever its width; else it is looked at elsewhere.
        ".macro inside and",
        "    adds r1, r1, \\and",
        "    it cc",
        "    cmpcc r1, r5",
        "    bhs .Lfast_Memory",
        ".endm",
        ".macro address_A at",
        "    ldrb r1, [r4, #\\at]",
        "    inside r6",
        ".endm",
        ".macro address_AX at",
        "    ldr r1, [r4, #\\at]",
        "    inside r6",
        ".endm",
        ".macro address_S at",
        "    ldrb r1, [r4, #1]",
        "    ldrb r2, [r4, #\\at]",
        "    ldr r1, [r7, r1, lsl #2]",
        "    inside r2",
        ".endm",
        ".macro address_SX at",
        "    ldrb r1, [r4, #1]",
        "    ldr r2, [r4, #\\at]",
        "    ldr r1, [r7, r1, lsl #2]",
        "    inside r2",
        ".endm",
        ".macro load name, instruction, form, at, n",
        "    op Load\\name\\form",
        "    address_\\form \\at",
        "    fetch \\n",
        "    \\instruction r6, [r8, r1]",
        "    jump",
        ".endm",
        ".macro load_to name, instruction, form, at, n",
        "    op Load\\name\\form\\()D",
        "    address_\\form \\at",
        "    ldrb r2, [r4, #\\n - 1]",
        "    \\instruction r6, [r8, r1]",
        "    fetch \\n",
        "    str r6, [r7, r2, lsl #2]",
        "    jump",
        ".endm",
        ".macro loads which, form, at, n",
        "    \\which 32, ldr, \\form, \\at, \\n",
        "    \\which 8S, ldrsb, \\form, \\at, \\n",
        "    \\which 8U, ldrb, \\form, \\at, \\n",
        "    \\which 16S, ldrsh, \\form, \\at, \\n",
        "    \\which 16U, ldrh, \\form, \\at, \\n",
        ".endm",
        "loads load, A, 1, 2",
        "loads load_to, A, 1, 3",
        "loads load, S, 2, 3",
        "loads load_to, S, 2, 4",
        "loads load, AX, 1, 5",
        // ldrd and strd would have to be aligned in linear memory.
        ".macro load_pair form, at",
        "    op Load64\\form",
        "    address_\\form \\at",
        "    add r1, r8",
        "    ldr r2, [r1]",
        "    ldr r3, [r1, #4]",
        "    pair r1, \\at + 1",
        "    fetch \\at + 2",
        "    strd r2, r3, [r1]",
        "    jump",
        ".endm",
        "load_pair A, 1",
        "load_pair S, 2",
        ".macro store name, instruction",
        "    op Store\\name\\()SA",
        "    address_S 2",
        "    fetch 3",
        "    \\instruction r6, [r8, r1]",
        "    jump",
        "    op Store\\name\\()AS",
        "    address_A 2",
        "    slot r2, 1",
        "    fetch 3",
        "    \\instruction r2, [r8, r1]",
        "    jump",
        "    op Store\\name\\()SS",
        "    address_S 3",
        "    slot r2, 2",
        "    fetch 4",
        "    \\instruction r2, [r8, r1]",
        "    jump",
        "    op Store\\name\\()SAX",
        "    address_SX 2",
        "    fetch 6",
        "    \\instruction r6, [r8, r1]",
        "    jump",
        ".endm",
        "store 32, str",
        "store 8, strb",
        "store 16, strh",
        ".macro store_pair form, at",
        "    op Store64\\form",
        "    address_\\form \\at",
        "    add r1, r8",
        "    pair r2, \\at - 1",
        "    ldrd r2, r3, [r2]",
        "    fetch \\at + 1",
        "    str r2, [r1]",
        "    str r3, [r1, #4]",
        "    jump",
        ".endm",
        "store_pair A, 2",
        "store_pair S, 3",

        // --- two operands of i32 ---
        // The operands of each form: the first in r6, the second in r1; where the accumulator is the second, the other way round.
        ".macro operands_SS",
        "    ldrb r1, [r4, #1]",
        "    ldrb r2, [r4, #2]",
        "    ldr r6, [r7, r1, lsl #2]",
        "    ldr r1, [r7, r2, lsl #2]",
        ".endm",
        ".macro operands_SK",
        "    ldrb r2, [r4, #1]",
        "    ldrsb r1, [r4, #2]",
        "    ldr r6, [r7, r2, lsl #2]",
        ".endm",
        ".macro operands_AS",
        "    slot r1, 1",
        ".endm",
        ".macro operands_SA",
        "    slot r1, 1",
        ".endm",
        ".macro operands_AK",
        "    ldrsb r1, [r4, #1]",
        ".endm",
        ".macro operands_KA",
        "    ldrsb r1, [r4, #1]",
        ".endm",
        ".macro operands_AX",
        "    ldr r1, [r4, #1]",
        ".endm",
        ".macro binary name, form, n, instruction:vararg",
        "    op \\name\\form",
        "    operands_\\form",
        "    fetch \\n",
        "    \\instruction",
        "    jump",
        ".endm",
        ".macro binary_to name, form, n, instruction:vararg",
        "    op \\name\\form\\()D",
        "    operands_\\form",
        "    ldrb r2, [r4, #\\n - 1]",
        "    fetch \\n",
        "    \\instruction",
        "    str r6, [r7, r2, lsl #2]",
        "    jump",
        ".endm",
        "binary Add, SS, 3, adds r6, r6, r1",
        "binary Add, AS, 2, adds r6, r6, r1",
        "binary Add, SK, 3, adds r6, r6, r1",
        "binary Add, AK, 2, adds r6, r6, r1",
        "binary Add, AX, 5, adds r6, r6, r1",
        "binary_to Add, SS, 4, adds r6, r6, r1",
        "binary_to Add, AS, 3, adds r6, r6, r1",
        "binary_to Add, SK, 4, adds r6, r6, r1",
        "binary_to Add, AK, 3, adds r6, r6, r1",
        "op AddInc",
        "    operands_SK",
        "    fetch 3",
        "    adds r6, r6, r1",
        "    str r6, [r7, r2, lsl #2]",
        "    jump",
        "binary Sub, SS, 3, subs r6, r6, r1",
        "binary Sub, AS, 2, subs r6, r6, r1",
        "binary Sub, SA, 2, subs r6, r1, r6",
        "binary Sub, KA, 2, subs r6, r1, r6",
        "binary_to Sub, SS, 4, subs r6, r6, r1",
        "binary_to Sub, AS, 3, subs r6, r6, r1",
        "binary_to Sub, SA, 3, subs r6, r1, r6",
        "binary Mul, SS, 3, muls r6, r1, r6",
        "binary Mul, AS, 2, muls r6, r1, r6",
        "binary Mul, AK, 2, muls r6, r1, r6",
        "binary_to Mul, SS, 4, muls r6, r1, r6",
        "binary_to Mul, AS, 3, muls r6, r1, r6",
        "binary And, SS, 3, ands r6, r6, r1",
        "binary And, AS, 2, ands r6, r6, r1",
        "binary And, SK, 3, ands r6, r6, r1",
        "binary And, AK, 2, ands r6, r6, r1",
        "binary And, AX, 5, ands r6, r6, r1",
        "binary_to And, SS, 4, ands r6, r6, r1",
        "binary_to And, AS, 3, ands r6, r6, r1",
        "binary_to And, SK, 4, ands r6, r6, r1",
        "binary_to And, AK, 3, ands r6, r6, r1",
        "binary Or, SS, 3, orrs r6, r6, r1",
        "binary Or, AS, 2, orrs r6, r6, r1",
        "binary Or, AK, 2, orrs r6, r6, r1",
        "binary_to Or, SS, 4, orrs r6, r6, r1",
        "binary_to Or, AS, 3, orrs r6, r6, r1",
        "binary Xor, SS, 3, eors r6, r6, r1",
        "binary Xor, AS, 2, eors r6, r6, r1",
        "binary Xor, AK, 2, eors r6, r6, r1",
        "binary_to Xor, SS, 4, eors r6, r6, r1",
        "binary_to Xor, AS, 3, eors r6, r6, r1",
        // A shift takes its distance modulo 32, which the instruction does not; a rotation does.
        ".macro shifted instruction",
        "    and r1, r1, #31",
        "    \\instruction r6, r6, r1",
        ".endm",
        ".macro shift name, instruction",
        "    binary \\name, SK, 3, shifted \\instruction",
        "    binary \\name, AK, 2, shifted \\instruction",
        "    binary \\name, AS, 2, shifted \\instruction",
        "    binary_to \\name, SK, 4, shifted \\instruction",
        "    binary_to \\name, AK, 3, shifted \\instruction",
        "    op \\name\\()SA",
        "    slot r1, 1",
        "    and r6, r6, #31",
        "    fetch 2",
        "    \\instruction r6, r1, r6",
        "    jump",
        ".endm",
        "shift Shl, lsls",
        "shift ShrS, asrs",
        "shift ShrU, lsrs",
        "binary Rotr, AK, 2, rors r6, r6, r1",
        "binary Rotr, AS, 2, rors r6, r6, r1",
        "op RotlAS",
        "    slot r1, 1",
        "    fetch 2",
        "    negs r1, r1",
        "    rors r6, r6, r1",
        "    jump",
        ".macro divide form",
        "    op DivU\\form",
        "    operands_\\form",
        "    cbz r1, .Lfast_by_zero_\\form",
        "    fetch 2",
        "    udiv r6, r6, r1",
        "    jump",
        // The least number divided by -1 is itself, which leaves the right remainder.
        "    op RemS\\form",
        "    operands_\\form",
        "    cbz r1, .Lfast_by_zero_\\form",
        "    fetch 2",
        "    sdiv r2, r6, r1",
        "    mls r6, r2, r1, r6",
        "    jump",
        "    op RemU\\form",
        "    operands_\\form",
        "    cbz r1, .Lfast_by_zero_\\form",
        "    fetch 2",
        "    udiv r2, r6, r1",
        "    mls r6, r2, r1, r6",
        "    jump",
        "    op DivS\\form",
        "    operands_\\form",
        "    adds r2, r1, #1",
        "    cmp r2, #1",
        "    bls 1f",
        "2:  fetch 2",
        "    sdiv r6, r6, r1",
        "    jump",
        // By -1 or 0.
        "1:  cbz r1, .Lfast_by_zero_\\form",
        "    negs r2, r6",
        "    bvc 2b",
        "    movs r0, #8",
        "    b .Lfast_trap",
        ".Lfast_by_zero_\\form:",
        "    movs r0, #7",
        "    b .Lfast_trap",
        ".endm",
        "divide AS",
        "divide AK",

        // --- one operand ---
        "op Clz",
        "    fetch 1",
        "    clz r6, r6",
        "    jump",
        "op Ctz",
        "    fetch 1",
        "    rbit r6, r6",
        "    clz r6, r6",
        "    jump",
        ".macro unary name, instruction",
        "    op \\name",
        "    fetch 1",
        "    \\instruction r6, r6",
        "    jump",
        "    op \\name\\()D",
        "    ldrb r1, [r4, #1]",
        "    fetch 2",
        "    \\instruction r6, r6",
        "    str r6, [r7, r1, lsl #2]",
        "    jump",
        ".endm",
        "unary Ext8S, sxtb",
        "unary Ext16S, sxth",
        "unary Zext8, uxtb",
        "unary Zext16, uxth",

        // --- i64 ---
        ".macro wide name, low, high",
        "    op I64\\name",
        "    pair r1, 1",
        "    pair r0, 2",
        "    ldrd r2, r3, [r1]",
        "    ldrd r0, r1, [r0]",
        "    \\low r2, r2, r0",
        "    \\high r3, r3, r1",
        "    pair r1, 3",
        "    fetch 4",
        "    strd r2, r3, [r1]",
        "    jump",
        ".endm",
        "wide Add, adds, adcs",
        "wide Sub, subs, sbcs",
        "wide And, ands, ands",
        "wide Or, orrs, orrs",
        "wide Xor, eors, eors",

        ".irp name, fetch, jump, next, go, op, slot, pair, constants, memory, save, meter, meter_stop, number, take",
        ".purgem \\name",
        ".endr",
        ".irp name, compare_SS, compare_SK, compare_AS, compare_AK, branch, flag, relations, more_relations, global",
        ".purgem \\name",
        ".endr",
        ".irp name, inside, address_A, address_AX, address_S, address_SX, load, load_to, loads, load_pair, store, store_pair",
        ".purgem \\name",
        ".endr",
        ".irp name, operands_SS, operands_SK, operands_AS, operands_SA, operands_AK, operands_KA, operands_AX",
        ".purgem \\name",
        ".endr",
        ".irp name, binary, binary_to, shifted, shift, divide, unary, wide",
        ".purgem \\name",
        ".endr",
        PC = const offset_of!(Context, pc),
        FP = const offset_of!(Context, fp),
        FUNC = const offset_of!(Context, func),
        INSTANCE = const offset_of!(Context, instance),
        STACK_END = const offset_of!(Context, stack_end),
        METER = const offset_of!(Context, meter),
        SLOW = const offset_of!(Context, slow),
        MEMORY = const offset_of!(Context, memory),
        REG_FUNCS = const offset_of!(Instance, reg_funcs),
        CODE = const offset_of!(Instance, code),
        IMPORTS = const offset_of!(Instance, imports),
        GLOBALS = const offset_of!(Instance, globals),
        PARAMS = const offset_of!(RegFunc, shape.params),
        LOCALS = const offset_of!(RegFunc, shape.locals),
        RESULTS = const offset_of!(RegFunc, shape.results),
        FRAME = const offset_of!(RegFunc, shape.frame),
        CODE_OFFSET = const offset_of!(RegFunc, code),
        ARGS = const offset::ARGS,
        SWITCHED = const SWITCHED,
        FUEL = const cfg!(feature = "fuel") as u32,
        stopped = sym stopped,
        access = sym access,
        cross = sym cross,
        leave = sym leave,
        num = sym num,
    )
}
