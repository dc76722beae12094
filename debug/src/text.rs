//! Texts that the debugger asks for in parts (`qXfer`): each part is made by writing the text anew,
//! so that it takes no memory.

/// Keeps of a text the part from `skip` on that fits into `to`. Without `core::fmt`, which would
/// cost a device 1,500 bytes of flash.
pub(crate) struct Part<'b> {
    skip: u64,
    to: &'b mut [u8],
    len: usize,
}

impl Part<'_> {
    pub(crate) fn text(&mut self, text: &[u8]) -> &mut Self {
        for &byte in text {
            if self.skip > 0 {
                self.skip -= 1;
            } else if let Some(place) = self.to.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        self
    }

    /// A text as an attribute has it.
    pub(crate) fn escaped(&mut self, text: &[u8]) -> &mut Self {
        for byte in text {
            match byte {
                b'&' => self.text(b"&amp;"),
                b'<' => self.text(b"&lt;"),
                b'"' => self.text(b"&quot;"),
                byte => self.text(core::slice::from_ref(byte)),
            };
        }
        self
    }

    /// A number in as many hexadecimal digits as a `u64` has.
    pub(crate) fn hexadecimal(&mut self, number: u64) -> &mut Self {
        for digit in (0..16).rev() {
            let value = (number >> (4 * digit)) as u8 & 15;
            self.text(&[value + if value < 10 { b'0' } else { b'a' - 10 }]);
        }
        self
    }
}

/// Writes to `to` at most `length` bytes of a text, from `offset` on. Returns how many bytes that
/// are; 0 behind the end.
pub(crate) fn part(
    offset: u64,
    length: usize,
    to: &mut [u8],
    write: impl FnOnce(&mut Part),
) -> usize {
    let length = length.min(to.len());
    let mut part = Part { skip: offset, to: to.get_mut(..length).unwrap_or(&mut []), len: 0 };
    write(&mut part);
    part.len
}
