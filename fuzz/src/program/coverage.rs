//! What a set of programs contains: opcodes and pairs of neighbouring opcodes, of WebAssembly and
//! of register bytecode.

use super::ast::{Instr, Program};

/// Opcodes: one byte, and 18 behind the prefix 0xFC, from 0xe0 on, which no instruction of one byte
/// uses.
const CODES: usize = 256;

/// Instructions of WebAssembly that the generator can make: all of Zonda's.
pub const OPCODES: usize = 203;

/// A set of opcodes and pairs.
#[derive(Clone)]
pub struct Coverage {
    pairs: Vec<bool>,
}

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage { pairs: vec![false; CODES * CODES] }
    }
}

impl Coverage {
    fn note(&mut self, last: &mut u8, code: u8) {
        self.pairs[usize::from(*last) * CODES + usize::from(code)] = true;
        *last = code;
    }

    /// Adds the instructions of a program.
    pub fn add(&mut self, program: &Program) {
        for module in &program.modules {
            for func in &module.funcs {
                let mut last = 0x0b;
                self.list(&func.body, &mut last);
                self.note(&mut last, 0x0b);
            }
        }
    }

    fn list(&mut self, list: &[Instr], last: &mut u8) {
        for instr in list {
            self.note(last, code(instr));
            match instr {
                Instr::Block(_, body) | Instr::Loop(_, body) => {
                    self.list(body, last);
                    self.note(last, 0x0b);
                }
                Instr::If(_, then, otherwise) => {
                    self.list(then, last);
                    if !otherwise.is_empty() {
                        self.note(last, 0x05);
                        self.list(otherwise, last);
                    }
                    self.note(last, 0x0b);
                }
                _ => {}
            }
        }
    }

    /// Adds a sequence of register instructions, by their opcodes.
    pub fn add_codes(&mut self, codes: impl Iterator<Item = u8>) {
        let mut last = None;
        for code in codes {
            match &mut last {
                None => last = Some(code),
                Some(last) => self.note(last, code),
            }
        }
    }

    /// Adds another set.
    pub fn merge(&mut self, other: &Coverage) {
        self.pairs.iter_mut().zip(&other.pairs).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// Numbers of opcodes and of pairs.
    pub fn counts(&self) -> (usize, usize) {
        let mut codes = [false; CODES];
        for (at, _) in self.pairs.iter().enumerate().filter(|(_, set)| **set) {
            codes[at / CODES] = true;
            codes[at % CODES] = true;
        }
        let count = |list: &[bool]| list.iter().filter(|set| **set).count();
        (count(&codes), count(&self.pairs))
    }

    /// Opcodes that occur.
    pub fn codes(&self) -> Vec<u8> {
        let occurs = |code: usize| {
            (0..CODES)
                .any(|other| self.pairs[code * CODES + other] || self.pairs[other * CODES + code])
        };
        (0..CODES).filter(|&code| occurs(code)).map(|code| code as u8).collect()
    }

    /// As text, for another process.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for bits in self.pairs.chunks(4) {
            let digit = bits.iter().enumerate().map(|(i, &set)| u32::from(set) << i).sum();
            text.extend(char::from_digit(digit, 16));
        }
        text
    }

    /// From [`Coverage::to_text`].
    pub fn from_text(text: &str) -> Coverage {
        let mut coverage = Coverage::default();
        for (at, digit) in text.trim().chars().filter_map(|c| c.to_digit(16)).enumerate() {
            for bit in 0..4 {
                if let Some(place) = coverage.pairs.get_mut(at * 4 + bit) {
                    *place = digit >> bit & 1 != 0;
                }
            }
        }
        coverage
    }
}

/// One byte for an instruction.
fn code(instr: &Instr) -> u8 {
    let prefixed = |code: u8| 0xe0 + code;
    match instr {
        Instr::Op(code) if *code > 0xff => prefixed(*code as u8),
        Instr::Op(code) => *code as u8,
        Instr::SelectTyped(_) => 0x1c,
        Instr::I32(_) => 0x41,
        Instr::I64(_) => 0x42,
        Instr::F32(_) => 0x43,
        Instr::F64(_) => 0x44,
        Instr::LocalGet(_) => 0x20,
        Instr::LocalSet(_) => 0x21,
        Instr::LocalTee(_) => 0x22,
        Instr::GlobalGet(_) => 0x23,
        Instr::GlobalSet(_) => 0x24,
        Instr::TableGet(_) => 0x25,
        Instr::TableSet(_) => 0x26,
        Instr::Mem { op, .. } => *op,
        Instr::MemorySize(_) => 0x3f,
        Instr::MemoryGrow(_) => 0x40,
        Instr::MemoryInit(..) => prefixed(8),
        Instr::DataDrop(_) => prefixed(9),
        Instr::MemoryCopy(..) => prefixed(10),
        Instr::MemoryFill(_) => prefixed(11),
        Instr::TableInit(..) => prefixed(12),
        Instr::ElemDrop(_) => prefixed(13),
        Instr::TableCopy(..) => prefixed(14),
        Instr::TableGrow(_) => prefixed(15),
        Instr::TableSize(_) => prefixed(16),
        Instr::TableFill(_) => prefixed(17),
        Instr::RefNull(_) => 0xd0,
        Instr::RefFunc(_) => 0xd2,
        Instr::Call(_) => 0x10,
        Instr::CallIndirect(..) => 0x11,
        Instr::ReturnCall(_) => 0x12,
        Instr::ReturnCallIndirect(..) => 0x13,
        Instr::Br(_) => 0x0c,
        Instr::BrIf(_) => 0x0d,
        Instr::BrTable(..) => 0x0e,
        Instr::Block(..) => 0x02,
        Instr::Loop(..) => 0x03,
        Instr::If(..) => 0x04,
        Instr::TryTable(..) => 0x1f,
        Instr::Try(..) => 0x06,
        Instr::Delegate(..) => 0x18,
        Instr::Rethrow(_) => 0x09,
        Instr::Throw(_) => 0x08,
        Instr::ThrowIn(_) => 0x10,
    }
}
