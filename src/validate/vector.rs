//! Validation of vector instructions (spec: 3.3.4, 3.3.7; feature `simd`), by their rows in the
//! table.

use super::func::{code, index_code, Walk};
use super::stacks::V128;
use super::visitor::Visitor;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::{Code, ValType};
use crate::error::ErrorKind;
use zonda_exec::op::NumType;
use zonda_exec::vector::op::{Row, Shape, VectorOp};
use zonda_exec::vector::Bits;

/// Lanes that the immediate of `i8x16.shuffle` can name.
const SHUFFLED: u8 = 32;

/// Reads what stands behind the prefix in a constant expression: `v128.const`.
pub(super) fn constant(reader: &mut Reader) -> Parsed<(ValType, Bits)> {
    let at = reader.pos() - 1;
    let opcode = reader.u32()?;
    if opcode != VectorOp::V128Const as u32 {
        let known = Row::of(opcode).is_some();
        let kind =
            if known { ErrorKind::ConstantExpressionExpected } else { ErrorKind::UnknownOperation };
        return reader.refuse_at(at, kind);
    }
    let bytes = reader.take(16)?;
    let bits = bytes.iter().rev().fold(0, |value, &byte| value << 8 | byte as Bits);
    Ok((ValType::V128, bits))
}

/// The encoding of the type of an operand or result that takes so many slots, where `number` is the
/// type of numbers that the instruction has.
fn type_of(slots: u32, number: NumType) -> Code {
    match slots {
        4 => V128,
        _ => code(number),
    }
}

impl<V: Visitor> Walk<'_, '_, '_, V> {
    /// An instruction behind the prefix 0xFD.
    #[inline(never)]
    pub(super) fn vector(&mut self) -> Parsed<()> {
        let at = self.site.reader.pos() - 1;
        let opcode = self.site.reader.u32()?;
        let Some(row) = Row::of(opcode) else {
            return self.site.reader.refuse_at(at, ErrorKind::UnknownOperation);
        };
        if row.is_float() && !cfg!(feature = "float") {
            return Err(ErrorKind::SwitchedOff);
        }
        let memarg = if row.is_access() { Some(self.memarg(row.log2_width())?) } else { None };
        let immediates = self.site.reader.take(row.immediates())?;
        let lanes = match row.shape() {
            Shape::Const => None,
            Shape::Shuffle => Some(SHUFFLED),
            _ => Some(row.lanes()),
        };
        if lanes.is_some_and(|lanes| immediates.iter().any(|&lane| lane >= lanes)) {
            return Err(ErrorKind::UnknownLane);
        }
        let number = match row.shape() {
            Shape::Shift | Shape::Test => NumType::I32,
            _ => row.from().value(),
        };
        let operands = row.operands();
        for (index, &slots) in operands.iter().enumerate().rev() {
            let ty = match memarg {
                Some(memarg) if index == 0 => index_code(memarg.index),
                _ => type_of(slots, number),
            };
            if slots != 0 {
                self.site.stacks.pop(ty)?;
            }
        }
        if row.results() != 0 {
            self.site.stacks.push(type_of(row.results(), number))?;
        }
        if self.site.live {
            self.visitor.visit_vector(&self.site, opcode, row, memarg)?;
        }
        Ok(())
    }
}
