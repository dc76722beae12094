//! Arguments of functions as text, and results as text.

use zonda::{Val, ValType};

/// Parses an argument of this type.
pub fn parse(text: &str, ty: ValType) -> Result<Val, String> {
    let bad = |expected: &str| format!("expected {expected}, found '{text}'");
    Ok(match ty {
        ValType::I32 => Val::I32(
            integer(text, 32).ok_or_else(|| bad("an i32: a decimal or 0x number of 32 bits"))?
                as i32,
        ),
        ValType::I64 => Val::I64(
            integer(text, 64).ok_or_else(|| bad("an i64: a decimal or 0x number of 64 bits"))?
                as i64,
        ),
        ValType::F32 => Val::F32(
            text.parse::<f32>()
                .map_err(|_| bad("an f32: a decimal number, `nan`, `inf` or `-inf`"))?
                .to_bits(),
        ),
        ValType::F64 => Val::F64(
            text.parse::<f64>()
                .map_err(|_| bad("an f64: a decimal number, `nan`, `inf` or `-inf`"))?
                .to_bits(),
        ),
        ValType::V128 => Val::V128(
            vector(text).ok_or_else(|| bad("a v128: 0x and up to 32 hexadecimal digits"))?,
        ),
        ValType::FuncRef if text == "null" => Val::FuncRef(None),
        ValType::FuncRef => return Err(bad("`null`, the only funcref that can be an argument")),
        ValType::ExternRef if text == "null" => Val::ExternRef(None),
        ValType::ExternRef => {
            Val::ExternRef(Some(text.parse().map_err(|_| bad("an externref: `null` or a number"))?))
        }
        ValType::ExnRef if text == "null" => Val::ExnRef(None),
        ValType::ExnRef => return Err(bad("`null`, the only exnref that can be an argument")),
        ValType::Ref(_) if text == "null" => Val::zero(ty),
        ValType::Ref(_) => return Err(bad("`null`, the only reference that can be an argument")),
    })
}

/// Parses an integer, decimal or hexadecimal, that fits into `bits` as a signed or an unsigned
/// number.
fn integer(text: &str, bits: u32) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with(['+', '-']) => i128::from_str_radix(digits, 16).ok()?,
        Some(_) => return None,
        None => digits.parse::<u128>().ok()?.try_into().ok()?,
    };
    let value = if negative { -magnitude } else { magnitude };
    (-(1i128 << (bits - 1))..(1i128 << bits)).contains(&value).then_some(value)
}

/// Parses a vector: the number that all its lanes make, the lowest one in the lowest digits.
fn vector(text: &str) -> Option<u128> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    only_digits.then(|| u128::from_str_radix(digits, 16).ok())?
}

/// The text of a result.
pub fn show(value: &Val) -> String {
    match value {
        Val::I32(v) => v.to_string(),
        Val::I64(v) => v.to_string(),
        Val::F32(v) => f32::from_bits(*v).to_string(),
        Val::F64(v) => f64::from_bits(*v).to_string(),
        Val::V128(v) => format!("0x{v:032x}"),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) | Val::AnyRef(None) => {
            "null".into()
        }
        Val::FuncRef(Some(_)) => "funcref".into(),
        Val::ExnRef(Some(_)) => "exnref".into(),
        Val::AnyRef(Some(_)) => "anyref".into(),
        Val::ExternRef(Some(v)) => v.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_fit_either_reading() {
        assert_eq!(parse("-1", ValType::I32), Ok(Val::I32(-1)));
        assert_eq!(parse("4294967295", ValType::I32), Ok(Val::I32(-1)));
        assert_eq!(parse("0x80000000", ValType::I32), Ok(Val::I32(i32::MIN)));
        assert!(parse("4294967296", ValType::I32).is_err());
        assert!(parse("-2147483649", ValType::I32).is_err());
        assert_eq!(parse("18446744073709551615", ValType::I64), Ok(Val::I64(-1)));
        assert!(parse("1.0", ValType::I64).is_err());
        assert!(parse("", ValType::I32).is_err());
        assert!(parse("0x", ValType::I32).is_err());
        assert!(parse("--1", ValType::I32).is_err());
    }

    #[test]
    fn vectors() {
        assert_eq!(parse("0x1f", ValType::V128), Ok(Val::V128(0x1f)));
        let all = "0x0123456789abcdef0123456789abcdef";
        assert_eq!(parse(all, ValType::V128).map(|value| show(&value)), Ok(all.into()));
        for bad in ["31", "0x", "0x+1", "0x123456789abcdef0123456789abcdef01"] {
            assert!(parse(bad, ValType::V128).is_err(), "{bad}");
        }
    }

    #[test]
    fn floats_and_references() {
        assert_eq!(parse("1.5", ValType::F32), Ok(Val::F32(1.5f32.to_bits())));
        assert_eq!(parse("-inf", ValType::F64), Ok(Val::F64(f64::NEG_INFINITY.to_bits())));
        assert_eq!(parse("null", ValType::ExternRef), Ok(Val::ExternRef(None)));
        assert!(parse("7", ValType::FuncRef).is_err());
    }
}
