//! The verifier: whether register bytecode from an untrusted source may be executed. It checks what
//! docs/precompiled-module.md requires of instructions, each rule in one place.
//!
//! One pass over a function, from its start to its end, checks each instruction once: by a table of
//! forms (`form.rs`), since most instructions are an opcode and some slots, and operand by operand
//! where there is no form (`rare.rs`). [`ModuleRules`] answer what depends on the module.
//!
//! Branches need to know where instructions start. There are two bits for each byte of the
//! function: whether an instruction starts there, and whether a branch forward leads there. A
//! branch backwards is compared with the first bit at once, and branches forward are at the end of
//! the function.
//!
//! Depends on [`super::decode`] for instructions without a form. It belongs to this crate because
//! cargo compiles this crate for speed. It owns the rules COMPLETE, SLOTS, TARGETS and SPACES (see
//! the head of [`super`]) for precompiled modules, and trusts no byte.

mod form;
#[cfg(feature = "exceptions")]
mod handlers;
#[cfg(not(feature = "exceptions"))]
#[path = "handlers_off.rs"]
mod handlers;
mod rare;

pub use handlers::Handlers;

use super::op::RegOp;
use crate::frame::FastFunc;
use form::{Bounds, Form, FORMS};

/// Bytes of `Frame`.
const FRAME_BYTES: u32 = 3;

/// Bytes behind the code of the last function that belong to no function, so that each instruction
/// can be read as a whole.
pub const GUARD: usize = 8;

/// The largest number of slots of a frame, so that sums in the loops do not overflow.
pub const MAX_SLOTS: u32 = (1 << 17) - 1;

/// The rule that register bytecode breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The instruction is unknown or not complete, or not allowed at this place or in this build.
    Instruction,
    /// A slot lies outside of the frame, or in its header.
    Slot,
    /// A branch target is not an instruction of the function, or a branch backwards does not lead
    /// to a `Meter`.
    Branch,
    /// The function does not end with an instruction that ends it, moves its frame where it must
    /// not, or returns a wrong number of slots.
    Flow,
    /// [`ModuleRules`] refuse it.
    Module,
}

/// What the verifier asks about the module.
pub trait ModuleRules {
    /// Whether there is a global of this index, with two slots if `wide` and with one otherwise,
    /// and mutable if `written`.
    fn global(&mut self, index: u16, wide: bool, written: bool) -> bool;

    /// Whether there is a global of this index with four slots, and mutable if `written`.
    #[cfg(feature = "simd")]
    fn vector_global(&mut self, index: u16, written: bool) -> bool;

    /// The slots of the operands and of the results of an instruction of WebAssembly that
    /// `CallImport`, `Runtime` or `Memory` executes, in the function with this index among those
    /// that the module defines; `None` when these immediates are not allowed.
    fn instruction(&mut self, func: u32, opcode: u16, immediates: [u32; 2]) -> Option<(u32, u32)>;

    /// The slots of what a handler takes; `None` when it is not allowed.
    #[cfg(feature = "exceptions")]
    fn caught(&mut self, handler: &crate::unwind::Handler) -> Option<u32>;
}

/// Checks the functions of a module.
pub struct Verifier<'c, 'r> {
    /// The code of all functions, and [`GUARD`] bytes.
    pub code: &'c [u8],
    /// Their records, whose numbers of slots were checked (docs/precompiled-module.md).
    pub funcs: &'c [FastFunc],
    /// The number of functions that the module imports.
    pub imported: u32,
    /// Slots between the locals and the operands, with the device's size of pointers.
    pub overhead: u32,
    /// As many words as [`marks`] returns for the longest function, all 0.
    pub marks: &'c mut [u32],
    pub rules: &'r mut dyn ModuleRules,
    /// The handlers of exceptions of all functions.
    pub handlers: Handlers<'c>,
}

/// The number of words that the verifier needs for a function with so many bytes of code.
pub fn marks(bytes: u32) -> usize {
    2 * words(bytes)
}

/// The number of words with a bit for each of so many bytes, wherever the first bit lies in its
/// word.
fn words(bytes: u32) -> usize {
    bytes as usize / 32 + 2
}

/// A violation, and the offset of the instruction in the code.
pub type Rejection = (Violation, u32);

/// The pass over one function.
struct Pass<'v, 'c, 'r> {
    verifier: &'v mut Verifier<'c, 'r>,
    /// The function's index among those that the module defines.
    index: u32,
    /// Slots from the start of the frame.
    frame: Bounds,
    /// Slots from the frame pointer: the same, except in a large function.
    bounds: Bounds,
    results: u32,
    large: bool,
    start: u32,
    end: u32,
    /// The number of words of each half of the marks.
    words: usize,
    /// The position behind the last instruction that has no successor.
    closed: u32,
}

impl Verifier<'_, '_> {
    /// Checks the function with this index among those that the module defines, whose code ends at
    /// `end`.
    ///
    /// # Errors
    /// The first violation. [`Violation::Flow`] as well when less than [`GUARD`] bytes follow the
    /// code, or `marks` are too short.
    pub fn function(&mut self, index: u32, end: u32) -> Result<(), Rejection> {
        let Some(&FastFunc { layout, code: start }) = self.funcs.get(index as usize) else {
            return Err((Violation::Flow, 0));
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
            return Err((Violation::Flow, start));
        }
        let locals = self.handlers.nameable(&layout, end).ok_or((Violation::Slot, start))?;
        let frame = Bounds { locals, first, operands: slots - first };
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
        if pass.frame_distance(at) == Some(first as i32) {
            pass.large = true;
            pass.bounds = Bounds { locals: 0, first: 0, operands: frame.operands };
            at += FRAME_BYTES;
        }
        pass.instructions(at)?;
        pass.handlers()?;
        pass.finish()
    }
}

/// The bit of a position in its word; the rotation is one instruction on Arm.
#[inline(always)]
fn bit(at: u32) -> u32 {
    1u32.rotate_right(at)
}

/// The end of the positions that share a word with this one, or of the function.
#[inline(always)]
fn word_end(at: u32, end: u32) -> u32 {
    ((at | 31) + 1).min(end)
}

/// The bytes of the instruction at this position, and some behind it.
#[inline(always)]
fn window(code: &[u8], at: u32) -> &[u8; GUARD] {
    const NONE: &[u8; GUARD] = &[u8::MAX; GUARD];
    code.get(at as usize..).and_then(<[u8]>::first_chunk).unwrap_or(NONE)
}

impl<'c> Pass<'_, 'c, '_> {
    /// Checks all instructions from `at` on.
    #[inline(never)]
    fn instructions(&mut self, mut at: u32) -> Result<(), Rejection> {
        let code: &'c [u8] = self.verifier.code;
        let bounds = self.bounds;
        let end = self.end;
        // The starts in the current word, which ends at `stop`.
        let mut starts = 0;
        let mut stop = word_end(at, end);
        let violation = loop {
            if at >= stop {
                self.keep_starts(stop, starts);
                if at >= end {
                    if at == end && self.closed == end {
                        return Ok(());
                    }
                    break if at == end { Violation::Flow } else { Violation::Instruction };
                }
                starts = 0;
                stop = word_end(at, end);
            }
            starts |= bit(at);
            // SAFETY: `at` is below `end`, behind which `Verifier::function` has found at least
            // `GUARD` bytes of `code`.
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
                        break Violation::Slot;
                    }
                    self.keep_starts(stop, starts);
                    // The last two bytes of the instruction.
                    let distance = [
                        bytes[(form.1 as usize - 2) % GUARD],
                        bytes[(form.1 as usize - 1) % GUARD],
                    ];
                    if !self.branch(at, i16::from_le_bytes(distance) as i32) {
                        break Violation::Branch;
                    }
                    if form.0 == Form::BranchEnd {
                        self.closed = at + form.1 as u32;
                    }
                    true
                }
                Form::Call => {
                    match self.call(u16::from_le_bytes([bytes[1], bytes[2]]) as u32, bytes[3]) {
                        None => true,
                        Some(violation) => break violation,
                    }
                }
                Form::Return => {
                    if self.large || self.results != 1 {
                        break Violation::Flow;
                    }
                    self.closed = at + form.1 as u32;
                    form.1 == 1 || bounds.slot(bytes[1])
                }
                _ => {
                    self.keep_starts(stop, starts);
                    match self.other(at, bytes) {
                        Ok(next) => {
                            // It may reach into another word.
                            if next >= stop && next < end {
                                starts = 0;
                                stop = word_end(next, end);
                            }
                            at = next;
                            continue;
                        }
                        Err(violation) => break violation,
                    }
                }
            };
            if !good {
                break Violation::Slot;
            }
            at += form.1 as u32;
        };
        Err((violation, at))
    }

    /// Checks an instruction of the less common forms. Returns the position behind it.
    #[inline(never)]
    fn other(&mut self, at: u32, bytes: &[u8; GUARD]) -> Result<u32, Violation> {
        let &[op, b1, b2, b3, _, b5, b6, _] = bytes;
        let bounds = &self.bounds;
        let (form, len) = FORMS[op as usize];
        let next = at + len as u32;
        let good = match form {
            Form::Slots16 => bounds.slot(b1) && bounds.slot(b6),
            Form::Pair1 => bounds.pair(b1),
            Form::Pair2 => bounds.pair(b2),
            Form::Pair5 => bounds.pair(b5),
            Form::Slots12Pair3 => bounds.slot(b1) && bounds.slot(b2) && bounds.pair(b3),
            Form::Pairs12 => bounds.pair(b1) && bounds.pair(b2),
            Form::Pairs13 => bounds.pair(b1) && bounds.pair(b3),
            Form::Pairs123 => bounds.pair(b1) && bounds.pair(b2) && bounds.pair(b3),
            Form::Slot1Pair2 => bounds.slot(b1) && bounds.pair(b2),
            Form::Slot1Pair3 => bounds.slot(b1) && bounds.pair(b3),
            Form::BranchSlots12 => {
                let distance = i16::from_le_bytes([bytes[3], bytes[4]]) as i32;
                if !self.branch(at, distance) {
                    return Err(Violation::Branch);
                }
                self.bounds.slot(b1) && self.bounds.slot(b2)
            }
            Form::Counted => {
                let field =
                    if op == RegOp::LoopNeSK as u8 { [b3, bytes[4]] } else { [bytes[4], bytes[5]] };
                let distance = i16::from_le_bytes(field) as i32;
                if distance >= 0 || !self.branch(at, distance) {
                    return Err(Violation::Branch);
                }
                self.bounds.slot(b1) && (op != RegOp::AddBrNeSS as u8 || self.bounds.slot(b3))
            }
            Form::Unreachable => {
                self.closed = next;
                true
            }
            Form::Skip if b1 == RegOp::Meter as u8 => true,
            Form::Skip => return Err(Violation::Flow),
            Form::Shift if b2 < 64 => bounds.pair(b1) && bounds.pair(b3),
            Form::Shift => return Err(Violation::Instruction),
            Form::Global => self.global(op, bytes).map(|()| true)?,
            Form::GlobalSlot3 => self.global(op, bytes).map(|()| self.bounds.slot(b3))?,
            Form::GlobalPair3 => self.global(op, bytes).map(|()| self.bounds.pair(b3))?,
            Form::GlobalPair1 => self.global(op, bytes).map(|()| self.bounds.pair(b1))?,
            Form::Unknown => return Err(Violation::Instruction),
            // Also the forms that `instructions` checks.
            _ => return self.rare(at),
        };
        if good {
            Ok(next)
        } else {
            Err(Violation::Slot)
        }
    }

    // --- branches ---

    /// The index of a position's word in each half of the marks.
    #[inline(always)]
    fn word(&self, at: u32) -> usize {
        (at / 32 - self.start / 32) as usize
    }

    /// Stores the starts of the word that ends at `stop`.
    #[inline(always)]
    fn keep_starts(&mut self, stop: u32, starts: u32) {
        let index = self.word(stop - 1);
        if let Some(word) = self.verifier.marks.get_mut(index) {
            *word = starts;
        }
    }

    /// Whether the instruction at `at` may branch so far; the starts up to it are stored.
    #[inline(always)]
    fn branch(&mut self, at: u32, distance: i32) -> bool {
        let target = at.wrapping_add(distance as u32);
        // As an unsigned number, a distance to before the function is larger than the function.
        if target.wrapping_sub(self.start) >= self.end - self.start {
            return false;
        }
        let index = self.word(target);
        if target > at {
            // `finish` checks that an instruction starts there.
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

    /// Checks that all branches lead to starts, and clears the marks for the next function.
    #[inline(never)]
    fn finish(&mut self) -> Result<(), Rejection> {
        let (starts, targets) =
            self.verifier.marks.split_at_mut_checked(self.words).unwrap_or((&mut [], &mut []));
        let mut wrong = 0;
        for (starts, targets) in starts.iter_mut().zip(targets) {
            wrong |= core::mem::take(targets) & !core::mem::take(starts);
        }
        if wrong == 0 {
            Ok(())
        } else {
            Err((Violation::Branch, self.start))
        }
    }

    // --- operands that are not slots ---

    #[inline(always)]
    fn call(&self, func: u32, args: u8) -> Option<Violation> {
        match self.verifier.funcs.get(func.wrapping_sub(self.verifier.imported) as usize) {
            // At least one slot: the loops read the first result also where there is none.
            Some(callee)
                if self.bounds.range(
                    args as u32,
                    (callee.layout.params.max(callee.layout.results) as u32).max(1),
                ) =>
            {
                None
            }
            Some(_) => Some(Violation::Slot),
            None => Some(Violation::Module),
        }
    }

    #[inline(never)]
    fn global(&mut self, op: u8, bytes: &[u8; GUARD]) -> Result<(), Violation> {
        let [_, b1, b2, b3, ..] = *bytes;
        let index = if op == RegOp::GlobalSetW as u8 { [b2, b3] } else { [b1, b2] };
        let wide = op == RegOp::GlobalGetW as u8 || op == RegOp::GlobalSetW as u8;
        let written = op == RegOp::GlobalSet as u8 || op == RegOp::GlobalSetW as u8;
        if self.verifier.rules.global(u16::from_le_bytes(index), wide, written) {
            Ok(())
        } else {
            Err(Violation::Module)
        }
    }

    /// The distance of the `Frame` at this position, if there is one.
    fn frame_distance(&self, at: u32) -> Option<i32> {
        let [op, low, high, ..] = *window(self.verifier.code, at);
        (op == RegOp::Frame as u8 && at < self.end)
            .then_some(i16::from_le_bytes([low, high]) as i32)
    }
}
