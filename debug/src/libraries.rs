//! The list of modules for the debugger, as XML: `qXfer:libraries:read`.
//!
//! It is written anew for each part that the debugger asks for, so that it takes no memory.

use crate::address::Address;
use core::fmt::{self, Write};

/// Keeps of a text the part from `skip` on that fits into `to`.
struct Part<'b> {
    skip: u64,
    to: &'b mut [u8],
    len: usize,
}

impl Write for Part<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.skip > 0 {
                self.skip -= 1;
            } else if let Some(place) = self.to.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        Ok(())
    }
}

/// An attribute's text.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '"' => f.write_str("&quot;")?,
                char => f.write_char(char)?,
            }
        }
        Ok(())
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
    let mut all = || {
        part.write_str("<library-list>")?;
        for number in 0..count {
            match name(number) {
                Some(name) => write!(part, "<library name=\"{}\">", Escaped(name))?,
                None => write!(part, "<library name=\"instance-{number}\">")?,
            }
            let address = Address::module(number, 0);
            write!(part, "<section address=\"0x{address:x}\"/></library>")?;
        }
        part.write_str("</library-list>")
    };
    // `Part` takes any text.
    let _: fmt::Result = all();
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
            <section address=\"0x4000000100000000\"/></library><library name=\"instance-1\">\
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
