//! The list of modules for the debugger, as XML: `qXfer:libraries:read`.

use crate::address::Address;
use crate::text::Part;

/// Writes the list.
pub(crate) fn write<'n>(part: &mut Part, count: u32, name: impl Fn(u32) -> Option<&'n [u8]>) {
    part.text(b"<library-list>");
    for number in 0..count {
        part.text(b"<library name=\"");
        match name(number) {
            Some(name) => part.escaped(name),
            None => part.text(b"instance-").hexadecimal(number as u64),
        };
        part.text(b"\"><section address=\"0x").hexadecimal(Address::module(number, 0));
        part.text(b"\"/></library>");
    }
    part.text(b"</library-list>");
}

#[cfg(test)]
mod tests {
    use super::write as write_all;
    use crate::text;

    fn write<'n>(
        offset: u64,
        to: &mut [u8],
        count: u32,
        name: impl Fn(u32) -> Option<&'n [u8]>,
    ) -> usize {
        text::part(offset, usize::MAX, to, |part| write_all(part, count, name))
    }

    #[test]
    fn the_list_comes_in_parts() {
        let mut all = [0; 512];
        let name = |number| (number == 0).then_some(&b"a&\"b\".wasm"[..]);
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
