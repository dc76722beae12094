//! Strings, and numbers in them.

/// Whether C's isspace() says so.
pub(crate) fn is_space(c: u8) -> bool {
    c == b' ' || (9..=13).contains(&c)
}

/// The bytes at the start that are in the set, or that are not.
// `contains` would link a search by words.
#[allow(clippy::manual_contains)]
pub(crate) fn span(text: &[u8], set: &[u8], inside: bool) -> u32 {
    let is_in = |byte: u8| set.iter().any(|&own| own == byte);
    text.iter().take_while(|&&byte| is_in(byte) == inside).count() as u32
}

/// Where the first `part` begins.
pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    (0..=text.len().checked_sub(part.len())?)
        .find(|&at| text.iter().skip(at).zip(part).all(|(a, b)| a == b))
}

/// The difference of the first characters that differ beyond their case.
pub(crate) fn compare_ignoring_case(a: &[u8], b: &[u8], len: u32) -> i32 {
    let lower = |text: &[u8], index: usize| {
        text.get(index).map_or(0, |byte| byte.to_ascii_lowercase()) as i32
    };
    let end = a.len().max(b.len()).min(len as usize);
    (0..end).map(|index| lower(a, index) - lower(b, index)).find(|&by| by != 0).unwrap_or(0)
}

/// An integer as strtol() reads it, and the bytes that it takes, 0 if there is none. What does not
/// fit is far outside of 32 bits.
pub(crate) fn integer(text: &[u8], base: i32) -> (i64, u32) {
    let mut at = text.iter().take_while(|&&byte| is_space(byte)).count();
    let byte = |at: usize| text.get(at).copied().unwrap_or(0);
    let negative = byte(at) == b'-';
    at += (negative || byte(at) == b'+') as usize;
    let digit = |at: usize, base: u32| match (byte(at) as char).to_digit(36) {
        Some(digit) if digit < base => Some(digit),
        _ => None,
    };
    let hexadecimal = byte(at) == b'0' && byte(at + 1) | 32 == b'x' && digit(at + 2, 16).is_some();
    let base = match base {
        0 | 16 if hexadecimal => {
            at += 2;
            16
        }
        0 if byte(at) == b'0' => 8,
        0 => 10,
        2..=36 => base as u32,
        _ => return (0, 0),
    };
    let start = at;
    let mut value = 0i64;
    while let Some(digit) = digit(at, base) {
        value = (value * base as i64 + digit as i64).min(1 << 40);
        at += 1;
    }
    match at == start {
        true => (0, 0),
        false => (if negative { -value } else { value }, at as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (text, base, expected) in [
            ("42", 10, (42, 2)),
            (" \t-42x", 10, (-42, 5)),
            ("+7", 0, (7, 2)),
            ("0x1fg", 0, (31, 4)),
            ("0x1f", 16, (31, 4)),
            ("0xg", 16, (0, 1)),
            ("0x", 0, (0, 1)),
            ("077", 0, (63, 3)),
            ("zz", 36, (35 * 36 + 35, 2)),
            ("2", 2, (0, 0)),
            ("1", 1, (0, 0)),
            ("1", 37, (0, 0)),
            ("", 10, (0, 0)),
            ("-", 10, (0, 0)),
            ("99999999999999999999999", 10, (1 << 40, 23)),
        ] {
            assert_eq!(integer(text.as_bytes(), base), expected, "{text} {base}");
        }
    }

    #[test]
    fn parts() {
        assert_eq!(find(b"hello", b"ll"), Some(2));
        assert_eq!((find(b"hello", b""), find(b"", b"")), (Some(0), Some(0)));
        assert_eq!((find(b"he", b"hello"), find(b"hello", b"lo!")), (None, None));
        assert_eq!((span(b"aab", b"a", true), span(b"aab", b"b", false)), (2, 2));
        assert_eq!(compare_ignoring_case(b"HeLLo", b"hellO", 9), 0);
        assert_eq!(compare_ignoring_case(b"ab", b"aBc", 3), -(b'c' as i32));
        assert_eq!(compare_ignoring_case(b"ab", b"aBc", 2), 0);
    }
}
