//! Loads and stores of register bytecode with all checks, for both loops.
//!
//! A loop executes a load or store itself when the access is below the fast limit of memory 0. All
//! others come here: those near or beyond the end, and [`RegOp::Memory`], which is a load or store
//! of any memory with operands in their stack slots; and where there are vectors, all instructions
//! on them.
//!
//! Depends on [`crate::linear_memory`] for the access. Owns the table of the forms in which loads
//! and stores have their operands ([`form`]), which follows the order of the rows in [`super::op`].

use super::code::Code;
use super::RegOp;
use crate::frame::Context;
use crate::index;
use crate::linear_memory;
use crate::op::Op;
use crate::slot::Frame;

/// The address is in a slot, else in the accumulator.
const ADDRESS: u16 = 1;
/// The value to store is in a slot, else in the accumulator.
const VALUE: u16 = 2;
/// The offset has four bytes, else one.
const LONG: u16 = 4;
/// The loaded value is written to a slot.
const TO: u16 = 8;
/// It is a store.
const STORE: u16 = 16;
/// The value has two slots.
const WIDE: u16 = 32;
/// The address is 0.
const ABSOLUTE: u16 = 64;
/// The address is the sum of a slot and the accumulator, and there is no offset; with [`ADDRESS`]
/// it is the sum of two slots.
const INDEX: u16 = 128;
/// The first part of that sum, the accumulator or the first slot, is multiplied by four.
const SCALED: u16 = 256;

/// The opcode of WebAssembly for a load or store of register bytecode, and its form. For a
/// [`RegOp`] that is neither, the result is some load or store.
fn form(op: u8) -> (u8, u16) {
    const LOADS: [Op; 5] =
        [Op::I32Load, Op::I32Load8S, Op::I32Load8U, Op::I32Load16S, Op::I32Load16U];
    const STORES: [Op; 3] = [Op::I32Store, Op::I32Store8, Op::I32Store16];
    const LOAD_FORMS: [u16; 5] = [0, TO, ADDRESS, ADDRESS | TO, LONG];
    const STORE_FORMS: [u16; 4] =
        [STORE | ADDRESS, STORE | VALUE, STORE | ADDRESS | VALUE, STORE | ADDRESS | LONG];
    let row = |first: RegOp, columns: u8| {
        let i = op - first as u8;
        ((i / columns) as usize, (i % columns) as usize)
    };
    let more = [
        (RegOp::Load32AXD, Op::I32Load, LONG | TO),
        (RegOp::Load32AID, Op::I32Load, INDEX | TO),
        (RegOp::Load32SI, Op::I32Load, INDEX | ADDRESS | SCALED),
        (RegOp::Load32SID, Op::I32Load, INDEX | ADDRESS | SCALED | TO),
        (RegOp::Load8UAI, Op::I32Load8U, INDEX),
        (RegOp::Load32AJ, Op::I32Load, INDEX | SCALED),
        (RegOp::Load32SSI, Op::I32Load, INDEX | ADDRESS),
        (RegOp::Load8USSI, Op::I32Load8U, INDEX | ADDRESS),
        (RegOp::Load16SSSI, Op::I32Load16S, INDEX | ADDRESS),
        (RegOp::Store32SI, Op::I32Store, STORE | INDEX | ADDRESS | SCALED | VALUE),
        (RegOp::Load32XD, Op::I32Load, ABSOLUTE | LONG | TO),
        (RegOp::Load8UXD, Op::I32Load8U, ABSOLUTE | LONG | TO),
        (RegOp::Load16SAXD, Op::I32Load16S, LONG | TO),
    ];
    let (opcode, form) = if let Some(&(_, code, form)) = more.iter().find(|row| row.0 as u8 == op) {
        (code, form)
    } else if op < RegOp::Load64A as u8 {
        let (form, width) = row(RegOp::Load32A, LOADS.len() as u8);
        (LOADS[width], *LOAD_FORMS.get(form).unwrap_or(&0))
    } else if op < RegOp::Store32SA as u8 {
        (Op::I64Load, WIDE | if op == RegOp::Load64S as u8 { ADDRESS | TO } else { TO })
    } else if op < RegOp::Store64A as u8 {
        let (form, width) = row(RegOp::Store32SA, STORES.len() as u8);
        (STORES[width], *STORE_FORMS.get(form).unwrap_or(&0))
    } else if op >= RegOp::Load32X as u8 {
        let forms = [
            (Op::I32Load, ABSOLUTE | LONG),
            (Op::I32Load8U, ABSOLUTE | LONG),
            (Op::I32Store, STORE | ABSOLUTE | LONG),
            (Op::I32Store8, STORE | ABSOLUTE | LONG),
            (Op::I32Load, INDEX),
        ];
        *forms.get((op - RegOp::Load32X as u8) as usize).unwrap_or(&forms[0])
    } else if op == RegOp::Load64AX as u8 {
        (Op::I64Load, WIDE | LONG | TO)
    } else {
        let form = match op {
            _ if op == RegOp::Store64S as u8 => ADDRESS,
            _ if op == RegOp::Store64AX as u8 => LONG,
            _ => 0,
        };
        (Op::I64Store, WIDE | STORE | VALUE | form)
    };
    (opcode as u8, form)
}

/// Executes the load or store at `pc` with all checks. Returns the next instruction and the
/// accumulator, or the number of a trap.
///
/// # Safety
/// `pc` is at a load, a store, a [`RegOp::Memory`] or a `Vector` of the context's running function,
/// whose frame is `fp`: COMPLETE, SLOTS and SPACES hold for it (see the head of [`super`]).
#[cold]
#[inline(never)]
pub(super) unsafe fn access(
    context: &Context,
    fp: Frame,
    pc: Code,
    acc: u32,
) -> Result<(Code, u32), u32> {
    // SAFETY: COMPLETE: the opcode is there.
    let op = unsafe { pc.byte(0) };
    #[cfg(feature = "simd")]
    if op == RegOp::Vector as u8 {
        // SAFETY: the contract of this function.
        return unsafe { super::vector::execute(context, fp, pc) }.map(|next| (next, acc));
    }
    if op == RegOp::Memory as u8 {
        // SAFETY: the contract of this function.
        return unsafe { on_stack_slots(context, fp, pc) }.map(|next| (next, acc));
    }
    let (opcode, form) = form(op);
    let has = |flag: u16| form & flag != 0;
    let mut at = 1;
    // SAFETY: COMPLETE: the form says which operands the instruction has, in this order. SLOTS:
    // each slot lies in the frame.
    let mut slot = || unsafe {
        at += 1;
        fp.at(pc.slot(at - 1))
    };
    // Address and value as `linear_memory::access` has them below its top; what is not in a slot is
    // in the accumulator.
    let mut operands = [acc; 3];
    let mut count = 1;
    if has(ADDRESS) {
        // SAFETY: SLOTS: `slot` returns the address of a slot of the frame.
        operands[0] = unsafe { *slot() };
    }
    if has(ABSOLUTE) {
        operands[0] = 0;
    }
    if has(INDEX) {
        // SAFETY: SLOTS: `slot` returns the address of a slot of the frame.
        let base = unsafe { *slot() };
        let index = operands[0] << if has(SCALED) { 2 } else { 0 };
        operands[0] = base.wrapping_add(index);
    }
    if has(STORE) {
        count = 2;
        if has(VALUE) {
            let value = slot();
            // SAFETY: SLOTS: `value` is the address of a slot of the frame, or of two when the
            // value has two slots.
            unsafe {
                operands[1] = *value;
                if has(WIDE) {
                    operands[2] = *value.add(1);
                    count = 3;
                }
            }
        }
    }
    // SAFETY: COMPLETE: the offset follows the operands, in four bytes or in one.
    let offset = unsafe {
        if has(LONG) {
            at += 4;
            pc.u32(at - 4)
        } else if has(INDEX) {
            0
        } else {
            at += 1;
            pc.byte(at - 1) as u32
        }
    };
    // SAFETY: RECORDS: memory 0 of the running instance is live, and if its addresses have 64 bits,
    // an empty memory stands for it here (`StoreInstance::publish_code`). `operands` has the
    // `count` operands of `opcode`, and three slots, as many as any result takes.
    unsafe {
        linear_memory::access(
            opcode,
            &*context.memory,
            index::widened(offset),
            operands.as_mut_ptr().add(count),
        )
    }
    .map_err(|trap| trap as u32)?;
    if has(TO) {
        // SAFETY: COMPLETE and SLOTS: the last operand names a slot of the frame, or two when the
        // value has two slots.
        unsafe {
            let to = fp.at(pc.slot(at));
            at += 1;
            *to = operands[0];
            if has(WIDE) {
                *to.add(1) = operands[1];
            }
        }
    }
    // SAFETY: COMPLETE: all operands were read, and an instruction that does not end a function has
    // another behind it.
    let next = unsafe { pc.after(at) };
    Ok((next, if has(STORE | WIDE) { acc } else { operands[0] }))
}

/// Executes a [`RegOp::Memory`]: a load or store on operands in their stack slots. Returns the next
/// instruction or the number of a trap.
///
/// # Safety
/// As for [`access`].
unsafe fn on_stack_slots(context: &Context, fp: Frame, pc: Code) -> Result<Code, u32> {
    // SAFETY: COMPLETE: an opcode of WebAssembly, the slot behind the topmost operand, and a memarg
    // follow. SLOTS: the operands lie below that slot, and the frame has the slots of the result.
    // SPACES and RECORDS: the memory exists and is live.
    unsafe {
        let top = fp.at(pc.u16(2));
        let (offset, index, next) = linear_memory::memarg(pc.after(4).0);
        let memory = &**(*context.instance).memories.add(index as usize);
        match linear_memory::access(pc.byte(1), memory, offset, top) {
            Ok(_) => Ok(Code(next)),
            Err(trap) => Err(trap as u32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fast::op::{Accumulator, Kind};
    use crate::op::{sig, InstrClass, NumType};

    /// The forms agree with what the table of register instructions says of the operands.
    #[test]
    fn forms_are_those_of_the_table() {
        let mut seen = 0;
        for &op in RegOp::ALL {
            let (is_load, is_store) = (op.name().contains(".load"), op.name().contains(".store"));
            if !is_load && !is_store {
                continue;
            }
            seen += 1;
            let (opcode, form) = form(op as u8);
            let sig = sig(opcode);
            assert_eq!(sig.class() == InstrClass::Store, is_store, "{op:?}");
            assert_eq!(form & STORE != 0, is_store, "{op:?}");
            assert_eq!(form & WIDE != 0, sig.value() == NumType::I64, "{op:?}");
            // "i32.load8_s a" is the register instruction for `i32.load8_s`.
            let name = op.name().split(' ').next().unwrap();
            assert_eq!(crate::Op::from_code(opcode as u16).unwrap().name(), name, "{op:?}");
            let count = |kinds: &[Kind]| op.operands().filter(|kind| kinds.contains(kind)).count();
            let in_slots = [ADDRESS, VALUE, INDEX].iter().filter(|&flag| form & flag != 0).count();
            let by_accumulator = form & (ADDRESS | ABSOLUTE) == 0;
            assert_eq!(count(&[Kind::Read, Kind::ReadPair]), in_slots, "{op:?}");
            assert_eq!(count(&[Kind::Write, Kind::WritePair]), (form & TO != 0) as usize, "{op:?}");
            assert_eq!(count(&[Kind::U32]), (form & LONG != 0) as usize, "{op:?}");
            let uses_acc = matches!(op.accumulator(), Accumulator::Get | Accumulator::Both);
            assert_eq!(uses_acc, by_accumulator || is_store && form & VALUE == 0, "{op:?}");
            // In a store with one operand in a slot, "a:" says that the accumulator is the address.
            if is_store && uses_acc {
                assert_eq!(op.name().ends_with("a:"), by_accumulator, "{op:?}");
            }
        }
        assert_eq!(seen, 61);
    }
}
