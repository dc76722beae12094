//! The portable loop of fast mode, for targets without Thumb-2.
//!
//! [`execute`] is a loop whose state is meant to stay in registers: the running instruction, the
//! frame, the accumulator, and what the fast path of loads and stores needs of memory 0. Register
//! instructions that differ in what they compute, or in where their operands are, form families.
//! [`out_of_line`] executes what is long or rare, and all that traps: until an arm has done
//! everything that can fail, the program counter is that of the running instruction, so that the
//! loop can be left.
//!
//! The SAFETY comments cite the rules by the names that the head of [`super`] gives them.

mod out_of_line;

use super::code::Code;
use super::dispatch::{opaque, own_block, reg_op};
use super::strict::check;
use super::{compare, RegOp, OVERHEAD};
use crate::bounds;
use crate::frame::{Context, FastFunc, FuncLayout, Header, SWITCHED};
use crate::instance::ExecInstance;
use crate::linear_memory::{FastMemory, Scalar};
use crate::numeric;
use crate::slot::{read64, write64, Frame};
use out_of_line::out_of_line;

/// Bytes of `Call` and `CallImport`.
const CALL: usize = 4;

/// How many slots a call clears at a time. The last write may reach beyond the locals, into slots
/// that every frame has.
const CLEARED: usize = 8;
const _: () = assert!(CLEARED <= OVERHEAD + 1);

/// Copies slots to a lower address, to where they may overlap.
///
/// # Safety
/// Both places have `count` slots.
#[inline(always)]
unsafe fn move_down(from: *const u32, to: *mut u32, count: usize) {
    for i in 0..count {
        // SAFETY: the contract of this function. The volatile write keeps the loop from becoming a
        // call of `memmove`.
        unsafe { to.add(i).write_volatile(*from.add(i)) }
    }
}

/// Makes the locals of a callee that are not parameters 0, [`CLEARED`] slots at a time.
///
/// # Safety
/// `local` and `header` lie in the frame of a call that has passed the check of its size, `header`
/// at its header.
#[inline(always)]
unsafe fn clear_locals(mut local: *mut u32, header: *mut u32) {
    while local < header {
        // SAFETY: at least one of the slots is a local. The others are locals or among the
        // `OVERHEAD` slots behind them, whose header is written later.
        unsafe {
            local.cast::<[u32; CLEARED]>().write([0; CLEARED]);
            local = opaque(local.add(CLEARED)).cast_mut();
        }
    }
}

/// The header of the running function's frame.
///
/// # Safety
/// `func` is the running function, and `fp` its frame, which is not moved.
#[inline(always)]
unsafe fn header(fp: Frame, func: *const FuncLayout) -> Header {
    // SAFETY: every frame has its header behind the locals; RECORDS: the function's record is live.
    unsafe { Header::read(fp.at((*func).locals as usize)) }
}

/// The address of a global.
///
/// # Safety
/// The instance has this global, and more than one slot is accessed only where the global has two.
#[inline(always)]
unsafe fn global(instance: &ExecInstance, index: usize) -> *mut u32 {
    // SAFETY: RECORDS: `globals` points at as many elements as the index space has.
    unsafe { *instance.globals.add(index) }.cell()
}

/// Runs until an instruction traps or is one for [`out_of_line`], and leaves that as the running
/// one. Program counter, frame and function are in the context before and after; the accumulator is
/// passed and returned.
///
/// It calls no function, so that all registers are the loop's.
///
/// # Safety
/// As for [`run`].
#[inline(never)]
unsafe fn execute(ctx: *mut Context, acc: u32) -> u32 {
    // SAFETY: the contract of `run`: the context is complete. RECORDS: the instance, its memory 0
    // and the meter are live; no instruction of this loop changes a memory or the running instance.
    let (instance, meter, mem) =
        unsafe { (&*(*ctx).instance, &*(*ctx).meter, FastMemory::of((*ctx).memory)) };
    // SAFETY: the contract of `run`: the context is complete.
    let (mut pc, mut fp, mut func) = unsafe { (Code((*ctx).pc), Frame((*ctx).fp), (*ctx).func) };
    meter.running.set(func);
    // Zero-extended to the width of addresses, so that it is one without a conversion.
    let mut acc = acc as usize;

    loop {
        // SAFETY: `func` is the running function, and `pc` at an instruction of it.
        unsafe { check(ctx, func, pc.0, fp.0) };

        macro_rules! leave {
            () => {{
                own_block();
                break;
            }};
        }

        // --- operands, by their distance from the opcode ---
        macro_rules! a {
            () => {
                (acc as u32)
            };
        }
        macro_rules! slot {
            ($at:expr) => {
                // SAFETY: COMPLETE: the operand names a slot that is read. SLOTS: it lies in the
                // frame.
                unsafe { fp.read(pc.slot($at)) }
            };
        }
        macro_rules! set_slot {
            ($at:expr, $value:expr) => {{
                let value: u32 = $value;
                // SAFETY: COMPLETE: the operand names a slot that is written. SLOTS: it lies in the
                // frame, not in the header.
                unsafe { fp.write(pc.slot($at), value) }
            }};
        }
        macro_rules! pair {
            ($at:expr) => {
                // SAFETY: COMPLETE: the operand names a pair that is read. SLOTS: both slots lie in
                // the frame.
                unsafe { fp.read_pair(pc.slot($at)) }
            };
        }
        macro_rules! set_pair {
            ($at:expr, $value:expr) => {{
                let value: u64 = $value;
                // SAFETY: COMPLETE: the operand names a pair that is written. SLOTS: both slots lie
                // in the frame, not in the header.
                unsafe { fp.write_pair(pc.slot($at), value) }
            }};
        }
        // What is not a slot: `byte`, `i8`, `u16`, `i16`, `u32` or `i32`.
        macro_rules! operand {
            ($kind:ident $at:expr) => {
                // SAFETY: COMPLETE: the instruction has an operand of this width there.
                unsafe { pc.$kind($at) }
            };
        }
        macro_rules! offset {
            (byte $at:expr) => {
                operand!(byte $at) as usize
            };
            (u32 $at:expr) => {
                operand!(u32 $at) as usize
            };
        }
        macro_rules! global {
            ($at:expr) => {{
                let index = operand!(u16 $at);
                // SAFETY: SPACES: the index is that of a global, which has as many slots as the
                // instruction accesses.
                unsafe { global(instance, index) }
            }};
        }

        // --- where control goes on ---
        macro_rules! next {
            ($length:expr) => {
                // SAFETY: COMPLETE: an instruction of this length that does not end the function
                // has another behind it.
                pc = Code(opaque(unsafe { pc.after($length) }.0))
            };
        }
        macro_rules! jump_by {
            ($distance:expr) => {{
                let distance: isize = $distance;
                // SAFETY: TARGETS: the distance leads to an instruction of the function.
                pc = unsafe { pc.at_distance(distance) }
            }};
        }

        // --- values, each with the bytes of the instruction up to its last operand ---
        macro_rules! two {
            ($f:ident SS) => {
                (numeric::$f(slot!(1), slot!(2)), 3)
            };
            ($f:ident SK) => {
                (numeric::$f(slot!(1), operand!(i8 2)), 3)
            };
            ($f:ident AS) => {
                (numeric::$f(a!(), slot!(1)), 2)
            };
            ($f:ident SA) => {
                (numeric::$f(slot!(1), a!()), 2)
            };
            ($f:ident AK) => {
                (numeric::$f(a!(), operand!(i8 1)), 2)
            };
            ($f:ident KA) => {
                (numeric::$f(operand!(i8 1), a!()), 2)
            };
            ($f:ident AX) => {
                (numeric::$f(a!(), operand!(u32 1)), 5)
            };
            ($f:ident SX) => {
                (numeric::$f(slot!(1), operand!(u32 2)), 6)
            };
        }
        // Where an access starts; one that is not below the fast limit is left to `out_of_line`.
        macro_rules! place {
            ($address:expr, $offset:expr) => {
                match mem.place_extended($address, $offset) {
                    Some(at) => at,
                    None => leave!(),
                }
            };
        }
        macro_rules! loaded {
            ($t:ident, $address:expr, $offset:expr) => {{
                let at = place!($address, $offset);
                // SAFETY: `place_extended` has found eight bytes in bounds.
                unsafe { <$t as Scalar>::load(at) }
            }};
            ($t:ident A) => {
                (loaded!($t, acc, offset!(byte 1)) as u32, 2)
            };
            ($t:ident S) => {
                (loaded!($t, slot!(1) as usize, offset!(byte 2)) as u32, 3)
            };
            ($t:ident AX) => {
                (loaded!($t, acc, offset!(u32 1)) as u32, 5)
            };
        }
        macro_rules! stored {
            ($value:expr, $address:expr, $offset:expr, $length:literal) => {{
                let at = place!($address, $offset);
                let value = $value;
                // SAFETY: `place_extended` has found eight bytes in bounds.
                unsafe { Scalar::store(value, at) };
                next!($length);
            }};
        }
        macro_rules! selected {
            () => {{
                // SAFETY: COMPLETE: the first operand names a slot that is read. SLOTS: it lies in
                // the frame.
                let first = unsafe { fp.read_ahead(pc.slot(1)) };
                // SAFETY: as above, for the second operand.
                let second = unsafe { fp.read_ahead(pc.slot(2)) };
                if acc != 0 {
                    first
                } else {
                    second
                }
            }};
        }

        // --- what is done with a value ---
        macro_rules! set {
            ($value:expr $(, $d:ident)?) => {{
                let (value, length): (u32, usize) = $value;
                acc = value as usize;
                set!(@ value, length $($d)?);
            }};
            (@ $value:ident, $length:ident) => { next!($length) };
            (@ $value:ident, $length:ident $d:ident) => {{
                set_slot!($length, $value);
                next!($length + 1);
            }};
        }
        macro_rules! branch {
            ($value:expr) => {{
                let (holds, length): (u32, usize) = $value;
                if holds != 0 {
                    jump_by!(operand!(i16 length));
                } else {
                    next!(length + 2);
                }
            }};
        }

        // --- families: a way to compute, and all register instructions that compute so ---
        macro_rules! result {
            ($f:ident $form:ident $($d:ident)?) => { set!(two!($f $form) $(, $d)?) };
        }
        macro_rules! checked {
            ($f:ident $form:ident) => {{
                let (value, length): (_, usize) = two!($f $form);
                match value {
                    Ok(value) => set!((value, length)),
                    Err(_) => leave!(),
                }
            }};
        }
        macro_rules! unary {
            ($f:ident A $($d:ident)?) => { set!((numeric::$f(a!()), 1) $(, $d)?) };
        }
        macro_rules! extend {
            ($t:ident A $($d:ident)?) => { set!((acc as $t as u32, 1) $(, $d)?) };
            ($t:ident S $($d:ident)?) => { set!((slot!(1) as $t as u32, 2) $(, $d)?) };
        }
        macro_rules! jump {
            ($f:ident $form:ident) => { branch!(two!($f $form)) };
        }
        macro_rules! load {
            ($t:ident $form:ident $($d:ident)?) => { set!(loaded!($t $form) $(, $d)?) };
        }
        macro_rules! store {
            ($t:ident SA) => { stored!(acc as $t, slot!(1) as usize, offset!(byte 2), 3) };
            ($t:ident AS) => { stored!(slot!(1) as $t, acc, offset!(byte 2), 3) };
            ($t:ident SS) => { stored!(slot!(2) as $t, slot!(1) as usize, offset!(byte 3), 4) };
            ($t:ident SAX) => { stored!(acc as $t, slot!(1) as usize, offset!(u32 2), 6) };
        }
        macro_rules! wide {
            ($f:ident W) => {{
                set_pair!(3, numeric::$f(pair!(1), pair!(2)));
                next!(4);
            }};
            ($f:ident K) => {{
                set_pair!(3, numeric::$f(pair!(1), operand!(i8 2) as u64));
                next!(4);
            }};
        }

        // Returns to the caller, unless through a boundary. The results may overwrite the header,
        // which is read first.
        macro_rules! return_with {
            ($results:expr) => {{
                // SAFETY: a function returns with its frame where it was entered (the translator,
                // or the verifier's rule `Flow`).
                let header = unsafe { header(fp, func) };
                if header.pc.is_null() {
                    leave!();
                }
                $results;
                (pc, fp) = (Code(header.pc), Frame(header.fp));
                func = header.func;
                meter.running.set(func);
            }};
        }
        macro_rules! set_result {
            ($value:expr) => {{
                let value: u32 = $value;
                // SAFETY: FRAME: the caller's frame has the slots of the results, the first where
                // the arguments were.
                unsafe { fp.write(0, value) }
            }};
        }

        macro_rules! register_instructions {
            ({ $($how:ident $what:ident: $($form:ident $op:ident $($d:ident)?),*;)* } $($(#[$on:meta])? $name:ident => $arm:block)*) => {
                // SAFETY: COMPLETE: `pc` is at a register instruction.
                match unsafe { reg_op(pc.byte(0)) } {
                    $($(RegOp::$op => $how!($what $form), $(RegOp::$d => $how!($what $form D),)?)*)*
                    $($(#[$on])? RegOp::$name => $arm)*
                }
            };
        }
        macro_rules! read_global {
            ($at:expr) => {{
                let global = global!($at);
                // SAFETY: RECORDS: the global is live.
                unsafe { *global }
            }};
        }
        register_instructions! {
            {
                jump i32_eq: SS BrEqSS, SK BrEqSK, AK BrEqAK, AS BrEqAS, AX BrEqAX;
                jump i32_ne: SS BrNeSS, SK BrNeSK, AK BrNeAK, AS BrNeAS, AX BrNeAX;
                jump i32_lt_s: SS BrLtSSS, SK BrLtSSK, AK BrLtSAK, AS BrLtSAS;
                jump i32_lt_u: SK BrLtUSK, AK BrLtUAK, AS BrLtUAS;
                jump i32_ge_s: SS BrGeSSS, SK BrGeSSK, AK BrGeSAK, AS BrGeSAS;
                jump i32_ge_u: AK BrGeUAK, AS BrGeUAS;
                jump i32_gt_s: AS BrGtSAS;
                jump i32_gt_u: AS BrGtUAS;
                jump i32_le_s: AS BrLeSAS;
                jump i32_le_u: AS BrLeUAS;
                result i32_eq: AK EqAK, AS EqAS;
                result i32_ne: AK NeAK, AS NeAS;
                result i32_lt_s: AK LtSAK, AS LtSAS;
                result i32_lt_u: AK LtUAK, AS LtUAS;
                result i32_ge_s: AK GeSAK;
                result i32_ge_u: AK GeUAK, AS GeUAS;
                result i32_gt_s: AS GtSAS;
                result i32_gt_u: AS GtUAS;
                result i32_le_s: AS LeSAS;
                result i32_le_u: AS LeUAS;
                result i32_add: SS AddSS AddSSD, AS AddAS AddASD, SK AddSK AddSKD, AK AddAK AddAKD, AX AddAX AddAXD, SX AddSX AddSXD;
                result i32_sub: SS SubSS SubSSD, AS SubAS, SA SubSA SubSAD, KA SubKA;
                result i32_mul: SS MulSS, AS MulAS, AK MulAK, SK MulSK, SX MulSX;
                result i32_and: SS AndSS, AS AndAS AndASD, SK AndSK, AK AndAK AndAKD, AX AndAX AndAXD, SX AndSX AndSXD;
                result i32_or: SS OrSS, AS OrAS OrASD, AK OrAK;
                result i32_xor: SS XorSS, AS XorAS XorASD, AK XorAK, AX XorAX;
                result i32_shl: SK ShlSK ShlSKD, AK ShlAK, AS ShlAS, SA ShlSA, KA ShlKA;
                result i32_shr_s: SK ShrSSK, AK ShrSAK, AS ShrSAS;
                result i32_shr_u: SK ShrUSK ShrUSKD, AK ShrUAK ShrUAKD, AS ShrUAS, SA ShrUSA;
                result i32_rotr: AK RotrAK RotrAKD, AS RotrAS, SK RotrSK;
                result i32_rotl: AS RotlAS;
                checked i32_div_s: AS DivSAS, AK DivSAK;
                checked i32_div_u: AS DivUAS, AK DivUAK;
                checked i32_rem_s: AS RemSAS, AK RemSAK;
                checked i32_rem_u: AS RemUAS, AK RemUAK;
                unary i32_clz: A Clz;
                unary i32_ctz: A Ctz;
                extend i8: A Ext8S;
                extend i16: A Ext16S Ext16SD;
                extend u8: A Zext8 Zext8D, S Zext8S Zext8SD;
                extend u16: A Zext16, S Zext16S Zext16SD;
                load u32: A Load32A Load32AD, S Load32S Load32SD, AX Load32AX Load32AXD;
                load i8: A Load8SA Load8SAD, S Load8SS Load8SSD, AX Load8SAX;
                load u8: A Load8UA Load8UAD, S Load8US Load8USD, AX Load8UAX;
                load i16: A Load16SA Load16SAD, S Load16SS Load16SSD, AX Load16SAX Load16SAXD;
                load u16: A Load16UA Load16UAD, S Load16US Load16USD, AX Load16UAX;
                store u32: SA Store32SA, AS Store32AS, SS Store32SS, SAX Store32SAX;
                store u8: SA Store8SA, AS Store8AS, SS Store8SS, SAX Store8SAX;
                store u16: SA Store16SA, AS Store16AS, SS Store16SS, SAX Store16SAX;
                wide i64_add: W I64Add;
                wide i64_sub: W I64Sub;
                wide i64_and: W I64And;
                wide i64_or: W I64Or;
                wide i64_xor: W I64Xor;
                wide i64_mul: W I64Mul;
                wide i64_shl: K I64ShlK;
                wide i64_shr_s: K I64ShrSK;
                wide i64_shr_u: K I64ShrUK;
                wide i64_rotl: K I64RotlK;
            }

            // --- control (spec: 4.4.8) ---
            Unreachable => { leave!() }
            Meter => {
                if !meter.pass() && !meter.noticed() {
                    leave!();
                }
                next!(1);
            }
            Skip => { next!(2) }
            Br => { jump_by!(operand!(i16 1)) }
            BrLong => { jump_by!(operand!(i32 1)) }
            BrTable => {
                let index = a!().min(operand!(u16 1) as u32) as usize;
                jump_by!(operand!(i16 3 + 2 * index));
            }
            BrTableLong => {
                let index = a!().min(operand!(u32 1)) as usize;
                jump_by!(operand!(i32 5 + 4 * index));
            }
            BrNzA => { branch!((a!(), 1)) }
            BrZA => { branch!(((acc == 0) as u32, 1)) }
            BrNzS => { branch!((slot!(1), 2)) }
            BrZS => { branch!(((slot!(1) == 0) as u32, 2)) }
            Ret => { return_with!({}) }
            RetA => { return_with!(set_result!(a!())) }
            RetS => {
                return_with!({
                    acc = slot!(1) as usize;
                    set_result!(a!());
                })
            }
            RetN => {
                return_with!({
                    // SAFETY: COMPLETE and SLOTS: the results lie in the frame. FRAME: the caller's
                    // frame has their slots.
                    unsafe { move_down(fp.at(pc.u16(1)), fp.0, pc.u16(3)) };
                    // SAFETY: `RetN` has at least one result, or the slot is one of the running
                    // frame.
                    acc = unsafe { fp.read(0) } as usize;
                })
            }
            Call => {
                let funcs = instance.funcs.cast::<FastFunc>();
                let to = opaque(funcs.wrapping_add(operand!(u16 1)));
                // SAFETY: SPACES: the operand is the index of a function that the module defines.
                // RECORDS: its record is live.
                let callee = unsafe { &*to };
                // SAFETY: SLOTS: the callee's parameters lie in the frame, from the slot of the
                // operand on.
                let (frame, local) = unsafe {
                    let frame = fp.at(pc.slot(3));
                    (frame, frame.add(callee.layout.params as usize))
                };
                // SAFETY: the contract of `run`: the context is complete.
                let stack_end = unsafe { (*ctx).stack_end };
                let fits = bounds::has_room(local.addr(), callee.layout.frame, stack_end.addr());
                if !fits || (!meter.pass() && !meter.noticed()) {
                    leave!();
                }
                // SAFETY: FRAME: the callee's frame, of which its record says the size, fits below
                // the end of the stack: its locals and its header.
                unsafe {
                    let header = frame.add(callee.layout.locals as usize);
                    clear_locals(local, header);
                    Header::write_caller(header, func, pc.after(CALL).0, fp.0);
                }
                func = to.cast();
                meter.running.set(func);
                // SAFETY: RECORDS: the record says where in the instance's code the function
                // starts. COMPLETE and SLOTS as above.
                unsafe {
                    fp = Frame(fp.at(pc.slot_again(3)));
                    pc = Code(instance.code.add(callee.code as usize));
                }
            }
            CallImport => { leave!() }
            Runtime => { leave!() }
            Memory => { leave!() }
            Num1 => { leave!() }
            Num2 => { leave!() }
            #[cfg(feature = "simd")]
            Vector => { leave!() }

            // --- moves (spec: 4.4.1, 4.4.3, 4.4.5) ---
            Get => { set!((slot!(1), 2)) }
            Set => {
                set_slot!(1, a!());
                next!(2);
            }
            Copy => {
                set_slot!(2, slot!(1));
                next!(3);
            }
            CopyW => {
                set_pair!(2, pair!(1));
                next!(3);
            }
            Const8 => { set!((operand!(i8 1), 2)) }
            Const32 => { set!((operand!(u32 1), 5)) }
            Put8 => {
                set_slot!(2, operand!(i8 1));
                next!(3);
            }
            Put32 => {
                set_slot!(5, operand!(u32 1));
                next!(6);
            }
            Move => {
                // SAFETY: COMPLETE and SLOTS: both ranges of slots lie among the operands of the
                // frame.
                unsafe { move_down(fp.at(pc.u16(1)), fp.at(pc.u16(3)), pc.u16(5)) };
                next!(7);
            }
            CopyIn => {
                // SAFETY: COMPLETE and SLOTS: the slot lies in the frame, at a distance that may be
                // negative in a large function.
                let value = unsafe { fp.moved(pc.i16(1)).read(0) };
                set_slot!(3, value);
                next!(4);
            }
            CopyOut => {
                let value = slot!(1);
                // SAFETY: as for `CopyIn`; the slot is not in the header.
                unsafe { fp.moved(pc.i16(2)).write(0, value) };
                next!(4);
            }
            Frame => {
                // SAFETY: a large function moves its frame to its first operand and back (the
                // translator, or the verifier's rule `Flow`).
                fp = unsafe { fp.moved(pc.i16(1)) };
                next!(3);
            }
            GlobalGet => { set!((read_global!(1), 3)) }
            GlobalSet => {
                let global = global!(1);
                // SAFETY: RECORDS: the global is live.
                unsafe { *global = a!() };
                next!(3);
            }
            GlobalGetW => {
                let global = global!(1);
                // SAFETY: RECORDS: the global is live. SPACES: it has two slots.
                set_pair!(3, unsafe { read64(global) });
                next!(4);
            }
            GlobalSetW => {
                let (global, value) = (global!(2), pair!(1));
                // SAFETY: RECORDS: the global is live. SPACES: it has two slots.
                unsafe { write64(global, value) };
                next!(4);
            }
            Select => { set!((selected!(), 3)) }
            SelectD => { set!((selected!(), 3), D) }
            SelectW => {
                set_pair!(3, pair!(if acc != 0 { 1 } else { 2 }));
                next!(4);
            }
            PutW8 => {
                set_pair!(2, operand!(i8 1) as i32 as u64);
                next!(3);
            }
            I64ExtUA => {
                set_pair!(1, a!() as u64);
                next!(2);
            }
            I64ExtUS => {
                set_pair!(2, slot!(1) as u64);
                next!(3);
            }
            I64ExtSA => {
                set_pair!(1, a!() as i32 as u64);
                next!(2);
            }
            I64Any => {
                let pair = pair!(1);
                set!((pair as u32 | (pair >> 32) as u32, 2))
            }
            I64AddK => {
                set_pair!(3, pair!(1).wrapping_add(operand!(i8 2) as i32 as u64));
                next!(4);
            }
            I64MulU => {
                set_pair!(3, slot!(1) as u64 * slot!(2) as u64);
                next!(4);
            }
            CompareW => { set!((compare::wide(operand!(byte 1), pair!(2), pair!(3)) as u32, 4)) }
            BrW => { branch!((compare::wide(operand!(byte 1), pair!(2), pair!(3)) as u32, 4)) }
            CompareS => { set!((compare::single(operand!(byte 1), slot!(2), slot!(3)) as u32, 4)) }
            BrS => { branch!((compare::single(operand!(byte 1), slot!(2), slot!(3)) as u32, 4)) }
            BrWK => {
                let second = operand!(i8 3) as i32 as u64;
                branch!((compare::wide(operand!(byte 1), pair!(2), second) as u32, 4))
            }
            AddInc => {
                acc = slot!(1).wrapping_add(operand!(i8 2)) as usize;
                set_slot!(1, a!());
                next!(3);
            }
            LoopNeSK => { branch!(((slot!(1) != operand!(i8 2)) as u32, 3)) }
            AddBrNeSK => {
                acc = slot!(1).wrapping_add(operand!(i8 2)) as usize;
                set_slot!(1, a!());
                branch!(((a!() != operand!(i8 3)) as u32, 4))
            }
            AddBrNeSS => {
                acc = slot!(1).wrapping_add(operand!(i8 2)) as usize;
                set_slot!(1, a!());
                branch!(((a!() != slot!(3)) as u32, 4))
            }

            // --- memory, two slots (spec: 4.4.7) ---
            Load64A => {
                set_pair!(2, loaded!(u64, acc, offset!(byte 1)));
                next!(3);
            }
            Load64S => {
                set_pair!(3, loaded!(u64, slot!(1) as usize, offset!(byte 2)));
                next!(4);
            }
            Load32X => { set!((loaded!(u32, 0, offset!(u32 1)), 5)) }
            Load8UX => { set!((loaded!(u8, 0, offset!(u32 1)) as u32, 5)) }
            Load32XD => { set!((loaded!(u32, 0, offset!(u32 1)), 5), D) }
            Load8UXD => { set!((loaded!(u8, 0, offset!(u32 1)) as u32, 5), D) }
            Store32X => { stored!(acc as u32, 0, offset!(u32 1), 5) }
            Store8X => { stored!(acc as u8, 0, offset!(u32 1), 5) }
            Load32AI => {
                let address = a!().wrapping_add(slot!(1)) as usize;
                set!((loaded!(u32, address, 0), 2))
            }
            Load8UAI => {
                let address = a!().wrapping_add(slot!(1)) as usize;
                set!((loaded!(u8, address, 0) as u32, 2))
            }
            Load32AID => {
                let address = a!().wrapping_add(slot!(1)) as usize;
                set!((loaded!(u32, address, 0), 2), D)
            }
            Load32SI => {
                let address = (slot!(1) << 2).wrapping_add(slot!(2)) as usize;
                set!((loaded!(u32, address, 0), 3))
            }
            Load32SID => {
                let address = (slot!(1) << 2).wrapping_add(slot!(2)) as usize;
                set!((loaded!(u32, address, 0), 3), D)
            }
            Load32AJ => {
                let address = (a!() << 2).wrapping_add(slot!(1)) as usize;
                set!((loaded!(u32, address, 0), 2))
            }
            Load32SSI => { set!((loaded!(u32, slot!(1).wrapping_add(slot!(2)) as usize, 0), 3)) }
            Load8USSI => {
                let address = slot!(1).wrapping_add(slot!(2)) as usize;
                set!((loaded!(u8, address, 0) as u32, 3))
            }
            Load16SSSI => {
                let address = slot!(1).wrapping_add(slot!(2)) as usize;
                set!((loaded!(i16, address, 0) as u32, 3))
            }
            Store32SI => {
                let address = (slot!(1) << 2).wrapping_add(slot!(2)) as usize;
                stored!(slot!(3), address, 0, 4)
            }
            Add4SS => { set!(((slot!(1) << 2).wrapping_add(slot!(2)), 3), D) }
            XorRotrSK => { set!((a!() ^ numeric::i32_rotr(slot!(1), operand!(i8 2)), 3)) }
            MlaAS => { set!((slot!(2).wrapping_add(a!().wrapping_mul(slot!(1))), 3)) }
            MlaASD => { set!((slot!(2).wrapping_add(a!().wrapping_mul(slot!(1))), 3), D) }
            Load64AX => {
                set_pair!(5, loaded!(u64, acc, offset!(u32 1)));
                next!(6);
            }
            Store64AX => { stored!(pair!(1), acc, offset!(u32 2), 6) }
            Store64A => { stored!(pair!(1), acc, offset!(byte 2), 3) }
            Store64S => { stored!(pair!(2), slot!(1) as usize, offset!(byte 3), 4) }
        }
    }
    // SAFETY: the contract of `run`: the context is live.
    unsafe {
        (*ctx).pc = pc.0;
        (*ctx).fp = fp.0;
        (*ctx).func = func;
    }
    acc as u32
}

crate::mode::loop_of! {
    /// Runs until the call by the host returns or traps, or until another mode's loop has to continue.
    /// Returns 0, the number of a trap, or [`OTHER_MODE`].
    ///
    /// # Safety
    /// The context is complete and describes a function of a live instance that [`crate::call`] or
    /// [`Context::enter`] has entered; the rules at the head of [`super`] hold for the instance's code.
    run_loop
}

/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn run_loop(context: &mut Context) -> u32 {
    // SAFETY: the contract of this function: `sp` points at a slot of the stack.
    let mut acc = unsafe { *context.sp };
    loop {
        // SAFETY: the contract of this function, which everything that changes the context
        // preserves.
        acc = unsafe { execute(context, acc) };
        // SAFETY: as above; `execute` has left the running instruction.
        acc = match unsafe { out_of_line(context, acc) } {
            Ok(acc) => acc,
            // SAFETY: what has switched the context has set `sp` to a slot of the stack.
            Err(SWITCHED) => unsafe { *context.sp },
            Err(code) => return code,
        }
    }
}
