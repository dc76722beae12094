//! Calls and returns (spec: 4.4.8), and runtime instructions.

use super::{Source, Translator, Value, CACHE_SLOTS};
use crate::binary::reader::Parsed;
use crate::binary::types::IndexType;
use crate::error::ErrorKind;
use crate::validate::visitor::{IndirectFunc, Site};
use zonda_exec::fast::RegOp;
use zonda_exec::op::codes::*;

impl Translator<'_> {
    #[inline(never)]
    pub(super) fn call(&mut self, func: u32, params: u32, after: u32) -> Parsed<()> {
        self.spill_top(params)?;
        let base = self.height.saturating_sub(params);
        let slot = self.stack_slot(base);
        let is_import = func < self.imported;
        let near = u8::try_from(slot).ok().zip(u16::try_from(func).ok());
        match near {
            Some((slot, func)) => {
                let op = if is_import { RegOp::CallImport } else { RegOp::Call };
                self.emit.result(op, func as u32 | (slot as u32) << 16, 3)?;
            }
            None => {
                self.runtime_instr_on(CALL, self.height, func)?;
            }
        }
        self.len = self.len.saturating_sub(params as usize);
        self.height = base;
        let results = after.saturating_sub(base);
        self.push_results(results)?;
        if results == 1 {
            self.emit.accumulator_slot = Some(slot);
        }
        Ok(())
    }

    /// A runtime instruction with an immediate of its own, on the operands below a height.
    #[inline(always)]
    pub(super) fn runtime_instr_on(
        &mut self,
        opcode: u8,
        height: u32,
        immediate: u32,
    ) -> Parsed<()> {
        let top = u16::try_from(self.stack_slot(height)).map_err(|_| ErrorKind::FrameTooLarge)?;
        self.emit.result(RegOp::Runtime, opcode as u32 | (top as u32) << 8, 3)?;
        let (bytes, len) = leb(immediate);
        self.emit.tail(bytes.get(..len).unwrap_or(&[]))
    }

    /// Pushes results that are in their stack slots.
    pub(super) fn push_results(&mut self, results: u32) -> Parsed<()> {
        if results as usize > CACHE_SLOTS {
            self.spill_all()?;
            self.reset(self.height + results);
            return Ok(());
        }
        for _ in 0..results {
            self.push(Value::InSlot)?;
        }
        Ok(())
    }

    /// An instruction that the runtime executes, on operands in their stack slots.
    #[inline(never)]
    pub(super) fn runtime_instr(&mut self, site: &Site, opcode: u16) -> Parsed<()> {
        self.spill_all()?;
        let first = match opcode {
            #[cfg(feature = "threads")]
            zonda_exec::atomic::CODE.. => ATOMIC_PREFIX,
            #[cfg(feature = "simd")]
            zonda_exec::fast::op::VECTOR.. => VECTOR_PREFIX,
            #[cfg(feature = "gc")]
            0xfb00..=0xfbff => GC_PREFIX,
            0x100.. => PREFIX,
            _ => opcode as u8,
        };
        self.verbatim(RegOp::Runtime, first, self.stack_slot(self.height), site)?;
        let height = site.height();
        self.reset(height);
        // The runtime leaves the topmost operand in the accumulator.
        self.emit.accumulator_slot = height.checked_sub(1).map(|height| self.stack_slot(height));
        Ok(())
    }

    #[inline(never)]
    pub(super) fn call_indirect(&mut self, site: &Site, callee: IndirectFunc) -> Parsed<()> {
        let base = self.height.saturating_sub(callee.params + index_slots(callee.index));
        self.runtime_instr(site, CALL_INDIRECT as u16)?;
        // The callee leaves its own accumulator, which is its result when that takes one slot.
        if site.height() != base + 1 {
            self.emit.lost();
        }
        Ok(())
    }

    /// A tail call. `host_operands` are the slots of its operands, where the callee may be a host
    /// function, after which this function has to return the results.
    #[inline(never)]
    pub(super) fn tail_call(
        &mut self,
        site: &Site,
        opcode: u8,
        host_operands: Option<u32>,
    ) -> Parsed<()> {
        self.spill_all()?;
        let top = self.absolute_slot(self.height);
        self.unbias()?;
        self.verbatim(RegOp::Runtime, opcode, top, site)?;
        if let Some(operands) = host_operands {
            let base = self.absolute_slot(self.height - operands);
            self.return_slots(base, self.results)?;
        }
        Ok(())
    }

    /// Moves the frame pointer of a large function back to the start of the frame.
    pub(super) fn unbias(&mut self) -> Parsed<()> {
        if self.emit.large {
            let bias = i16::try_from(-self.bias()).map_err(|_| ErrorKind::FrameTooLarge)?;
            self.emit.op(RegOp::Frame, bias as u16 as u32, 2)?;
        }
        Ok(())
    }

    /// Writes a return of `count` slots, counted from the start of the frame.
    pub(super) fn return_slots(&mut self, first: i32, count: u32) -> Parsed<()> {
        if count == 0 {
            return self.emit.op(RegOp::Ret, 0, 0);
        }
        let first = u16::try_from(first).map_err(|_| ErrorKind::FrameTooLarge)?;
        self.emit.op(RegOp::RetN, first as u32 | count << 16, 4)
    }

    /// Writes a return of the topmost operands.
    #[inline(never)]
    pub(super) fn return_values(&mut self, results: u32) -> Parsed<()> {
        match results {
            0 => {
                self.unbias()?;
                self.emit.op(RegOp::Ret, 0, 0)
            }
            1 => {
                // The operand stays in the cache: code follows where the return is conditional.
                let (height, len) = (self.height, self.len);
                let operand = self.pop();
                match self.source(operand) {
                    Source::Slot(slot) if !self.emit.large => {
                        self.emit.op(RegOp::RetS, slot as u32, 1)?
                    }
                    _ => {
                        self.take(operand)?;
                        self.unbias()?;
                        self.emit.op(RegOp::RetA, 0, 0)?;
                    }
                }
                (self.height, self.len) = (height, len);
                Ok(())
            }
            _ => {
                self.spill_top(results)?;
                let base = self.absolute_slot(self.height - results);
                self.unbias()?;
                self.return_slots(base, results)
            }
        }
    }
}

/// Slots of an index of a table.
#[inline(always)]
pub(super) fn index_slots(index: IndexType) -> u32 {
    1 + index.is_64() as u32
}

/// Encodes an unsigned number in LEB128 (spec: 5.2.2).
fn leb(mut value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            return (bytes, i + 1);
        }
        *byte |= 0x80;
    }
    (bytes, 5)
}
