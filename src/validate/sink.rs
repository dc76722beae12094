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

/// Receives a function body in the order of its operations.
pub(crate) trait Sink {
    /// A function body starts; its first operation stands at `pos`.
    fn begin(&mut self, pos: usize, locals: &Locals) -> Parsed<()>;
    /// `block`, `loop` or `if`; `at.height` counts the parameters of the block, which are `params` slots.
    fn enter(&mut self, at: At, kind: LabelKind, params: u32) -> Parsed<()>;
    /// `else`; `at` is the end of the first arm.
    fn otherwise(&mut self, at: At) -> Parsed<()>;
    /// The `end` of the innermost label.
    fn end(&mut self, at: At) -> Parsed<()>;
    /// A branch to the label `depth` labels out, that keeps `keep` slots: `br`, `br_if`, and one call for each target of `br_table`.
    fn branch(&mut self, at: At, depth: u32, keep: u32) -> Parsed<()>;
    /// `drop` or `select` whose operand takes two slots.
    fn wide(&mut self, at: At) -> Parsed<()>;
    /// A load or store whose immediates are not memory 0 with its alignment in one byte.
    fn long_memarg(&mut self);
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
    fn end(&mut self, _: At) -> Parsed<()> {
        Ok(())
    }
    fn branch(&mut self, _: At, _: u32, _: u32) -> Parsed<()> {
        Ok(())
    }
    fn wide(&mut self, _: At) -> Parsed<()> {
        Ok(())
    }
    fn long_memarg(&mut self) {}
    fn finish(&mut self, _: usize, _: u32) -> Parsed<()> {
        Ok(())
    }
}
