//! Floating-point numbers in printf.

use crate::decimal::Decimal;
use crate::format::{len_of, Printer, ALTERNATIVE};
use crate::memory::Bytes;

/// Prints the number with these bits.
#[inline(never)]
pub(crate) fn print<B: Bytes>(printer: &mut Printer<'_, '_, B>, conversion: u8, bits: u64) {
    let value = f64::from_bits(bits);
    let prefix = printer.sign(value.is_sign_negative());
    let alternative = printer.flags & ALTERNATIVE != 0;
    let upper = conversion.is_ascii_uppercase();
    if !value.is_finite() {
        let text = match (value.is_nan(), upper) {
            (true, true) => b"NAN",
            (true, false) => b"nan",
            (false, true) => b"INF",
            (false, false) => b"inf",
        };
        printer.field(prefix, 0, text.len() as u32);
        return text.iter().for_each(|&byte| printer.put(byte));
    }
    let mut decimal = Decimal::new(value);
    let mut precision = if printer.precision < 0 { 6 } else { printer.precision };
    let mut exponent = decimal.top();
    let general = conversion | 32 == b'g';
    let mut scientific = conversion | 32 == b'e';
    if general {
        // Significant digits.
        precision = precision.max(1);
        decimal.round(exponent - (precision - 1));
        exponent = decimal.top();
        scientific = exponent < -4 || exponent >= precision;
        precision -= 1 + if scientific { 0 } else { exponent };
    }
    // The place of the last digit.
    let mut last = if scientific { exponent - precision } else { -precision };
    decimal.round(last);
    if scientific {
        exponent = decimal.top();
        last = exponent - precision;
    }
    if general && !alternative {
        let lowest = if scientific { exponent } else { 0 };
        while last < lowest && decimal.digit(last) == 0 {
            last += 1;
        }
    }
    // The place of the last digit in front of the point.
    let ones = if scientific { exponent } else { 0 };
    let first = if scientific { exponent } else { decimal.top().max(0) };
    let point = last < ones || alternative;
    let mut len = (first - last.min(ones) + 1) as u32 + point as u32;
    let magnitude = exponent.unsigned_abs();
    if scientific {
        len += if magnitude > 99 { 5 } else { 4 };
    }
    let zeros = printer.zeros(len_of(prefix) + len);
    printer.field(prefix, zeros, len);
    let mut place = first;
    loop {
        printer.put(b'0' + decimal.digit(place));
        if place == ones && point {
            printer.put(b'.');
        }
        if place <= last.min(ones) {
            break;
        }
        place -= 1;
    }
    if scientific {
        printer.put(if upper { b'E' } else { b'e' });
        printer.put(if exponent < 0 { b'-' } else { b'+' });
        if magnitude > 99 {
            printer.put(b'0' + (magnitude / 100) as u8);
        }
        printer.put(b'0' + (magnitude / 10 % 10) as u8);
        printer.put(b'0' + (magnitude % 10) as u8);
    }
}
