//! What each numeric operation computes (spec: 4.3), and the dispatch of those that the loops do not hold inline.
//!
//! Values are bits: i32 and f32 are `u32`, i64 and f64 are `u64`. A function for each row of the tables in
//! [`crate::op`]; its name is the last column.

use crate::frame::{read64, write64};
use crate::trap::TrapCode;

type Fallible<T> = Result<T, TrapCode>;

macro_rules! integers {
    ($u:ident $s:ident $bits:literal:
     $eqz:ident $eq:ident $ne:ident $lt_s:ident $lt_u:ident $gt_s:ident $gt_u:ident $le_s:ident $le_u:ident $ge_s:ident $ge_u:ident
     $clz:ident $ctz:ident $popcnt:ident $add:ident $sub:ident $mul:ident $div_s:ident $div_u:ident $rem_s:ident $rem_u:ident
     $and:ident $or:ident $xor:ident $shl:ident $shr_s:ident $shr_u:ident $rotl:ident $rotr:ident) => {
        #[inline(always)] pub fn $eqz(a: $u) -> u32 { (a == 0) as u32 }
        #[inline(always)] pub fn $eq(a: $u, b: $u) -> u32 { (a == b) as u32 }
        #[inline(always)] pub fn $ne(a: $u, b: $u) -> u32 { (a != b) as u32 }
        #[inline(always)] pub fn $lt_s(a: $u, b: $u) -> u32 { ((a as $s) < b as $s) as u32 }
        #[inline(always)] pub fn $lt_u(a: $u, b: $u) -> u32 { (a < b) as u32 }
        #[inline(always)] pub fn $gt_s(a: $u, b: $u) -> u32 { (a as $s > b as $s) as u32 }
        #[inline(always)] pub fn $gt_u(a: $u, b: $u) -> u32 { (a > b) as u32 }
        #[inline(always)] pub fn $le_s(a: $u, b: $u) -> u32 { (a as $s <= b as $s) as u32 }
        #[inline(always)] pub fn $le_u(a: $u, b: $u) -> u32 { (a <= b) as u32 }
        #[inline(always)] pub fn $ge_s(a: $u, b: $u) -> u32 { (a as $s >= b as $s) as u32 }
        #[inline(always)] pub fn $ge_u(a: $u, b: $u) -> u32 { (a >= b) as u32 }
        #[inline(always)] pub fn $clz(a: $u) -> $u { a.leading_zeros() as $u }
        #[inline(always)] pub fn $ctz(a: $u) -> $u { a.trailing_zeros() as $u }
        #[inline(always)] pub fn $popcnt(a: $u) -> $u { a.count_ones() as $u }
        #[inline(always)] pub fn $add(a: $u, b: $u) -> $u { a.wrapping_add(b) }
        #[inline(always)] pub fn $sub(a: $u, b: $u) -> $u { a.wrapping_sub(b) }
        #[inline(always)] pub fn $mul(a: $u, b: $u) -> $u { a.wrapping_mul(b) }
        #[inline(always)] pub fn $div_s(a: $u, b: $u) -> Fallible<$u> {
            if b == 0 { return Err(TrapCode::IntegerDivideByZero); }
            (a as $s).checked_div(b as $s).map(|q| q as $u).ok_or(TrapCode::IntegerOverflow)
        }
        #[inline(always)] pub fn $div_u(a: $u, b: $u) -> Fallible<$u> { a.checked_div(b).ok_or(TrapCode::IntegerDivideByZero) }
        #[inline(always)] pub fn $rem_s(a: $u, b: $u) -> Fallible<$u> {
            if b == 0 { return Err(TrapCode::IntegerDivideByZero); }
            Ok((a as $s).wrapping_rem(b as $s) as $u)
        }
        #[inline(always)] pub fn $rem_u(a: $u, b: $u) -> Fallible<$u> { a.checked_rem(b).ok_or(TrapCode::IntegerDivideByZero) }
        #[inline(always)] pub fn $and(a: $u, b: $u) -> $u { a & b }
        #[inline(always)] pub fn $or(a: $u, b: $u) -> $u { a | b }
        #[inline(always)] pub fn $xor(a: $u, b: $u) -> $u { a ^ b }
        #[inline(always)] pub fn $shl(a: $u, b: $u) -> $u { a.wrapping_shl(b as u32) }
        #[inline(always)] pub fn $shr_s(a: $u, b: $u) -> $u { (a as $s).wrapping_shr(b as u32) as $u }
        #[inline(always)] pub fn $shr_u(a: $u, b: $u) -> $u { a.wrapping_shr(b as u32) }
        #[inline(always)] pub fn $rotl(a: $u, b: $u) -> $u { a.rotate_left(b as u32 % $bits) }
        #[inline(always)] pub fn $rotr(a: $u, b: $u) -> $u { a.rotate_right(b as u32 % $bits) }
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
pub use float::*;

#[cfg(feature = "float")]
mod float {
    //! IEEE 754 arithmetic (spec: 4.3.3). A NaN that an operation makes is quiet; which one is left open.
    use super::Fallible;
    use crate::trap::TrapCode;

    macro_rules! floats {
        ($f:ident $u:ident: $eq:ident $ne:ident $lt:ident $gt:ident $le:ident $ge:ident
         $abs:ident $neg:ident $ceil:ident $floor:ident $trunc:ident $nearest:ident $sqrt:ident
         $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident $copysign:ident $round:ident;
         $bits_sqrt:ident) => {
            #[inline(always)] pub fn $eq(a: $u, b: $u) -> u32 { ($f::from_bits(a) == $f::from_bits(b)) as u32 }
            #[inline(always)] pub fn $ne(a: $u, b: $u) -> u32 { ($f::from_bits(a) != $f::from_bits(b)) as u32 }
            #[inline(always)] pub fn $lt(a: $u, b: $u) -> u32 { ($f::from_bits(a) < $f::from_bits(b)) as u32 }
            #[inline(always)] pub fn $gt(a: $u, b: $u) -> u32 { ($f::from_bits(a) > $f::from_bits(b)) as u32 }
            #[inline(always)] pub fn $le(a: $u, b: $u) -> u32 { ($f::from_bits(a) <= $f::from_bits(b)) as u32 }
            #[inline(always)] pub fn $ge(a: $u, b: $u) -> u32 { ($f::from_bits(a) >= $f::from_bits(b)) as u32 }
            #[inline(always)] pub fn $abs(a: $u) -> $u { a & $u::MAX >> 1 }
            #[inline(always)] pub fn $neg(a: $u) -> $u { a ^ !($u::MAX >> 1) }
            #[inline(always)] pub fn $copysign(a: $u, b: $u) -> $u { a & $u::MAX >> 1 | b & !($u::MAX >> 1) }
            #[inline(always)] pub fn $add(a: $u, b: $u) -> $u { ($f::from_bits(a) + $f::from_bits(b)).to_bits() }
            #[inline(always)] pub fn $sub(a: $u, b: $u) -> $u { ($f::from_bits(a) - $f::from_bits(b)).to_bits() }
            #[inline(always)] pub fn $mul(a: $u, b: $u) -> $u { ($f::from_bits(a) * $f::from_bits(b)).to_bits() }
            #[inline(always)] pub fn $div(a: $u, b: $u) -> $u { ($f::from_bits(a) / $f::from_bits(b)).to_bits() }
            #[inline(always)] pub fn $sqrt(a: $u) -> $u { $bits_sqrt(a) }
            #[inline(always)] pub fn $ceil(a: $u) -> $u { $round(a, Rounding::Up) }
            #[inline(always)] pub fn $floor(a: $u) -> $u { $round(a, Rounding::Down) }
            #[inline(always)] pub fn $trunc(a: $u) -> $u { $round(a, Rounding::TowardsZero) }
            #[inline(always)] pub fn $nearest(a: $u) -> $u { $round(a, Rounding::Nearest) }

            /// Rounds to an integral value on the bits, so that no float operation is needed.
            #[inline(never)]
            fn $round(a: $u, mode: Rounding) -> $u {
                const SIGN: $u = !($u::MAX >> 1);
                const FRACTION: u32 = $f::MANTISSA_DIGITS - 1;
                const BIAS: i32 = $f::MAX_EXP - 1;
                const ONE: $u = (BIAS as $u) << FRACTION;
                const QUIET: $u = 1 << (FRACTION - 1);
                let exponent = (((a & !SIGN) >> FRACTION) as i32).wrapping_sub(BIAS);
                if exponent >= FRACTION as i32 {
                    // Integral already, infinite, or a NaN, which has to become quiet.
                    return if a & !SIGN > (($u::MAX >> 1) >> FRACTION) << FRACTION { a | QUIET } else { a };
                }
                let negative = a & SIGN != 0;
                if exponent < 0 {
                    // The magnitude is below one.
                    if a & !SIGN == 0 { return a; }
                    let away = match mode {
                        Rounding::Up => !negative,
                        Rounding::Down => negative,
                        Rounding::TowardsZero => false,
                        // Exactly one half goes to the even zero.
                        Rounding::Nearest => exponent == -1 && a & ((1 << FRACTION) - 1) != 0,
                    };
                    return a & SIGN | if away { ONE } else { 0 };
                }
                let unit = (1 as $u) << (FRACTION as i32 - exponent) as u32;
                let rest = a & (unit - 1);
                let whole = a & !(unit - 1);
                let half = unit >> 1;
                let away = match mode {
                    Rounding::Up => !negative && rest != 0,
                    Rounding::Down => negative && rest != 0,
                    Rounding::TowardsZero => false,
                    Rounding::Nearest => rest > half || rest == half && {
                        // At exponent 0 the unit is the implicit one, which is odd.
                        if exponent == 0 { true } else { whole & unit != 0 }
                    },
                };
                // A carry out of the fraction moves on into the exponent, as it should.
                if away { whole.wrapping_add(unit) } else { whole }
            }

            #[inline(always)] pub fn $min(a: $u, b: $u) -> $u { extremum::$f(a, b, true) }
            #[inline(always)] pub fn $max(a: $u, b: $u) -> $u { extremum::$f(a, b, false) }
        };
    }

    #[derive(Clone, Copy)]
    enum Rounding {
        Up,
        Down,
        TowardsZero,
        Nearest,
    }

    floats! { f32 u32: f32_eq f32_ne f32_lt f32_gt f32_le f32_ge
        f32_abs f32_neg f32_ceil f32_floor f32_trunc f32_nearest f32_sqrt
        f32_add f32_sub f32_mul f32_div f32_min f32_max f32_copysign f32_round; sqrt32 }
    floats! { f64 u64: f64_eq f64_ne f64_lt f64_gt f64_le f64_ge
        f64_abs f64_neg f64_ceil f64_floor f64_trunc f64_nearest f64_sqrt
        f64_add f64_sub f64_mul f64_div f64_min f64_max f64_copysign f64_round; sqrt64 }

    /// The square root, correctly rounded, one bit at a time: short rather than fast, as soft float is anyway.
    #[inline(never)]
    fn sqrt64(a: u64) -> u64 {
        const FRACTION: u32 = 52;
        const ONE: u64 = 1 << FRACTION;
        const INFINITY: u64 = f64::INFINITY.to_bits();
        if a << 1 == 0 || a == INFINITY {
            return a;
        }
        if a > INFINITY {
            // Negative, or a NaN: a quiet NaN.
            return if a << 1 > INFINITY << 1 { a | ONE >> 1 } else { f64::NAN.to_bits() };
        }
        let mut exponent = (a >> FRACTION) as i32;
        let mut rest = a & (ONE - 1);
        if exponent == 0 {
            // Subnormal: brought to the form of the others.
            let shift = rest.leading_zeros() - 11;
            rest <<= shift;
            exponent = 1 - shift as i32;
        }
        rest |= ONE;
        exponent -= 1023;
        if exponent & 1 != 0 {
            rest <<= 1;
        }
        exponent >>= 1;
        // 53 bits of the root, and one for rounding.
        rest <<= 1;
        let mut root = 0u64;
        let mut twice = 0u64;
        let mut bit = ONE << 1;
        while bit != 0 {
            let trial = twice + bit;
            if trial <= rest {
                twice = trial + bit;
                rest -= trial;
                root += bit;
            }
            rest <<= 1;
            bit >>= 1;
        }
        // A root is never exactly half way, so what is left over rounds up whenever the last bit is set.
        root += root & 1;
        (root >> 1).wrapping_add(((exponent + 1022) as u64) << FRACTION)
    }

    /// By way of f64: its 53 bits are more than twice 24 + 2, so rounding twice gives what rounding once does.
    fn sqrt32(a: u32) -> u32 {
        f32_demote_f64(sqrt64(f64_promote_f32(a)))
    }

    mod extremum {
        //! Minimum and maximum on the bits: NaN wins, and -0 is less than +0 (spec: 4.3.3, fmin).
        macro_rules! extremum {
            ($f:ident $u:ident $s:ident) => {
                #[inline(never)]
                pub fn $f(a: $u, b: $u, least: bool) -> $u {
                    const INFINITY: $u = $f::INFINITY.to_bits();
                    const QUIET: $u = 1 << ($f::MANTISSA_DIGITS - 2);
                    if a & $u::MAX >> 1 > INFINITY {
                        return a | QUIET;
                    }
                    if b & $u::MAX >> 1 > INFINITY {
                        return b | QUIET;
                    }
                    // Sign and magnitude, made comparable as two's complement.
                    let key = |x: $u| (x as $s) ^ (((x as $s) >> ($u::BITS - 1)) as $u >> 1) as $s;
                    if (key(a) < key(b)) == least { a } else { b }
                }
            };
        }
        extremum! { f32 u32 i32 }
        extremum! { f64 u64 i64 }
    }

    macro_rules! truncations {
        ($($f:ident $from:ident $to:ident $out:ident: $trap:ident $sat:ident;)*) => { $(
            #[inline(always)]
            pub fn $sat(a: $from) -> $out { $f::from_bits(a) as $to as $out }

            #[inline(always)]
            pub fn $trap(a: $from) -> Fallible<$out> {
                let value = $f::from_bits(a);
                if value != value {
                    return Err(TrapCode::InvalidConversionToInteger);
                }
                // Both bounds are powers of two, or one off where the type has no fraction bits left; exact in any case.
                let below = value <= $to::MIN as $f - 1.0 && value < $to::MIN as $f;
                let above = value >= ($to::MAX / 2 + 1) as $f * 2.0;
                if below || above {
                    return Err(TrapCode::IntegerOverflow);
                }
                Ok(value as $to as $out)
            }
        )* };
    }

    truncations! {
        f32 u32 i32 u32: i32_trunc_f32_s i32_trunc_sat_f32_s;
        f32 u32 u32 u32: i32_trunc_f32_u i32_trunc_sat_f32_u;
        f64 u64 i32 u32: i32_trunc_f64_s i32_trunc_sat_f64_s;
        f64 u64 u32 u32: i32_trunc_f64_u i32_trunc_sat_f64_u;
        f32 u32 i64 u64: i64_trunc_f32_s i64_trunc_sat_f32_s;
        f32 u32 u64 u64: i64_trunc_f32_u i64_trunc_sat_f32_u;
        f64 u64 i64 u64: i64_trunc_f64_s i64_trunc_sat_f64_s;
        f64 u64 u64 u64: i64_trunc_f64_u i64_trunc_sat_f64_u;
    }

    macro_rules! conversions {
        ($($name:ident $from:ident $via:ident $f:ident $to:ident;)*) => {
            $(#[inline(always)] pub fn $name(a: $from) -> $to { (a as $via as $f).to_bits() })*
        };
    }

    conversions! {
        f32_convert_i32_s u32 i32 f32 u32;
        f32_convert_i32_u u32 u32 f32 u32;
        f32_convert_i64_s u64 i64 f32 u32;
        f32_convert_i64_u u64 u64 f32 u32;
        f64_convert_i32_s u32 i32 f64 u64;
        f64_convert_i32_u u32 u32 f64 u64;
        f64_convert_i64_s u64 i64 f64 u64;
        f64_convert_i64_u u64 u64 f64 u64;
    }

    #[inline(always)]
    pub fn f32_demote_f64(a: u64) -> u32 {
        (f64::from_bits(a) as f32).to_bits()
    }
    #[inline(always)]
    pub fn f64_promote_f32(a: u32) -> u64 {
        (f32::from_bits(a) as f64).to_bits()
    }
    #[inline(always)]
    pub fn reinterpret32(a: u32) -> u32 {
        a
    }
    #[inline(always)]
    pub fn reinterpret64(a: u64) -> u64 {
        a
    }
}

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
    (unop $a:ident $b:ident $f:ident) => { Ok(one($f, $a)) };
    (binop $a:ident $b:ident $f:ident) => { Ok(two($f, $a, $b)) };
    (tryunop $a:ident $b:ident $f:ident) => { $f(Bits::from_bits($a)).map(Bits::to_bits) };
    (trybinop $a:ident $b:ident $f:ident) => { $f(Bits::from_bits($a), Bits::from_bits($b)).map(Bits::to_bits) };
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
    ($name:ident $($code:literal $op:ident $text:literal $shape:ident $ta:ident $tr:ident $f:ident;)*) => {
        /// The result of the operation `code` for the operands `a` and `b`; `b` means nothing where there is one operand.
        #[inline(never)]
        fn $name(code: u16, a: u64, b: u64) -> Fallible<u64> {
            match code {
                $($code => apply!($shape a b $f),)*
                // The validator lets no other code pass to here.
                _ => Err(TrapCode::Unreachable),
            }
        }
    };
}

crate::integer_ops! { dispatch integer }
#[cfg(feature = "float")]
crate::float_ops! { dispatch float_op }

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

/// Executes a numeric operation that a loop does not hold inline, on the operands below `top` (one past the last
/// slot of the stack). Gives the new top, and the trap's number or [`OK`].
///
/// # Safety
/// `code` is a numeric operation; its operands lie below `top`, and the stack has room for its result: both are what the
/// validator establishes for each operation.
pub unsafe fn execute(code: u16, top: *mut u32) -> (*mut u32, u32) {
    let sig = if code < 0x100 { crate::op::sig(code as u8) } else { crate::op::prefixed_sig(code as u8) };
    let wide = sig.operand().slots() == 2;
    let slots = sig.operand().slots() as usize;
    // SAFETY: the caller's promise: the signature says how many slots the operands and the result take.
    unsafe {
        let mut at = top.sub(slots);
        let mut a = read(at, wide);
        let mut b = 0;
        if sig.is_binary() {
            b = a;
            at = at.sub(slots);
            a = read(at, wide);
        }
        #[cfg(feature = "float")]
        let result = if sig.is_float() { float_op(code, a, b) } else { integer(code, a, b) };
        #[cfg(not(feature = "float"))]
        let result = integer(code, a, b);
        match result {
            Ok(value) => {
                *at = value as u32;
                if sig.value().slots() == 2 {
                    write64(at, value);
                }
                (at.add(sig.value().slots() as usize), OK)
            }
            Err(trap) => (top, trap as u32),
        }
    }
}

#[cfg(all(test, feature = "float"))]
mod tests {
    use super::*;

    #[test]
    fn rounding_agrees_with_std() {
        extern crate std;
        let mut bits = 0x1234_5678u32;
        for step in 0..200_000u32 {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Half of the samples near the interesting exponents.
            let sample = if step % 2 == 0 { bits } else { bits & 0x80ff_ffff | (120 + (bits >> 24) % 32) << 23 };
            let x = f32::from_bits(sample);
            if x.is_nan() {
                continue;
            }
            assert_eq!(f32_ceil(sample), x.ceil().to_bits(), "ceil {x:?}");
            assert_eq!(f32_floor(sample), x.floor().to_bits(), "floor {x:?}");
            assert_eq!(f32_trunc(sample), x.trunc().to_bits(), "trunc {x:?}");
            assert_eq!(f32_nearest(sample), x.round_ties_even().to_bits(), "nearest {x:?}");
            let y = x as f64 * 1.000_000_1;
            assert_eq!(f64_ceil(y.to_bits()), y.ceil().to_bits(), "ceil {y:?}");
            assert_eq!(f64_nearest(y.to_bits()), y.round_ties_even().to_bits(), "nearest {y:?}");
            for z in [y.abs(), f64::from_bits(y.to_bits() >> 1), f64::from_bits(bits as u64)] {
                assert_eq!(f64_sqrt(z.to_bits()), z.sqrt().to_bits(), "sqrt {z:?}");
            }
            assert_eq!(f32_sqrt(x.abs().to_bits()), x.abs().sqrt().to_bits(), "sqrt {x:?}");
        }
    }

    #[test]
    fn truncation_traps_at_the_exact_bounds() {
        assert_eq!(i32_trunc_f64_s((-2147483648.9f64).to_bits()), Ok(i32::MIN as u32));
        assert_eq!(i32_trunc_f64_s((-2147483649.0f64).to_bits()), Err(TrapCode::IntegerOverflow));
        assert_eq!(i32_trunc_f64_s(2147483647.9f64.to_bits()), Ok(i32::MAX as u32));
        assert_eq!(i32_trunc_f64_s(2147483648.0f64.to_bits()), Err(TrapCode::IntegerOverflow));
        assert_eq!(i32_trunc_f32_s((-2147483648.0f32).to_bits()), Ok(i32::MIN as u32));
        assert_eq!(i32_trunc_f32_s((-2147483904.0f32).to_bits()), Err(TrapCode::IntegerOverflow));
        assert_eq!(i32_trunc_f32_u((-0.9f32).to_bits()), Ok(0));
        assert_eq!(i32_trunc_f32_u((-1.0f32).to_bits()), Err(TrapCode::IntegerOverflow));
        assert_eq!(i64_trunc_f64_u(18446744073709551616.0f64.to_bits()), Err(TrapCode::IntegerOverflow));
        assert_eq!(i64_trunc_f64_s((-9223372036854775808.0f64).to_bits()), Ok(i64::MIN as u64));
        assert_eq!(i64_trunc_f64_s(f64::NAN.to_bits()), Err(TrapCode::InvalidConversionToInteger));
    }

    #[test]
    fn extrema_order_zeros_and_prefer_nan() {
        let zero = 0.0f64.to_bits();
        let minus = (-0.0f64).to_bits();
        assert_eq!(f64_min(zero, minus), minus);
        assert_eq!(f64_max(minus, zero), zero);
        assert_eq!(f64_min(f64::INFINITY.to_bits(), 1.0f64.to_bits()), 1.0f64.to_bits());
        assert_eq!(f64_max((-3.0f64).to_bits(), (-2.0f64).to_bits()), (-2.0f64).to_bits());
        assert!(f64::from_bits(f64_min(1.0f64.to_bits(), f64::NAN.to_bits())).is_nan());
    }
}
