//! Locals, globals, and `select` (spec: 4.4.3, 4.4.5).

use super::{Translator, Value};
use crate::binary::reader::Parsed;
use zonda_exec::fast::RegOp;
use zonda_exec::vector;

impl Translator<'_> {
    pub(super) fn local_get(&mut self, local: u32, slots: u32) -> Parsed<()> {
        for i in 0..slots {
            if self.emit.large {
                let stack_slot = self.stack_slot(self.height);
                self.emit.copy(self.local(local + i), stack_slot)?;
                self.push(Value::InSlot)?;
            } else {
                self.push(Value::Local(local + i))?;
            }
        }
        Ok(())
    }

    #[inline(never)]
    pub(super) fn local_set(&mut self, local: u32, slots: u32, tee: bool) -> Parsed<()> {
        let slot = self.local(local);
        if vector::ENABLED && slots == 4 {
            self.set_vector(local)?;
        } else if slots == 2 {
            let before = self.emit.here();
            self.spill_local(local)?;
            self.spill_local(local + 1)?;
            let spilled = self.emit.here() != before;
            let high = self.pop();
            let low = self.pop();
            let stack_slot = self.stack_slot(low.height);
            match (low.value, high.value) {
                (Value::InSlot, Value::InSlot) => {
                    if spilled || !self.emit.retarget(stack_slot, slot, 2) {
                        self.emit.copy_pair(stack_slot, slot)?;
                    }
                }
                (Value::Local(first), Value::Local(second)) if second == first + 1 => {
                    if first != local {
                        self.emit.copy_pair(self.local(first), slot)?;
                    }
                }
                // The second value may be the local that the first one overwrites.
                (low, Value::Local(second)) if second == local => {
                    self.place(high.value, stack_slot + 1)?;
                    self.move_to(low, stack_slot, slot)?;
                    self.emit.copy(stack_slot + 1, slot + 1)?;
                }
                (first, second) => {
                    self.move_to(first, stack_slot, slot)?;
                    self.move_to(second, stack_slot + 1, slot + 1)?;
                }
            }
        } else {
            let operand = self.pop();
            let before = self.emit.here();
            self.spill_local(local)?;
            // The copy that a spill writes before the last instruction does not matter for a result
            // in the accumulator.
            let spilled = self.emit.here() != before && operand.value == Value::InSlot;
            let stack_slot = self.stack_slot(operand.height);
            if operand.value != Value::InSlot || spilled || !self.emit.retarget(stack_slot, slot, 1)
            {
                self.move_to(operand.value, stack_slot, slot)?;
                if tee && operand.value == Value::InSlot {
                    // It is still in its stack slot, which need not be written before the local
                    // changes.
                    return self.push(Value::InSlot);
                }
            }
        }
        if tee {
            return self.local_get(local, slots);
        }
        Ok(())
    }

    /// Writes a value to a slot; `stack_slot` is the value's stack slot.
    pub(super) fn move_to(&mut self, value: Value, stack_slot: i32, slot: i32) -> Parsed<()> {
        match value {
            Value::InSlot => self.emit.copy(stack_slot, slot),
            value => self.place(value, slot),
        }
    }

    #[inline(never)]
    pub(super) fn global(&mut self, get: bool, index: u32, slots: u32) -> Parsed<()> {
        if vector::ENABLED && slots == 4 {
            return self.vector_global(get, index);
        }
        match (get, slots) {
            (true, 1) => {
                self.spill_accumulator()?;
                self.emit.result(RegOp::GlobalGet, index, 2)?;
                self.push(Value::Accumulator)
            }
            (true, _) => {
                let stack_slot = self.stack_slot(self.height);
                let to = self.emit.write(stack_slot, 2)?;
                self.emit.to(RegOp::GlobalGetW, index | to << 16, 3, 0, stack_slot, 2)?;
                self.emit.written(stack_slot, 2)?;
                self.push(Value::InSlot)?;
                self.push(Value::InSlot)
            }
            (false, 1) => {
                self.pop_accumulator()?;
                self.emit.op(RegOp::GlobalSet, index, 2)
            }
            (false, _) => {
                let pair = self.pop_pair()?;
                let pair = self.emit.read(pair, 2, 0)?;
                self.emit.op(RegOp::GlobalSetW, pair | index << 8, 3)
            }
        }
    }

    /// Whether the two topmost operands, between which `select` chooses, are what a comparison
    /// computes anyway, 1 and 0, or its negative: whether it is, and whether they are exchanged.
    fn flags_to_select(&self) -> Option<(bool, bool)> {
        let at = |back: usize| match self.cache.get(self.len.checked_sub(back)?) {
            Some(&Value::Constant(value)) => Some(value),
            _ => None,
        };
        match (at(2)?, at(1)?) {
            (1, 0) => Some((false, false)),
            (0, 1) => Some((false, true)),
            (u32::MAX, 0) => Some((true, false)),
            (0, u32::MAX) => Some((true, true)),
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn select(&mut self, slots: u32) -> Parsed<()> {
        let condition = match self.comparison.take() {
            Some(comparison) => Err(comparison),
            None => Ok(self.pop()),
        };
        if let (Err(comparison), 1, Some((negative, exchanged))) =
            (&condition, slots, self.flags_to_select())
        {
            self.pop();
            self.pop();
            self.spill_accumulator()?;
            self.compare(&if exchanged { comparison.opposite() } else { *comparison })?;
            if negative {
                self.emit.result(RegOp::SubKA, 0, 1)?;
            }
            return self.push(Value::Accumulator);
        }
        // Operands are written to slots before the condition, which needs the accumulator.
        let slots_of = |this: &mut Self| {
            if vector::ENABLED && slots == 4 {
                return this.pop_vector();
            }
            this.pop_any(slots as i32)
        };
        let second = slots_of(self)?;
        let first = slots_of(self)?;
        let exchanged = match condition {
            Ok(condition) => {
                self.take(condition)?;
                false
            }
            Err(comparison) => {
                self.spill_accumulator()?;
                self.any_bit(&comparison)?
            }
        };
        let (first, second) = if exchanged { (second, first) } else { (first, second) };
        if vector::ENABLED && slots == 4 {
            return self.select_vector(first, second);
        }
        if slots == 2 {
            let stack_slot = self.stack_slot(self.height);
            let a = self.emit.read(first, 2, 0)?;
            let b = self.emit.read(second, 2, 2)?;
            let to = self.emit.write(stack_slot, 2)?;
            self.emit.to(RegOp::SelectW, a | b << 8 | to << 16, 3, 0, stack_slot, 2)?;
            self.emit.written(stack_slot, 2)?;
            self.push(Value::InSlot)?;
            return self.push(Value::InSlot);
        }
        let a = self.emit.read(first, 1, 0)?;
        let b = self.emit.read(second, 1, 2)?;
        self.emit.result(RegOp::Select, a | b << 8, 2)?;
        self.push(Value::Accumulator)
    }
}
