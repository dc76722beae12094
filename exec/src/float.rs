//! Instructions on floats, and conversions between floats and integers (spec: 4.3.3, 4.3.4).
//!
//! The code is written for size: what differs only in width exists once. Values are *left-aligned*,
//! with the sign in bit 63, so that signs, comparisons, minimum and maximum are the same for f32
//! and f64. Roundings, truncations and the square root of an f32 use the f64 of the same value,
//! which is exact. The target's floating point (or its library) computes what remains: add,
//! subtract, multiply and divide in both widths, and the conversions between the two.
//!
//! A NaN that an instruction computes is quiet; the specification leaves open which one it is.
//!
//! Depends on nothing but the target's floats. Owns the semantics of floats for both modes.

// Opcodes have the names of their instructions.
#![allow(non_upper_case_globals)]

use crate::relation::relation;
use crate::TrapCode;
use core::cmp::Ordering;

const SIGN: u64 = 1 << 63;
/// Bits of the fraction of an f64.
const FRACTION: u32 = 52;
const ONE: u64 = 1 << FRACTION;
const INFINITY: u64 = f64::INFINITY.to_bits();

/// The f64 of an f32. A NaN becomes quiet, which not every target's library does.
fn promote(a: u64) -> u64 {
    let quiet = if a & 0x7fff_ffff > 0x7f80_0000 { ONE >> 1 } else { 0 };
    (f32::from_bits(a as u32) as f64).to_bits() | quiet
}

/// The f32 of an f64.
fn demote(a: u64) -> u64 {
    (f64::from_bits(a) as f32).to_bits() as u64
}

/// Compares two left-aligned values, where `infinity` is the greatest number; `None` when one of
/// them is a NaN.
#[inline]
pub(crate) fn compare(a: u64, b: u64, infinity: u64) -> Option<Ordering> {
    if a & !SIGN > infinity || b & !SIGN > infinity {
        return None;
    }
    // Sign and magnitude, made comparable as two's complement; both zeros become 0.
    let key = |x: u64| if x & SIGN != 0 { (x & !SIGN).wrapping_neg() as i64 } else { x as i64 };
    Some(key(a).cmp(&key(b)))
}

/// The lesser or the greater value. The result is a NaN when one of them is, and -0 is less than
/// +0.
fn extremum(a: u64, b: u64, infinity: u64, least: bool) -> u64 {
    // The highest bit of the fraction makes a NaN quiet.
    let quiet = (infinity & infinity.wrapping_neg()) >> 1;
    match compare(a, b, infinity) {
        None => (if a & !SIGN > infinity { a } else { b }) | quiet,
        // Equal, or both zero: the minimum is negative if one of them is, the maximum if both are.
        Some(Ordering::Equal) if least => a | b,
        Some(Ordering::Equal) => a & b,
        Some(order) if (order == Ordering::Less) == least => a,
        Some(_) => b,
    }
}

/// The direction of a rounding: `ceil floor trunc nearest`, in the order of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Up,
    Down,
    TowardsZero,
    Nearest,
}

/// Rounds an f64 to an integral value.
fn round(a: u64, mode: Rounding) -> u64 {
    let exponent = ((a & !SIGN) >> FRACTION) as i32 - 1023;
    if exponent >= FRACTION as i32 {
        // Integral, infinite, or a NaN, which becomes quiet.
        return if a & !SIGN > INFINITY { a | ONE >> 1 } else { a };
    }
    let negative = a & SIGN != 0;
    // The result is 0 or 1 with the sign when the value is below one. Else the unit is the bit
    // whose value is one.
    let small = exponent < 0;
    let unit = if small { SIGN } else { ONE >> exponent };
    let rest = if small { a & !SIGN } else { a & (unit - 1) };
    let away = match mode {
        Rounding::Up => !negative && rest != 0,
        Rounding::Down => negative && rest != 0,
        Rounding::TowardsZero => false,
        // A half is rounded to the even neighbour: below one to 0, else to the one whose unit is 0.
        // At exponent 0 the unit is the implicit one, which is set.
        Rounding::Nearest if small => exponent == -1 && a & (ONE - 1) != 0,
        Rounding::Nearest => {
            rest > unit >> 1 || rest == unit >> 1 && (exponent == 0 || a & unit != 0)
        }
    };
    match (small, away) {
        (true, true) => a & SIGN | 1023 << FRACTION,
        (true, false) => a & SIGN,
        // A carry out of the fraction increments the exponent, as it has to.
        (false, true) => (a & !(unit - 1)).wrapping_add(unit),
        (false, false) => a & !(unit - 1),
    }
}

/// The square root of an f64, correctly rounded, one bit at a time: short rather than fast, as soft
/// float is.
fn sqrt(a: u64) -> u64 {
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
        // Subnormal: normalized.
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
    // A root is never exactly half way between two values, so the last bit alone decides whether to
    // round up.
    root += root & 1;
    (root >> 1).wrapping_add(((exponent + 1022) as u64) << FRACTION)
}

/// Truncates an f64 to an integer of 32 or 64 bits. A value out of range is a trap, or the nearest
/// integer when `saturate`.
fn truncate(a: u64, signed: bool, wide: bool, saturate: bool) -> Result<u64, TrapCode> {
    let negative = a & SIGN != 0;
    if a & !SIGN > INFINITY {
        return if saturate { Ok(0) } else { Err(TrapCode::InvalidConversionToInteger) };
    }
    let exponent = ((a & !SIGN) >> FRACTION) as i32 - 1023;
    let mantissa = a & (ONE - 1) | ONE;
    let magnitude = match exponent {
        ..=-1 => 0,
        0..=51 => mantissa >> (52 - exponent),
        52..=63 => mantissa << (exponent - 52),
        _ => u64::MAX,
    };
    let bits = if wide { 64 } else { 32 };
    // The greatest magnitude in range: 2^n - 1, or 2^(n-1), less one for a positive number.
    let most = match (signed, negative) {
        (false, false) => u64::MAX >> (64 - bits),
        (false, true) => 0,
        (true, _) => (1 << (bits - 1)) - !negative as u64,
    };
    let clamped = if magnitude > most || exponent > 63 {
        if !saturate {
            return Err(TrapCode::IntegerOverflow);
        }
        most
    } else {
        magnitude
    };
    Ok(if negative { clamped.wrapping_neg() } else { clamped })
}

/// The float of an integer as an f64, rounded to `digits` binary digits: to the nearest value,
/// halves to the even one.
fn from_integer(value: u64, negative: bool, digits: u32) -> u64 {
    let magnitude = if negative { value.wrapping_neg() } else { value };
    if magnitude == 0 {
        return 0;
    }
    let shift = magnitude.leading_zeros();
    let normal = magnitude << shift;
    // The highest `digits` bits are kept; the rest decides the rounding.
    let dropped = 64 - digits;
    let kept = normal >> dropped;
    let rest = normal << digits;
    let up = rest > SIGN || rest == SIGN && kept & 1 != 0;
    // `kept` has its implicit one, which is added to the exponent, and so is a carry.
    let mantissa = (kept + up as u64) << (53 - digits);
    let exponent = (1023 + 62 - shift as u64) << FRACTION;
    (mantissa + exponent) | if negative { SIGN } else { 0 }
}

/// Add, subtract, multiply and divide, in the order of the table.
macro_rules! arithmetic {
    ($f:ident $u:ident $name:ident) => {
        fn $name(which: u16, a: u64, b: u64) -> u64 {
            let (a, b) = ($f::from_bits(a as $u), $f::from_bits(b as $u));
            let result = match which {
                0 => a + b,
                1 => a - b,
                2 => a * b,
                _ => a / b,
            };
            result.to_bits() as u64
        }
    };
}
arithmetic! { f32 u32 arithmetic32 }
arithmetic! { f64 u64 arithmetic64 }

/// The result of the instruction `code` of [`crate::float_ops`] for the operands `a` and `b` in
/// their low bits; `b` has no meaning where there is one operand.
#[inline(never)]
pub(crate) fn compute(code: u16, a: u64, b: u64) -> Result<u64, TrapCode> {
    opcodes! { u16:
        F32Eq F64Eq F64Ge F32Abs F64Abs F64Copysign I32TruncF32S I32TruncF64U I64TruncF32S
        I64TruncF64U F32ConvertI32S F32ConvertI64U F32DemoteF64 F64ConvertI32S F64ConvertI64U
        F64PromoteF32 I32TruncSatF32S I64TruncSatF64U
    }
    // The opcodes of f32 and of f64 have the same order.
    let family = |first32: u16, first64: u16| {
        (code >= first64, code - if code >= first64 { first64 } else { first32 })
    };
    Ok(match code {
        F32Eq..=F64Ge => {
            let (double, which) = family(F32Eq, F64Eq);
            let shift = if double { 0 } else { 32 };
            let infinity = if double { INFINITY } else { (f32::INFINITY.to_bits() as u64) << 32 };
            relation(which, compare(a << shift, b << shift, infinity)) as u64
        }
        F32Abs..=F64Copysign => {
            let (double, which) = family(F32Abs, F64Abs);
            let shift = if double { 0 } else { 32 };
            let infinity = if double { INFINITY } else { (f32::INFINITY.to_bits() as u64) << 32 };
            let (left, right) = (a << shift, b << shift);
            match which {
                0 => (left & !SIGN) >> shift,
                1 => (left ^ SIGN) >> shift,
                2..=6 => {
                    let value = if double { a } else { promote(a) };
                    let value = match which {
                        2 => round(value, Rounding::Up),
                        3 => round(value, Rounding::Down),
                        4 => round(value, Rounding::TowardsZero),
                        5 => round(value, Rounding::Nearest),
                        // The 53 bits of an f64 are more than twice 24 + 2, so rounding twice is
                        // the same as rounding once.
                        _ => sqrt(value),
                    };
                    if double {
                        value
                    } else {
                        demote(value)
                    }
                }
                7..=10 if double => arithmetic64(which - 7, a, b),
                7..=10 => arithmetic32(which - 7, a, b),
                11 | 12 => extremum(left, right, infinity, which == 11) >> shift,
                _ => (left & !SIGN | right & SIGN) >> shift,
            }
        }
        I32TruncF32S..=I64TruncF64U | I32TruncSatF32S..=I64TruncSatF64U => {
            // Truncations, in groups of four: of f32 signed and unsigned, of f64 signed and
            // unsigned.
            let (wide, which, saturate) = match code {
                I32TruncF32S..=I32TruncF64U => (false, code - I32TruncF32S, false),
                I64TruncF32S..=I64TruncF64U => (true, code - I64TruncF32S, false),
                _ => (code & 4 != 0, code & 3, true),
            };
            truncate(if which < 2 { promote(a) } else { a }, which & 1 == 0, wide, saturate)?
        }
        F32ConvertI32S..=F32ConvertI64U | F64ConvertI32S..=F64ConvertI64U => {
            // Conversions, in groups of four: of i32 signed and unsigned, of i64 signed and
            // unsigned.
            let double = code >= F64ConvertI32S;
            let which = code - if double { F64ConvertI32S } else { F32ConvertI32S };
            let value = if which == 0 { a as i32 as i64 as u64 } else { a };
            let float = from_integer(
                value,
                which & 1 == 0 && value & SIGN != 0,
                if double { 53 } else { 24 },
            );
            if double {
                float
            } else {
                demote(float)
            }
        }
        F32DemoteF64 => demote(a),
        F64PromoteF32 => promote(a),
        // Reinterpretations.
        _ => a,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::vec::Vec;

    opcodes! { u16:
        F32Eq F64Eq F32Abs F32Neg F32Ceil F32Add F32Min F32Max F32Copysign F64Abs F64Neg F64Add
        F64Min F64Max F64Copysign F32DemoteF64 F64PromoteF32 I32TruncF32S I32TruncF32U I64TruncF32S
        I64TruncF32U I32TruncF64S I32TruncSatF32U I64TruncSatF32S
        I32TruncF64U I64TruncF64S I64TruncF64U F32ConvertI32S F32ConvertI32U F32ConvertI64S
        F32ConvertI64U F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U
        I32TruncSatF32S I32TruncSatF64S I32TruncSatF64U I64TruncSatF32U I64TruncSatF64S
        I64TruncSatF64U
    }

    fn op(code: u16, a: u64, b: u64) -> u64 {
        compute(code, a, b).unwrap()
    }

    /// Whether two f64 are the same, or both NaNs of which the first is quiet.
    fn same(a: u64, b: u64) -> bool {
        a == b || f64::from_bits(a).is_nan() && f64::from_bits(b).is_nan() && a & ONE >> 1 != 0
    }

    fn same32(a: u64, b: u32) -> bool {
        a == b as u64
            || f32::from_bits(a as u32).is_nan() && f32::from_bits(b).is_nan() && a & 1 << 22 != 0
    }

    #[test]
    fn agrees_with_the_host() {
        let mut state = 1u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        };
        let special = [
            0.0,
            -0.0,
            0.5,
            -0.5,
            1.5,
            2.5,
            1e300,
            f64::MIN_POSITIVE,
            5e-324,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        for step in 0..if cfg!(miri) { 200 } else { 400_000usize } {
            // Any bits, special values, or exponents near those of integers.
            let mut pick = || match random() % 4 {
                0 => random(),
                1 => special[random() as usize % special.len()].to_bits(),
                _ => (random() & (SIGN | (ONE - 1))) | ((1023 - 4 + random() % 72) << 52),
            };
            let (a, b) = (pick(), pick());
            let (x, y) = (f64::from_bits(a), f64::from_bits(b));
            for (which, is) in
                [x == y, x != y, x < y, x > y, x <= y, x >= y].into_iter().enumerate()
            {
                assert_eq!(op(F64Eq + which as u16, a, b), is as u64, "{which} {x:?} {y:?}");
            }
            let unary =
                [x.abs(), -x, x.ceil(), x.floor(), x.trunc(), x.round_ties_even(), x.sqrt()];
            for (which, is) in unary.into_iter().enumerate() {
                let got = op(F64Abs + which as u16, a, 0);
                assert!(
                    same(got, is.to_bits()) || which < 2 && got == is.to_bits(),
                    "{which} {x:?} {got:x}"
                );
                // A NaN stays the same NaN, quiet.
                assert!(!x.is_nan() || which < 2 || got == a | ONE >> 1, "{which} {a:x} {got:x}");
            }
            let binary = [x + y, x - y, x * y, x / y];
            for (which, is) in binary.into_iter().enumerate() {
                assert!(same(op(F64Add + which as u16, a, b), is.to_bits()), "{which} {x:?} {y:?}");
            }
            if !x.is_nan() && !y.is_nan() && x != y {
                assert_eq!(op(F64Min, a, b), x.min(y).to_bits());
                assert_eq!(op(F64Max, a, b), x.max(y).to_bits());
            }
            let (p, q) =
                (if step % 2 == 0 { x as f32 } else { f32::from_bits(a as u32) }, y as f32);
            let (a, b) = (p.to_bits() as u64, q.to_bits() as u64);
            for (which, is) in
                [p == q, p != q, p < q, p > q, p <= q, p >= q].into_iter().enumerate()
            {
                assert_eq!(op(F32Eq + which as u16, a, b), is as u64, "{which} {p:?} {q:?}");
            }
            let unary = [p.ceil(), p.floor(), p.trunc(), p.round_ties_even(), p.sqrt()];
            for (which, is) in unary.into_iter().enumerate() {
                assert!(same32(op(F32Ceil + which as u16, a, 0), is.to_bits()), "{which} {p:?}");
            }
            let n = random() >> (random() % 64);
            assert_eq!(op(F32ConvertI32S, n & 0xffff_ffff, 0), (n as i32 as f32).to_bits() as u64);
            assert_eq!(op(F32ConvertI32U, n & 0xffff_ffff, 0), (n as u32 as f32).to_bits() as u64);
            assert_eq!(op(F32ConvertI64S, n, 0), (n as i64 as f32).to_bits() as u64);
            assert_eq!(op(F32ConvertI64U, n, 0), (n as f32).to_bits() as u64);
            assert_eq!(op(F64ConvertI32S, n & 0xffff_ffff, 0), (n as i32 as f64).to_bits());
            assert_eq!(op(F64ConvertI32U, n & 0xffff_ffff, 0), (n as u32 as f64).to_bits());
            assert_eq!(op(F64ConvertI64S, n, 0), (n as i64 as f64).to_bits());
            assert_eq!(op(F64ConvertI64U, n, 0), (n as f64).to_bits());
            let bits = x.to_bits();
            assert_eq!(op(I32TruncSatF64S, bits, 0) as i32, x as i32, "{x:?}");
            assert_eq!(op(I32TruncSatF64U, bits, 0) as u32, x as u32, "{x:?}");
            assert_eq!(op(I64TruncSatF64S, bits, 0) as i64, x as i64, "{x:?}");
            assert_eq!(op(I64TruncSatF64U, bits, 0), x as u64, "{x:?}");
            assert_eq!(op(I32TruncSatF32S, a, 0) as i32, p as i32);
            assert_eq!(op(I64TruncSatF32U, a, 0), p as u64);
        }
    }

    /// Every instruction on values at each edge of its type, against the CPU and against what the
    /// specification says of signs, zeros and NaNs.
    macro_rules! edges {
        ($name:ident: $f:ident $u:ident $s:ident, $abs:ident $neg:ident $add:ident $min:ident $max:ident
            $copysign:ident $eq:ident) => {
            #[test]
            fn $name() {
                let one: $u = 1;
                let sign = one << ($u::BITS - 1);
                let infinity = $f::INFINITY.to_bits();
                // The lowest bit of the exponent, and the one that makes a NaN quiet.
                let unit = infinity & infinity.wrapping_neg();
                let quiet = unit >> 1;
                let mut values = Vec::new();
                for magnitude in [
                    0,
                    1,
                    unit - 1,
                    unit,
                    unit + 1,
                    $f::to_bits(1.0) - 1,
                    $f::to_bits(1.0),
                    $f::to_bits(1.5),
                    $f::to_bits(3.0),
                    infinity - 1,
                    infinity,
                    infinity | 1,
                    infinity | quiet - 1,
                    infinity | quiet,
                    infinity | quiet | 5,
                    sign - 1,
                ] {
                    values.extend([magnitude, magnitude | sign]);
                }
                let is_nan = |bits: $u| bits & !sign > infinity;
                for &a in &values {
                    let is = |code: u16, b: $u| op(code, a.into(), b.into());
                    assert_eq!(is($abs, !0), u64::from(a & !sign), "abs {a:x}");
                    assert_eq!(is($neg, !0), u64::from(a ^ sign), "neg {a:x}");
                    for &b in values.iter().step_by(if cfg!(miri) { 5 } else { 1 }) {
                        let what = format!("{a:x} {b:x}");
                        assert_eq!(is($copysign, b), u64::from(a & !sign | b & sign), "{what}");
                        let (x, y) = ($f::from_bits(a), $f::from_bits(b));
                        let relations = [x == y, x != y, x < y, x > y, x <= y, x >= y];
                        for (code, holds) in ($eq..).zip(relations) {
                            assert_eq!(is(code, b), u64::from(holds), "{code} {what}");
                        }
                        for (code, value) in ($add..).zip([x + y, x - y, x * y, x / y]) {
                            let found = is(code, b);
                            if value.is_nan() {
                                // Rust, and so Miri, allows a NaN of an operand as it is.
                                let is_quiet = found as $u & quiet != 0 || cfg!(miri);
                                assert!(is_nan(found as $u) && is_quiet, "{what}");
                            } else {
                                assert_eq!(found, u64::from(value.to_bits()), "{code} {what}");
                            }
                        }
                        // Two's complement orders as the numbers do, and -0 before +0.
                        let key = |bits: $u| {
                            if bits & sign == 0 {
                                bits as $s
                            } else {
                                !(bits as $s) ^ sign as $s
                            }
                        };
                        let [least, most] = match () {
                            // A NaN of the operands, made quiet; the first one of two.
                            _ if is_nan(a) => [a | quiet; 2],
                            _ if is_nan(b) => [b | quiet; 2],
                            _ if key(a) < key(b) => [a, b],
                            _ => [b, a],
                        };
                        assert_eq!(is($min, b), u64::from(least), "min {what}");
                        assert_eq!(is($max, b), u64::from(most), "max {what}");
                    }
                }
            }
        };
    }
    edges! { edges_of_f32: f32 u32 i32, F32Abs F32Neg F32Add F32Min F32Max F32Copysign F32Eq }
    edges! { edges_of_f64: f64 u64 i64, F64Abs F64Neg F64Add F64Min F64Max F64Copysign F64Eq }

    #[test]
    fn conversions_between_floats_keep_what_fits() {
        // Promotion is exact; a NaN keeps its sign and payload, and is quiet.
        for bits in (0..=u32::MAX).step_by(if cfg!(miri) { 40_000_003 } else { 40_009 }).chain([
            1 << 31,
            0x7f80_0000,
            0xff80_0000,
            0x7f80_0001,
            0xffc0_0000,
            0x7fff_ffff,
        ]) {
            let (found, value) = (op(F64PromoteF32, bits.into(), 0), f32::from_bits(bits));
            if value.is_nan() && cfg!(miri) {
                // Rust, and so Miri, allows any payload.
                assert!(f64::from_bits(found).is_nan() && found & ONE >> 1 != 0, "{bits:x}");
            } else if value.is_nan() {
                let payload = u64::from(bits & 0x7f_ffff) << 29;
                let expected = u64::from(bits >> 31) << 63 | INFINITY | payload | ONE >> 1;
                assert_eq!(found, expected, "{bits:x}");
            } else {
                assert_eq!(found, f64::from(value).to_bits(), "{bits:x}");
                assert_eq!(op(F32DemoteF64, found, 0), u64::from(bits), "{bits:x}");
            }
        }
    }

    /// Each truncation at each edge: the last value that fits, and the first one that does not, on
    /// both sides.
    #[test]
    fn truncations_end_where_the_type_does() {
        let next = |x: f64, up: bool| {
            let away = (x > 0.0) == up;
            f64::from_bits(if away { x.to_bits() + 1 } else { x.to_bits() - 1 })
        };
        let next32 = |x: f32, up: bool| {
            let away = (x > 0.0) == up;
            f32::from_bits(if away { x.to_bits() + 1 } else { x.to_bits() - 1 })
        };
        // The greatest value below `end`, and the least one above `start`, or `start` itself.
        let cases = [
            (I32TruncF32S, I32TruncSatF32S, false, -2147483648.0, true, 2147483648.0),
            (I32TruncF32U, I32TruncSatF32U, false, -1.0, false, 4294967296.0),
            (
                I64TruncF32S,
                I64TruncSatF32S,
                false,
                -9223372036854775808.0,
                true,
                9223372036854775808.0,
            ),
            (I64TruncF32U, I64TruncSatF32U, false, -1.0, false, 18446744073709551616.0),
            (I32TruncF64S, I32TruncSatF64S, true, -2147483649.0, false, 2147483648.0),
            (I32TruncF64U, I32TruncSatF64U, true, -1.0, false, 4294967296.0),
            (
                I64TruncF64S,
                I64TruncSatF64S,
                true,
                -9223372036854775808.0,
                true,
                9223372036854775808.0,
            ),
            (I64TruncF64U, I64TruncSatF64U, true, -1.0, false, 18446744073709551616.0f64),
        ];
        for (code, saturating, double, start, start_fits, end) in cases {
            let bits = |x: f64| if double { x.to_bits() } else { u64::from((x as f32).to_bits()) };
            let beside = |x: f64, up: bool| {
                if double {
                    next(x, up).to_bits()
                } else {
                    u64::from(next32(x as f32, up).to_bits())
                }
            };
            let fits = |bits: u64, expected: bool| {
                let found = compute(code, bits, 0);
                let saturated = compute(saturating, bits, 0).unwrap();
                if expected {
                    assert_eq!(found, Ok(saturated), "{code} {bits:x}");
                } else {
                    assert_eq!(found, Err(TrapCode::IntegerOverflow), "{code} {bits:x}");
                }
                saturated
            };
            fits(beside(start, true), true);
            let least = fits(bits(start), start_fits);
            assert_eq!(fits(beside(start, false), false), least, "{code}");
            fits(beside(end, false), true);
            let most = fits(bits(end), false);
            assert_eq!(fits(beside(end, true), false), most, "{code}");
            assert_eq!(fits(bits(f64::NEG_INFINITY), false), least, "{code}");
            assert_eq!(fits(bits(f64::INFINITY), false), most, "{code}");
            let nan = bits(f64::NAN);
            assert_eq!(compute(code, nan, 0), Err(TrapCode::InvalidConversionToInteger));
            assert_eq!(compute(saturating, nan, 0), Ok(0), "{code}");
        }
    }

    #[test]
    fn truncation_traps_at_the_exact_bounds() {
        let traps = |code, x: f64| compute(code, x.to_bits(), 0);
        assert_eq!(traps(I32TruncF64S, -2147483648.9).map(|v| v as i32), Ok(i32::MIN));
        assert_eq!(traps(I32TruncF64S, -2147483649.0), Err(TrapCode::IntegerOverflow));
        assert_eq!(traps(I32TruncF64S, 2147483647.9), Ok(i32::MAX as u64));
        assert_eq!(traps(I32TruncF64S, 2147483648.0), Err(TrapCode::IntegerOverflow));
        assert_eq!(traps(I32TruncF64U, -0.9), Ok(0));
        assert_eq!(traps(I32TruncF64U, -1.0), Err(TrapCode::IntegerOverflow));
        assert_eq!(traps(I32TruncF64U, 4294967295.9), Ok(u32::MAX as u64));
        assert_eq!(traps(I64TruncF64U, 18446744073709551616.0), Err(TrapCode::IntegerOverflow));
        assert_eq!(traps(I64TruncF64S, -9223372036854775808.0).map(|v| v as i64), Ok(i64::MIN));
        assert_eq!(traps(I64TruncF64S, f64::NAN), Err(TrapCode::InvalidConversionToInteger));
    }

    #[test]
    fn extrema_order_zeros_and_prefer_nan() {
        let (zero, minus) = (0, SIGN);
        assert_eq!((op(F64Min, zero, minus), op(F64Max, minus, zero)), (minus, zero));
        assert_eq!(op(F32Min, 0, 1 << 31), 1 << 31);
        let signalling = INFINITY | 1;
        assert_eq!(op(F64Min, 0, signalling), signalling | ONE >> 1);
        assert_eq!(op(F32Max, 0x7f80_0001, 0), 0x7fc0_0001);
    }
}
