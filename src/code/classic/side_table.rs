//! The builder of classic mode: writes the side table and the function records.
//!
//! The format is in [`zonda_exec::side_table`]. The target of a forward branch is not known when
//! the validator visits the branch. Its entry waits in a chain that starts at its label, and is
//! written at the end of the label.

#[cfg(feature = "legacy-exceptions")]
mod legacy;

use super::Code;
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::binary::reader::Parsed;
use crate::code::handlers::{Catching, Handlers};
use crate::code::Builder;
use crate::error::ErrorKind;
use crate::validate::locals::Locals;
#[cfg(feature = "exceptions")]
use crate::validate::visitor::Catches;
use crate::validate::visitor::{Block, BrTable, Label as Target, LabelKind, MemArg, Site, Visitor};
use zonda_exec::frame::OVERHEAD;
use zonda_exec::side_table::{Branch, BIG, ENTRY, FOUR_SLOTS, MAPPED, TWO_SLOTS, VECTOR, WIDE};
use zonda_exec::vector;
use zonda_exec::{ClassicFunc, FuncLayout};

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Label {
    kind: LabelKind,
    /// Slots of operands below the label's own.
    height: u32,
    /// For a loop, where it starts: offset in the module, and index in the table.
    pos: u32,
    entry: u32,
    /// First entry of the chain of branches that wait for the end of the block.
    waiting: u32,
    /// The branch of an `if` that waits for its `else`.
    condition: u32,
    /// Handlers of exceptions that wait for the end of the block.
    catching: Catching,
}

/// A branch whose target is not known yet.
#[derive(Clone, Copy)]
struct Waiting {
    /// Offset behind the branch's opcode.
    pos: u32,
    /// Its entry in the table.
    entry: u32,
    keep: u16,
    drop: u16,
    next: u32,
}

/// A branch that does not fit into its entry.
struct Large {
    entry: u32,
    words: [u16; BIG],
}

/// Writes the side tables of all functions of a module, one behind the other.
pub(crate) struct SideTable<'a> {
    bytes: &'a [u8],
    /// Records of all functions; those before `next` are complete.
    funcs: TryVec<ClassicFunc>,
    next: usize,
    table: TryVec<u16>,
    short_memargs: bool,
    /// Index of the first entry of the function that is being written.
    start: u32,
    labels: TryVec<Label>,
    waiting: TryVec<Waiting>,
    large: TryVec<Large>,
    handlers: Handlers,
}

impl<'a> Builder<'a> for SideTable<'a> {
    #[inline(never)]
    fn new(bytes: &'a [u8]) -> Result<TryBox<SideTable<'a>>, OutOfMemory> {
        TryBox::new(SideTable {
            bytes,
            funcs: TryVec::new(),
            next: 0,
            table: TryVec::new(),
            short_memargs: true,
            start: 0,
            labels: TryVec::new(),
            waiting: TryVec::new(),
            large: TryVec::new(),
            handlers: Handlers::new(),
        })
    }

    fn reserve(&mut self, count: usize, _: u32) -> Result<(), OutOfMemory> {
        self.funcs.reserve_exact(count)
    }

    fn declare(&mut self, layout: FuncLayout) -> Result<(), OutOfMemory> {
        let null = core::ptr::null();
        self.funcs.push(ClassicFunc {
            layout,
            code: null,
            end: null,
            side_table: core::ptr::null(),
            narrow: 0,
            grouped: false,
        })
    }

    /// Ends the table, and points the functions into it.
    fn complete(&mut self) -> Parsed<crate::code::Code<'a>> {
        for _ in 0..ENTRY {
            self.table.push(0)?;
        }
        self.table.shrink();
        let first = self.table.as_mut_ptr();
        for func in self.funcs.iter_mut() {
            // Until here the pointer was the index of the function's first entry.
            func.side_table = first.wrapping_add(func.side_table.addr());
        }
        Ok(crate::code::Code::Classic(Code {
            funcs: core::mem::take(&mut self.funcs),
            table: core::mem::take(&mut self.table),
            handlers: self.handlers.take(),
            short_memargs: self.short_memargs,
            bytes: self.bytes,
        }))
    }
}

impl SideTable<'_> {
    fn here(&self) -> u32 {
        self.table.len() as u32
    }

    /// Writes a branch into its entry.
    fn write(&mut self, entry: u32, branch: Branch) -> Parsed<()> {
        let words = match branch.pack() {
            Some(words) => words,
            None => {
                let words = branch.pack_big().ok_or(ErrorKind::FrameTooLarge)?;
                self.large.push(Large { entry, words })?;
                [0; ENTRY]
            }
        };
        if let Some(place) = self.table.get_mut(entry as usize..entry as usize + ENTRY) {
            place.copy_from_slice(&words);
        }
        Ok(())
    }

    /// Appends an entry that is written later.
    fn reserve_entry(&mut self) -> Parsed<u32> {
        let entry = self.here();
        for _ in 0..ENTRY {
            self.table.push(0)?;
        }
        Ok(entry)
    }

    /// Appends an entry at the head of a chain; returns the new head.
    fn wait(&mut self, site: &Site, keep: u32, drop: u32, next: u32) -> Parsed<u32> {
        let entry = self.reserve_entry()?;
        let too_large = |_| ErrorKind::FrameTooLarge;
        let (keep, drop) =
            (u16::try_from(keep).map_err(too_large)?, u16::try_from(drop).map_err(too_large)?);
        let index = self.waiting.len() as u32;
        self.waiting.push(Waiting { pos: site.pos() as u32, entry, keep, drop, next })?;
        Ok(index)
    }

    /// Writes all entries of a chain, with the target at `pos` and its entry next.
    fn resolve(&mut self, mut chain: u32, pos: usize) -> Parsed<()> {
        let target = self.here();
        while let Some(&wait) = self.waiting.get(chain as usize) {
            let branch = Branch {
                dpc: pos as i32 - wait.pos as i32,
                dstp: target as i32 - wait.entry as i32,
                keep: wait.keep as u32,
                drop: wait.drop as u32,
            };
            self.write(wait.entry, branch)?;
            chain = wait.next;
        }
        Ok(())
    }

    /// Ends a function's entries before other words follow: a `drop` behind the last entry would
    /// read the first of them as a mark.
    fn end_entries(&mut self) -> Parsed<()> {
        Ok(self.table.push(0)?)
    }

    fn map_locals(&mut self, locals: &Locals, narrow: u32) -> Parsed<bool> {
        let mark = |group: &crate::validate::locals::Group| {
            if group.ty.slots() == 2 {
                TWO_SLOTS
            } else {
                0
            }
        };
        if locals.count() <= narrow {
            return Ok(false);
        }
        self.end_entries()?;
        let is_vector =
            |group: &crate::validate::locals::Group| vector::ENABLED && group.ty.slots() == 4;
        if locals.count() as usize > MAPPED
            || vector::ENABLED && locals.groups().iter().any(is_vector)
        {
            for group in locals.groups().iter().rev() {
                let four_slots = if is_vector(group) { FOUR_SLOTS } else { 0 };
                self.table.push(group.slot as u16 | mark(group))?;
                self.table.push(group.first as u16 | four_slots)?;
            }
            self.table.push(locals.groups().len() as u16)?;
            return Ok(true);
        }
        let mut end = locals.count();
        for group in locals.groups().iter().rev() {
            for index in (group.first..end).rev() {
                let slot = group.slot + (index - group.first) * group.ty.slots();
                self.table.push(slot as u16 | mark(group))?;
            }
            end = group.first;
        }
        Ok(false)
    }
}

impl SideTable<'_> {
    fn enter(&mut self, site: &Site, kind: LabelKind, pos: usize, params: u32) -> Parsed<()> {
        let is_condition = kind == LabelKind::If && site.live();
        let condition = if is_condition { self.wait(site, 0, 0, NONE)? } else { NONE };
        let height = site.height().saturating_sub(params);
        let entry = self.here();
        self.labels.push(Label {
            kind,
            height,
            pos: pos as u32,
            entry,
            waiting: NONE,
            condition,
            catching: Catching::NONE,
        })?;
        Ok(())
    }

    fn branch(&mut self, site: &Site, target: Target) -> Parsed<()> {
        let Some(index) = self.labels.len().checked_sub(1 + target.depth as usize) else {
            return Ok(());
        };
        let Some(label) = self.labels.get(index) else { return Ok(()) };
        let drop = site.height().saturating_sub(label.height);
        // Operands that are in place need not be moved.
        let keep = if drop == 0 { 0 } else { target.arity };
        match label.kind {
            LabelKind::Loop => {
                let (pos, target) = (label.pos, label.entry);
                let entry = self.reserve_entry()?;
                let branch = Branch {
                    dpc: pos as i32 - site.pos() as i32,
                    dstp: target as i32 - entry as i32,
                    keep,
                    drop,
                };
                self.write(entry, branch)
            }
            kind => {
                // A return takes its results from the top of the operand stack, wherever that is.
                let (keep, drop) = if kind == LabelKind::Func { (0, 0) } else { (keep, drop) };
                let waiting = label.waiting;
                let chain = self.wait(site, keep, drop, waiting)?;
                if let Some(label) = self.labels.get_mut(index) {
                    label.waiting = chain;
                }
                Ok(())
            }
        }
    }

    /// Writes the entry that leads execution behind the clauses of a `try_table`, and its handlers.
    #[cfg(feature = "exceptions")]
    fn try_table(&mut self, site: &Site, catches: Catches) -> Parsed<()> {
        let entry = self.reserve_entry()?;
        let dpc = (site.end() - site.pos()) as i32;
        self.write(entry, Branch { dpc, dstp: ENTRY as i32, keep: 0, drop: 0 })?;
        let mut number = self.handlers.open(self.labels.len(), site.end() as u32, catches.count)?;
        for catch in catches.iter() {
            let index = self.labels.len().wrapping_sub(1 + catch.depth as usize);
            let Some(label) = self.labels.get_mut(index) else { return Ok(()) };
            let target = match label.kind {
                LabelKind::Loop => Ok((label.pos, label.entry)),
                _ => Err(&mut label.catching),
            };
            self.handlers.clause(number, catch, label.height, target);
            number = number.wrapping_sub(1);
        }
        Ok(())
    }

    /// The innermost label ends: branches to it lead to a position.
    fn leave(&mut self, pos: usize) -> Parsed<()> {
        let Some(label) = self.labels.last() else { return Ok(()) };
        let (waiting, condition, catching) = (label.waiting, label.condition, label.catching);
        self.resolve(waiting, pos)?;
        self.resolve(condition, pos)?;
        self.handlers.resolve(catching, pos as u32, self.here());
        self.labels.truncate(self.labels.len() - 1);
        Ok(())
    }

    /// Marks `drop` or `select` where its operand takes two slots, or four.
    fn mark(&mut self, site: &Site, slots: u32) -> Parsed<()> {
        if slots == 2 || vector::ENABLED && slots == 4 {
            let mark = if vector::ENABLED && slots == 4 { VECTOR } else { WIDE };
            let address = self.bytes.as_ptr().wrapping_add(site.pos()).addr() as u32;
            self.table.push(mark as u16)?;
            self.table.push(address as u16)?;
            self.table.push((address >> 16) as u16)?;
        }
        Ok(())
    }
}

impl Visitor for SideTable<'_> {
    fn begin(&mut self, pos: usize, locals: &Locals) -> Parsed<()> {
        let wide = locals.groups().iter().find(|group| group.ty.slots() != 1);
        // At most 127, so that the index of a narrow local is one byte.
        let narrow = wide.map_or(locals.count(), |group| group.first).min(127);
        let grouped = self.map_locals(locals, narrow)?;
        self.start = self.here();
        let code = self.bytes.as_ptr().wrapping_add(pos);
        if let Some(func) = self.funcs.get_mut(self.next) {
            func.code = code;
            func.layout.locals = locals.slots() as u16;
            func.narrow = narrow as u8;
            func.grouped = grouped;
            func.side_table = core::ptr::without_provenance(self.start as usize);
        }
        let (pos, entry) = (pos as u32, self.start);
        let kind = LabelKind::Func;
        self.handlers.begin(false, locals.slots());
        self.labels.push(Label {
            kind,
            height: 0,
            pos,
            entry,
            waiting: NONE,
            condition: NONE,
            catching: Catching::NONE,
        })?;
        Ok(())
    }

    fn visit_block(&mut self, site: &Site, block: Block) -> Parsed<()> {
        self.enter(site, LabelKind::Block, site.pos(), block.params)
    }

    fn visit_loop(&mut self, site: &Site, block: Block) -> Parsed<()> {
        // A loop is entered behind its block type.
        self.enter(site, LabelKind::Loop, site.end(), block.params)
    }

    fn visit_if(&mut self, site: &Site, block: Block) -> Parsed<()> {
        self.enter(site, LabelKind::If, site.pos(), block.params)
    }

    #[cfg(feature = "exceptions")]
    fn visit_try_table(&mut self, site: &Site, block: Block, catches: Catches) -> Parsed<()> {
        if site.live() {
            self.try_table(site, catches)?;
        }
        self.enter(site, LabelKind::Block, site.pos(), block.params)
    }

    fn visit_else(&mut self, site: &Site) -> Parsed<()> {
        let Some(label) = self.labels.last() else { return Ok(()) };
        let (mut waiting, condition) = (label.waiting, label.condition);
        if site.live() {
            // The end of the first arm branches behind the second one; its results are in place.
            waiting = self.wait(site, 0, 0, waiting)?;
        }
        self.resolve(condition, site.pos())?;
        if let Some(label) = self.labels.last_mut() {
            label.kind = LabelKind::Else;
            label.waiting = waiting;
            label.condition = NONE;
        }
        Ok(())
    }

    fn visit_end(&mut self, site: &Site, _: u32) -> Parsed<()> {
        let Some(label) = self.labels.last() else { return Ok(()) };
        let kind = label.kind;
        // A branch to the function's label goes to its `end`, which returns.
        let pos = if kind == LabelKind::Func { site.pos() - 1 } else { site.pos() };
        self.leave(pos)?;
        self.handlers.close(self.labels.len(), site.pos() as u32 - 1);
        if kind == LabelKind::Func {
            self.waiting.truncate(0);
        }
        Ok(())
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_try(&mut self, site: &Site, block: Block) -> Parsed<()> {
        if site.live() {
            self.handlers.enter_try(self.labels.len(), site.end() as u32)?;
        }
        self.enter(site, LabelKind::Try, site.pos(), block.params)
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_catch(&mut self, site: &Site, tag: u32, _: u32) -> Parsed<()> {
        self.clause(site, Some(tag))
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_catch_all(&mut self, site: &Site) -> Parsed<()> {
        self.clause(site, None)
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_delegate(&mut self, site: &Site, depth: u32, _: u32) -> Parsed<()> {
        self.delegate(site, depth)
    }

    #[cfg(feature = "legacy-exceptions")]
    fn visit_rethrow(&mut self, _: &Site, depth: u32) -> Parsed<()> {
        self.rethrow(depth)
    }

    fn visit_br(&mut self, site: &Site, label: Target) -> Parsed<()> {
        self.branch(site, label)
    }

    fn visit_br_if(&mut self, site: &Site, label: Target) -> Parsed<()> {
        self.branch(site, label)
    }

    #[cfg(feature = "function-references")]
    fn visit_br_on_null(&mut self, site: &Site, label: Target) -> Parsed<()> {
        self.branch(site, label)
    }

    #[cfg(feature = "function-references")]
    fn visit_br_on_non_null(&mut self, site: &Site, label: Target) -> Parsed<()> {
        self.branch(site, label)
    }

    #[cfg(feature = "gc")]
    fn visit_br_on_cast(&mut self, site: &Site, label: Target) -> Parsed<()> {
        self.branch(site, label)
    }

    fn visit_br_table(&mut self, site: &Site, targets: BrTable) -> Parsed<()> {
        for label in targets.labels() {
            self.branch(site, label)?;
        }
        Ok(())
    }

    fn visit_drop(&mut self, site: &Site, slots: u32) -> Parsed<()> {
        self.mark(site, slots)
    }

    fn visit_select(&mut self, site: &Site, slots: u32) -> Parsed<()> {
        self.mark(site, slots)
    }

    fn visit_access(&mut self, _: &Site, _: u8, memarg: MemArg) -> Parsed<()> {
        self.short_memargs &= memarg.is_short;
        Ok(())
    }

    fn finish(&mut self, end: usize, operands: u32) -> Parsed<()> {
        if !self.large.is_empty() {
            self.end_entries()?;
        }
        while let Some(large) = self.large.pop() {
            let distance = self.here() - large.entry;
            if let Some(entry) =
                self.table.get_mut(large.entry as usize..large.entry as usize + ENTRY)
            {
                entry.copy_from_slice(&[0, distance as u16, (distance >> 16) as u16]);
            }
            for word in large.words {
                self.table.push(word)?;
            }
        }
        let end = self.bytes.as_ptr().wrapping_add(end);
        let needed = self.handlers.take_needed() as u16;
        if let Some(func) = self.funcs.get_mut(self.next) {
            func.end = end;
            func.layout.locals += needed;
            func.layout.frame =
                (func.layout.locals - func.layout.params) as u32 + OVERHEAD as u32 + operands;
        }
        self.next += 1;
        Ok(())
    }
}
