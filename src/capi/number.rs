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
    // What is rounded up to the next power of ten has its digits already.
    while scaled != 0.0 && scaled < 999_999.95 {
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
    use std::borrow::ToOwned;
    use std::format;
    use std::string::String;

    extern crate std;

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

    /// As printf's %.7g, from Rust's own exact digits.
    fn printed(value: f64) -> String {
        let exact = format!("{value:.6e}");
        let (mantissa, exponent) = exact.split_once('e').expect("an exponent");
        let exponent: i32 = exponent.parse().expect("a number");
        let short = |text: &str| match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text.to_owned(),
        };
        if (-4..7).contains(&exponent) {
            short(&format!("{value:.*}", (6 - exponent) as usize))
        } else {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", short(mantissa), exponent.abs())
        }
    }

    #[test]
    fn floats_of_every_magnitude_as_printf_writes_them() {
        for exponent in (-40..=40).step_by(if cfg!(miri) { 8 } else { 1 }) {
            for digits in
                [1, 2, 5, 9, 10, 15, 99, 101, 123, 4560, 10_001, 999_999, 1_000_001, 9_999_999]
            {
                for sign in ["", "-"] {
                    let text = format!("{sign}{digits}e{exponent}");
                    let value: f64 = text.parse().expect("a number");
                    with_line(
                        |text| write_float(text, value),
                        |line| {
                            assert_eq!(core::str::from_utf8(line), Ok(&*printed(value)), "{text}")
                        },
                    );
                }
            }
        }
    }

    /// All but the last digits are exact, in each way to write a number.
    #[test]
    fn floats_of_every_magnitude_are_read() {
        let close = |text: &str| {
            let (found, exact) = (float(text.as_bytes()), text.parse::<f64>().expect("a number"));
            let found = found.unwrap_or_else(|| panic!("{text} is refused"));
            let error = if exact == found { 0.0 } else { ((found - exact) / exact).abs() };
            assert!(error < 1e-13, "{text}: {found:e} in place of {exact:e}");
        };
        for exponent in (-40..=40).step_by(if cfg!(miri) { 8 } else { 1 }) {
            for digits in ["1", "7.25", ".5", "12345678901234567890123", "0.000123", "98765.4321"] {
                close(&format!("{digits}e{exponent}"));
                close(&format!("-{digits}E{exponent}"));
            }
        }
        // With 18 digits and more the last ones count for the magnitude only.
        for count in 1..=30 {
            for digit in ["1", "8", "9"] {
                let digits = digit.repeat(count);
                for text in [digits.clone(), format!("{digits}.5"), format!("0.{digits}")] {
                    close(&text);
                }
            }
        }
        for (text, value) in [
            ("1e400", f64::INFINITY),
            ("-1e99999999999", f64::NEG_INFINITY),
            ("1e-400", 0.0),
            ("0e99999999999", 0.0),
        ] {
            assert_eq!(float(text.as_bytes()), Some(value), "{text}");
        }
    }
}
