//! Texts for C: they end with NUL, and what does not fit is cut off.

use core::ffi::c_char;
use core::fmt::{self, Write};

/// Writes into a buffer of C.
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> Writer<'b> {
    pub fn new(buffer: &'b mut [u8]) -> Writer<'b> {
        if let Some(first) = buffer.first_mut() {
            *first = 0;
        }
        Writer { buffer, len: 0 }
    }
}

impl Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.buffer.len().saturating_sub(self.len + 1);
        let text = text.as_bytes().get(..text.len().min(room)).unwrap_or(&[]);
        let rest = self.buffer.get_mut(self.len..).unwrap_or(&mut []);
        let ends = text.iter().chain(&[0]);
        rest.iter_mut().zip(ends).for_each(|(to, from)| *to = *from);
        self.len += text.len();
        Ok(())
    }
}

/// Writes a text into a buffer.
pub fn store(buffer: &mut [u8], text: &dyn fmt::Display) {
    // What does not fit is cut off.
    let _ = write!(Writer::new(buffer), "{text}");
}

/// A text of C; None for NULL and what is not UTF-8.
///
/// # Safety
/// `text` is NULL or ends with NUL, and stays as it is while the result is used.
pub unsafe fn read<'t>(text: *const c_char) -> Option<&'t str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: it is not NULL, and by the contract of this function it ends with NUL and stays.
    unsafe { core::ffi::CStr::from_ptr(text) }.to_str().ok()
}
