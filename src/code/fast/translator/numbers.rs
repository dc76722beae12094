//! Instructions on slot pairs, and numeric instructions that have no register instruction of their
//! own.

use super::{Comparison, Operand, Tested, Translator, Value};
use crate::binary::reader::Parsed;
use crate::code::fast::forms::{nth, relation};
use zonda_exec::fast::op::{Relation, Test};
use zonda_exec::fast::RegOp;
use zonda_exec::op::{self, codes::*};

impl Translator<'_> {
    pub(super) fn numeric(&mut self, opcode: u16) -> Parsed<()> {
        let Ok(short) = u8::try_from(opcode) else { return self.number(opcode) };
        match short {
            I32_EQZ => {
                let comparison = match self.comparison.take() {
                    Some(comparison) => comparison.opposite(),
                    None => {
                        let first = self.pop();
                        self.with_zero(first)
                    }
                };
                self.comparison = Some(comparison);
                Ok(())
            }
            I32_EQ..=I32_GE_U => {
                let second = self.pop();
                let first = self.pop();
                if first.value != Value::Accumulator && second.value != Value::Accumulator {
                    self.spill_accumulator()?;
                }
                self.comparison =
                    relation(short).map(|relation| Comparison::Words { relation, first, second });
                Ok(())
            }
            I32_CLZ => self.unary(RegOp::Clz),
            I32_CTZ => self.unary(RegOp::Ctz),
            I32_EXTEND8_S => self.unary(RegOp::Ext8S),
            I32_EXTEND16_S => self.unary(RegOp::Ext16S),
            I32_WRAP_I64 => {
                self.pop();
                Ok(())
            }
            I64_EXTEND_I32_S => self.extend_signed(),
            I64_EXTEND8_S | I64_EXTEND16_S | I64_EXTEND32_S => {
                self.pop();
                match short {
                    I64_EXTEND8_S => self.unary(RegOp::Ext8S)?,
                    I64_EXTEND16_S => self.unary(RegOp::Ext16S)?,
                    _ => {}
                }
                self.extend_signed()
            }
            I64_EXTEND_I32_U => self.push(Value::Constant(0)),
            I32_REINTERPRET_F32..=F64_REINTERPRET_I64 => Ok(()),
            I64_EQZ => {
                let pair = self.pop_pair()?;
                self.any(pair)?;
                let first = Operand { value: Value::Accumulator, height: self.height };
                self.comparison = Some(self.with_zero(first));
                Ok(())
            }
            I64_EQ..=I64_GE_U | F32_EQ..=F64_GE => self.test(short),
            F32_ABS | F32_NEG | F64_ABS | F64_NEG => self.sign(short),
            I64_MUL => self.multiply_pairs(),
            I64_SHL..=I64_ROTR => match self.shift_pair(short)? {
                Some(()) => Ok(()),
                None => self.number(opcode),
            },
            I64_ADD | I64_SUB => match self.add_constant(short)? {
                true => Ok(()),
                false => self.pair_op(nth(RegOp::I64Add, (short - I64_ADD) as u32)),
            },
            I64_AND..=I64_XOR => match self.bitwise_by_halves(short)? {
                true => Ok(()),
                false => self.pair_op(nth(RegOp::I64And, (short - I64_AND) as u32)),
            },
            _ => self.number(opcode),
        }
    }

    /// The comparison of a popped operand that holds when it is 0.
    pub(super) fn with_zero(&self, first: Operand) -> Comparison {
        let second = Operand { value: Value::Constant(0), height: first.height + 1 };
        Comparison::Words { relation: Relation::Eq, first, second }
    }

    /// Sets the accumulator to a value that is 0 when the pair is.
    fn any(&mut self, pair: i32) -> Parsed<()> {
        self.spill_accumulator()?;
        let pair = self.emit.read(pair, 2, 0)?;
        self.emit.result(RegOp::I64Any, pair, 1)
    }

    /// A comparison of i64 or floats, which waits for the instruction that takes it.
    #[inline(never)]
    fn test(&mut self, opcode: u8) -> Parsed<()> {
        use Test::*;
        // The test, and whether the operands are exchanged.
        let (test, swapped) = match opcode {
            I64_EQ..=I64_GE_U => [
                (Eq, false),
                (Ne, false),
                (LtS, false),
                (LtU, false),
                (LtS, true),
                (LtU, true),
                (GeS, true),
                (GeU, true),
                (GeS, false),
                (GeU, false),
            ]
            .get((opcode - I64_EQ) as usize),
            _ => [
                (FloatEq, false),
                (FloatNe, false),
                (FloatLt, false),
                (FloatLt, true),
                (FloatLe, false),
                (FloatLe, true),
            ]
            .get((opcode.wrapping_sub(F32_EQ) % 6) as usize),
        }
        .copied()
        .unwrap_or((Eq, false));
        let slots = op::sig(opcode).operand().slots() as i32;
        if let (Eq | Ne, Some(k)) = (test, self.small_constant_pair()) {
            self.pop();
            self.pop();
            let second = self.stack_slot(self.height);
            let first = self.pop_pair()?;
            let tested = Tested { test, slots, first, second, constant: Some(k) };
            self.comparison = Some(Comparison::Wide(tested));
            return Ok(());
        }
        let mut second = self.pop_any(slots)?;
        let mut first = self.pop_any(slots)?;
        if swapped {
            (first, second) = (second, first);
        }
        self.comparison =
            Some(Comparison::Wide(Tested { test, slots, first, second, constant: None }));
        Ok(())
    }

    /// Writes a comparison of i64 or floats that sets the accumulator to 1 or 0.
    pub(super) fn compare_test(&mut self, tested: &Tested) -> Parsed<()> {
        self.spill_accumulator()?;
        if let Some(k) = tested.constant {
            let high = (k as i8 >> 7) as u32;
            let low = Value::Constant(k as i8 as u32);
            self.place_pair(low, Value::Constant(high), tested.second)?;
        }
        let operands = self.tested_operands(tested)?;
        let op = if tested.slots == 2 { RegOp::CompareW } else { RegOp::CompareS };
        self.emit.result(op, operands, 3)
    }

    /// Writes a branch that is taken when a comparison of i64 or floats holds.
    pub(super) fn branch_test(&mut self, tested: &Tested) -> Parsed<(u32, u32)> {
        if let Some(k) = tested.constant {
            let first = self.emit.read(tested.first, 2, 0)?;
            return self.distance(RegOp::BrWK, tested.test as u32 | first << 8 | k << 16, 3);
        }
        let operands = self.tested_operands(tested)?;
        let op = if tested.slots == 2 { RegOp::BrW } else { RegOp::BrS };
        self.distance(op, operands, 3)
    }

    fn tested_operands(&mut self, tested: &Tested) -> Parsed<u32> {
        let first = self.emit.read(tested.first, tested.slots, 0)?;
        let second = self.emit.read(tested.second, tested.slots, 2)?;
        Ok(tested.test as u32 | first << 8 | second << 16)
    }

    /// The constant that the topmost operand of two slots is.
    fn constant_pair(&self) -> Option<u64> {
        let half = |below: usize| match self.len.checked_sub(below) {
            Some(index) => match self.cache.get(index) {
                Some(&Value::Constant(value)) => Some(value as u64),
                _ => None,
            },
            None => None,
        };
        Some(half(2)? | half(1)? << 32)
    }

    /// The small constant that the topmost operand of two slots is, as an operand.
    fn small_constant_pair(&self) -> Option<u32> {
        i8::try_from(self.constant_pair()? as i64).ok().map(|k| k as u8 as u32)
    }

    /// Writes an instruction on a pair and a constant of one byte.
    fn pair_and_constant(&mut self, op: RegOp, k: u32) -> Parsed<()> {
        let first = self.pop_pair()?;
        let stack_slot = self.stack_slot(self.height);
        let a = self.emit.read(first, 2, 0)?;
        let to = self.emit.write(stack_slot, 2)?;
        self.emit.to(op, a | k << 8 | to << 16, 3, 0, stack_slot, 2)?;
        self.emit.written(stack_slot, 2)?;
        self.push(Value::InSlot)?;
        self.push(Value::InSlot)
    }

    /// Addition or subtraction of a small constant. Returns whether it was one.
    #[inline(never)]
    fn add_constant(&mut self, opcode: u8) -> Parsed<bool> {
        let Some(value) = self.constant_pair() else { return Ok(false) };
        let value = if opcode == I64_SUB { value.wrapping_neg() } else { value };
        let Ok(k) = i8::try_from(value as i64) else { return Ok(false) };
        self.pop();
        self.pop();
        self.pair_and_constant(RegOp::I64AddK, k as u8 as u32)?;
        Ok(true)
    }

    /// The cached value so far below the top; `InSlot` where it is not in the cache.
    fn below(&self, places: usize) -> Value {
        let index = self.len.checked_sub(places);
        index.and_then(|index| self.cache.get(index)).copied().unwrap_or(Value::InSlot)
    }

    /// `or` and `xor` with a value whose high half is 0, as one that was extended or shifted to the
    /// right has it: the other high half is the result's. Returns whether it was one.
    #[inline(never)]
    fn bitwise_with_zero(&mut self, opcode: u8) -> Parsed<bool> {
        let zero = Value::Constant(0);
        let [low, high] = [self.below(4), self.below(3)];
        let (second_low, second_high) = (self.below(2), self.below(1));
        if opcode == I64_AND || self.len < 4 {
            return Ok(false);
        }
        let high = if second_high == zero && high != Value::Accumulator {
            high
        } else if high != zero || second_high == Value::Accumulator {
            return Ok(false);
        } else if second_high != Value::InSlot {
            second_high
        } else {
            // The second value can move to where the first one would be, if neither half of that is
            // there.
            let to = self.stack_slot(self.height - 4);
            if low == Value::InSlot
                || second_low != Value::InSlot
                || !self.emit.retarget(to + 2, to, 2)
            {
                return Ok(false);
            }
            self.height -= 2;
            self.len -= 2;
            let first = Operand { value: low, height: self.height };
            self.height -= 2;
            self.len -= 2;
            let second = Operand { value: Value::InSlot, height: self.height };
            self.binary_of(opcode - I64_AND + I32_AND, first, second)?;
            self.push(Value::InSlot)?;
            return Ok(true);
        };
        self.pop();
        let second = self.pop();
        self.pop();
        let first = self.pop();
        self.binary_of(opcode - I64_AND + I32_AND, first, second)?;
        self.push(high)?;
        Ok(true)
    }

    /// `and`, `or` and `xor` with a constant of which a half needs no instruction. Returns whether
    /// it was one.
    #[inline(never)]
    fn bitwise_by_halves(&mut self, opcode: u8) -> Parsed<bool> {
        let Some(value) = self.constant_pair() else { return self.bitwise_with_zero(opcode) };
        let halves = [value as u32, (value >> 32) as u32];
        let free = |half: u32| half == 0 || half == u32::MAX && opcode != I64_XOR;
        if !halves.iter().any(|&half| free(half)) || self.len < 4 {
            return Ok(false);
        }
        // The instruction for the low half may write its constant to the stack slot of the high
        // one.
        let is_result = matches!((opcode, halves[1]), (I64_AND, 0) | (I64_OR, u32::MAX));
        let high = self.len.checked_sub(3).and_then(|index| self.cache.get(index));
        let elsewhere = matches!(high, Some(Value::Local(_) | Value::Constant(_)));
        if !free(halves[0]) && !is_result && !elsewhere {
            return Ok(false);
        }
        self.pop();
        self.pop();
        let high = self.pop();
        let low = self.pop();
        for (operand, half) in [(low, halves[0]), (high, halves[1])] {
            match (opcode, half) {
                (I64_AND, 0) => self.push(Value::Constant(0))?,
                (I64_OR, u32::MAX) => self.push(Value::Constant(u32::MAX))?,
                (I64_AND, u32::MAX) | (I64_OR | I64_XOR, 0) => self.push(operand.value)?,
                _ => {
                    self.push(operand.value)?;
                    self.push(Value::Constant(half))?;
                    self.binary(opcode - I64_AND + I32_AND)?;
                }
            }
        }
        Ok(true)
    }

    /// `abs` and `neg`: instructions on the half that has the sign. Adding the highest bit changes
    /// it and no other.
    fn sign(&mut self, opcode: u8) -> Parsed<()> {
        if let F64_ABS | F64_NEG = opcode {
            let high = self.pop();
            let mut low = self.pop();
            if low.value == Value::Accumulator {
                let slot = self.stack_slot(low.height);
                self.place(low.value, slot)?;
                low.value = Value::InSlot;
            }
            self.push(low.value)?;
            self.push(high.value)?;
        }
        let (mask, word) = match opcode {
            F32_ABS | F64_ABS => (i32::MAX as u32, I32_AND),
            _ => (1 << 31, I32_ADD),
        };
        self.push(Value::Constant(mask))?;
        self.binary(word)
    }

    /// `i64.mul`. Values that were extended from 32 bits with zeros need no pair.
    #[inline(never)]
    fn multiply_pairs(&mut self) -> Parsed<()> {
        let is_extended = |below: usize| {
            self.len.checked_sub(below).and_then(|index| self.cache.get(index))
                == Some(&Value::Constant(0))
        };
        if self.len < 4 || !is_extended(1) || !is_extended(3) {
            return self.pair_op(RegOp::I64Mul);
        }
        self.pop();
        let second = self.pop();
        let second = self.in_slot(second)?;
        self.pop();
        let first = self.pop();
        let first = self.in_slot(first)?;
        let stack_slot = self.stack_slot(self.height);
        let a = self.emit.read(first, 1, 0)?;
        let b = self.emit.read(second, 1, 2)?;
        let to = self.emit.write(stack_slot, 2)?;
        self.emit.to(RegOp::I64MulU, a | b << 8 | to << 16, 3, 0, stack_slot, 2)?;
        self.emit.written(stack_slot, 2)?;
        self.push(Value::InSlot)?;
        self.push(Value::InSlot)
    }

    /// A numeric instruction that has no register instruction of its own.
    #[inline(never)]
    pub(super) fn number(&mut self, code: u16) -> Parsed<()> {
        let sig = if code < 0x100 { op::sig(code as u8) } else { op::prefixed_sig(code as u8) };
        let slots = sig.operand().slots() as i32;
        let second = if sig.is_binary() { Some(self.pop_any(slots)?) } else { None };
        let first = self.pop_any(slots)?;
        let stack_slot = self.stack_slot(self.height);
        let results = sig.value().slots() as i32;
        let a = self.emit.read(first, slots, 0)?;
        let b = match second {
            Some(second) => self.emit.read(second, slots, 2)?,
            None => 0,
        };
        let to = self.emit.write(stack_slot, results)?;
        let operands = (code & 0xff) as u32 | to << 8 | a << 16 | b << 24;
        match second {
            Some(_) => self.emit.to(RegOp::Num2, operands, 4, 2, stack_slot, results)?,
            None => self.emit.to(RegOp::Num1, operands, 3, 1, stack_slot, results)?,
        }
        self.emit.written(stack_slot, results)?;
        for _ in 0..results {
            self.push(Value::InSlot)?;
        }
        Ok(())
    }

    /// Pops an operand of one or two slots; returns the first slot that holds it.
    pub(super) fn pop_any(&mut self, slots: i32) -> Parsed<i32> {
        if slots == 2 {
            return self.pop_pair();
        }
        let operand = self.pop();
        self.in_slot(operand)
    }

    #[inline(never)]
    pub(super) fn pair_op(&mut self, op: RegOp) -> Parsed<()> {
        let second = self.pop_pair()?;
        let first = self.pop_pair()?;
        let stack_slot = self.stack_slot(self.height);
        let a = self.emit.read(first, 2, 0)?;
        let b = self.emit.read(second, 2, 2)?;
        let to = self.emit.write(stack_slot, 2)?;
        self.emit.to(op, a | b << 8 | to << 16, 3, 0, stack_slot, 2)?;
        self.emit.written(stack_slot, 2)?;
        self.push(Value::InSlot)?;
        self.push(Value::InSlot)
    }

    /// Shifts and rotations of a pair by a constant. Returns `None` if the distance is not
    /// constant.
    #[inline(never)]
    pub(super) fn shift_pair(&mut self, opcode: u8) -> Parsed<Option<()>> {
        let low = self.len.checked_sub(2).and_then(|index| self.cache.get(index));
        let Some(&Value::Constant(distance)) = low else { return Ok(None) };
        let (op, distance) = match opcode {
            I64_SHL => (RegOp::I64ShlK, distance),
            I64_SHR_S => (RegOp::I64ShrSK, distance),
            I64_SHR_U => (RegOp::I64ShrUK, distance),
            I64_ROTL => (RegOp::I64RotlK, distance),
            _ => (RegOp::I64RotlK, distance.wrapping_neg()),
        };
        let distance = distance & 63;
        self.pop();
        self.pop();
        if distance == 32 && matches!(op, RegOp::I64ShlK | RegOp::I64ShrUK) {
            self.move_half(op == RegOp::I64ShlK)?;
        } else if distance > 32 && matches!(op, RegOp::I64ShlK | RegOp::I64ShrUK) {
            self.shift_half(op == RegOp::I64ShlK, distance - 32)?;
        } else if distance == 1 && op == RegOp::I64ShlK {
            // Twice the value.
            let first = self.pop_pair()?;
            let stack_slot = self.stack_slot(self.height);
            let a = self.emit.read(first, 2, 0)?;
            let to = self.emit.write(stack_slot, 2)?;
            self.emit.to(RegOp::I64Add, a | a << 8 | to << 16, 3, 0, stack_slot, 2)?;
            self.emit.written(stack_slot, 2)?;
            self.push(Value::InSlot)?;
            self.push(Value::InSlot)?;
        } else {
            self.pair_and_constant(op, distance)?;
        }
        Ok(Some(()))
    }

    /// Shifts the topmost operand by 32: one half becomes the other, and 0.
    fn move_half(&mut self, up: bool) -> Parsed<()> {
        let high = self.pop();
        let low = self.pop();
        let half = if up { low } else { high };
        let value = half.value;
        if value == Value::InSlot {
            let (from, to) = (self.stack_slot(low.height), self.stack_slot(low.height) + 1);
            if up {
                self.emit.copy(from, to)?;
            } else {
                self.emit.copy(to, from)?;
            }
        }
        if up {
            self.push(Value::Constant(0))?;
            self.push(value)
        } else {
            self.push(value)?;
            self.push(Value::Constant(0))
        }
    }

    /// Shifts the topmost operand by 32 and this distance: one half is shifted and becomes the
    /// other, and 0.
    fn shift_half(&mut self, up: bool, distance: u32) -> Parsed<()> {
        let high = self.pop();
        let low = self.pop();
        let (half, opcode) = if up { (low, I32_SHL) } else { (high, I32_SHR_U) };
        let distance = Operand { value: Value::Constant(distance), height: high.height };
        if up {
            self.push(Value::Constant(0))?;
            return self.binary_of(opcode, half, distance);
        }
        self.binary_of(opcode, half, distance)?;
        self.push(Value::Constant(0))
    }

    #[inline(never)]
    pub(super) fn extend_signed(&mut self) -> Parsed<()> {
        let low = self.pop();
        if let Value::Constant(value) = low.value {
            self.push(low.value)?;
            return self.push(Value::Constant((value as i32 >> 31) as u32));
        }
        self.take(low)?;
        let stack_slot = self.stack_slot(low.height);
        if u8::try_from(stack_slot + 1).is_ok() {
            self.emit.to(RegOp::I64ExtSA, stack_slot as u32, 1, 0, stack_slot, 2)?;
            self.push(Value::InSlot)?;
            return self.push(Value::InSlot);
        }
        if low.value == Value::Accumulator {
            self.store_accumulator(stack_slot)?;
            self.push(Value::InSlot)?;
        } else {
            self.push(low.value)?;
        }
        self.emit.result(RegOp::ShrSAK, 31, 1)?;
        let high = self.stack_slot(self.height);
        self.store_accumulator(high)?;
        self.push(Value::InSlot)
    }
}
