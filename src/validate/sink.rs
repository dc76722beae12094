//! What the validator drives: whoever makes something executable out of a function body.
//!
//! The side table of classic mode is one sink. Heights and sizes are in slots of 32 bits; positions are offsets
//! in the module.

use super::locals::Locals;
use crate::binary::reader::Parsed;

/// Where the validator is.
#[derive(Clone, Copy)]
pub(crate) struct At {
    /// Behind the operation's code, before its immediates.
    pub(crate) pos: usize,
    /// Operands on the stack, without those that the operation has taken.
    pub(crate) height: u32,
    /// Whether the operation can be reached.
    pub(crate) live: bool,
}

/// The kind of a label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LabelKind {
    /// The function body.
    Func,
    Block,
    Loop,
    If,
    Else,
}

/// What a branch is taken by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    Br,
    BrIf,
    /// The first target of a `br_table` with as many more.
    Table(u32),
    /// Another target of it.
    Next,
}

/// An operation that is no block and no branch, with its immediates.
#[derive(Clone, Copy)]
pub(crate) struct Plain {
    /// As in the table of operations: with the prefix in the upper byte.
    pub(crate) code: u16,
    /// A load or store: offset and memory. A constant: low and high half. A local: its slot, and how many it takes. A global, a call: its index,
    /// and slots of its value or of the parameters; `call_indirect` the latter. `drop`, `select`, `return`: slots of the value, of the results.
    pub(crate) immediates: (u32, u32),
    /// Whether it can be reached.
    pub(crate) live: bool,
    /// Behind its code, before its immediates.
    pub(crate) pos: usize,
    /// Behind its immediates.
    pub(crate) end: usize,
    /// Operands on the stack after it.
    pub(crate) after: u32,
}

impl Plain {
    /// Before the first operation.
    pub(crate) const NOTHING: Plain =
        Plain { code: 0, immediates: (0, 0), live: true, pos: 0, end: 0, after: 0 };
}

/// Receives a function body in the order of its operations.
pub(crate) trait Sink {
    /// A function body starts; its first operation stands at `pos`.
    fn begin(&mut self, pos: usize, locals: &Locals) -> Parsed<()>;
    /// `block`, `loop` or `if`; `at.height` counts the parameters of the block, which are `params` slots.
    fn enter(&mut self, at: At, kind: LabelKind, params: u32) -> Parsed<()>;
    /// `else`; `at` is the end of the first arm.
    fn otherwise(&mut self, at: At) -> Parsed<()>;
    /// The `end` of the innermost label, whose results take `results` slots.
    fn end(&mut self, at: At, results: u32) -> Parsed<()>;
    /// A branch to the label `depth` labels out, that keeps `keep` slots: `br`, `br_if`, and one call for each target of `br_table`.
    fn branch(&mut self, at: At, how: How, depth: u32, keep: u32) -> Parsed<()>;
    /// `drop` or `select` whose operand takes two slots, with the code that ends at `pos`.
    fn wide(&mut self, pos: usize, live: bool) -> Parsed<()>;
    /// A load or store whose immediates are not memory 0 with its alignment in one byte.
    fn long_memarg(&mut self);
    /// Any operation but blocks and branches.
    fn operation(&mut self, plain: &Plain) -> Parsed<()>;
    /// Asked after an error: whether the body shall be walked once more, from [`Sink::begin`] on, and the error forgotten.
    fn retry(&mut self) -> bool {
        false
    }
    /// The function body has ended; its operands took at most `operands` slots.
    fn finish(&mut self, end: usize, operands: u32) -> Parsed<()>;
}

/// Makes nothing: validation alone.
pub(crate) struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _: usize, _: &Locals) -> Parsed<()> {
        Ok(())
    }
    fn enter(&mut self, _: At, _: LabelKind, _: u32) -> Parsed<()> {
        Ok(())
    }
    fn otherwise(&mut self, _: At) -> Parsed<()> {
        Ok(())
    }
    fn end(&mut self, _: At, _: u32) -> Parsed<()> {
        Ok(())
    }
    fn branch(&mut self, _: At, _: How, _: u32, _: u32) -> Parsed<()> {
        Ok(())
    }
    fn wide(&mut self, _: usize, _: bool) -> Parsed<()> {
        Ok(())
    }
    fn long_memarg(&mut self) {}
    fn operation(&mut self, _: &Plain) -> Parsed<()> {
        Ok(())
    }
    fn finish(&mut self, _: usize, _: u32) -> Parsed<()> {
        Ok(())
    }
}
