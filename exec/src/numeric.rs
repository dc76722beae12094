//! What each numeric operation computes (spec: 4.3), and the dispatch of those that the loops do not hold inline.
//!
//! Values are bits: i32 and f32 are `u32`, i64 and f64 are `u64`. A function for each row of the integer tables in
//! [`crate::op`]; its name is the last column. Floats are computed in `float`, comparisons of i64 in one function for all.

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
        pub fn $eqz(a: $u) -> u32 {
            (a == 0) as u32
        }
        #[inline(always)]
        pub fn $eq(a: $u, b: $u) -> u32 {
            (a == b) as u32
        }
        #[inline(always)]
        pub fn $ne(a: $u, b: $u) -> u32 {
            (a != b) as u32
        }
        #[inline(always)]
        pub fn $lt_s(a: $u, b: $u) -> u32 {
            ((a as $s) < b as $s) as u32
        }
        #[inline(always)]
        pub fn $lt_u(a: $u, b: $u) -> u32 {
            (a < b) as u32
        }
        #[inline(always)]
        pub fn $gt_s(a: $u, b: $u) -> u32 {
            (a as $s > b as $s) as u32
        }
        #[inline(always)]
        pub fn $gt_u(a: $u, b: $u) -> u32 {
            (a > b) as u32
        }
        #[inline(always)]
        pub fn $le_s(a: $u, b: $u) -> u32 {
            (a as $s <= b as $s) as u32
        }
        #[inline(always)]
        pub fn $le_u(a: $u, b: $u) -> u32 {
            (a <= b) as u32
        }
        #[inline(always)]
        pub fn $ge_s(a: $u, b: $u) -> u32 {
            (a as $s >= b as $s) as u32
        }
        #[inline(always)]
        pub fn $ge_u(a: $u, b: $u) -> u32 {
            (a >= b) as u32
        }
        #[inline(always)]
        pub fn $clz(a: $u) -> $u {
            a.leading_zeros() as $u
        }
        #[inline(always)]
        pub fn $ctz(a: $u) -> $u {
            a.trailing_zeros() as $u
        }
        #[inline(always)]
        pub fn $popcnt(a: $u) -> $u {
            a.count_ones() as $u
        }
        #[inline(always)]
        pub fn $add(a: $u, b: $u) -> $u {
            a.wrapping_add(b)
        }
        #[inline(always)]
        pub fn $sub(a: $u, b: $u) -> $u {
            a.wrapping_sub(b)
        }
        #[inline(always)]
        pub fn $mul(a: $u, b: $u) -> $u {
            a.wrapping_mul(b)
        }
        #[inline(always)]
        pub fn $div_s(a: $u, b: $u) -> Fallible<$u> {
            if b == 0 {
                return Err(TrapCode::IntegerDivideByZero);
            }
            (a as $s).checked_div(b as $s).map(|q| q as $u).ok_or(TrapCode::IntegerOverflow)
        }
        #[inline(always)]
        pub fn $div_u(a: $u, b: $u) -> Fallible<$u> {
            a.checked_div(b).ok_or(TrapCode::IntegerDivideByZero)
        }
        #[inline(always)]
        pub fn $rem_s(a: $u, b: $u) -> Fallible<$u> {
            if b == 0 {
                return Err(TrapCode::IntegerDivideByZero);
            }
            Ok((a as $s).wrapping_rem(b as $s) as $u)
        }
        #[inline(always)]
        pub fn $rem_u(a: $u, b: $u) -> Fallible<$u> {
            a.checked_rem(b).ok_or(TrapCode::IntegerDivideByZero)
        }
        #[inline(always)]
        pub fn $and(a: $u, b: $u) -> $u {
            a & b
        }
        #[inline(always)]
        pub fn $or(a: $u, b: $u) -> $u {
            a | b
        }
        #[inline(always)]
        pub fn $xor(a: $u, b: $u) -> $u {
            a ^ b
        }
        #[inline(always)]
        pub fn $shl(a: $u, b: $u) -> $u {
            a.wrapping_shl(b as u32)
        }
        #[inline(always)]
        pub fn $shr_s(a: $u, b: $u) -> $u {
            (a as $s).wrapping_shr(b as u32) as $u
        }
        #[inline(always)]
        pub fn $shr_u(a: $u, b: $u) -> $u {
            a.wrapping_shr(b as u32)
        }
        #[inline(always)]
        pub fn $rotl(a: $u, b: $u) -> $u {
            a.rotate_left(b as u32 % $bits)
        }
        #[inline(always)]
        pub fn $rotr(a: $u, b: $u) -> $u {
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
pub fn i32_extend8_s(a: u32) -> u32 {
    a as i8 as u32
}
#[inline(always)]
pub fn i32_extend16_s(a: u32) -> u32 {
    a as i16 as u32
}
#[inline(always)]
pub fn i64_extend8_s(a: u64) -> u64 {
    a as i8 as u64
}
#[inline(always)]
pub fn i64_extend16_s(a: u64) -> u64 {
    a as i16 as u64
}
#[inline(always)]
pub fn i64_extend32_s(a: u64) -> u64 {
    a as i32 as u64
}
#[inline(always)]
pub fn i32_wrap_i64(a: u64) -> u32 {
    a as u32
}
#[inline(always)]
pub fn i64_extend_i32_s(a: u32) -> u64 {
    a as i32 as u64
}
#[inline(always)]
pub fn i64_extend_i32_u(a: u32) -> u64 {
    a as u64
}

#[cfg(feature = "float")]
use crate::float::operation as float_op;

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
        /// The result of the operation `code` for the operands `a` and `b`; `b` means nothing where there is one operand.
        #[inline(never)]
        fn $name(code: u16, a: u64, b: u64) -> Fallible<u64> {
            match code {
                $($code => apply!($arity a b $f),)*
                // The validator lets no other code pass to here.
                _ => Err(TrapCode::Unreachable),
            }
        }
    };
}

crate::integer_ops! { dispatch integer }

/// The comparison of i64 at this place in [`crate::relation_ops`].
fn i64_relation(which: u16, a: u64, b: u64) -> bool {
    // From `lt` on there are two of each, the signed one first.
    let signed = which >= 2 && which & 1 == 0;
    let order = if signed { (a as i64).cmp(&(b as i64)) } else { a.cmp(&b) };
    relation(if which < 2 { which } else { which / 2 + 1 }, Some(order))
}

/// The code that [`execute`] gives for "no trap".
pub const OK: u32 = 0;

/// # Safety
/// As many slots lie at `at` as a value takes.
#[inline(always)]
unsafe fn read(at: *const u32, wide: bool) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        if wide {
            read64(at)
        } else {
            *at as u64
        }
    }
}

/// The type of a numeric operation.
#[inline(always)]
fn signature(code: u16) -> crate::op::Sig {
    if code < 0x100 {
        crate::op::sig(code as u8)
    } else {
        crate::op::prefixed_sig(code as u8)
    }
}

/// The result of a numeric operation for the operands `a` and `b`.
#[inline(always)]
fn compute(code: u16, sig: crate::op::Sig, a: u64, b: u64) -> Fallible<u64> {
    match code {
        0x51..=0x5a => Ok(i64_relation(code - 0x51, a, b) as u64),
        #[cfg(feature = "float")]
        _ if sig.is_float() => float_op(code, a, b),
        _ => {
            let _ = sig;
            integer(code, a, b)
        }
    }
}

/// Executes a numeric operation that a loop does not hold inline, on the operands below `top` (one past the last
/// slot of the stack). Gives the new top, and the trap's number or [`OK`].
///
/// # Safety
/// `code` is a numeric operation; its operands lie below `top`, and the stack has room for its result: both are what the
/// validator establishes for each operation.
pub unsafe fn execute(code: u16, top: *mut u32) -> (*mut u32, u32) {
    let sig = signature(code);
    let slots = sig.operand().slots() as usize;
    let at = top.wrapping_sub(if sig.is_binary() { 2 * slots } else { slots });
    // SAFETY: the caller's promise: the signature says how many slots the operands and the result take.
    match unsafe { on_slots(code, at, at, at.wrapping_add(slots)) } {
        OK => (at.wrapping_add(sig.value().slots() as usize), OK),
        trap => (top, trap),
    }
}

/// The same with the places of the result and of both operands. What `b` points at does not matter where there is one operand. Gives the trap's number or [`OK`].
///
/// # Safety
/// `code` is a numeric operation, and each place has as many slots as its type takes.
pub unsafe fn on_slots(code: u16, to: *mut u32, a: *const u32, b: *const u32) -> u32 {
    let sig = signature(code);
    let wide = sig.operand().slots() == 2;
    // SAFETY: the caller's promise.
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
