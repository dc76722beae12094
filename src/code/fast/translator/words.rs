//! Instructions on i32: arithmetic, comparisons and branches on them, in the form that fits the
//! places of the operands.

use super::{Comparison, Operand, Source, Translator, Value};
use crate::binary::reader::Parsed;
use crate::code::fast::emit::short;
use crate::code::fast::forms::{as_shift, forms, nth, swapped, with_constant};
use crate::error::ErrorKind;
use zonda_exec::fast::op::Relation;
use zonda_exec::fast::RegOp;
use zonda_exec::op::codes::*;

impl Translator<'_> {
    #[inline(never)]
    pub(super) fn unary(&mut self, op: RegOp) -> Parsed<()> {
        self.pop_accumulator()?;
        self.emit.result(op, 0, 0)?;
        self.push(Value::Accumulator)
    }

    /// Writes an instruction whose operands are the accumulator and one slot.
    pub(super) fn with_slot(&mut self, op: RegOp, slot: i32) -> Parsed<()> {
        let operand = self.emit.read(slot, 1, 0)?;
        self.emit.result(op, operand, 1)
    }

    pub(super) fn binary(&mut self, opcode: u8) -> Parsed<()> {
        if self.comparison.is_some() {
            // The comparison waits on: with the operand below it, it is the result.
            self.pop();
            return Ok(());
        }
        let second = self.pop();
        let first = self.pop();
        self.binary_of(opcode, first, second)
    }

    /// Writes an instruction on two operands that were popped, and pushes its result.
    #[inline(never)]
    pub(super) fn binary_of(
        &mut self,
        mut opcode: u8,
        mut first: Operand,
        mut second: Operand,
    ) -> Parsed<()> {
        if let Value::Constant(value) = second.value {
            // Rewrites what another instruction expresses, so that fewer forms are needed.
            match (opcode, value) {
                (I32_SUB, _) => {
                    opcode = I32_ADD;
                    second.value = Value::Constant(value.wrapping_neg());
                }
                (I32_AND, 0xff | 0xffff) => {
                    let (slot_form, form) = if value == 0xff {
                        (RegOp::Zext8S, RegOp::Zext8)
                    } else {
                        (RegOp::Zext16S, RegOp::Zext16)
                    };
                    if let Source::Slot(slot) = self.source(first) {
                        self.spill_accumulator()?;
                        self.with_slot(slot_form, slot)?;
                    } else {
                        self.take(first)?;
                        self.emit.result(form, 0, 0)?;
                    }
                    self.emit.bound = value;
                    return self.push(Value::Accumulator);
                }
                (I32_SHL..=I32_SHR_U | I32_ROTR, _) => second.value = Value::Constant(value & 31),
                (I32_ROTL, _) => {
                    opcode = I32_ROTR;
                    second.value = Value::Constant(value.wrapping_neg() & 31);
                }
                _ => {}
            }
        }
        let Some(forms) = forms(opcode) else { return Ok(()) };
        if forms.commutative && matches!(first.value, Value::Constant(_)) {
            (first, second) = (second, first);
        }
        let (a, b) = (self.source(first), self.source(second));
        // At most one operand is in the accumulator, so no other has to be spilled if one of these
        // is.
        if first.value != Value::Accumulator && second.value != Value::Accumulator {
            self.spill_accumulator()?;
        }
        let bound = match a {
            Source::Accumulator => self.emit.bound,
            _ => u32::MAX,
        };
        match (a, b) {
            (Source::Accumulator, Source::Accumulator) => {
                let slot =
                    self.slot(if first.value == Value::Accumulator { second } else { first });
                self.with_slot(forms.by_slot, slot)?;
            }
            (Source::Accumulator, Source::Slot(slot))
            | (Source::Slot(slot), Source::Accumulator)
                if opcode == I32_ADD
                    && (first.value == Value::Accumulator
                        || second.value == Value::Accumulator)
                    && self.emit.add_to_product(slot)? => {}
            (Source::Slot(slot), Source::Accumulator)
                if opcode == I32_XOR
                    && (first.value, second.value) == (Value::InSlot, Value::Accumulator)
                    && self.combine_rotation(slot)? => {}
            (Source::Accumulator, Source::Slot(slot))
            | (Source::Slot(slot), Source::Accumulator)
                if opcode == I32_ADD =>
            {
                self.emit.add_slot(slot)?
            }
            (Source::Accumulator, Source::Slot(slot)) => self.with_slot(forms.by_slot, slot)?,
            (Source::Slot(slot), Source::Accumulator) => match forms.of_slot {
                _ if forms.commutative => self.with_slot(forms.by_slot, slot)?,
                Some(op) => self.with_slot(op, slot)?,
                None => {
                    let right = self.in_slot(second)?;
                    self.emit.get(slot)?;
                    self.with_slot(forms.by_slot, right)?;
                }
            },
            (Source::Slot(left), Source::Slot(right)) => match forms.slots {
                Some(op) => {
                    let left = self.emit.read(left, 1, 0)?;
                    let right = self.emit.read(right, 1, 2)?;
                    self.emit.result(op, left | right << 8, 2)?;
                }
                None => {
                    self.emit.get(left)?;
                    self.with_slot(forms.by_slot, right)?;
                }
            },
            (_, Source::Constant(value)) => {
                if let (Source::Slot(slot), Some(op), Some(k)) =
                    (a, forms.slot_constant, short(value))
                {
                    let slot = self.emit.read(slot, 1, 0)?;
                    self.emit.result(op, slot | k << 8, 2)?;
                } else if let (Source::Slot(slot), Some(op)) = (a, forms.slot_long_constant) {
                    let slot = self.emit.read(slot, 1, 0)?;
                    self.emit.long(op, slot | value << 8, value >> 24, 5)?;
                    self.emit.lost();
                } else if let (Source::Slot(slot), true, None) =
                    (a, forms.commutative && forms.long_constant.is_none(), short(value))
                {
                    self.emit.constant(value)?;
                    self.with_slot(forms.by_slot, slot)?;
                } else {
                    self.take(first)?;
                    match (short(value), forms.constant, forms.long_constant) {
                        (Some(k), Some(op), _) => self.emit.result(op, k, 1)?,
                        (_, _, Some(op)) => self.emit.result(op, value, 4)?,
                        _ => {
                            let slot = self.stack_slot(second.height.max(first.height));
                            self.emit.put(value, slot)?;
                            self.with_slot(forms.by_slot, slot)?;
                        }
                    }
                }
                self.emit.bounded(opcode, value, bound);
            }
            (Source::Constant(value), _) => match (b, short(value)) {
                (Source::Accumulator, Some(k)) if opcode == I32_SUB => {
                    self.emit.result(RegOp::SubKA, k, 1)?
                }
                (Source::Accumulator, Some(k)) if opcode == I32_SHL => {
                    self.emit.result(RegOp::ShlKA, k, 1)?
                }
                _ => {
                    let right = self.in_slot(second)?;
                    self.emit.constant(value)?;
                    self.with_slot(forms.by_slot, right)?;
                }
            },
        }
        self.push(Value::Accumulator)
    }

    /// [`super::super::emit::Emitter::combine_rotation`].
    #[inline(never)]
    fn combine_rotation(&mut self, slot: i32) -> Parsed<bool> {
        let Some(start) = self.emit.combine_rotation(slot)? else { return Ok(false) };
        self.positions.merged(start, self.emit.offset);
        Ok(true)
    }

    /// Writes a comparison that sets the accumulator to 1 or 0.
    #[inline(never)]
    pub(super) fn compare(&mut self, comparison: &Comparison) -> Parsed<()> {
        let (mut relation, mut first, mut second) = match comparison {
            &Comparison::Words { relation, first, second } => (relation, first, second),
            Comparison::Wide(tested) => return self.compare_test(tested),
        };
        if matches!(first.value, Value::Constant(_))
            || matches!(self.source(second), Source::Accumulator)
        {
            relation = swapped(relation);
            (first, second) = (second, first);
        }
        if let Source::Constant(value) = self.source(second) {
            if let Some((relation, value)) = with_constant(relation, value) {
                if (relation, value) == (Relation::LtS, 0) {
                    return self.shift_right(first, 31);
                }
                if let Some(k) = short(value) {
                    self.take(first)?;
                    return self.emit.result(nth(RegOp::EqAK, relation as u32), k, 1);
                }
            }
            // A long constant goes to the accumulator, where the other operand is not there.
            if let Source::Slot(slot) = self.source(first) {
                self.take(second)?;
                return self.compare_slot(swapped(relation), slot);
            }
        }
        // If both operands are the accumulator, the second is in its stack slot as well.
        let right = if second.value == Value::Accumulator && first.value == Value::Accumulator {
            self.stack_slot(second.height)
        } else {
            self.in_slot(second)?
        };
        self.take(first)?;
        self.compare_slot(relation, right)
    }

    /// Shifts an operand to the right, without its sign. The result is in the accumulator.
    fn shift_right(&mut self, operand: Operand, distance: u32) -> Parsed<()> {
        if operand.value != Value::Accumulator {
            self.spill_accumulator()?;
        }
        if distance == 0 {
            return self.take(operand);
        }
        if let Source::Slot(slot) = self.source(operand) {
            let slot = self.emit.read(slot, 1, 0)?;
            return self.emit.result(RegOp::ShrUSK, slot | distance << 8, 2);
        }
        self.take(operand)?;
        self.emit.result(RegOp::ShrUAK, distance, 1)
    }

    /// Sets the accumulator to 0 when a comparison does not hold, else to some other value. Returns
    /// whether it is the other way round.
    pub(super) fn any_bit(&mut self, comparison: &Comparison) -> Parsed<bool> {
        if let &Comparison::Words { mut relation, mut first, mut second } = comparison {
            if matches!(first.value, Value::Constant(_)) {
                relation = swapped(relation);
                (first, second) = (second, first);
            }
            if let Value::Constant(value) = second.value {
                if let Some((distance, opposite)) = as_shift(relation, value) {
                    self.shift_right(first, distance)?;
                    return Ok(opposite);
                }
            }
        }
        self.compare(comparison)?;
        Ok(false)
    }

    /// Compares the accumulator with a slot.
    fn compare_slot(&mut self, relation: Relation, slot: i32) -> Parsed<()> {
        if relation == Relation::GeS {
            // Has no form: the opposite is compared with 0.
            self.with_slot(RegOp::LtSAS, slot)?;
            return self.emit.result(RegOp::EqAK, 0, 1);
        }
        self.with_slot(nth(RegOp::EqAS, relation as u32), slot)
    }

    /// Pops the topmost operand as a condition.
    pub(super) fn condition(&mut self) -> Comparison {
        match self.comparison.take() {
            Some(comparison) => comparison,
            None => {
                let first = self.pop();
                self.with_zero(first).opposite()
            }
        }
    }

    /// Writes a branch that is taken when the relation holds and leaves its distance of two bytes
    /// open. Returns the start of the branch and the offset of the distance.
    #[inline(never)]
    pub(super) fn branch_if(&mut self, comparison: &Comparison) -> Parsed<(u32, u32)> {
        let (mut relation, mut first, mut second) = match comparison {
            &Comparison::Words { relation, first, second } => (relation, first, second),
            Comparison::Wide(tested) => return self.branch_test(tested),
        };
        if matches!(first.value, Value::Constant(_)) {
            relation = swapped(relation);
            (first, second) = (second, first);
        }
        let mut a = self.source(first);
        let mut b = self.source(second);
        if let Source::Constant(value) = b {
            let small = with_constant(relation, value)
                .and_then(|(relation, value)| Some((relation, short(value)?)));
            match (a, small) {
                (Source::Accumulator, Some((Relation::Ne, 0))) => {
                    return self.distance(RegOp::BrNzA, 0, 0)
                }
                (Source::Accumulator, Some((Relation::Eq, 0))) => {
                    return self.distance(RegOp::BrZA, 0, 0)
                }
                (Source::Accumulator, Some((relation, k))) => {
                    return self.distance(nth(RegOp::BrEqAK, relation as u32), k, 1)
                }
                (Source::Slot(slot), Some((relation, k))) => {
                    let slot = self.emit.read(slot, 1, 0)?;
                    return match (relation, k) {
                        (Relation::Ne, 0) => self.distance(RegOp::BrNzS, slot, 1),
                        (Relation::Eq, 0) => self.distance(RegOp::BrZS, slot, 1),
                        (Relation::GeU, _) => {
                            // Has no form for a slot.
                            self.spill_accumulator()?;
                            self.emit.get(slot as i32)?;
                            self.distance(RegOp::BrGeUAK, k, 1)
                        }
                        _ => self.distance(nth(RegOp::BrEqSK, relation as u32), slot | k << 8, 2),
                    };
                }
                (Source::Accumulator, None) if matches!(relation, Relation::Eq | Relation::Ne) => {
                    return self.distance(nth(RegOp::BrEqAX, relation as u32), value, 4);
                }
                (Source::Slot(_), None) => {
                    self.take(second)?;
                    b = Source::Accumulator;
                }
                _ => {
                    let slot = self.stack_slot(second.height.max(first.height));
                    // Both are constant, or the constant has no short form.
                    self.take(first)?;
                    a = Source::Accumulator;
                    self.emit.put(value, slot)?;
                    b = Source::Slot(slot);
                }
            }
        }
        if let (_, Source::Accumulator) = (a, b) {
            if let Source::Accumulator = a {
                let slot =
                    self.slot(if first.value == Value::Accumulator { second } else { first });
                if first.value == Value::Accumulator || second.value != Value::Accumulator {
                    b = Source::Slot(slot);
                } else {
                    relation = swapped(relation);
                    b = Source::Slot(slot);
                }
            } else {
                relation = swapped(relation);
                core::mem::swap(&mut a, &mut b);
            }
        }
        match (a, b) {
            (Source::Accumulator, Source::Slot(slot)) => {
                let slot = self.emit.read(slot, 1, 0)?;
                self.distance(nth(RegOp::BrEqAS, relation as u32), slot, 1)
            }
            (Source::Slot(mut left), Source::Slot(mut right)) => {
                if relation as u8 > Relation::GeU as u8 {
                    relation = swapped(relation);
                    core::mem::swap(&mut left, &mut right);
                }
                if matches!(relation, Relation::LtU | Relation::GeU) {
                    // Has no form for two slots.
                    self.spill_accumulator()?;
                    self.emit.get(left)?;
                    let right = self.emit.read(right, 1, 2)?;
                    return self.distance(nth(RegOp::BrEqAS, relation as u32), right, 1);
                }
                let left = self.emit.read(left, 1, 0)?;
                let right = self.emit.read(right, 1, 2)?;
                self.distance(nth(RegOp::BrEqSS, relation as u32), left | right << 8, 2)
            }
            // Not reached: constants are handled above.
            _ => Err(ErrorKind::FrameTooLarge),
        }
    }

    /// Writes a conditional branch with `len` bytes of operands before its distance.
    pub(super) fn distance(&mut self, op: RegOp, operands: u32, len: usize) -> Parsed<(u32, u32)> {
        let start = self.emit.here();
        self.emit.op(op, operands, len + 2)?;
        Ok((start, start + 1 + len as u32))
    }
}
