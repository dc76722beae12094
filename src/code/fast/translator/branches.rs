//! Branches and `br_table` (spec: 4.4.8).

use super::{Comparison, Label, Positions, Source, Stub, Translator};
use crate::binary::reader::Parsed;
use crate::code::fast::emit::{short, NONE};
use crate::error::ErrorKind;
use crate::validate::visitor::LabelKind;
use zonda_exec::fast::op::Relation;
use zonda_exec::fast::RegOp;

impl Translator<'_> {
    /// Moves the operands that a branch carries to the slots that the label expects. They are in
    /// their stack slots.
    #[inline(never)]
    pub(super) fn move_kept(&mut self, keep: u32, height: u32) -> Parsed<()> {
        let (from, to) = (self.height - keep, height);
        if from == to {
            return Ok(());
        }
        match keep {
            0 => Ok(()),
            1 => self.emit.copy(self.stack_slot(from), self.stack_slot(to)),
            2 => self.emit.copy_pair(self.stack_slot(from), self.stack_slot(to)),
            _ => {
                let slot = |slot: i32| u16::try_from(slot).map_err(|_| ErrorKind::FrameTooLarge);
                let (source, target, keep) =
                    (slot(self.stack_slot(from))?, slot(self.stack_slot(to))?, slot(keep as i32)?);
                self.emit.long(
                    RegOp::Move,
                    source as u32 | (target as u32) << 16,
                    keep as u32,
                    6,
                )?;
                self.emit.lost();
                Ok(())
            }
        }
    }

    /// Writes a jump to a label whose operands are in place.
    pub(super) fn go_to(&mut self, index: usize) -> Parsed<()> {
        let Some(&label) = self.labels.get(index) else { return Ok(()) };
        let target = (label.kind == LabelKind::Loop).then_some(label.start);
        let chain = self.emit.jump(target, label.chain)?;
        self.set_chain(index, chain);
        Ok(())
    }

    pub(super) fn set_chain(&mut self, index: usize, chain: u32) {
        if let Some(label) = self.labels.get_mut(index) {
            label.chain = chain;
        }
    }

    #[inline(never)]
    pub(super) fn br(&mut self, index: usize, label: &Label, keep: u32) -> Parsed<()> {
        self.flush_comparison()?;
        if label.kind == LabelKind::Func {
            return self.return_values(keep);
        }
        if keep == 1 {
            let operand = self.pop();
            self.spill_accumulator()?;
            let (stack_slot, slot) =
                (self.stack_slot(operand.height), self.stack_slot(label.height));
            self.move_to(operand.value, stack_slot, slot)?;
        } else {
            self.spill_top(keep)?;
            self.move_kept(keep, label.height)?;
        }
        self.go_to(index)
    }

    #[inline(never)]
    pub(super) fn br_if(&mut self, index: usize, label: &Label, keep: u32) -> Parsed<()> {
        let mut condition = self.condition();
        let moves = keep != 0 && self.height - keep != label.height;
        if keep != 0 {
            self.spill_all()?;
        }
        if label.kind != LabelKind::Func && !moves {
            let target = (label.kind == LabelKind::Loop).then_some(label.start);
            let chain = self.jump_if(&mut condition, target, label.chain)?;
            self.set_chain(index, chain);
            return Ok(());
        }
        // Jumps around the moves, which only the taken branch needs.
        condition = condition.opposite();
        let (start, field) = self.branch_if(&condition)?;
        let cached = self.emit.accumulator_slot;
        if label.kind == LabelKind::Func {
            self.return_values(keep)?;
        } else {
            self.move_kept(keep, label.height)?;
            self.go_to(index)?;
        }
        self.emit.around(start, field)?;
        self.emit.accumulator_slot = cached;
        Ok(())
    }

    /// Starts a `br_table` with `count` targets and the default one.
    #[inline(never)]
    pub(super) fn br_table(&mut self, count: u32) -> Parsed<()> {
        self.flush_comparison()?;
        let operand = self.pop();
        // If the index is in the accumulator, the other operands are spilled by instructions that
        // keep the accumulator.
        self.spill_all()?;
        self.take(operand)?;
        let start = self.emit.here();
        let bytes = self.emit.distance_bytes();
        if self.emit.large {
            self.emit.op(RegOp::BrTableLong, count, 4)?;
        } else if count < u16::MAX as u32 {
            self.emit.op(RegOp::BrTable, count, 2)?;
        } else {
            return self.emit.refuse();
        }
        let first = self.emit.here();
        let len = first as usize + (count as usize + 1) * bytes;
        self.emit.code.reserve(len - first as usize)?;
        self.emit.code.resize_zeroed(len)?;
        self.table = (start, first, count + 1);
        Ok(())
    }

    /// Writes the next target of the `br_table`.
    #[inline(never)]
    pub(super) fn table_target(&mut self, index: usize, depth: u32, keep: u32) -> Parsed<()> {
        let (start, field, left) = self.table;
        let bytes = self.emit.distance_bytes() as u32;
        let Some(&label) = self.labels.get(index) else { return Ok(()) };
        if label.kind == LabelKind::Func || keep != 0 && self.height - keep != label.height {
            self.stubs.push(Stub { field, depth, keep })?;
        } else {
            let target = (label.kind == LabelKind::Loop).then_some(label.start);
            let chain = self.emit.branch(start, field, target, label.chain)?;
            self.set_chain(index, chain);
        }
        self.table = (start, field + bytes, left - 1);
        if left == 1 {
            self.tables += 1;
            // Stubs are written in the order of the targets, so that a stub serves each target of
            // its label.
            let stubs = core::mem::take(&mut self.stubs);
            for stub in stubs.iter() {
                self.table_stub(start, stub)?;
            }
            self.stubs = stubs;
            self.stubs.truncate(0);
        }
        Ok(())
    }

    /// Writes the stub for a target of the `br_table` at `start`, unless its label has one.
    pub(super) fn table_stub(&mut self, start: u32, stub: &Stub) -> Parsed<()> {
        let Some(index) = self.labels.len().checked_sub(1 + stub.depth as usize) else {
            return Ok(());
        };
        let Some(&label) = self.labels.get(index) else { return Ok(()) };
        if label.moves.0 == self.tables {
            self.emit.branch(start, stub.field, Some(label.moves.1), NONE)?;
            return Ok(());
        }
        self.emit.forget();
        let here = self.emit.here();
        self.emit.branch(start, stub.field, Some(here), NONE)?;
        if let Some(label) = self.labels.get_mut(index) {
            label.moves = (self.tables, here);
        }
        if label.kind == LabelKind::Func {
            return self.return_values(stub.keep);
        }
        self.move_kept(stub.keep, label.height)?;
        self.go_to(index)
    }

    /// Records that the code written next belongs to the instruction whose opcode ends at `pos`.
    #[inline(always)]
    pub(super) fn note(&mut self, pos: usize) -> Parsed<()> {
        if !cfg!(feature = "error-text") {
            return Ok(());
        }
        let (here, offset) = (self.emit.here(), pos.saturating_sub(1) as u32);
        self.emit.offset = offset;
        match &mut self.positions {
            Positions::Unknown => {}
            Positions::All(positions) => positions.push((here, offset))?,
            Positions::Of(code, found) => {
                if here <= *code {
                    *found = offset;
                }
            }
        }
        Ok(())
    }

    /// Writes a branch back that is taken while a slot differs from a small constant; with an addition
    /// to a slot that was written last, and a branch while the sum differs, as one instruction. Returns the start of the
    /// branch and the offset of the distance if this is such a branch.
    #[inline(never)]
    fn count(&mut self, condition: &Comparison) -> Parsed<Option<(u32, u32)>> {
        let &Comparison::Words { relation: Relation::Ne, first, second } = condition else {
            return Ok(None);
        };
        let (op, last) = match (self.source(first), self.source(second)) {
            (Source::Slot(slot), Source::Constant(value)) if u8::try_from(slot).is_ok() => {
                return match short(value) {
                    Some(k) if k != 0 => {
                        self.distance(RegOp::LoopNeSK, slot as u32 | k << 8, 2).map(Some)
                    }
                    _ => Ok(None),
                };
            }
            (Source::Accumulator, Source::Constant(value))
            | (Source::Constant(value), Source::Accumulator) => match short(value) {
                Some(k) => (RegOp::AddBrNeSK, k),
                None => return Ok(None),
            },
            (Source::Accumulator, Source::Slot(slot))
            | (Source::Slot(slot), Source::Accumulator)
                if u8::try_from(slot).is_ok() =>
            {
                (RegOp::AddBrNeSS, slot as u32)
            }
            _ => return Ok(None),
        };
        let Some((start, slot, k)) = self.emit.take_increment() else { return Ok(None) };
        self.positions.merged(start, self.emit.offset);
        self.distance(op, slot | k << 8 | last << 16, 3).map(Some)
    }

    /// Writes a branch to a label, taken when the relation holds. Returns the label's chain.
    #[inline(always)]
    pub(super) fn jump_if(
        &mut self,
        condition: &mut Comparison,
        target: Option<u32>,
        chain: u32,
    ) -> Parsed<u32> {
        if self.emit.large {
            // The branch leads around a jump, so it is taken in the opposite case.
            *condition = condition.opposite();
        } else if target.is_some() {
            if let Some((start, field)) = self.count(condition)? {
                return self.emit.branch(start, field, target, chain);
            }
        }
        let (start, field) = self.branch_if(condition)?;
        if self.emit.large {
            let chain = self.emit.jump(target, chain)?;
            self.emit.around(start, field)?;
            return Ok(chain);
        }
        self.emit.branch(start, field, target, chain)
    }
}
