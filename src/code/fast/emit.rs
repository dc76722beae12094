//! Writes register instructions, and tracks the accumulator and the last instruction.
//!
//! Owns these invariants: each slot that an instruction names fits its operand; an instruction
//! whose result goes to a slot at once has the form that does both; every branch has a target in
//! the end.

use super::forms::with_slot;
use crate::alloc::{OutOfMemory, TryVec};
use crate::binary::reader::Parsed;
use crate::error::ErrorKind;
use zonda_exec::fast::RegOp;
use zonda_exec::op::codes::*;

/// Slots of a large function through which values go to and from slots that do not fit one byte.
/// The stack slots of its operands follow them.
pub(super) const SCRATCH: i32 = 8;
/// No position, no slot.
pub(super) const NONE: u32 = u32::MAX;

/// A branch whose target is not known yet.
#[derive(Clone, Copy)]
struct Waiting {
    /// Offset of the branch.
    start: u32,
    /// Offset of its distance.
    field: u32,
    /// The next branch of the chain.
    next: u32,
}

pub(super) struct Emitter {
    pub(super) code: TryVec<u8>,
    /// Start of the last instruction, and end of what was written since. If the code is longer,
    /// the last instruction is unknown.
    last: u32,
    end: u32,
    /// Start and end of an `AddInc` that nothing was written behind.
    increment: (u32, u32),
    /// Start and end of a `ShlSK` or `ShlAK` by 2 and the `AddAS` of its result behind it.
    indexed: (u32, u32),
    /// The last store of the accumulator to a slot: where the instruction starts whose result it
    /// is, that instruction in its form without a slot, the end of both, and the slot.
    stored: (u32, u8, u32, i32),
    /// No value that the accumulator can have now is greater.
    pub(super) bound: u32,
    /// Start and end of an `AddAX` whose sum does not wrap.
    sum: (u32, u32),
    /// Offset in the module of the instruction that is being translated, and of the one for which
    /// the last register instruction was written.
    pub(super) offset: u32,
    last_offset: u32,
    /// Offset of the byte in the last instruction that names the slot of its result, if the result
    /// goes to a slot alone.
    target: u32,
    /// Number of slots written there.
    target_slots: i32,
    /// The slot that holds the accumulator's value as well.
    pub(super) accumulator_slot: Option<i32>,
    /// Whether the function is large: it has slots that one byte cannot name, or long branches.
    pub(super) large: bool,
    /// Whether the function turned out to be large: it has to be translated again.
    pub(super) too_small: bool,
    waiting: TryVec<Waiting>,
}

impl Emitter {
    pub(super) const fn new() -> Emitter {
        Emitter {
            code: TryVec::new(),
            last: 0,
            end: NONE,
            increment: (0, NONE),
            indexed: (0, NONE),
            stored: (0, 0, NONE, 0),
            bound: u32::MAX,
            sum: (0, NONE),
            offset: 0,
            last_offset: 0,
            target: NONE,
            target_slots: 0,
            accumulator_slot: None,
            large: false,
            too_small: false,
            waiting: TryVec::new(),
        }
    }

    /// Starts a function.
    pub(super) fn begin(&mut self) {
        self.forget();
        self.waiting.truncate(0);
    }

    pub(super) fn here(&self) -> u32 {
        self.code.len() as u32
    }

    /// Control flow may enter here from elsewhere: forgets what is known of the code before.
    pub(super) fn forget(&mut self) {
        self.end = NONE;
        self.increment.1 = NONE;
        self.indexed.1 = NONE;
        self.sum.1 = NONE;
        self.stored.2 = NONE;
        self.bound = u32::MAX;
        self.target = NONE;
        self.accumulator_slot = None;
    }

    /// Fails for a function that turned out to be large; the validator visits it again.
    #[cold]
    pub(super) fn refuse<T>(&mut self) -> Parsed<T> {
        self.too_small = true;
        Err(ErrorKind::Repeat)
    }

    /// Appends the low `len` bytes of `bytes`.
    #[inline(always)]
    fn append(&mut self, bytes: u64, len: usize) -> Result<(), OutOfMemory> {
        self.code.append_low(bytes, len)
    }

    /// Writes an instruction with `len` bytes of operands.
    pub(super) fn op(&mut self, op: RegOp, operands: u32, len: usize) -> Parsed<()> {
        self.long(op, operands, 0, len)
    }

    /// Writes an instruction with more than four bytes of operands, in two halves.
    #[inline(never)]
    pub(super) fn long(&mut self, op: RegOp, low: u32, high: u32, len: usize) -> Parsed<()> {
        self.last = self.here();
        self.last_offset = self.offset;
        self.target = NONE;
        self.indexed.1 = NONE;
        self.bound = u32::MAX;
        let bytes = (op as u32 | low << 8) as u64 | ((low >> 24 | high << 8) as u64) << 32;
        self.append(bytes, len + 1)?;
        self.end = self.here();
        Ok(())
    }

    /// Writes an instruction whose result is in the accumulator and nowhere else.
    pub(super) fn result(&mut self, op: RegOp, operands: u32, len: usize) -> Parsed<()> {
        self.op(op, operands, len)?;
        self.accumulator_slot = None;
        Ok(())
    }

    /// Writes an instruction whose result goes to `slots` slots from `slot` on. The byte that names
    /// them is the last one but `behind`.
    pub(super) fn to(
        &mut self,
        op: RegOp,
        operands: u32,
        len: usize,
        behind: u32,
        slot: i32,
        slots: i32,
    ) -> Parsed<()> {
        self.op(op, operands, len)?;
        self.writes(behind, slot, slots);
        Ok(())
    }

    /// Writes an instruction with a constant of 32 bits whose result goes to the pair at `slot`.
    pub(super) fn long_to(&mut self, op: RegOp, x: u32, operand: u32, slot: i32) -> Parsed<()> {
        self.long(op, x, operand, 5)?;
        self.writes(0, slot, 2);
        Ok(())
    }

    pub(super) fn writes(&mut self, behind: u32, slot: i32, slots: i32) {
        self.target = self.end - 1 - behind;
        self.target_slots = slots;
        self.wrote(slot, slots);
    }

    /// Appends bytes to the last instruction.
    pub(super) fn tail(&mut self, bytes: &[u8]) -> Parsed<()> {
        self.code.append(bytes)?;
        self.end = self.here();
        Ok(())
    }

    /// Slots have changed, and do not hold the accumulator's value.
    pub(super) fn wrote(&mut self, slot: i32, slots: i32) {
        if self.accumulator_slot.is_some_and(|cached| cached >= slot && cached < slot + slots) {
            self.accumulator_slot = None;
        }
    }

    /// The accumulator no longer equals a slot.
    pub(super) fn lost(&mut self) {
        self.accumulator_slot = None;
    }

    fn is_near(slot: i32) -> bool {
        slot as u32 <= u8::MAX as u32
    }

    /// The operand for a slot that is read: the slot itself, or the scratch slot that it was copied
    /// to.
    #[inline(never)]
    pub(super) fn read(&mut self, slot: i32, slots: i32, scratch: i32) -> Parsed<u32> {
        if Self::is_near(slot) && Self::is_near(slot + slots - 1) {
            return Ok(slot as u32);
        }
        for i in 0..slots {
            let from = self.wide_slot(slot + i)?;
            self.op(RegOp::CopyIn, from | ((scratch + i) as u32) << 16, 3)?;
        }
        Ok(scratch as u32)
    }

    /// The operand for a slot that is written. A scratch slot is copied by [`Emitter::written`].
    pub(super) fn write(&mut self, slot: i32, slots: i32) -> Parsed<u32> {
        if Self::is_near(slot) && Self::is_near(slot + slots - 1) {
            return Ok(slot as u32);
        }
        self.wide_slot(slot)?;
        Ok(4)
    }

    /// Ends the write of a slot.
    pub(super) fn written(&mut self, slot: i32, slots: i32) -> Parsed<()> {
        if !(Self::is_near(slot) && Self::is_near(slot + slots - 1)) {
            for i in 0..slots {
                let to = self.wide_slot(slot + i)?;
                self.op(RegOp::CopyOut, (4 + i) as u32 | to << 8, 3)?;
            }
            self.wrote(slot, slots);
        }
        Ok(())
    }

    /// The operand of two bytes for any slot.
    fn wide_slot(&mut self, slot: i32) -> Parsed<u32> {
        if !self.large {
            return self.refuse();
        }
        match i16::try_from(slot) {
            Ok(slot) => Ok(slot as u16 as u32),
            Err(_) => Err(ErrorKind::FrameTooLarge),
        }
    }

    /// Writes the accumulator to a slot as well. Returns the start of the last instruction if that
    /// became one with those before it.
    #[inline(never)]
    pub(super) fn store(&mut self, slot: i32) -> Parsed<Option<u32>> {
        if self.accumulator_slot == Some(slot) {
            return Ok(None);
        }
        let mut merged = None;
        let operand = self.write(slot, 1)?;
        let form = match self.code.get(self.last as usize) {
            Some(&code) if self.end == self.here() => RegOp::from_code(code),
            _ => None,
        };
        let start = self.last as usize;
        if form == Some(RegOp::AddSK) && self.code.get(start + 1).copied() == Some(operand as u8) {
            self.patch(start, &[RegOp::AddInc as u8]);
            self.increment = (self.last, self.end);
            self.end = NONE;
        } else if let Some(operands) = self.take_index() {
            self.op(RegOp::Add4SS, operands | operand << 16, 3)?;
            self.end = NONE;
            merged = Some(self.last);
        } else if let Some(form) = form.and_then(with_slot) {
            let base = self.code.get(start).copied().unwrap_or(0);
            self.patch(start, &[form as u8]);
            self.append(operand as u64, 1)?;
            self.target = NONE;
            self.end = NONE;
            self.stored = (self.last, base, self.here(), slot);
        } else {
            self.op(RegOp::Set, operand, 1)?;
            self.stored = (self.last, RegOp::Set as u8, self.here(), slot);
        }
        self.written(slot, 1)?;
        self.accumulator_slot = Some(slot);
        Ok(merged)
    }

    /// Takes back a shift of a slot by 2 and the addition of another slot that were written last,
    /// whose sum is in the accumulator alone. Returns both slots as operands.
    fn take_index(&mut self) -> Option<u32> {
        let (start, end) = self.indexed;
        if end != self.here() {
            return None;
        }
        // `ShlSK` takes three bytes and `AddAS` two.
        let &[shift, index, _, _, base] = self.code.get(start as usize..)? else { return None };
        if shift != RegOp::ShlSK as u8 {
            return None;
        }
        self.indexed.1 = NONE;
        self.code.truncate(start as usize);
        Some(index as u32 | (base as u32) << 8)
    }

    /// Makes an addition, whose sum is in the accumulator, the store of a slot to this address.
    /// Returns its start if the last instruction was one to which a scaled index leads.
    pub(super) fn store_at_index(&mut self, slot: i32) -> Parsed<Option<u32>> {
        if !Self::is_near(slot) {
            return Ok(None);
        }
        let Some(operands) = self.take_index() else { return Ok(None) };
        self.op(RegOp::Store32SI, operands | (slot as u32) << 16, 3)?;
        Ok(Some(self.last))
    }

    /// Whether the last instruction is this one, and its result in the accumulator alone.
    fn ends_with(&self, op: RegOp) -> bool {
        self.end == self.here() && self.code.get(self.last as usize) == Some(&(op as u8))
    }

    /// Makes a multiplication whose product is in the accumulator one that adds this slot. Returns
    /// whether the last instruction was one.
    pub(super) fn add_to_product(&mut self, slot: i32) -> Parsed<bool> {
        if !self.ends_with(RegOp::MulAS) || !Self::is_near(slot) {
            return Ok(false);
        }
        self.patch(self.last as usize, &[RegOp::MlaAS as u8]);
        self.append(slot as u64, 1)?;
        self.end = self.here();
        Ok(true)
    }

    /// Makes a rotation of a slot by a constant, whose result is in the accumulator, one that is
    /// combined by `xor` with the value that was stored to this stack slot before it, which nothing
    /// else reads: the store is taken back. Returns the start if the last instructions were these.
    pub(super) fn combine_rotation(&mut self, slot: i32) -> Parsed<Option<u32>> {
        let (start, base, end, stored) = self.stored;
        if stored != slot || end != self.last || self.large || !self.ends_with(RegOp::RotrSK) {
            return Ok(None);
        }
        let operand = |at: u32| self.code.get(at as usize).copied().unwrap_or(0) as u32;
        let (source, k) = (operand(self.last + 1), operand(self.last + 2));
        if source == slot as u32 {
            return Ok(None);
        }
        if base == RegOp::Set as u8 {
            self.code.truncate(start as usize);
        } else {
            // Without the byte of the slot.
            self.code.truncate(end as usize - 1);
            self.patch(start as usize, &[base]);
        }
        self.stored.2 = NONE;
        self.result(RegOp::XorRotrSK, source | k << 8, 2)?;
        Ok(Some(self.last))
    }

    /// Adds a slot to the accumulator.
    pub(super) fn add_slot(&mut self, slot: i32) -> Parsed<()> {
        let shift = self.last;
        let constant = shift as usize + if self.ends_with(RegOp::ShlSK) { 2 } else { 1 };
        let shifted = (self.ends_with(RegOp::ShlSK) || self.ends_with(RegOp::ShlAK))
            && self.code.get(constant) == Some(&2)
            && Self::is_near(slot);
        let operand = self.read(slot, 1, 0)?;
        self.result(RegOp::AddAS, operand, 1)?;
        if shifted {
            self.indexed = (shift, self.end);
        }
        Ok(())
    }

    /// Makes an addition, whose sum is in the accumulator, the load at this address. `which` is the
    /// place of the load in its family. Returns its start if the last instruction was one.
    pub(super) fn load_at_sum(&mut self, which: u32) -> Parsed<Option<u32>> {
        let (by_slot, of_slots) = match which {
            0 => (Some(RegOp::Load32AI), RegOp::Load32SSI),
            2 => (Some(RegOp::Load8UAI), RegOp::Load8USSI),
            3 => (None, RegOp::Load16SSSI),
            _ => return Ok(None),
        };
        if self.ends_with(RegOp::AddSS) {
            self.patch(self.last as usize, &[of_slots as u8]);
            self.last_offset = self.offset;
            return Ok(Some(self.last));
        }
        let Some(by_slot) = by_slot.filter(|_| self.ends_with(RegOp::AddAS)) else {
            return Ok(None);
        };
        let (start, end) = self.indexed;
        if end != self.here() || which != 0 {
            self.indexed.1 = NONE;
            self.patch(self.last as usize, &[by_slot as u8]);
            self.last_offset = self.offset;
        } else if let Some(operands) = self.take_index() {
            self.result(RegOp::Load32SI, operands, 2)?;
        } else {
            // `ShlAK` and `AddAS`, which take two bytes each.
            self.indexed.1 = NONE;
            let base = self.code.get(start as usize + 3).copied().unwrap_or(0);
            self.code.truncate(start as usize);
            self.result(RegOp::Load32AJ, base as u32, 1)?;
        }
        Ok(Some(self.last))
    }

    /// Records what the last instruction, whose result is in the accumulator, makes of a value that
    /// is not greater than `bound`: a mask, a shift or a sum with a constant.
    pub(super) fn bounded(&mut self, opcode: u8, constant: u32, bound: u32) {
        self.bound = match opcode {
            I32_AND => bound.min(constant),
            I32_SHR_U => bound >> (constant & 31),
            I32_SHL if bound.leading_zeros() >= constant & 31 => bound << (constant & 31),
            I32_ADD => match bound.checked_add(constant) {
                Some(sum) => {
                    if self.ends_with(RegOp::AddAX) {
                        self.sum = (self.last, self.end);
                    }
                    sum
                }
                None => u32::MAX,
            },
            _ => u32::MAX,
        };
    }

    /// Takes back an addition of a constant that was written last, if the sum and this offset do
    /// not wrap. Returns its start and the constant.
    pub(super) fn take_sum(&mut self, offset: u32) -> Option<(u32, u32)> {
        let (start, end) = self.sum;
        if end != self.here() || self.bound.checked_add(offset).is_none() {
            return None;
        }
        let &[_, a, b, c, d] = self.code.get(start as usize..)? else { return None };
        self.code.truncate(start as usize);
        self.sum.1 = NONE;
        self.end = NONE;
        Some((start, u32::from_le_bytes([a, b, c, d])))
    }

    /// Takes back an addition of a constant to a slot that was written last. Returns its start, the
    /// slot and the constant.
    pub(super) fn take_increment(&mut self) -> Option<(u32, u32, u32)> {
        let (start, end) = self.increment;
        if end != self.here() || self.large {
            return None;
        }
        let &[_, slot, k] = self.code.get(start as usize..)? else { return None };
        self.increment.1 = NONE;
        self.code.truncate(start as usize);
        Some((start, slot as u32, k as u32))
    }

    /// Copies a slot.
    pub(super) fn copy(&mut self, from: i32, to: i32) -> Parsed<()> {
        if from == to {
            return Ok(());
        }
        if self.accumulator_slot == Some(from) {
            let operand = self.write(to, 1)?;
            self.op(RegOp::Set, operand, 1)?;
            return self.written(to, 1);
        }
        let source = self.read(from, 1, 0)?;
        let operand = self.write(to, 1)?;
        self.to(RegOp::Copy, source | operand << 8, 2, 0, to, 1)?;
        self.written(to, 1)
    }

    /// Copies a slot before the last instruction, which then stays the last one; its result is in
    /// the accumulator and nowhere else yet. Returns its new start and its offset in the module, or
    /// `None` if the copy cannot move there.
    pub(super) fn copy_before(&mut self, from: i32, to: i32) -> Parsed<Option<(u32, u32)>> {
        let mut bytes = [0; 8];
        let start = self.last as usize;
        let last = match self.code.get(start..) {
            Some(last) if self.end == self.here() && !self.large && last.len() <= bytes.len() => {
                last
            }
            _ => return Ok(None),
        };
        if last.first().and_then(|&code| with_slot(RegOp::from_code(code)?)).is_none() {
            return Ok(None);
        }
        // The last instruction must not read the slot that the copy writes. Each byte of its
        // operands may be a slot, the first slot of a pair, or part of an immediate; taking an
        // immediate for a slot only refuses too often.
        if last.iter().skip(1).any(|&byte| byte as i32 == to || byte as i32 + 1 == to) {
            return Ok(None);
        }
        let len = last.len();
        for (place, &byte) in bytes.iter_mut().zip(last) {
            *place = byte;
        }
        let source = self.read(from, 1, 0)?;
        let operand = self.write(to, 1)?;
        let (offset, now) = (self.last_offset, self.offset);
        self.code.truncate(start);
        (self.increment.1, self.indexed.1, self.sum.1) = (NONE, NONE, NONE);
        self.stored.2 = NONE;
        self.op(RegOp::Copy, source | operand << 8, 2)?;
        let (code, operands) = (bytes[0], u64::from_le_bytes(bytes) >> 8);
        self.long(
            RegOp::from_code(code).unwrap_or(RegOp::Unreachable),
            operands as u32,
            (operands >> 32) as u32,
            len - 1,
        )?;
        self.last_offset = offset;
        self.offset = now;
        Ok(Some((self.last, offset)))
    }

    /// Copies a pair.
    pub(super) fn copy_pair(&mut self, from: i32, to: i32) -> Parsed<()> {
        let source = self.read(from, 2, 0)?;
        let operand = self.write(to, 2)?;
        self.to(RegOp::CopyW, source | operand << 8, 2, 0, to, 2)?;
        self.written(to, 2)
    }

    /// Copies a vector.
    #[cfg(feature = "simd")]
    pub(super) fn copy_vector(&mut self, from: i32, to: i32) -> Parsed<()> {
        if from == to {
            return Ok(());
        }
        if [from, from + 3, to, to + 3].into_iter().all(Self::is_near) {
            let operands = zonda_exec::fast::vector::COPY as u32 | (to as u32) << 16;
            self.long(RegOp::Vector, operands | (from as u32) << 24, 0, 4)?;
            self.writes(1, to, 4);
            return Ok(());
        }
        for i in 0..4 {
            self.copy(from + i, to + i)?;
        }
        Ok(())
    }

    /// Writes a constant to a slot.
    pub(super) fn put(&mut self, value: u32, to: i32) -> Parsed<()> {
        let operand = self.write(to, 1)?;
        match short(value) {
            Some(k) => self.to(RegOp::Put8, k | operand << 8, 2, 0, to, 1)?,
            None => {
                self.long(RegOp::Put32, value, operand, 5)?;
                self.writes(0, to, 1);
            }
        }
        self.written(to, 1)
    }

    /// Loads a slot into the accumulator.
    pub(super) fn get(&mut self, slot: i32) -> Parsed<()> {
        if self.accumulator_slot == Some(slot) {
            return Ok(());
        }
        let operand = self.read(slot, 1, 0)?;
        self.op(RegOp::Get, operand, 1)?;
        self.accumulator_slot = Some(slot);
        Ok(())
    }

    /// Loads a constant into the accumulator.
    pub(super) fn constant(&mut self, value: u32) -> Parsed<()> {
        match short(value) {
            Some(k) => self.result(RegOp::Const8, k, 1),
            None => self.result(RegOp::Const32, value, 4),
        }
    }

    /// Makes the last instruction write its result to `to` instead of `from`. Returns whether it
    /// could.
    pub(super) fn retarget(&mut self, from: i32, to: i32, slots: i32) -> bool {
        if self.end != self.here()
            || self.target == NONE
            || self.target_slots != slots
            || !Self::is_near(from)
            || !Self::is_near(to)
            || !Self::is_near(to + slots - 1)
        {
            return false;
        }
        match self.code.get_mut(self.target as usize) {
            Some(operand) if *operand == from as u8 => {
                *operand = to as u8;
                self.wrote(to, slots);
                true
            }
            _ => false,
        }
    }

    /// Overwrites bytes of the code.
    fn patch(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.code.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
            // A few bytes, for which a call of memcpy would cost more.
            for (place, &byte) in place.iter_mut().zip(bytes) {
                *place = byte;
            }
        }
    }

    /// Bytes of a branch distance.
    pub(super) fn distance_bytes(&self) -> usize {
        if self.large {
            4
        } else {
            2
        }
    }

    /// Writes a distance into its field.
    fn aim(&mut self, start: u32, field: u32, target: u32) -> Parsed<()> {
        let distance = target as i32 - start as i32;
        if self.large {
            self.patch(field as usize, &distance.to_le_bytes());
            return Ok(());
        }
        match i16::try_from(distance) {
            Ok(distance) => {
                self.patch(field as usize, &distance.to_le_bytes());
                Ok(())
            }
            Err(_) => self.refuse(),
        }
    }

    /// Sets the target of the branch at `start` with its distance at `field`: a known offset, or
    /// the one for which the chain waits. Returns the chain.
    pub(super) fn branch(
        &mut self,
        start: u32,
        field: u32,
        target: Option<u32>,
        chain: u32,
    ) -> Parsed<u32> {
        match target {
            Some(target) => {
                self.aim(start, field, target)?;
                Ok(chain)
            }
            None => {
                let index = self.waiting.len() as u32;
                self.waiting.push(Waiting { start, field, next: chain })?;
                Ok(index)
            }
        }
    }

    /// Writes `br`.
    pub(super) fn jump(&mut self, target: Option<u32>, chain: u32) -> Parsed<u32> {
        let start = self.here();
        let op = if self.large { RegOp::BrLong } else { RegOp::Br };
        self.op(op, 0, self.distance_bytes())?;
        self.branch(start, start + 1, target, chain)
    }

    /// Makes all branches of a chain target this place. Returns whether there is one.
    pub(super) fn resolve(&mut self, mut chain: u32) -> Parsed<bool> {
        let any = chain != NONE;
        let target = self.here();
        while let Some(&Waiting { start, field, next }) = self.waiting.get(chain as usize) {
            self.aim(start, field, target)?;
            chain = next;
        }
        if any {
            self.forget();
        }
        Ok(any)
    }

    /// Makes the branch at `start`, whose last two bytes are the distance, target this place.
    pub(super) fn around(&mut self, start: u32, field: u32) -> Parsed<()> {
        match i16::try_from(self.here() - start) {
            Ok(distance) => self.patch(field as usize, &distance.to_le_bytes()),
            Err(_) => return Err(ErrorKind::FrameTooLarge),
        }
        // Both ways have the same accumulator, but not the same last instruction.
        self.end = NONE;
        self.increment.1 = NONE;
        self.indexed.1 = NONE;
        self.sum.1 = NONE;
        self.stored.2 = NONE;
        self.bound = u32::MAX;
        self.target = NONE;
        Ok(())
    }
}

/// A constant as an operand of one byte, if it fits.
pub(super) fn short(value: u32) -> Option<u32> {
    i8::try_from(value as i32).ok().map(|k| k as u8 as u32)
}
