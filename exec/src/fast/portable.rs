//! The loop of fast mode in Rust, for targets without Thumb-2.
//!
//! One function, `loop { match }`, whose state is meant to stay in registers: the operation's code, frame, accumulator, and first byte and limit of
//! memory 0. Operations that differ in what they compute or where their operands are stand in families; what is long or rare is behind the inner loop's end.
//!
//! The program counter is that of the running operation until its arm has done all that can trap.

use super::strict::check;
use super::{memory_op, num, RegOp, OVERHEAD};
use crate::frame::{Context, Header, RegFunc, OTHER_MODE, PAD, SWITCHED};
use crate::instance::Import;
use crate::memory::{self, Cell, Memory};
use crate::slot::{read64, write64};
use crate::{numeric, TrapCode};

/// Why the inner loop was left; the operation is still the running one.
enum Leave {
    /// Call this function of the same instance, with its frame here.
    Call(*const RegFunc, *mut u32),
    /// Call this imported function, whose arguments are here.
    Import(*const Import, *mut u32),
    /// Return through the frame's boundary; the results end here.
    Return(*mut u32),
    /// Execute `Slow`.
    Slow,
    /// Execute `Memory`.
    Memory,
    /// Execute a load or store near the end of memory or outside of it.
    Far,
    /// Execute `Num1` or `Num2`, which takes as many bytes.
    Num(usize),
    /// Stop.
    Trap(u32),
}

/// In place of a trap's number: the meter says why.
const STOPPED: u32 = 0;

/// Bytes of a call: code, function, slot.
const CALL: usize = 4;

/// Where a load or store of memory 0 goes whose place may be accessed with any width.
#[inline(always)]
fn near(address: u32, offset: u32, limit: usize) -> Option<usize> {
    if usize::BITS > 32 {
        let at = address as usize + offset as usize;
        return (at < limit).then_some(at);
    }
    let at = address.checked_add(offset)? as usize;
    (at < limit).then_some(at)
}

/// Executes the load or store at `pc` with all its checks. Gives the next operation and the accumulator, or null and a trap's number.
///
/// # Safety
/// The operation was made by the translator or verified.
#[cold]
#[inline(never)]
unsafe fn far(memory: &Memory, pc: *const u8, fp: *mut u32, acc: u32) -> (*const u8, u32) {
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
            ([0x28, 0x2c, 0x2d, 0x2e, 0x2f][i as usize % 5], [0, TO, ADDRESS, ADDRESS | TO, LONG][i as usize / 5 % 5])
        } else if op < STORES.0 {
            (0x29, if op == LOADS.1 { TO } else { ADDRESS | TO })
        } else if op < STORES.1 {
            let i = op - STORES.0;
            ([0x36, 0x3a, 0x3b][i as usize % 3], [ADDRESS, VALUE, ADDRESS | VALUE, ADDRESS | LONG][i as usize / 3 % 4])
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
        if let Err(trap) = memory::access(code, memory, offset, top) {
            return (core::ptr::null(), trap as u32);
        }
        if form & TO != 0 {
            let to = fp.add(*at as usize);
            at = at.add(1);
            *to = operands[0];
            if wide {
                *to.add(1) = operands[1];
            }
        }
        (at, if is_store || wide { acc } else { operands[0] })
    }
}

/// The operation with a code that was made by the translator or verified.
///
/// # Safety
/// There is one.
#[inline(always)]
unsafe fn operation(code: u8) -> RegOp {
    if cfg!(feature = "strict") {
        return RegOp::from_code(code).expect("the next operation is unknown");
    }
    // SAFETY: the caller's promise; codes are the enum's discriminants.
    unsafe { core::mem::transmute::<u8, RegOp>(code) }
}

/// Runs until the call by the host returns or traps, or another mode has to go on. Gives 0, the number of a trap, or [`OTHER_MODE`].
///
/// # Safety
/// The context is complete and describes a function that [`Context::enter`] has entered for the host, of an instance whose invariants hold.
#[inline(never)]
pub(crate) unsafe fn run(context: &mut Context) -> u32 {
    // SAFETY: the caller's promise, and for each access what the head of this module says of operations and their operands; `fp` is the
    // frame of a call whose size was checked against the end of the stack.
    unsafe {
        let ctx: *mut Context = context;
        let mut pc;
        let mut fp;
        let mut acc;
        let mut mem;
        let mut limit: usize;

        // Reads memory 0 anew.
        macro_rules! reload_memory {
            () => {{
                let memory = &*(*ctx).memory;
                mem = memory.base;
                limit = memory.fast_limit;
            }};
        }
        macro_rules! reload {
            () => {{
                pc = (*ctx).pc;
                fp = (*ctx).fp;
                acc = *(*ctx).sp;
                reload_memory!();
            }};
        }
        // Ends execution with a trap of the running operation.
        macro_rules! stop {
            ($code:expr) => {{
                let code = $code;
                (*ctx).pc = pc;
                return code;
            }};
        }
        reload!();

        loop {
            let leave = loop {
                check(ctx, pc, fp);

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
                        pc = pc.add($length)
                    };
                }
                macro_rules! global {
                    ($at:expr) => {
                        (*(*(*ctx).instance).globals.add(number!($at, u16) as usize)).cell()
                    };
                }

                // Values, each with the bytes of the operation up to its last operand.
                macro_rules! two {
                    ($f:ident SS) => { (numeric::$f(slot!(1), slot!(2)), 3) };
                    ($f:ident SK) => { (numeric::$f(slot!(1), byte!(2)), 3) };
                    ($f:ident AS) => { (numeric::$f(acc, slot!(1)), 2) };
                    ($f:ident SA) => { (numeric::$f(slot!(1), acc), 2) };
                    ($f:ident AK) => { (numeric::$f(acc, byte!(1)), 2) };
                    ($f:ident KA) => { (numeric::$f(byte!(1), acc), 2) };
                    ($f:ident AX) => { (numeric::$f(acc, number!(1, u32)), 5) };
                    ($f:ident SX) => { (numeric::$f(slot!(1), number!(2, u32)), 6) };
                }
                macro_rules! place {
                    ($address:expr, $offset:expr) => {
                        match near($address, $offset, limit) {
                            Some(at) => mem.add(at),
                            None => break Leave::Far,
                        }
                    };
                }
                macro_rules! loaded {
                    ($cell:ident A) => { (<$cell as Cell>::load(place!(acc, *pc.add(1) as u32)) as u32, 2) };
                    ($cell:ident S) => { (<$cell as Cell>::load(place!(slot!(1), *pc.add(2) as u32)) as u32, 3) };
                    ($cell:ident AX) => { (<$cell as Cell>::load(place!(acc, number!(1, u32))) as u32, 5) };
                }

                // What is done with a value.
                macro_rules! set {
                    ($value:expr $(, $d:ident)?) => {{
                        let (value, length): (u32, usize) = $value;
                        acc = value;
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
                            Err(trap) => break Leave::Trap(trap as u32),
                        }
                    }};
                }
                macro_rules! unary {
                    ($f:ident A $($d:ident)?) => { set!((numeric::$f(acc), 1) $(, $d)?) };
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
                    ($cell:ident SA) => { store!(@ acc as $cell, slot!(1), *pc.add(2) as u32, 3) };
                    ($cell:ident AS) => { store!(@ slot!(1) as $cell, acc, *pc.add(2) as u32, 3) };
                    ($cell:ident SS) => { store!(@ slot!(2) as $cell, slot!(1), *pc.add(3) as u32, 4) };
                    ($cell:ident SAX) => { store!(@ acc as $cell, slot!(1), number!(2, u32), 6) };
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

                // A slot of each frame that holds nothing.
                macro_rules! pad {
                    () => {
                        fp.add((*(*ctx).func).locals as usize + OVERHEAD - PAD)
                    };
                }
                macro_rules! one {
                    () => {{
                        let pad = pad!();
                        *pad = acc;
                        pad
                    }};
                }
                // Returns. Results may lie where the header is, which is read first; where they end is for a return through a boundary.
                macro_rules! back {
                    ($end:expr, $copy:expr) => {{
                        let header = Header::read(fp.add((*(*ctx).func).locals as usize));
                        if header.pc.is_null() {
                            break Leave::Return($end);
                        }
                        $copy;
                        (pc, fp) = (header.pc, header.fp);
                        (*ctx).func = header.func;
                    }};
                }

                macro_rules! operations {
                    ({ $($how:ident $what:ident: $($form:ident $op:ident $($d:ident)?),*;)* } $($rest:tt)*) => {
                        match operation(*pc) {
                            $($(
                                RegOp::$op => $how!($what $form),
                                $(RegOp::$d => $how!($what $form D),)?
                            )*)*
                            $($rest)*
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
                    RegOp::Unreachable => break Leave::Trap(TrapCode::Unreachable as u32),
                    RegOp::Meter => {
                        if !(*(*ctx).meter).pass() {
                            break Leave::Trap(STOPPED);
                        }
                        next!(1);
                    }
                    RegOp::Skip => next!(2),
                    RegOp::Br => pc = pc.offset(number!(1, i16) as isize),
                    RegOp::BrLong => pc = pc.offset(number!(1, i32) as isize),
                    RegOp::BrTable => {
                        let index = acc.min(number!(1, u16) as u32) as usize;
                        pc = pc.offset(number!(3 + 2 * index, i16) as isize);
                    }
                    RegOp::BrTableLong => {
                        let index = acc.min(number!(1, u32)) as usize;
                        pc = pc.offset(number!(5 + 4 * index, i32) as isize);
                    }
                    RegOp::BrNzA => branch!((acc, 1)),
                    RegOp::BrZA => branch!(((acc == 0) as u32, 1)),
                    RegOp::BrNzS => branch!((slot!(1), 2)),
                    RegOp::BrZS => branch!(((slot!(1) == 0) as u32, 2)),
                    RegOp::Ret => back!(pad!(), {}),
                    RegOp::RetA => back!(one!(), *fp = acc),
                    RegOp::RetS => {
                        acc = slot!(1);
                        back!(one!(), *fp = acc);
                    }
                    RegOp::RetN => {
                        let (from, count) = (fp.add(number!(1, u16) as usize), number!(3, u16) as usize);
                        back!(from.wrapping_add(count).wrapping_sub(1), {
                            core::ptr::copy(from, fp, count);
                            acc = *fp;
                        });
                    }
                    RegOp::Call => break Leave::Call((*(*ctx).instance).reg_funcs.wrapping_add(number!(1, u16) as usize), pair!(3)),
                    RegOp::CallImport => break Leave::Import((*(*ctx).instance).imports.add(number!(1, u16) as usize), pair!(3)),
                    RegOp::Slow => break Leave::Slow,
                    RegOp::Memory => break Leave::Memory,
                    RegOp::Num1 => break Leave::Num(4),
                    RegOp::Num2 => break Leave::Num(5),

                    // --- moves (spec: 4.4.1, 4.4.3, 4.4.5) ---
                    RegOp::Get => set!((slot!(1), 2)),
                    RegOp::Set => {
                        slot!(1) = acc;
                        next!(2);
                    }
                    RegOp::Copy => {
                        slot!(2) = slot!(1);
                        next!(3);
                    }
                    RegOp::CopyW => {
                        write64(pair!(2), read64(pair!(1)));
                        next!(3);
                    }
                    RegOp::Const8 => set!((byte!(1), 2)),
                    RegOp::Const32 => set!((number!(1, u32), 5)),
                    RegOp::Put8 => {
                        slot!(2) = byte!(1);
                        next!(3);
                    }
                    RegOp::Put32 => {
                        slot!(5) = number!(1, u32);
                        next!(6);
                    }
                    RegOp::Move => {
                        core::ptr::copy(fp.add(number!(1, u16) as usize), fp.add(number!(3, u16) as usize), number!(5, u16) as usize);
                        next!(7);
                    }
                    RegOp::CopyIn => {
                        slot!(3) = *fp.offset(number!(1, i16) as isize);
                        next!(4);
                    }
                    RegOp::CopyOut => {
                        *fp.offset(number!(2, i16) as isize) = slot!(1);
                        next!(4);
                    }
                    RegOp::Frame => {
                        fp = fp.offset(number!(1, i16) as isize);
                        next!(3);
                    }
                    RegOp::GlobalGet => set!((*global!(1), 3)),
                    RegOp::GlobalGetD => set!((*global!(1), 3), D),
                    RegOp::GlobalSet => {
                        *global!(1) = acc;
                        next!(3);
                    }
                    RegOp::GlobalGetW => {
                        write64(pair!(3), read64(global!(1)));
                        next!(4);
                    }
                    RegOp::GlobalSetW => {
                        write64(global!(2), read64(pair!(1)));
                        next!(4);
                    }
                    RegOp::Select => set!((slot!(if acc != 0 { 1 } else { 2 }), 3)),
                    RegOp::SelectD => set!((slot!(if acc != 0 { 1 } else { 2 }), 3), D),
                    RegOp::SelectW => {
                        write64(pair!(3), read64(pair!(if acc != 0 { 1 } else { 2 })));
                        next!(4);
                    }
                    RegOp::AddInc => {
                        acc = slot!(1).wrapping_add(byte!(2));
                        slot!(1) = acc;
                        next!(3);
                    }

                    // --- memory, two slots (spec: 4.4.7) ---
                    RegOp::Load64A => {
                        write64(pair!(2), Cell::load(place!(acc, *pc.add(1) as u32)));
                        next!(3);
                    }
                    RegOp::Load64S => {
                        write64(pair!(3), Cell::load(place!(slot!(1), *pc.add(2) as u32)));
                        next!(4);
                    }
                    RegOp::Store64A => {
                        Cell::store(read64(pair!(1)), place!(acc, *pc.add(2) as u32));
                        next!(3);
                    }
                    RegOp::Store64S => {
                        Cell::store(read64(pair!(2)), place!(slot!(1), *pc.add(3) as u32));
                        next!(4);
                    }
                }
            };

            match leave {
                Leave::Call(func, new_fp) => {
                    let callee = &*func;
                    if !(*(*ctx).meter).pass() {
                        stop!((*(*ctx).meter).reason() as u32);
                    }
                    let mut local = new_fp.add(callee.shape.params as usize);
                    // The arguments lie in the caller's frame, so the difference is not negative.
                    if (callee.shape.frame as usize) > ((*ctx).stack_end.addr() - local.addr()) / 4 {
                        stop!(TrapCode::StackOverflow as u32);
                    }
                    let header = new_fp.add(callee.shape.locals as usize);
                    while local != header {
                        *local = 0;
                        local = local.add(1);
                    }
                    Header::write(header, Header { pc: pc.add(CALL), fp, stp: core::ptr::null(), func: (*ctx).func });
                    (*ctx).func = func.cast();
                    fp = new_fp;
                    pc = (*(*ctx).instance).code.add(callee.code as usize);
                }
                Leave::Return(end) => {
                    (*ctx).sp = end;
                    (*ctx).fp = fp;
                    match (*ctx).leave() {
                        SWITCHED => reload!(),
                        done => return done,
                    }
                }
                Leave::Import(import, args) => {
                    let import = &*import;
                    (*ctx).pc = pc.add(CALL);
                    (*ctx).fp = fp;
                    match import.call {
                        Some(call) => match call(&mut *ctx, import, args) {
                            numeric::OK => {
                                pc = pc.add(CALL);
                                acc = *args;
                                reload_memory!();
                            }
                            code => stop!(code),
                        },
                        None => {
                            (*ctx).sp = import.top(args);
                            match (*ctx).cross(import) {
                                SWITCHED => reload!(),
                                OTHER_MODE => return OTHER_MODE,
                                code => stop!(code),
                            }
                        }
                    }
                }
                Leave::Slow => {
                    (*ctx).pc = pc.add(4);
                    (*ctx).sp = fp.add(pc.add(2).cast::<u16>().read_unaligned() as usize).sub(1);
                    (*ctx).fp = fp;
                    match ((*ctx).slow)(&mut *ctx, *pc.add(1)) {
                        numeric::OK | SWITCHED => reload!(),
                        OTHER_MODE => return OTHER_MODE,
                        code => stop!(code),
                    }
                }
                Leave::Memory => match memory_op(&mut *ctx, fp, pc.add(1)) {
                    Ok(next) => pc = next,
                    Err(code) => stop!(code),
                },
                Leave::Far => match far(&*(*ctx).memory, pc, fp, acc) {
                    (next, code) if next.is_null() => stop!(code),
                    (next, value) => (pc, acc) = (next, value),
                },
                Leave::Num(length) => match num(fp, pc.add(1)) {
                    numeric::OK => pc = pc.add(length),
                    code => stop!(code),
                },
                Leave::Trap(STOPPED) => stop!((*(*ctx).meter).reason() as u32),
                Leave::Trap(code) => stop!(code),
            }
        }
    }
}
