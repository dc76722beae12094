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
#[inline(never)]
pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<u32> {
    let mut rest = text;
    while !rest.starts_with(part) {
        (_, rest) = rest.split_first()?;
    }
    Some((text.len() - rest.len()) as u32)
}

/// An integer as strtol() reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Integer {
    pub(crate) negative: bool,
    /// The magnitude, of which 32 bits are kept.
    pub(crate) value: u32,
    /// Whether it has more.
    pub(crate) large: bool,
    /// The bytes that it takes; 0 if there is none.
    pub(crate) len: u32,
}

/// The value of a digit; 99 for what is none.
fn digit(byte: u8) -> u32 {
    let (number, letter) = (byte.wrapping_sub(b'0'), (byte | 0x20).wrapping_sub(b'a'));
    if number < 10 {
        number as u32
    } else if letter < 26 {
        letter as u32 + 10
    } else {
        99
    }
}

/// Reads an integer.
pub(crate) fn integer(text: &[u8], base: u32) -> Integer {
    let mut base = base;
    let byte = |at: usize| text.get(at).copied().unwrap_or(0);
    let mut at = 0;
    while is_space(byte(at)) {
        at += 1;
    }
    let negative = byte(at) == b'-';
    if negative || byte(at) == b'+' {
        at += 1;
    }
    if base & !16 == 0 && byte(at) == b'0' {
        if byte(at + 1) | 0x20 == b'x' && digit(byte(at + 2)) < 16 {
            at += 2;
            base = 16;
        } else if base == 0 {
            base = 8;
        }
    }
    if base == 0 {
        base = 10;
    }
    let mut read = Integer { negative, ..Integer::default() };
    // Base 1 has no digit but 0, which C does not read either.
    if base == 1 || base > 36 {
        return read;
    }
    loop {
        let digit = digit(byte(at));
        if digit >= base {
            return read;
        }
        let value = read.value as u64 * base as u64 + digit as u64;
        read.large |= value > u32::MAX as u64;
        read.value = value as u32;
        at += 1;
        read.len = at as u32;
    }
}

impl Integer {
    /// What strtol() returns, or strtoul(): there a negative number is that of its magnitude, negated.
    pub(crate) fn value(self, signed: bool) -> u32 {
        let most = if signed { i32::MAX as u32 + self.negative as u32 } else { u32::MAX };
        let large = self.large || self.value > most;
        let value = if large { most } else { self.value };
        // The largest unsigned number stands for all that are larger, with any sign.
        if self.negative && (signed || !large) {
            value.wrapping_neg()
        } else {
            value
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let read = integer(text.as_bytes(), base);
            let found = (read.value(true) as i32, read.value(false), read.len);
            assert_eq!(found, (signed, unsigned, len), "{text} {base}");
        }
    }

    #[test]
    fn parts() {
        assert_eq!(find(b"hello", b"ll"), Some(2));
        assert_eq!((find(b"hello", b""), find(b"", b"")), (Some(0), Some(0)));
        assert_eq!((find(b"he", b"hello"), find(b"hello", b"lo!")), (None, None));
        assert_eq!((span(b"aab", b"a", true), span(b"aab", b"b", false)), (2, 2));
    }
}
