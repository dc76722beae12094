//! printf: the format is read from the memory of the program, and so are the arguments, which lie
//! behind each other as the C compiler puts variable arguments: 4 bytes each, or 8 at a multiple of
//! 8.

use crate::float;
use crate::memory::{self, Bytes};

/// Width and precision end here: nothing bounds the time that a host function takes.
const MOST: u32 = 4095;

/// Where the text goes: to the console, some bytes at a time, or into the memory.
pub(crate) struct Sink {
    console: bool,
    /// The address and the room that are left.
    at: u32,
    room: u32,
    buffer: [u8; 32],
    len: usize,
}

impl Sink {
    pub(crate) fn console() -> Sink {
        Sink { console: true, ..Sink::memory(0, 0) }
    }

    pub(crate) fn memory(at: u32, room: u32) -> Sink {
        Sink { console: false, at, room, buffer: [0; 32], len: 0 }
    }

    /// `None` when the byte does not fit into the memory.
    #[inline(never)]
    pub(crate) fn put<B: Bytes>(&mut self, bytes: &mut B, byte: u8) -> Option<()> {
        if self.console {
            if let Some(place) = self.buffer.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
            if self.len == self.buffer.len() {
                self.flush(bytes);
            }
        } else if self.room != 0 {
            memory::set(bytes, self.at, byte)?;
            self.at = self.at.checked_add(1)?;
            self.room -= 1;
        }
        Some(())
    }

    /// Hands on what is left.
    pub(crate) fn flush<B: Bytes>(&mut self, bytes: &mut B) {
        bytes.print(self.buffer.get(..self.len).unwrap_or(&[]));
        self.len = 0;
    }
}

/// The memory, the text, and the arguments that are left.
pub(crate) struct Printer<'p, B> {
    bytes: &'p mut B,
    sink: &'p mut Sink,
    args: u32,
    count: u32,
}

/// What stands between `%` and the conversion.
#[derive(Default)]
pub(crate) struct Spec {
    pub(crate) left: bool,
    plus: bool,
    space: bool,
    pub(crate) alternative: bool,
    pub(crate) zero: bool,
    pub(crate) width: u32,
    pub(crate) precision: Option<u32>,
}

/// A number's sign or prefix: two bytes at most.
#[derive(Clone, Copy, Default)]
pub(crate) struct Prefix {
    bytes: [u8; 2],
    pub(crate) len: u32,
}

impl Prefix {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len as usize) {
            *place = byte;
            self.len += 1;
        }
    }

    pub(crate) fn sign(spec: &Spec, negative: bool) -> Prefix {
        let mut prefix = Prefix::default();
        match (negative, spec.plus, spec.space) {
            (true, ..) => prefix.push(b'-'),
            (_, true, _) => prefix.push(b'+'),
            (_, _, true) => prefix.push(b' '),
            _ => {}
        }
        prefix
    }
}

/// Prints `text`, a string of the memory, with the arguments at `args`. Returns the number of
/// bytes; `None` when something is outside of the memory.
#[inline(never)]
pub(crate) fn format<B: Bytes>(
    bytes: &mut B,
    sink: &mut Sink,
    text: u32,
    args: u32,
) -> Option<u32> {
    let mut printer = Printer { bytes, sink, args, count: 0 };
    let mut at = text;
    loop {
        let byte = printer.byte(at)?;
        at = at.checked_add(1)?;
        match byte {
            0 => return Some(printer.count.min(i32::MAX as u32)),
            b'%' => printer.conversion(&mut at)?,
            _ => printer.put(byte)?,
        }
    }
}

impl<B: Bytes> Printer<'_, B> {
    fn byte(&mut self, at: u32) -> Option<u8> {
        memory::byte(self.bytes, at)
    }

    pub(crate) fn put(&mut self, byte: u8) -> Option<()> {
        self.count = self.count.saturating_add(1);
        self.sink.put(self.bytes, byte)
    }

    pub(crate) fn repeat(&mut self, byte: u8, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.put(byte))
    }

    pub(crate) fn all(&mut self, bytes: &[u8]) -> Option<()> {
        bytes.iter().try_for_each(|&byte| self.put(byte))
    }

    fn word(&mut self) -> Option<u32> {
        let bytes = self.bytes.at(self.args, 4)?.first_chunk::<4>()?;
        let word = u32::from_le_bytes(*bytes);
        self.args = self.args.checked_add(4)?;
        Some(word)
    }

    pub(crate) fn long(&mut self) -> Option<u64> {
        self.args = self.args.checked_add(7)? & !7;
        let (low, high) = (self.word()?, self.word()?);
        Some(low as u64 | (high as u64) << 32)
    }

    /// Digits, or `*` for an argument, which may be negative.
    fn number(&mut self, at: &mut u32) -> Option<i32> {
        if self.byte(*at)? == b'*' {
            *at = at.checked_add(1)?;
            return Some((self.word()? as i32).clamp(-(MOST as i32), MOST as i32));
        }
        let mut value = 0;
        loop {
            let digit = self.byte(*at)?.wrapping_sub(b'0');
            if digit > 9 {
                return Some(value);
            }
            value = (value * 10 + digit as i32).min(MOST as i32);
            *at = at.checked_add(1)?;
        }
    }

    fn conversion(&mut self, at: &mut u32) -> Option<()> {
        let start = *at;
        let mut spec = Spec::default();
        loop {
            match self.byte(*at)? {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'#' => spec.alternative = true,
                b'0' => spec.zero = true,
                _ => break,
            }
            *at = at.checked_add(1)?;
        }
        let width = self.number(at)?;
        spec.left |= width < 0;
        spec.width = width.unsigned_abs();
        if self.byte(*at)? == b'.' {
            *at = at.checked_add(1)?;
            // A negative precision is none.
            spec.precision = u32::try_from(self.number(at)?).ok();
        }
        // Bits of the argument.
        let mut bits = 32u32;
        loop {
            bits = match (self.byte(*at)?, bits) {
                (b'h', 32) => 16,
                (b'h', _) => 8,
                (b'l', 32) => 33,
                (b'l' | b'j', _) => 64,
                (b'z' | b't', _) => 33,
                _ => break,
            };
            *at = at.checked_add(1)?;
        }
        let conversion = self.byte(*at)?;
        *at = at.checked_add(1)?;
        match conversion {
            b'd' | b'i' => {
                let value = match bits {
                    64 => self.long()? as i64,
                    16 => self.word()? as i16 as i64,
                    8 => self.word()? as i8 as i64,
                    _ => self.word()? as i32 as i64,
                };
                let prefix = Prefix::sign(&spec, value < 0);
                self.integer(&spec, prefix, value.unsigned_abs(), 10, false)
            }
            b'u' | b'o' | b'x' | b'X' | b'p' => {
                let value = match bits {
                    64 => self.long()?,
                    16 => self.word()? as u16 as u64,
                    8 => self.word()? as u8 as u64,
                    _ => self.word()? as u64,
                };
                let base = match conversion {
                    b'u' => 10,
                    b'o' => 8,
                    _ => 16,
                };
                let mut prefix = Prefix::default();
                if base == 16 && (conversion == b'p' || spec.alternative && value != 0) {
                    prefix.push(b'0');
                    prefix.push(if conversion == b'X' { b'X' } else { b'x' });
                }
                self.integer(&spec, prefix, value, base, conversion == b'X')
            }
            b'c' => {
                let byte = self.word()? as u8;
                self.pad(&spec, 1, false)?;
                self.put(byte)?;
                self.pad(&spec, 1, true)
            }
            b's' => {
                let at = self.word()?;
                self.string(&spec, at)
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let value = self.long()?;
                float::print(self, &spec, conversion, value)
            }
            // Writes nothing, into memory either.
            b'n' => self.word().map(|_| ()),
            b'%' => self.put(b'%'),
            // The string may end here; anything else is printed as it stands.
            0 => {
                *at = at.checked_sub(1)?;
                self.put(b'%')
            }
            _ => {
                *at = start;
                self.put(b'%')
            }
        }
    }

    /// The spaces on one side of `len` bytes: in front of them, or behind.
    #[inline(never)]
    pub(crate) fn pad(&mut self, spec: &Spec, len: u32, behind: bool) -> Option<()> {
        let spaces = if spec.left == behind { spec.width.saturating_sub(len) } else { 0 };
        self.repeat(b' ', spaces)
    }

    /// A sign or prefix, then zeros.
    pub(crate) fn prefix(&mut self, prefix: Prefix, zeros: u32) -> Option<()> {
        self.all(prefix.bytes.get(..prefix.len as usize)?)?;
        self.repeat(b'0', zeros)
    }

    fn string(&mut self, spec: &Spec, at: u32) -> Option<()> {
        const NULL: &[u8] = b"(null)";
        let most = spec.precision.unwrap_or(u32::MAX);
        if at == 0 {
            // As glibc: all of it, or nothing.
            let text = if most < NULL.len() as u32 { &[] } else { NULL };
            self.pad(spec, text.len() as u32, false)?;
            self.all(text)?;
            return self.pad(spec, text.len() as u32, true);
        }
        let mut len = 0;
        while len < most && self.byte(at.checked_add(len)?)? != 0 {
            len += 1;
        }
        self.pad(spec, len, false)?;
        for at in at..at + len {
            let byte = self.byte(at)?;
            self.put(byte)?;
        }
        self.pad(spec, len, true)
    }

    #[inline(never)]
    fn integer(
        &mut self,
        spec: &Spec,
        prefix: Prefix,
        value: u64,
        base: u64,
        upper: bool,
    ) -> Option<()> {
        // Says that it is not 0.
        let base = base.max(8);
        // 64 bits have 22 octal digits.
        let mut digits = [0u8; 22];
        let (mut len, mut left) = (0usize, value);
        while left != 0 {
            let digit = (left % base) as u8;
            let letter = if upper { b'A' - 10 } else { b'a' - 10 };
            if let Some(place) = digits.get_mut(len) {
                *place = digit + if digit < 10 { b'0' } else { letter };
            }
            len += 1;
            left /= base;
        }
        let count = len as u32;
        let mut zeros = spec.precision.unwrap_or(1).saturating_sub(count);
        if base == 8 && spec.alternative && zeros == 0 {
            zeros = 1;
        }
        if spec.zero && !spec.left && spec.precision.is_none() {
            zeros = zeros.max(spec.width.saturating_sub(count + prefix.len));
        }
        let all = prefix.len + zeros + count;
        self.pad(spec, all, false)?;
        self.prefix(prefix, zeros)?;
        digits.iter().take(len).rev().try_for_each(|&digit| self.put(digit))?;
        self.pad(spec, all, true)
    }
}

#[cfg(test)]
mod tests;
