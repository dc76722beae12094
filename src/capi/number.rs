//! Numbers in text, for wasm_application_execute_func(): small rather than exact in the last digit
//! of floats, as `core`'s conversions take more flash than the rest of the C API.

use super::text::Text;

/// Parses an integer as strtoul() with base 0 does: decimal, hexadecimal after 0x, octal after 0,
/// with a sign. Wraps around.
pub(super) fn integer(text: &[u8]) -> Option<u64> {
    let (negative, digits) = sign(text);
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', digits @ ..] if !digits.is_empty() => (8, digits),
        digits => (10, digits),
    };
    let mut value = 0u64;
    for &digit in digits {
        let digit = (digit as char).to_digit(base)?;
        value = value.wrapping_mul(base as u64).wrapping_add(digit as u64);
    }
    (!digits.is_empty()).then_some(if negative { value.wrapping_neg() } else { value })
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// `value` times ten to the power of `exponent`.
fn scale(mut value: f64, exponent: i32) -> f64 {
    // Beyond this everything is 0 or infinite.
    for _ in 0..exponent.unsigned_abs().min(700) {
        value = if exponent < 0 { value / 10.0 } else { value * 10.0 };
    }
    value
}

/// A float in decimal, with a fraction and an exponent or without; inf and nan.
pub(super) fn float(text: &[u8]) -> Option<f64> {
    let (negative, mut rest) = sign(text);
    let (mut mantissa, mut exponent, mut digits, mut fraction) = (0u64, 0i32, 0, false);
    let value = match rest {
        b"inf" | b"infinity" => f64::INFINITY,
        b"nan" => f64::NAN,
        _ => {
            while let [byte, after @ ..] = rest {
                match byte {
                    b'0'..=b'9' => {
                        digits += 1;
                        // Further digits do not fit; they count for the magnitude only.
                        let fits = mantissa < u64::MAX / 10 - 1;
                        if fits {
                            mantissa = mantissa * 10 + (byte - b'0') as u64;
                        }
                        exponent = exponent.saturating_add(!fits as i32 - fraction as i32);
                    }
                    b'.' if !fraction => fraction = true,
                    b'e' | b'E' if digits != 0 => {
                        let given = integer_decimal(after)?;
                        exponent = exponent.saturating_add(given);
                        break;
                    }
                    _ => return None,
                }
                rest = after;
            }
            if digits == 0 {
                return None;
            }
            scale(mantissa as f64, exponent)
        }
    };
    Some(if negative { -value } else { value })
}

fn integer_decimal(text: &[u8]) -> Option<i32> {
    let (negative, digits) = sign(text);
    let mut value = 0i32;
    for &digit in digits {
        value = value.saturating_mul(10).saturating_add((digit as char).to_digit(10)? as i32);
    }
    (!digits.is_empty()).then_some(if negative { -value } else { value })
}

/// Writes a float with seven significant digits, as printf's %.7g does.
pub(super) fn write_float(text: &mut Text, value: f64) {
    if value.is_sign_negative() {
        text.str("-");
    }
    let magnitude = f64::from_bits(value.to_bits() & !(1 << 63));
    if magnitude.is_nan() {
        text.str("nan");
        return;
    }
    if magnitude == f64::INFINITY {
        text.str("inf");
        return;
    }
    // Seven digits before the point, and the exponent of the first.
    let mut exponent = 6;
    let mut scaled = magnitude;
    while scaled != 0.0 && scaled < 999_999.5 {
        scaled *= 10.0;
        exponent -= 1;
    }
    while scaled >= 9_999_999.5 {
        scaled /= 10.0;
        exponent += 1;
    }
    let mut digits = [b'0'; 7];
    let mut left = (scaled + 0.5) as u32;
    if left == 0 {
        exponent = 0;
    }
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    let mut significant = &digits[..];
    while let [shorter @ .., b'0'] = significant {
        if shorter.is_empty() {
            break;
        }
        significant = shorter;
    }
    let fixed = (-4..7).contains(&exponent);
    if fixed && exponent < 0 {
        text.str("0.");
        for _ in exponent..-1 {
            text.str("0");
        }
    }
    // Where the point goes: behind so many digits.
    let point = if fixed { exponent } else { 0 };
    let mut position = 0;
    for &digit in significant {
        text.bytes(&[digit]);
        if position == point && position + 1 < significant.len() as i32 {
            text.str(".");
        }
        position += 1;
    }
    while fixed && position <= exponent {
        text.str("0");
        position += 1;
    }
    if !fixed {
        text.str(if exponent < 0 { "e-" } else { "e+" });
        if exponent.unsigned_abs() < 10 {
            text.str("0");
        }
        text.number(exponent.unsigned_abs());
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::with_line;
    use super::*;

    #[test]
    fn integers() {
        for (text, value) in [
            ("0", 0),
            ("10", 10),
            ("-1", u64::MAX),
            ("0x1F", 31),
            ("010", 8),
            ("+7", 7),
            ("-0x10", 16u64.wrapping_neg()),
        ] {
            assert_eq!(integer(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "-", "0x", "08", "1a", "x"] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats() {
        for (text, value) in [
            ("0", 0.0),
            ("1.5", 1.5),
            ("-2.25e2", -225.0),
            ("1e-3", 0.001),
            (".5", 0.5),
            ("5.", 5.0),
            ("inf", f64::INFINITY),
        ] {
            assert_eq!(float(text.as_bytes()), Some(value), "{text}");
        }
        assert!(float(b"nan").is_some_and(f64::is_nan));
        for text in ["", ".", "e5", "1e", "1.2.3", "1x"] {
            assert_eq!(float(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_as_printf_writes_them() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (100.0, "100"),
            (1234567.0, "1234567"),
            (12345678.0, "1.234568e+07"),
            (0.001, "0.001"),
            (0.00001, "1e-05"),
            (2.46813579, "2.468136"),
            (1e100, "1e+100"),
            (f64::INFINITY, "inf"),
            (0.1, "0.1"),
            (123.456, "123.456"),
        ] {
            with_line(
                |text| write_float(text, value),
                |line| assert_eq!(core::str::from_utf8(line), Ok(expected)),
            );
        }
    }
}
