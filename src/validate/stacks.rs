//! The operand stack and the control stack of the validation algorithm (spec: appendix A.3).
//!
//! Owns the invariant that `height` is the number of slots that the operands take.

use super::initialized::{Height, Initialized};
use super::type_table::Types;
use super::visitor::LabelKind;
use crate::alloc::TryVec;
use crate::binary::reader::Parsed;
use crate::binary::types::{Code, ValType};
use crate::error::ErrorKind;
use crate::limits::MAX_OPERAND_SLOTS;
use zonda_exec::vector;

/// Stands for an operand of unknown type, as there are after unconditional branches.
pub(crate) const UNKNOWN: Code = 0;

/// The type of a block: nothing, one result, or a function type.
#[derive(Clone, Copy)]
pub(crate) enum BlockType {
    Empty,
    Value(Code),
    Func(u16),
}

/// A label.
#[derive(Clone, Copy)]
pub(super) struct Control {
    pub(super) kind: LabelKind,
    pub(super) ty: BlockType,
    /// Whether the rest of the block cannot be reached.
    pub(super) unreachable: bool,
    /// Whether the block itself cannot be reached.
    pub(super) dead: bool,
    /// Operands below the block.
    pub(super) base: u32,
    /// The same in slots.
    pub(super) height: u32,
    /// Locals that were set before the block.
    pub(super) initialized: Height,
}

pub(super) struct Stacks {
    operands: TryVec<Code>,
    types: Types,
    /// Locals that were set.
    pub(super) initialized: Initialized,
    pub(super) controls: TryVec<Control>,
    /// The innermost label, which is also the last of `controls`.
    base: u32,
    pub(super) unreachable: bool,
    /// Whether the next instruction can be reached.
    pub(super) live: bool,
    pub(super) height: u32,
    pub(super) max_height: u32,
}

/// The encoding of the type of vectors (spec: 5.3.2).
pub(super) const V128: Code = 0x7b;

/// Slots that an operand takes.
#[inline]
pub(super) fn slots(code: Code) -> u32 {
    if vector::ENABLED && code == V128 {
        return 4;
    }
    1 + (code == ValType::I64.code() || code == ValType::F64.code()) as u32
}

impl Stacks {
    pub(super) const fn new(types: Types) -> Stacks {
        Stacks {
            operands: TryVec::new(),
            types,
            initialized: Initialized::new(),
            controls: TryVec::new(),
            base: 0,
            unreachable: false,
            live: true,
            height: 0,
            max_height: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.operands.truncate(0);
        self.controls.truncate(0);
        self.initialized.reset();
        self.base = 0;
        self.unreachable = false;
        self.live = true;
        self.height = 0;
        self.max_height = 0;
    }

    /// See `FuncValidator::operand`.
    #[cfg(feature = "debug")]
    pub(super) fn operand(&self, index: u32) -> Option<(u32, u32)> {
        let (below, at) = self.operands.split_at_checked(index as usize)?;
        Some((below.iter().map(|&code| slots(code)).sum(), slots(*at.first()?)))
    }

    #[inline(never)]
    pub(super) fn push(&mut self, code: Code) -> Parsed<()> {
        self.operands.push(code)?;
        self.grown(slots(code))
    }

    /// Counts slots of operands that were pushed.
    #[inline(always)]
    fn grown(&mut self, slots: u32) -> Parsed<()> {
        self.height += slots;
        if self.height > self.max_height {
            self.max_height = self.height;
            if self.height > MAX_OPERAND_SLOTS {
                return Err(ErrorKind::FrameTooLarge);
            }
        }
        Ok(())
    }

    /// Pops an operand of any type.
    #[inline]
    pub(super) fn pop_any(&mut self) -> Parsed<u32> {
        if self.operands.len() as u32 == self.base {
            return if self.unreachable {
                Ok(UNKNOWN as u32)
            } else {
                Err(ErrorKind::TypeMismatch)
            };
        }
        let last = self.operands.len().wrapping_sub(1);
        let code = self.operands.get(last).copied().unwrap_or(UNKNOWN);
        self.operands.truncate(last);
        self.height -= slots(code);
        Ok(code as u32)
    }

    /// Whether no operand is left, and any is there to be popped: code cannot be reached.
    #[cfg(feature = "gc")]
    pub(super) fn is_bare(&self) -> bool {
        self.unreachable && self.operands.len() as u32 == self.base
    }

    /// Pops an operand of this type.
    #[inline(never)]
    pub(super) fn pop(&mut self, want: Code) -> Parsed<()> {
        match self.pop_any()? as Code {
            code if code == want || code == UNKNOWN || want == UNKNOWN => Ok(()),
            code if self.types.is_sub(code, want) => Ok(()),
            _ => Err(ErrorKind::TypeMismatch),
        }
    }

    /// Pops an operand of one type and pushes a result of another.
    #[inline(never)]
    pub(super) fn replace(&mut self, from: Code, to: Code) -> Parsed<()> {
        if self.operands.len() as u32 != self.base && slots(from) == slots(to) {
            if let Some(top) = self.operands.last_mut() {
                if *top == from {
                    *top = to;
                    return Ok(());
                }
            }
        }
        self.pop(from)?;
        self.push(to)
    }

    /// Pops operands of these types, which take `slots` slots. A two-byte instruction may have a
    /// thousand operands: they are compared and popped at once.
    #[inline(never)]
    pub(super) fn pop_all(&mut self, codes: &[Code], slots: u32) -> Parsed<()> {
        if codes.len() > 1 {
            let own = self.operands.get(self.base as usize..).unwrap_or(&[]);
            if ends_with(own, codes) {
                self.operands.truncate(self.operands.len() - codes.len());
                self.height -= slots;
                return Ok(());
            }
        }
        for &code in codes.iter().rev() {
            self.pop(code)?;
            if self.unreachable && self.operands.len() as u32 == self.base {
                // The operands below are of unknown type.
                break;
            }
        }
        Ok(())
    }

    /// Pushes operands of these types, which take `slots` slots.
    #[inline(never)]
    pub(super) fn push_all(&mut self, codes: &[Code], slots: u32) -> Parsed<()> {
        match codes {
            [] => Ok(()),
            [code] => self.push(*code),
            _ => {
                self.operands.append(codes)?;
                self.grown(slots)
            }
        }
    }

    /// Checks that the topmost operands have these types, without popping them.
    pub(super) fn check_all(&mut self, codes: &[Code]) -> Parsed<()> {
        if self.operands.get(self.base as usize..).is_some_and(|own| ends_with(own, codes)) {
            return Ok(());
        }
        let mut at = self.operands.len();
        for &want in codes.iter().rev() {
            if at as u32 == self.base {
                if self.unreachable {
                    return Ok(());
                }
                return Err(ErrorKind::TypeMismatch);
            }
            at -= 1;
            match self.operands.get(at) {
                Some(&code) if code == want || code == UNKNOWN => {}
                Some(&code) if self.types.is_sub(code, want) => {}
                _ => return Err(ErrorKind::TypeMismatch),
            }
        }
        Ok(())
    }

    /// Opens a label above the current operands.
    pub(super) fn enter(&mut self, kind: LabelKind, ty: BlockType) -> Parsed<()> {
        self.base = self.operands.len() as u32;
        self.controls.push(Control {
            kind,
            ty,
            unreachable: false,
            dead: !self.live,
            base: self.base,
            height: self.height,
            initialized: self.initialized.height(),
        })?;
        // A block in unreachable code is unreachable as well, but its types are checked.
        self.unreachable = false;
        Ok(())
    }

    /// Closes the innermost label, whose operands were popped, and returns it.
    pub(super) fn leave(&mut self) -> Parsed<(LabelKind, BlockType)> {
        if self.operands.len() as u32 != self.base {
            return Err(ErrorKind::TypeMismatch);
        }
        let control = self.controls.pop().ok_or(ErrorKind::EndExpected)?;
        self.live = !control.dead;
        self.initialized.go_back(control.initialized);
        match self.controls.last() {
            Some(outer) => {
                self.base = outer.base;
                self.unreachable = outer.unreachable;
            }
            None => {
                self.base = 0;
                self.unreachable = false;
            }
        }
        Ok((control.kind, control.ty))
    }

    /// Marks the rest of the block as unreachable and drops its operands.
    pub(super) fn set_unreachable(&mut self) {
        self.operands.truncate(self.base as usize);
        self.unreachable = true;
        self.live = false;
        if let Some(control) = self.controls.last_mut() {
            control.unreachable = true;
            self.height = control.height;
        }
    }

    /// Counts slots of operands that an exception brings to the label `depth` labels out.
    #[cfg(feature = "exceptions")]
    pub(super) fn reserve(&mut self, depth: u32, slots: u32) -> Parsed<()> {
        let index = self.controls.len().wrapping_sub(1).wrapping_sub(depth as usize);
        let height = self.controls.get(index).map_or(0, |label| label.height) + slots;
        self.max_height = self.max_height.max(height);
        if height > MAX_OPERAND_SLOTS {
            return Err(ErrorKind::FrameTooLarge);
        }
        Ok(())
    }

    /// Kind and type of the label `depth` labels out.
    pub(super) fn label(&self, depth: u32) -> Parsed<(LabelKind, BlockType)> {
        let index = self.controls.len().wrapping_sub(1).wrapping_sub(depth as usize);
        match self.controls.get(index) {
            Some(label) => Ok((label.kind, label.ty)),
            None => Err(ErrorKind::UnknownLabel),
        }
    }
}

/// Whether a list of operands ends with these. That of the standard library has a panic that not
/// every compiler removes.
fn ends_with(own: &[Code], codes: &[Code]) -> bool {
    own.len().checked_sub(codes.len()).and_then(|at| own.get(at..)) == Some(codes)
}
