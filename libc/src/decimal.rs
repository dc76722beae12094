//! The decimal digits of an f64, all of them: 1,074 behind the point at most.
//!
//! The number is a row of limbs of nine digits each, the first one the highest, with the point
//! behind one of them. Multiplying or dividing it by a power of two moves carries through the row.

use core::num::NonZeroU32;

/// Values of a limb are below this.
const LIMB: u32 = 1_000_000_000;
/// Digits of a limb.
const DIGITS: i32 = 9;
/// 2 limbs for the fraction's bits as an integer, and 1,074 digits behind the point; 309 digits in
/// front of it take less.
const LIMBS: usize = 2 + 1074_usize.div_ceil(DIGITS as usize);

pub(crate) struct Decimal {
    limbs: [u32; LIMBS],
    /// The first limb that counts.
    first: usize,
    /// Behind the last one.
    end: usize,
    /// The limb of the ones.
    point: usize,
}

/// Ten to the power of what is below nine.
fn power(exponent: i32) -> NonZeroU32 {
    let power = (0..exponent).fold(1u32, |power, _| power.wrapping_mul(10));
    NonZeroU32::new(power).unwrap_or(NonZeroU32::MIN)
}

impl Decimal {
    /// The magnitude of a finite number.
    pub(crate) fn new(value: f64) -> Decimal {
        let bits = value.to_bits();
        let exponent = (bits >> 52) as i32 & 0x7ff;
        let fraction = bits & ((1 << 52) - 1);
        // Without the hidden bit a number is as if its exponent were 1.
        let (fraction, exponent) =
            if exponent == 0 { (fraction, 1) } else { (fraction | 1 << 52, exponent) };
        let shift = exponent - 1075;
        let point = if shift < 0 { 1 } else { LIMBS - 1 };
        let mut decimal = Decimal { limbs: [0; LIMBS], first: point - 1, end: point + 1, point };
        decimal.set(point - 1, (fraction / LIMB as u64) as u32);
        decimal.set(point, (fraction % LIMB as u64) as u32);
        let mut left = shift;
        while left > 0 {
            let by = left.min(29);
            decimal.multiply(by as u32);
            left -= by;
        }
        while left < 0 {
            let by = (-left).min(DIGITS);
            decimal.divide(by as u32);
            left += by;
        }
        decimal
    }

    fn limb(&self, index: usize) -> u32 {
        if index < self.first || index >= self.end {
            return 0;
        }
        self.limbs.get(index).copied().unwrap_or(0)
    }

    fn set(&mut self, index: usize, value: u32) {
        if let Some(limb) = self.limbs.get_mut(index) {
            *limb = value;
        }
    }

    fn multiply(&mut self, shift: u32) {
        let mut carry = 0;
        for index in (self.first..self.end).rev() {
            let value = ((self.limb(index) as u64) << shift) + carry;
            self.set(index, (value % LIMB as u64) as u32);
            carry = value / LIMB as u64;
        }
        if carry != 0 && self.first > 0 {
            self.first -= 1;
            self.set(self.first, carry as u32);
        }
    }

    /// By at most 2^9, which divides a limb's values.
    fn divide(&mut self, shift: u32) {
        let mut carry = 0;
        for index in self.first..self.end {
            let value = self.limb(index);
            self.set(index, (value >> shift) + carry);
            carry = (value & ((1 << shift) - 1)) * (LIMB >> shift);
        }
        if carry != 0 {
            self.set(self.end, carry);
            self.end += 1;
        }
    }

    /// Where the digit with the weight 10^`place` is: its limb, and its place there.
    fn locate(&self, place: i32) -> (usize, i32) {
        let index = self.point as i32 - place.div_euclid(DIGITS);
        (usize::try_from(index).unwrap_or(usize::MAX), place.rem_euclid(DIGITS))
    }

    /// The digit with the weight 10^`place`.
    pub(crate) fn digit(&self, place: i32) -> u8 {
        let (index, within) = self.locate(place);
        (self.limb(index) / power(within) % 10) as u8
    }

    /// The place of the first digit that is not 0; 0 if all are.
    pub(crate) fn top(&self) -> i32 {
        for index in self.first..self.end {
            let limb = self.limb(index);
            if limb != 0 {
                let digits = (0..DIGITS).take_while(|&within| limb >= power(within).get()).count();
                return (self.point as i32 - index as i32) * DIGITS + digits as i32 - 1;
            }
        }
        0
    }

    /// Whether a digit with a weight below 10^`place` is not 0.
    pub(crate) fn has_below(&self, place: i32) -> bool {
        let (index, within) = self.locate(place);
        self.limb(index) % power(within) != 0
            || (index.saturating_add(1)..self.end).any(|index| self.limb(index) != 0)
    }

    /// Rounds to a multiple of 10^`place`, a tie to an even digit.
    pub(crate) fn round(&mut self, place: i32) {
        if !self.has_below(place) {
            return;
        }
        let next = self.digit(place - 1);
        let odd = self.digit(place) & 1 == 1;
        let up = next > 5 || next == 5 && (odd || self.has_below(place - 1));
        let (mut index, within) = self.locate(place);
        // A place in front of all digits: nothing is left, or one.
        if index < self.first {
            for gap in index..self.first {
                self.set(gap, 0);
            }
            self.first = index;
        }
        let unit = power(within);
        let limb = self.limb(index);
        self.end = self.end.min(index + 1);
        let mut value = limb - limb % unit + if up { unit.get() } else { 0 };
        while value >= LIMB {
            self.set(index, value - LIMB);
            let Some(before) = index.checked_sub(1) else { return };
            index = before;
            if index < self.first {
                self.first = index;
                self.set(index, 0);
            }
            value = self.limb(index) + 1;
        }
        self.set(index, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use std::string::String;

    fn text(value: f64, places: i32) -> String {
        let mut decimal = Decimal::new(value);
        decimal.round(-places);
        (-places..=decimal.top().max(0))
            .rev()
            .map(|place| (b'0' + decimal.digit(place)) as char)
            .collect()
    }

    #[test]
    fn digits_are_those_of_std() {
        let mut seed = 1u64;
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        let special =
            [0.0, f64::MIN_POSITIVE, f64::MAX, 5e-324, 0.5, 1.5, 2.5, 999_999_999.5, 1e22];
        let random = (0..2000).map(|_| f64::from_bits(next()));
        for value in special.into_iter().chain(random).filter(|value| value.is_finite()) {
            let value = value.abs();
            for places in [0, 1, 6, 17, 1074] {
                let expected = std::format!("{value:.*}", places as usize).replace('.', "");
                assert_eq!(text(value, places), expected, "{value:e} {places}");
            }
        }
    }
}
