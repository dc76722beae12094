//! Decodes register bytecode from an untrusted source, for the verifier and for listings.
//!
//! Depends on the table in [`super::op`]. It reads each byte through the slice, so that nothing
//! behind the end is read.

// Opcodes have the names of their instructions.
#![allow(non_upper_case_globals)]

use super::numeric_opcode;
use super::op::{Kind, RegOp};
#[cfg(feature = "simd")]
use super::{op, vector};
use crate::op::codes;
#[cfg(feature = "simd")]
use crate::vector::op::Row;
use crate::IndexType;

/// A register instruction and its operands.
#[derive(Clone, Copy, Debug)]
pub struct Instruction<'a> {
    pub op: RegOp,
    /// Its length in bytes.
    pub len: usize,
    operands: [(Kind, i32); 4],
    /// `Runtime`, `Memory`, `Num1` and `Num2`: the opcode of WebAssembly, with a prefix in the
    /// upper byte. `Vector`: its code; as a runtime instruction, a vector instruction has the code
    /// [`op::VECTOR`] and its opcode, an atomic one [`crate::atomic::CODE`] and its opcode.
    pub code: u16,
    immediates: [u32; 2],
    /// `BrTable` and `BrTableLong`: the distances of the targets, in bytes.
    pub targets: &'a [u8],
}

/// A position in code.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The next bytes, if there are so many.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(taken)
    }

    /// A little-endian number of so many bytes, at most four.
    pub(super) fn number(&mut self, count: usize) -> Option<u32> {
        Some(self.take(count)?.iter().rev().fold(0, |value, &byte| value << 8 | byte as u32))
    }

    /// An unsigned LEB128 integer of at most 32 bits.
    fn leb(&mut self) -> Option<u32> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.number(1)?;
            if shift == 28 && byte > 0x0f {
                return None;
            }
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl Cursor<'_> {
    /// The offset of a load or store, at most 2^32 - 1: what is more, in a memory with 64-bit
    /// addresses, is that.
    #[inline(always)]
    fn offset(&mut self) -> Option<u32> {
        if IndexType::WIDE {
            self.wide_offset()
        } else {
            self.leb()
        }
    }

    fn wide_offset(&mut self) -> Option<u32> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.number(1)? as u64;
            if shift == 63 && byte > 1 {
                return None;
            }
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value.min(u32::MAX as u64) as u32);
            }
        }
        None
    }
}

impl Cursor<'_> {
    /// The immediates of a load or store: its offset and its memory.
    #[inline(always)]
    fn memarg(&mut self) -> Option<[u32; 2]> {
        let flags = self.leb()?;
        if flags & !0x7f != 0 {
            return None;
        }
        let memory = if flags & 0x40 != 0 { self.leb()? } else { 0 };
        Some([self.offset()?, memory])
    }

    /// The immediates of an instruction behind the prefix 0xFB.
    #[cfg(feature = "gc")]
    fn gc(&mut self, code: u32) -> Option<[u32; 2]> {
        use crate::gc::*;
        if code == BR_ON_CAST || code == BR_ON_CAST_FAIL {
            self.number(1)?;
            let label = self.leb()?;
            self.leb()?;
            self.leb()?;
            return Some([label, 0]);
        }
        let count = match code {
            STRUCT_GET..=STRUCT_SET | ARRAY_NEW_FIXED..=ARRAY_NEW_ELEM => 2,
            ARRAY_COPY..=ARRAY_INIT_ELEM => 2,
            ARRAY_LEN | ANY_CONVERT_EXTERN..=I31_GET_U => 0,
            _ => {
                name(code)?;
                1
            }
        };
        let mut immediates = [0; 2];
        for immediate in immediates.iter_mut().take(count) {
            *immediate = self.leb()?;
        }
        Some(immediates)
    }

    /// An atomic instruction: what follows the prefix. Returns its code with offset and memory.
    #[cfg(feature = "threads")]
    fn atomic(&mut self) -> Option<(u16, [u32; 2])> {
        use crate::atomic::{Kind, Row, CODE};
        let code = self.leb()?;
        let immediates = match Row::of(code)?.kind {
            Kind::Fence => {
                self.number(1)?;
                [0; 2]
            }
            _ => self.memarg()?,
        };
        Some((CODE + code as u16, immediates))
    }

    /// A vector instruction as a runtime instruction: what follows the prefix. Returns the opcode,
    /// prefix added, with offset and memory.
    #[cfg(feature = "simd")]
    fn vector(&mut self) -> Option<(u16, [u32; 2])> {
        let code = self.leb()?;
        let row = Row::of(code)?;
        let immediates = if row.is_access() { self.memarg()? } else { [0; 2] };
        let lanes = self.take(row.immediates())?;
        vector::lanes_exist(row, lanes).then_some((op::VECTOR + code as u16, immediates))
    }
}

impl<'a> Instruction<'a> {
    /// Decodes the instruction at `at`. `None` when the opcode is unknown or the instruction is not
    /// complete.
    pub fn read(bytes: &'a [u8], at: usize) -> Option<Instruction<'a>> {
        opcodes! { u16:
            Call CallIndirect ReturnCall ReturnCallIndirect TableGet TableSet MemorySize MemoryGrow RefIsNull RefFunc
            I64Add128 I64Sub128 I64MulWideS I64MulWideU Throw ThrowRef Rethrow
            CallRef ReturnCallRef RefEq RefAsNonNull
            MemoryInit DataDrop MemoryCopy MemoryFill TableInit ElemDrop TableCopy TableGrow TableSize TableFill
        }
        let mut cursor = Cursor { bytes, at };
        let op = RegOp::from_code(cursor.number(1)? as u8)?;
        let mut instruction = Instruction {
            op,
            len: 0,
            operands: [(Kind::None, 0); 4],
            code: 0,
            immediates: [0; 2],
            targets: &[],
        };
        for (kind, operand) in op.operands().zip(&mut instruction.operands) {
            let value = cursor.number(kind.bytes())?;
            let value = match kind {
                Kind::I8 => value as u8 as i8 as i32,
                Kind::Branch | Kind::WideSlot => value as u16 as i16 as i32,
                _ => value as i32,
            };
            *operand = (kind, value);
        }
        match op {
            RegOp::BrTable => {
                let count = cursor.number(2)? as usize;
                instruction.targets = cursor.take((count + 1) * 2)?;
            }
            RegOp::BrTableLong => {
                let count = cursor.number(4)? as usize;
                instruction.targets = cursor.take(count.checked_add(1)?.checked_mul(4)?)?;
            }
            RegOp::Num1 | RegOp::Num2 => {
                instruction.code = numeric_opcode(cursor.number(1)? as u8);
                let slots = if op == RegOp::Num1 { 2 } else { 3 };
                for operand in instruction.operands.iter_mut().take(slots) {
                    *operand = (Kind::Special, cursor.number(1)? as i32);
                }
            }
            RegOp::Memory => {
                instruction.code = cursor.number(1)? as u16;
                instruction.operands[0] = (Kind::U16, cursor.number(2)? as i32);
                instruction.immediates = cursor.memarg()?;
            }
            #[cfg(feature = "simd")]
            RegOp::Vector => {
                let (code, places, immediates) = vector::read(&mut cursor)?;
                (instruction.code, instruction.immediates) = (code, immediates);
                let (slots, _) = vector::layout(code)?;
                let used = places.into_iter().zip(slots).filter(|(_, slots)| *slots != 0);
                for (operand, (place, _)) in instruction.operands.iter_mut().zip(used) {
                    *operand = (Kind::Special, place as i32);
                }
            }
            RegOp::Runtime => {
                let code = cursor.number(1)? as u8;
                instruction.operands[0] = (Kind::U16, cursor.number(2)? as i32);
                #[cfg(feature = "simd")]
                if code == codes::VECTOR_PREFIX {
                    (instruction.code, instruction.immediates) = cursor.vector()?;
                    instruction.len = cursor.at - at;
                    return Some(instruction);
                }
                #[cfg(feature = "threads")]
                if code == codes::ATOMIC_PREFIX {
                    (instruction.code, instruction.immediates) = cursor.atomic()?;
                    instruction.len = cursor.at - at;
                    return Some(instruction);
                }
                instruction.code = code as u16;
                #[cfg(feature = "gc")]
                if code == codes::GC_PREFIX {
                    let second = u8::try_from(cursor.leb()?).ok()?;
                    instruction.code = (codes::GC_PREFIX as u16) << 8 | second as u16;
                    instruction.immediates = cursor.gc(second as u32)?;
                    instruction.len = cursor.at - at;
                    return Some(instruction);
                }
                if code == codes::PREFIX {
                    let second = u8::try_from(cursor.leb()?).ok()?;
                    instruction.code = (codes::PREFIX as u16) << 8 | second as u16;
                }
                let count = match instruction.code {
                    RefIsNull => 0,
                    CallRef | ReturnCallRef if cfg!(feature = "function-references") => 1,
                    RefAsNonNull if cfg!(feature = "function-references") => 0,
                    RefEq if cfg!(feature = "gc") => 0,
                    ThrowRef if cfg!(feature = "exceptions") => 0,
                    Throw if cfg!(feature = "exceptions") => 1,
                    Rethrow if cfg!(feature = "legacy-exceptions") => 1,
                    I64Add128 | I64Sub128 | I64MulWideS | I64MulWideU
                        if cfg!(feature = "wide-arithmetic") =>
                    {
                        0
                    }
                    Call | ReturnCall | TableGet | TableSet | MemorySize | MemoryGrow | RefFunc
                    | DataDrop | MemoryFill | ElemDrop | TableGrow | TableSize | TableFill => 1,
                    CallIndirect | ReturnCallIndirect | MemoryInit | MemoryCopy | TableInit
                    | TableCopy => 2,
                    _ => return None,
                };
                for immediate in instruction.immediates.iter_mut().take(count) {
                    *immediate = cursor.leb()?;
                }
            }
            _ => {}
        }
        instruction.len = cursor.at - at;
        Some(instruction)
    }

    /// Its operands: their kinds and their numbers. `Num1` and `Num2` have slots of the kind
    /// `Special`, that of the result first. `Runtime` and `Memory` have the slot behind the topmost
    /// operand.
    pub fn operands(&self) -> impl Iterator<Item = (Kind, i32)> + '_ {
        self.operands.iter().copied().take_while(|(kind, _)| *kind != Kind::None)
    }

    /// `Runtime`: its immediates. `Memory`: offset and memory.
    pub fn immediates(&self) -> [u32; 2] {
        self.immediates
    }

    /// `BrTable` and `BrTableLong`: the distances of the targets from the opcode.
    pub fn distances(&self) -> impl Iterator<Item = i32> + 'a {
        let width = if self.op == RegOp::BrTable { 2 } else { 4 };
        self.targets.chunks_exact(width).map(|bytes| match *bytes {
            [a, b] => i16::from_le_bytes([a, b]) as i32,
            [a, b, c, d] => i32::from_le_bytes([a, b, c, d]),
            _ => 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_decoded_and_incomplete_ones_refused() {
        for bytes in [
            &[RegOp::AddSSD as u8, 1, 2, 3][..],
            &[RegOp::BrTable as u8, 1, 0, 5, 0, 6, 0],
            &[RegOp::Runtime as u8, codes::PREFIX, 4, 0, 10, 0, 0],
            &[RegOp::Memory as u8, 0x28, 9, 0, 2, 0x80, 1],
            &[RegOp::Num2 as u8, 0x7e, 1, 2, 3],
            &[RegOp::Move as u8, 1, 0, 2, 0, 3, 0],
        ] {
            assert_eq!(Instruction::read(bytes, 0).unwrap().len, bytes.len());
            for len in 0..bytes.len() {
                assert!(Instruction::read(&bytes[..len], 0).is_none(), "{bytes:?} cut to {len}");
            }
        }
        let table = Instruction::read(&[RegOp::BrTable as u8, 1, 0, 5, 0, 0xfe, 0xff], 0).unwrap();
        assert!(table.distances().eq([5, -2]));
        assert!(Instruction::read(&[0xff], 0).is_none());
        // Prefixed opcodes that are no runtime instructions: a truncation, and one that does not
        // exist.
        for second in [0, 7, 18, 0x7f] {
            let bytes = [RegOp::Runtime as u8, codes::PREFIX, 4, 0, second, 0, 0];
            assert!(Instruction::read(&bytes, 0).is_none());
        }
    }
}
