//! The verifier's checks of instructions without a form: operand by operand, and those that depend
//! on the function or the module.
//!
//! Depends on [`crate::fast::decode`], which reads an instruction with all checks of its bytes.

use super::{window, Pass, Violation, FRAME_BYTES};
use crate::fast::decode::Instruction;
use crate::fast::op::{Kind, RegOp, Test};
#[cfg(feature = "simd")]
use crate::fast::vector;
use crate::fast::verify::form::Bounds;
use crate::op::{codes, InstrClass};
#[cfg(feature = "simd")]
use crate::vector::op::Row;

impl<'c> Pass<'_, 'c, '_> {
    /// Checks an instruction whose operands are not only slots, or a return. Returns the position
    /// behind it.
    #[inline(never)]
    pub(super) fn rare(&mut self, at: u32) -> Result<u32, Violation> {
        let instruction = self.read(at)?;
        let next = at + instruction.len as u32;
        match instruction.op {
            op if is_return(op) => {
                if self.large {
                    return Err(Violation::Flow);
                }
                self.returns(&instruction)?;
                self.closed = next;
            }
            RegOp::Frame => {
                let next = self.end_of_large(at)?;
                self.closed = next;
                return Ok(next);
            }
            RegOp::BrTable | RegOp::BrTableLong => {
                for distance in instruction.distances() {
                    if !self.branch(at, distance) {
                        return Err(Violation::Branch);
                    }
                }
                self.closed = next;
            }
            RegOp::Runtime if is_tail_call(instruction.code) => {
                if self.large {
                    return Err(Violation::Flow);
                }
                self.runtime(&instruction, self.frame)?;
                if self.is_final(&instruction) {
                    self.closed = next;
                }
            }
            // The loops would execute any other instruction as a load or store.
            RegOp::Memory
                if !matches!(
                    crate::op::sig(instruction.code as u8).class(),
                    InstrClass::Load | InstrClass::Store
                ) =>
            {
                return Err(Violation::Instruction)
            }
            RegOp::Runtime | RegOp::Memory => self.runtime(&instruction, self.bounds)?,
            RegOp::CallImport => {
                let [_, f1, f2, args, ..] = *window(self.verifier.code, at);
                let func = u16::from_le_bytes([f1, f2]) as u32;
                if func >= self.verifier.imported {
                    return Err(Violation::Module);
                }
                let slots =
                    self.verifier.rules.instruction(self.index, codes::CALL as u16, [func, 0]);
                let (params, results) = slots.ok_or(Violation::Module)?;
                if !self.bounds.range(args as u32, params.max(results).max(1)) {
                    return Err(Violation::Slot);
                }
            }
            RegOp::Num1 | RegOp::Num2 => self.numeric(&instruction)?,
            #[cfg(feature = "simd")]
            RegOp::Vector => self.vector(&instruction)?,
            RegOp::CopyIn | RegOp::CopyOut => {
                for (kind, slot) in instruction.operands() {
                    let good = if kind == Kind::WideSlot {
                        self.wide_slot(slot)
                    } else {
                        self.bounds.slot(slot as u8)
                    };
                    if !good {
                        return Err(Violation::Slot);
                    }
                }
            }
            RegOp::Move => {
                let mut numbers = instruction.operands().map(|(_, number)| number as u32);
                let (Some(from), Some(to), Some(count)) =
                    (numbers.next(), numbers.next(), numbers.next())
                else {
                    return Err(Violation::Instruction);
                };
                if count == 0
                    || to >= from
                    || !self.bounds.range(from, count)
                    || !self.bounds.range(to, count)
                {
                    return Err(Violation::Slot);
                }
            }
            op => {
                if op == RegOp::BrLong {
                    self.closed = next;
                }
                if let RegOp::CompareW | RegOp::BrW | RegOp::BrWK | RegOp::CompareS | RegOp::BrS =
                    op
                {
                    let wide = !matches!(op, RegOp::CompareS | RegOp::BrS);
                    let test = instruction.operands().next().map_or(-1, |(_, number)| number);
                    // With a constant, the loops know `eq` and `ne`.
                    if !Test::fits(test, wide) || op == RegOp::BrWK && test > Test::Ne as i32 {
                        return Err(Violation::Instruction);
                    }
                }
                for (kind, value) in instruction.operands() {
                    let good = match kind {
                        Kind::Read | Kind::Write => self.bounds.slot(value as u8),
                        Kind::ReadPair | Kind::WritePair => self.bounds.pair(value as u8),
                        Kind::I8 | Kind::Offset | Kind::U32 => true,
                        Kind::Branch | Kind::BranchLong => {
                            if !self.branch(at, value) {
                                return Err(Violation::Branch);
                            }
                            true
                        }
                        Kind::Global => {
                            self.global(op as u8, window(self.verifier.code, at)).map(|()| true)?
                        }
                        Kind::None
                        | Kind::Func
                        | Kind::Args
                        | Kind::WideSlot
                        | Kind::U16
                        | Kind::Special => return Err(Violation::Instruction),
                    };
                    if !good {
                        return Err(Violation::Slot);
                    }
                }
            }
        }
        Ok(next)
    }

    /// The instruction at this position, which is complete and ends inside of the function.
    fn read(&self, at: u32) -> Result<Instruction<'c>, Violation> {
        let code: &'c [u8] = self.verifier.code;
        let code = code.get(..self.end as usize).unwrap_or(&[]);
        Instruction::read(code, at as usize).ok_or(Violation::Instruction)
    }

    /// Whether a slot of two bytes, from the frame pointer, lies in the frame.
    fn wide_slot(&self, slot: i32) -> bool {
        let moved = if self.large { self.frame.first } else { 0 };
        let slot = (slot as u32).wrapping_add(moved);
        slot < self.frame.locals || slot.wrapping_sub(self.frame.first) < self.frame.operands
    }

    /// Checks a return, in a frame that is not moved.
    fn returns(&self, instruction: &Instruction) -> Result<(), Violation> {
        let mut numbers = instruction.operands().map(|(_, number)| number as u32);
        let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let (count, inside) = match instruction.op {
            RegOp::Ret => (0, true),
            RegOp::RetA => (1, true),
            RegOp::RetS => (1, self.frame.slot(first as u8)),
            _ => (second, second != 0 && self.frame.range(first, second)),
        };
        if count != self.results {
            return Err(Violation::Flow);
        }
        if inside {
            Ok(())
        } else {
            Err(Violation::Slot)
        }
    }

    /// Checks `Frame` with what has to follow as one instruction, so that no branch leads to its
    /// parts. Returns the position behind it.
    fn end_of_large(&mut self, at: u32) -> Result<u32, Violation> {
        if !self.large || self.frame_distance(at) != Some(-(self.frame.first as i32)) {
            return Err(Violation::Flow);
        }
        let mut next = at + FRAME_BYTES;
        let mut instruction = self.read(next)?;
        next += instruction.len as u32;
        if instruction.op == RegOp::Runtime && is_tail_call(instruction.code) {
            self.runtime(&instruction, self.frame)?;
            if self.is_final(&instruction) {
                return Ok(next);
            }
            instruction = self.read(next)?;
            next += instruction.len as u32;
        }
        if !is_return(instruction.op) {
            return Err(Violation::Flow);
        }
        self.returns(&instruction)?;
        Ok(next)
    }

    /// Whether a tail call has no successor. One that calls a host function has: the return of its
    /// results.
    fn is_final(&self, instruction: &Instruction) -> bool {
        let [func, _] = instruction.immediates();
        instruction.code == codes::RETURN_CALL as u16 && func >= self.verifier.imported
    }

    /// Checks `Runtime` and `Memory`: the operands end below slot `u`, and the results take their
    /// place.
    fn runtime(&mut self, instruction: &Instruction, bounds: Bounds) -> Result<(), Violation> {
        let Some((_, top)) = instruction.operands().next() else {
            return Err(Violation::Instruction);
        };
        let slots =
            self.verifier.rules.instruction(self.index, instruction.code, instruction.immediates());
        let (operands, results) = slots.ok_or(Violation::Module)?;
        if !self.may_rethrow(instruction) {
            return Err(Violation::Slot);
        }
        match (top as u32).checked_sub(operands) {
            Some(base) if bounds.range(base, operands.max(results)) => Ok(()),
            _ => Err(Violation::Slot),
        }
    }

    /// Checks `Vector`.
    #[cfg(feature = "simd")]
    fn vector(&mut self, instruction: &Instruction) -> Result<(), Violation> {
        let code = instruction.code;
        let Some((slots, _)) = vector::layout(code) else { return Err(Violation::Instruction) };
        let needs_floats = Row::of(code as u32).is_some_and(Row::is_float);
        if needs_floats && !cfg!(feature = "float") {
            return Err(Violation::Instruction);
        }
        let used = slots.into_iter().filter(|&slots| slots != 0);
        for ((_, slot), slots) in instruction.operands().zip(used) {
            if !self.bounds.any(slot as u8, slots) {
                return Err(Violation::Slot);
            }
        }
        if let vector::GLOBAL_GET | vector::GLOBAL_SET = code {
            let [index, _] = instruction.immediates();
            let written = code == vector::GLOBAL_SET;
            if !self.verifier.rules.vector_global(index as u16, written) {
                return Err(Violation::Module);
            }
        }
        Ok(())
    }

    /// Checks `Num1` and `Num2`.
    fn numeric(&self, instruction: &Instruction) -> Result<(), Violation> {
        let code = instruction.code;
        let sig = if code < 0x100 {
            crate::op::sig(code as u8)
        } else {
            crate::op::prefixed_sig(code as u8)
        };
        let is_known = sig.class() == InstrClass::Numeric
            && !is_word(code)
            && (cfg!(feature = "float") || !sig.is_float());
        if !is_known || sig.is_binary() != (instruction.op == RegOp::Num2) {
            return Err(Violation::Instruction);
        }
        let mut slots = sig.value().slots();
        for (_, slot) in instruction.operands() {
            if !self.bounds.value(slot as u8, slots) {
                return Err(Violation::Slot);
            }
            slots = sig.operand().slots();
        }
        Ok(())
    }
}

fn is_return(op: RegOp) -> bool {
    matches!(op, RegOp::Ret | RegOp::RetA | RegOp::RetS | RegOp::RetN)
}

fn is_tail_call(code: u16) -> bool {
    code == codes::RETURN_CALL as u16 || code == codes::RETURN_CALL_INDIRECT as u16
}

macro_rules! codes_of {
    ($($code:literal $name:ident $text:literal $method:ident $arity:ident $operand:ident $result:ident $function:ident;)*) => {
        /// Whether this is one of the instructions that [`crate::numeric`] leaves to the loops.
        fn is_word(code: u16) -> bool {
            matches!(code, $($code)|*)
        }
    };
}

crate::word_ops! { codes_of }
