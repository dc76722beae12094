//! Whether register code that nobody vouches for may be run: what docs/container.md says of operations, each rule in one place.
//!
//! One pass over a function, front to back, that looks at each operation once: by a table of forms, since most operations are a code and some slots; what has no form is looked at operand
//! by operand. What names something of the module is asked of [`Rules`]. Lies in this crate, with the loops, because it is compiled for speed; nothing here trusts a byte, and nothing is unsafe.
//!
//! Branches need to know where operations start. There are two bits for each byte of the function: whether an operation starts there, and whether a branch from before goes
//! there. A branch back looks at the first at once; those forward are compared with it at the end of the function.

use super::decode::Instruction;
use super::op::{Kind, RegOp};
use crate::frame::FastFunc;
use crate::op::{codes, InstrClass};

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

    /// Slots that an operation of WebAssembly takes and gives, one that `CallImport`, `Runtime` or `Memory` executes in the function with this index among those
    /// that the module defines; `None` when it is not allowed with these immediates.
    fn operation(&mut self, func: u32, code: u16, immediates: [u32; 2]) -> Option<(u32, u32)>;
}

/// What the operands of an operation are, as far as they have to be looked at. The letters are those of the table, with the place of each in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Form {
    // Those that are looked at in `Pass::operations`.
    /// Nothing to look at.
    Free,
    Slot1,
    Slot2,
    Slots12,
    Slots13,
    Slots123,
    Slot5,
    BranchSlot1,
    Branch,
    /// The branch that is always taken.
    BranchEnd,
    Call,
    Return,
    // In `Pass::other`.
    BranchSlots12,
    Slots16,
    Pair1,
    Pair2,
    Pairs12,
    Pairs13,
    Pairs123,
    Slot1Pair2,
    Slot1Pair3,
    Unreachable,
    Skip,
    /// Of a pair, by a distance that is not taken modulo anything.
    Shift,
    Global,
    GlobalSlot3,
    GlobalPair3,
    GlobalPair1,
    // In `Pass::rare`.
    Rare,
    /// No operation has this code.
    Unknown,
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
    (s) => {
        (Lane::Slot, 1)
    };
    (d) => {
        (Lane::Slot, 1)
    };
    (w) => {
        (Lane::Pair, 1)
    };
    (v) => {
        (Lane::Pair, 1)
    };
    (k) => {
        (Lane::Free, 1)
    };
    (o) => {
        (Lane::Free, 1)
    };
    (x) => {
        (Lane::Free, 4)
    };
    (b) => {
        (Lane::Branch, 2)
    };
    (g) => {
        (Lane::Global, 2)
    };
    // f c j u l t q m p
    ($other:ident) => {
        (Lane::Rare, 0)
    };
}

/// The form of an operation, and its bytes, which do not matter where it is rare.
const fn form(op: RegOp, operands: &[(Lane, u8)]) -> (Form, u8) {
    use Form::*;
    match op {
        RegOp::Unreachable => return (Unreachable, 1),
        RegOp::Skip => return (Skip, 1),
        RegOp::Br => return (BranchEnd, 3),
        RegOp::Call => return (Call, CALL_BYTES),
        RegOp::I64ShlK | RegOp::I64ShrSK | RegOp::I64ShrUK | RegOp::I64RotlK => return (Shift, 4),
        // Returns are checked against the function's type.
        RegOp::RetA | RegOp::RetS => return (Return, if let RegOp::RetS = op { 2 } else { 1 }),
        RegOp::Ret => return (Rare, 0),
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
        if slots == 2 {
            self.pair(slot)
        } else {
            self.slot(slot)
        }
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
    pub funcs: &'c [FastFunc],
    /// Functions that the module imports.
    pub imported: u32,
    /// Slots between the locals and the operands, for the pointers of the device.
    pub overhead: u32,
    /// As many words as [`marks`] says for the longest function, all 0.
    pub marks: &'c mut [u32],
    pub rules: &'r mut dyn Rules,
}

/// Words that the verifier needs for a function with so many bytes of code.
pub fn marks(bytes: u32) -> usize {
    2 * words(bytes)
}

/// Words with a bit for each of so many bytes, wherever they begin in a word.
fn words(bytes: u32) -> usize {
    bytes as usize / 32 + 2
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
    /// Words of each half of the marks.
    words: usize,
    /// Behind the last operation that control does not go on from.
    closed: u32,
}

impl Verifier<'_, '_> {
    /// Checks the function with this index among those that the module defines, whose code ends at `end`, which leaves room for the guard.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn function(&mut self, index: u32, end: u32) -> Result<(), Refused> {
        let Some(&FastFunc { layout, code: start }) = self.funcs.get(index as usize) else {
            return Err((Refusal::Flow, 0));
        };
        let first = layout.locals as u32 + self.overhead;
        let slots = (layout.params as u32).saturating_add(layout.frame);
        let words = words(end.saturating_sub(start));
        if slots <= first
            || slots > MAX_SLOTS
            || start >= end
            || end as usize > self.code.len().saturating_sub(GUARD)
            || 2 * words > self.marks.len()
        {
            return Err((Refusal::Flow, start));
        }
        let frame = Bounds { locals: layout.locals as u32, first, operands: slots - first };
        let results = layout.results as u32;
        let mut pass = Pass {
            verifier: self,
            index,
            frame,
            bounds: frame,
            results,
            large: false,
            start,
            end,
            words,
            closed: start,
        };
        let mut at = start;
        if pass.frame_operation(at) == Some(first as i32) {
            pass.large = true;
            pass.bounds = Bounds { locals: 0, first: 0, operands: frame.operands };
            at += FRAME_BYTES;
        }
        pass.operations(at)?;
        pass.finish()
    }
}

/// The bit of a position in its word. One instruction on Arm, which is why it is this one.
#[inline(always)]
fn bit(at: u32) -> u32 {
    1u32.rotate_right(at)
}

/// Where the word of a position ends, or the function.
#[inline(always)]
fn word_end(at: u32, end: u32) -> u32 {
    ((at | 31) + 1).min(end)
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
        let end = self.end;
        // Starts in the word that the pass is in, which ends here.
        let mut starts = 0;
        let mut stop = word_end(at, end);
        let refusal = loop {
            if at >= stop {
                self.keep_starts(stop, starts);
                if at >= end {
                    if at == end && self.closed == end {
                        return Ok(());
                    }
                    break if at == end { Refusal::Flow } else { Refusal::Operation };
                }
                starts = 0;
                stop = word_end(at, end);
            }
            starts |= bit(at);
            // SAFETY: `at` is less than the function's end, and `Verifier::function` has checked that `GUARD` bytes are behind that.
            let bytes = unsafe { &*code.as_ptr().add(at as usize).cast::<[u8; GUARD]>() };
            let form = &FORMS[bytes[0] as usize];
            let good = match form.0 {
                Form::Free => true,
                Form::Slot1 => bounds.slot(bytes[1]),
                Form::Slot2 => bounds.slot(bytes[2]),
                Form::Slots12 => bounds.slot(bytes[1]) && bounds.slot(bytes[2]),
                Form::Slots13 => bounds.slot(bytes[1]) && bounds.slot(bytes[3]),
                Form::Slots123 => {
                    bounds.slot(bytes[1]) && bounds.slot(bytes[2]) && bounds.slot(bytes[3])
                }
                Form::Slot5 => bounds.slot(bytes[5]),
                Form::BranchSlot1 | Form::Branch | Form::BranchEnd => {
                    if form.0 == Form::BranchSlot1 && !bounds.slot(bytes[1]) {
                        break Refusal::Slot;
                    }
                    self.keep_starts(stop, starts);
                    // What the operation ends with.
                    let distance = [
                        bytes[(form.1 as usize - 2) % GUARD],
                        bytes[(form.1 as usize - 1) % GUARD],
                    ];
                    if !self.branch(at, i16::from_le_bytes(distance) as i32) {
                        break Refusal::Branch;
                    }
                    if form.0 == Form::BranchEnd {
                        self.closed = at + form.1 as u32;
                    }
                    true
                }
                Form::Call => {
                    match self.call(u16::from_le_bytes([bytes[1], bytes[2]]) as u32, bytes[3]) {
                        None => true,
                        Some(refusal) => break refusal,
                    }
                }
                Form::Return => {
                    if self.large || self.results != 1 {
                        break Refusal::Flow;
                    }
                    self.closed = at + form.1 as u32;
                    form.1 == 1 || bounds.slot(bytes[1])
                }
                _ => {
                    self.keep_starts(stop, starts);
                    match self.other(at, bytes) {
                        Ok(next) => {
                            // It may be long.
                            if next >= stop && next < end {
                                starts = 0;
                                stop = word_end(next, end);
                            }
                            at = next;
                            continue;
                        }
                        Err(refusal) => break refusal,
                    }
                }
            };
            if !good {
                break Refusal::Slot;
            }
            at += form.1 as u32;
        };
        Err((refusal, at))
    }

    /// Looks at an operation of the forms that are not common. Gives the position behind it.
    #[inline(never)]
    fn other(&mut self, at: u32, bytes: &[u8; GUARD]) -> Result<u32, Refusal> {
        let &[op, b1, b2, b3, _, _, b6, _] = bytes;
        let bounds = &self.bounds;
        let (form, len) = FORMS[op as usize];
        let next = at + len as u32;
        let good = match form {
            Form::Slots16 => bounds.slot(b1) && bounds.slot(b6),
            Form::Pair1 => bounds.pair(b1),
            Form::Pair2 => bounds.pair(b2),
            Form::Pairs12 => bounds.pair(b1) && bounds.pair(b2),
            Form::Pairs13 => bounds.pair(b1) && bounds.pair(b3),
            Form::Pairs123 => bounds.pair(b1) && bounds.pair(b2) && bounds.pair(b3),
            Form::Slot1Pair2 => bounds.slot(b1) && bounds.pair(b2),
            Form::Slot1Pair3 => bounds.slot(b1) && bounds.pair(b3),
            Form::BranchSlots12 => {
                let distance = i16::from_le_bytes([bytes[3], bytes[4]]) as i32;
                if !self.branch(at, distance) {
                    return Err(Refusal::Branch);
                }
                self.bounds.slot(b1) && self.bounds.slot(b2)
            }
            Form::Unreachable => {
                self.closed = next;
                true
            }
            Form::Skip if b1 == RegOp::Meter as u8 => true,
            Form::Skip => return Err(Refusal::Flow),
            Form::Shift if b2 < 64 => bounds.pair(b1) && bounds.pair(b3),
            Form::Shift => return Err(Refusal::Operation),
            Form::Global => self.global(op, bytes).map(|()| true)?,
            Form::GlobalSlot3 => self.global(op, bytes).map(|()| self.bounds.slot(b3))?,
            Form::GlobalPair3 => self.global(op, bytes).map(|()| self.bounds.pair(b3))?,
            Form::GlobalPair1 => self.global(op, bytes).map(|()| self.bounds.pair(b1))?,
            Form::Unknown => return Err(Refusal::Operation),
            // Those that are looked at in `operations`, too.
            _ => return self.rare(at),
        };
        if good {
            Ok(next)
        } else {
            Err(Refusal::Slot)
        }
    }

    // --- branches ---

    /// The word of a position of the function, among those of each half of the marks.
    #[inline(always)]
    fn word(&self, at: u32) -> usize {
        (at / 32 - self.start / 32) as usize
    }

    /// Keeps the starts of the word that ends at `stop`.
    #[inline(always)]
    fn keep_starts(&mut self, stop: u32, starts: u32) {
        let index = self.word(stop - 1);
        if let Some(word) = self.verifier.marks.get_mut(index) {
            *word = starts;
        }
    }

    /// Whether the operation at `at` may branch so far; the starts up to it are kept.
    #[inline(always)]
    fn branch(&mut self, at: u32, distance: i32) -> bool {
        let target = at.wrapping_add(distance as u32);
        // What lies before the function is far behind it, too, when no sign is seen.
        if target.wrapping_sub(self.start) >= self.end - self.start {
            return false;
        }
        let index = self.word(target);
        if target > at {
            // Is it an operation's start? `finish` says so.
            if let Some(word) = self.verifier.marks.get_mut(self.words + index) {
                *word |= bit(target);
                return true;
            }
            return false;
        }
        let starts = self.verifier.marks.get(index).copied().unwrap_or(0);
        starts & bit(target) != 0
            && self.verifier.code.get(target as usize) == Some(&(RegOp::Meter as u8))
    }

    /// Whether all branches went to starts, and no marks are left for the next function.
    #[inline(never)]
    fn finish(&mut self) -> Result<(), Refused> {
        let (starts, targets) =
            self.verifier.marks.split_at_mut_checked(self.words).unwrap_or((&mut [], &mut []));
        let mut wrong = 0;
        for (starts, targets) in starts.iter_mut().zip(targets) {
            wrong |= core::mem::take(targets) & !core::mem::take(starts);
        }
        if wrong == 0 {
            Ok(())
        } else {
            Err((Refusal::Branch, self.start))
        }
    }

    // --- what names something else than slots ---

    #[inline(always)]
    fn call(&self, func: u32, args: u8) -> Option<Refusal> {
        match self.verifier.funcs.get(func.wrapping_sub(self.verifier.imported) as usize) {
            // At least one slot, for the result that is looked at where there is none.
            Some(callee)
                if self.bounds.range(
                    args as u32,
                    (callee.layout.params.max(callee.layout.results) as u32).max(1),
                ) =>
            {
                None
            }
            Some(_) => Some(Refusal::Slot),
            None => Some(Refusal::Rule),
        }
    }

    #[inline(never)]
    fn global(&mut self, op: u8, bytes: &[u8; GUARD]) -> Result<(), Refusal> {
        let [_, b1, b2, b3, ..] = *bytes;
        let index = if op == RegOp::GlobalSetW as u8 { [b2, b3] } else { [b1, b2] };
        let wide = op == RegOp::GlobalGetW as u8 || op == RegOp::GlobalSetW as u8;
        let written = op == RegOp::GlobalSet as u8 || op == RegOp::GlobalSetW as u8;
        if self.verifier.rules.global(u16::from_le_bytes(index), wide, written) {
            Ok(())
        } else {
            Err(Refusal::Rule)
        }
    }

    /// The distance of a `Frame` at this position.
    fn frame_operation(&self, at: u32) -> Option<i32> {
        let [op, low, high, ..] = *window(self.verifier.code, at);
        (op == RegOp::Frame as u8 && at < self.end)
            .then_some(i16::from_le_bytes([low, high]) as i32)
    }

    /// Looks at an operation whose operands are not slots alone, or that is a return. Gives the position behind it.
    #[inline(never)]
    fn rare(&mut self, at: u32) -> Result<u32, Refusal> {
        let instruction = self.read(at)?;
        let next = at + instruction.len as u32;
        match instruction.op {
            op if is_return(op) => {
                if self.large {
                    return Err(Refusal::Flow);
                }
                self.give_back(&instruction)?;
                self.closed = next;
            }
            RegOp::Frame => {
                let next = self.end_of_large(at)?;
                self.closed = next;
                return Ok(next);
            }
            RegOp::BrTable | RegOp::BrTableLong => {
                for distance in instruction.distances() {
                    if !self.branch(at, distance) {
                        return Err(Refusal::Branch);
                    }
                }
                self.closed = next;
            }
            RegOp::Runtime if is_tail_call(instruction.code) => {
                if self.large {
                    return Err(Refusal::Flow);
                }
                self.on_operands(&instruction, self.frame)?;
                if self.is_final(&instruction) {
                    self.closed = next;
                }
            }
            // Anything else that the rules know would be executed as one.
            RegOp::Memory
                if !matches!(
                    crate::op::sig(instruction.code as u8).class(),
                    InstrClass::Load | InstrClass::Store
                ) =>
            {
                return Err(Refusal::Operation)
            }
            RegOp::Runtime | RegOp::Memory => self.on_operands(&instruction, self.bounds)?,
            RegOp::CallImport => {
                let [_, f1, f2, args, ..] = *window(self.verifier.code, at);
                let func = u16::from_le_bytes([f1, f2]) as u32;
                if func >= self.verifier.imported {
                    return Err(Refusal::Rule);
                }
                let slots =
                    self.verifier.rules.operation(self.index, codes::CALL as u16, [func, 0]);
                let (params, results) = slots.ok_or(Refusal::Rule)?;
                if !self.bounds.range(args as u32, params.max(results).max(1)) {
                    return Err(Refusal::Slot);
                }
            }
            RegOp::Num1 | RegOp::Num2 => self.numeric(&instruction)?,
            RegOp::CopyIn | RegOp::CopyOut => {
                for (kind, slot) in instruction.operands() {
                    let good = if kind == Kind::WideSlot {
                        self.wide_slot(slot)
                    } else {
                        self.bounds.slot(slot as u8)
                    };
                    if !good {
                        return Err(Refusal::Slot);
                    }
                }
            }
            RegOp::Move => {
                let mut numbers = instruction.operands().map(|(_, number)| number as u32);
                let (Some(from), Some(to), Some(count)) =
                    (numbers.next(), numbers.next(), numbers.next())
                else {
                    return Err(Refusal::Operation);
                };
                if count == 0
                    || to >= from
                    || !self.bounds.range(from, count)
                    || !self.bounds.range(to, count)
                {
                    return Err(Refusal::Slot);
                }
            }
            op => {
                if op == RegOp::BrLong {
                    self.closed = next;
                }
                for (kind, value) in instruction.operands() {
                    let good = match kind {
                        Kind::Read | Kind::Write => self.bounds.slot(value as u8),
                        Kind::ReadPair | Kind::WritePair => self.bounds.pair(value as u8),
                        Kind::I8 | Kind::Offset | Kind::U32 => true,
                        Kind::Branch | Kind::BranchLong => {
                            if !self.branch(at, value) {
                                return Err(Refusal::Branch);
                            }
                            true
                        }
                        Kind::Global => {
                            self.global(op as u8, window(self.verifier.code, at)).map(|()| true)?
                        }
                        Kind::None
                        | Kind::Func
                        | Kind::Args
                        | Kind::WideSlot
                        | Kind::U16
                        | Kind::Special => return Err(Refusal::Operation),
                    };
                    if !good {
                        return Err(Refusal::Slot);
                    }
                }
            }
        }
        Ok(next)
    }

    /// The operation at this position, which is complete and ends inside of the function.
    fn read(&self, at: u32) -> Result<Instruction<'c>, Refusal> {
        let code: &'c [u8] = self.verifier.code;
        let code = code.get(..self.end as usize).unwrap_or(&[]);
        Instruction::read(code, at as usize).ok_or(Refusal::Operation)
    }

    /// A slot that may be far, from the frame pointer.
    fn wide_slot(&self, slot: i32) -> bool {
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
        if inside {
            Ok(())
        } else {
            Err(Refusal::Slot)
        }
    }

    /// `Frame` and what has to follow, as one operation, so that no branch goes to its parts. Gives the position behind it.
    fn end_of_large(&mut self, at: u32) -> Result<u32, Refusal> {
        if !self.large || self.frame_operation(at) != Some(-(self.frame.first as i32)) {
            return Err(Refusal::Flow);
        }
        let mut next = at + FRAME_BYTES;
        let mut instruction = self.read(next)?;
        next += instruction.len as u32;
        if instruction.op == RegOp::Runtime && is_tail_call(instruction.code) {
            self.on_operands(&instruction, self.frame)?;
            if self.is_final(&instruction) {
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

    /// Whether control never goes on behind a tail call: not when it calls a function of the host, whose results are returned there.
    fn is_final(&self, instruction: &Instruction) -> bool {
        let [func, _] = instruction.immediates();
        instruction.code == codes::RETURN_CALL as u16 && func >= self.verifier.imported
    }

    /// `Runtime` and `Memory`: what the operation takes below slot `u`, and gives in its place.
    fn on_operands(&mut self, instruction: &Instruction, bounds: Bounds) -> Result<(), Refusal> {
        let Some((_, top)) = instruction.operands().next() else { return Err(Refusal::Operation) };
        let slots =
            self.verifier.rules.operation(self.index, instruction.code, instruction.immediates());
        let (taken, given) = slots.ok_or(Refusal::Rule)?;
        match (top as u32).checked_sub(taken) {
            Some(base) if bounds.range(base, taken.max(given)) => Ok(()),
            _ => Err(Refusal::Slot),
        }
    }

    /// `Num1` and `Num2`.
    fn numeric(&self, instruction: &Instruction) -> Result<(), Refusal> {
        let code = instruction.code;
        let sig = if code < 0x100 {
            crate::op::sig(code as u8)
        } else {
            crate::op::prefixed_sig(code as u8)
        };
        let is_known = sig.class() == InstrClass::Numeric
            && !is_word(code)
            && (cfg!(feature = "float") || !sig.is_float());
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
    ($($code:literal $name:ident $text:literal $method:ident $arity:ident $operand:ident $result:ident $function:ident;)*) => {
        /// Whether the loops have operations of their own for this one, which `numeric` leaves to them.
        fn is_word(code: u16) -> bool {
            matches!(code, $($code)|*)
        }
    };
}

crate::word_ops! { codes_of }
