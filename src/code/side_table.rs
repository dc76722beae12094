//! The sink of classic mode: writes the side table and the function records.
//!
//! The format is in [`zonda_exec::side_table`]. Positions and table indices of forward branches are not known when the
//! branch is met; such an entry waits in a chain that starts at its label, and is written when the label is.

use super::Code;
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::binary::reader::Parsed;
use crate::error::ErrorKind;
use crate::validate::locals::Locals;
use crate::validate::sink::{At, How, LabelKind, Plain, Sink};
use zonda_exec::frame::OVERHEAD;
use zonda_exec::side_table::{Branch, BIG, ENTRY, MAPPED, TWO_SLOTS, WIDE};
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
    /// Branches that wait for the label's end; the first of a chain.
    waiting: u32,
    /// The branch of an `if` that waits for its `else`.
    condition: u32,
}

/// A branch whose target is not known yet.
#[derive(Clone, Copy)]
struct Waiting {
    /// Behind the branch's code.
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

/// What classic mode keeps of a module.
pub(crate) struct Classic {
    pub(crate) funcs: TryVec<ClassicFunc>,
    pub(crate) table: TryVec<u16>,
    /// Whether every memarg was memory 0 with its alignment in one byte.
    pub(crate) short_memargs: bool,
}

/// Writes the side tables of all functions of a module, one behind the other.
pub(crate) struct SideTable<'a> {
    bytes: &'a [u8],
    /// All functions; those before `next` are complete.
    pub(crate) funcs: TryVec<ClassicFunc>,
    next: usize,
    table: TryVec<u16>,
    short_memargs: bool,
    /// Where the function that is being written has its first entry.
    start: u32,
    labels: TryVec<Label>,
    waiting: TryVec<Waiting>,
    large: TryVec<Large>,
}

impl<'a> SideTable<'a> {
    /// Without functions: they are put in with their parameters, results and types.
    #[inline(never)]
    pub(crate) fn new(bytes: &'a [u8]) -> Result<TryBox<SideTable<'a>>, OutOfMemory> {
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
        })
    }

    /// Ends the table, after which the functions' pointers into it are set.
    pub(crate) fn complete(&mut self) -> Parsed<Code<'a>> {
        for _ in 0..ENTRY {
            self.table.push(0)?;
        }
        self.table.shrink();
        let first = self.table.as_mut_ptr();
        for func in self.funcs.iter_mut() {
            // Until here the pointer was the index of the function's first entry.
            func.side_table = first.wrapping_add(func.side_table.addr());
        }
        let (funcs, table) = (core::mem::take(&mut self.funcs), core::mem::take(&mut self.table));
        Ok(Code::Classic(Classic { funcs, table, short_memargs: self.short_memargs }))
    }

    /// Adds the record of the next function.
    pub(crate) fn declare(&mut self, layout: FuncLayout) -> Result<(), OutOfMemory> {
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
    fn reserve(&mut self) -> Parsed<u32> {
        let entry = self.here();
        for _ in 0..ENTRY {
            self.table.push(0)?;
        }
        Ok(entry)
    }

    /// Appends an entry that waits, in front of a chain; gives the chain's new start.
    fn wait(&mut self, at: At, keep: u32, drop: u32, next: u32) -> Parsed<u32> {
        let entry = self.reserve()?;
        let too_large = |_| ErrorKind::FrameTooLarge;
        let (keep, drop) =
            (u16::try_from(keep).map_err(too_large)?, u16::try_from(drop).map_err(too_large)?);
        let index = self.waiting.len() as u32;
        self.waiting.push(Waiting { pos: at.pos as u32, entry, keep, drop, next })?;
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

    /// Ends a function's entries where something else follows them: its first word might be WIDE, and those behind it the address of a drop that comes after the last entry.
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
        if locals.count() as usize > MAPPED {
            for group in locals.groups().iter().rev() {
                self.table.push(group.slot as u16 | mark(group))?;
                self.table.push(group.first as u16)?;
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

impl Sink for SideTable<'_> {
    fn begin(&mut self, pos: usize, locals: &Locals) -> Parsed<()> {
        let wide = locals.groups().iter().find(|group| group.ty.slots() == 2);
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
        Ok(())
    }

    fn enter(&mut self, at: At, kind: LabelKind, params: u32) -> Parsed<()> {
        let condition =
            if kind == LabelKind::If && at.live { self.wait(at, 0, 0, NONE)? } else { NONE };
        let height = at.height.saturating_sub(params);
        let entry = self.here();
        self.labels.push(Label {
            kind,
            height,
            pos: at.pos as u32,
            entry,
            waiting: NONE,
            condition,
        })?;
        Ok(())
    }

    fn otherwise(&mut self, at: At) -> Parsed<()> {
        let Some(label) = self.labels.last() else { return Ok(()) };
        let (mut waiting, condition) = (label.waiting, label.condition);
        if at.live {
            // The end of the first arm goes behind the second one; its results lie where they belong.
            waiting = self.wait(at, 0, 0, waiting)?;
        }
        self.resolve(condition, at.pos)?;
        if let Some(label) = self.labels.last_mut() {
            label.kind = LabelKind::Else;
            label.waiting = waiting;
            label.condition = NONE;
        }
        Ok(())
    }

    fn end(&mut self, at: At, _: u32) -> Parsed<()> {
        let Some(label) = self.labels.last() else { return Ok(()) };
        let (kind, waiting, condition) = (label.kind, label.waiting, label.condition);
        // A branch to the function's label goes to its `end`, which returns.
        let pos = if kind == LabelKind::Func { at.pos - 1 } else { at.pos };
        self.resolve(waiting, pos)?;
        self.resolve(condition, pos)?;
        self.labels.truncate(self.labels.len() - 1);
        if kind == LabelKind::Func {
            self.waiting.truncate(0);
        }
        Ok(())
    }

    fn branch(&mut self, at: At, _: How, depth: u32, keep: u32) -> Parsed<()> {
        let Some(index) = self.labels.len().checked_sub(1 + depth as usize) else { return Ok(()) };
        let Some(label) = self.labels.get(index) else { return Ok(()) };
        if !at.live {
            return Ok(());
        }
        let drop = at.height.saturating_sub(keep).saturating_sub(label.height);
        // What already lies in its place need not be moved.
        let keep = if drop == 0 { 0 } else { keep };
        match label.kind {
            LabelKind::Loop => {
                let (pos, target) = (label.pos, label.entry);
                let entry = self.reserve()?;
                let branch = Branch {
                    dpc: pos as i32 - at.pos as i32,
                    dstp: target as i32 - entry as i32,
                    keep,
                    drop,
                };
                self.write(entry, branch)
            }
            kind => {
                // A return takes its results from the top of the stack, wherever that is.
                let (keep, drop) = if kind == LabelKind::Func { (0, 0) } else { (keep, drop) };
                let waiting = label.waiting;
                let chain = self.wait(at, keep, drop, waiting)?;
                if let Some(label) = self.labels.get_mut(index) {
                    label.waiting = chain;
                }
                Ok(())
            }
        }
    }

    fn wide(&mut self, pos: usize, live: bool) -> Parsed<()> {
        if live {
            let address = self.bytes.as_ptr().wrapping_add(pos).addr() as u32;
            self.table.push(WIDE as u16)?;
            self.table.push(address as u16)?;
            self.table.push((address >> 16) as u16)?;
        }
        Ok(())
    }

    fn long_memarg(&mut self) {
        self.short_memargs = false;
    }

    fn operation(&mut self, _: &Plain) -> Parsed<()> {
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
        if let Some(func) = self.funcs.get_mut(self.next) {
            func.end = end;
            func.layout.frame =
                (func.layout.locals - func.layout.params) as u32 + OVERHEAD as u32 + operands;
        }
        self.next += 1;
        Ok(())
    }
}
