//! What each numeric instruction computes (spec: 4.3), and the execution of those that are not
//! inline in the loops.
//!
//! Values are bits: i32 and f32 are `u32`, i64 and f64 are `u64`. There is a function for each row
//! of the integer tables in [`crate::op`], whose last column names it; one function compares i64,
//! and `float` computes floats.
//!
//! Depends on [`crate::op`] for the types of instructions. Owns the semantics of integers for both
//! modes.

// A build with one mode, or with the loops in Thumb-2 instructions, uses a part.
#![allow(dead_code)]

use crate::relation::relation;
use crate::slot::{read64, write64};
use crate::trap::TrapCode;

type Fallible<T> = Result<T, TrapCode>;

macro_rules! integers {
    ($u:ident $s:ident $bits:literal:
     $eqz:ident $eq:ident $ne:ident $lt_s:ident $lt_u:ident $gt_s:ident $gt_u:ident $le_s:ident $le_u:ident $ge_s:ident $ge_u:ident
     $clz:ident $ctz:ident $popcnt:ident $add:ident $sub:ident $mul:ident $div_s:ident $div_u:ident $rem_s:ident $rem_u:ident
     $and:ident $or:ident $xor:ident $shl:ident $shr_s:ident $shr_u:ident $rotl:ident $rotr:ident) => {
        #[inline(always)]
        pub(crate) fn $eqz(a: $u) -> u32 {
            (a == 0) as u32
        }
        #[inline(always)]
        pub(crate) fn $eq(a: $u, b: $u) -> u32 {
            (a == b) as u32
        }
        #[inline(always)]
        pub(crate) fn $ne(a: $u, b: $u) -> u32 {
            (a != b) as u32
        }
        #[inline(always)]
        pub(crate) fn $lt_s(a: $u, b: $u) -> u32 {
            ((a as $s) < b as $s) as u32
        }
        #[inline(always)]
        pub(crate) fn $lt_u(a: $u, b: $u) -> u32 {
            (a < b) as u32
        }
        #[inline(always)]
        pub(crate) fn $gt_s(a: $u, b: $u) -> u32 {
            (a as $s > b as $s) as u32
        }
        #[inline(always)]
        pub(crate) fn $gt_u(a: $u, b: $u) -> u32 {
            (a > b) as u32
        }
        #[inline(always)]
        pub(crate) fn $le_s(a: $u, b: $u) -> u32 {
            (a as $s <= b as $s) as u32
        }
        #[inline(always)]
        pub(crate) fn $le_u(a: $u, b: $u) -> u32 {
            (a <= b) as u32
        }
        #[inline(always)]
        pub(crate) fn $ge_s(a: $u, b: $u) -> u32 {
            (a as $s >= b as $s) as u32
        }
        #[inline(always)]
        pub(crate) fn $ge_u(a: $u, b: $u) -> u32 {
            (a >= b) as u32
        }
        #[inline(always)]
        pub(crate) fn $clz(a: $u) -> $u {
            a.leading_zeros() as $u
        }
        #[inline(always)]
        pub(crate) fn $ctz(a: $u) -> $u {
            a.trailing_zeros() as $u
        }
        #[inline(always)]
        pub(crate) fn $popcnt(a: $u) -> $u {
            a.count_ones() as $u
        }
        #[inline(always)]
        pub(crate) fn $add(a: $u, b: $u) -> $u {
            a.wrapping_add(b)
        }
        #[inline(always)]
        pub(crate) fn $sub(a: $u, b: $u) -> $u {
            a.wrapping_sub(b)
        }
        #[inline(always)]
        pub(crate) fn $mul(a: $u, b: $u) -> $u {
            a.wrapping_mul(b)
        }
        #[inline(always)]
        pub(crate) fn $div_s(a: $u, b: $u) -> Fallible<$u> {
            if b == 0 {
                return Err(TrapCode::IntegerDivideByZero);
            }
            (a as $s).checked_div(b as $s).map(|q| q as $u).ok_or(TrapCode::IntegerOverflow)
        }
        #[inline(always)]
        pub(crate) fn $div_u(a: $u, b: $u) -> Fallible<$u> {
            a.checked_div(b).ok_or(TrapCode::IntegerDivideByZero)
        }
        #[inline(always)]
        pub(crate) fn $rem_s(a: $u, b: $u) -> Fallible<$u> {
            if b == 0 {
                return Err(TrapCode::IntegerDivideByZero);
            }
            Ok((a as $s).wrapping_rem(b as $s) as $u)
        }
        #[inline(always)]
        pub(crate) fn $rem_u(a: $u, b: $u) -> Fallible<$u> {
            a.checked_rem(b).ok_or(TrapCode::IntegerDivideByZero)
        }
        #[inline(always)]
        pub(crate) fn $and(a: $u, b: $u) -> $u {
            a & b
        }
        #[inline(always)]
        pub(crate) fn $or(a: $u, b: $u) -> $u {
            a | b
        }
        #[inline(always)]
        pub(crate) fn $xor(a: $u, b: $u) -> $u {
            a ^ b
        }
        #[inline(always)]
        pub(crate) fn $shl(a: $u, b: $u) -> $u {
            a.wrapping_shl(b as u32)
        }
        #[inline(always)]
        pub(crate) fn $shr_s(a: $u, b: $u) -> $u {
            (a as $s).wrapping_shr(b as u32) as $u
        }
        #[inline(always)]
        pub(crate) fn $shr_u(a: $u, b: $u) -> $u {
            a.wrapping_shr(b as u32)
        }
        #[inline(always)]
        pub(crate) fn $rotl(a: $u, b: $u) -> $u {
            a.rotate_left(b as u32 % $bits)
        }
        #[inline(always)]
        pub(crate) fn $rotr(a: $u, b: $u) -> $u {
            a.rotate_right(b as u32 % $bits)
        }
    };
}

integers! { u32 i32 32:
i32_eqz i32_eq i32_ne i32_lt_s i32_lt_u i32_gt_s i32_gt_u i32_le_s i32_le_u i32_ge_s i32_ge_u
i32_clz i32_ctz i32_popcnt i32_add i32_sub i32_mul i32_div_s i32_div_u i32_rem_s i32_rem_u
i32_and i32_or i32_xor i32_shl i32_shr_s i32_shr_u i32_rotl i32_rotr }
integers! { u64 i64 64:
i64_eqz i64_eq i64_ne i64_lt_s i64_lt_u i64_gt_s i64_gt_u i64_le_s i64_le_u i64_ge_s i64_ge_u
i64_clz i64_ctz i64_popcnt i64_add i64_sub i64_mul i64_div_s i64_div_u i64_rem_s i64_rem_u
i64_and i64_or i64_xor i64_shl i64_shr_s i64_shr_u i64_rotl i64_rotr }

#[inline(always)]
pub(crate) fn i32_extend8_s(a: u32) -> u32 {
    a as i8 as u32
}
#[inline(always)]
pub(crate) fn i32_extend16_s(a: u32) -> u32 {
    a as i16 as u32
}
#[inline(always)]
pub(crate) fn i64_extend8_s(a: u64) -> u64 {
    a as i8 as u64
}
#[inline(always)]
pub(crate) fn i64_extend16_s(a: u64) -> u64 {
    a as i16 as u64
}
#[inline(always)]
pub(crate) fn i64_extend32_s(a: u64) -> u64 {
    a as i32 as u64
}
#[inline(always)]
pub(crate) fn i32_wrap_i64(a: u64) -> u32 {
    a as u32
}
#[inline(always)]
pub(crate) fn i64_extend_i32_s(a: u32) -> u64 {
    a as i32 as u64
}
#[inline(always)]
pub(crate) fn i64_extend_i32_u(a: u32) -> u64 {
    a as u64
}

#[cfg(feature = "float")]
use crate::float::compute as float_op;

/// An operand or a result in 64 bits; a value of 32 bits is the low half.
trait Bits: Copy {
    fn from_bits(bits: u64) -> Self;
    fn to_bits(self) -> u64;
}

impl Bits for u32 {
    #[inline(always)]
    fn from_bits(bits: u64) -> u32 {
        bits as u32
    }
    #[inline(always)]
    fn to_bits(self) -> u64 {
        self as u64
    }
}

impl Bits for u64 {
    #[inline(always)]
    fn from_bits(bits: u64) -> u64 {
        bits
    }
    #[inline(always)]
    fn to_bits(self) -> u64 {
        self
    }
}

macro_rules! apply {
    (unop $a:ident $b:ident $f:ident) => {
        Ok(one($f, $a))
    };
    (binop $a:ident $b:ident $f:ident) => {
        Ok(two($f, $a, $b))
    };
    (tryunop $a:ident $b:ident $f:ident) => {
        $f(Bits::from_bits($a)).map(Bits::to_bits)
    };
    (trybinop $a:ident $b:ident $f:ident) => {
        $f(Bits::from_bits($a), Bits::from_bits($b)).map(Bits::to_bits)
    };
}

#[inline(always)]
fn one<A: Bits, R: Bits>(f: impl Fn(A) -> R, a: u64) -> u64 {
    f(A::from_bits(a)).to_bits()
}

#[inline(always)]
fn two<A: Bits, R: Bits>(f: impl Fn(A, A) -> R, a: u64, b: u64) -> u64 {
    f(A::from_bits(a), A::from_bits(b)).to_bits()
}

macro_rules! dispatch {
    ($name:ident $($code:literal $op:ident $text:literal $method:ident $arity:ident $ta:ident $tr:ident $f:ident;)*) => {
        /// The result of the instruction `code` for the operands `a` and `b`; `b` has no meaning
        /// where there is one operand.
        #[inline(never)]
        fn $name(code: u16, a: u64, b: u64) -> Fallible<u64> {
            match code {
                $($code => apply!($arity a b $f),)*
                // The validator accepts no other opcode, and the loops execute those on i32 that
                // cannot trap.
                _ => Err(TrapCode::Unreachable),
            }
        }
    };
}

crate::integer_ops! { dispatch integer }

/// The comparison of i64 with this number in [`crate::relation_ops`].
fn i64_relation(which: u16, a: u64, b: u64) -> bool {
    // From `lt` on there are two of each, the signed comparison first.
    let signed = which >= 2 && which & 1 == 0;
    let order = if signed { (a as i64).cmp(&(b as i64)) } else { a.cmp(&b) };
    relation(if which < 2 { which } else { which / 2 + 1 }, Some(order))
}

/// In place of a trap's number: no trap.
pub(crate) const OK: u32 = 0;

/// Reads a value of one slot or two.
///
/// # Safety
/// `at` points at as many slots.
#[inline(always)]
unsafe fn read(at: *const u32, wide: bool) -> u64 {
    // SAFETY: the contract of this function.
    unsafe {
        if wide {
            read64(at)
        } else {
            *at as u64
        }
    }
}

/// The type of a numeric instruction.
#[inline(always)]
fn signature(code: u16) -> crate::op::Sig {
    if code < 0x100 {
        crate::op::sig(code as u8)
    } else {
        crate::op::prefixed_sig(code as u8)
    }
}

/// The result of a numeric instruction for the operands `a` and `b`.
#[inline(always)]
#[allow(non_upper_case_globals)]
fn compute(code: u16, sig: crate::op::Sig, a: u64, b: u64) -> Fallible<u64> {
    opcodes! { u16: I64Eq I64GeU }
    match code {
        I64Eq..=I64GeU => Ok(i64_relation(code - I64Eq, a, b) as u64),
        #[cfg(feature = "float")]
        _ if sig.is_float() => float_op(code, a, b),
        _ => {
            let _ = sig;
            integer(code, a, b)
        }
    }
}

/// Executes a numeric instruction that is not inline in a loop, on the operands below `top` (one
/// past the last slot). Returns the new top, and the number of a trap or `OK`.
///
/// # Safety
/// `code` is a numeric instruction whose operands lie below `top`, and the frame has the slots of
/// its result: the validator checks the operands' types and computes the frame's size.
pub unsafe fn execute(code: u16, top: *mut u32) -> (*mut u32, u32) {
    let sig = signature(code);
    let slots = sig.operand().slots() as usize;
    let at = top.wrapping_sub(if sig.is_binary() { 2 * slots } else { slots });
    // SAFETY: the contract of this function: the operands are from `at` on, one after the other,
    // and the result takes their place.
    match unsafe { on_slots(code, at, at, at.wrapping_add(slots)) } {
        OK => (at.wrapping_add(sig.value().slots() as usize), OK),
        trap => (top, trap),
    }
}

/// Executes a numeric instruction that is not inline in a loop, on operands at `a` and `b`, with
/// the result at `to`. `b` is not read where there is one operand. Returns the number of a trap or
/// [`OK`].
///
/// # Safety
/// `code` is a numeric instruction, and `to`, `a` and `b` point at as many slots as its type says.
pub(crate) unsafe fn on_slots(code: u16, to: *mut u32, a: *const u32, b: *const u32) -> u32 {
    let sig = signature(code);
    let wide = sig.operand().slots() == 2;
    // SAFETY: the contract of this function: each place has the slots of the instruction's type.
    unsafe {
        let first = read(a, wide);
        let second = if sig.is_binary() { read(b, wide) } else { 0 };
        match compute(code, sig, first, second) {
            Ok(value) => {
                *to = value as u32;
                if sig.value().slots() == 2 {
                    write64(to, value);
                }
                OK
            }
            Err(trap) => trap as u32,
        }
    }
}
