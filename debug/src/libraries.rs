//! The list of modules for the debugger, as XML: `qXfer:libraries:read`.
//!
//! It is written anew for each part that the debugger asks for, so that it takes no memory.

use crate::address::Address;
/// Keeps of a text the part from `skip` on that fits into `to`. Without `core::fmt`, which would
/// cost a device 1,500 bytes of flash.
struct Part<'b> {
    skip: u64,
    to: &'b mut [u8],
    len: usize,
}

impl Part<'_> {
    fn text(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
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
    fn escaped(&mut self, text: &str) -> &mut Self {
        for piece in text.split_inclusive(['&', '<', '"']) {
            let (rest, entity) = match piece.as_bytes().last() {
                Some(b'&') => (piece.strip_suffix('&'), "&amp;"),
                Some(b'<') => (piece.strip_suffix('<'), "&lt;"),
                Some(b'"') => (piece.strip_suffix('"'), "&quot;"),
                _ => (Some(piece), ""),
            };
            self.text(rest.unwrap_or("")).text(entity);
        }
        self
    }

    /// A number in as many hexadecimal digits as a `u64` has.
    fn hexadecimal(&mut self, number: u64) -> &mut Self {
        for digit in (0..16).rev() {
            let value = (number >> (4 * digit)) as usize & 15;
            self.text("0123456789abcdef".get(value..value + 1).unwrap_or(""));
        }
        self
    }
}

/// Writes the part from `offset` on. Returns how many bytes that are; 0 behind the end.
pub(crate) fn write<'n>(
    offset: u64,
    to: &mut [u8],
    count: u32,
    name: impl Fn(u32) -> Option<&'n str>,
) -> usize {
    let mut part = Part { skip: offset, to, len: 0 };
    part.text("<library-list>");
    for number in 0..count {
        part.text("<library name=\"");
        match name(number) {
            Some(name) => part.escaped(name),
            None => part.text("instance-").hexadecimal(number as u64),
        };
        part.text("\"><section address=\"0x").hexadecimal(Address::module(number, 0));
        part.text("\"/></library>");
    }
    part.text("</library-list>");
    part.len
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn the_list_comes_in_parts() {
        let mut all = [0; 512];
        let name = |number| (number == 0).then_some("a&\"b\".wasm");
        let len = write(0, &mut all, 2, name);
        let expected = "<library-list><library name=\"a&amp;&quot;b&quot;.wasm\">\
            <section address=\"0x4000000100000000\"/></library><library name=\"instance-0000000000000001\">\
            <section address=\"0x4000000200000000\"/></library></library-list>";
        assert_eq!(core::str::from_utf8(&all[..len]), Ok(expected));
        let mut at = 0;
        loop {
            let mut part = [0; 7];
            let more = write(at as u64, &mut part, 2, name);
            assert_eq!(&part[..more], &expected.as_bytes()[at..at + more]);
            at += more;
            if more < 7 {
                break;
            }
        }
        assert_eq!(at, expected.len());
    }
}
