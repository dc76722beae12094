//! printf: the format is read from the linear memory, and so are the arguments, which lie behind
//! each other as the C compiler puts variable arguments: 4 bytes each, or 8 at a multiple of 8.

use crate::decimal::Decimal;

/// Width and precision end here: nothing bounds the time that a host function takes.
const MOST: u32 = 4095;

/// Where the text goes.
pub(crate) enum Sink<'s> {
    /// To the embedder, some bytes at a time.
    Console { print: &'s mut dyn FnMut(&[u8]), buffer: [u8; 32], len: usize },
    /// Into the linear memory: the address and the room that are left.
    Memory { at: u32, room: u32 },
}

impl<'s> Sink<'s> {
    pub(crate) fn console(print: &'s mut dyn FnMut(&[u8])) -> Sink<'s> {
        Sink::Console { print, buffer: [0; 32], len: 0 }
    }

    pub(crate) fn memory(at: u32, room: u32) -> Sink<'s> {
        Sink::Memory { at, room }
    }

    /// `None` when the byte does not fit into the memory.
    fn put(&mut self, memory: &mut [u8], byte: u8) -> Option<()> {
        match self {
            Sink::Console { buffer, len, .. } => {
                if let Some(place) = buffer.get_mut(*len) {
                    *place = byte;
                    *len += 1;
                }
                if *len == buffer.len() {
                    self.flush();
                }
            }
            Sink::Memory { room: 0, .. } => {}
            Sink::Memory { at, room } => {
                *memory.get_mut(*at as usize)? = byte;
                *at = at.checked_add(1)?;
                *room -= 1;
            }
        }
        Some(())
    }

    /// Hands on what is left.
    pub(crate) fn flush(&mut self) {
        if let Sink::Console { print, buffer, len } = self {
            print(buffer.get(..*len).unwrap_or(&[]));
            *len = 0;
        }
    }
}

/// The memory, the text, and the arguments that are left.
struct Printer<'p, 's> {
    memory: &'p mut [u8],
    sink: &'p mut Sink<'s>,
    args: u32,
    count: u32,
}

/// What stands between `%` and the conversion.
#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternative: bool,
    zero: bool,
    width: u32,
    precision: Option<u32>,
}

/// A number's sign or prefix: two bytes at most.
#[derive(Clone, Copy, Default)]
struct Prefix {
    bytes: [u8; 2],
    len: u32,
}

impl Prefix {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len as usize) {
            *place = byte;
            self.len += 1;
        }
    }

    fn sign(spec: &Spec, negative: bool) -> Prefix {
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

/// Prints `text`, a string of the memory, with the arguments at `args`. Returns the number of bytes;
/// `None` when something is outside of the memory.
#[inline(never)]
pub(crate) fn format(memory: &mut [u8], sink: &mut Sink, text: u32, args: u32) -> Option<i32> {
    let mut printer = Printer { memory, sink, args, count: 0 };
    let mut at = text;
    loop {
        let byte = printer.byte(at)?;
        at = at.checked_add(1)?;
        match byte {
            0 => return Some(printer.count.min(i32::MAX as u32) as i32),
            b'%' => printer.conversion(&mut at)?,
            _ => printer.put(byte)?,
        }
    }
}

impl Printer<'_, '_> {
    fn byte(&self, at: u32) -> Option<u8> {
        self.memory.get(at as usize).copied()
    }

    fn put(&mut self, byte: u8) -> Option<()> {
        self.count = self.count.saturating_add(1);
        self.sink.put(self.memory, byte)
    }

    fn repeat(&mut self, byte: u8, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.put(byte))
    }

    fn all(&mut self, bytes: &[u8]) -> Option<()> {
        bytes.iter().try_for_each(|&byte| self.put(byte))
    }

    fn word(&mut self) -> Option<u32> {
        let bytes = self.memory.get(self.args as usize..)?.first_chunk::<4>()?;
        self.args = self.args.checked_add(4)?;
        Some(u32::from_le_bytes(*bytes))
    }

    fn long(&mut self) -> Option<u64> {
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
                self.padded(&spec, 1, |printer| printer.put(byte))
            }
            b's' => {
                let at = self.word()?;
                self.string(&spec, at)
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let value = f64::from_bits(self.long()?);
                self.float(&spec, conversion, value)
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

    /// With spaces on one side.
    fn padded(
        &mut self,
        spec: &Spec,
        len: u32,
        body: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let spaces = spec.width.saturating_sub(len);
        if !spec.left {
            self.repeat(b' ', spaces)?;
        }
        body(self)?;
        if spec.left {
            self.repeat(b' ', spaces)?;
        }
        Some(())
    }

    fn string(&mut self, spec: &Spec, at: u32) -> Option<()> {
        const NULL: &[u8] = b"(null)";
        let most = spec.precision.unwrap_or(u32::MAX);
        if at == 0 {
            // As glibc: all of it, or nothing.
            let text = if most < NULL.len() as u32 { &[] } else { NULL };
            return self.padded(spec, text.len() as u32, |printer| printer.all(text));
        }
        let mut len = 0;
        while len < most && self.byte(at.checked_add(len)?)? != 0 {
            len += 1;
        }
        self.padded(spec, len, |printer| {
            (at..at + len).try_for_each(|at| {
                let byte = printer.byte(at)?;
                printer.put(byte)
            })
        })
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
        self.padded(spec, prefix.len + zeros + count, |printer| {
            printer.all(prefix.bytes.get(..prefix.len as usize)?)?;
            printer.repeat(b'0', zeros)?;
            digits.iter().take(len).rev().try_for_each(|&digit| printer.put(digit))
        })
    }

    #[inline(never)]
    fn float(&mut self, spec: &Spec, conversion: u8, value: f64) -> Option<()> {
        let prefix = Prefix::sign(spec, value.is_sign_negative());
        let sign = prefix;
        let upper = conversion.is_ascii_uppercase();
        if !value.is_finite() {
            let text = match (value.is_nan(), upper) {
                (true, true) => b"NAN",
                (true, false) => b"nan",
                (false, true) => b"INF",
                (false, false) => b"inf",
            };
            return self.padded(spec, prefix.len + 3, |printer| {
                printer.all(sign.bytes.get(..sign.len as usize)?)?;
                printer.all(text)
            });
        }
        let mut decimal = Decimal::new(value);
        let mut precision = spec.precision.unwrap_or(6) as i32;
        let mut exponent = decimal.top();
        let general = conversion | 32 == b'g';
        let mut scientific = conversion | 32 == b'e';
        if general {
            // Significant digits.
            precision = precision.max(1);
            decimal.round(exponent - (precision - 1));
            exponent = decimal.top();
            scientific = exponent < -4 || exponent >= precision;
            precision -= 1 + if scientific { 0 } else { exponent };
        }
        // The place of the last digit.
        let mut last = if scientific { exponent - precision } else { -precision };
        decimal.round(last);
        if scientific {
            exponent = decimal.top();
            last = exponent - precision;
        }
        if general && !spec.alternative {
            let lowest = if scientific { exponent } else { 0 };
            while last < lowest && decimal.digit(last) == 0 {
                last += 1;
            }
        }
        // The place of the last digit in front of the point.
        let ones = if scientific { exponent } else { 0 };
        let first = if scientific { exponent } else { decimal.top().max(0) };
        let point = last < ones || spec.alternative;
        let mut len = (first - last.min(ones) + 1) as u32 + point as u32;
        let magnitude = exponent.unsigned_abs();
        if scientific {
            len += if magnitude > 99 { 5 } else { 4 };
        }
        let len = prefix.len + len;
        let zeros = if spec.zero && !spec.left { spec.width.saturating_sub(len) } else { 0 };
        self.padded(spec, len + zeros, |printer| {
            printer.all(sign.bytes.get(..sign.len as usize)?)?;
            printer.repeat(b'0', zeros)?;
            let mut place = first;
            loop {
                printer.put(b'0' + decimal.digit(place))?;
                if place == ones && point {
                    printer.put(b'.')?;
                }
                if place <= last.min(ones) {
                    break;
                }
                place -= 1;
            }
            if scientific {
                printer.put(if upper { b'E' } else { b'e' })?;
                printer.put(if exponent < 0 { b'-' } else { b'+' })?;
                if magnitude > 99 {
                    printer.put(b'0' + (magnitude / 100) as u8)?;
                }
                printer.put(b'0' + (magnitude / 10 % 10) as u8)?;
                printer.put(b'0' + (magnitude % 10) as u8)?;
            }
            Some(())
        })
    }
}

#[cfg(test)]
mod tests;
