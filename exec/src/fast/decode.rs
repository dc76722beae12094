//! Reads register code that nobody vouches for: for the verifier and for listings. Every byte is looked at through the slice's length.

use super::op::{Kind, RegOp};
use crate::op::codes;

/// An operation and its operands.
#[derive(Clone, Copy, Debug)]
pub struct Instruction<'a> {
    pub op: RegOp,
    /// Bytes that it takes.
    pub len: usize,
    operands: [(Kind, i32); 4],
    /// `Runtime` and `Memory`: the code of WebAssembly, with a prefix's second part in the lower byte, and its immediates.
    pub code: u16,
    immediates: [u32; 2],
    /// `BrTable` and `BrTableLong`: the bytes of the distances.
    pub targets: &'a [u8],
}

/// A position in bytes.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(taken)
    }

    /// A little endian number of so many bytes, at most four.
    fn number(&mut self, count: usize) -> Option<u32> {
        Some(self.take(count)?.iter().rev().fold(0, |value, &byte| value << 8 | byte as u32))
    }

    /// An unsigned number in LEB128 of at most 32 bits.
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

impl<'a> Instruction<'a> {
    /// Reads the operation at `at`. `None` when there is no operation with such a code, or it is not complete.
    pub fn read(bytes: &'a [u8], at: usize) -> Option<Instruction<'a>> {
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
                let code = cursor.number(1)? as u16;
                instruction.code = if code < 8 { 0xfc00 | code } else { code };
                let slots = if op == RegOp::Num1 { 2 } else { 3 };
                for operand in instruction.operands.iter_mut().take(slots) {
                    *operand = (Kind::Special, cursor.number(1)? as i32);
                }
            }
            RegOp::Memory => {
                instruction.code = cursor.number(1)? as u16;
                instruction.operands[0] = (Kind::U16, cursor.number(2)? as i32);
                let flags = cursor.leb()?;
                if flags & !0x7f != 0 {
                    return None;
                }
                let memory = if flags & 0x40 != 0 { cursor.leb()? } else { 0 };
                instruction.immediates = [cursor.leb()?, memory];
            }
            RegOp::Runtime => {
                let code = cursor.number(1)? as u8;
                instruction.operands[0] = (Kind::U16, cursor.number(2)? as i32);
                instruction.code = code as u16;
                if code == codes::PREFIX {
                    let second = cursor.leb()?;
                    if !(8..=17).contains(&second) {
                        return None;
                    }
                    instruction.code = 0xfc00 | second as u16;
                }
                let count = match instruction.code {
                    0xd1 => 0,
                    0x11 | 0x13 | 0xfc08 | 0xfc0a | 0xfc0c | 0xfc0e => 2,
                    0x10
                    | 0x12
                    | 0x25
                    | 0x26
                    | 0x3f
                    | 0x40
                    | 0xd2
                    | 0xfc09
                    | 0xfc0b
                    | 0xfc0d
                    | 0xfc0f..=0xfc11 => 1,
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

    /// Its operands: what they are, and their numbers. `Num1` and `Num2` have slots of the kind `Special`, the result's first; `Runtime` and `Memory` have the slot behind the topmost
    /// operand.
    pub fn operands(&self) -> impl Iterator<Item = (Kind, i32)> + '_ {
        self.operands.iter().copied().take_while(|(kind, _)| *kind != Kind::None)
    }

    /// `Runtime`: its immediates. `Memory`: offset and memory.
    pub fn immediates(&self) -> [u32; 2] {
        self.immediates
    }

    /// Distances of `BrTable` and `BrTableLong`.
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
    fn operations_are_read_and_what_is_cut_off_is_refused() {
        for bytes in [
            &[RegOp::AddSSD as u8, 1, 2, 3][..],
            &[RegOp::BrTable as u8, 1, 0, 5, 0, 6, 0],
            &[RegOp::Runtime as u8, 0xfc, 4, 0, 10, 0, 0],
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
    }
}
