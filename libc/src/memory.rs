//! Bytes of the program: its linear memory, and the shared heap that it has.

use crate::{func, Host};
use zonda::Call;

/// What the functions read and write.
pub(crate) trait Bytes {
    /// `len` bytes; `None` when one of them is outside.
    fn at(&mut self, at: u32, len: u32) -> Option<&mut [u8]>;

    /// Copies, as memmove does; `None` when a byte is outside.
    fn copy(&mut self, to: u32, from: u32, len: u32) -> Option<()>;

    /// To the console.
    fn print(&mut self, text: &[u8]);
}

impl<S: Host> Bytes for Call<'_, S> {
    fn at(&mut self, at: u32, len: u32) -> Option<&mut [u8]> {
        self.bytes_mut(at, len)
    }

    fn copy(&mut self, to: u32, from: u32, len: u32) -> Option<()> {
        Call::copy(self, to, from, len)
    }

    fn print(&mut self, text: &[u8]) {
        self.state().print(text);
    }
}

/// The bytes of the program. An access that is outside of them is noted, and the call traps in the
/// end: until then such a byte is 0, which ends strings, and what is written there is lost. So the
/// functions go on, a few instructions shorter, and do not have to return an error.
pub(crate) struct Memory<'m, B> {
    pub(crate) bytes: &'m mut B,
    pub(crate) outside: bool,
}

impl<B: Bytes> Memory<'_, B> {
    /// `len` bytes; none when one of them is outside.
    #[inline(never)]
    pub(crate) fn range(&mut self, at: u32, len: u32) -> &mut [u8] {
        match self.bytes.at(at, len) {
            Some(bytes) => bytes,
            None => {
                self.outside = true;
                &mut []
            }
        }
    }

    /// Whether `len` bytes are inside.
    pub(crate) fn has(&mut self, at: u32, len: u32) -> bool {
        self.range(at, len);
        !self.outside
    }

    /// The byte at `base` + `index`.
    #[inline(never)]
    pub(crate) fn byte(&mut self, base: u32, index: u32) -> u32 {
        // Two bytes at the last address are in no memory.
        let beyond = base.checked_add(index).is_none();
        let bytes = self.range(base.saturating_add(index), 1 + beyond as u32);
        bytes.first().map_or(0, |&byte| byte as u32)
    }

    /// Sets `len` bytes.
    #[inline(never)]
    pub(crate) fn fill(&mut self, at: u32, len: u32, value: u8) {
        self.range(at, len).iter_mut().for_each(|byte| *byte = value);
    }

    /// Reads a word.
    #[inline(never)]
    pub(crate) fn word(&mut self, at: u32) -> u32 {
        self.range(at, 4).first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// Writes a word.
    #[inline(never)]
    pub(crate) fn set_word(&mut self, at: u32, word: u32) {
        if let Some(to) = self.range(at, 4).first_chunk_mut() {
            *to = word.to_le_bytes();
        }
    }

    /// memmove.
    #[inline(never)]
    pub(crate) fn copy(&mut self, to: u32, from: u32, len: u32) {
        self.outside |= self.bytes.copy(to, from, len).is_none();
    }

    /// The index of the first byte of this value; `len` if none of `len` bytes has it. A value other
    /// than 0 is looked for in bytes that are inside: nothing else ends the search.
    #[inline(never)]
    pub(crate) fn find(&mut self, base: u32, len: u32, value: u32) -> u32 {
        (0..len).find(|&index| self.byte(base, index) == value).unwrap_or(len)
    }

    /// strlen.
    #[inline(never)]
    pub(crate) fn len(&mut self, at: u32) -> u32 {
        self.find(at, u32::MAX, 0)
    }

    /// A byte, as a small letter where it is `folded`.
    #[inline(never)]
    fn letter(&mut self, base: u32, index: u32, folded: bool) -> u32 {
        let byte = self.byte(base, index);
        let upper = folded && byte.wrapping_sub(b'A' as u32) < 26;
        byte + if upper { 32 } else { 0 }
    }

    /// The difference of the first of `len` bytes that differ, as a [`func`] compares them: strings end
    /// with NUL, and the letters of strncasecmp are equal whatever their case.
    #[inline(never)]
    pub(crate) fn compare(&mut self, func: usize, a: u32, b: u32, len: u32) -> u32 {
        for index in 0..len {
            let first = self.letter(a, index, func == func::strncasecmp);
            let second = self.letter(b, index, func == func::strncasecmp);
            if first != second || first == 0 && func != func::memcmp {
                return first.wrapping_sub(second);
            }
        }
        0
    }
}

/// A program without an instance.
#[cfg(test)]
pub(crate) struct Program<'m> {
    pub(crate) memory: &'m mut [u8],
    pub(crate) printed: std::vec::Vec<u8>,
}

#[cfg(test)]
impl Bytes for Program<'_> {
    fn at(&mut self, at: u32, len: u32) -> Option<&mut [u8]> {
        self.memory.get_mut(at as usize..)?.get_mut(..len as usize)
    }

    fn copy(&mut self, to: u32, from: u32, len: u32) -> Option<()> {
        let bytes = self.at(from, len)?.to_vec();
        self.at(to, len)?.copy_from_slice(&bytes);
        Some(())
    }

    fn print(&mut self, text: &[u8]) {
        self.printed.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_is_noted_and_reads_0() {
        let mut bytes = *b"ab\0cd";
        let mut program = Program { memory: &mut bytes, printed: std::vec::Vec::new() };
        let mut memory = Memory { bytes: &mut program, outside: false };
        assert_eq!(
            (memory.len(0), memory.find(0, 5, b'd' as u32), memory.find(3, 2, b'x' as u32)),
            (2, 4, 2)
        );
        assert_eq!((memory.byte(1, 3), memory.outside), (b'd' as u32, false));
        assert_eq!(memory.compare(func::strncmp, 0, 3, 2), -2i32 as u32);
        assert!(!memory.outside);
        for (base, index) in [(5, 0), (0, 5), (u32::MAX, 0), (u32::MAX, 1), (1, u32::MAX)] {
            memory.outside = false;
            assert_eq!((memory.byte(base, index), memory.outside), (0, true), "{base} {index}");
        }
        memory.outside = false;
        assert_eq!((memory.len(3), memory.outside), (2, true));
        memory.fill(4, 2, 0);
        memory.set_word(2, 0);
        memory.copy(0, 3, 3);
        assert_eq!(bytes, *b"ab\0cd");
    }
}
