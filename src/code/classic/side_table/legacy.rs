//! The side table of the older `try`: `catch`, `catch_all` and `delegate` have an entry where they
//! are reached from before, as `else` has, and `rethrow` has one whose first word is the slot that
//! keeps the reference.

use super::SideTable;
use crate::binary::reader::Parsed;
use crate::code::handlers::Clause;
use crate::validate::visitor::Site;

impl SideTable<'_> {
    /// The entry that leads from the end of a part behind the `try`; its results are in place.
    fn pass(&mut self, site: &Site) -> Parsed<()> {
        let Some(label) = self.labels.last() else { return Ok(()) };
        if site.live() {
            let waiting = self.wait(site, 0, 0, label.waiting)?;
            if let Some(label) = self.labels.last_mut() {
                label.waiting = waiting;
            }
        }
        Ok(())
    }

    /// A clause of the innermost `try` starts.
    #[inline(never)]
    pub(super) fn clause(&mut self, site: &Site, tag: Option<u32>) -> Parsed<()> {
        self.pass(site)?;
        let slot = self.labels.last().map_or(0, |label| label.height);
        let (target, entry) = (site.end() as u32, self.here());
        let label = self.labels.len().wrapping_sub(1);
        let clause = Clause { tag, slot, target, entry };
        self.handlers.clause_of_try(label, site.pos() as u32 - 1, clause)
    }

    /// The innermost `try` ends with a `delegate` to a label, counted from outside of it.
    #[inline(never)]
    pub(super) fn delegate(&mut self, site: &Site, depth: u32) -> Parsed<()> {
        self.pass(site)?;
        self.leave(site.end())?;
        let label = self.labels.len();
        let to = label.wrapping_sub(1 + depth as usize);
        self.handlers.delegate(label, site.pos() as u32 - 1, to);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn rethrow(&mut self, depth: u32) -> Parsed<()> {
        let label = self.labels.len().wrapping_sub(1 + depth as usize);
        let slot = self.handlers.keep_reference(label)?;
        let entry = self.reserve_entry()?;
        if let Some(word) = self.table.get_mut(entry as usize) {
            *word = slot as u16;
        }
        Ok(())
    }
}
