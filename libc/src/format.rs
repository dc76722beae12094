//! printf: the format is read from the memory of the program, and so are the arguments, which lie
//! behind each other as the C compiler puts variable arguments: 4 bytes each, or 8 at a multiple of
//! 8.

use crate::float;
use crate::memory::{Bytes, Memory};

/// Width and precision end here: nothing bounds the time that a host function takes.
const MOST: i32 = 4095;

/// Flags between `%` and the conversion, each a bit by its character.
const fn flag(character: u8) -> u32 {
    1 << (character - b' ')
}
const SPACE: u32 = flag(b' ');
pub(crate) const ALTERNATIVE: u32 = flag(b'#');
const PLUS: u32 = flag(b'+');
pub(crate) const LEFT: u32 = flag(b'-');
const ZERO: u32 = flag(b'0');
const FLAGS: u32 = SPACE | ALTERNATIVE | PLUS | LEFT | ZERO;

/// Prints a text, and holds what stands between `%` and the conversion.
// The order is of the size of the code.
#[repr(C)]
pub(crate) struct Printer<'p, 'm, B> {
    /// The byte of the format that was read last.
    byte: u8,
    /// The text goes to the console, or to `at`, where there is `room`.
    console: bool,
    memory: &'p mut Memory<'m, B>,
    at: u32,
    room: u32,
    /// Where the format is, and how much of it was read.
    text: u32,
    position: u32,
    args: u32,
    pub(crate) flags: u32,
    width: u32,
    /// Negative where there is none.
    pub(crate) precision: i32,
    /// Of the field that is printed.
    spaces: u32,
    /// The bytes that were printed. The console gets them in pieces.
    count: u32,
    piece: [u8; PIECE],
}

const PIECE: usize = 32;

/// A number's sign or prefix: one character, two from the low byte on, or 0.
pub(crate) type Prefix = u32;

#[inline(never)]
pub(crate) fn len_of(prefix: Prefix) -> u32 {
    (prefix != 0) as u32 + (prefix > 0xff) as u32
}

impl<'p, 'm, B: Bytes> Printer<'p, 'm, B> {
    /// To the console, or to memory, with room for a NUL behind the text.
    pub(crate) fn new(memory: &'p mut Memory<'m, B>, console: bool, at: u32, room: u32) -> Self {
        Printer {
            memory,
            console,
            at,
            room,
            text: 0,
            position: 0,
            byte: 0,
            args: 0,
            flags: 0,
            width: 0,
            precision: 0,
            spaces: 0,
            count: 0,
            piece: [0; PIECE],
        }
    }

    /// Prints `text`, a string of the memory: as it stands, or as a format with the arguments at
    /// `args`.
    #[inline(never)]
    pub(crate) fn print(&mut self, text: u32, args: u32, format: bool) {
        (self.text, self.args) = (text, args);
        loop {
            self.next();
            match self.byte {
                0 => return,
                b'%' if format => {
                    self.conversion();
                    self.pad(LEFT);
                }
                byte => self.put(byte),
            }
        }
    }

    /// Hands on what is left, also what stands in front of what failed, and ends a string in memory.
    /// Returns the number of bytes.
    pub(crate) fn end(&mut self) -> u32 {
        if self.console {
            let len = self.count as usize % PIECE;
            self.memory.bytes.print(self.piece.get(..len).unwrap_or(&[]));
        } else if self.room != 0 {
            self.memory.fill(self.at, 1, 0);
        }
        self.count
    }

    /// Reads the next byte of the format.
    #[inline(never)]
    fn next(&mut self) {
        self.byte = self.memory.byte(self.text, self.position) as u8;
        self.position = self.position.wrapping_add(1);
    }

    /// Prints a byte; none behind an access that was outside.
    #[inline(never)]
    pub(crate) fn put(&mut self, byte: u8) {
        if self.memory.outside {
            return;
        }
        let index = self.count as usize % PIECE;
        self.piece[index] = byte;
        self.count = self.count.wrapping_add(1);
        if self.console {
            if index == PIECE - 1 {
                self.memory.bytes.print(&self.piece);
            }
        } else if self.room > 1 {
            self.memory.fill(self.at, 1, byte);
            self.at = self.at.wrapping_add(1);
            self.room -= 1;
        }
    }

    #[inline(never)]
    fn repeat(&mut self, byte: u8, count: u32) {
        (0..count).for_each(|_| self.put(byte));
    }

    #[inline(never)]
    fn word(&mut self) -> u32 {
        let word = self.memory.word(self.args);
        self.args = self.args.saturating_add(4);
        word
    }

    #[inline(never)]
    fn long(&mut self) -> u64 {
        self.args = self.args.saturating_add(7) & !7;
        let low = self.word();
        low as u64 | (self.word() as u64) << 32
    }

    /// Digits, or `*` for an argument, which may be negative. What stands behind them is read.
    #[inline(never)]
    fn number(&mut self) -> i32 {
        let mut value = 0;
        if self.byte == b'*' {
            value = (self.word() as i32).clamp(-MOST, MOST);
            self.next();
            return value;
        }
        loop {
            let digit = self.byte.wrapping_sub(b'0');
            if digit > 9 {
                return value;
            }
            value = (value * 10 + digit as i32).min(MOST);
            self.next();
        }
    }

    /// What begins with `%`.
    fn conversion(&mut self) {
        let start = self.position;
        self.flags = 0;
        self.precision = -1;
        self.spaces = 0;
        loop {
            self.next();
            let flag = 1u32.checked_shl((self.byte as u32).wrapping_sub(32)).unwrap_or(0) & FLAGS;
            if flag == 0 {
                break;
            }
            self.flags |= flag;
        }
        let width = self.number();
        if width < 0 {
            self.flags |= LEFT;
        }
        self.width = width.unsigned_abs();
        if self.byte == b'.' {
            self.next();
            self.precision = self.number();
        }
        // By how many bits a word is narrowed; how often it is said to be long: twice is 64 bits.
        let (mut narrow, mut longs) = (0u32, 0);
        let base = loop {
            let byte = self.byte;
            match byte {
                b'h' => narrow = 16 + narrow / 2,
                b'l' => longs += 1,
                b'j' => longs = 2,
                b'z' | b't' => {}
                b'd' | b'i' | b'u' => break 10,
                b'o' => break 8,
                b'x' | b'X' | b'p' => break 16,
                b'c' => {
                    let byte = self.word() as u8;
                    self.field(0, 0, 1);
                    return self.put(byte);
                }
                b's' => return self.string(),
                b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                    let value = self.long();
                    return float::print(self, byte, value);
                }
                // Writes nothing, into memory either.
                b'n' => {
                    self.word();
                    return;
                }
                b'%' => return self.put(b'%'),
                // The string may end here; anything else is printed as it stands.
                byte => {
                    self.position = if byte == 0 { self.position.wrapping_sub(1) } else { start };
                    return self.put(b'%');
                }
            }
            self.next();
        };
        self.integer(base, narrow, longs > 1);
    }

    /// An integer, of which the word is narrowed by so many bits, or which is long.
    #[inline(never)]
    fn integer(&mut self, base: u32, narrow: u32, long: bool) {
        let conversion = self.byte;
        let signed = conversion == b'd' || conversion == b'i';
        let mut value = if long {
            self.long()
        } else {
            let word = self.word().wrapping_shl(narrow);
            if signed {
                (word as i32).wrapping_shr(narrow) as u64
            } else {
                word.wrapping_shr(narrow) as u64
            }
        };
        let mut prefix = 0;
        if signed {
            prefix = self.sign((value as i64) < 0);
            value = (value as i64).unsigned_abs();
        }
        let alternative = self.flags & ALTERNATIVE != 0;
        if conversion == b'p' || base == 16 && alternative && value != 0 {
            // `x` in the case of the conversion.
            prefix = b'0' as u32 | ((b'X' | (conversion & 0x20)) as u32) << 8;
        }
        // 64 bits have 22 octal digits. The last one comes first.
        let mut digits = [0u8; 32];
        let mut count = 0;
        // Says that it is not 0.
        let base = base.max(8);
        while value != 0 {
            let digit = (value % base as u64) as u8;
            value /= base as u64;
            let first = if digit < 10 { b'0' } else { b'A' - 10 + (conversion & 0x20) };
            digits[count % 32] = first + digit;
            count += 1;
        }
        let len = count as u32;
        let mut zeros = if self.precision < 0 {
            self.zeros(len_of(prefix) + len)
        } else {
            (self.precision as u32).saturating_sub(len)
        };
        let needed = base == 8 && alternative || len == 0 && self.precision != 0;
        if needed && zeros == 0 {
            zeros = 1;
        }
        self.field(prefix, zeros, len);
        while count != 0 {
            count -= 1;
            self.put(digits[count % 32]);
        }
    }

    /// A number's sign, or 0.
    pub(crate) fn sign(&self, negative: bool) -> Prefix {
        if negative {
            b'-' as Prefix
        } else if self.flags & PLUS != 0 {
            b'+' as Prefix
        } else if self.flags & SPACE != 0 {
            b' ' as Prefix
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

    /// The spaces on one side of the field, if it has them there: in front of it, or behind.
    #[inline(never)]
    pub(crate) fn pad(&mut self, side: u32) {
        if self.flags & LEFT == side {
            self.repeat(b' ', self.spaces);
        }
    }

    /// Begins a field with a prefix, zeros and `len` bytes, which the caller puts; [`Printer::pad`]
    /// ends it.
    #[inline(never)]
    pub(crate) fn field(&mut self, prefix: Prefix, zeros: u32, len: u32) {
        self.spaces = self.width.saturating_sub(len_of(prefix) + zeros + len);
        self.pad(0);
        if prefix != 0 {
            self.put(prefix as u8);
        }
        if prefix > 0xff {
            self.put((prefix >> 8) as u8);
        }
        self.repeat(b'0', zeros);
    }

    fn string(&mut self) {
        let at = self.word();
        // As a number without a sign, a precision that is not there has no bound.
        let most = self.precision as u32;
        if at == 0 {
            // As glibc: all of it, or nothing.
            let text = if most < 6 { &b""[..] } else { b"(null)" };
            self.field(0, 0, text.len() as u32);
            text.iter().for_each(|&byte| self.put(byte));
            return;
        }
        let len = self.memory.find(at, most, 0);
        self.field(0, 0, len);
        for index in 0..len {
            let byte = self.memory.byte(at, index);
            self.put(byte as u8);
        }
    }
}

#[cfg(test)]
mod tests;
