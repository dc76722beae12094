//! Numbers in strings.

use crate::memory::{Bytes, Memory};
use crate::{func, is_of_class};

/// The value of a digit; 99 for what is none.
#[inline(never)]
fn digit(byte: u32) -> u32 {
    let number = byte.wrapping_sub(b'0' as u32);
    let letter = (byte | 0x20).wrapping_sub(b'a' as u32);
    if number < 10 {
        number
    } else if letter < 26 {
        letter + 10
    } else {
        99
    }
}

/// strtol, or strtoul where the number is not `signed`: its value, and how many bytes it takes, 0 if
/// there is none.
#[inline(never)]
pub(crate) fn integer<B: Bytes>(
    memory: &mut Memory<'_, B>,
    text: u32,
    base: u32,
    signed: bool,
) -> (u32, u32) {
    let mut base = base;
    let mut at = 0;
    while is_of_class(func::isspace, memory.byte(text, at)) {
        at += 1;
    }
    let sign = memory.byte(text, at);
    let negative = sign == b'-' as u32;
    if negative || sign == b'+' as u32 {
        at += 1;
    }
    if base & !16 == 0 {
        let octal = memory.byte(text, at) == b'0' as u32;
        if octal
            && memory.byte(text, at + 1) | 0x20 == b'x' as u32
            && digit(memory.byte(text, at + 2)) < 16
        {
            at += 2;
            base = 16;
        } else if base == 0 {
            base = if octal { 8 } else { 10 };
        }
    }
    // Base 1 has no digit but 0, which C does not read either.
    if base == 1 || base > 36 {
        base = 0;
    }
    let (mut value, mut large, mut len) = (0u32, false, 0);
    loop {
        let digit = digit(memory.byte(text, at));
        if digit >= base {
            break;
        }
        match value.checked_mul(base).and_then(|value| value.checked_add(digit)) {
            Some(sum) => value = sum,
            None => large = true,
        }
        at += 1;
        len = at;
    }
    let mut most = u32::MAX;
    let mut negate = negative;
    if signed {
        most = i32::MAX as u32 + negative as u32;
    }
    if large || value > most {
        value = most;
        // The largest unsigned number stands for all that are larger, with any sign.
        negate &= signed;
    }
    (if negate { value.wrapping_neg() } else { value }, len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Program;

    #[test]
    fn integers() {
        for (text, base, signed, unsigned, len) in [
            ("42", 10, 42, 42, 2),
            (" \t-42x", 10, -42, -42i32 as u32, 5),
            ("+7", 0, 7, 7, 2),
            ("0x1fg", 0, 31, 31, 4),
            ("0x1f", 16, 31, 31, 4),
            ("0xg", 16, 0, 0, 1),
            ("0x", 0, 0, 0, 1),
            ("077", 0, 63, 63, 3),
            ("079", 0, 7, 7, 2),
            ("zz", 36, 35 * 36 + 35, 35 * 36 + 35, 2),
            ("1:", 36, 1, 1, 1),
            ("@", 36, 0, 0, 0),
            ("2", 2, 0, 0, 0),
            ("0", 1, 0, 0, 0),
            ("1", 37, 0, 0, 0),
            ("1", u32::MAX, 0, 0, 0),
            ("", 10, 0, 0, 0),
            ("-", 10, 0, 0, 0),
            ("2147483648", 10, i32::MAX, 1 << 31, 10),
            ("-2147483648", 10, i32::MIN, 1 << 31, 11),
            ("-2147483649", 10, i32::MIN, i32::MAX as u32, 11),
            ("4294967295", 10, i32::MAX, u32::MAX, 10),
            ("-4294967295", 10, i32::MIN, 1, 11),
            ("4294967296", 10, i32::MAX, u32::MAX, 10),
            ("-99999999999999999999999", 10, i32::MIN, u32::MAX, 24),
        ] {
            let mut bytes = std::format!("{text}\0").into_bytes();
            let mut program = Program { memory: &mut bytes, printed: std::vec::Vec::new() };
            let mut memory = Memory { bytes: &mut program, outside: false };
            let found = integer(&mut memory, 0, base, true);
            assert_eq!(found, (signed as u32, len), "{text} {base}");
            assert_eq!(integer(&mut memory, 0, base, false), (unsigned, len), "{text} {base}");
            assert!(!memory.outside);
        }
    }
}
