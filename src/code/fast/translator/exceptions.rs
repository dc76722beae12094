//! Exceptions: nothing is executed where a `try_table` starts or ends. Its clauses become handlers,
//! which lead to the label itself: the values that an exception carries go to the stack slots that
//! the label expects.

use super::Translator;
use crate::binary::reader::Parsed;
use crate::validate::visitor::{Catches, LabelKind, Site};
use zonda_exec::fast::RegOp;

impl Translator<'_> {
    /// The clauses of a `try_table`, before its label is entered.
    #[inline(never)]
    pub(super) fn try_table(&mut self, catches: Catches) -> Parsed<()> {
        self.spill_all()?;
        // No instruction before the `try_table` is merged with one in it, and so at its end.
        self.emit.forget();
        let mut number = self.handlers.open(self.labels.len(), self.emit.here(), catches.count)?;
        let first_slot = self.absolute_slot(0) as u32;
        for catch in catches.iter() {
            let index = self.labels.len().wrapping_sub(1 + catch.depth as usize);
            let Some(label) = self.labels.get_mut(index) else { return Ok(()) };
            let slot = first_slot + label.height;
            let target = match label.kind {
                // Behind `Meter`: whoever catches has taken a unit of fuel.
                LabelKind::Loop => Ok((label.start + 1, 0)),
                _ => Err(&mut label.catching),
            };
            self.handlers.clause(number, catch, slot, target);
            number = number.wrapping_sub(1);
        }
        Ok(())
    }

    /// `throw` and `throw_ref`, which the runtime executes. Nothing is executed behind them; there
    /// the instruction ends the code for those who read it.
    pub(super) fn throw(&mut self, site: &Site, opcode: u8) -> Parsed<()> {
        self.runtime_instr(site, opcode as u16)?;
        self.emit.op(RegOp::Unreachable, 0, 0)
    }
}
