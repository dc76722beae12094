//! Unit tests of the loop of fast mode: register bytecode that is put together by hand, run through
//! [`crate::call`] and compared with what docs/register-bytecode.md says.

mod calls;
mod control;
mod memory;
mod moves;
mod numbers;
#[cfg(feature = "strict")]
mod strict;
#[cfg(feature = "simd")]
mod vectors;

use super::op::{Kind, RegOp};
use super::OVERHEAD;
use crate::testing::{Function, Noise, Outcome, World};
use crate::{numeric, Mode, TrapCode};
use std::vec::Vec;
use std::{format, vec};
use RegOp::*;

/// A register instruction's bytes, with its operands in order; what the table calls special is
/// written byte by byte.
fn bytes(op: RegOp, operands: &[i64]) -> Vec<u8> {
    let mut bytes = vec![op as u8];
    let mut given = operands.iter();
    for kind in op.operands() {
        if kind == Kind::Special {
            bytes.extend(given.by_ref().map(|&byte| byte as u8));
            break;
        }
        let value = given.next().expect("an operand is missing");
        bytes.extend(&value.to_le_bytes()[..kind.bytes()]);
    }
    assert!(given.next().is_none(), "{op:?} has fewer operands");
    bytes
}

/// Code of one function.
#[derive(Clone, Default)]
struct Code(Vec<u8>);

impl Code {
    fn op(mut self, op: RegOp, operands: &[i64]) -> Code {
        self.0.extend(bytes(op, operands));
        self
    }
    fn len(&self) -> usize {
        self.0.len()
    }
}

fn code() -> Code {
    Code::default()
}

/// A function: parameters, locals with them, results, operands, all in slots.
fn function(params: u16, locals: u16, results: u16, operands: u32, code: Code) -> Function {
    Function::new(params, locals, results, operands, code.0)
}

/// An instance in fast mode.
fn fast(functions: Vec<Function>) -> World {
    World::new(Mode::Fast, functions)
}

/// Runs one function.
fn run(function: Function, args: &[u32]) -> Outcome {
    fast(vec![function]).call(0, args)
}

type Two = fn(u32, u32) -> Result<u32, TrapCode>;

macro_rules! twos {
    ($($name:literal $f:ident)* ; $($try_name:literal $try_f:ident)*) => {
        &[$(($name, |a, b| Ok(numeric::$f(a, b))),)* $(($try_name, |a, b| numeric::$try_f(a, b)),)*]
    };
}

const TWOS: &[(&str, Two)] = twos! {
    "Add" i32_add "Sub" i32_sub "Mul" i32_mul "And" i32_and "Or" i32_or "Xor" i32_xor "Shl" i32_shl "ShrS" i32_shr_s "ShrU" i32_shr_u
    "Rotr" i32_rotr "Rotl" i32_rotl "Eq" i32_eq "Ne" i32_ne "LtS" i32_lt_s "LtU" i32_lt_u "GeS" i32_ge_s "GeU" i32_ge_u "GtS" i32_gt_s
    "GtU" i32_gt_u "LeS" i32_le_s "LeU" i32_le_u; "DivS" i32_div_s "DivU" i32_div_u "RemS" i32_rem_s "RemU" i32_rem_u
};

/// What an instruction on two i32 computes, where its operands are, and whether it writes to a
/// slot.
fn parse(name: &str) -> Option<(Two, &str, bool)> {
    TWOS.iter().find_map(|&(prefix, f)| {
        let form = name.strip_prefix(prefix)?;
        let (form, to) = form.strip_suffix('D').map_or((form, false), |form| (form, true));
        ["SS", "SK", "AS", "SA", "AK", "KA", "AX", "SX"].contains(&form).then_some((f, form, to))
    })
}

/// The operands of an instruction of this form in code, with slots 1 and 2, and what they are.
fn form_operands(form: &str, acc: u32, slots: [u32; 2], k: i8, x: u32) -> (Vec<i64>, [u32; 2]) {
    let (mut encoded, mut used) = (Vec::new(), 0);
    let mut values = [0; 2];
    for (letter, value) in form.chars().zip(&mut values) {
        match letter {
            'S' => {
                *value = slots[used];
                used += 1;
                encoded.push(used as i64);
            }
            'K' => {
                *value = k as u32;
                encoded.push(k as i64);
            }
            'X' => {
                *value = x;
                encoded.push(x as i64);
            }
            _ => *value = acc,
        }
    }
    (encoded, values)
}
