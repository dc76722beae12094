//! Whether register code that nobody vouches for may be run: what docs/container.md says of operations, each rule in one place.
//!
//! One pass over a function, front to back, that looks at each operation once: by a table of forms, since most operations are a code and some slots; what has no form is looked at operand
//! by operand. What names something of the module is asked of [`Rules`]. Lies in this crate, with the loops, because it is compiled for speed; nothing here trusts a byte, and nothing is unsafe.
//!
//! Branches need to know where operations start. `marks` has a bit for each byte of the function: ahead of the pass those to which a branch goes, behind it
//! those where a `Meter` stands. The *stop* is the nearest one ahead in the word that the pass is in, or the end of that word, so that all else costs one comparison
//! for each operation, and the whole is linear.

use super::decode::Instruction;
use super::op::{Kind, RegOp};
use crate::frame::RegFunc;
use crate::op::{codes, Shape};

/// Bytes behind the code of the last function that belong to none, so that an operation can be read whole.
pub const GUARD: usize = 8;

/// Most slots of a frame: far from where a sum in a loop could overflow.
pub const MAX_SLOTS: u32 = (1 << 17) - 1;

/// Which rule does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such operation, or it is not complete, or not for this place or build.
    Operation,
    /// A slot lies outside of the frame, or in its header.
    Slot,
    /// A branch goes to no operation of the function, or back to one that is no `Meter`.
    Branch,
    /// The function goes on behind its end, moves its frame where it must not, or returns what it should not.
    Flow,
    /// Said by [`Rules`].
    Rule,
}

/// What the verifier has to ask about the module.
pub trait Rules {
    /// Whether there is a global that takes two slots, or one, and is mutable if it has to be.
    fn global(&mut self, index: u16, wide: bool, written: bool) -> bool;

    /// Slots that an operation of WebAssembly takes and gives, one that `CallImport`, `Slow` or `Memory` executes in the function with this index among those
    /// that the module defines; `None` when it is not allowed with these immediates. `return_call` gives nothing.
    fn operation(&mut self, func: u32, code: u16, immediates: [u32; 2]) -> Option<(u32, u32)>;
}

/// What the operands of an operation are, as far as they have to be looked at. The letters are those of the table, with the place of each in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Form {
    /// No operation has this code.
    Unknown,
    /// Looked at in [`Pass::rare`].
    Rare,
    /// Nothing to look at.
    Free,
    Slot1,
    Slot2,
    Slots12,
    Slots13,
    Slots123,
    Slot5,
    Slots16,
    Pair1,
    Pair2,
    Pairs12,
    Pairs13,
    Pairs123,
    Slot1Pair2,
    Slot1Pair3,
    Branch,
    BranchSlot1,
    BranchSlots12,
    Meter,
    Skip,
    /// Of a pair, by a distance that is not taken modulo anything.
    Shift,
    Call,
    Global,
    GlobalSlot3,
    GlobalPair3,
    GlobalPair1,
}

/// What an operand is to [`form`]: nothing, a slot, a pair, a distance, a global, or more than a form says.
#[derive(Clone, Copy)]
enum Lane {
    Free,
    Slot,
    Pair,
    Branch,
    Global,
    Rare,
}

macro_rules! lane {
    (s) => { (Lane::Slot, 1) };
    (d) => { (Lane::Slot, 1) };
    (w) => { (Lane::Pair, 1) };
    (v) => { (Lane::Pair, 1) };
    (k) => { (Lane::Free, 1) };
    (o) => { (Lane::Free, 1) };
    (x) => { (Lane::Free, 4) };
    (b) => { (Lane::Branch, 2) };
    (g) => { (Lane::Global, 2) };
    // f c j u l t q m p
    ($other:ident) => { (Lane::Rare, 0) };
}

/// The form of an operation, and its bytes, which do not matter where it is rare.
const fn form(op: RegOp, operands: &[(Lane, u8)]) -> (Form, u8) {
    use Form::*;
    match op {
        RegOp::Meter => return (Meter, 1),
        RegOp::Skip => return (Skip, 1),
        RegOp::Call => return (Call, CALL_BYTES),
        RegOp::I64ShlK | RegOp::I64ShrSK | RegOp::I64ShrUK | RegOp::I64RotlK => return (Shift, 4),
        // Returns are checked against the function's type.
        RegOp::Ret | RegOp::RetA | RegOp::RetS => return (Rare, 0),
        _ => {}
    }
    // A decimal digit for each byte of operands, the first one the lowest: 1 a slot, 2 a pair.
    let (mut lanes, mut digit, mut branch, mut global, mut bytes) = (0u32, 1, false, false, 1);
    let mut i = 0;
    while i < operands.len() {
        let (lane, mut more) = operands[i];
        match lane {
            Lane::Free => {}
            Lane::Slot => lanes += digit,
            Lane::Pair => lanes += 2 * digit,
            Lane::Branch => branch = true,
            Lane::Global => global = true,
            Lane::Rare => return (Rare, 0),
        }
        bytes += more;
        while more > 0 {
            digit *= 10;
            more -= 1;
        }
        i += 1;
    }
    assert!(bytes as usize <= GUARD);
    let form = match (lanes, branch, global) {
        (0, false, false) => Free,
        (1, false, false) => Slot1,
        (10, false, false) => Slot2,
        (11, false, false) => Slots12,
        (101, false, false) => Slots13,
        (111, false, false) => Slots123,
        (10_000, false, false) => Slot5,
        (100_001, false, false) => Slots16,
        (2, false, false) => Pair1,
        (20, false, false) => Pair2,
        (22, false, false) => Pairs12,
        (202, false, false) => Pairs13,
        (222, false, false) => Pairs123,
        (21, false, false) => Slot1Pair2,
        (201, false, false) => Slot1Pair3,
        (0, true, false) => Branch,
        (1, true, false) => BranchSlot1,
        (11, true, false) => BranchSlots12,
        (0, false, true) => Global,
        (100, false, true) => GlobalSlot3,
        (200, false, true) => GlobalPair3,
        (2, false, true) => GlobalPair1,
        // As good, but slower.
        _ => return (Rare, 0),
    };
    (form, bytes)
}

/// Bytes of `Call` and of `Frame`.
const CALL_BYTES: u8 = 4;
const FRAME_BYTES: u32 = 3;

macro_rules! forms {
    ($($code:literal $name:ident $text:literal [$($kind:ident)*] $acc:ident;)*) => {
        /// For each code its form and its bytes.
        static FORMS: [(Form, u8); 256] = {
            let mut forms = [(Form::Unknown, 0); 256];
            $(forms[$code] = form(RegOp::$name, &[$(lane!($kind)),*]);)*
            forms
        };
    };
}

crate::register_ops! { forms }

/// Which slots may be named.
#[derive(Clone, Copy)]
struct Bounds {
    /// Those below this one.
    locals: u32,
    /// And from the first operand on
    first: u32,
    /// so many.
    operands: u32,
}

impl Bounds {
    #[inline(always)]
    fn slot(&self, slot: u8) -> bool {
        let slot = slot as u32;
        slot < self.locals || slot.wrapping_sub(self.first) < self.operands
    }

    #[inline(always)]
    fn pair(&self, slot: u8) -> bool {
        let slot = slot as u32;
        slot + 1 < self.locals || slot.wrapping_sub(self.first) < self.operands - 1
    }

    /// One slot or a pair.
    fn value(&self, slot: u8, slots: u32) -> bool {
        if slots == 2 { self.pair(slot) } else { self.slot(slot) }
    }

    /// So many slots from this one on, all operands.
    #[inline]
    fn range(&self, slot: u32, count: u32) -> bool {
        // Both are at most 65,535 or come from types, so nothing overflows.
        slot >= self.first && slot + count <= self.first + self.operands
    }
}

/// Checks the functions of a module.
pub struct Verifier<'c, 'r> {
    /// The code of all functions, and [`GUARD`] bytes.
    pub code: &'c [u8],
    /// Their records, whose slots were checked: see docs/container.md.
    pub funcs: &'c [RegFunc],
    /// Functions that the module imports.
    pub imported: u32,
    /// Slots between the locals and the operands, for the pointers of the device.
    pub overhead: u32,
    /// A bit for each byte of the longest function, all 0.
    pub marks: &'c mut [u32],
    pub rules: &'r mut dyn Rules,
}

/// What does not hold, and the offset of the operation in the code.
pub type Refused = (Refusal, u32);

/// The pass over one function.
struct Pass<'v, 'c, 'r> {
    verifier: &'v mut Verifier<'c, 'r>,
    /// The function's index among those that the module defines.
    index: u32,
    /// Slots from the start of the frame.
    frame: Bounds,
    /// Slots from the frame pointer: the same, but in a large function.
    bounds: Bounds,
    results: u32,
    large: bool,
    start: u32,
    end: u32,
}

impl Verifier<'_, '_> {
    /// Checks the function with this index among those that the module defines, whose code ends at `end`, which leaves room for the guard.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn function(&mut self, index: u32, end: u32) -> Result<(), Refused> {
        let Some(&RegFunc { shape, code: start }) = self.funcs.get(index as usize) else { return Err((Refusal::Flow, 0)) };
        let first = shape.locals as u32 + self.overhead;
        let slots = shape.params as u32 + shape.frame;
        let words = (end.saturating_sub(start)).div_ceil(32) as usize;
        if slots <= first || slots > MAX_SLOTS || start >= end || end as usize + GUARD > self.code.len() || words > self.marks.len() {
            return Err((Refusal::Flow, start));
        }
        let frame = Bounds { locals: shape.locals as u32, first, operands: slots - first };
        let mut pass = Pass { verifier: self, index, frame, bounds: frame, results: shape.results as u32, large: false, start, end };
        let mut at = start;
        if pass.frame_operation(at) == Some(first as i32) {
            pass.large = true;
            pass.bounds = Bounds { locals: 0, first: 0, operands: frame.operands };
            at += FRAME_BYTES;
        }
        pass.operations(at)?;
        self.marks.get_mut(..words).unwrap_or(&mut []).fill(0);
        Ok(())
    }
}

/// The operation with its operands; [`GUARD`] sees to it that there are as many bytes.
#[inline(always)]
fn window(code: &[u8], at: u32) -> &[u8; GUARD] {
    const NONE: &[u8; GUARD] = &[u8::MAX; GUARD];
    code.get(at as usize..).and_then(<[u8]>::first_chunk).unwrap_or(NONE)
}

impl<'c> Pass<'_, 'c, '_> {
    /// Looks at all operations from `at` on.
    #[inline(never)]
    fn operations(&mut self, mut at: u32) -> Result<(), Refused> {
        let code: &'c [u8] = self.verifier.code;
        let bounds = self.bounds;
        let mut stop = self.start;
        let mut last = u32::MAX;
        let refusal = loop {
            if at >= stop {
                match self.pass_stop(stop, at) {
                    Ok(next) => stop = next,
                    Err(refusal) => break refusal,
                }
                if at == self.end {
                    if self.ends_with(last) {
                        return Ok(());
                    }
                    break Refusal::Flow;
                }
            }
            last = at;
            let Some(bytes) = code.get(at as usize..).and_then(<[u8]>::first_chunk::<GUARD>) else { break Refusal::Flow };
            let &[op, b1, b2, b3, _, b5, b6, _] = bytes;
            let (form, len) = FORMS[op as usize];
            let good = match form {
                Form::Unknown => break Refusal::Operation,
                Form::Rare => match self.rare(at, stop) {
                    Ok((behind, nearest)) => {
                        (at, stop) = (behind, nearest);
                        continue;
                    }
                    Err(refusal) => break refusal,
                },
                Form::Free => true,
                Form::Slot1 => bounds.slot(b1),
                Form::Slot2 => bounds.slot(b2),
                Form::Slots12 => bounds.slot(b1) && bounds.slot(b2),
                Form::Slots13 => bounds.slot(b1) && bounds.slot(b3),
                Form::Slots123 => bounds.slot(b1) && bounds.slot(b2) && bounds.slot(b3),
                Form::Slot5 => bounds.slot(b5),
                Form::Slots16 => bounds.slot(b1) && bounds.slot(b6),
                Form::Pair1 => bounds.pair(b1),
                Form::Pair2 => bounds.pair(b2),
                Form::Pairs12 => bounds.pair(b1) && bounds.pair(b2),
                Form::Pairs13 => bounds.pair(b1) && bounds.pair(b3),
                Form::Pairs123 => bounds.pair(b1) && bounds.pair(b2) && bounds.pair(b3),
                Form::Slot1Pair2 => bounds.slot(b1) && bounds.pair(b2),
                Form::Slot1Pair3 => bounds.slot(b1) && bounds.pair(b3),
                Form::Branch | Form::BranchSlot1 | Form::BranchSlots12 => {
                    // The distance is what the operation ends with.
                    let [low, high, ..] = *window(code, at + len as u32 - 2);
                    match self.branch(at, i16::from_le_bytes([low, high]) as i32) {
                        Ok(target) => stop = stop.min(target),
                        Err(refusal) => break refusal,
                    }
                    match form {
                        Form::Branch => true,
                        Form::BranchSlot1 => bounds.slot(b1),
                        _ => bounds.slot(b1) && bounds.slot(b2),
                    }
                }
                Form::Meter => {
                    self.mark(at);
                    true
                }
                Form::Skip => {
                    if b1 != RegOp::Meter as u8 {
                        break Refusal::Flow;
                    }
                    true
                }
                Form::Shift => {
                    if b2 > 63 {
                        break Refusal::Operation;
                    }
                    bounds.pair(b1) && bounds.pair(b3)
                }
                Form::Call => match self.call(u16::from_le_bytes([b1, b2]) as u32, b3) {
                    Ok(()) => true,
                    Err(refusal) => break refusal,
                },
                Form::Global | Form::GlobalSlot3 | Form::GlobalPair3 | Form::GlobalPair1 => {
                    if let Err(refusal) = self.global(op, bytes) {
                        break refusal;
                    }
                    match form {
                        Form::Global => true,
                        Form::GlobalSlot3 => bounds.slot(b3),
                        Form::GlobalPair3 => bounds.pair(b3),
                        _ => bounds.pair(b1),
                    }
                }
            };
            if !good {
                break Refusal::Slot;
            }
            at += len as u32;
        };
        Err((refusal, at))
    }

    /// Whether control does not go on behind the last operation.
    fn ends_with(&self, last: u32) -> bool {
        let bytes = window(self.verifier.code, last);
        let Some(op) = RegOp::from_code(bytes[0]) else { return false };
        match op {
            RegOp::Unreachable | RegOp::Br | RegOp::BrLong | RegOp::BrTable | RegOp::BrTableLong => true,
            RegOp::Ret | RegOp::RetA | RegOp::RetS | RegOp::RetN => true,
            RegOp::Slow => bytes[1] == codes::RETURN_CALL,
            // The return behind it was looked at with it.
            RegOp::Frame => true,
            _ => false,
        }
    }

    // --- branches ---

    /// The word with the mark of a position of the function, and the mark in it.
    #[inline(always)]
    fn place(&self, at: u32) -> (usize, u32) {
        let bit = at - self.start;
        ((bit / 32) as usize, 1 << (bit % 32))
    }

    fn mark(&mut self, at: u32) {
        let (word, bit) = self.place(at);
        if let Some(word) = self.verifier.marks.get_mut(word) {
            *word |= bit;
        }
    }

    /// The pass has come from `stop` to `at`, or over it: there must be no target between them. Takes the mark of `at` away and gives the next stop.
    #[inline(never)]
    fn pass_stop(&mut self, stop: u32, at: u32) -> Result<u32, Refusal> {
        if at > self.end {
            return Err(Refusal::Operation);
        }
        let (first, bit) = self.place(stop);
        // Those of the stop's word that are behind it belong to operations that were looked at.
        let mut from = !(bit - 1);
        let (last, bit) = self.place(at);
        for index in first..last {
            if self.verifier.marks.get(index).is_some_and(|word| word & from != 0) {
                return Err(Refusal::Branch);
            }
            from = !0;
        }
        let word_end = (self.start + 32 * (last as u32 + 1)).min(self.end);
        // The end may be where the last word is.
        let Some(word) = self.verifier.marks.get_mut(last) else { return Ok(word_end) };
        if *word & from & (bit - 1) != 0 {
            return Err(Refusal::Branch);
        }
        *word &= !bit;
        match *word & !(bit - 1) {
            0 => Ok(word_end),
            ahead => Ok(self.start + 32 * last as u32 + ahead.trailing_zeros()),
        }
    }

    /// A branch of the operation at `at`. Gives its target if it lies ahead, else the function's end.
    #[inline(always)]
    fn branch(&mut self, at: u32, distance: i32) -> Result<u32, Refusal> {
        let target = at.wrapping_add(distance as u32);
        // What lies before the function is far behind it, too, when no sign is seen.
        if target.wrapping_sub(self.start) >= self.end - self.start {
            return Err(Refusal::Branch);
        }
        let (index, bit) = self.place(target);
        let Some(word) = self.verifier.marks.get_mut(index) else { return Err(Refusal::Branch) };
        if target > at {
            *word |= bit;
            return Ok(target);
        }
        // There is a mark only where a `Meter` starts.
        if *word & bit != 0 { Ok(self.end) } else { Err(Refusal::Branch) }
    }

    // --- what names something else than slots ---

    #[inline(always)]
    fn call(&mut self, func: u32, args: u8) -> Result<(), Refusal> {
        match self.verifier.funcs.get(func.wrapping_sub(self.verifier.imported) as usize) {
            // At least one slot, for the result that is looked at where there is none.
            Some(callee) if self.bounds.range(args as u32, (callee.shape.params.max(callee.shape.results) as u32).max(1)) => Ok(()),
            Some(_) => Err(Refusal::Slot),
            None => Err(Refusal::Rule),
        }
    }

    #[inline(never)]
    fn global(&mut self, op: u8, bytes: &[u8; GUARD]) -> Result<(), Refusal> {
        let [_, b1, b2, b3, ..] = *bytes;
        let index = if op == RegOp::GlobalSetW as u8 { [b2, b3] } else { [b1, b2] };
        let wide = op == RegOp::GlobalGetW as u8 || op == RegOp::GlobalSetW as u8;
        let written = op == RegOp::GlobalSet as u8 || op == RegOp::GlobalSetW as u8;
        if self.verifier.rules.global(u16::from_le_bytes(index), wide, written) { Ok(()) } else { Err(Refusal::Rule) }
    }

    /// The distance of a `Frame` at this position.
    fn frame_operation(&self, at: u32) -> Option<i32> {
        let [op, low, high, ..] = *window(self.verifier.code, at);
        (op == RegOp::Frame as u8 && at < self.end).then_some(i16::from_le_bytes([low, high]) as i32)
    }

    /// Looks at an operation whose operands are not slots alone, or that is a return. Takes the stop ahead, and gives the position behind the operation and the stop then.
    #[inline(never)]
    fn rare(&mut self, at: u32, mut stop: u32) -> Result<(u32, u32), Refusal> {
        let instruction = self.read(at)?;
        let next = at + instruction.len as u32;
        match instruction.op {
            op if is_return(op) => {
                if self.large {
                    return Err(Refusal::Flow);
                }
                self.give_back(&instruction)?;
            }
            RegOp::Frame => return Ok((self.end_of_large(at)?, stop)),
            RegOp::BrTable | RegOp::BrTableLong => {
                for distance in instruction.distances() {
                    stop = stop.min(self.branch(at, distance)?);
                }
            }
            RegOp::Slow if is_tail_call(instruction.code) => {
                if self.large {
                    return Err(Refusal::Flow);
                }
                self.on_operands(&instruction, self.frame)?;
            }
            RegOp::Slow | RegOp::Memory => self.on_operands(&instruction, self.bounds)?,
            RegOp::CallImport => {
                let [_, f1, f2, args, ..] = *window(self.verifier.code, at);
                let func = u16::from_le_bytes([f1, f2]) as u32;
                if func >= self.verifier.imported {
                    return Err(Refusal::Rule);
                }
                let slots = self.verifier.rules.operation(self.index, codes::CALL as u16, [func, 0]);
                let (params, results) = slots.ok_or(Refusal::Rule)?;
                if !self.bounds.range(args as u32, params.max(results).max(1)) {
                    return Err(Refusal::Slot);
                }
            }
            RegOp::Num1 | RegOp::Num2 => self.numeric(&instruction)?,
            RegOp::CopyIn | RegOp::CopyOut => {
                for (kind, slot) in instruction.operands() {
                    let good = if kind == Kind::Far { self.far(slot) } else { self.bounds.slot(slot as u8) };
                    if !good {
                        return Err(Refusal::Slot);
                    }
                }
            }
            RegOp::Move => {
                let mut numbers = instruction.operands().map(|(_, number)| number as u32);
                let (Some(from), Some(to), Some(count)) = (numbers.next(), numbers.next(), numbers.next()) else { return Err(Refusal::Operation) };
                if count == 0 || to >= from || !self.bounds.range(from, count) || !self.bounds.range(to, count) {
                    return Err(Refusal::Slot);
                }
            }
            op => {
                for (kind, value) in instruction.operands() {
                    let good = match kind {
                        Kind::Read | Kind::Write => self.bounds.slot(value as u8),
                        Kind::ReadPair | Kind::WritePair => self.bounds.pair(value as u8),
                        Kind::I8 | Kind::Offset | Kind::U32 => true,
                        Kind::Branch | Kind::BranchLong => {
                            stop = stop.min(self.branch(at, value)?);
                            true
                        }
                        Kind::Global => self.global(op as u8, window(self.verifier.code, at)).map(|()| true)?,
                        Kind::None | Kind::Func | Kind::Args | Kind::Far | Kind::U16 | Kind::Special => return Err(Refusal::Operation),
                    };
                    if !good {
                        return Err(Refusal::Slot);
                    }
                }
            }
        }
        Ok((next, stop))
    }

    /// The operation at this position, which is complete and ends inside of the function.
    fn read(&self, at: u32) -> Result<Instruction<'c>, Refusal> {
        let code: &'c [u8] = self.verifier.code;
        let code = code.get(..self.end as usize).unwrap_or(&[]);
        Instruction::read(code, at as usize).ok_or(Refusal::Operation)
    }

    /// A slot that may be far, from the frame pointer.
    fn far(&self, slot: i32) -> bool {
        let moved = if self.large { self.frame.first } else { 0 };
        let slot = (slot as u32).wrapping_add(moved);
        slot < self.frame.locals || slot.wrapping_sub(self.frame.first) < self.frame.operands
    }

    /// A return, in a frame that is not moved.
    fn give_back(&self, instruction: &Instruction) -> Result<(), Refusal> {
        let mut numbers = instruction.operands().map(|(_, number)| number as u32);
        let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let (count, inside) = match instruction.op {
            RegOp::Ret => (0, true),
            RegOp::RetA => (1, true),
            RegOp::RetS => (1, self.frame.slot(first as u8)),
            _ => (second, second != 0 && self.frame.range(first, second)),
        };
        if count != self.results {
            return Err(Refusal::Flow);
        }
        if inside { Ok(()) } else { Err(Refusal::Slot) }
    }

    /// `Frame` and what has to follow, as one operation, so that no branch goes to its parts. Gives the position behind it.
    fn end_of_large(&mut self, at: u32) -> Result<u32, Refusal> {
        if !self.large || self.frame_operation(at) != Some(-(self.frame.first as i32)) {
            return Err(Refusal::Flow);
        }
        let mut next = at + FRAME_BYTES;
        let mut instruction = self.read(next)?;
        next += instruction.len as u32;
        if instruction.op == RegOp::Slow && is_tail_call(instruction.code) {
            self.on_operands(&instruction, self.frame)?;
            if instruction.code == codes::RETURN_CALL as u16 {
                return Ok(next);
            }
            instruction = self.read(next)?;
            next += instruction.len as u32;
        }
        if !is_return(instruction.op) {
            return Err(Refusal::Flow);
        }
        self.give_back(&instruction)?;
        Ok(next)
    }

    /// `Slow` and `Memory`: what the operation takes below slot `u`, and gives in its place.
    fn on_operands(&mut self, instruction: &Instruction, bounds: Bounds) -> Result<(), Refusal> {
        let Some((_, top)) = instruction.operands().next() else { return Err(Refusal::Operation) };
        let slots = self.verifier.rules.operation(self.index, instruction.code, instruction.immediates());
        let (taken, given) = slots.ok_or(Refusal::Rule)?;
        match (top as u32).checked_sub(taken) {
            Some(base) if bounds.range(base, taken.max(given)) => Ok(()),
            _ => Err(Refusal::Slot),
        }
    }

    /// `Num1` and `Num2`.
    fn numeric(&self, instruction: &Instruction) -> Result<(), Refusal> {
        let code = instruction.code;
        let sig = if code < 0x100 { crate::op::sig(code as u8) } else { crate::op::prefixed_sig(code as u8) };
        let is_known = sig.shape() == Shape::Numeric && !is_word(code) && (cfg!(feature = "float") || !sig.is_float());
        if !is_known || sig.is_binary() != (instruction.op == RegOp::Num2) {
            return Err(Refusal::Operation);
        }
        let mut slots = sig.value().slots();
        for (_, slot) in instruction.operands() {
            if !self.bounds.value(slot as u8, slots) {
                return Err(Refusal::Slot);
            }
            slots = sig.operand().slots();
        }
        Ok(())
    }
}

fn is_return(op: RegOp) -> bool {
    matches!(op, RegOp::Ret | RegOp::RetA | RegOp::RetS | RegOp::RetN)
}

fn is_tail_call(code: u16) -> bool {
    code == codes::RETURN_CALL as u16 || code == codes::RETURN_CALL_INDIRECT as u16
}

macro_rules! codes_of {
    ($($code:literal $name:ident $text:literal $shape:ident $operand:ident $result:ident $function:ident;)*) => {
        /// Whether the loops have operations of their own for this one, which `numeric` leaves to them.
        fn is_word(code: u16) -> bool {
            matches!(code, $($code)|*)
        }
    };
}

crate::word_ops! { codes_of }
