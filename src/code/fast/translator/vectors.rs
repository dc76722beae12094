//! Vector instructions (feature `simd`): as `Vector` on operands in any slots, or as runtime
//! instructions on operands in their stack slots where `Vector` cannot express them.

use super::{Translator, Value};
use crate::binary::reader::Parsed;
use crate::validate::visitor::{MemArg, Row, Site};
use zonda_exec::fast::op::VECTOR;
use zonda_exec::fast::vector::{GLOBAL_GET, GLOBAL_SET};
use zonda_exec::fast::RegOp;

/// Slots of a vector.
const SLOTS: i32 = 4;

/// The places of operands in a large function, where they are copied to scratch slots: two vectors
/// fit.
const SCRATCH_OF: [i32; 2] = [0, 4];

impl<'a> Translator<'a> {
    /// Pops an operand of four slots; returns the first of four adjacent slots that hold it.
    #[inline(never)]
    pub(super) fn pop_vector(&mut self) -> Parsed<i32> {
        let mut values = [Value::InSlot; SLOTS as usize];
        for value in values.iter_mut().rev() {
            *value = self.pop().value;
        }
        if let [Value::Local(first), ..] = values {
            let in_order = (0..).zip(values).all(|(i, value)| value == Value::Local(first + i));
            if in_order {
                return Ok(self.local(first));
            }
        }
        let stack_slot = self.stack_slot(self.height);
        for (i, value) in (0..).zip(values) {
            self.place(value, stack_slot + i)?;
        }
        Ok(stack_slot)
    }

    /// Writes the four slots from this index of the cache on to their stack slots if they are a
    /// local. Returns whether they were.
    #[inline(never)]
    pub(super) fn spill_vector(&mut self, index: usize) -> Parsed<bool> {
        let values = self.cache.get(index..self.len).and_then(|rest| rest.first_chunk());
        let Some(&[Value::Local(first), b, c, d]) = values else { return Ok(false) };
        if [b, c, d] != [1, 2, 3].map(|i| Value::Local(first + i)) {
            return Ok(false);
        }
        let stack_slot = self.stack_slot(self.height - (self.len - index) as u32);
        self.emit.copy_vector(self.local(first), stack_slot)?;
        self.cache
            .iter_mut()
            .skip(index)
            .take(SLOTS as usize)
            .for_each(|entry| *entry = Value::InSlot);
        Ok(true)
    }

    /// `local.set` of a vector, whose operand is the topmost.
    #[inline(never)]
    pub(super) fn set_vector(&mut self, local: u32) -> Parsed<()> {
        let before = self.emit.here();
        for i in 0..SLOTS as u32 {
            // Operands that are the local, also the one that it is set to, are in their stack slots
            // then.
            self.spill_local(local + i)?;
        }
        let spilled = self.emit.here() != before;
        let from = self.pop_vector()?;
        let (stack_slot, to) = (self.stack_slot(self.height), self.local(local));
        if from == stack_slot && !spilled && self.emit.retarget(stack_slot, to, SLOTS) {
            return Ok(());
        }
        self.emit.copy_vector(from, to)
    }

    /// Reads or sets a global of four slots.
    #[inline(never)]
    pub(super) fn vector_global(&mut self, get: bool, index: u32) -> Parsed<()> {
        if get {
            return self.write_vector(GLOBAL_GET, &[], SLOTS, &(index as u16).to_le_bytes());
        }
        let vector = self.pop_vector()?;
        self.write_vector(GLOBAL_SET, &[(vector, SLOTS)], 0, &(index as u16).to_le_bytes())
    }

    /// `select` of two vectors, by the accumulator: by halves, which keep it.
    pub(super) fn select_vector(&mut self, first: i32, second: i32) -> Parsed<()> {
        let stack_slot = self.stack_slot(self.height);
        for half in [0, 2] {
            let a = self.emit.read(first + half, 2, 0)?;
            let b = self.emit.read(second + half, 2, 2)?;
            let to = self.emit.write(stack_slot + half, 2)?;
            let operands = a | b << 8 | to << 16;
            self.emit.to(RegOp::SelectW, operands, 3, 0, stack_slot + half, 2)?;
            self.emit.written(stack_slot + half, 2)?;
        }
        self.push_results(SLOTS as u32)
    }

    /// A vector instruction.
    #[inline(never)]
    pub(super) fn vector(
        &mut self,
        site: &Site,
        code: u32,
        row: Row,
        memarg: Option<MemArg>,
    ) -> Parsed<()> {
        let slots = row.operands();
        let [_, _, third] = slots;
        let other_memory = memarg.is_some_and(|memarg| memarg.memory != 0 || memarg.index.is_64());
        if other_memory || self.emit.large && third != 0 {
            return self.runtime_instr(site, VECTOR + code as u16);
        }
        let mut operands = [(0, 0); 3];
        let mut count = 0;
        // Not `zip` and `rev`, which together link a panic.
        for index in (0..operands.len()).rev() {
            let slots = slots.get(index).copied().unwrap_or(0);
            let place = match slots {
                0 => continue,
                4 => self.pop_vector()?,
                slots => self.pop_any(slots as i32)?,
            };
            if let Some(operand) = operands.get_mut(index) {
                *operand = (place, slots as i32);
            }
            count += 1;
        }
        let operands = operands.get(..count).unwrap_or(&[]);
        let bytes: &'a [u8] = self.bytes;
        let end = site.end();
        let mut immediates = bytes.get(end - row.immediates()..end).unwrap_or(&[]);
        let (lane, offset);
        if let Some(memarg) = memarg {
            let [a, b, c, d] = memarg.offset.to_le_bytes();
            match immediates {
                [index] => {
                    lane = [*index, a, b, c, d];
                    immediates = &lane;
                }
                _ => {
                    offset = [a, b, c, d];
                    immediates = &offset;
                }
            }
        }
        self.write_vector(code as u16, operands, row.results() as i32, immediates)
    }

    /// Writes a `Vector` whose result, of so many slots, goes to its stack slot.
    #[inline(never)]
    fn write_vector(
        &mut self,
        code: u16,
        operands: &[(i32, i32)],
        results: i32,
        immediates: &[u8],
    ) -> Parsed<()> {
        let stack_slot = self.stack_slot(self.height);
        let (mut bytes, mut len) = (code as u64, 2);
        let mut append = |operand: u32| {
            bytes |= (operand as u64) << (8 * len);
            len += 1;
        };
        // Where the operands and the result are far, both are copied through scratch slots.
        let mut places = [0; 3];
        for ((index, operand), place) in operands.iter().enumerate().zip(&mut places) {
            let scratch = SCRATCH_OF.get(index).copied().unwrap_or(0);
            *place = self.emit.read(operand.0, operand.1, scratch)?;
        }
        if results != 0 {
            append(self.emit.write(stack_slot, results)?);
        }
        places.into_iter().take(operands.len()).for_each(append);
        self.emit.long(RegOp::Vector, bytes as u32, (bytes >> 32) as u32, len)?;
        if results != 0 {
            // The slot of the result follows the code.
            self.emit.writes(len as u32 - 3, stack_slot, results);
        }
        self.emit.tail(immediates)?;
        self.emit.written(stack_slot, results)?;
        self.push_results(results as u32)
    }
}
