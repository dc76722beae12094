//! Short texts for people, built by hand: formatting by `core::fmt` would cost more flash than all
//! texts together.

use core::ffi::{c_char, CStr};

/// Appends to memory of a fixed size, ends it with NUL, and cuts off what does not fit.
pub(super) struct Text {
    start: *mut u8,
    len: usize,
    room: usize,
}

impl Text {
    /// Writes to the caller's buffer of `size` bytes, which may be null.
    ///
    /// # Safety
    /// `at` is null or points at `size` bytes that live as long as the text.
    pub(super) unsafe fn new(at: *mut u8, size: usize) -> Text {
        let room = if at.is_null() { 0 } else { size.saturating_sub(1) };
        let text = Text { start: at, len: 0, room };
        if !at.is_null() && size != 0 {
            // SAFETY: there is at least one byte.
            unsafe { *at = 0 };
        }
        text
    }

    #[inline(never)]
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Text {
        let count = bytes.len().min(self.room - self.len);
        if count != 0 {
            // SAFETY: `len` + `count` <= `room`, and behind `room` is one byte more for the NUL.
            unsafe {
                self.start.add(self.len).copy_from_nonoverlapping(bytes.as_ptr(), count);
                self.len += count;
                *self.start.add(self.len) = 0;
            }
        }
        self
    }

    pub(super) fn str(&mut self, text: &str) -> &mut Text {
        self.bytes(text.as_bytes())
    }

    /// A number in decimal.
    #[inline(never)]
    pub(super) fn number(&mut self, number: u32) -> &mut Text {
        let digit = [b'0' + (number % 10) as u8];
        if number > 9 {
            self.number(number / 10);
        }
        self.bytes(&digit)
    }

    /// A number in hexadecimal, without leading zeros.
    pub(super) fn hexadecimal(&mut self, number: u64) -> &mut Text {
        let digit = (number & 15) as u8;
        if number > 15 {
            self.hexadecimal(number >> 4);
        }
        self.bytes(&[if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }])
    }

    pub(super) fn get(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: as many bytes were written.
        unsafe { core::slice::from_raw_parts(self.start, self.len) }
    }
}

/// A line of text on the stack, for messages and for the console.
pub(super) fn with_line(write: impl FnOnce(&mut Text), then: impl FnOnce(&[u8])) {
    let mut buffer = [0u8; 96];
    // SAFETY: the buffer has that size and outlives the text.
    let mut text = unsafe { Text::new(buffer.as_mut_ptr(), buffer.len()) };
    write(&mut text);
    then(text.get());
}

/// The bytes of a C string; none for null.
///
/// # Safety
/// `text` is null or a NUL-terminated string that lives as long as the result is used.
#[inline(never)]
pub(super) unsafe fn c_bytes<'t>(text: *const c_char) -> &'t [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: `text` is NUL-terminated and lives as long as the result, by the contract of this
    // function; it is not null.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_off_and_terminates() {
        let mut buffer = [0xffu8; 8];
        // SAFETY: the buffer has that size.
        let mut text = unsafe { Text::new(buffer.as_mut_ptr(), 8) };
        text.str("ab").number(4096).hexadecimal(0x10f);
        assert_eq!(text.get(), b"ab40961");
        assert_eq!(&buffer, b"ab40961\0");
        // SAFETY: null is taken for no buffer.
        let mut nowhere = unsafe { Text::new(core::ptr::null_mut(), 10) };
        assert_eq!(nowhere.str("x").get(), b"");
    }

    #[test]
    fn numbers() {
        let write = |text: &mut Text| {
            text.number(0).str(" ").number(u32::MAX).str(" ").hexadecimal(u64::MAX);
        };
        with_line(write, |line| assert_eq!(line, b"0 4294967295 ffffffffffffffff"));
    }
}
