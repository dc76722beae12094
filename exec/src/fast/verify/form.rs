//! The forms of register instructions: for each opcode, which of its operands are slots. Most
//! instructions are an opcode and some slots, so that the verifier checks them by this table.
//!
//! Depends on the table in [`crate::fast::op`], from which this one is generated.

use super::GUARD;
use crate::fast::op::RegOp;
use crate::register_ops;

/// What the operands of a register instruction are, as far as the verifier checks them: slots and
/// pairs, each with its distance from the opcode in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Form {
    // Checked in `Pass::instructions`.
    /// Nothing to check.
    Free,
    Slot1,
    Slot2,
    Slots12,
    Slots13,
    Slots123,
    Slot5,
    BranchSlot1,
    Branch,
    /// The branch that is always taken.
    BranchEnd,
    Call,
    Return,
    // Checked in `Pass::other`.
    BranchSlots12,
    Slots16,
    Pair1,
    Pair2,
    Pair5,
    Slots12Pair3,
    Pairs12,
    Pairs13,
    Pairs123,
    Slot1Pair2,
    Slot1Pair3,
    Unreachable,
    Skip,
    /// The end of a loop: its branch leads back.
    Counted,
    /// Of a pair, by a distance that the loops do not reduce modulo 64.
    Shift,
    Global,
    GlobalSlot3,
    GlobalPair3,
    GlobalPair1,
    // Checked in `Pass::rare`.
    Rare,
    /// No register instruction has this opcode.
    Unknown,
}

/// What an operand is to [`form`]: nothing to check, a slot, a pair, a branch, a global, or more
/// than a form says.
#[derive(Clone, Copy)]
enum Lane {
    Free,
    Slot,
    Pair,
    Branch,
    Global,
    Rare,
}

macro_rules! lane {
    (s) => {
        (Lane::Slot, 1)
    };
    (d) => {
        (Lane::Slot, 1)
    };
    (w) => {
        (Lane::Pair, 1)
    };
    (v) => {
        (Lane::Pair, 1)
    };
    (k) => {
        (Lane::Free, 1)
    };
    (o) => {
        (Lane::Free, 1)
    };
    (x) => {
        (Lane::Free, 4)
    };
    (b) => {
        (Lane::Branch, 2)
    };
    (g) => {
        (Lane::Global, 2)
    };
    // f c j u l t q m p y
    ($other:ident) => {
        (Lane::Rare, 0)
    };
}

/// The form of a register instruction, and its length in bytes, which has no meaning where it is
/// rare.
const fn form(op: RegOp, operands: &[(Lane, u8)]) -> (Form, u8) {
    use Form::*;
    match op {
        RegOp::Unreachable => return (Unreachable, 1),
        RegOp::Skip => return (Skip, 1),
        RegOp::Br => return (BranchEnd, 3),
        RegOp::Call => return (Call, CALL_BYTES),
        // Their `k` is checked.
        RegOp::CompareW | RegOp::CompareS | RegOp::BrW | RegOp::BrS | RegOp::BrWK => {
            return (Rare, 0)
        }
        RegOp::AddBrNeSK | RegOp::AddBrNeSS => return (Counted, 6),
        RegOp::LoopNeSK => return (Counted, 5),
        RegOp::I64ShlK | RegOp::I64ShrSK | RegOp::I64ShrUK | RegOp::I64RotlK => return (Shift, 4),
        // The results are checked against the function's type.
        RegOp::RetA | RegOp::RetS => return (Return, if let RegOp::RetS = op { 2 } else { 1 }),
        RegOp::Ret => return (Rare, 0),
        _ => {}
    }
    // A decimal digit for each byte of operands, the first byte the lowest digit: 1 for a slot, 2
    // for a pair.
    let (mut lanes, mut digit, mut branch, mut global, mut bytes) = (0u32, 1, false, false, 1);
    let mut i = 0;
    while i < operands.len() {
        let (lane, mut more) = operands[i];
        match lane {
            Lane::Free => {}
            Lane::Slot => lanes += digit,
            Lane::Pair => lanes += 2 * digit,
            Lane::Branch => branch = true,
            Lane::Global => global = true,
            Lane::Rare => return (Rare, 0),
        }
        bytes += more;
        while more > 0 {
            digit *= 10;
            more -= 1;
        }
        i += 1;
    }
    assert!(bytes as usize <= GUARD);
    let form = match (lanes, branch, global) {
        (0, false, false) => Free,
        (1, false, false) => Slot1,
        (10, false, false) => Slot2,
        (11, false, false) => Slots12,
        (101, false, false) => Slots13,
        (211, false, false) => Slots12Pair3,
        (111, false, false) => Slots123,
        (10_000, false, false) => Slot5,
        (100_001, false, false) => Slots16,
        (2, false, false) => Pair1,
        (20, false, false) => Pair2,
        (20_000, false, false) => Pair5,
        (22, false, false) => Pairs12,
        (202, false, false) => Pairs13,
        (222, false, false) => Pairs123,
        (21, false, false) => Slot1Pair2,
        (201, false, false) => Slot1Pair3,
        (0, true, false) => Branch,
        (1, true, false) => BranchSlot1,
        (11, true, false) => BranchSlots12,
        (0, false, true) => Global,
        (100, false, true) => GlobalSlot3,
        (200, false, true) => GlobalPair3,
        (2, false, true) => GlobalPair1,
        // Checked operand by operand, which is slower.
        _ => return (Rare, 0),
    };
    (form, bytes)
}

/// Bytes of `Call`.
const CALL_BYTES: u8 = 4;

macro_rules! forms {
    ($($code:literal $name:ident $text:literal [$($kind:ident)*] $acc:ident;)*) => {
        /// For each opcode the form and the length in bytes.
        pub(super) static FORMS: [(Form, u8); 256] = {
            let mut forms = [(Form::Unknown, 0); 256];
            $(forms[$code] = form(RegOp::$name, &[$(lane!($kind)),*]);)*
            forms
        };
    };
}

register_ops! { forms }

/// The slots that an instruction may name, in two ranges.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// The locals: slots below this one.
    pub(super) locals: u32,
    /// The first operand.
    pub(super) first: u32,
    /// The number of operands.
    pub(super) operands: u32,
}

impl Bounds {
    #[inline(always)]
    pub(super) fn slot(&self, slot: u8) -> bool {
        let slot = slot as u32;
        slot < self.locals || slot.wrapping_sub(self.first) < self.operands
    }

    #[inline(always)]
    pub(super) fn pair(&self, slot: u8) -> bool {
        let slot = slot as u32;
        slot + 1 < self.locals || slot.wrapping_sub(self.first) < self.operands - 1
    }

    /// A value of one slot, or of two.
    pub(super) fn value(&self, slot: u8, slots: u32) -> bool {
        if slots == 2 {
            self.pair(slot)
        } else {
            self.slot(slot)
        }
    }

    /// A value of one slot, of two, or of four.
    #[cfg(feature = "simd")]
    pub(super) fn any(&self, slot: u8, slots: u32) -> bool {
        let at = slot as u32;
        if slots != 4 {
            return self.value(slot, slots);
        }
        at + 3 < self.locals || at.wrapping_sub(self.first) < self.operands.saturating_sub(3)
    }

    /// Whether so many slots from this one on are operands.
    #[inline]
    pub(super) fn range(&self, slot: u32, count: u32) -> bool {
        // Both are at most 65,535 or come from types, so the sums do not overflow.
        slot >= self.first && slot + count <= self.first + self.operands
    }
}
