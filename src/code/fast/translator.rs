//! The sink of fast mode: makes register code of each function in the pass that validates it.
//!
//! Operands are not moved when WebAssembly pushes them: what is on the operand stack is remembered as a local, a constant, the accumulator, or a slot, and an
//! operation takes its operands from there. The *window* holds this for the topmost operands, slot by slot; what lies below it
//! is in its home. So no operation looks at more than a constant number of operands, however deep the stack is.
//!
//! Where control meets (blocks, branches), operands are in their homes.

use super::emit::{short, Emitter, NONE, SCRATCH};
use super::forms::{forms, not, nth, relation, swapped, with_constant};
use super::{Fast, Stored};
use crate::alloc::{List, OutOfMemory, Owned};
use crate::binary::reader::Parsed;
use crate::code::Code;
use crate::error::ErrorKind;
use crate::validate::locals::Locals;
use crate::validate::sink::{At, How, LabelKind, Plain, Sink};
use zonda_exec::fast::op::Relation;
use zonda_exec::fast::RegOp;
use zonda_exec::op::codes::*;
use zonda_exec::op;
use zonda_exec::{RegFunc, Shape};

/// Bytes of code for which room is made before a branch is translated, for the stack is deeper where it is written.
const ROOM: usize = 64;
/// Operands that are remembered.
const WINDOW: usize = 16;

/// Where the value of an operand's slot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    Home,
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
    All(List<(u32, u32)>),
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
                let _ = positions.iter_mut().rev().find(|position| position.1 == of).map(|position| position.0 = start);
            }
            _ => {}
        }
    }
}

/// Translates all functions of a module.
pub(crate) struct Translator<'a> {
    bytes: &'a [u8],
    pub(crate) funcs: List<RegFunc>,
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
    window: [Value; WINDOW],
    len: usize,
    comparison: Option<Comparison>,
    labels: List<Label>,
    /// The `br_table` that is written: its start, its next target, and targets that are left.
    table: (u32, u32, u32),
    /// Number of `br_table`s so far.
    tables: u32,
    stubs: List<Stub>,
    /// Who wants to know where each operation comes from.
    pub(crate) positions: Positions,
}

impl<'a> Translator<'a> {
    /// Without functions: they are put in with their parameters, results and types.
    #[inline(never)]
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Owned<Translator<'a>>, OutOfMemory> {
        Owned::new(Translator {
            bytes,
            funcs: List::new(),
            imported: 0,
            overhead: zonda_exec::fast::OVERHEAD as u32,
            next: 0,
            emit: Emitter::new(),
            start: 0,
            locals: 0,
            results: 0,
            height: 0,
            window: [Value::Home; WINDOW],
            len: 0,
            comparison: None,
            labels: List::new(),
            table: (0, 0, 0),
            tables: 0,
            stubs: List::new(),
            positions: Positions::Unknown,
        })
    }

    /// Adds the record of the next function.
    pub(crate) fn declare(&mut self, shape: Shape) -> Result<(), OutOfMemory> {
        self.funcs.push(RegFunc { shape, code: 0 })
    }

    /// What was made of all functions.
    pub(crate) fn complete(&mut self) -> Parsed<Code<'a>> {
        let (funcs, mut code) = (core::mem::take(&mut self.funcs), core::mem::take(&mut self.emit.code));
        code.shrink();
        Ok(Code::Fast(Fast { funcs: Stored::Made(funcs), code: Stored::Made(code) }))
    }

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
    fn absolute_home(&self, height: u32) -> i32 {
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
        if self.len == WINDOW {
            self.settle(0)?;
            for index in 1..WINDOW {
                if let Some(&entry) = self.window.get(index) {
                    if let Some(place) = self.window.get_mut(index - 1) {
                        *place = entry;
                    }
                }
            }
            self.len -= 1;
        }
        if let Some(entry) = self.window.get_mut(self.len) {
            *entry = value;
        }
        self.len += 1;
        self.height += 1;
        Ok(())
    }

    fn push_homes(&mut self, count: u32) {
        // What is not in the window is in its home, and so is all below it then.
        if self.len == 0 {
            self.height += count;
            return;
        }
        for _ in 0..count {
            if self.len == WINDOW {
                break;
            }
            if let Some(entry) = self.window.get_mut(self.len) {
                *entry = Value::Home;
            }
            self.len += 1;
            self.height += 1;
        }
    }

    #[inline(never)]
    fn pop(&mut self) -> Operand {
        self.height = self.height.saturating_sub(1);
        let mut value = Value::Home;
        if let Some(last) = self.len.checked_sub(1) {
            self.len = last;
            if let Some(&entry) = self.window.get(last) {
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
    fn settle(&mut self, index: usize) -> Parsed<()> {
        let home = self.home(self.height - (self.len - index) as u32);
        let Some(entry) = self.window.get_mut(index) else { return Ok(()) };
        let value = core::mem::replace(entry, Value::Home);
        self.place(value, home)
    }

    /// Has a slot be a value.
    fn place(&mut self, value: Value, slot: i32) -> Parsed<()> {
        match value {
            Value::Home => Ok(()),
            Value::Accumulator => self.emit.store(slot),
            Value::Local(local) => self.emit.copy(self.local(local), slot),
            Value::Constant(value) => self.emit.put(value, slot),
        }
    }

    /// Puts the topmost `count` slots into their homes.
    #[inline(never)]
    fn settle_top(&mut self, count: u32) -> Parsed<()> {
        self.settle_accumulator()?;
        let first = self.len.saturating_sub(count as usize);
        let mut index = first;
        while index < self.len {
            match (self.window.get(index).copied(), self.window.get(index + 1).copied()) {
                (Some(Value::Local(low)), Some(Value::Local(high))) if high == low + 1 && index + 1 < self.len => {
                    let home = self.home(self.height - (self.len - index) as u32);
                    self.emit.copy_pair(self.local(low), home)?;
                    for entry in self.window.iter_mut().skip(index).take(2) {
                        *entry = Value::Home;
                    }
                    index += 2;
                }
                _ => {
                    self.settle(index)?;
                    index += 1;
                }
            }
        }
        Ok(())
    }

    fn settle_all(&mut self) -> Parsed<()> {
        self.settle_top(WINDOW as u32)
    }

    /// Puts the operand that is in the accumulator into its home, for the accumulator is to be lost.
    #[inline(never)]
    fn settle_accumulator(&mut self) -> Parsed<()> {
        for index in 0..self.len {
            if self.window.get(index) == Some(&Value::Accumulator) {
                return self.settle(index);
            }
        }
        Ok(())
    }

    /// Puts operands that are this local into their homes, for the local is to be changed.
    fn settle_local(&mut self, local: u32) -> Parsed<()> {
        for index in 0..self.len {
            if self.window.get(index) == Some(&Value::Local(local)) {
                let home = self.home(self.height - (self.len - index) as u32);
                let moved = if self.emit.cached.is_none() { self.emit.copy_before(self.local(local), home)? } else { None };
                if let Some((start, offset)) = moved {
                    self.positions.moved(start, offset);
                    if let Some(entry) = self.window.get_mut(index) {
                        *entry = Value::Home;
                    }
                    continue;
                }
                self.settle(index)?;
            }
        }
        Ok(())
    }

    /// Writes a comparison that was held back.
    #[inline(always)]
    fn settle_comparison(&mut self) -> Parsed<()> {
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
                if self.emit.cached == Some(slot) { Source::Accumulator } else { Source::Slot(slot) }
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
                self.settle_accumulator()?;
                self.emit.get(slot)
            }
            Source::Constant(value) => {
                self.settle_accumulator()?;
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

    // --- operations on i32 ---

    #[inline(never)]
    fn unary(&mut self, op: RegOp) -> Parsed<()> {
        self.pop_accumulator()?;
        self.emit.result(op, 0, 0)?;
        self.push(Value::Accumulator)
    }

    /// Writes an operation with the accumulator and one slot as operands.
    fn with_slot(&mut self, op: RegOp, slot: i32) -> Parsed<()> {
        let operand = self.emit.read(slot, 1, 0)?;
        self.emit.result(op, operand, 1)
    }

    #[inline(never)]
    fn binary(&mut self, code: u16) -> Parsed<()> {
        let mut second = self.pop();
        let mut first = self.pop();
        let mut code = code;
        if let Value::Constant(value) = second.value {
            // What WebAssembly has no operation for, and what can be said with another.
            match (code as u8, value) {
                (0x6b, _) => {
                    code = 0x6a;
                    second.value = Value::Constant(value.wrapping_neg());
                }
                (0x71, 0xff | 0xffff) => {
                    let (slot_form, form) = if value == 0xff { (RegOp::Zext8S, RegOp::Zext8) } else { (RegOp::Zext16S, RegOp::Zext16) };
                    if let Source::Slot(slot) = self.source(first) {
                        self.settle_accumulator()?;
                        self.with_slot(slot_form, slot)?;
                    } else {
                        self.take(first)?;
                        self.emit.result(form, 0, 0)?;
                    }
                    return self.push(Value::Accumulator);
                }
                (0x74..=0x76 | 0x78, _) => second.value = Value::Constant(value & 31),
                (0x77, _) => {
                    code = 0x78;
                    second.value = Value::Constant(value.wrapping_neg() & 31);
                }
                _ => {}
            }
        }
        let Some(forms) = forms(code) else { return Ok(()) };
        if forms.commutative && matches!(first.value, Value::Constant(_)) {
            (first, second) = (second, first);
        }
        let (a, b) = (self.source(first), self.source(second));
        // Where one of the operands is in the accumulator, no other operand is.
        if first.value != Value::Accumulator && second.value != Value::Accumulator {
            self.settle_accumulator()?;
        }
        match (a, b) {
            (Source::Accumulator, Source::Accumulator) => {
                let slot = self.slot(if first.value == Value::Accumulator { second } else { first });
                self.with_slot(forms.by_slot, slot)?;
            }
            (Source::Accumulator, Source::Slot(slot)) => self.with_slot(forms.by_slot, slot)?,
            (Source::Slot(slot), Source::Accumulator) => match forms.of_slot {
                _ if forms.commutative => self.with_slot(forms.by_slot, slot)?,
                Some(op) => self.with_slot(op, slot)?,
                None => {
                    let right = self.in_slot(second)?;
                    self.emit.get(slot)?;
                    self.with_slot(forms.by_slot, right)?;
                }
            },
            (Source::Slot(left), Source::Slot(right)) => match forms.slots {
                Some(op) => {
                    let left = self.emit.read(left, 1, 0)?;
                    let right = self.emit.read(right, 1, 2)?;
                    self.emit.result(op, left | right << 8, 2)?;
                }
                None => {
                    self.emit.get(left)?;
                    self.with_slot(forms.by_slot, right)?;
                }
            },
            (_, Source::Constant(value)) => {
                if let (Source::Slot(slot), Some(op), Some(k)) = (a, forms.slot_constant, short(value)) {
                    let slot = self.emit.read(slot, 1, 0)?;
                    self.emit.result(op, slot | k << 8, 2)?;
                } else if let (Source::Slot(slot), Some(op)) = (a, forms.slot_long_constant) {
                    let slot = self.emit.read(slot, 1, 0)?;
                    self.emit.long(op, slot | value << 8, value >> 24, 5)?;
                    self.emit.lost();
                } else if let (Source::Slot(slot), true, None) = (a, forms.commutative && forms.long_constant.is_none(), short(value)) {
                    self.emit.constant(value)?;
                    self.with_slot(forms.by_slot, slot)?;
                } else {
                    self.take(first)?;
                    match (short(value), forms.constant, forms.long_constant) {
                        (Some(k), Some(op), _) => self.emit.result(op, k, 1)?,
                        (_, _, Some(op)) => self.emit.result(op, value, 4)?,
                        _ => {
                            let slot = self.home(second.height.max(first.height));
                            self.emit.put(value, slot)?;
                            self.with_slot(forms.by_slot, slot)?;
                        }
                    }
                }
            }
            (Source::Constant(value), _) => match (b, short(value)) {
                (Source::Accumulator, Some(k)) if code == 0x6b => self.emit.result(RegOp::SubKA, k, 1)?,
                _ => {
                    let right = self.in_slot(second)?;
                    self.emit.constant(value)?;
                    self.with_slot(forms.by_slot, right)?;
                }
            },
        }
        self.push(Value::Accumulator)
    }

    /// Has the accumulator be 1 or 0.
    #[inline(never)]
    fn compare(&mut self, comparison: &Comparison) -> Parsed<()> {
        let &Comparison { mut relation, mut first, mut second } = comparison;
        if matches!(first.value, Value::Constant(_)) || matches!(self.source(second), Source::Accumulator) {
            relation = swapped(relation);
            (first, second) = (second, first);
        }
        if let Source::Constant(value) = self.source(second) {
            if let Some((relation, value)) = with_constant(relation, value) {
                if let Some(k) = short(value) {
                    self.take(first)?;
                    return self.emit.result(nth(RegOp::EqAK, relation as u32), k, 1);
                }
            }
        }
        // The accumulator can be the second one still when it is both.
        let right = if second.value == Value::Accumulator && first.value == Value::Accumulator { self.home(second.height) } else { self.in_slot(second)? };
        self.take(first)?;
        self.with_slot(nth(RegOp::EqAS, relation as u32), right)
    }

    /// Takes the topmost operand as a condition.
    fn condition(&mut self) -> Comparison {
        match self.comparison.take() {
            Some(comparison) => comparison,
            None => {
                let first = self.pop();
                Comparison { relation: Relation::Ne, first, second: Operand { value: Value::Constant(0), height: self.height + 1 } }
            }
        }
    }

    /// Writes a branch that is taken when the relation holds, with its distance, two bytes, open. Gives where it starts and where the distance stands.
    #[inline(never)]
    fn branch_if(&mut self, comparison: &Comparison) -> Parsed<(u32, u32)> {
        let &Comparison { mut relation, mut first, mut second } = comparison;
        if matches!(first.value, Value::Constant(_)) {
            relation = swapped(relation);
            (first, second) = (second, first);
        }
        let mut a = self.source(first);
        let mut b = self.source(second);
        if let Source::Constant(value) = b {
            let small = with_constant(relation, value).and_then(|(relation, value)| Some((relation, short(value)?)));
            match (a, small) {
                (Source::Accumulator, Some((Relation::Ne, 0))) => return self.distance(RegOp::BrNzA, 0, 0),
                (Source::Accumulator, Some((Relation::Eq, 0))) => return self.distance(RegOp::BrZA, 0, 0),
                (Source::Accumulator, Some((relation, k))) => return self.distance(nth(RegOp::BrEqAK, relation as u32), k, 1),
                (Source::Slot(slot), Some((relation, k))) => {
                    let slot = self.emit.read(slot, 1, 0)?;
                    return match (relation, k) {
                        (Relation::Ne, 0) => self.distance(RegOp::BrNzS, slot, 1),
                        (Relation::Eq, 0) => self.distance(RegOp::BrZS, slot, 1),
                        _ => self.distance(nth(RegOp::BrEqSK, relation as u32), slot | k << 8, 2),
                    };
                }
                (Source::Accumulator, None) if matches!(relation, Relation::Eq | Relation::Ne) => {
                    return self.distance(nth(RegOp::BrEqAX, relation as u32), value, 4);
                }
                (Source::Slot(_), None) => {
                    self.take(second)?;
                    b = Source::Accumulator;
                }
                _ => {
                    let slot = self.home(second.height.max(first.height));
                    // Both constant, or a constant that is long.
                    self.take(first)?;
                    a = Source::Accumulator;
                    self.emit.put(value, slot)?;
                    b = Source::Slot(slot);
                }
            }
        }
        if let (_, Source::Accumulator) = (a, b) {
            if let Source::Accumulator = a {
                let slot = self.slot(if first.value == Value::Accumulator { second } else { first });
                if first.value == Value::Accumulator || second.value != Value::Accumulator {
                    b = Source::Slot(slot);
                } else {
                    relation = swapped(relation);
                    b = Source::Slot(slot);
                }
            } else {
                relation = swapped(relation);
                core::mem::swap(&mut a, &mut b);
            }
        }
        match (a, b) {
            (Source::Accumulator, Source::Slot(slot)) => {
                let slot = self.emit.read(slot, 1, 0)?;
                self.distance(nth(RegOp::BrEqAS, relation as u32), slot, 1)
            }
            (Source::Slot(mut left), Source::Slot(mut right)) => {
                if relation as u8 > Relation::GeU as u8 {
                    relation = swapped(relation);
                    core::mem::swap(&mut left, &mut right);
                }
                let left = self.emit.read(left, 1, 0)?;
                let right = self.emit.read(right, 1, 2)?;
                self.distance(nth(RegOp::BrEqSS, relation as u32), left | right << 8, 2)
            }
            // Not reached: constants were dealt with.
            _ => Err(ErrorKind::FrameTooLarge),
        }
    }

    /// Writes a conditional branch with `len` bytes of operands before its distance.
    fn distance(&mut self, op: RegOp, operands: u32, len: usize) -> Parsed<(u32, u32)> {
        let start = self.emit.here();
        self.emit.op(op, operands, len + 2)?;
        Ok((start, start + 1 + len as u32))
    }

    // --- operations on pairs and numbers ---

    fn numeric(&mut self, code: u16) -> Parsed<()> {
        match code {
            0x45 => {
                // i32.eqz
                let comparison = match self.comparison.take() {
                    Some(comparison) => Comparison { relation: not(comparison.relation), ..comparison },
                    None => {
                        let first = self.pop();
                        let second = Operand { value: Value::Constant(0), height: self.height + 1 };
                        Comparison { relation: Relation::Eq, first, second }
                    }
                };
                self.comparison = Some(comparison);
                return Ok(());
            }
            0x46..=0x4f => {
                let second = self.pop();
                let first = self.pop();
                if first.value != Value::Accumulator && second.value != Value::Accumulator {
                    self.settle_accumulator()?;
                }
                self.comparison = relation(code).map(|relation| Comparison { relation, first, second });
                return Ok(());
            }
            _ => {}
        }
        match code {
            0x67 => return self.unary(RegOp::Clz),
            0x68 => return self.unary(RegOp::Ctz),
            0xc0 => return self.unary(RegOp::Ext8S),
            0xc1 => return self.unary(RegOp::Ext16S),
            // i32.wrap_i64
            0xa7 => {
                self.pop();
                return Ok(());
            }
            // i64.extend_i32_s
            0xac => return self.extend_signed(),
            // i64.extend_i32_u
            0xad => return self.push(Value::Constant(0)),
            // Reinterpretations.
            0xbc..=0xbf => return Ok(()),
            0x7e => return self.pair_op(RegOp::I64Mul),
            0x86..=0x8a => {
                if let Some(done) = self.shift_pair(code)? {
                    return Ok(done);
                }
            }
            0x7c | 0x7d => return self.pair_op(nth(RegOp::I64Add, (code - 0x7c) as u32)),
            0x83..=0x85 => return self.pair_op(nth(RegOp::I64And, (code - 0x83) as u32)),
            _ => {}
        }
        self.number(code)
    }

    /// An operation on numbers that has none of its own.
    #[inline(never)]
    fn number(&mut self, code: u16) -> Parsed<()> {
        let sig = if code < 0x100 { op::sig(code as u8) } else { op::prefixed_sig(code as u8) };
        let slots = sig.operand().slots() as i32;
        let second = if sig.is_binary() { Some(self.pop_any(slots)?) } else { None };
        let first = self.pop_any(slots)?;
        let home = self.home(self.height);
        let results = sig.value().slots() as i32;
        let a = self.emit.read(first, slots, 0)?;
        let b = match second {
            Some(second) => self.emit.read(second, slots, 2)?,
            None => 0,
        };
        let to = self.emit.write(home, results)?;
        let operands = (code & 0xff) as u32 | to << 8 | a << 16 | b << 24;
        match second {
            Some(_) => self.emit.to(RegOp::Num2, operands, 4, 2, home, results)?,
            None => self.emit.to(RegOp::Num1, operands, 3, 1, home, results)?,
        }
        self.emit.written(home, results)?;
        for _ in 0..results {
            self.push(Value::Home)?;
        }
        Ok(())
    }

    /// Takes a value of one slot or two and has it be in slots.
    fn pop_any(&mut self, slots: i32) -> Parsed<i32> {
        if slots == 2 {
            return self.pop_pair();
        }
        let operand = self.pop();
        self.in_slot(operand)
    }

    #[inline(never)]
    fn pair_op(&mut self, op: RegOp) -> Parsed<()> {
        let second = self.pop_pair()?;
        let first = self.pop_pair()?;
        let home = self.home(self.height);
        let a = self.emit.read(first, 2, 0)?;
        let b = self.emit.read(second, 2, 2)?;
        let to = self.emit.write(home, 2)?;
        self.emit.to(op, a | b << 8 | to << 16, 3, 0, home, 2)?;
        self.emit.written(home, 2)?;
        self.push(Value::Home)?;
        self.push(Value::Home)
    }

    /// Shifts and rotations of a pair by a constant; `None` where the distance is none.
    #[inline(never)]
    fn shift_pair(&mut self, code: u16) -> Parsed<Option<()>> {
        let low = self.len.checked_sub(2).and_then(|index| self.window.get(index));
        let Some(&Value::Constant(distance)) = low else { return Ok(None) };
        let (op, distance) = match code {
            0x86 => (RegOp::I64ShlK, distance),
            0x87 => (RegOp::I64ShrSK, distance),
            0x88 => (RegOp::I64ShrUK, distance),
            0x89 => (RegOp::I64RotlK, distance),
            _ => (RegOp::I64RotlK, distance.wrapping_neg()),
        };
        self.pop();
        self.pop();
        let first = self.pop_pair()?;
        let home = self.home(self.height);
        let a = self.emit.read(first, 2, 0)?;
        let to = self.emit.write(home, 2)?;
        self.emit.to(op, a | (distance & 63) << 8 | to << 16, 3, 0, home, 2)?;
        self.emit.written(home, 2)?;
        self.push(Value::Home)?;
        self.push(Value::Home)?;
        Ok(Some(()))
    }

    #[inline(never)]
    fn extend_signed(&mut self) -> Parsed<()> {
        let low = self.pop();
        if let Value::Constant(value) = low.value {
            self.push(low.value)?;
            return self.push(Value::Constant((value as i32 >> 31) as u32));
        }
        self.take(low)?;
        if low.value == Value::Accumulator {
            let home = self.home(low.height);
            self.emit.store(home)?;
            self.push(Value::Home)?;
        } else {
            self.push(low.value)?;
        }
        self.emit.result(RegOp::ShrSAK, 31, 1)?;
        let high = self.home(self.height);
        self.emit.store(high)?;
        self.push(Value::Home)
    }

    // --- memory ---

    /// Any load or store, on operands in their homes, with its immediates as they are.
    #[inline(never)]
    fn memory(&mut self, plain: &Plain, result: u32) -> Parsed<()> {
        self.settle_all()?;
        self.verbatim(RegOp::Memory, plain.code as u8, self.home(self.height), plain.pos, plain.end)?;
        self.reset(plain.after - result);
        self.push_homes(result);
        self.emit.lost();
        Ok(())
    }

    /// Writes an operation with a code of WebAssembly, a slot, and bytes of the module.
    #[inline(never)]
    fn verbatim(&mut self, op: RegOp, code: u8, slot: i32, start: usize, end: usize) -> Parsed<()> {
        let slot = u16::try_from(slot).map_err(|_| ErrorKind::FrameTooLarge)?;
        self.emit.result(op, code as u32 | (slot as u32) << 8, 3)?;
        let bytes: &'a [u8] = self.bytes;
        self.emit.tail(bytes.get(start..end).unwrap_or(&[]))
    }

    #[inline(never)]
    fn load(&mut self, plain: &Plain) -> Parsed<()> {
        let sig = op::sig(plain.code as u8);
        let (offset, memory) = plain.immediates;
        let wide = sig.value().slots() == 2;
        let whole_pair = wide && sig.log2_width() == 3;
        let mut offset = offset;
        let known = match self.window.get(self.len.wrapping_sub(1)) {
            Some(&Value::Constant(address)) => address.checked_add(offset),
            _ => Some(offset),
        };
        let Some(sum) = known else { return self.memory(plain, sig.value().slots()) };
        if memory != 0 || whole_pair && offset > 0xff {
            return self.memory(plain, sig.value().slots());
        }
        let mut address = self.pop();
        if let Value::Constant(_) = address.value {
            address.value = Value::Constant(sum);
            offset = 0;
        }
        let which = match (sig.log2_width(), sig.is_signed_load() && sig.log2_width() < 2) {
            (0, true) => 1,
            (0, false) => 2,
            (1, true) => 3,
            (1, false) => 4,
            _ => 0,
        };
        let source = self.source(address);
        if whole_pair {
            let home = self.home(address.height);
            if let Source::Slot(slot) = source {
                let slot = self.emit.read(slot, 1, 0)?;
                let to = self.emit.write(home, 2)?;
                self.emit.to(RegOp::Load64S, slot | offset << 8 | to << 16, 3, 0, home, 2)?;
            } else {
                self.take(address)?;
                let to = self.emit.write(home, 2)?;
                self.emit.to(RegOp::Load64A, offset | to << 8, 2, 0, home, 2)?;
            }
            self.emit.written(home, 2)?;
            self.push(Value::Home)?;
            return self.push(Value::Home);
        }
        if address.value != Value::Accumulator {
            self.settle_accumulator()?;
        }
        match source {
            Source::Slot(slot) if offset <= 0xff => {
                let slot = self.emit.read(slot, 1, 0)?;
                self.emit.result(nth(RegOp::Load32S, which), slot | offset << 8, 2)?;
            }
            _ => {
                self.take(address)?;
                if offset <= 0xff {
                    self.emit.result(nth(RegOp::Load32A, which), offset, 1)?;
                } else {
                    self.emit.result(nth(RegOp::Load32AX, which), offset, 4)?;
                }
            }
        }
        self.push(Value::Accumulator)?;
        if !wide {
            Ok(())
        } else if sig.is_signed_load() {
            self.extend_signed()
        } else {
            self.push(Value::Constant(0))
        }
    }

    #[inline(never)]
    fn store(&mut self, plain: &Plain) -> Parsed<()> {
        let sig = op::sig(plain.code as u8);
        let (mut offset, memory) = plain.immediates;
        let wide = sig.value().slots() == 2;
        let slots = sig.value().slots() as usize;
        let whole_pair = wide && sig.log2_width() == 3;
        let sum = match self.window.get(self.len.wrapping_sub(1 + slots)) {
            Some(&Value::Constant(address)) if self.len > slots => address.checked_add(offset),
            _ => Some(offset),
        };
        let Some(sum) = sum else { return self.memory(plain, 0) };
        if memory != 0 || whole_pair && offset > 0xff {
            return self.memory(plain, 0);
        }
        if whole_pair {
            let value = self.pop_pair()?;
            let mut address = self.pop();
            if let Value::Constant(_) = address.value {
                address.value = Value::Constant(sum);
                offset = 0;
            }
            let pair = self.emit.read(value, 2, 2)?;
            return match self.source(address) {
                Source::Slot(slot) => {
                    let slot = self.emit.read(slot, 1, 0)?;
                    self.emit.op(RegOp::Store64S, slot | pair << 8 | (offset) << 16, 3)
                }
                _ => {
                    self.take(address)?;
                    self.emit.op(RegOp::Store64A, pair | offset << 8, 2)
                }
            };
        }
        if wide {
            self.pop();
        }
        let value = self.pop();
        let mut address = self.pop();
        if let Value::Constant(_) = address.value {
            address.value = Value::Constant(sum);
            offset = 0;
        }
        let which = match sig.log2_width() {
            0 => 1,
            1 => 2,
            _ => 0,
        };
        let near = offset <= 0xff;
        let low = offset;
        match (self.source(address), self.source(value)) {
            (Source::Slot(address), Source::Slot(value)) if near => {
                let address = self.emit.read(address, 1, 0)?;
                let value = self.emit.read(value, 1, 2)?;
                self.emit.op(nth(RegOp::Store32SS, which), address | value << 8 | low << 16, 3)
            }
            (Source::Accumulator, Source::Slot(value)) if near => {
                let value = self.emit.read(value, 1, 2)?;
                self.emit.op(nth(RegOp::Store32AS, which), value | low << 8, 2)
            }
            (Source::Accumulator, Source::Accumulator) if near && address.value != Value::Accumulator => {
                let slot = self.slot(address);
                let slot = self.emit.read(slot, 1, 0)?;
                self.emit.op(nth(RegOp::Store32SA, which), slot | low << 8, 2)
            }
            (Source::Accumulator, Source::Accumulator) if near => {
                let slot = self.slot(value);
                let slot = self.emit.read(slot, 1, 0)?;
                self.emit.op(nth(RegOp::Store32AS, which), slot | low << 8, 2)
            }
            (Source::Constant(address), Source::Slot(value)) => {
                self.settle_accumulator()?;
                self.emit.constant(address)?;
                let value = self.emit.read(value, 1, 2)?;
                self.emit.op(nth(RegOp::Store32AS, which), value, 2)
            }
            (Source::Accumulator, Source::Constant(constant)) if near => {
                let slot = self.home(value.height);
                self.emit.put(constant, slot)?;
                let slot = self.emit.read(slot, 1, 2)?;
                self.emit.op(nth(RegOp::Store32AS, which), slot | low << 8, 2)
            }
            _ => {
                // The address in a slot, the value in the accumulator.
                let slot = self.in_slot(address)?;
                self.take(value)?;
                let slot = self.emit.read(slot, 1, 0)?;
                if near {
                    self.emit.op(nth(RegOp::Store32SA, which), slot | low << 8, 2)
                } else {
                    self.emit.long(nth(RegOp::Store32SAX, which), slot | low << 8, low >> 24, 5)
                }
            }
        }
    }

    // --- variables ---

    fn local_get(&mut self, local: u32, slots: u32) -> Parsed<()> {
        for i in 0..slots {
            if self.emit.large {
                let home = self.home(self.height);
                self.emit.copy(self.local(local + i), home)?;
                self.push(Value::Home)?;
            } else {
                self.push(Value::Local(local + i))?;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn local_set(&mut self, local: u32, slots: u32, tee: bool) -> Parsed<()> {
        let slot = self.local(local);
        if slots == 2 {
            let before = self.emit.here();
            self.settle_local(local)?;
            self.settle_local(local + 1)?;
            let settled = self.emit.here() != before;
            let high = self.pop();
            let low = self.pop();
            let home = self.home(low.height);
            match (low.value, high.value) {
                (Value::Home, Value::Home) => {
                    if settled || !self.emit.retarget(home, slot, 2) {
                        self.emit.copy_pair(home, slot)?;
                    }
                }
                (Value::Local(first), Value::Local(second)) if second == first + 1 => {
                    if first != local {
                        self.emit.copy_pair(self.local(first), slot)?;
                    }
                }
                // One of them may be what the other is written over.
                (low, Value::Local(second)) if second == local => {
                    self.place(high.value, home + 1)?;
                    self.move_to(low, home, slot)?;
                    self.emit.copy(home + 1, slot + 1)?;
                }
                (first, second) => {
                    self.move_to(first, home, slot)?;
                    self.move_to(second, home + 1, slot + 1)?;
                }
            }
        } else {
            let operand = self.pop();
            let before = self.emit.here();
            self.settle_local(local)?;
            // What was written before the last operation does not matter.
            let settled = self.emit.here() != before && operand.value == Value::Home;
            let home = self.home(operand.height);
            if operand.value != Value::Home || settled || !self.emit.retarget(home, slot, 1) {
                self.move_to(operand.value, home, slot)?;
            }
        }
        if tee {
            return self.local_get(local, slots);
        }
        Ok(())
    }

    /// Has a slot be a value whose home is given.
    fn move_to(&mut self, value: Value, home: i32, slot: i32) -> Parsed<()> {
        match value {
            Value::Home => self.emit.copy(home, slot),
            value => self.place(value, slot),
        }
    }

    #[inline(never)]
    fn global(&mut self, get: bool, index: u32, slots: u32) -> Parsed<()> {
                match (get, slots) {
            (true, 1) => {
                self.settle_accumulator()?;
                self.emit.result(RegOp::GlobalGet, index, 2)?;
                self.push(Value::Accumulator)
            }
            (true, _) => {
                let home = self.home(self.height);
                let to = self.emit.write(home, 2)?;
                self.emit.to(RegOp::GlobalGetW, index | to << 16, 3, 0, home, 2)?;
                self.emit.written(home, 2)?;
                self.push(Value::Home)?;
                self.push(Value::Home)
            }
            (false, 1) => {
                self.pop_accumulator()?;
                self.emit.op(RegOp::GlobalSet, index, 2)
            }
            (false, _) => {
                let pair = self.pop_pair()?;
                let pair = self.emit.read(pair, 2, 0)?;
                self.emit.op(RegOp::GlobalSetW, pair | index << 8, 3)
            }
        }
    }

    #[inline(never)]
    fn select(&mut self, slots: u32) -> Parsed<()> {
        let condition = match self.comparison.take() {
            Some(comparison) => Err(comparison),
            None => Ok(self.pop()),
        };
        // Operands are put into slots before the condition is taken, for that needs the accumulator.
        let slots_of = |this: &mut Self| this.pop_any(slots as i32);
        let second = slots_of(self)?;
        let first = slots_of(self)?;
        match condition {
            Ok(condition) => self.take(condition)?,
            Err(comparison) => {
                self.settle_accumulator()?;
                self.compare(&comparison)?;
            }
        }
        if slots == 2 {
            let home = self.home(self.height);
            let a = self.emit.read(first, 2, 0)?;
            let b = self.emit.read(second, 2, 2)?;
            let to = self.emit.write(home, 2)?;
            self.emit.to(RegOp::SelectW, a | b << 8 | to << 16, 3, 0, home, 2)?;
            self.emit.written(home, 2)?;
            self.push(Value::Home)?;
            return self.push(Value::Home);
        }
        let a = self.emit.read(first, 1, 0)?;
        let b = self.emit.read(second, 1, 2)?;
        self.emit.result(RegOp::Select, a | b << 8, 2)?;
        self.push(Value::Accumulator)
    }

    // --- calls and returns ---

    #[inline(never)]
    fn call(&mut self, func: u32, params: u32, after: u32) -> Parsed<()> {
        self.settle_top(params)?;
        let base = self.height.saturating_sub(params);
        let slot = self.home(base);
        let is_import = func < self.imported;
        let near = u8::try_from(slot).ok().zip(u16::try_from(func).ok());
        match near {
            Some((slot, func)) => {
                let op = if is_import { RegOp::CallImport } else { RegOp::Call };
                self.emit.result(op, func as u32 | (slot as u32) << 16, 3)?;
            }
            None => {
                let top = u16::try_from(self.home(self.height)).map_err(|_| ErrorKind::FrameTooLarge)?;
                self.emit.result(RegOp::Slow, CALL as u32 | (top as u32) << 8, 3)?;
                let (bytes, len) = leb(func);
                self.emit.tail(bytes.get(..len).unwrap_or(&[]))?;
            }
        }
        for _ in 0..params {
            self.pop();
        }
        let results = after.saturating_sub(base);
        self.push_results(results)?;
        if results == 1 {
            self.emit.cached = Some(slot);
        }
        Ok(())
    }

    /// Has results in their homes be on the operand stack.
    fn push_results(&mut self, results: u32) -> Parsed<()> {
        if results as usize > WINDOW {
            self.settle_all()?;
            self.reset(self.height + results);
            return Ok(());
        }
        for _ in 0..results {
            self.push(Value::Home)?;
        }
        Ok(())
    }

    /// What the runtime executes: operands in their homes.
    #[inline(never)]
    fn slow(&mut self, plain: &Plain) -> Parsed<()> {
        self.settle_all()?;
        let code = if plain.code > 0xff { PREFIX } else { plain.code as u8 };
        self.verbatim(RegOp::Slow, code, self.home(self.height), plain.pos, plain.end)?;
        self.reset(plain.after);
        // The accumulator is the topmost operand.
        self.emit.cached = plain.after.checked_sub(1).map(|height| self.home(height));
        Ok(())
    }

    #[inline(never)]
    fn tail_call(&mut self, plain: &Plain) -> Parsed<()> {
        let (func, params) = plain.immediates;
        let direct = plain.code as u8 == RETURN_CALL;
        self.settle_all()?;
        let top = self.absolute_home(self.height);
        self.unbias()?;
        self.verbatim(RegOp::Slow, plain.code as u8, top, plain.pos, plain.end)?;
        if !direct || func < self.imported {
            // Where the function turns out to be one of the host, its results are to be returned.
            let base = self.absolute_home(self.height - params - !direct as u32);
            self.return_slots(base, self.results)?;
        }
        Ok(())
    }

    /// Moves the frame pointer of a large function back.
    fn unbias(&mut self) -> Parsed<()> {
        if self.emit.large {
            let bias = i16::try_from(-self.bias()).map_err(|_| ErrorKind::FrameTooLarge)?;
            self.emit.op(RegOp::Frame, bias as u16 as u32, 2)?;
        }
        Ok(())
    }

    /// Returns slots that are counted from the start of the frame.
    fn return_slots(&mut self, first: i32, count: u32) -> Parsed<()> {
        if count == 0 {
            return self.emit.op(RegOp::Ret, 0, 0);
        }
        let first = u16::try_from(first).map_err(|_| ErrorKind::FrameTooLarge)?;
        self.emit.op(RegOp::RetN, first as u32 | count << 16, 4)
    }

    /// Returns from the function with the topmost operands.
    #[inline(never)]
    fn give_back(&mut self, results: u32) -> Parsed<()> {
        match results {
            0 => {
                self.unbias()?;
                self.emit.op(RegOp::Ret, 0, 0)
            }
            1 => {
                // The operand stays, for there is code behind where the return is conditional.
                let (height, len) = (self.height, self.len);
                let operand = self.pop();
                match self.source(operand) {
                    Source::Slot(slot) if !self.emit.large => self.emit.op(RegOp::RetS, slot as u32, 1)?,
                    _ => {
                        self.take(operand)?;
                        self.unbias()?;
                        self.emit.op(RegOp::RetA, 0, 0)?;
                    }
                }
                (self.height, self.len) = (height, len);
                Ok(())
            }
            _ => {
                self.settle_top(results)?;
                let base = self.absolute_home(self.height - results);
                self.unbias()?;
                self.return_slots(base, results)
            }
        }
    }

    // --- branches ---

    /// Moves what a branch keeps to where the label wants it; it is in its homes.
    #[inline(never)]
    fn move_kept(&mut self, keep: u32, height: u32) -> Parsed<()> {
        let (from, to) = (self.height - keep, height);
        if from == to {
            return Ok(());
        }
        match keep {
            0 => Ok(()),
            1 => self.emit.copy(self.home(from), self.home(to)),
            2 => self.emit.copy_pair(self.home(from), self.home(to)),
            _ => {
                let slot = |slot: i32| u16::try_from(slot).map_err(|_| ErrorKind::FrameTooLarge);
                let (source, target, keep) = (slot(self.home(from))?, slot(self.home(to))?, slot(keep as i32)?);
                self.emit.long(RegOp::Move, source as u32 | (target as u32) << 16, keep as u32, 6)?;
                self.emit.lost();
                Ok(())
            }
        }
    }

    /// Goes to a label, whose operands lie where it wants them.
    fn go_to(&mut self, index: usize) -> Parsed<()> {
        let Some(&label) = self.labels.get(index) else { return Ok(()) };
        let target = (label.kind == LabelKind::Loop).then_some(label.start);
        let chain = self.emit.jump(target, label.chain)?;
        self.set_chain(index, chain);
        Ok(())
    }

    fn set_chain(&mut self, index: usize, chain: u32) {
        if let Some(label) = self.labels.get_mut(index) {
            label.chain = chain;
        }
    }

    #[inline(never)]
    fn br(&mut self, index: usize, label: &Label, keep: u32) -> Parsed<()> {
        self.settle_comparison()?;
        if label.kind == LabelKind::Func {
            return self.give_back(keep);
        }
        if keep == 1 {
            let operand = self.pop();
            self.settle_accumulator()?;
            let (home, slot) = (self.home(operand.height), self.home(label.height));
            self.move_to(operand.value, home, slot)?;
        } else {
            self.settle_top(keep)?;
            self.move_kept(keep, label.height)?;
        }
        self.go_to(index)
    }

    #[inline(never)]
    fn br_if(&mut self, index: usize, label: &Label, keep: u32) -> Parsed<()> {
        let mut condition = self.condition();
        let moves = keep != 0 && self.height - keep != label.height;
        if keep != 0 {
            self.settle_all()?;
        }
        if label.kind != LabelKind::Func && !moves {
            let target = (label.kind == LabelKind::Loop).then_some(label.start);
            let chain = self.jump_if(&mut condition, target, label.chain)?;
            self.set_chain(index, chain);
            return Ok(());
        }
        // Around what has to be done where the branch is taken.
        condition.relation = not(condition.relation);
        let (start, field) = self.branch_if(&condition)?;
        let cached = self.emit.cached;
        if label.kind == LabelKind::Func {
            self.give_back(keep)?;
        } else {
            self.move_kept(keep, label.height)?;
            self.go_to(index)?;
        }
        self.emit.around(start, field)?;
        self.emit.cached = cached;
        Ok(())
    }

    /// Starts a `br_table` with as many targets and one more.
    #[inline(never)]
    fn br_table(&mut self, count: u32) -> Parsed<()> {
        self.settle_comparison()?;
        let operand = self.pop();
        // Where the index is in the accumulator, what else there is goes to its homes by operations that keep it.
        self.settle_all()?;
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
    fn table_target(&mut self, index: usize, depth: u32, keep: u32) -> Parsed<()> {
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
            // In the order of the targets, so that a place that was written serves the same label again.
            let stubs = core::mem::take(&mut self.stubs);
            for stub in stubs.iter() {
                self.table_stub(start, stub)?;
            }
            self.stubs = stubs;
            self.stubs.truncate(0);
        }
        Ok(())
    }

    /// Writes the moves for a target of the `br_table` that starts at `start`, if they were not for another one.
    fn table_stub(&mut self, start: u32, stub: &Stub) -> Parsed<()> {
        let Some(index) = self.labels.len().checked_sub(1 + stub.depth as usize) else { return Ok(()) };
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
            return self.give_back(stub.keep);
        }
        self.move_kept(stub.keep, label.height)?;
        self.go_to(index)
    }

    /// Says that what is written next is for the operation whose code ends at `pos`.
    #[inline(always)]
    fn note(&mut self, pos: usize) -> Parsed<()> {
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
}

/// An unsigned number in LEB128 (spec: 5.2.2).
fn leb(mut value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            return (bytes, i + 1);
        }
        *byte |= 0x80;
    }
    (bytes, 5)
}

impl Sink for Translator<'_> {
    fn begin(&mut self, _: usize, locals: &Locals) -> Parsed<()> {
        self.locals = locals.slots();
        self.start = self.emit.here();
        self.reset(0);
        self.labels.truncate(0);
        self.stubs.truncate(0);
        self.emit.begin();
        if let Some(func) = self.funcs.get_mut(self.next) {
            func.code = self.start;
            func.shape.locals = self.locals as u16;
            self.results = func.shape.results as u32;
        }
        if self.emit.large {
            let bias = i16::try_from(self.bias()).map_err(|_| ErrorKind::FrameTooLarge)?;
            self.emit.op(RegOp::Frame, bias as u16 as u32, 2)?;
        }
        Ok(())
    }

    fn enter(&mut self, at: At, kind: LabelKind, params: u32) -> Parsed<()> {
        let mut label = Label { kind, live: at.live, height: 0, params, start: 0, chain: NONE, condition: NONE, moves: (0, 0) };
        if at.live {
            self.note(at.pos)?;
            if kind == LabelKind::If {
                let mut condition = self.condition();
                self.settle_all()?;
                condition.relation = not(condition.relation);
                label.condition = self.jump_if(&mut condition, None, NONE)?;
            } else {
                self.settle_comparison()?;
                self.settle_all()?;
            }
            if kind == LabelKind::Loop {
                // The loop is entered behind the operation that its turns begin with.
                self.emit.op(RegOp::Skip, 0, 0)?;
                label.start = self.emit.here();
                self.emit.op(RegOp::Meter, 0, 0)?;
                self.emit.forget();
            }
            label.height = self.height.saturating_sub(params);
            self.reset(self.height);
        }
        Ok(self.labels.push(label)?)
    }

    fn otherwise(&mut self, at: At) -> Parsed<()> {
        let Some(&label) = self.labels.last() else { return Ok(()) };
        if !label.live {
            return Ok(());
        }
        let index = self.labels.len() - 1;
        if at.live {
            self.settle_comparison()?;
            self.settle_all()?;
            self.go_to(index)?;
        }
        self.emit.resolve(label.condition)?;
        self.emit.forget();
        self.reset(label.height + label.params);
        if let Some(label) = self.labels.get_mut(index) {
            label.kind = LabelKind::Else;
            label.condition = NONE;
        }
        Ok(())
    }

    fn end(&mut self, at: At, results: u32) -> Parsed<()> {
        let Some(label) = self.labels.pop() else { return Ok(()) };
        if !label.live {
            return Ok(());
        }
        if at.live {
            self.note(at.pos)?;
            self.settle_comparison()?;
            if label.kind == LabelKind::Func {
                return self.give_back(results);
            }
            self.settle_all()?;
        }
        if label.kind == LabelKind::Func {
            return Ok(());
        }
        self.emit.resolve(label.chain)?;
        self.emit.resolve(label.condition)?;
        self.reset(label.height + results);
        Ok(())
    }

    fn branch(&mut self, at: At, how: How, depth: u32, keep: u32) -> Parsed<()> {
        if !at.live {
            return Ok(());
        }
        let Some(index) = self.labels.len().checked_sub(1 + depth as usize) else { return Ok(()) };
        let Some(&label) = self.labels.get(index) else { return Ok(()) };
        self.emit.code.make_room(ROOM)?;
        self.note(at.pos)?;
        match how {
            How::Br => self.br(index, &label, keep),
            How::BrIf => self.br_if(index, &label, keep),
            How::Table(count) => {
                self.br_table(count)?;
                self.table_target(index, depth, keep)
            }
            How::Next => self.table_target(index, depth, keep),
        }
    }

    fn wide(&mut self, _: usize, _: bool) -> Parsed<()> {
        Ok(())
    }

    fn long_memarg(&mut self) {}

    fn operation(&mut self, plain: &Plain) -> Parsed<()> {
        if !plain.live {
            return Ok(());
        }
        self.note(plain.pos)?;
        let (a, b) = plain.immediates;
        let code = plain.code as u8;
        if plain.code > 0xff {
            self.settle_comparison()?;
            return if code < 8 { self.numeric(plain.code) } else { self.slow(plain) };
        }
        // A comparison waits for what takes it.
        if self.comparison.is_some() && !matches!(code, 0x45 | SELECT | SELECT_TYPED | NOP) {
            self.write_comparison()?;
        }
        match code {
            UNREACHABLE => self.emit.op(RegOp::Unreachable, 0, 0),
            NOP => Ok(()),
            RETURN => self.give_back(a),
            CALL => self.call(a, b, plain.after),
            RETURN_CALL | RETURN_CALL_INDIRECT => self.tail_call(plain),
            DROP => {
                for _ in 0..a {
                    self.pop();
                }
                Ok(())
            }
            SELECT | SELECT_TYPED => self.select(a),
            LOCAL_GET => self.local_get(a, b),
            LOCAL_SET => self.local_set(a, b, false),
            LOCAL_TEE => self.local_set(a, b, true),
            GLOBAL_GET => self.global(true, a, b),
            GLOBAL_SET => self.global(false, a, b),
            0x28..=0x35 => self.load(plain),
            0x36..=0x3e => self.store(plain),
            I32_CONST | F32_CONST => self.push(Value::Constant(a)),
            I64_CONST | F64_CONST => {
                self.push(Value::Constant(a))?;
                self.push(Value::Constant(b))
            }
            0x6a..=0x78 => self.binary(plain.code),
            0x45..=0xc4 => self.numeric(plain.code),
            REF_NULL => self.push(Value::Constant(0)),
            _ => self.slow(plain),
        }
    }

    fn retry(&mut self) -> bool {
        if !core::mem::take(&mut self.emit.too_small) {
            return false;
        }
        self.emit.large = true;
        self.emit.code.truncate(self.start as usize);
        if let Positions::All(positions) = &mut self.positions {
            let before = positions.iter().take_while(|(code, _)| *code < self.start).count();
            positions.truncate(before);
        }
        true
    }

    fn finish(&mut self, _: usize, operands: u32) -> Parsed<()> {
        let scratch = if self.emit.large { SCRATCH as u32 } else { 0 };
        let overhead = self.overhead;
        if let Some(func) = self.funcs.get_mut(self.next) {
            // One more, for what reads a result that is not there.
            func.shape.frame = (func.shape.locals - func.shape.params) as u32 + overhead + scratch + operands + 1;
        }
        if !self.emit.large && self.locals + overhead + operands > 255 {
            // Not all slots can be named.
            return self.emit.refuse();
        }
        self.emit.large = false;
        self.next += 1;
        Ok(())
    }
}

impl Translator<'_> {
    /// Writes a branch to a label that is taken when the relation holds. Gives the label's chain.
    #[inline(always)]
    fn jump_if(&mut self, condition: &mut Comparison, target: Option<u32>, chain: u32) -> Parsed<u32> {
        if self.emit.large {
            condition.relation = not(condition.relation);
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
