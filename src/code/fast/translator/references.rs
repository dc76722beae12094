//! Calls of references, and branches on what they are (feature `function-references`). The tests
//! for null are comparisons with 0; a cast that branches is one of the runtime, which pushes
//! whether the branch is taken, and `br_if`.

use super::{Comparison, Label, Operand, Translator, Value};
use crate::binary::reader::Parsed;
use crate::validate::visitor::{RefFunc, Site};
use zonda_exec::fast::op::Relation;
use zonda_exec::op::codes::*;

impl Translator<'_> {
    #[inline(never)]
    pub(super) fn call_ref(&mut self, site: &Site, callee: RefFunc) -> Parsed<()> {
        let base = self.height.saturating_sub(callee.params + 1);
        self.runtime_instr(site, CALL_REF as u16)?;
        // The callee leaves its own accumulator, which is its result when that takes one slot.
        if site.height() != base + 1 {
            self.emit.lost();
        }
        Ok(())
    }

    /// A comparison of the topmost operand, which stays in its stack slot, with null.
    fn compare_with_null(&mut self, relation: Relation) -> Parsed<u32> {
        self.flush_comparison()?;
        self.spill_all()?;
        let height = self.height.saturating_sub(1);
        self.comparison = Some(Comparison::Words {
            relation,
            first: Operand { value: Value::InSlot, height },
            second: Operand { value: Value::Constant(0), height: height + 1 },
        });
        Ok(height)
    }

    #[inline(never)]
    pub(super) fn br_on_null(&mut self, index: usize, label: &Label, keep: u32) -> Parsed<()> {
        let height = self.compare_with_null(Relation::Eq)?;
        // The reference is dropped where the branch is taken, and back where it is not.
        self.reset_to(height);
        self.br_if(index, label, keep)?;
        self.reset_to(height);
        self.push(Value::InSlot)
    }

    #[inline(never)]
    pub(super) fn br_on_non_null(&mut self, index: usize, label: &Label, keep: u32) -> Parsed<()> {
        let height = self.compare_with_null(Relation::Ne)?;
        self.br_if(index, label, keep)?;
        self.reset_to(height);
        Ok(())
    }

    /// All operands below this height are in their stack slots, and a comparison waits.
    fn reset_to(&mut self, height: u32) {
        self.height = height;
        self.len = 0;
    }

    #[cfg(feature = "gc")]
    #[inline(never)]
    pub(super) fn br_on_cast(
        &mut self,
        site: &Site,
        index: usize,
        label: &Label,
        keep: u32,
    ) -> Parsed<()> {
        self.flush_comparison()?;
        self.spill_all()?;
        let height = self.height;
        self.verbatim(zonda_exec::fast::RegOp::Runtime, GC_PREFIX, self.stack_slot(height), site)?;
        // The runtime leaves the topmost operand in the accumulator: whether the branch is taken.
        self.reset(height);
        self.emit.accumulator_slot = Some(self.stack_slot(height));
        self.push(Value::InSlot)?;
        self.br_if(index, label, keep)?;
        self.reset_to(height);
        Ok(())
    }
}
