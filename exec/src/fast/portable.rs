//! The loop of fast mode in Rust, for targets without Thumb-2.
//!
//! `execute` is a loop whose state is meant to stay in registers: the operation's code, frame, accumulator, and first byte and limit of memory 0.
//! Operations that differ in what they compute or where their operands are stand in families. What is long or rare, and all that traps, is done by
//! `thumb_calls`, once the loop was left: the program counter is that of the running operation until its arm has done all that can fail.

use super::dispatch::{leaving, operation, settled};
use super::strict::check;
use super::{memory_op, num, quick, RegOp, OVERHEAD};
use crate::bounds;
use crate::frame::{Context, Header, OTHER_MODE, PAD, SWITCHED};
use crate::linear_memory::{self, Cell, Memory};
use crate::slot::{read64, write64};
use crate::{numeric, TrapCode};

/// Bytes of a call: code, function, slot.
const CALL: usize = 4;

/// How many locals a call clears at a time: with the last ones no more than follows them in each frame.
const ZEROS: usize = 8;
const _: () = assert!(ZEROS <= OVERHEAD + 1);

/// Executes the load or store at `pc` with all its checks. Gives the next operation and the accumulator, or a trap's number.
///
/// # Safety
/// The operation was made by the translator or verified.
#[cold]
#[inline(never)]
unsafe fn checked_access(
    memory: &Memory,
    pc: *const u8,
    fp: *mut u32,
    acc: u32,
) -> Result<(*const u8, u32), u32> {
    const ADDRESS: u8 = 1;
    const VALUE: u8 = 2;
    const LONG: u8 = 4;
    const TO: u8 = 8;
    // By the order of the table: the code of WebAssembly, what is in slots, and whether the offset is long.
    const LOADS: (u8, u8) = (RegOp::Load32A as u8, RegOp::Load64A as u8);
    const STORES: (u8, u8) = (RegOp::Store32SA as u8, RegOp::Store64A as u8);
    // SAFETY: the caller's promise: operands are there, and slots inside of the frame.
    unsafe {
        let op = *pc;
        let (code, form) = if op < LOADS.1 {
            let i = op - LOADS.0;
            (
                [0x28, 0x2c, 0x2d, 0x2e, 0x2f][i as usize % 5],
                [0, TO, ADDRESS, ADDRESS | TO, LONG][i as usize / 5 % 5],
            )
        } else if op < STORES.0 {
            (0x29, if op == LOADS.1 { TO } else { ADDRESS | TO })
        } else if op < STORES.1 {
            let i = op - STORES.0;
            (
                [0x36, 0x3a, 0x3b][i as usize % 3],
                [ADDRESS, VALUE, ADDRESS | VALUE, ADDRESS | LONG][i as usize / 3 % 4],
            )
        } else {
            (0x37, if op == STORES.1 { VALUE } else { ADDRESS | VALUE })
        };
        let mut at = pc.add(1);
        let mut slot = || {
            let slot = fp.add(*at as usize);
            at = at.add(1);
            slot
        };
        let is_store = op >= STORES.0;
        let wide = code & 0x0f == 9 || code == 0x37;
        // Operands as on a stack.
        let mut operands = [acc; 3];
        if form & ADDRESS != 0 {
            operands[0] = *slot();
        }
        if form & VALUE != 0 {
            let value = slot();
            operands[1] = *value;
            if wide {
                operands[2] = *value.add(1);
            }
        }
        let offset = if form & LONG != 0 {
            let offset = at.cast::<u32>().read_unaligned();
            at = at.add(4);
            offset
        } else {
            let offset = *at as u32;
            at = at.add(1);
            offset
        };
        let top = operands.as_mut_ptr().add(1 + (is_store as usize) + (is_store && wide) as usize);
        linear_memory::access(code, memory, offset, top).map_err(|trap| trap as u32)?;
        if form & TO != 0 {
            let to = fp.add(*at as usize);
            at = at.add(1);
            *to = operands[0];
            if wide {
                *to.add(1) = operands[1];
            }
        }
        Ok((at, if is_store || wide { acc } else { operands[0] }))
    }
}

/// Copies slots downwards, to where they may overlap.
///
/// # Safety
/// There are as many slots at both places.
#[inline(always)]
unsafe fn move_down(from: *const u32, to: *mut u32, count: usize) {
    for i in 0..count {
        // SAFETY: the caller's promise. Volatile, lest it becomes a call.
        unsafe { to.add(i).write_volatile(*from.add(i)) }
    }
}

/// Runs until an operation traps or is one for [`thumb_calls`]: that is the running one then. Program counter and frame are in the context before
/// and after, the accumulator is passed.
///
/// Calls no function, so that all registers are the loop's.
///
/// # Safety
/// As for [`run`].
#[inline(never)]
unsafe fn execute(ctx: *mut Context, acc: u32) -> u32 {
    // SAFETY: the caller's promise, and for each access what the head of this module says of operations and their operands; `fp` is the
    // frame of a call whose size was checked against the end of the stack.
    unsafe {
        let mut pc = (*ctx).pc;
        let mut fp = (*ctx).fp;
        // With zeros above its 32 bits where addresses are wider, so that it need not be made one.
        let mut acc = acc as usize;
        let Memory { base: mem, fast_limit: limit, .. } = *(*ctx).memory;
        let instance = &*(*ctx).instance;
        let meter = &*(*ctx).meter;
        let mut func = (*ctx).func;

        loop {
            check(ctx, func, pc, fp);

            macro_rules! leave {
                () => {{
                    leaving();
                    break;
                }};
            }

            macro_rules! a {
                () => {
                    (acc as u32)
                };
            }
            // Operands, by their distance from the operation's code.
            macro_rules! slot {
                ($at:expr) => {
                    *fp.add(*pc.add($at) as usize)
                };
            }
            macro_rules! pair {
                ($at:expr) => {
                    fp.add(*pc.add($at) as usize)
                };
            }
            macro_rules! byte {
                ($at:expr) => {
                    *pc.add($at) as i8 as u32
                };
            }
            macro_rules! number {
                ($at:expr, $t:ty) => {
                    pc.add($at).cast::<$t>().read_unaligned()
                };
            }
            macro_rules! next {
                ($length:expr) => {
                    pc = settled(pc.add($length))
                };
            }
            macro_rules! global {
                ($at:expr) => {
                    (*instance.globals.add(number!($at, u16) as usize)).cell()
                };
            }

            // Values, each with the bytes of the operation up to its last operand.
            macro_rules! two {
                ($f:ident SS) => {
                    (numeric::$f(slot!(1), slot!(2)), 3)
                };
                ($f:ident SK) => {
                    (numeric::$f(slot!(1), byte!(2)), 3)
                };
                ($f:ident AS) => {
                    (numeric::$f(a!(), slot!(1)), 2)
                };
                ($f:ident SA) => {
                    (numeric::$f(slot!(1), a!()), 2)
                };
                ($f:ident AK) => {
                    (numeric::$f(a!(), byte!(1)), 2)
                };
                ($f:ident KA) => {
                    (numeric::$f(byte!(1), a!()), 2)
                };
                ($f:ident AX) => {
                    (numeric::$f(a!(), number!(1, u32)), 5)
                };
                ($f:ident SX) => {
                    (numeric::$f(slot!(1), number!(2, u32)), 6)
                };
            }
            macro_rules! place {
                ($address:expr, $offset:expr) => {
                    match bounds::near_extended($address, $offset, limit) {
                        Some(at) => mem.add(at),
                        None => leave!(),
                    }
                };
            }
            macro_rules! loaded {
                ($cell:ident A) => {
                    (<$cell as Cell>::load(place!(acc, *pc.add(1) as usize)) as u32, 2)
                };
                ($cell:ident S) => {
                    (
                        <$cell as Cell>::load(place!(slot!(1) as usize, *pc.add(2) as usize))
                            as u32,
                        3,
                    )
                };
                ($cell:ident AX) => {
                    (<$cell as Cell>::load(place!(acc, number!(1, u32) as usize)) as u32, 5)
                };
            }

            macro_rules! select {
                () => {{
                    // Volatile, for a compiler had rather choose between the places.
                    let (first, second) = (
                        (&raw const slot!(1)).read_volatile(),
                        (&raw const slot!(2)).read_volatile(),
                    );
                    if acc != 0 {
                        first
                    } else {
                        second
                    }
                }};
            }

            // What is done with a value.
            macro_rules! set {
                ($value:expr $(, $d:ident)?) => {{
                    let (value, length): (u32, usize) = $value;
                    acc = value as usize;
                    set!(@ value, length $($d)?);
                }};
                (@ $value:ident, $length:ident) => { next!($length) };
                (@ $value:ident, $length:ident $d:ident) => {{
                    slot!($length) = $value;
                    next!($length + 1);
                }};
            }
            macro_rules! branch {
                ($value:expr) => {{
                    let (holds, length): (u32, usize) = $value;
                    if holds != 0 {
                        pc = pc.offset(number!(length, i16) as isize);
                    } else {
                        next!(length + 2);
                    }
                }};
            }

            // Families: a way to compute and all operations that do.
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
                ($cell:ident $form:ident $($d:ident)?) => { set!(loaded!($cell $form) $(, $d)?) };
            }
            macro_rules! store {
                ($cell:ident SA) => { store!(@ acc as $cell, slot!(1) as usize, *pc.add(2) as usize, 3) };
                ($cell:ident AS) => { store!(@ slot!(1) as $cell, acc, *pc.add(2) as usize, 3) };
                ($cell:ident SS) => { store!(@ slot!(2) as $cell, slot!(1) as usize, *pc.add(3) as usize, 4) };
                ($cell:ident SAX) => { store!(@ acc as $cell, slot!(1) as usize, number!(2, u32) as usize, 6) };
                (@ $value:expr, $address:expr, $offset:expr, $length:literal) => {{
                    let to = place!($address, $offset);
                    Cell::store($value, to);
                    next!($length);
                }};
            }
            macro_rules! wide {
                ($f:ident W) => {{
                    write64(pair!(3), numeric::$f(read64(pair!(1)), read64(pair!(2))));
                    next!(4);
                }};
                ($f:ident K) => {{
                    write64(pair!(3), numeric::$f(read64(pair!(1)), byte!(2) as u64));
                    next!(4);
                }};
            }

            // Returns. Results may lie where the header is, which is read first.
            macro_rules! back {
                ($results:expr) => {{
                    let header = Header::read(fp.add((*func).locals as usize));
                    if header.pc.is_null() {
                        leave!();
                    }
                    $results;
                    (pc, fp) = (header.pc, header.fp);
                    func = header.func;
                }};
            }

            macro_rules! operations {
                ({ $($how:ident $what:ident: $($form:ident $op:ident $($d:ident)?),*;)* } $($name:ident => $arm:block)*) => {
                    match operation(*pc) {
                        $($(RegOp::$op => $how!($what $form), $(RegOp::$d => $how!($what $form D),)?)*)*
                        $(RegOp::$name => $arm)*
                    }
                };
            }
            operations! {
                {
                    jump i32_eq: SS BrEqSS, SK BrEqSK, AK BrEqAK, AS BrEqAS, AX BrEqAX;
                    jump i32_ne: SS BrNeSS, SK BrNeSK, AK BrNeAK, AS BrNeAS, AX BrNeAX;
                    jump i32_lt_s: SS BrLtSSS, SK BrLtSSK, AK BrLtSAK, AS BrLtSAS;
                    jump i32_lt_u: SS BrLtUSS, SK BrLtUSK, AK BrLtUAK, AS BrLtUAS;
                    jump i32_ge_s: SS BrGeSSS, SK BrGeSSK, AK BrGeSAK, AS BrGeSAS;
                    jump i32_ge_u: SS BrGeUSS, SK BrGeUSK, AK BrGeUAK, AS BrGeUAS;
                    jump i32_gt_s: AS BrGtSAS;
                    jump i32_gt_u: AS BrGtUAS;
                    jump i32_le_s: AS BrLeSAS;
                    jump i32_le_u: AS BrLeUAS;
                    result i32_eq: AK EqAK, AS EqAS;
                    result i32_ne: AK NeAK, AS NeAS;
                    result i32_lt_s: AK LtSAK, AS LtSAS;
                    result i32_lt_u: AK LtUAK, AS LtUAS;
                    result i32_ge_s: AK GeSAK, AS GeSAS;
                    result i32_ge_u: AK GeUAK, AS GeUAS;
                    result i32_gt_s: AS GtSAS;
                    result i32_gt_u: AS GtUAS;
                    result i32_le_s: AS LeSAS;
                    result i32_le_u: AS LeUAS;
                    result i32_add: SS AddSS AddSSD, AS AddAS AddASD, SK AddSK AddSKD, AK AddAK AddAKD, AX AddAX AddAXD, SX AddSX AddSXD;
                    result i32_sub: SS SubSS SubSSD, AS SubAS SubASD, SA SubSA SubSAD, KA SubKA;
                    result i32_mul: SS MulSS MulSSD, AS MulAS MulASD, AK MulAK MulAKD, SK MulSK MulSKD;
                    result i32_and: SS AndSS AndSSD, AS AndAS AndASD, SK AndSK AndSKD, AK AndAK AndAKD, AX AndAX AndAXD, SX AndSX AndSXD;
                    result i32_or: SS OrSS OrSSD, AS OrAS OrASD, AK OrAK;
                    result i32_xor: SS XorSS XorSSD, AS XorAS XorASD, AK XorAK;
                    result i32_shl: SK ShlSK ShlSKD, AK ShlAK ShlAKD, AS ShlAS, SA ShlSA;
                    result i32_shr_s: SK ShrSSK ShrSSKD, AK ShrSAK ShrSAKD, AS ShrSAS, SA ShrSSA;
                    result i32_shr_u: SK ShrUSK ShrUSKD, AK ShrUAK ShrUAKD, AS ShrUAS, SA ShrUSA;
                    result i32_rotr: AK RotrAK RotrAKD, AS RotrAS, SK RotrSK RotrSKD;
                    result i32_rotl: AS RotlAS;
                    checked i32_div_s: AS DivSAS, AK DivSAK;
                    checked i32_div_u: AS DivUAS, AK DivUAK;
                    checked i32_rem_s: AS RemSAS, AK RemSAK;
                    checked i32_rem_u: AS RemUAS, AK RemUAK;
                    unary i32_clz: A Clz;
                    unary i32_ctz: A Ctz;
                    extend i8: A Ext8S Ext8SD;
                    extend i16: A Ext16S Ext16SD;
                    extend u8: A Zext8 Zext8D, S Zext8S Zext8SD;
                    extend u16: A Zext16 Zext16D, S Zext16S Zext16SD;
                    load u32: A Load32A Load32AD, S Load32S Load32SD, AX Load32AX;
                    load i8: A Load8SA Load8SAD, S Load8SS Load8SSD, AX Load8SAX;
                    load u8: A Load8UA Load8UAD, S Load8US Load8USD, AX Load8UAX;
                    load i16: A Load16SA Load16SAD, S Load16SS Load16SSD, AX Load16SAX;
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
                    if !meter.pass() {
                        leave!();
                    }
                    next!(1);
                }
                Skip => { next!(2) }
                Br => { pc = pc.offset(number!(1, i16) as isize) }
                BrLong => { pc = pc.offset(number!(1, i32) as isize) }
                BrTable => {
                    let index = a!().min(number!(1, u16) as u32) as usize;
                    pc = pc.offset(number!(3 + 2 * index, i16) as isize);
                }
                BrTableLong => {
                    let index = a!().min(number!(1, u32)) as usize;
                    pc = pc.offset(number!(5 + 4 * index, i32) as isize);
                }
                BrNzA => { branch!((a!(), 1)) }
                BrZA => { branch!(((acc == 0) as u32, 1)) }
                BrNzS => { branch!((slot!(1), 2)) }
                BrZS => { branch!(((slot!(1) == 0) as u32, 2)) }
                Ret => { back!({}) }
                RetA => { back!(*fp = a!()) }
                RetS => {
                    back!({
                        acc = slot!(1) as usize;
                        *fp = a!();
                    })
                }
                RetN => {
                    back!({
                        move_down(fp.add(number!(1, u16) as usize), fp, number!(3, u16) as usize);
                        acc = *fp as usize;
                    })
                }
                Call => {
                    let to = settled(instance.fast_funcs.wrapping_add(number!(1, u16) as usize));
                    let callee = &*to;
                    let frame = pair!(3);
                    let mut local = frame.add(callee.layout.params as usize);
                    if !bounds::has_room(local.addr(), callee.layout.frame, (*ctx).stack_end.addr()) || !meter.pass() {
                        leave!();
                    }
                    let header = frame.add(callee.layout.locals as usize);
                    // Several at a time, into what follows if need be; not so that it becomes a call.
                    while local < header {
                        local.cast::<[u32; ZEROS]>().write([0; ZEROS]);
                        local = settled(local.add(ZEROS)).cast_mut();
                    }
                    // The place in the side table means nothing.
                    let header = header.cast::<Header>();
                    (&raw mut (*header).func).write_unaligned(func);
                    (&raw mut (*header).pc).write_unaligned(pc.add(CALL));
                    (&raw mut (*header).fp).write_unaligned(fp);
                    func = to.cast();
                    // Read once more, which is less than to keep it.
                    fp = fp.add(pc.add(3).read_volatile() as usize);
                    pc = instance.code.add(callee.code as usize);
                }
                CallImport => { leave!() }
                Runtime => { leave!() }
                Memory => { leave!() }
                Num1 => { leave!() }
                Num2 => { leave!() }

                // --- moves (spec: 4.4.1, 4.4.3, 4.4.5) ---
                Get => { set!((slot!(1), 2)) }
                Set => {
                    slot!(1) = a!();
                    next!(2);
                }
                Copy => {
                    slot!(2) = slot!(1);
                    next!(3);
                }
                CopyW => {
                    write64(pair!(2), read64(pair!(1)));
                    next!(3);
                }
                Const8 => { set!((byte!(1), 2)) }
                Const32 => { set!((number!(1, u32), 5)) }
                Put8 => {
                    slot!(2) = byte!(1);
                    next!(3);
                }
                Put32 => {
                    slot!(5) = number!(1, u32);
                    next!(6);
                }
                Move => {
                    move_down(fp.add(number!(1, u16) as usize), fp.add(number!(3, u16) as usize), number!(5, u16) as usize);
                    next!(7);
                }
                CopyIn => {
                    slot!(3) = *fp.offset(number!(1, i16) as isize);
                    next!(4);
                }
                CopyOut => {
                    *fp.offset(number!(2, i16) as isize) = slot!(1);
                    next!(4);
                }
                Frame => {
                    fp = fp.offset(number!(1, i16) as isize);
                    next!(3);
                }
                GlobalGet => { set!((*global!(1), 3)) }
                GlobalGetD => { set!((*global!(1), 3), D) }
                GlobalSet => {
                    *global!(1) = a!();
                    next!(3);
                }
                GlobalGetW => {
                    write64(pair!(3), read64(global!(1)));
                    next!(4);
                }
                GlobalSetW => {
                    write64(global!(2), read64(pair!(1)));
                    next!(4);
                }
                Select => { set!((select!(), 3)) }
                SelectD => { set!((select!(), 3), D) }
                SelectW => {
                    write64(pair!(3), read64(pair!(if acc != 0 { 1 } else { 2 })));
                    next!(4);
                }
                AddInc => {
                    acc = slot!(1).wrapping_add(byte!(2)) as usize;
                    slot!(1) = a!();
                    next!(3);
                }

                // --- memory, two slots (spec: 4.4.7) ---
                Load64A => {
                    write64(pair!(2), Cell::load(place!(acc, *pc.add(1) as usize)));
                    next!(3);
                }
                Load64S => {
                    write64(pair!(3), Cell::load(place!(slot!(1) as usize, *pc.add(2) as usize)));
                    next!(4);
                }
                Store64A => {
                    Cell::store(read64(pair!(1)), place!(acc, *pc.add(2) as usize));
                    next!(3);
                }
                Store64S => {
                    Cell::store(read64(pair!(2)), place!(slot!(1) as usize, *pc.add(3) as usize));
                    next!(4);
                }
            }
        }
        (*ctx).pc = pc;
        (*ctx).fp = fp;
        (*ctx).func = func;
        acc as u32
    }
}

/// Executes the running operation, with all its checks. Gives the accumulator; else 0 when the call by the host has returned, [`SWITCHED`], [`OTHER_MODE`] or a trap's number.
///
/// # Safety
/// As for [`run`]; the operation is one that `execute` leaves.
#[inline(never)]
unsafe fn elsewhere(context: &mut Context, acc: u32) -> Result<u32, u32> {
    // SAFETY: as in `execute`.
    unsafe {
        let (pc, fp) = (context.pc, context.fp);
        let slot = |at: usize| *fp.add(*pc.add(at) as usize);
        let short = |at: usize| pc.add(at).cast::<u16>().read_unaligned() as usize;
        let op = operation(*pc);
        match op {
            RegOp::Unreachable => Err(TrapCode::Unreachable as u32),
            RegOp::Meter | RegOp::Call => match (*context.meter).pass() {
                false => Err((*context.meter).reason() as u32),
                true => Err(TrapCode::StackOverflow as u32),
            },
            RegOp::DivSAS | RegOp::DivUAS | RegOp::RemSAS | RegOp::RemUAS if slot(1) != 0 => {
                Err(TrapCode::IntegerOverflow as u32)
            }
            RegOp::DivSAK | RegOp::DivUAK | RegOp::RemSAK | RegOp::RemUAK if *pc.add(1) != 0 => {
                Err(TrapCode::IntegerOverflow as u32)
            }
            _ if op >= RegOp::DivSAS && op <= RegOp::RemUAK => {
                Err(TrapCode::IntegerDivideByZero as u32)
            }
            // Through the frame's boundary. A single result goes to the pad first.
            RegOp::Ret | RegOp::RetA | RegOp::RetS | RegOp::RetN => {
                let pad = fp.add((*context.func).locals as usize + OVERHEAD - PAD);
                context.sp = pad;
                match op {
                    RegOp::RetA => *pad = acc,
                    RegOp::RetS => *pad = slot(1),
                    RegOp::RetN => context.sp = fp.add(short(1) + short(3)).wrapping_sub(1),
                    _ => {}
                }
                Err(context.leave())
            }
            RegOp::CallImport => {
                let import = &*(*context.instance).imports.add(short(1));
                let args = fp.add(*pc.add(3) as usize);
                context.pc = pc.add(CALL);
                let code = match import.call {
                    Some(call) => call(context, import, args),
                    None => {
                        context.sp = import.top(args);
                        context.cross(import)
                    }
                };
                match code {
                    numeric::OK => Ok(*args),
                    SWITCHED | OTHER_MODE => Err(code),
                    trap => {
                        context.pc = pc;
                        Err(trap)
                    }
                }
            }
            RegOp::Runtime => {
                context.pc = pc.add(4);
                context.sp = fp.add(short(2)).sub(1);
                match (context.runtime)(context, *pc.add(1)) {
                    numeric::OK | SWITCHED => Err(SWITCHED),
                    OTHER_MODE => Err(OTHER_MODE),
                    trap => {
                        context.pc = pc;
                        Err(trap)
                    }
                }
            }
            RegOp::Memory => {
                context.pc = memory_op(context, fp, pc.add(1))?;
                Ok(acc)
            }
            RegOp::Num1 | RegOp::Num2 => {
                context.pc = quick::execute(pc, fp);
                if context.pc == pc {
                    match num(fp, pc.add(1)) {
                        numeric::OK => context.pc = pc.add(if op == RegOp::Num1 { 4 } else { 5 }),
                        trap => return Err(trap),
                    }
                }
                Ok(acc)
            }
            // Loads and stores.
            _ => {
                let (next, acc) = checked_access(&*context.memory, pc, fp, acc)?;
                context.pc = next;
                Ok(acc)
            }
        }
    }
}

/// Runs until the call by the host returns or traps, or another mode has to go on. Gives 0, the number of a trap, or [`OTHER_MODE`].
///
/// # Safety
/// The context is complete and describes a function that [`Context::enter`] has entered for the host, of an instance whose invariants hold.
pub(crate) unsafe fn run(context: &mut Context) -> u32 {
    // SAFETY: the caller's promise, which each function that changes the context keeps.
    unsafe {
        let mut acc = *context.sp;
        loop {
            acc = execute(context, acc);
            acc = match elsewhere(context, acc) {
                Ok(acc) => acc,
                Err(SWITCHED) => *context.sp,
                Err(code) => return code,
            }
        }
    }
}
