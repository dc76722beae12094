//! The sink of fast mode: makes register code of each function in the pass that validates it.
//!
//! Operands are not moved when WebAssembly pushes them: what is on the operand stack is remembered as a local, a constant, the accumulator, or a slot, and an
//! operation takes its operands from there. The *window* holds this for the topmost operands, slot by slot; what lies below it
//! is in its home. So no operation looks at more than a constant number of operands, however deep the stack is.
//!
//! Where control meets (blocks, branches), operands are in their homes.
//!
//! Here are the operand stack and the sink; what operations become is in the rooms below, one for each kind.

mod branches;
mod calls;
mod load_store;
mod numbers;
mod variables;
mod visit;
mod words;

use super::emit::{Emitter, SCRATCH};
use super::{Code, Stored};
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::binary::reader::Parsed;
use crate::code::Builder;
use crate::validate::visitor::LabelKind;
use zonda_exec::fast::op::Relation;
use zonda_exec::{FastFunc, FuncLayout};

/// Bytes of code for which room is made before a branch is translated, for the stack is deeper where it is written.
const ROOM: usize = 64;
/// Operands that are remembered.
const CACHE_SLOTS: usize = 16;

/// Where the value of an operand's slot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    InSlot,
    Accumulator,
    Local(u32),
    Constant(u32),
}

/// An operand that was taken: its value, and its place on the operand stack.
#[derive(Clone, Copy)]
struct Operand {
    value: Value,
    height: u32,
}

/// The same, as an operation sees it.
#[derive(Clone, Copy)]
enum Source {
    Accumulator,
    Slot(i32),
    Constant(u32),
}

/// A comparison that is the topmost operand and was not written yet, for a branch may follow.
#[derive(Clone, Copy)]
struct Comparison {
    relation: Relation,
    first: Operand,
    second: Operand,
}

#[derive(Clone, Copy)]
struct Label {
    kind: LabelKind,
    /// Whether it can be reached.
    live: bool,
    /// Slots of operands below the label's own.
    height: u32,
    /// Slots of its parameters.
    params: u32,
    /// For a loop, where branches to it go.
    start: u32,
    /// Branches that wait for its end.
    chain: u32,
    /// The branch of an `if` that waits for its `else`.
    condition: u32,
    /// Where operands are moved for a target of the `br_table` with this number.
    moves: (u32, u32),
}

/// A target of a `br_table` that needs operands moved.
struct Stub {
    field: u32,
    depth: u32,
    keep: u32,
}

/// Where operations come from: offsets in the code and in the module.
pub(crate) enum Positions {
    /// Nobody asks.
    Unknown,
    /// All of them, for listings.
    #[allow(dead_code)]
    All(TryVec<(u32, u32)>),
    /// For the operation at the first offset, which has trapped, the second one.
    #[allow(dead_code)]
    Of(u32, u32),
}

impl Positions {
    /// The operation that was written for this offset starts here now.
    fn moved(&mut self, start: u32, of: u32) {
        match self {
            Positions::Of(code, offset) if *code == start => *offset = of,
            Positions::All(positions) => {
                // Those of the operation that is translated.
                for position in positions.iter_mut().rev().take_while(|position| position.1 != of) {
                    position.0 = position.0.max(start + 1);
                }
                let _ = positions
                    .iter_mut()
                    .rev()
                    .find(|position| position.1 == of)
                    .map(|position| position.0 = start);
            }
            _ => {}
        }
    }

    /// Drops the positions of code from this offset on.
    fn forget_from(&mut self, code: u32) {
        if let Positions::All(positions) = self {
            let before = positions.iter().take_while(|position| position.0 < code).count();
            positions.truncate(before);
        }
    }
}

/// Translates all functions of a module.
pub(crate) struct Translator<'a> {
    bytes: &'a [u8],
    pub(crate) funcs: TryVec<FastFunc>,
    /// Imported functions.
    pub(crate) imported: u32,
    /// Slots between the locals and the operands; see docs/register-code.md.
    pub(crate) overhead: u32,
    next: usize,
    emit: Emitter,
    /// Where the function starts in the code.
    start: u32,
    /// Slots of its locals, and of its results.
    locals: u32,
    results: u32,
    height: u32,
    cache: [Value; CACHE_SLOTS],
    len: usize,
    comparison: Option<Comparison>,
    labels: TryVec<Label>,
    /// The `br_table` that is written: its start, its next target, and targets that are left.
    table: (u32, u32, u32),
    /// Number of `br_table`s so far.
    tables: u32,
    stubs: TryVec<Stub>,
    /// Who wants to know where each operation comes from.
    pub(crate) positions: Positions,
}

impl<'a> Builder<'a> for Translator<'a> {
    #[inline(never)]
    fn new(bytes: &'a [u8]) -> Result<TryBox<Translator<'a>>, OutOfMemory> {
        TryBox::new(Translator {
            bytes,
            funcs: TryVec::new(),
            imported: 0,
            overhead: zonda_exec::fast::OVERHEAD as u32,
            next: 0,
            emit: Emitter::new(),
            start: 0,
            locals: 0,
            results: 0,
            height: 0,
            cache: [Value::InSlot; CACHE_SLOTS],
            len: 0,
            comparison: None,
            labels: TryVec::new(),
            table: (0, 0, 0),
            tables: 0,
            stubs: TryVec::new(),
            positions: Positions::Unknown,
        })
    }

    fn reserve(&mut self, count: usize, imported: u32) -> Result<(), OutOfMemory> {
        self.imported = imported;
        self.funcs.reserve_exact(count)
    }

    fn declare(&mut self, layout: FuncLayout) -> Result<(), OutOfMemory> {
        self.funcs.push(FastFunc { layout, code: 0 })
    }

    fn complete(&mut self) -> Parsed<crate::code::Code<'a>> {
        let funcs = core::mem::take(&mut self.funcs);
        let mut code = core::mem::take(&mut self.emit.code);
        code.shrink();
        let (funcs, code) = (Stored::Made(funcs), Stored::Made(code));
        Ok(crate::code::Code::Fast(Code { funcs, code }))
    }
}

impl Translator<'_> {
    // --- slots ---

    /// The slot that an operand has by its place on the operand stack.
    fn home(&self, height: u32) -> i32 {
        if self.emit.large {
            SCRATCH + height as i32
        } else {
            (self.locals + self.overhead + height) as i32
        }
    }

    /// The same from the start of the frame.
    fn absolute_slot(&self, height: u32) -> i32 {
        self.home(height) + if self.emit.large { self.bias() } else { 0 }
    }

    /// What a large function moves the frame pointer by.
    fn bias(&self) -> i32 {
        (self.locals + self.overhead) as i32
    }

    /// The slot of a local.
    fn local(&self, local: u32) -> i32 {
        local as i32 - if self.emit.large { self.bias() } else { 0 }
    }

    fn slot(&self, operand: Operand) -> i32 {
        match operand.value {
            Value::Local(local) => self.local(local),
            _ => self.home(operand.height),
        }
    }

    // --- the operand stack ---

    #[inline(never)]
    fn push(&mut self, value: Value) -> Parsed<()> {
        if self.len == CACHE_SLOTS {
            self.spill(0)?;
            for index in 1..CACHE_SLOTS {
                if let Some(&entry) = self.cache.get(index) {
                    if let Some(place) = self.cache.get_mut(index - 1) {
                        *place = entry;
                    }
                }
            }
            self.len -= 1;
        }
        if let Some(entry) = self.cache.get_mut(self.len) {
            *entry = value;
        }
        self.len += 1;
        self.height += 1;
        Ok(())
    }

    #[inline(never)]
    fn push_constant_pair(&mut self, value: u64) -> Parsed<()> {
        self.push(Value::Constant(value as u32))?;
        self.push(Value::Constant((value >> 32) as u32))
    }

    fn push_slots(&mut self, count: u32) {
        // What is not in the window is in its home, and so is all below it then.
        if self.len == 0 {
            self.height += count;
            return;
        }
        for _ in 0..count {
            if self.len == CACHE_SLOTS {
                break;
            }
            if let Some(entry) = self.cache.get_mut(self.len) {
                *entry = Value::InSlot;
            }
            self.len += 1;
            self.height += 1;
        }
    }

    #[inline(never)]
    fn pop(&mut self) -> Operand {
        self.height = self.height.saturating_sub(1);
        let mut value = Value::InSlot;
        if let Some(last) = self.len.checked_sub(1) {
            self.len = last;
            if let Some(&entry) = self.cache.get(last) {
                value = entry;
            }
        }
        Operand { value, height: self.height }
    }

    /// Forgets what is above a height; all that is left is in its home.
    fn reset(&mut self, height: u32) {
        self.height = height;
        self.len = 0;
        self.comparison = None;
    }

    /// Puts an entry of the window into its home.
    #[inline(never)]
    fn spill(&mut self, index: usize) -> Parsed<()> {
        let home = self.home(self.height - (self.len - index) as u32);
        let Some(entry) = self.cache.get_mut(index) else { return Ok(()) };
        let value = core::mem::replace(entry, Value::InSlot);
        self.place(value, home)
    }

    /// Has a slot be a value.
    fn place(&mut self, value: Value, slot: i32) -> Parsed<()> {
        match value {
            Value::InSlot => Ok(()),
            Value::Accumulator => self.emit.store(slot),
            Value::Local(local) => self.emit.copy(self.local(local), slot),
            Value::Constant(value) => self.emit.put(value, slot),
        }
    }

    /// Puts the topmost `count` slots into their homes.
    #[inline(never)]
    fn spill_top(&mut self, count: u32) -> Parsed<()> {
        self.spill_accumulator()?;
        let first = self.len.saturating_sub(count as usize);
        let mut index = first;
        while index < self.len {
            match (self.cache.get(index).copied(), self.cache.get(index + 1).copied()) {
                (Some(Value::Local(low)), Some(Value::Local(high)))
                    if high == low + 1 && index + 1 < self.len =>
                {
                    let home = self.home(self.height - (self.len - index) as u32);
                    self.emit.copy_pair(self.local(low), home)?;
                    for entry in self.cache.iter_mut().skip(index).take(2) {
                        *entry = Value::InSlot;
                    }
                    index += 2;
                }
                _ => {
                    self.spill(index)?;
                    index += 1;
                }
            }
        }
        Ok(())
    }

    fn spill_all(&mut self) -> Parsed<()> {
        self.spill_top(CACHE_SLOTS as u32)
    }

    /// Puts the operand that is in the accumulator into its home, for the accumulator is to be lost.
    #[inline(never)]
    fn spill_accumulator(&mut self) -> Parsed<()> {
        for index in 0..self.len {
            if self.cache.get(index) == Some(&Value::Accumulator) {
                return self.spill(index);
            }
        }
        Ok(())
    }

    /// Puts operands that are this local into their homes, for the local is to be changed.
    fn spill_local(&mut self, local: u32) -> Parsed<()> {
        for index in 0..self.len {
            if self.cache.get(index) == Some(&Value::Local(local)) {
                let home = self.home(self.height - (self.len - index) as u32);
                let moved = if self.emit.accumulator_slot.is_none() {
                    self.emit.copy_before(self.local(local), home)?
                } else {
                    None
                };
                if let Some((start, offset)) = moved {
                    self.positions.moved(start, offset);
                    if let Some(entry) = self.cache.get_mut(index) {
                        *entry = Value::InSlot;
                    }
                    continue;
                }
                self.spill(index)?;
            }
        }
        Ok(())
    }

    /// Writes a comparison that was held back.
    #[inline(always)]
    fn flush_comparison(&mut self) -> Parsed<()> {
        if self.comparison.is_none() {
            return Ok(());
        }
        self.write_comparison()
    }

    #[inline(never)]
    fn write_comparison(&mut self) -> Parsed<()> {
        if let Some(comparison) = self.comparison.take() {
            self.compare(&comparison)?;
            self.push(Value::Accumulator)?;
        }
        Ok(())
    }

    // --- operands ---

    fn source(&self, operand: Operand) -> Source {
        match operand.value {
            Value::Accumulator => Source::Accumulator,
            Value::Constant(value) => Source::Constant(value),
            _ => {
                let slot = self.slot(operand);
                if self.emit.accumulator_slot == Some(slot) {
                    Source::Accumulator
                } else {
                    Source::Slot(slot)
                }
            }
        }
    }

    /// Takes the topmost operand into the accumulator.
    fn pop_accumulator(&mut self) -> Parsed<Operand> {
        let operand = self.pop();
        self.take(operand)?;
        Ok(operand)
    }

    /// Has the accumulator be an operand that was taken.
    #[inline(never)]
    fn take(&mut self, operand: Operand) -> Parsed<()> {
        match self.source(operand) {
            Source::Accumulator => Ok(()),
            Source::Slot(slot) => {
                self.spill_accumulator()?;
                self.emit.get(slot)
            }
            Source::Constant(value) => {
                self.spill_accumulator()?;
                self.emit.constant(value)
            }
        }
    }

    /// Has an operand that was taken be in a slot, and gives it.
    #[inline(never)]
    fn in_slot(&mut self, operand: Operand) -> Parsed<i32> {
        match operand.value {
            Value::Accumulator | Value::Constant(_) => {
                let home = self.home(operand.height);
                self.place(operand.value, home)?;
                Ok(home)
            }
            _ => Ok(self.slot(operand)),
        }
    }

    /// Takes an operand of two slots, and has it be in a pair.
    #[inline(never)]
    fn pop_pair(&mut self) -> Parsed<i32> {
        let high = self.pop();
        let low = self.pop();
        if let (Value::Local(first), Value::Local(second)) = (low.value, high.value) {
            if second == first + 1 {
                return Ok(self.local(first));
            }
        }
        let home = self.home(low.height);
        self.place(low.value, home)?;
        self.place(high.value, home + 1)?;
        Ok(home)
    }
}
