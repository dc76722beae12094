//! The older `try`: as for `try_table` nothing is executed where it starts. Its clauses are handlers
//! that lead to their code, which begins with the values in their stack slots.

use super::Translator;
use crate::binary::reader::Parsed;
use crate::code::handlers::Clause;
use crate::validate::visitor::Site;
use zonda_exec::fast::RegOp;
use zonda_exec::op::codes::RETHROW;

impl Translator<'_> {
    /// A `try` starts, before its label is entered.
    #[inline(never)]
    pub(super) fn enter_try(&mut self) -> Parsed<()> {
        self.spill_all()?;
        // No instruction before the `try` is merged with one in it, and so at its end.
        self.emit.forget();
        self.handlers.enter_try(self.labels.len(), self.emit.here())
    }

    /// A clause of the innermost `try` starts, with so many slots of values.
    #[inline(never)]
    pub(super) fn clause(&mut self, site: &Site, tag: Option<u32>, slots: u32) -> Parsed<()> {
        let Some(&label) = self.labels.last() else { return Ok(()) };
        if !label.live {
            return Ok(());
        }
        let index = self.labels.len() - 1;
        if site.live() {
            self.spill_all()?;
            self.go_to(index)?;
        }
        self.emit.forget();
        let target = self.emit.here();
        let slot = self.absolute_slot(label.height) as u32;
        let clause = Clause { tag, slot, target, entry: 0 };
        self.handlers.clause_of_try(index, target, clause)?;
        self.reset(label.height + slots);
        Ok(())
    }

    /// The innermost `try` ends with a `delegate` to a label, counted from outside of it.
    #[inline(never)]
    pub(super) fn delegate(&mut self, site: &Site, depth: u32, results: u32) -> Parsed<()> {
        let Some(label) = self.labels.pop() else { return Ok(()) };
        if !label.live {
            return Ok(());
        }
        if site.live() {
            self.spill_all()?;
        }
        let index = self.labels.len();
        let to = index.wrapping_sub(1 + depth as usize);
        self.handlers.delegate(index, self.emit.here(), to);
        self.emit.forget();
        self.leave(&label, results)
    }

    /// `rethrow`, which the runtime executes. Its immediate is the slot of the reference.
    #[inline(never)]
    pub(super) fn rethrow(&mut self, depth: u32) -> Parsed<()> {
        let label = self.labels.len().wrapping_sub(1 + depth as usize);
        let slot = self.handlers.keep_reference(label)?;
        self.spill_all()?;
        self.runtime_instr_on(RETHROW, self.height, slot)?;
        self.emit.op(RegOp::Unreachable, 0, 0)
    }
}
