//! A cursor over a module's bytes. Each read is checked against the end of the part that the reader
//! was given.

use crate::alloc::OutOfMemory;
use crate::error::{Error, ErrorKind, ModuleError};

/// The result of reading and validating. An error is one byte, which keeps the code for errors
/// small; its offset is the reader's position ([`Reader::refuse_at`] sets it).
pub(crate) type Parsed<T> = Result<T, ErrorKind>;

impl From<OutOfMemory> for ErrorKind {
    #[inline]
    fn from(_: OutOfMemory) -> ErrorKind {
        ErrorKind::OutOfMemory
    }
}

/// The error with its offset, as the embedder sees it.
pub(crate) fn error(kind: ErrorKind, offset: usize) -> Error {
    match kind {
        ErrorKind::OutOfMemory => Error::OutOfMemory,
        kind => Error::Module(ModuleError { kind, offset: offset as u32 }),
    }
}

/// Reads `bytes` from `pos` on. Offsets count from the start of the module.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    pos: usize,
    /// How many types references may name.
    #[cfg(feature = "function-references")]
    pub(crate) types: u32,
}

impl<'a> Reader<'a> {
    /// Starts at `pos`.
    pub(crate) fn new(bytes: &'a [u8], pos: usize) -> Reader<'a> {
        Reader {
            bytes,
            pos,
            #[cfg(feature = "function-references")]
            types: u32::MAX,
        }
    }

    /// Offset of the next byte.
    #[inline]
    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    /// Sets the position to `pos`, and fails there.
    #[cold]
    pub(crate) fn refuse_at<T, K>(&mut self, pos: usize, kind: K) -> Result<T, K> {
        self.pos = pos;
        Err(kind)
    }

    /// Runs `f` on the next `count` bytes, which it has to read completely. This reader continues
    /// behind them, or at the position where `f` failed.
    pub(crate) fn inside<T>(
        &mut self,
        count: usize,
        kind: ErrorKind,
        f: impl FnOnce(&mut Reader<'a>) -> Parsed<T>,
    ) -> Parsed<T> {
        let mut part = self.part(count)?;
        let result = match f(&mut part) {
            Ok(value) if part.is_empty() => {
                #[cfg(feature = "function-references")]
                {
                    self.types = part.types;
                }
                return Ok(value);
            }
            Ok(_) => Err(kind),
            Err(kind) => Err(kind),
        };
        self.pos = part.pos;
        result
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.pos)
    }

    /// Whether nothing is left.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self) -> Parsed<u8> {
        self.byte_as_u32().map(|byte| byte as u8)
    }

    /// The next byte, as wide as a register: see [`ErrorKind`].
    #[inline(never)]
    fn byte_as_u32(&mut self) -> Parsed<u32> {
        match self.bytes.get(self.pos) {
            Some(&byte) => {
                self.pos += 1;
                Ok(byte as u32)
            }
            None => Err(ErrorKind::UnexpectedEnd),
        }
    }

    /// The next byte, if there is one.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.pos).copied();
        self.pos += byte.is_some() as usize;
        byte
    }

    /// The next byte, without moving.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Parsed<&'a [u8]> {
        let end = self.pos.checked_add(count).ok_or(ErrorKind::UnexpectedEnd)?;
        let taken = self.bytes.get(self.pos..end).ok_or(ErrorKind::UnexpectedEnd)?;
        self.pos = end;
        Ok(taken)
    }

    /// A reader of the next `count` bytes; this one continues behind them.
    pub(crate) fn part(&mut self, count: usize) -> Parsed<Reader<'a>> {
        let mut part = self.clone();
        self.take(count)?;
        part.bytes = self.bytes.get(..self.pos).unwrap_or(&[]);
        Ok(part)
    }

    /// An unsigned integer of 32 bits (spec: 5.2.2).
    #[inline(never)]
    pub(crate) fn u32(&mut self) -> Parsed<u32> {
        match self.bytes.get(self.pos) {
            Some(&byte) if byte < 0x80 => {
                self.pos += 1;
                Ok(byte as u32)
            }
            _ => Ok(self.leb(32, false)? as u32),
        }
    }

    /// A signed integer of 32 bits.
    pub(crate) fn i32(&mut self) -> Parsed<i32> {
        Ok(self.leb(32, true)? as i32)
    }

    /// A signed integer of 33 bits, as block types are written.
    pub(crate) fn i33(&mut self) -> Parsed<i64> {
        self.leb(33, true)
    }

    /// An unsigned integer of 64 bits.
    pub(crate) fn u64(&mut self) -> Parsed<u64> {
        Ok(self.leb(64, false)? as u64)
    }

    /// A signed integer of 64 bits.
    pub(crate) fn i64(&mut self) -> Parsed<i64> {
        self.leb(64, true)
    }

    /// An integer of `bits` bits: at most ⌈bits/7⌉ bytes, the unused bits of the last one zero or
    /// copies of the sign.
    #[inline(never)]
    pub(super) fn leb(&mut self, bits: u32, signed: bool) -> Parsed<i64> {
        let mut value = 0u64;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= ((byte & 0x7f) as u64) << shift;
            let left = bits - shift;
            if left < 7 {
                if byte >= 0x80 {
                    return Err(ErrorKind::IntegerTooLong);
                }
                // Bits of this byte from `left` on do not fit; for signed ones the bit below them
                // is the sign.
                let used = if signed { left - 1 } else { left };
                let rest = byte >> used;
                let ones = 0x7f >> used;
                if rest != 0 && !(signed && rest == ones) {
                    return Err(ErrorKind::IntegerTooLarge);
                }
            }
            shift += 7;
            if byte < 0x80 {
                if signed && shift < 64 && byte & 0x40 != 0 {
                    value |= u64::MAX << shift;
                }
                return Ok(value as i64);
            }
        }
    }

    /// The length of a vector whose items take at least one byte each, so that no more memory is
    /// requested than the module has bytes.
    pub(crate) fn count(&mut self) -> Parsed<u32> {
        let at = self.pos;
        let count = self.u32()?;
        if count as usize > self.left() {
            return self.refuse_at(at, ErrorKind::UnexpectedEnd);
        }
        Ok(count)
    }

    /// A name (spec: 5.2.4).
    pub(crate) fn name(&mut self) -> Parsed<&'a str> {
        let bytes = self.name_bytes()?;
        match core::str::from_utf8(bytes) {
            Ok(name) => Ok(name),
            Err(_) => self.refuse_at(self.pos - bytes.len(), ErrorKind::BadUtf8),
        }
    }

    /// The bytes of a name, without a check for UTF-8.
    pub(crate) fn name_bytes(&mut self) -> Parsed<&'a [u8]> {
        let len = self.u32()? as usize;
        self.take(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! read {
        ($bytes:expr, $f:ident) => {
            Reader::new(&$bytes, 0).$f()
        };
    }

    #[test]
    fn integers_are_as_long_and_as_large_as_their_type() {
        assert_eq!(read!([0xff, 0xff, 0xff, 0xff, 0x0f], u32), Ok(u32::MAX));
        assert_eq!(read!([0xff, 0xff, 0xff, 0xff, 0x1f], u32), Err(ErrorKind::IntegerTooLarge));
        assert_eq!(
            read!([0x80, 0x80, 0x80, 0x80, 0x80, 0x00], u32),
            Err(ErrorKind::IntegerTooLong)
        );
        assert_eq!(read!([0x80], u32), Err(ErrorKind::UnexpectedEnd));
        assert_eq!(read!([0x80, 0x80, 0x80, 0x80, 0x78], i32), Ok(i32::MIN));
        assert_eq!(read!([0xff, 0xff, 0xff, 0xff, 0x07], i32), Ok(i32::MAX));
        assert_eq!(read!([0xff, 0xff, 0xff, 0xff, 0x0f], i32), Err(ErrorKind::IntegerTooLarge));
        assert_eq!(read!([0x80, 0x80, 0x80, 0x80, 0x70], i32), Err(ErrorKind::IntegerTooLarge));
        assert_eq!(read!([0x7f], i32), Ok(-1));
        assert_eq!(
            read!([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f], i64),
            Ok(i64::MIN)
        );
        assert_eq!(
            read!([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00], i64),
            Ok(i64::MAX)
        );
        assert_eq!(
            read!([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], i64),
            Err(ErrorKind::IntegerTooLarge)
        );
        assert_eq!(read!([0x40], i33), Ok(-64));
    }

    #[test]
    fn a_part_ends_where_it_says() {
        let mut whole = Reader::new(&[1, 2, 3, 4], 1);
        let mut part = whole.part(2).unwrap();
        assert_eq!((part.byte(), part.byte()), (Ok(2), Ok(3)));
        assert_eq!(part.byte(), Err(ErrorKind::UnexpectedEnd));
        assert_eq!(whole.byte(), Ok(4));
        assert!(whole.part(usize::MAX).is_err());
    }
}
