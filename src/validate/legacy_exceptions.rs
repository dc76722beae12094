//! Validation of the older exceptions: `try`, `catch`, `catch_all`, `delegate` and `rethrow`
//! (exception-handling proposal, legacy/Exceptions.md).

use super::func::Walk;
use super::visitor::{Block, LabelKind, Visitor};
use crate::binary::reader::Parsed;
use crate::error::ErrorKind;
use zonda_exec::op::codes::{CATCH, CATCH_ALL, DELEGATE, TRY};

impl<V: Visitor> Walk<'_, '_, '_, V> {
    #[inline(never)]
    pub(super) fn legacy_exception(&mut self, opcode: u8) -> Parsed<()> {
        match opcode {
            TRY => {
                let ty = self.block_type()?;
                let params = self.enter_typed(LabelKind::Try, ty)?;
                self.visitor.visit_try(&self.site, Block { ty, params })
            }
            CATCH | CATCH_ALL => self.clause(opcode == CATCH),
            DELEGATE => self.delegate(),
            _ => self.rethrow(),
        }
    }

    /// `catch`, or `catch_all`: closes the part before it and opens another.
    fn clause(&mut self, is_catch: bool) -> Parsed<()> {
        let tag = if is_catch { self.site.reader.u32()? } else { 0 };
        if !matches!(self.site.stacks.label(0)?.0, LabelKind::Try | LabelKind::Catch) {
            return Err(ErrorKind::CatchWithoutTry);
        }
        let (_, ty) = self.close()?;
        if !is_catch {
            self.visitor.visit_catch_all(&self.site)?;
            return self.site.stacks.enter(LabelKind::CatchAll, ty);
        }
        let values = self.site.env.tag(tag)?;
        let slots = values.param_slots as u32;
        self.visitor.visit_catch(&self.site, tag, slots)?;
        self.site.stacks.enter(LabelKind::Catch, ty)?;
        self.site.stacks.push_all(self.site.env.params(values), slots)
    }

    /// `delegate` ends its `try`; its label is counted from outside of it.
    fn delegate(&mut self) -> Parsed<()> {
        let depth = self.site.reader.u32()?;
        if self.site.stacks.label(0)?.0 != LabelKind::Try {
            return Err(ErrorKind::DelegateWithoutTry);
        }
        let (_, ty) = self.close()?;
        self.site.stacks.label(depth)?;
        let results = self.with_types(ty, true, |_, _, slots| Ok(slots))?;
        self.visitor.visit_delegate(&self.site, depth, results)?;
        self.with_types(ty, true, |stacks, codes, slots| stacks.push_all(codes, slots))
    }

    /// `rethrow` names the label of a `try` in one of whose clauses it stands.
    fn rethrow(&mut self) -> Parsed<()> {
        let depth = self.site.reader.u32()?;
        if !matches!(self.site.stacks.label(depth)?.0, LabelKind::Catch | LabelKind::CatchAll) {
            return Err(ErrorKind::RethrowLabel);
        }
        if self.site.live {
            self.visitor.visit_rethrow(&self.site, depth)?;
        }
        self.site.stacks.set_unreachable();
        Ok(())
    }
}
