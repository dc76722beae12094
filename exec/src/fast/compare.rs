//! The tests of `CompareW`, `BrW`, `CompareS` and `BrS` for the portable loop.
//!
//! Depends on [`super::op::Test`] for their numbers. Floats are compared by their bits where the
//! CPU may have no floats: the loop calls no function.

use super::op::Test;
use crate::numeric;

/// Whether the test with this number holds for two i64 or two f64.
#[inline(always)]
pub(super) fn wide(test: u8, a: u64, b: u64) -> bool {
    let holds = match Test::from_code(test) {
        Some(Test::Eq) => numeric::i64_eq(a, b),
        Some(Test::Ne) => numeric::i64_ne(a, b),
        Some(Test::LtS) => numeric::i64_lt_s(a, b),
        Some(Test::LtU) => numeric::i64_lt_u(a, b),
        Some(Test::GeS) => numeric::i64_ge_s(a, b),
        Some(Test::GeU) => numeric::i64_ge_u(a, b),
        Some(test) if cfg!(target_pointer_width = "64") => {
            return floats(test, f64::from_bits(a), f64::from_bits(b))
        }
        Some(test) => return by_bits(test, a, b, f64::INFINITY.to_bits()),
        None => 0,
    };
    holds != 0
}

/// Whether the test with this number holds for two f32.
#[inline(always)]
pub(super) fn single(test: u8, a: u32, b: u32) -> bool {
    match Test::from_code(test) {
        Some(test) if cfg!(target_pointer_width = "64") => {
            floats(test, f32::from_bits(a), f32::from_bits(b))
        }
        Some(test) => {
            let left = |bits: u32| (bits as u64) << 32;
            by_bits(test, left(a), left(b), left(f32::INFINITY.to_bits()))
        }
        None => false,
    }
}

#[inline(always)]
fn floats<T: PartialOrd>(test: Test, a: T, b: T) -> bool {
    match test {
        Test::FloatEq => a == b,
        Test::FloatNe => a != b,
        Test::FloatLt => a < b,
        Test::FloatLe => a <= b,
        // Also where one of them is a NaN.
        Test::FloatNotLt => !matches!(a.partial_cmp(&b), Some(core::cmp::Ordering::Less)),
        _ => !matches!(
            a.partial_cmp(&b),
            Some(core::cmp::Ordering::Less | core::cmp::Ordering::Equal)
        ),
    }
}

/// The same for left-aligned bits, where `infinity` is the greatest number.
#[cfg(feature = "float")]
#[inline(always)]
fn by_bits(test: Test, a: u64, b: u64, infinity: u64) -> bool {
    use core::cmp::Ordering::{Equal, Less};
    let order = crate::float::compare(a, b, infinity);
    match test {
        Test::FloatEq => order == Some(Equal),
        Test::FloatNe => order != Some(Equal),
        Test::FloatLt => order == Some(Less),
        Test::FloatLe => matches!(order, Some(Less | Equal)),
        Test::FloatNotLt => order != Some(Less),
        _ => !matches!(order, Some(Less | Equal)),
    }
}

/// Not reached: no code has a test of floats.
#[cfg(not(feature = "float"))]
#[inline(always)]
fn by_bits(_: Test, _: u64, _: u64, _: u64) -> bool {
    false
}

#[cfg(all(test, feature = "float"))]
mod tests {
    use super::*;

    /// What devices do with bits is what a CPU with 64-bit pointers does with floats.
    #[test]
    fn bits_compare_like_floats() {
        let all = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            1e300,
            -1e300,
            5e-324,
            -5e-324,
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            -f64::NAN,
        ];
        let left = |value: f32| u64::from(value.to_bits()) << 32;
        let tests = (0..=u8::MAX).filter_map(Test::from_code);
        // The others compare integers.
        for test in tests.skip_while(|&test| test != Test::FloatEq) {
            for (a, b) in all.iter().flat_map(|a| all.map(|b| (*a, b))) {
                let bits = by_bits(test, a.to_bits(), b.to_bits(), f64::INFINITY.to_bits());
                assert_eq!(bits, floats(test, a, b), "{test:?} {a} {b}");
                let (a, b) = (a as f32, b as f32);
                let bits = by_bits(test, left(a), left(b), left(f32::INFINITY));
                assert_eq!(bits, floats(test, a, b), "{test:?} {a} {b}");
            }
        }
    }
}
