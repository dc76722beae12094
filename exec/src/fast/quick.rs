//! Numeric operations without a code of their own in register code, as they are executed on CPUs whose registers and floats have 64 bits: in a loop of
//! their own, for the registers of the large one would not do for them, and they often follow each other. On other CPUs, and for what is missing here, there is
//! [`super::num`].

use super::dispatch::operation;
use super::RegOp;
use crate::numeric;
use crate::slot::{read64, write64};
use crate::TrapCode;

/// Executes numeric operations from `pc` on, and what often stands between them, and gives the first operation that is none, or that is left to
/// [`super::num`].
///
/// # Safety
/// The operations were made by the translator or verified.
#[inline(never)]
pub(super) unsafe fn execute(mut pc: *const u8, fp: *mut u32) -> *const u8 {
    // SAFETY: the caller's promise: slots are inside of the frame, and have what the operation's type says; branches lead to operations.
    unsafe {
        while cfg!(target_pointer_width = "64") {
            let slot = |at: usize| fp.add(*pc.add(at) as usize);
            let branch = |at: usize, taken: bool| {
                if taken {
                    pc.offset(pc.add(at).cast::<i16>().read_unaligned() as isize)
                } else {
                    pc.add(at + 2)
                }
            };
            pc = match operation(*pc) {
                RegOp::Num1 if one(*pc.add(1), slot(2), slot(3)) => pc.add(4),
                RegOp::Num2 if two(*pc.add(1), slot(2), slot(3), slot(4)) => pc.add(5),
                RegOp::CopyW => {
                    write64(slot(2), read64(slot(1)));
                    pc.add(3)
                }
                RegOp::Put8 => {
                    *slot(2) = *pc.add(1) as i8 as u32;
                    pc.add(3)
                }
                RegOp::Put32 => {
                    *slot(5) = pc.add(1).cast::<u32>().read_unaligned();
                    pc.add(6)
                }
                RegOp::BrNzS => branch(2, *slot(1) != 0),
                RegOp::BrZS => branch(2, *slot(1) == 0),
                _ => break,
            };
        }
    }
    pc
}

/// A value in slots.
trait Value: Sized {
    /// # Safety
    /// As many slots as the value takes are there.
    unsafe fn get(at: *const u32) -> Self;
    /// # Safety
    /// As many slots as the value takes are there.
    unsafe fn put(self, at: *mut u32);
}

macro_rules! values {
    ($($t:ident: $at:ident $get:expr, $value:ident $put:ident $bits:expr;)*) => { $(impl Value for $t {
        #[inline(always)]
        unsafe fn get($at: *const u32) -> $t {
            // SAFETY: the caller's promise.
            unsafe { $get }
        }
        #[inline(always)]
        unsafe fn put(self, at: *mut u32) {
            let $value = self;
            // SAFETY: the caller's promise.
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

#[inline(always)]
unsafe fn write32(at: *mut u32, value: u32) {
    // SAFETY: the caller's promise.
    unsafe { *at = value }
}

#[inline(always)]
unsafe fn unary<A: Value, R: Value>(to: *mut u32, a: *const u32, f: impl FnOnce(A) -> R) -> bool {
    // SAFETY: the caller's promise.
    unsafe { f(A::get(a)).put(to) };
    true
}

#[inline(always)]
unsafe fn binary<A: Value, R: Value>(
    to: *mut u32,
    a: *const u32,
    b: *const u32,
    f: impl FnOnce(A, A) -> R,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe { f(A::get(a), A::get(b)).put(to) };
    true
}

#[inline(always)]
unsafe fn checked<A: Value, R: Value>(
    to: *mut u32,
    a: *const u32,
    b: *const u32,
    f: impl FnOnce(A, A) -> Result<R, TrapCode>,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        match f(A::get(a), A::get(b)) {
            Ok(value) => value.put(to),
            Err(_) => return false,
        }
    }
    true
}

/// Truncates a float that `fits`, which a NaN does not.
#[inline(always)]
unsafe fn truncate<A: Value + Copy, R: Value>(
    to: *mut u32,
    a: *const u32,
    fits: impl FnOnce(A) -> bool,
    f: impl FnOnce(A) -> R,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let value = A::get(a);
        if fits(value) {
            f(value).put(to);
            return true;
        }
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

/// Executes an operation with one operand; false when that was not done.
///
/// # Safety
/// As many slots as its type says are at each place.
#[inline(always)]
unsafe fn one(code: u8, to: *mut u32, a: *const u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        crate::integer_ops! { integers_of_one { code to a } {
            // Saturating truncations: those of Rust.
            0x00 => unary(to, a, |a: f32| a as i32),
            0x01 => unary(to, a, |a: f32| a as u32),
            0x02 => unary(to, a, |a: f64| a as i32),
            0x03 => unary(to, a, |a: f64| a as u32),
            0x04 => unary(to, a, |a: f32| a as i64),
            0x05 => unary(to, a, |a: f32| a as u64),
            0x06 => unary(to, a, |a: f64| a as i64),
            0x07 => unary(to, a, |a: f64| a as u64),
            // Signs, which a NaN has, too.
            0x8b => unary(to, a, |a: u32| a & !(1 << 31)),
            0x8c => unary(to, a, |a: u32| a ^ 1 << 31),
            0x99 => unary(to, a, |a: u64| a & !(1 << 63)),
            0x9a => unary(to, a, |a: u64| a ^ 1 << 63),
            0xa8 => truncate(to, a, |a: f32| (-2147483648.0..2147483648.0).contains(&a), |a| a as i32),
            0xa9 => truncate(to, a, |a: f32| a > -1.0 && a < 4294967296.0, |a| a as u32),
            0xaa => truncate(to, a, |a: f64| a > -2147483649.0 && a < 2147483648.0, |a| a as i32),
            0xab => truncate(to, a, |a: f64| a > -1.0 && a < 4294967296.0, |a| a as u32),
            0xae => truncate(to, a, |a: f32| (-9223372036854775808.0..9223372036854775808.0).contains(&a), |a| a as i64),
            0xaf => truncate(to, a, |a: f32| a > -1.0 && a < 18446744073709551616.0, |a| a as u64),
            0xb0 => truncate(to, a, |a: f64| (-9223372036854775808.0..9223372036854775808.0).contains(&a), |a| a as i64),
            0xb1 => truncate(to, a, |a: f64| a > -1.0 && a < 18446744073709551616.0, |a| a as u64),
            0xb2 => unary(to, a, |a: i32| a as f32),
            0xb3 => unary(to, a, |a: u32| a as f32),
            0xb4 => unary(to, a, |a: i64| a as f32),
            0xb5 => unary(to, a, |a: u64| a as f32),
            0xb6 => unary(to, a, |a: f64| a as f32),
            0xb7 => unary(to, a, |a: i32| a as f64),
            0xb8 => unary(to, a, |a: u32| a as f64),
            0xb9 => unary(to, a, |a: i64| a as f64),
            0xba => unary(to, a, |a: u64| a as f64),
            0xbb => unary(to, a, |a: f32| a as f64),
            0xbc | 0xbe => unary(to, a, |a: u32| a),
            0xbd | 0xbf => unary(to, a, |a: u64| a),
            _ => false,
        } }
    }
}

/// Executes an operation with two operands; false when that was not done.
///
/// # Safety
/// As many slots as its type says are at each place.
#[inline(always)]
unsafe fn two(code: u8, to: *mut u32, a: *const u32, b: *const u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        crate::integer_ops! { integers_of_two { code to a b } {
            0x51 => binary(to, a, b, numeric::i64_eq),
            0x52 => binary(to, a, b, numeric::i64_ne),
            0x53 => binary(to, a, b, numeric::i64_lt_s),
            0x54 => binary(to, a, b, numeric::i64_lt_u),
            0x55 => binary(to, a, b, numeric::i64_gt_s),
            0x56 => binary(to, a, b, numeric::i64_gt_u),
            0x57 => binary(to, a, b, numeric::i64_le_s),
            0x58 => binary(to, a, b, numeric::i64_le_u),
            0x59 => binary(to, a, b, numeric::i64_ge_s),
            0x5a => binary(to, a, b, numeric::i64_ge_u),
            0x5b => binary(to, a, b, |a: f32, b| a == b),
            0x5c => binary(to, a, b, |a: f32, b| a != b),
            0x5d => binary(to, a, b, |a: f32, b| a < b),
            0x5e => binary(to, a, b, |a: f32, b| a > b),
            0x5f => binary(to, a, b, |a: f32, b| a <= b),
            0x60 => binary(to, a, b, |a: f32, b| a >= b),
            0x61 => binary(to, a, b, |a: f64, b| a == b),
            0x62 => binary(to, a, b, |a: f64, b| a != b),
            0x63 => binary(to, a, b, |a: f64, b| a < b),
            0x64 => binary(to, a, b, |a: f64, b| a > b),
            0x65 => binary(to, a, b, |a: f64, b| a <= b),
            0x66 => binary(to, a, b, |a: f64, b| a >= b),
            0x92 => binary(to, a, b, |a: f32, b| a + b),
            0x93 => binary(to, a, b, |a: f32, b| a - b),
            0x94 => binary(to, a, b, |a: f32, b| a * b),
            0x95 => binary(to, a, b, |a: f32, b| a / b),
            0x98 => binary(to, a, b, |a: u32, b| a & !(1 << 31) | b & 1 << 31),
            0xa0 => binary(to, a, b, |a: f64, b| a + b),
            0xa1 => binary(to, a, b, |a: f64, b| a - b),
            0xa2 => binary(to, a, b, |a: f64, b| a * b),
            0xa3 => binary(to, a, b, |a: f64, b| a / b),
            0xa6 => binary(to, a, b, |a: u64, b| a & !(1 << 63) | b & 1 << 63),
            _ => false,
        } }
    }
}
