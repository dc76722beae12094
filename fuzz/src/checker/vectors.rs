//! Vector instructions on both sides. What one computes is a value that its opcode, its operands
//! and its immediates determine; loads and stores are effects.

use super::machine::{effect, effective, Machine, Place, Step};
use super::values::{Sym, Values};
use super::wasm::{Result, Wasm};
use zonda_exec::fast::decode::Instruction;
use zonda_exec::fast::op::VECTOR;
use zonda_exec::fast::vector::{layout, COPY, GLOBAL_GET, GLOBAL_SET};
use zonda_exec::vector::op::Row;

/// The values that an instruction without memory computes.
fn computed(values: &mut Values, code: u16, args: &[Sym], immediates: &[u8]) -> Vec<Sym> {
    let Some(row) = Row::of(code.into()) else { return Vec::new() };
    let mut all = args.to_vec();
    for bytes in immediates.chunks(4) {
        let word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
        all.push(values.constant(word));
    }
    values.numeric(VECTOR + code, &all, row.results() as usize)
}

/// A load or store: the lane is part of the second immediate.
fn access(
    values: &Values,
    code: u16,
    [offset, memory, lane]: [u32; 3],
    args: &[Sym],
    results: Place,
) -> Step {
    let (address, vector) = args.split_at(1);
    let (mut immediates, mut args) = effective(values, offset, memory, address[0]);
    immediates[1] |= u64::from(lane) << 32;
    args.extend(vector);
    Step::Effect { code: VECTOR + code, immediates, args, results }
}

/// An unsigned integer at the start of the bytes, and what is behind it.
fn leb(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let len = bytes.iter().position(|&byte| byte < 0x80)? + 1;
    let (integer, rest) = bytes.split_at(len);
    Some((integer.iter().rev().fold(0, |value, &byte| value << 7 | u64::from(byte & 0x7f)), rest))
}

/// Opcode, offset and memory, and the other immediates, of the instruction behind the prefix.
fn decode(bytes: &[u8]) -> Option<(u16, [u32; 2], &[u8])> {
    let (code, mut rest) = leb(bytes.get(1..)?)?;
    let row = Row::of(code as u32)?;
    let mut memarg = [0; 2];
    if row.is_access() {
        let (flags, behind) = leb(rest)?;
        rest = behind;
        for (immediate, present) in [(1, flags & 0x40 != 0), (0, true)] {
            if present {
                let (value, behind) = leb(rest)?;
                (memarg[immediate], rest) = (value as u32, behind);
            }
        }
    }
    Some((code as u16, memarg, rest.get(..row.immediates())?))
}

impl Machine<'_> {
    /// `Vector`.
    pub(super) fn vector(
        &mut self,
        values: &mut Values,
        instruction: &Instruction,
        at: u32,
    ) -> Result<Option<Step>> {
        let code = instruction.code;
        let (slots, bytes) = layout(code).ok_or("no such vector instruction")?;
        let [number, lane] = instruction.immediates();
        let mut operands = instruction.operands().map(|(_, slot)| slot);
        let to = if slots[0] != 0 { operands.next() } else { None };
        let args: Vec<Sym> = operands
            .zip(slots[1..].iter().filter(|&&slots| slots != 0))
            .flat_map(|(slot, &slots)| self.range(slot, slots as usize))
            .collect();
        let results = to.map_or(Place::Nowhere, Place::SlotsOnly);
        match code {
            GLOBAL_GET => return Ok(Some(effect(0x23, number as i32, args, results))),
            GLOBAL_SET => return Ok(Some(effect(0x24, number as i32, args, results))),
            COPY => {
                self.put(results, &args);
                return Ok(None);
            }
            _ => {}
        }
        if Row::of(code.into()).is_some_and(Row::is_access) {
            return Ok(Some(access(values, code, [number, 0, lane], &args, results)));
        }
        let end = at as usize + instruction.len;
        let immediates = self.code.get(end - bytes..end).ok_or("no immediates")?;
        let list = computed(values, code, &args, immediates);
        self.put(results, &list);
        Ok(None)
    }

    /// A vector instruction on operands in their stack slots, which end below the slot `top`.
    pub(super) fn vector_below(
        &mut self,
        values: &mut Values,
        instruction: &Instruction,
        at: u32,
        top: i32,
    ) -> Result<Option<Step>> {
        let code = instruction.code - VECTOR;
        let row = Row::of(code.into()).ok_or("no such vector instruction")?;
        let count: u32 = row.operands().iter().sum();
        let first = top - count as i32;
        let args = self.range(first, count as usize);
        let end = at as usize + instruction.len;
        let immediates = self.code.get(end - row.immediates()..end).ok_or("no immediates")?;
        if row.is_access() {
            let [offset, memory] = instruction.immediates();
            let lane = if row.immediates() == 1 { immediates[0] } else { 0 };
            // Not `Place::Runtime`, which ends below the operands: their number is known here.
            self.accumulator = super::values::UNKNOWN;
            let place = Place::Slots(first);
            return Ok(Some(access(values, code, [offset, memory, lane.into()], &args, place)));
        }
        let list = computed(values, code, &args, immediates);
        self.put(Place::Slots(first), &list);
        self.accumulator = self.get(first + list.len() as i32 - 1);
        Ok(None)
    }
}

impl Wasm<'_, '_> {
    /// The vector instruction whose bytes are the first of these.
    pub(super) fn vector(&mut self, bytes: &[u8]) -> Result<()> {
        let (code, [offset, memory], immediates) = decode(bytes).ok_or("cannot be decoded")?;
        let row = Row::of(code.into()).ok_or("no such vector instruction")?;
        let count = row.operands().iter().filter(|&&slots| slots != 0).count();
        let args = self.pop_slots(count)?;
        let value = if row.is_access() {
            let lane = if row.immediates() == 1 { immediates[0] } else { 0 };
            let numbers = [offset, memory, lane.into()];
            let step = access(&self.values, code, numbers, &args, Place::Nowhere);
            let Step::Effect { code, immediates, args, .. } = step else { return Ok(()) };
            self.effect(code, immediates, &args, row.results() as usize)?
        } else {
            computed(&mut self.values, code, &args, immediates)
        };
        if row.results() != 0 {
            self.stack.push(value);
        }
        Ok(())
    }
}
