//! Runs of numeric register instructions, on CPUs whose registers and floats have 64 bits.
//!
//! Numeric instructions without a register instruction of their own (`Num1`, `Num2`) often follow
//! each other, and need other machine registers than the rest of the loop, so that a loop of their
//! own executes them. On other CPUs, and for instructions that are not here, [`super::numeric_op`]
//! executes them.
//!
//! Depends on [`crate::numeric`] for integers. Floats are Rust's, which are those of the host's
//! CPU. The SAFETY comments cite the rules by the names that the head of [`super`] gives them.

// Opcodes have the names of their instructions.
#![allow(non_upper_case_globals)]

use super::code::Code;
use super::dispatch::reg_op;
use super::RegOp;
use crate::numeric;
use crate::slot::{read64, write64, Frame};
use crate::TrapCode;

/// Executes numeric instructions from `pc` on, with what often stands between them. Returns the
/// position of the first instruction that is not executed: another one, one that traps, or one that
/// is left to [`super::numeric_op`].
///
/// # Safety
/// COMPLETE, SLOTS and TARGETS hold for the instructions from `pc` on, whose frame is `fp`.
#[inline(never)]
pub(super) unsafe fn execute(mut pc: Code, fp: Frame) -> Code {
    while cfg!(target_pointer_width = "64") {
        // SAFETY: COMPLETE: the instruction has an operand of one byte there.
        let byte = |at: usize| unsafe { pc.byte(at) };
        // SAFETY: COMPLETE and SLOTS: the operand there names a slot of the frame.
        let slot = |at: usize| unsafe { fp.at(pc.slot(at)) };
        // SAFETY: COMPLETE: an instruction of this length has another behind it.
        let next = |length: usize| unsafe { pc.after(length) };
        // SAFETY: COMPLETE: the distance of the target lies there. TARGETS: it leads to an
        // instruction of the function.
        let branch = |at: usize, taken: bool| unsafe {
            if taken {
                pc.at_distance(pc.i16(at))
            } else {
                pc.after(at + 2)
            }
        };
        // SAFETY: COMPLETE: `pc` is at a register instruction.
        let op = unsafe { reg_op(byte(0)) };
        pc = match op {
            // SAFETY: SLOTS: the places have as many slots as the instruction's type says.
            RegOp::Num1 if unsafe { one(byte(1), slot(2), slot(3)) } => next(4),
            // SAFETY: as for `Num1`.
            RegOp::Num2 if unsafe { two(byte(1), slot(2), slot(3), slot(4)) } => next(5),
            RegOp::CopyW => {
                // SAFETY: SLOTS: both are pairs of the frame.
                unsafe { write64(slot(2), read64(slot(1))) };
                next(3)
            }
            RegOp::Put8 => {
                // SAFETY: SLOTS: the last operand names a slot of the frame.
                unsafe { *slot(2) = pc.i8(1) };
                next(3)
            }
            RegOp::Put32 => {
                // SAFETY: SLOTS: the last operand names a slot of the frame.
                unsafe { *slot(5) = pc.u32(1) };
                next(6)
            }
            // SAFETY: SLOTS: the operand names a slot of the frame.
            RegOp::BrNzS => branch(2, unsafe { *slot(1) } != 0),
            // SAFETY: as for `BrNzS`.
            RegOp::BrZS => branch(2, unsafe { *slot(1) } == 0),
            _ => break,
        };
    }
    pc
}

/// A value in one slot or two.
trait Value: Sized {
    /// # Safety
    /// `at` points at as many slots as the value has.
    unsafe fn get(at: *const u32) -> Self;
    /// # Safety
    /// `at` points at as many slots as the value has.
    unsafe fn put(self, at: *mut u32);
}

macro_rules! values {
    ($($t:ident: $at:ident $get:expr, $value:ident $put:ident $bits:expr;)*) => { $(impl Value for $t {
        #[inline(always)]
        unsafe fn get($at: *const u32) -> $t {
            // SAFETY: the contract of `Value::get`.
            unsafe { $get }
        }
        #[inline(always)]
        unsafe fn put(self, at: *mut u32) {
            let $value = self;
            // SAFETY: the contract of `Value::put`.
            unsafe { $put(at, $bits) }
        }
    })* };
}

values! {
    bool: at *at != 0, value write32 value as u32;
    u32: at *at, value write32 value;
    i32: at *at as i32, value write32 value as u32;
    u64: at read64(at), value write64 value;
    i64: at read64(at) as i64, value write64 value as u64;
    f32: at f32::from_bits(*at), value write32 value.to_bits();
    f64: at f64::from_bits(read64(at)), value write64 value.to_bits();
}

/// # Safety
/// `at` points at a slot.
#[inline(always)]
unsafe fn write32(at: *mut u32, value: u32) {
    // SAFETY: the contract of this function.
    unsafe { *at = value }
}

/// Computes a result of one operand. Returns true.
///
/// # Safety
/// `to` and `a` point at as many slots as their types have.
#[inline(always)]
unsafe fn unary<A: Value, R: Value>(to: *mut u32, a: *const u32, f: impl FnOnce(A) -> R) -> bool {
    // SAFETY: the contract of this function.
    unsafe { f(A::get(a)).put(to) };
    true
}

/// Computes a result of two operands. Returns true.
///
/// # Safety
/// `to`, `a` and `b` point at as many slots as their types have.
#[inline(always)]
unsafe fn binary<A: Value, R: Value>(
    to: *mut u32,
    a: *const u32,
    b: *const u32,
    f: impl FnOnce(A, A) -> R,
) -> bool {
    // SAFETY: the contract of this function.
    unsafe { f(A::get(a), A::get(b)).put(to) };
    true
}

/// Computes a result of two operands. Returns false, and writes nothing, when that traps.
///
/// # Safety
/// `to`, `a` and `b` point at as many slots as their types have.
#[inline(always)]
unsafe fn checked<A: Value, R: Value>(
    to: *mut u32,
    a: *const u32,
    b: *const u32,
    f: impl FnOnce(A, A) -> Result<R, TrapCode>,
) -> bool {
    // SAFETY: the contract of this function.
    match f(unsafe { A::get(a) }, unsafe { A::get(b) }) {
        Ok(value) => {
            // SAFETY: the contract of this function.
            unsafe { value.put(to) };
            true
        }
        Err(_) => false,
    }
}

/// Truncates a float for which `fits` holds, which it does not for a NaN. Returns false, and writes
/// nothing, for others.
///
/// # Safety
/// `to` and `a` point at as many slots as their types have.
#[inline(always)]
unsafe fn truncate<A: Value + Copy, R: Value>(
    to: *mut u32,
    a: *const u32,
    fits: impl FnOnce(A) -> bool,
    f: impl FnOnce(A) -> R,
) -> bool {
    // SAFETY: the contract of this function.
    let value = unsafe { A::get(a) };
    if fits(value) {
        // SAFETY: the contract of this function.
        unsafe { f(value).put(to) };
        return true;
    }
    false
}

macro_rules! integers_of_one {
    ({ $code:ident $to:ident $a:ident } { $($rest:tt)* } $($row:literal $op:ident $text:literal $method:ident $arity:ident $ta:ident $tr:ident $f:ident;)*) => {
        match $code {
            $($row => integers_of_one!(@ $arity $to $a $f),)*
            $($rest)*
        }
    };
    (@ unop $to:ident $a:ident $f:ident) => { unary($to, $a, numeric::$f) };
    (@ $arity:ident $to:ident $a:ident $f:ident) => { false };
}

macro_rules! integers_of_two {
    ({ $code:ident $to:ident $a:ident $b:ident } { $($rest:tt)* } $($row:literal $op:ident $text:literal $method:ident $arity:ident $ta:ident $tr:ident $f:ident;)*) => {
        match $code {
            $($row => integers_of_two!(@ $arity $to $a $b $f),)*
            $($rest)*
        }
    };
    (@ binop $to:ident $a:ident $b:ident $f:ident) => { binary($to, $a, $b, numeric::$f) };
    (@ trybinop $to:ident $a:ident $b:ident $f:ident) => { checked($to, $a, $b, numeric::$f) };
    (@ $arity:ident $to:ident $a:ident $b:ident $f:ident) => { false };
}

/// Executes a numeric instruction with one operand. Returns false, and writes nothing, when it is
/// not among these or traps.
///
/// # Safety
/// Each place has as many slots as the instruction's type says.
#[inline(always)]
unsafe fn one(code: u8, to: *mut u32, a: *const u32) -> bool {
    opcodes! { u8:
        I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U I64TruncSatF32S
        I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U F32Abs F32Neg F64Abs F64Neg I32TruncF32S
        I32TruncF32U I32TruncF64S I32TruncF64U I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U
        F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U F32DemoteF64 F64ConvertI32S
        F64ConvertI32U F64ConvertI64S F64ConvertI64U F64PromoteF32 I32ReinterpretF32
        F32ReinterpretI32 I64ReinterpretF64 F64ReinterpretI64
    }
    // SAFETY: the contract of this function; the types below are those of the instructions.
    unsafe {
        crate::integer_ops! { integers_of_one { code to a } {
            // Saturating truncations are those of Rust.
            I32TruncSatF32S => unary(to, a, |a: f32| a as i32),
            I32TruncSatF32U => unary(to, a, |a: f32| a as u32),
            I32TruncSatF64S => unary(to, a, |a: f64| a as i32),
            I32TruncSatF64U => unary(to, a, |a: f64| a as u32),
            I64TruncSatF32S => unary(to, a, |a: f32| a as i64),
            I64TruncSatF32U => unary(to, a, |a: f32| a as u64),
            I64TruncSatF64S => unary(to, a, |a: f64| a as i64),
            I64TruncSatF64U => unary(to, a, |a: f64| a as u64),
            // Signs, also of a NaN.
            F32Abs => unary(to, a, |a: u32| a & !(1 << 31)),
            F32Neg => unary(to, a, |a: u32| a ^ 1 << 31),
            F64Abs => unary(to, a, |a: u64| a & !(1 << 63)),
            F64Neg => unary(to, a, |a: u64| a ^ 1 << 63),
            I32TruncF32S => truncate(to, a, |a: f32| (-2147483648.0..2147483648.0).contains(&a), |a| a as i32),
            I32TruncF32U => truncate(to, a, |a: f32| a > -1.0 && a < 4294967296.0, |a| a as u32),
            I32TruncF64S => truncate(to, a, |a: f64| a > -2147483649.0 && a < 2147483648.0, |a| a as i32),
            I32TruncF64U => truncate(to, a, |a: f64| a > -1.0 && a < 4294967296.0, |a| a as u32),
            I64TruncF32S => truncate(to, a, |a: f32| (-9223372036854775808.0..9223372036854775808.0).contains(&a), |a| a as i64),
            I64TruncF32U => truncate(to, a, |a: f32| a > -1.0 && a < 18446744073709551616.0, |a| a as u64),
            I64TruncF64S => truncate(to, a, |a: f64| (-9223372036854775808.0..9223372036854775808.0).contains(&a), |a| a as i64),
            I64TruncF64U => truncate(to, a, |a: f64| a > -1.0 && a < 18446744073709551616.0, |a| a as u64),
            F32ConvertI32S => unary(to, a, |a: i32| a as f32),
            F32ConvertI32U => unary(to, a, |a: u32| a as f32),
            F32ConvertI64S => unary(to, a, |a: i64| a as f32),
            F32ConvertI64U => unary(to, a, |a: u64| a as f32),
            F32DemoteF64 => unary(to, a, |a: f64| a as f32),
            F64ConvertI32S => unary(to, a, |a: i32| a as f64),
            F64ConvertI32U => unary(to, a, |a: u32| a as f64),
            F64ConvertI64S => unary(to, a, |a: i64| a as f64),
            F64ConvertI64U => unary(to, a, |a: u64| a as f64),
            F64PromoteF32 => unary(to, a, |a: f32| a as f64),
            I32ReinterpretF32 | F32ReinterpretI32 => unary(to, a, |a: u32| a),
            I64ReinterpretF64 | F64ReinterpretI64 => unary(to, a, |a: u64| a),
            _ => false,
        } }
    }
}

/// Executes a numeric instruction with two operands. Returns false, and writes nothing, when it is
/// not among these or traps.
///
/// # Safety
/// Each place has as many slots as the instruction's type says.
#[inline(always)]
unsafe fn two(code: u8, to: *mut u32, a: *const u32, b: *const u32) -> bool {
    opcodes! { u8:
        I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU F32Eq F32Ne F32Lt
        F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge F32Add F32Sub F32Mul F32Div
        F32Copysign F64Add F64Sub F64Mul F64Div F64Copysign
    }
    // SAFETY: the contract of this function; the types below are those of the instructions.
    unsafe {
        crate::integer_ops! { integers_of_two { code to a b } {
            I64Eq => binary(to, a, b, numeric::i64_eq),
            I64Ne => binary(to, a, b, numeric::i64_ne),
            I64LtS => binary(to, a, b, numeric::i64_lt_s),
            I64LtU => binary(to, a, b, numeric::i64_lt_u),
            I64GtS => binary(to, a, b, numeric::i64_gt_s),
            I64GtU => binary(to, a, b, numeric::i64_gt_u),
            I64LeS => binary(to, a, b, numeric::i64_le_s),
            I64LeU => binary(to, a, b, numeric::i64_le_u),
            I64GeS => binary(to, a, b, numeric::i64_ge_s),
            I64GeU => binary(to, a, b, numeric::i64_ge_u),
            F32Eq => binary(to, a, b, |a: f32, b| a == b),
            F32Ne => binary(to, a, b, |a: f32, b| a != b),
            F32Lt => binary(to, a, b, |a: f32, b| a < b),
            F32Gt => binary(to, a, b, |a: f32, b| a > b),
            F32Le => binary(to, a, b, |a: f32, b| a <= b),
            F32Ge => binary(to, a, b, |a: f32, b| a >= b),
            F64Eq => binary(to, a, b, |a: f64, b| a == b),
            F64Ne => binary(to, a, b, |a: f64, b| a != b),
            F64Lt => binary(to, a, b, |a: f64, b| a < b),
            F64Gt => binary(to, a, b, |a: f64, b| a > b),
            F64Le => binary(to, a, b, |a: f64, b| a <= b),
            F64Ge => binary(to, a, b, |a: f64, b| a >= b),
            F32Add => binary(to, a, b, |a: f32, b| a + b),
            F32Sub => binary(to, a, b, |a: f32, b| a - b),
            F32Mul => binary(to, a, b, |a: f32, b| a * b),
            F32Div => binary(to, a, b, |a: f32, b| a / b),
            F32Copysign => binary(to, a, b, |a: u32, b| a & !(1 << 31) | b & 1 << 31),
            F64Add => binary(to, a, b, |a: f64, b| a + b),
            F64Sub => binary(to, a, b, |a: f64, b| a - b),
            F64Mul => binary(to, a, b, |a: f64, b| a * b),
            F64Div => binary(to, a, b, |a: f64, b| a / b),
            F64Copysign => binary(to, a, b, |a: u64, b| a & !(1 << 63) | b & 1 << 63),
            _ => false,
        } }
    }
}
