//! printf: the format is read from the memory of the program, and so are the arguments, which lie
//! behind each other as the C compiler puts variable arguments: 4 bytes each, or 8 at a multiple of
//! 8.

use crate::float;
use crate::memory::{self, Bytes};

/// Width and precision end here: nothing bounds the time that a host function takes.
const MOST: u32 = 4095;

/// Where the text goes, some bytes at a time: to the console, or into the memory.
pub(crate) struct Sink {
    console: bool,
    /// The address and the room that are left.
    pub(crate) at: u32,
    room: u32,
    buffer: [u8; 32],
    len: usize,
}

impl Sink {
    /// To the console, or to as many bytes as there is room for.
    pub(crate) fn new(console: bool, at: u32, room: u32) -> Sink {
        Sink { console, at, room, buffer: [0; 32], len: 0 }
    }

    /// `None` when what was put does not fit into the memory.
    #[inline(never)]
    pub(crate) fn put<B: Bytes>(&mut self, bytes: &mut B, byte: u8) -> Option<()> {
        if self.len == self.buffer.len() {
            self.flush(bytes)?;
        }
        *self.buffer.get_mut(self.len)? = byte;
        self.len += 1;
        Some(())
    }

    /// Hands on what is left.
    #[inline(never)]
    pub(crate) fn flush<B: Bytes>(&mut self, bytes: &mut B) -> Option<()> {
        let text = self.buffer.get(..self.len)?;
        self.len = 0;
        if self.console {
            bytes.print(text);
            return Some(());
        }
        let len = self.room.min(text.len() as u32);
        memory::write(bytes, self.at, text.get(..len as usize)?)?;
        self.at = self.at.wrapping_add(len);
        self.room -= len;
        Some(())
    }
}

/// The memory, the text, and where format and arguments are read.
pub(crate) struct Printer<'p, B> {
    bytes: &'p mut B,
    sink: &'p mut Sink,
    /// The byte that was read last, and where the next one is.
    byte: u8,
    at: u32,
    args: u32,
    count: u32,
}

/// Flags between `%` and the conversion, each a bit by its place here.
const FLAGS: &[u8] = b"-+ #0";
pub(crate) const LEFT: u32 = 1;
const PLUS: u32 = 2;
const SPACE: u32 = 4;
pub(crate) const ALTERNATIVE: u32 = 8;
const ZERO: u32 = 16;

/// What stands between `%` and the conversion.
pub(crate) struct Spec {
    pub(crate) flags: u32,
    pub(crate) width: u32,
    /// Negative where there is none.
    pub(crate) precision: i32,
}

impl Spec {
    /// A number's sign, or 0.
    pub(crate) fn sign(&self, negative: bool) -> u8 {
        if negative {
            b'-'
        } else if self.flags & PLUS != 0 {
            b'+'
        } else if self.flags & SPACE != 0 {
            b' '
        } else {
            0
        }
    }

    /// Zeros in place of spaces in front of a number of `len` bytes.
    pub(crate) fn zeros(&self, len: u32) -> u32 {
        if self.flags & (ZERO | LEFT) == ZERO {
            self.width.saturating_sub(len)
        } else {
            0
        }
    }
}

/// A number's sign or prefix; a byte that is 0 is none.
pub(crate) type Prefix = [u8; 2];

pub(crate) fn len_of(prefix: Prefix) -> u32 {
    prefix.iter().map(|&byte| (byte != 0) as u32).sum()
}

/// Prints `len` bytes of the memory, and the end of a line. Returns the number of bytes.
pub(crate) fn line<B: Bytes>(bytes: &mut B, at: u32, len: u32) -> Option<u32> {
    let mut sink = Sink::new(true, 0, 0);
    let spec = Spec { flags: 0, width: 0, precision: -1 };
    let mut printer = Printer { bytes, sink: &mut sink, byte: 0, at: 0, args: 0, count: 0 };
    printer.field(&spec, [0; 2], 0, &[], at, len)?;
    printer.put(b'\n')?;
    sink.flush(bytes)?;
    Some(len + 1)
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
    let mut printer = Printer { bytes, sink, byte: 0, at: text, args, count: 0 };
    let printed = printer.all_of_it();
    let count = printer.count.min(i32::MAX as u32);
    // Also what stands in front of what failed.
    sink.flush(bytes)?;
    printed.map(|()| count)
}

impl<B: Bytes> Printer<'_, B> {
    fn all_of_it(&mut self) -> Option<()> {
        loop {
            self.next()?;
            match self.byte {
                0 => return Some(()),
                b'%' => self.conversion()?,
                byte => self.put(byte)?,
            }
        }
    }

    /// Reads the next byte of the format.
    #[inline(never)]
    fn next(&mut self) -> Option<()> {
        self.byte = memory::byte(self.bytes, self.at)?;
        // Nothing lies behind the last address, so this does not wrap before it has failed.
        self.at = self.at.wrapping_add(1);
        Some(())
    }

    #[inline(never)]
    pub(crate) fn put(&mut self, byte: u8) -> Option<()> {
        self.count = self.count.saturating_add(1);
        self.sink.put(self.bytes, byte)
    }

    #[inline(never)]
    fn repeat(&mut self, byte: u8, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.put(byte))
    }

    #[inline(never)]
    fn word(&mut self) -> Option<u32> {
        let bytes = self.bytes.at(self.args, 4)?.first_chunk::<4>()?;
        let word = u32::from_le_bytes(*bytes);
        self.args = self.args.checked_add(4)?;
        Some(word)
    }

    #[inline(never)]
    pub(crate) fn long(&mut self) -> Option<u64> {
        self.args = self.args.checked_add(7)? & !7;
        let (low, high) = (self.word()?, self.word()?);
        Some(low as u64 | (high as u64) << 32)
    }

    /// Digits, or `*` for an argument, which may be negative. What stands behind them is read.
    #[inline(never)]
    fn number(&mut self) -> Option<i32> {
        let mut value = 0;
        if self.byte == b'*' {
            value = (self.word()? as i32).clamp(-(MOST as i32), MOST as i32);
            self.next()?;
            return Some(value);
        }
        loop {
            let digit = self.byte.wrapping_sub(b'0');
            if digit > 9 {
                return Some(value);
            }
            value = (value * 10 + digit as i32).min(MOST as i32);
            self.next()?;
        }
    }

    fn conversion(&mut self) -> Option<()> {
        let start = self.at;
        let mut spec = Spec { flags: 0, width: 0, precision: -1 };
        self.next()?;
        while let Some(flag) = FLAGS.iter().position(|&flag| flag == self.byte) {
            spec.flags |= 1 << flag;
            self.next()?;
        }
        let width = self.number()?;
        if width < 0 {
            spec.flags |= LEFT;
        }
        spec.width = width.unsigned_abs();
        if self.byte == b'.' {
            self.next()?;
            spec.precision = self.number()?;
        }
        // Bits of the argument; 33 for a long, which has 32.
        let mut bits = 32u32;
        loop {
            bits = match (self.byte, bits) {
                (b'h', 32) => 16,
                (b'h', _) => 8,
                (b'l', 32) | (b'z' | b't', _) => 33,
                (b'l' | b'j', _) => 64,
                _ => break,
            };
            self.next()?;
        }
        let byte = self.byte;
        let base = match byte {
            b'd' | b'i' | b'u' => 10,
            b'o' => 8,
            b'x' | b'X' | b'p' => 16,
            b'c' => {
                let byte = self.word()? as u8;
                return self.field(&spec, [0; 2], 0, &[byte], 0, 1);
            }
            b's' => return self.string(&spec),
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let value = self.long()?;
                return float::print(self, &spec, byte, value);
            }
            // Writes nothing, into memory either.
            b'n' => return self.word().map(|_| ()),
            b'%' => return self.put(b'%'),
            // The string may end here; anything else is printed as it stands.
            byte => {
                self.at = if byte == 0 { self.at.wrapping_sub(1) } else { start };
                return self.put(b'%');
            }
        };
        let signed = byte == b'd' || byte == b'i';
        let value = if bits == 64 {
            self.long()?
        } else {
            let shift = 32u32.saturating_sub(bits);
            let word = self.word()? << shift;
            if signed {
                ((word as i32) >> shift) as u64
            } else {
                (word >> shift) as u64
            }
        };
        self.integer(&spec, byte, base, value)
    }

    fn integer(&mut self, spec: &Spec, conversion: u8, base: u64, value: u64) -> Option<()> {
        let (mut prefix, mut value) = ([0; 2], value);
        if conversion == b'd' || conversion == b'i' {
            prefix[0] = spec.sign((value as i64) < 0);
            value = (value as i64).unsigned_abs();
        }
        let alternative = spec.flags & ALTERNATIVE != 0;
        if conversion == b'p' || base == 16 && alternative && value != 0 {
            // `x` in the case of the conversion.
            prefix = [b'0', b'X' | (conversion & 0x20)];
        }
        // 64 bits have 22 octal digits.
        let mut digits = [0u8; 22];
        let mut at = digits.len();
        // Says that it is not 0.
        let base = base.max(8);
        while value != 0 {
            let digit = (value % base) as u8;
            value /= base;
            at = at.saturating_sub(1);
            let first = if digit < 10 { b'0' } else { b'A' - 10 + (conversion & 0x20) };
            *digits.get_mut(at)? = digit + first;
        }
        let digits = digits.get(at..)?;
        let count = digits.len() as u32;
        let least = if spec.precision < 0 { 1 } else { spec.precision as u32 };
        let mut zeros = least.saturating_sub(count);
        if base == 8 && alternative && zeros == 0 {
            zeros = 1;
        }
        if spec.precision < 0 {
            zeros = zeros.max(spec.zeros(count + len_of(prefix)));
        }
        self.field(spec, prefix, zeros, digits, 0, count)
    }

    /// The spaces on one side of `len` bytes: in front of them, or behind.
    #[inline(never)]
    pub(crate) fn pad(&mut self, spec: &Spec, len: u32, behind: u32) -> Option<()> {
        let spaces = if spec.flags & LEFT == behind { spec.width.saturating_sub(len) } else { 0 };
        self.repeat(b' ', spaces)
    }

    /// A sign or prefix, then zeros.
    #[inline(never)]
    pub(crate) fn prefix(&mut self, prefix: Prefix, zeros: u32) -> Option<()> {
        for byte in prefix {
            if byte != 0 {
                self.put(byte)?;
            }
        }
        self.repeat(b'0', zeros)
    }

    /// A prefix, zeros and `len` bytes, in spaces: those of `text`, or of the memory.
    #[inline(never)]
    pub(crate) fn field(
        &mut self,
        spec: &Spec,
        prefix: Prefix,
        zeros: u32,
        text: &[u8],
        at: u32,
        len: u32,
    ) -> Option<()> {
        let all = len_of(prefix) + zeros + len;
        self.pad(spec, all, 0)?;
        self.prefix(prefix, zeros)?;
        for index in 0..len {
            let byte = match text.get(index as usize) {
                Some(&byte) => byte,
                None => memory::byte(self.bytes, at.wrapping_add(index))?,
            };
            self.put(byte)?;
        }
        self.pad(spec, all, LEFT)
    }

    fn string(&mut self, spec: &Spec) -> Option<()> {
        let at = self.word()?;
        // As a number without a sign, a precision that is not there has no bound.
        let most = spec.precision as u32;
        let (mut text, mut len) = (&b""[..], 0);
        if at == 0 {
            // As glibc: all of it, or nothing.
            text = b"(null)";
            len = if most < text.len() as u32 { 0 } else { text.len() as u32 };
        } else {
            while len < most && memory::byte(self.bytes, at.checked_add(len)?)? != 0 {
                len += 1;
            }
        }
        self.field(spec, [0; 2], 0, text, at, len)
    }
}

#[cfg(test)]
mod tests;
