//! Unit tests of the loop of classic mode: bytecode and side tables that are put together by hand,
//! run through [`crate::call`] and compared with what WebAssembly says.
#![allow(non_upper_case_globals)]

mod calls;
mod control;
mod memory;
mod numbers;

use crate::testing::{Function, Noise, Outcome, World};
use crate::{Mode, TrapCode};
use std::vec;
use std::vec::Vec;

#[cfg(feature = "fast")]
pub(crate) use calls::factorial;

opcodes! { u8:
    Unreachable Nop Block Loop If Else End Br BrIf BrTable Return Call Drop Select SelectTyped
    LocalGet LocalSet LocalTee GlobalGet GlobalSet MemoryGrow
    I32Load8U I32Const I64Const F32Const F64Const I32Add I32Sub I32Mul I32LtU
}

/// The empty block type.
const EMPTY: u8 = 0x40;

/// A branch whose target is not known yet: the position behind its opcode, the index of its entry,
/// what it keeps and drops.
struct Pending {
    label: u32,
    pc: usize,
    entry: usize,
    keep: u32,
    drop: u32,
}

/// Puts together the body and the side table of a function.
#[derive(Default)]
struct Body {
    code: Vec<u8>,
    /// Entries, of which the pending ones are not written yet.
    entries: Vec<[u16; 3]>,
    pending: Vec<Pending>,
    /// Labels: the position, and the number of entries before it.
    labels: Vec<(u32, usize, usize)>,
    /// Branches that are written as big ones.
    big: bool,
}

fn body() -> Body {
    Body::default()
}

impl Body {
    /// Instructions without an entry in the side table.
    fn op(mut self, bytes: &[u8]) -> Body {
        self.code.extend(bytes);
        self
    }

    fn i32_const(self, value: i32) -> Body {
        self.op(&[I32Const]).leb(value as i64)
    }

    /// A signed integer.
    fn leb(mut self, mut value: i64) -> Body {
        loop {
            let byte = (value & 0x7f) as u8;
            value >>= 7;
            let last = value == 0 && byte & 0x40 == 0 || value == -1 && byte & 0x40 != 0;
            self.code.push(if last { byte } else { byte | 0x80 });
            if last {
                return self;
            }
        }
    }

    /// A branching instruction with one entry; the immediates follow.
    fn branch(mut self, opcode: u8, label: u32, keep: u32, drop: u32) -> Body {
        self.code.push(opcode);
        self.pend(label, keep, drop);
        self
    }

    /// An entry of a branch whose opcode ends here.
    fn pend(&mut self, label: u32, keep: u32, drop: u32) {
        let (pc, entry) = (self.code.len(), self.entries.len());
        self.pending.push(Pending { label, pc, entry, keep, drop });
        self.entries.push([0; 3]);
    }

    /// `br_table` to these labels, which keep and drop what they say.
    fn br_table(mut self, labels: &[(u32, u32, u32)]) -> Body {
        self.code.push(BrTable);
        for &(label, keep, drop) in labels {
            self.pend(label, keep, drop);
        }
        self.code.push(labels.len() as u8 - 1);
        self.code.extend(labels.iter().map(|_| 0));
        self
    }

    fn label(mut self, label: u32) -> Body {
        self.labels.push((label, self.code.len(), self.entries.len()));
        self
    }

    /// The function. `wide` are the positions behind a `drop` or `select` of two slots, whose marks
    /// are the entries of this index.
    fn function(self, params: u16, locals: u16, results: u16) -> Function {
        use crate::side_table::{Branch, ENTRY};
        let mut table: Vec<u16> = self.entries.concat();
        for pending in &self.pending {
            let &(_, pc, entry) =
                self.labels.iter().find(|&&(label, ..)| label == pending.label).unwrap();
            let at = pending.entry * ENTRY;
            let branch = Branch {
                dpc: pc as i32 - pending.pc as i32,
                dstp: (entry as i32 - pending.entry as i32) * ENTRY as i32,
                keep: pending.keep,
                drop: pending.drop,
            };
            match branch.pack() {
                Some(words) if !self.big => table[at..at + ENTRY].copy_from_slice(&words),
                _ => {
                    // Behind the entry of zeros that ends the function's.
                    let distance = self.entries.len() * ENTRY + ENTRY - at + pending.entry * 6;
                    table[at..at + ENTRY].copy_from_slice(&[0, distance as u16, 0]);
                }
            }
        }
        if self.big {
            table.extend([0; ENTRY]);
            for pending in &self.pending {
                let &(_, pc, entry) =
                    self.labels.iter().find(|&&(label, ..)| label == pending.label).unwrap();
                let branch = Branch {
                    dpc: pc as i32 - pending.pc as i32,
                    dstp: (entry as i32 - pending.entry as i32) * ENTRY as i32,
                    keep: pending.keep,
                    drop: pending.drop,
                };
                table.extend(branch.pack_big().unwrap());
            }
        }
        let mut function = Function::new(params, locals, results, 24, self.code);
        function.side_table = table;
        function
    }
}

/// An instance in classic mode.
fn classic(functions: Vec<Function>) -> World {
    World::new(Mode::Classic, functions)
}

/// Runs one function.
fn run(function: Function, args: &[u32]) -> Outcome {
    classic(vec![function]).call(0, args)
}
