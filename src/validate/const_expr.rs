//! Constant expressions: initial values of globals, offsets of segments, elements (spec: 3.3.13).
//!
//! One walk serves validation and evaluation: it reads the expression and hands each constant to a [`Sink`].

use super::env::Env;
use crate::alloc::List;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::ValType;
use crate::error::ErrorKind;
use zonda_exec::Op;

/// Where the values of a constant expression come from.
pub(crate) trait Source {
    /// The value of an imported global, in 64 bits.
    fn global(&mut self, index: u32) -> u64;
    /// A reference to a function.
    fn func(&mut self, index: u32) -> u64;
}

/// For validation: values do not matter.
pub(crate) struct AnyValue;

impl Source for AnyValue {
    fn global(&mut self, _: u32) -> u64 {
        0
    }
    fn func(&mut self, _: u32) -> u64 {
        0
    }
}

/// What the walk needs to know of the module.
pub(crate) trait Scope {
    /// The type of a global that a constant expression may name, and notes that it did.
    fn global(&mut self, index: u32) -> Parsed<ValType>;
    /// Notes that an expression refers to a function, which exists.
    fn func(&mut self, index: u32) -> Parsed<()>;
}

impl Scope for Env<'_> {
    fn global(&mut self, index: u32) -> Parsed<ValType> {
        let ty = Env::global(self, index)?;
        if index >= self.imported_globals {
            return Err(ErrorKind::UnknownGlobal.into());
        }
        if ty.mutable {
            return Err(ErrorKind::ConstantExpressionExpected.into());
        }
        Ok(ty.content)
    }

    fn func(&mut self, index: u32) -> Parsed<()> {
        Env::func(self, index)?;
        self.declare(index);
        Ok(())
    }
}

/// Reads the expression up to and with its `end`; gives the type and the value.
#[inline(never)]
pub(crate) fn walk(reader: &mut Reader, scope: &mut dyn Scope, source: &mut dyn Source) -> Parsed<(ValType, u64)> {
    // Most expressions are one constant, which needs no memory.
    let mut top: Option<(ValType, u64)> = None;
    let mut below: List<(ValType, u64)> = List::new();
    loop {
        let code = reader.byte()? as u16;
        let value = match Op::from_code(code) {
            Some(Op::I32Const) => (ValType::I32, reader.i32()? as u32 as u64),
            Some(Op::I64Const) => (ValType::I64, reader.i64()? as u64),
            Some(Op::F32Const) if cfg!(feature = "float") => (ValType::F32, little_endian(reader.take(4)?)),
            Some(Op::F64Const) if cfg!(feature = "float") => (ValType::F64, little_endian(reader.take(8)?)),
            Some(Op::GlobalGet) => {
                let index = reader.u32()?;
                (scope.global(index)?, source.global(index))
            }
            Some(Op::RefNull) => (ValType::read_ref(reader)?, 0),
            Some(Op::RefFunc) => {
                let index = reader.u32()?;
                scope.func(index)?;
                (ValType::FuncRef, source.func(index))
            }
            Some(op @ (Op::I32Add | Op::I32Sub | Op::I32Mul | Op::I64Add | Op::I64Sub | Op::I64Mul)) if cfg!(feature = "extended-const") => {
                let ty = if matches!(op, Op::I32Add | Op::I32Sub | Op::I32Mul) { ValType::I32 } else { ValType::I64 };
                let (b_ty, b) = top.take().ok_or(ErrorKind::TypeMismatch)?;
                let (a_ty, a) = below.pop().ok_or(ErrorKind::TypeMismatch)?;
                if a_ty != ty || b_ty != ty {
                    return Err(ErrorKind::TypeMismatch.into());
                }
                let value = match op {
                    Op::I32Add | Op::I64Add => a.wrapping_add(b),
                    Op::I32Sub | Op::I64Sub => a.wrapping_sub(b),
                    _ => a.wrapping_mul(b),
                };
                (ty, if ty == ValType::I32 { value as u32 as u64 } else { value })
            }
            Some(Op::End) => {
                return match top {
                    Some(value) if below.is_empty() => Ok(value),
                    _ => Err(ErrorKind::TypeMismatch.into()),
                };
            }
            Some(_) => return Err(ErrorKind::ConstantExpressionExpected.into()),
            None if matches!(code, 0xfb..=0xfe) => return Err(ErrorKind::ConstantExpressionExpected.into()),
            None => return Err(ErrorKind::UnknownOperation.into()),
        };
        if let Some(previous) = top.replace(value) {
            below.push(previous)?;
        }
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | byte as u64)
}

/// Checks that the expression is constant and of type `want`.
pub(crate) fn check(reader: &mut Reader, env: &mut Env, want: ValType) -> Parsed<()> {
    let (ty, _) = walk(reader, env, &mut AnyValue)?;
    if ty == want {
        Ok(())
    } else {
        Err(ErrorKind::TypeMismatch.into())
    }
}
