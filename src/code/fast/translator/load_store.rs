//! Loads and stores (spec: 4.4.7).

use super::{Source, Translator, Value};
use crate::binary::reader::Parsed;
use crate::code::fast::forms::nth;
use crate::error::ErrorKind;
use crate::validate::visitor::{MemArg, Site};
use zonda_exec::fast::RegOp;
use zonda_exec::op;

impl<'a> Translator<'a> {
    /// Any load or store, on operands in their stack slots, with its immediates as they are.
    #[inline(never)]
    pub(super) fn memory(&mut self, site: &Site, opcode: u8) -> Parsed<()> {
        self.spill_all()?;
        self.verbatim(RegOp::Memory, opcode, self.stack_slot(self.height), site)?;
        // The result is in its stack slot.
        self.reset(site.height());
        self.emit.lost();
        Ok(())
    }

    /// Writes a register instruction with a WebAssembly opcode, a slot, and the instruction's bytes
    /// behind the first one.
    #[inline(never)]
    pub(super) fn verbatim(&mut self, op: RegOp, opcode: u8, slot: i32, site: &Site) -> Parsed<()> {
        let slot = u16::try_from(slot).map_err(|_| ErrorKind::FrameTooLarge)?;
        self.emit.result(op, opcode as u32 | (slot as u32) << 8, 3)?;
        let bytes: &'a [u8] = self.bytes;
        self.emit.tail(bytes.get(site.pos()..site.end()).unwrap_or(&[]))
    }

    #[inline(never)]
    pub(super) fn load(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
        let sig = op::sig(opcode);
        let MemArg { offset, memory, index, .. } = memarg;
        let wide = sig.value().slots() == 2;
        let whole_pair = wide && sig.log2_width() == 3;
        let mut offset = offset;
        let known = match self.cache.get(self.len.wrapping_sub(1)) {
            Some(&Value::Constant(address)) => address.checked_add(offset),
            _ => Some(offset),
        };
        let Some(sum) = known else { return self.memory(site, opcode) };
        if memory != 0 || index.is_64() {
            return self.memory(site, opcode);
        }
        let mut address = self.pop();
        if let Value::Constant(_) = address.value {
            address.value = Value::Constant(sum);
            offset = 0;
        }
        let which = match (sig.log2_width(), sig.is_signed_load() && sig.log2_width() < 2) {
            (0, true) => 1,
            (0, false) => 2,
            (1, true) => 3,
            (1, false) => 4,
            _ => 0,
        };
        let source = self.source(address);
        if whole_pair {
            let stack_slot = self.stack_slot(address.height);
            if offset > 0xff {
                self.take(address)?;
                let to = self.emit.write(stack_slot, 2)?;
                self.emit.long_to(RegOp::Load64AX, offset, to, stack_slot)?;
            } else if let Source::Slot(slot) = source {
                let slot = self.emit.read(slot, 1, 0)?;
                let to = self.emit.write(stack_slot, 2)?;
                self.emit.to(RegOp::Load64S, slot | offset << 8 | to << 16, 3, 0, stack_slot, 2)?;
            } else {
                self.take(address)?;
                let to = self.emit.write(stack_slot, 2)?;
                self.emit.to(RegOp::Load64A, offset | to << 8, 2, 0, stack_slot, 2)?;
            }
            self.emit.written(stack_slot, 2)?;
            self.push(Value::InSlot)?;
            return self.push(Value::InSlot);
        }
        if address.value != Value::Accumulator {
            self.spill_accumulator()?;
        }
        if let (Value::Accumulator, Some((start, constant))) =
            (address.value, self.emit.take_sum(offset))
        {
            offset += constant;
            self.positions.merged(start, self.emit.offset);
        }
        let sum_loaded = if address.value == Value::Accumulator && offset == 0 {
            self.emit.load_at_sum(which)?
        } else {
            None
        };
        match source {
            _ if sum_loaded.is_some() => {
                let start = sum_loaded.unwrap_or(0);
                self.positions.merged(start, self.emit.offset);
            }
            Source::Constant(sum) if which == 0 => {
                self.emit.result(RegOp::Load32X, sum, 4)?;
            }
            Source::Constant(sum) if which == 2 => {
                self.emit.result(RegOp::Load8UX, sum, 4)?;
            }
            Source::Slot(slot) if offset <= 0xff => {
                let slot = self.emit.read(slot, 1, 0)?;
                self.emit.result(nth(RegOp::Load32S, which), slot | offset << 8, 2)?;
            }
            _ => {
                self.take(address)?;
                if offset <= 0xff {
                    self.emit.result(nth(RegOp::Load32A, which), offset, 1)?;
                } else {
                    self.emit.result(nth(RegOp::Load32AX, which), offset, 4)?;
                }
            }
        }
        self.push(Value::Accumulator)?;
        if !wide {
            Ok(())
        } else if sig.is_signed_load() {
            self.extend_signed()
        } else {
            self.push(Value::Constant(0))
        }
    }

    #[inline(never)]
    pub(super) fn store(&mut self, site: &Site, opcode: u8, memarg: MemArg) -> Parsed<()> {
        let sig = op::sig(opcode);
        let MemArg { mut offset, memory, index, .. } = memarg;
        let wide = sig.value().slots() == 2;
        let slots = sig.value().slots() as usize;
        let whole_pair = wide && sig.log2_width() == 3;
        let sum = match self.cache.get(self.len.wrapping_sub(1 + slots)) {
            Some(&Value::Constant(address)) if self.len > slots => address.checked_add(offset),
            _ => Some(offset),
        };
        let Some(sum) = sum else { return self.memory(site, opcode) };
        if memory != 0 || index.is_64() {
            return self.memory(site, opcode);
        }
        if whole_pair {
            let value = self.pop_pair()?;
            let mut address = self.pop();
            if let Value::Constant(_) = address.value {
                address.value = Value::Constant(sum);
                offset = 0;
            }
            let pair = self.emit.read(value, 2, 2)?;
            return match self.source(address) {
                _ if offset > 0xff => {
                    self.take(address)?;
                    self.emit.long(RegOp::Store64AX, pair | offset << 8, offset >> 24, 5)
                }
                Source::Slot(slot) => {
                    let slot = self.emit.read(slot, 1, 0)?;
                    self.emit.op(RegOp::Store64S, slot | pair << 8 | (offset) << 16, 3)
                }
                _ => {
                    self.take(address)?;
                    self.emit.op(RegOp::Store64A, pair | offset << 8, 2)
                }
            };
        }
        if wide {
            self.pop();
        }
        let value = self.pop();
        let mut address = self.pop();
        if let Value::Constant(_) = address.value {
            address.value = Value::Constant(sum);
            offset = 0;
        }
        let which = match sig.log2_width() {
            0 => 1,
            1 => 2,
            _ => 0,
        };
        let near = offset <= 0xff;
        let low = offset;
        match (self.source(address), self.source(value)) {
            (Source::Constant(address), _) if which < 2 => {
                self.take(value)?;
                self.emit.op(nth(RegOp::Store32X, which), address, 4)
            }
            (Source::Slot(address), Source::Slot(value)) if near => {
                let address = self.emit.read(address, 1, 0)?;
                let value = self.emit.read(value, 1, 2)?;
                self.emit.op(nth(RegOp::Store32SS, which), address | value << 8 | low << 16, 3)
            }
            (Source::Accumulator, Source::Slot(value)) if near => {
                if address.value == Value::Accumulator && which == 0 && offset == 0 {
                    if let Some(start) = self.emit.store_at_index(value)? {
                        self.positions.merged(start, self.emit.offset);
                        return Ok(());
                    }
                }
                let value = self.emit.read(value, 1, 2)?;
                self.emit.op(nth(RegOp::Store32AS, which), value | low << 8, 2)
            }
            (Source::Accumulator, Source::Accumulator)
                if near && address.value != Value::Accumulator =>
            {
                let slot = self.slot(address);
                let slot = self.emit.read(slot, 1, 0)?;
                self.emit.op(nth(RegOp::Store32SA, which), slot | low << 8, 2)
            }
            (Source::Accumulator, Source::Accumulator) if near => {
                let slot = self.slot(value);
                let slot = self.emit.read(slot, 1, 0)?;
                self.emit.op(nth(RegOp::Store32AS, which), slot | low << 8, 2)
            }
            (Source::Constant(address), Source::Slot(value)) => {
                self.spill_accumulator()?;
                self.emit.constant(address)?;
                let value = self.emit.read(value, 1, 2)?;
                self.emit.op(nth(RegOp::Store32AS, which), value, 2)
            }
            (Source::Accumulator, Source::Constant(_))
                if near && address.value != Value::Accumulator =>
            {
                // The address is in a slot as well.
                let slot = self.slot(address);
                self.take(value)?;
                let slot = self.emit.read(slot, 1, 0)?;
                self.emit.op(nth(RegOp::Store32SA, which), slot | low << 8, 2)
            }
            (Source::Accumulator, Source::Constant(constant)) if near => {
                let slot = self.stack_slot(value.height);
                self.emit.put(constant, slot)?;
                let slot = self.emit.read(slot, 1, 2)?;
                self.emit.op(nth(RegOp::Store32AS, which), slot | low << 8, 2)
            }
            _ => {
                // The address in a slot, the value in the accumulator.
                let slot = self.in_slot(address)?;
                self.take(value)?;
                let slot = self.emit.read(slot, 1, 0)?;
                if near {
                    self.emit.op(nth(RegOp::Store32SA, which), slot | low << 8, 2)
                } else {
                    self.emit.long(nth(RegOp::Store32SAX, which), slot | low << 8, low >> 24, 5)
                }
            }
        }
    }
}
