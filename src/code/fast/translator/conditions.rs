//! Conditions that several comparisons make: `and` and `or` of comparisons before a branch.
//!
//! Where the first comparison decides the branch, the branch is taken at once, and the others are
//! not executed: nothing between traps, writes or is observed in another way. On the other way the
//! comparison is the constant that changes nothing in its `and` or `or`, so whatever follows is
//! translated as always.

use super::{Comparison, Translator, Value};
use crate::binary::reader::Parsed;
use crate::code::fast::emit::NONE;
use crate::validate::visitor::LabelKind;
use zonda_exec::op::codes::*;

/// Bytes of WebAssembly in which the branch has to be found. A constant, so that translation takes
/// linear time.
const REACH: usize = 24;

/// Branches of comparisons that decided a condition, which wait for the condition's own branch.
pub(super) struct Decided {
    /// Chain of those to the instruction behind that branch.
    behind: u32,
    /// Chain of those to where an `if` goes when its condition does not hold.
    otherwise: u32,
    /// The slot that has the accumulator's value at all of those to behind.
    slot: Option<i32>,
}

impl Decided {
    pub(super) const NOTHING: Decided = Decided { behind: NONE, otherwise: NONE, slot: None };
}

/// What a comparison decides.
struct Decision {
    /// When it decides: when it holds, or when it does not.
    when: bool,
    /// Whether the condition holds then.
    holds: bool,
    /// The label of `br_if`; none for `if`.
    depth: Option<u32>,
}

/// Whether the comparison before these bytes decides a branch in them that only its value, and
/// values without effects, lead to. Nothing has validated them yet; an invalid instruction ends
/// the translation before the branch matters. `above` operands lie above its value.
fn decision(bytes: &[u8], mut above: u32) -> Option<Decision> {
    let mut bytes = bytes.iter().take(REACH).copied();
    let (mut when, mut holds) = (false, None::<bool>);
    let mut before = 0;
    loop {
        let opcode = bytes.next()?;
        match opcode {
            LOCAL_GET | I32_CONST => {
                while bytes.next()? & 0x80 != 0 {}
                above += 1;
            }
            I32_EQZ if above == 0 => holds = Some(!holds?),
            I32_EQZ | I64_EQZ => {}
            // With a constant it is a mask, as of clang without optimisation: one branch is enough.
            I32_AND | I32_OR if above == 1 && before != I32_CONST => {
                let or = opcode == I32_OR;
                if holds.is_none() {
                    when = or;
                }
                if *holds.get_or_insert(or) != or {
                    return None;
                }
                above = 0;
            }
            I32_EQ..=F64_GE | I32_ADD..=I32_MUL | I32_AND..=I32_ROTR if above > 1 => above -= 1,
            BR_IF | IF if above == 0 => {
                let immediate = bytes.next()?;
                // A label of one byte, or a type without parameters.
                let depth = (opcode == BR_IF).then_some(immediate as u32);
                if (opcode == BR_IF) != (immediate < 0x40) || immediate >= 0x80 {
                    return None;
                }
                return Some(Decision { when, holds: holds?, depth });
            }
            _ => return None,
        }
        before = opcode;
    }
}

impl Translator<'_> {
    /// Writes a branch for the comparison that waits, if it decides a condition that ends behind
    /// this position; where `below`, for the operand below it, which is the other one of the `or`
    /// at this position, if that operand is in a slot. Returns whether it did.
    #[inline(never)]
    pub(super) fn decide(&mut self, pos: usize, below: bool) -> Parsed<bool> {
        let Some(bytes) = self.bytes.get(pos..) else { return Ok(false) };
        let Some(decision) = decision(bytes, below as u32) else { return Ok(false) };
        let waiting = self.comparison;
        if !below {
            let Some(comparison) = waiting else { return Ok(false) };
            if !self.branch_early(&decision, comparison)? {
                return Ok(false);
            }
            self.comparison = None;
            self.push(Value::Constant(!decision.when as u32))?;
            return Ok(true);
        }
        let mut operand = self.pop();
        let in_slot = matches!(operand.value, Value::InSlot | Value::Local(_));
        let comparison = self.with_zero(operand).opposite();
        let decided = in_slot && !self.emit.large && self.branch_early(&decision, comparison)?;
        if decided {
            operand.value = Value::Constant(0);
        }
        self.push(operand.value)?;
        Ok(decided)
    }

    /// Writes the branch of a comparison that decides. Returns whether that is possible.
    fn branch_early(&mut self, decision: &Decision, comparison: Comparison) -> Parsed<bool> {
        // On both ways all operands have to be in their stack slots.
        if self.cache.iter().take(self.len).any(|&value| value != Value::InSlot) {
            return Ok(false);
        }
        self.emit.code.make_room(super::ROOM)?;
        let mut condition = if decision.when { comparison } else { comparison.opposite() };
        let (mut index, mut target, mut chain) = (usize::MAX, None, self.decided.behind);
        match (decision.holds, decision.depth) {
            (true, Some(depth)) => {
                index = self.labels.len().wrapping_sub(1 + depth as usize);
                let Some(&label) = self.labels.get(index) else { return Ok(false) };
                // The branch moves nothing: there is nothing above what the label keeps.
                if label.kind == LabelKind::Func || self.height != label.height {
                    return Ok(false);
                }
                target = (label.kind == LabelKind::Loop).then_some(label.start);
                chain = label.chain;
            }
            (false, None) => chain = self.decided.otherwise,
            _ => {}
        }
        let first = chain == NONE;
        chain = self.jump_if(&mut condition, target, chain)?;
        match (decision.holds, decision.depth) {
            (true, Some(_)) => self.set_chain(index, chain),
            (false, None) => self.decided.otherwise = chain,
            _ => {
                let slot = self.emit.accumulator_slot;
                self.decided.slot = slot.filter(|_| first || slot == self.decided.slot);
                self.decided.behind = chain;
            }
        }
        Ok(true)
    }

    /// Whether `and` or `or` of the topmost operand and the comparison that waits is the comparison.
    pub(super) fn changes_nothing(&self, opcode: u8) -> bool {
        let neutral = match opcode {
            I32_OR => 0,
            I32_AND => 1,
            _ => return false,
        };
        let top = self.len.checked_sub(1).and_then(|index| self.cache.get(index));
        top == Some(&Value::Constant(neutral))
    }

    /// The branches to where an `if` goes when its condition does not hold.
    pub(super) fn take_otherwise(&mut self) -> u32 {
        core::mem::replace(&mut self.decided.otherwise, NONE)
    }

    /// The branch of a condition has been written: those that were decided before arrive here.
    pub(super) fn arrive(&mut self) -> Parsed<()> {
        let chain = core::mem::replace(&mut self.decided.behind, NONE);
        let slot = self.emit.accumulator_slot;
        if self.emit.resolve(chain)? {
            self.emit.accumulator_slot = slot.filter(|_| slot == self.decided.slot);
        }
        Ok(())
    }
}
