//! Constant expressions: initial values of globals, offsets of segments, elements (spec: 3.3.13).
//!
//! One walk serves validation and evaluation: it reads the expression and passes each constant to a
//! [`Sink`].

use super::env::Env;
#[cfg(feature = "gc")]
use super::type_table::TypeTable;
use crate::alloc::TryVec;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::ValType;
use crate::error::ErrorKind;
use zonda_exec::op::codes::*;
use zonda_exec::vector::{low, Bits};

/// Where the values of a constant expression come from.
pub(crate) trait Source {
    /// The value of an imported global.
    fn global(&mut self, index: u32) -> Bits;
    /// A reference to a function.
    fn func(&mut self, index: u32) -> Bits;
    /// The reference that an instruction on objects makes of its operands.
    #[cfg(feature = "gc")]
    fn object(&mut self, code: u32, index: u32, operands: &[Below]) -> Parsed<Bits>;
}

/// For validation: values do not matter.
pub(crate) struct AnyValue;

impl Source for AnyValue {
    fn global(&mut self, _: u32) -> Bits {
        0
    }
    fn func(&mut self, _: u32) -> Bits {
        0
    }
    #[cfg(feature = "gc")]
    fn object(&mut self, _: u32, _: u32, _: &[Below]) -> Parsed<Bits> {
        Ok(0)
    }
}

/// An operand below the topmost one. Arithmetic takes i32 and i64 alone, so that 64 bits are enough.
#[cfg(not(feature = "gc"))]
pub(super) type Below = u64;
/// An operand below the topmost one, or of an instruction on objects, in slots.
#[cfg(feature = "gc")]
pub(crate) type Below = [u32; zonda_exec::vector::MAX_SLOTS];

/// A value as it is kept below another.
#[cfg(not(feature = "gc"))]
#[inline(always)]
fn keep(bits: Bits) -> Below {
    low(bits)
}

/// A value as it is kept below another.
#[cfg(feature = "gc")]
pub(super) fn keep(bits: Bits) -> Below {
    core::array::from_fn(|slot| (bits >> (32 * slot)) as u32)
}

/// The lowest 64 bits of what was kept.
#[cfg(not(feature = "gc"))]
#[inline(always)]
fn kept(below: Below) -> u64 {
    below
}

/// The lowest 64 bits of what was kept.
#[cfg(feature = "gc")]
fn kept(below: Below) -> u64 {
    low(taken(below))
}

/// What was kept.
#[cfg(feature = "gc")]
pub(super) fn taken(below: Below) -> Bits {
    below.iter().rev().fold(0, |bits, &slot| bits << 32 | slot as Bits)
}

/// What the walk asks of the module.
pub(crate) trait Scope {
    /// The type of a global that a constant expression may read; records that it does.
    fn global(&mut self, index: u32) -> Parsed<ValType>;
    /// Records that an expression refers to an existing function.
    fn func(&mut self, index: u32) -> Parsed<()>;
    /// The type of a reference to it.
    #[cfg(feature = "function-references")]
    fn func_ref(&mut self, index: u32) -> Parsed<ValType>;
    /// The types of the module.
    #[cfg(feature = "gc")]
    fn types(&self) -> &TypeTable;
}

impl Scope for Env<'_> {
    fn global(&mut self, index: u32) -> Parsed<ValType> {
        let ty = Env::global(self, index)?;
        // With `gc`, those before the expression.
        if index >= self.imported_globals && !cfg!(feature = "gc") {
            return Err(ErrorKind::UnknownGlobal);
        }
        if ty.mutable {
            return Err(ErrorKind::ConstantExpressionExpected);
        }
        Ok(ty.content)
    }

    fn func(&mut self, index: u32) -> Parsed<()> {
        Env::func(self, index)?;
        self.declare(index);
        Ok(())
    }

    #[cfg(feature = "function-references")]
    fn func_ref(&mut self, index: u32) -> Parsed<ValType> {
        ValType::from_code(Env::func_ref(self, index)?).ok_or(ErrorKind::UnknownFunc)
    }

    #[cfg(feature = "gc")]
    fn types(&self) -> &TypeTable {
        self.table.table()
    }
}

/// Reads the expression including its `end`; returns its type and value.
#[inline(never)]
pub(crate) fn walk(
    reader: &mut Reader,
    scope: &mut dyn Scope,
    source: &mut dyn Source,
) -> Parsed<(ValType, Bits)> {
    // Most expressions are one constant, which needs no allocation.
    let mut top: Option<(ValType, Bits)> = None;
    let mut below: TryVec<(ValType, Below)> = TryVec::new();
    loop {
        let code = reader.byte()?;
        let value = match code {
            I32_CONST => (ValType::I32, reader.i32()? as u32 as Bits),
            I64_CONST => (ValType::I64, reader.i64()? as u64 as Bits),
            F32_CONST if cfg!(feature = "float") => {
                (ValType::F32, little_endian(reader.take(4)?) as Bits)
            }
            F64_CONST if cfg!(feature = "float") => {
                (ValType::F64, little_endian(reader.take(8)?) as Bits)
            }
            #[cfg(feature = "simd")]
            VECTOR_PREFIX => super::vector::constant(reader)?,
            #[cfg(feature = "gc")]
            GC_PREFIX => {
                super::const_objects::constant(reader, scope, source, &mut top, &mut below)?
            }
            GLOBAL_GET => {
                let index = reader.u32()?;
                (scope.global(index)?, source.global(index))
            }
            REF_NULL => (ValType::read_null(reader)?, 0),
            REF_FUNC => {
                let index = reader.u32()?;
                scope.func(index)?;
                #[cfg(feature = "function-references")]
                let ty = scope.func_ref(index)?;
                #[cfg(not(feature = "function-references"))]
                let ty = ValType::FuncRef;
                (ty, source.func(index))
            }
            I32_ADD | I32_SUB | I32_MUL | I64_ADD | I64_SUB | I64_MUL
                if cfg!(feature = "extended-const") =>
            {
                let ty = if matches!(code, I32_ADD | I32_SUB | I32_MUL) {
                    ValType::I32
                } else {
                    ValType::I64
                };
                let (b_ty, b) = top.take().ok_or(ErrorKind::TypeMismatch)?;
                let (a_ty, a) = below.pop().ok_or(ErrorKind::TypeMismatch)?;
                if a_ty != ty || b_ty != ty {
                    return Err(ErrorKind::TypeMismatch);
                }
                let (a, b) = (kept(a), low(b));
                let value = match code {
                    I32_ADD | I64_ADD => a.wrapping_add(b),
                    I32_SUB | I64_SUB => a.wrapping_sub(b),
                    _ => a.wrapping_mul(b),
                };
                (ty, if ty == ValType::I32 { value as u32 as Bits } else { value as Bits })
            }
            END => {
                return match top {
                    Some(value) if below.is_empty() => Ok(value),
                    _ => Err(ErrorKind::TypeMismatch),
                };
            }
            // An unknown opcode is malformed; a known one is not constant.
            0x06..=0x0a | 0x14..=0x19 | 0x1d..=0x1f | 0x27 | 0xc5..=0xcf | 0xd3..=0xfa | 0xff => {
                return Err(ErrorKind::UnknownOperation)
            }
            _ => return Err(ErrorKind::ConstantExpressionExpected),
        };
        if let Some((ty, previous)) = top.replace(value) {
            below.push((ty, keep(previous)))?;
        }
    }
}

/// A number in 64 bits from its bytes.
pub(super) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | byte as u64)
}

/// Checks that the expression is constant and of type `want`.
pub(crate) fn check(reader: &mut Reader, env: &mut Env, want: ValType) -> Parsed<()> {
    let (ty, _) = walk(reader, env, &mut AnyValue)?;
    if ty == want || env.table.is_sub(ty.code(), want.code()) {
        Ok(())
    } else {
        Err(ErrorKind::TypeMismatch)
    }
}
