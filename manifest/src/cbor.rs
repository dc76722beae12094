//! Reads the subset of CBOR (RFC 8949) that manifests use: numbers, byte and text strings, arrays
//! and maps of a length that is said at their start, each head in its shortest form. So each
//! manifest has one encoding.

/// Major types (RFC 8949, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Major {
    Unsigned = 0,
    Bytes = 2,
    Text = 3,
    Array = 4,
    Map = 5,
}

/// Why a head or a string cannot be read; what was expected.
pub(crate) type Expected = &'static str;

/// A position in bytes that are read front to back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// Offset of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(taken)
    }

    /// The head of an item of this type: a number, or the length of a string, array or map. Where
    /// it fails, the position stays at the head.
    pub fn head(&mut self, major: Major, expected: Expected) -> Result<u32, Expected> {
        let start = self.at;
        let value = self.any_head(major).ok_or(expected);
        if value.is_err() {
            self.at = start;
        }
        value
    }

    fn any_head(&mut self, major: Major) -> Option<u32> {
        let &[first] = self.take(1)?.first_chunk()?;
        if first >> 5 != major as u8 {
            return None;
        }
        let (len, least) = match first & 31 {
            small @ 0..24 => return Some(u32::from(small)),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            // Numbers beyond 32 bits, lengths that are not said, and what is reserved.
            _ => return None,
        };
        let bytes = self.take(len)?;
        let value = bytes.iter().fold(0, |value, &byte| value << 8 | u32::from(byte));
        (value >= least).then_some(value)
    }

    /// A string of this type: bytes or text.
    pub fn string(&mut self, major: Major, expected: Expected) -> Result<&'a [u8], Expected> {
        let start = self.at;
        let len = self.head(major, expected)?;
        let taken = self.take(len as usize).ok_or(expected);
        if taken.is_err() {
            self.at = start;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix A of RFC 8949.
    #[test]
    fn numbers_of_the_rfc() {
        let examples: [(&[u8], u32); 9] = [
            (&[0x00], 0),
            (&[0x01], 1),
            (&[0x0a], 10),
            (&[0x17], 23),
            (&[0x18, 0x18], 24),
            (&[0x18, 0x64], 100),
            (&[0x19, 0x03, 0xe8], 1000),
            (&[0x1a, 0x00, 0x0f, 0x42, 0x40], 1_000_000),
            (&[0x1a, 0xff, 0xff, 0xff, 0xff], u32::MAX),
        ];
        for (bytes, value) in examples {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.head(Major::Unsigned, "a number"), Ok(value));
            assert!(reader.is_at_end());
        }
    }

    #[test]
    fn what_is_not_shortest_or_cut_off_is_refused() {
        let bad: [&[u8]; 8] = [
            &[],
            &[0x18, 0x17],
            &[0x19, 0x00, 0xff],
            &[0x1a, 0x00, 0x00, 0xff, 0xff],
            &[0x1b, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0x1f],
            &[0x18],
            &[0x20],
        ];
        for bytes in bad {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.head(Major::Unsigned, "a number"), Err("a number"), "{bytes:?}");
            assert_eq!(reader.at(), 0);
        }
    }

    #[test]
    fn strings_of_the_rfc() {
        let text = |bytes| Reader::new(bytes).string(Major::Text, "text");
        assert_eq!(text(b"\x60"), Ok(&b""[..]));
        assert_eq!(text(b"\x64IETF"), Ok(&b"IETF"[..]));
        assert_eq!(text(b"\x64IET"), Err("text"));
        assert_eq!(text(b"\x44IETF"), Err("text"));
        assert_eq!(text(b"\x7f\x61a\xff"), Err("text"));
        let bytes = Reader::new(b"\x44\x01\x02\x03\x04").string(Major::Bytes, "bytes");
        assert_eq!(bytes, Ok(&[1, 2, 3, 4][..]));
        assert_eq!(Reader::new(&[0x83, 1, 2, 3]).head(Major::Array, "an array"), Ok(3));
        assert_eq!(Reader::new(&[0xa2, 1, 2, 3, 4]).head(Major::Map, "a map"), Ok(2));
    }
}
