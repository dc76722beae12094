//! Instructions on slot pairs, and numeric instructions that have no register instruction of their
//! own.

use super::{Comparison, Operand, Translator, Value};
use crate::binary::reader::Parsed;
use crate::code::fast::forms::{not, nth, relation};
use zonda_exec::fast::op::Relation;
use zonda_exec::fast::RegOp;
use zonda_exec::op::{self, codes::*};

impl Translator<'_> {
    pub(super) fn numeric(&mut self, opcode: u16) -> Parsed<()> {
        let Ok(short) = u8::try_from(opcode) else { return self.number(opcode) };
        match short {
            I32_EQZ => {
                let comparison = match self.comparison.take() {
                    Some(comparison) => {
                        Comparison { relation: not(comparison.relation), ..comparison }
                    }
                    None => {
                        let first = self.pop();
                        let second = Operand { value: Value::Constant(0), height: self.height + 1 };
                        Comparison { relation: Relation::Eq, first, second }
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
                    relation(short).map(|relation| Comparison { relation, first, second });
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
            I64_EXTEND_I32_U => self.push(Value::Constant(0)),
            I32_REINTERPRET_F32..=F64_REINTERPRET_I64 => Ok(()),
            I64_MUL => self.pair_op(RegOp::I64Mul),
            I64_SHL..=I64_ROTR => match self.shift_pair(short)? {
                Some(()) => Ok(()),
                None => self.number(opcode),
            },
            I64_ADD | I64_SUB => self.pair_op(nth(RegOp::I64Add, (short - I64_ADD) as u32)),
            I64_AND..=I64_XOR => self.pair_op(nth(RegOp::I64And, (short - I64_AND) as u32)),
            _ => self.number(opcode),
        }
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
        self.pop();
        self.pop();
        let first = self.pop_pair()?;
        let stack_slot = self.stack_slot(self.height);
        let a = self.emit.read(first, 2, 0)?;
        let to = self.emit.write(stack_slot, 2)?;
        self.emit.to(op, a | (distance & 63) << 8 | to << 16, 3, 0, stack_slot, 2)?;
        self.emit.written(stack_slot, 2)?;
        self.push(Value::InSlot)?;
        self.push(Value::InSlot)?;
        Ok(Some(()))
    }

    #[inline(never)]
    pub(super) fn extend_signed(&mut self) -> Parsed<()> {
        let low = self.pop();
        if let Value::Constant(value) = low.value {
            self.push(low.value)?;
            return self.push(Value::Constant((value as i32 >> 31) as u32));
        }
        self.take(low)?;
        if low.value == Value::Accumulator {
            let stack_slot = self.stack_slot(low.height);
            self.emit.store(stack_slot)?;
            self.push(Value::InSlot)?;
        } else {
            self.push(low.value)?;
        }
        self.emit.result(RegOp::ShrSAK, 31, 1)?;
        let high = self.stack_slot(self.height);
        self.emit.store(high)?;
        self.push(Value::InSlot)
    }
}
