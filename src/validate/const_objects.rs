//! Instructions on objects in constant expressions (spec: 3.4.10; feature `gc`).

use super::const_expr::{keep, taken, Below, Scope, Source};
use super::gc::unpacked;
use super::type_table::Kind;
use crate::alloc::TryVec;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::references::{concrete, heap, NON_NULL};
use crate::binary::types::{Code, ValType};
use crate::error::ErrorKind;
use crate::limits::MAX_FIELDS;
use zonda_exec::gc::*;
use zonda_exec::vector::Bits;

/// Pops an operand of a type.
fn pop(
    scope: &dyn Scope,
    top: &mut Option<(ValType, Bits)>,
    below: &mut TryVec<(ValType, Below)>,
    want: Code,
) -> Parsed<(ValType, Below)> {
    let operand = top.take().ok_or(ErrorKind::TypeMismatch)?;
    *top = below.pop().map(|(ty, below)| (ty, taken(below)));
    if !scope.types().is_sub(operand.0.code(), want) {
        return Err(ErrorKind::TypeMismatch);
    }
    Ok((operand.0, keep(operand.1)))
}

/// Reads what stands behind the prefix 0xFB, and passes its operands to the source. Returns its
/// result.
#[inline(never)]
pub(super) fn constant(
    reader: &mut Reader,
    scope: &mut dyn Scope,
    source: &mut dyn Source,
    top: &mut Option<(ValType, Bits)>,
    below: &mut TryVec<(ValType, Below)>,
) -> Parsed<(ValType, Bits)> {
    let at = reader.pos() - 1;
    let code = reader.u32()?;
    let mut operands: TryVec<Below> = TryVec::new();
    let (index, result) = match code {
        STRUCT_NEW..=STRUCT_NEW_DEFAULT | ARRAY_NEW..=ARRAY_NEW_FIXED => {
            let index = reader.u32()?;
            let kind = if code <= STRUCT_NEW_DEFAULT { Kind::Struct } else { Kind::Array };
            let def = *scope.types().def(index).ok_or(ErrorKind::UnknownType)?;
            if def.kind != kind {
                return Err(ErrorKind::TypeMismatch);
            }
            if matches!(code, STRUCT_NEW_DEFAULT | ARRAY_NEW_DEFAULT) && !def.is_defaultable {
                return Err(ErrorKind::TypeMismatch);
            }
            let field = |at: u32| {
                let fields = scope.types().lists(&def).0;
                let field = fields.get(if kind == Kind::Array { 0 } else { at as usize });
                field.map_or(Err(ErrorKind::UnknownField), |&field| Ok(unpacked(field)))
            };
            let i32 = ValType::I32.code();
            let count = match code {
                STRUCT_NEW => def.params as u32,
                ARRAY_NEW_FIXED => reader.u32()?,
                _ => 0,
            };
            if count > MAX_FIELDS {
                return Err(ErrorKind::TooLarge);
            }
            if matches!(code, ARRAY_NEW | ARRAY_NEW_DEFAULT) {
                operands.push(pop(scope, top, below, i32)?.1)?;
            }
            if code == ARRAY_NEW {
                operands.push(pop(scope, top, below, field(0)?)?.1)?;
            }
            for at in (0..count).rev() {
                operands.push(pop(scope, top, below, field(at)?)?.1)?;
            }
            (index, concrete(index) | NON_NULL)
        }
        REF_I31 => {
            operands.push(pop(scope, top, below, ValType::I32.code())?.1)?;
            (0, heap::I31 | NON_NULL)
        }
        ANY_CONVERT_EXTERN | EXTERN_CONVERT_ANY => {
            let (from, to) = match code {
                ANY_CONVERT_EXTERN => (heap::EXTERN, heap::ANY),
                _ => (heap::ANY, heap::EXTERN),
            };
            let (ty, bits) = pop(scope, top, below, from)?;
            operands.push(bits)?;
            (0, to | ty.code() & NON_NULL)
        }
        _ => {
            let known = name(code).is_some();
            let kind = if known {
                ErrorKind::ConstantExpressionExpected
            } else {
                ErrorKind::UnknownOperation
            };
            return reader.refuse_at(at, kind);
        }
    };
    // They were popped from the last to the first.
    let mut ordered = TryVec::with_capacity(operands.len())?;
    while let Some(operand) = operands.pop() {
        ordered.push(operand)?;
    }
    let bits = source.object(code, index, &ordered)?;
    Ok((ValType::from_code(result).ok_or(ErrorKind::TypeMismatch)?, bits))
}
