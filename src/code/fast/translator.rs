//! The builder of fast mode: translates each function to register bytecode in the pass that
//! validates it.
//!
//! An operand is not moved when WebAssembly pushes it. The *register cache* records for each of the
//! topmost operand slots where its value is: in a local, in the accumulator, in its stack slot, or
//! nowhere, since it is a constant. An instruction takes its operands from there. Operands below
//! the cache are in their stack slots, so no instruction looks at more than a constant number of
//! operands, however deep the stack is.
//!
//! Where control flow merges (blocks, branches), all operands are in their stack slots.
//!
//! This file owns the register cache; the files below translate one kind of instruction each.

mod branches;
mod calls;
mod conditions;
#[cfg(feature = "exceptions")]
mod exceptions;
#[cfg(feature = "legacy-exceptions")]
mod legacy;
mod load_store;
mod numbers;
#[cfg(feature = "function-references")]
mod references;
mod variables;
#[cfg(feature = "simd")]
mod vectors;
#[cfg(not(feature = "simd"))]
#[path = "translator/vectors_off.rs"]
mod vectors;
mod visit;
mod words;

use self::conditions::Decided;
use super::emit::{short, Emitter, SCRATCH};
use super::forms::not;
use super::{Code, Stored};
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::binary::reader::Parsed;
use crate::code::handlers::{Catching, Handlers};
use crate::code::Builder;
use crate::validate::visitor::LabelKind;
use zonda_exec::fast::op::{Relation, Test};
use zonda_exec::fast::RegOp;
use zonda_exec::vector;
use zonda_exec::{FastFunc, FuncLayout};

/// Bytes of code that are reserved before a branch is translated: the code that grows the vector
/// would add to the deepest native stack.
const ROOM: usize = 64;
/// Slots in the register cache.
const CACHE_SLOTS: usize = 16;

/// Where the value of an operand slot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    InSlot,
    Accumulator,
    Local(u32),
    Constant(u32),
}

/// An operand that was popped: its value, and its height on the operand stack.
#[derive(Clone, Copy)]
struct Operand {
    value: Value,
    height: u32,
}

/// An operand as an instruction can name it.
#[derive(Clone, Copy)]
enum Source {
    Accumulator,
    Slot(i32),
    Constant(u32),
}

/// A comparison that is the topmost operand. It is not written yet, since a branch may take it.
#[derive(Clone, Copy)]
enum Comparison {
    Words {
        relation: Relation,
        first: Operand,
        second: Operand,
    },
    /// Of i64 or floats.
    Wide(Tested),
}

/// A comparison of i64 or floats, whose operands are in slots.
#[derive(Clone, Copy)]
struct Tested {
    test: Test,
    /// Slots of each operand.
    slots: i32,
    first: i32,
    second: i32,
    /// What the second one is, if it is a small constant of i64, which was not written to its
    /// slot.
    constant: Option<u32>,
}

impl Comparison {
    /// The comparison that holds when this one does not.
    fn opposite(self) -> Comparison {
        match self {
            Comparison::Words { relation, first, second } => {
                Comparison::Words { relation: not(relation), first, second }
            }
            Comparison::Wide(tested) => {
                Comparison::Wide(Tested { test: tested.test.opposite(), ..tested })
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Label {
    kind: LabelKind,
    /// Whether the block can be reached.
    live: bool,
    /// Slots of operands below the label's own.
    height: u32,
    /// Slots of its parameters.
    params: u32,
    /// For a loop, the offset that branches to it target.
    start: u32,
    /// Chain of branches that wait for the end of the block.
    chain: u32,
    /// The branch of an `if` that waits for its `else`.
    condition: u32,
    /// Number of the `br_table` for which a stub of this label was written, and the stub's offset.
    moves: (u32, u32),
    /// Handlers of exceptions that wait for the end of the block.
    catching: Catching,
}

/// A target of a `br_table` that has to move operands.
struct Stub {
    field: u32,
    depth: u32,
    keep: u32,
}

/// What to record of the map from offsets in the code to offsets in the module.
pub(crate) enum Positions {
    /// Nothing.
    Unknown,
    /// All pairs, for listings.
    #[allow(dead_code)]
    All(TryVec<(u32, u32)>),
    /// For the instruction at the first offset, which has trapped: its offset in the module.
    #[allow(dead_code)]
    Of(u32, u32),
}

impl Positions {
    /// The register instruction of this module offset starts at `start` now.
    fn moved(&mut self, start: u32, of: u32) {
        match self {
            Positions::Of(code, offset) if *code == start => *offset = of,
            Positions::All(positions) => {
                // Positions of the instruction that is being translated.
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

    /// Everything written from `start` on has become one instruction, which is the one of this
    /// module offset where it traps.
    fn merged(&mut self, start: u32, of: u32) {
        match self {
            Positions::Of(code, offset) if *code == start => *offset = of,
            Positions::All(positions) => {
                let later = positions.iter_mut().rev().take_while(|position| position.0 > start);
                later.for_each(|position| position.0 = start);
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
    /// Number of imported functions.
    pub(crate) imported: u32,
    /// Slots between the locals and the operands; see docs/register-bytecode.md.
    pub(crate) overhead: u32,
    next: usize,
    emit: Emitter,
    /// Offset in the code at which the function starts.
    start: u32,
    /// Slots of its locals, and of its results.
    locals: u32,
    results: u32,
    height: u32,
    cache: [Value; CACHE_SLOTS],
    len: usize,
    comparison: Option<Comparison>,
    labels: TryVec<Label>,
    /// The `br_table` that is being written: its start, its next target, and the targets left.
    table: (u32, u32, u32),
    /// Number of `br_table` instructions so far.
    tables: u32,
    stubs: TryVec<Stub>,
    /// What is recorded of positions.
    pub(crate) positions: Positions,
    handlers: Handlers,
    decided: Decided,
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
            handlers: Handlers::new(),
            decided: Decided::NOTHING,
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
        Ok(crate::code::Code::Fast(Code { funcs, code, handlers: self.handlers.take() }))
    }
}

impl Translator<'_> {
    // --- slots ---

    /// The stack slot of the operand at this height, as an instruction names it.
    fn stack_slot(&self, height: u32) -> i32 {
        if self.emit.large {
            SCRATCH + height as i32
        } else {
            (self.locals + self.overhead + height) as i32
        }
    }

    /// The stack slot of the operand at this height, counted from the start of the frame.
    fn absolute_slot(&self, height: u32) -> i32 {
        self.stack_slot(height) + if self.emit.large { self.bias() } else { 0 }
    }

    /// How far a large function moves the frame pointer, in slots.
    fn bias(&self) -> i32 {
        (self.locals + self.overhead) as i32
    }

    /// The slot of a local, as an instruction names it.
    fn local(&self, local: u32) -> i32 {
        local as i32 - if self.emit.large { self.bias() } else { 0 }
    }

    fn slot(&self, operand: Operand) -> i32 {
        match operand.value {
            Value::Local(local) => self.local(local),
            _ => self.stack_slot(operand.height),
        }
    }

    // --- the register cache ---

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

    /// Drops what is above a height. All operands that are left are in their stack slots.
    fn reset(&mut self, height: u32) {
        self.height = height;
        self.len = 0;
        self.comparison = None;
    }

    /// Spills the operand at this index of the cache.
    #[inline(never)]
    fn spill(&mut self, index: usize) -> Parsed<()> {
        let stack_slot = self.stack_slot(self.height - (self.len - index) as u32);
        let Some(entry) = self.cache.get_mut(index) else { return Ok(()) };
        let value = core::mem::replace(entry, Value::InSlot);
        self.place(value, stack_slot)
    }

    /// Writes the accumulator to a slot as well.
    #[inline(always)]
    fn store_accumulator(&mut self, slot: i32) -> Parsed<()> {
        if let Some(start) = self.emit.store(slot)? {
            self.positions.merged(start, self.emit.offset);
        }
        Ok(())
    }

    /// Writes a value to a slot.
    fn place(&mut self, value: Value, slot: i32) -> Parsed<()> {
        match value {
            Value::InSlot => Ok(()),
            Value::Accumulator => self.store_accumulator(slot),
            Value::Local(local) => self.emit.copy(self.local(local), slot),
            Value::Constant(value) => self.emit.put(value, slot),
        }
    }

    /// Spills the topmost `count` slots.
    #[inline(never)]
    fn spill_top(&mut self, count: u32) -> Parsed<()> {
        self.spill_accumulator()?;
        let first = self.len.saturating_sub(count as usize);
        let mut index = first;
        while index < self.len {
            if vector::ENABLED && self.spill_vector(index)? {
                index += vector::MAX_SLOTS;
                continue;
            }
            match (self.cache.get(index).copied(), self.cache.get(index + 1).copied()) {
                (Some(Value::Local(low)), Some(Value::Local(high)))
                    if high == low + 1 && index + 1 < self.len =>
                {
                    let stack_slot = self.stack_slot(self.height - (self.len - index) as u32);
                    self.emit.copy_pair(self.local(low), stack_slot)?;
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

    /// Spills the operand that is in the accumulator, before an instruction overwrites it.
    #[inline(never)]
    fn spill_accumulator(&mut self) -> Parsed<()> {
        for index in 0..self.len {
            if self.cache.get(index) == Some(&Value::Accumulator) {
                return self.spill(index);
            }
        }
        Ok(())
    }

    /// Spills operands that are this local, before an instruction changes it.
    fn spill_local(&mut self, local: u32) -> Parsed<()> {
        for index in 0..self.len {
            if self.cache.get(index) == Some(&Value::Local(local)) {
                let stack_slot = self.stack_slot(self.height - (self.len - index) as u32);
                let moved = if self.emit.accumulator_slot.is_none() {
                    self.emit.copy_before(self.local(local), stack_slot)?
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

    /// Writes the comparison that waits, if there is one.
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

    /// Pops the topmost operand into the accumulator.
    fn pop_accumulator(&mut self) -> Parsed<Operand> {
        let operand = self.pop();
        self.take(operand)?;
        Ok(operand)
    }

    /// Loads an operand that was popped into the accumulator.
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

    /// Writes an operand that was popped to a slot, unless it is in one; returns the slot.
    #[inline(never)]
    fn in_slot(&mut self, operand: Operand) -> Parsed<i32> {
        match operand.value {
            Value::Accumulator | Value::Constant(_) => {
                let stack_slot = self.stack_slot(operand.height);
                self.place(operand.value, stack_slot)?;
                Ok(stack_slot)
            }
            _ => Ok(self.slot(operand)),
        }
    }

    /// Pops an operand of two slots; returns the first of two adjacent slots that hold it.
    #[inline(never)]
    fn pop_pair(&mut self) -> Parsed<i32> {
        let high = self.pop();
        let low = self.pop();
        if let (Value::Local(first), Value::Local(second)) = (low.value, high.value) {
            if second == first + 1 {
                return Ok(self.local(first));
            }
        }
        let stack_slot = self.stack_slot(low.height);
        self.place_pair(low.value, high.value, stack_slot)?;
        Ok(stack_slot)
    }

    /// Writes the halves of a value to a pair, in one instruction where there is one.
    #[inline(never)]
    fn place_pair(&mut self, low: Value, high: Value, slot: i32) -> Parsed<()> {
        let near = u8::try_from(slot + 1).is_ok();
        match (low, high) {
            (Value::Constant(value), Value::Constant(sign))
                if near && sign == (value as i32 >> 31) as u32 =>
            {
                if let Some(k) = short(value) {
                    return self.emit.to(RegOp::PutW8, k | (slot as u32) << 8, 2, 0, slot, 2);
                }
            }
            (Value::Accumulator, Value::Constant(0)) if near => {
                return self.emit.to(RegOp::I64ExtUA, slot as u32, 1, 0, slot, 2);
            }
            (Value::Local(local), Value::Constant(0)) if near => {
                let from = self.local(local);
                if self.emit.accumulator_slot == Some(from) {
                    return self.emit.to(RegOp::I64ExtUA, slot as u32, 1, 0, slot, 2);
                }
                let from = self.emit.read(from, 1, 0)?;
                return self.emit.to(RegOp::I64ExtUS, from | (slot as u32) << 8, 2, 0, slot, 2);
            }
            _ => {}
        }
        if high == Value::Accumulator {
            // First the half that the last instruction may have computed.
            self.place(high, slot + 1)?;
            return self.place(low, slot);
        }
        self.place(low, slot)?;
        self.place(high, slot + 1)
    }
}
