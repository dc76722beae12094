//! Operations on pairs, and those on numbers that have no operation of their own in register code.

use super::{Comparison, Operand, Translator, Value};
use crate::binary::reader::Parsed;
use crate::code::fast::forms::{not, nth, relation};
use zonda_exec::fast::op::Relation;
use zonda_exec::fast::RegOp;
use zonda_exec::op;

impl Translator<'_> {
    pub(super) fn numeric(&mut self, code: u16) -> Parsed<()> {
        match code {
            0x45 => {
                // i32.eqz
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
                return Ok(());
            }
            0x46..=0x4f => {
                let second = self.pop();
                let first = self.pop();
                if first.value != Value::Accumulator && second.value != Value::Accumulator {
                    self.spill_accumulator()?;
                }
                self.comparison =
                    relation(code).map(|relation| Comparison { relation, first, second });
                return Ok(());
            }
            _ => {}
        }
        match code {
            0x67 => return self.unary(RegOp::Clz),
            0x68 => return self.unary(RegOp::Ctz),
            0xc0 => return self.unary(RegOp::Ext8S),
            0xc1 => return self.unary(RegOp::Ext16S),
            // i32.wrap_i64
            0xa7 => {
                self.pop();
                return Ok(());
            }
            // i64.extend_i32_s
            0xac => return self.extend_signed(),
            // i64.extend_i32_u
            0xad => return self.push(Value::Constant(0)),
            // Reinterpretations.
            0xbc..=0xbf => return Ok(()),
            0x7e => return self.pair_op(RegOp::I64Mul),
            0x86..=0x8a => {
                if let Some(done) = self.shift_pair(code)? {
                    return Ok(done);
                }
            }
            0x7c | 0x7d => return self.pair_op(nth(RegOp::I64Add, (code - 0x7c) as u32)),
            0x83..=0x85 => return self.pair_op(nth(RegOp::I64And, (code - 0x83) as u32)),
            _ => {}
        }
        self.number(code)
    }

    /// An operation on numbers that has none of its own.
    #[inline(never)]
    pub(super) fn number(&mut self, code: u16) -> Parsed<()> {
        let sig = if code < 0x100 { op::sig(code as u8) } else { op::prefixed_sig(code as u8) };
        let slots = sig.operand().slots() as i32;
        let second = if sig.is_binary() { Some(self.pop_any(slots)?) } else { None };
        let first = self.pop_any(slots)?;
        let home = self.home(self.height);
        let results = sig.value().slots() as i32;
        let a = self.emit.read(first, slots, 0)?;
        let b = match second {
            Some(second) => self.emit.read(second, slots, 2)?,
            None => 0,
        };
        let to = self.emit.write(home, results)?;
        let operands = (code & 0xff) as u32 | to << 8 | a << 16 | b << 24;
        match second {
            Some(_) => self.emit.to(RegOp::Num2, operands, 4, 2, home, results)?,
            None => self.emit.to(RegOp::Num1, operands, 3, 1, home, results)?,
        }
        self.emit.written(home, results)?;
        for _ in 0..results {
            self.push(Value::InSlot)?;
        }
        Ok(())
    }

    /// Takes a value of one slot or two and has it be in slots.
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
        let home = self.home(self.height);
        let a = self.emit.read(first, 2, 0)?;
        let b = self.emit.read(second, 2, 2)?;
        let to = self.emit.write(home, 2)?;
        self.emit.to(op, a | b << 8 | to << 16, 3, 0, home, 2)?;
        self.emit.written(home, 2)?;
        self.push(Value::InSlot)?;
        self.push(Value::InSlot)
    }

    /// Shifts and rotations of a pair by a constant; `None` where the distance is none.
    #[inline(never)]
    pub(super) fn shift_pair(&mut self, code: u16) -> Parsed<Option<()>> {
        let low = self.len.checked_sub(2).and_then(|index| self.cache.get(index));
        let Some(&Value::Constant(distance)) = low else { return Ok(None) };
        let (op, distance) = match code {
            0x86 => (RegOp::I64ShlK, distance),
            0x87 => (RegOp::I64ShrSK, distance),
            0x88 => (RegOp::I64ShrUK, distance),
            0x89 => (RegOp::I64RotlK, distance),
            _ => (RegOp::I64RotlK, distance.wrapping_neg()),
        };
        self.pop();
        self.pop();
        let first = self.pop_pair()?;
        let home = self.home(self.height);
        let a = self.emit.read(first, 2, 0)?;
        let to = self.emit.write(home, 2)?;
        self.emit.to(op, a | (distance & 63) << 8 | to << 16, 3, 0, home, 2)?;
        self.emit.written(home, 2)?;
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
            let home = self.home(low.height);
            self.emit.store(home)?;
            self.push(Value::InSlot)?;
        } else {
            self.push(low.value)?;
        }
        self.emit.result(RegOp::ShrSAK, 31, 1)?;
        let high = self.home(self.height);
        self.emit.store(high)?;
        self.push(Value::InSlot)
    }
}
