//! Sections of a module, and what of them a file with compiled code keeps.

use core::ops::Range;

/// The bytes before the first section.
const HEADER: usize = 8;
const CUSTOM: u8 = 0;
const CODE: u8 = 10;

/// A section: its id, where it lies with its header, and where its contents lie.
struct Section {
    id: u8,
    whole: Range<usize>,
    contents: Range<usize>,
}

/// The section that starts at this offset.
fn section(module: &[u8], start: usize) -> Option<Section> {
    let id = *module.get(start)?;
    let (size, first) = leb128(module, start + 1)?;
    let end = first.checked_add(size as usize)?;
    Some(Section { id, whole: start..end, contents: first..end })
}

fn sections(module: &[u8]) -> impl Iterator<Item = Section> + '_ {
    let mut at = HEADER;
    core::iter::from_fn(move || {
        let found = section(module, at)?;
        at = found.whole.end;
        Some(found)
    })
}

/// An unsigned LEB128 number of 32 bits (spec: 5.2.2), and the offset behind it.
fn leb128(bytes: &[u8], mut at: usize) -> Option<(u32, usize)> {
    let mut value = 0;
    for shift in (0..32).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value, at));
        }
    }
    None
}

/// The code section of a valid module, with its id and its size.
pub fn code_section(module: &[u8]) -> Option<Range<usize>> {
    sections(module).find(|section| section.id == CODE).map(|section| section.whole)
}

/// Whether a custom section describes the program's source: DWARF in WebAssembly (the tool
/// conventions' `.debug_*`), and where to find it elsewhere.
fn is_debug(module: &[u8], section: &Section) -> bool {
    let Some((len, first)) = leb128(module, section.contents.start) else { return false };
    let name = module.get(first..first.saturating_add(len as usize)).unwrap_or(&[]);
    section.id == CUSTOM
        && (name.starts_with(b".debug_")
            || name == b"external_debug_info"
            || name == b"sourceMappingURL")
}

/// The parts of a valid module that stay without its code section, unless `code` says to keep it,
/// and without the sections for a debugger, unless `debug` says to keep them. What stands before the
/// code section is kept always, so that offsets of instructions stay.
pub fn kept(module: &[u8], code: bool, debug: bool) -> impl Iterator<Item = &[u8]> {
    let mut behind = false;
    let parts = sections(module).filter_map(move |section| {
        behind |= section.id == CODE;
        let is_dropped =
            section.id == CODE && !code || behind && !debug && is_debug(module, &section);
        module.get(section.whole).filter(|_| !is_dropped)
    });
    core::iter::once(module.get(..HEADER).unwrap_or(module)).chain(parts)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_code_section_is_found_with_its_header() {
        // A custom section with a size of two LEB128 bytes, then the code section of no function.
        let module = b"\0asm\x01\0\0\0\0\x83\0\x02ab\x0a\x01\0";
        assert_eq!(code_section(module), Some(14..17));
        assert_eq!(code_section(&module[..14]), None);
        assert_eq!(code_section(b""), None);
    }

    #[test]
    fn a_number_that_does_not_end_is_none() {
        assert_eq!(leb128(&[0xff, 0xff, 0xff, 0xff, 0x0f], 0), Some((u32::MAX, 5)));
        assert_eq!(leb128(&[0x80, 0x80, 0x80, 0x80, 0x80, 0], 0), None);
        assert_eq!(leb128(&[0x80], 0), None);
    }

    #[test]
    fn debug_information_behind_the_code_is_dropped() {
        // Custom sections: one before the code, then names, DWARF, another one.
        let custom = |name: &str| {
            let len = name.len() as u8;
            [&[0, len + 2, len], name.as_bytes(), &[7]].concat()
        };
        let code = [10, 1, 0];
        let [before, names, lines, other] =
            [".debug_abbrev", "name", ".debug_line", "zonda.app"].map(custom);
        let header = b"\0asm\x01\0\0\0";
        let module = [&header[..], &before, &code, &names, &lines, &other].concat();
        let kept = |code, debug| kept(&module, code, debug).collect::<Vec<_>>().concat();
        assert_eq!(kept(true, true), module);
        assert_eq!(kept(true, false), [&header[..], &before, &code, &names, &other].concat());
        assert_eq!(kept(false, false), [&header[..], &before, &names, &other].concat());
        assert_eq!(kept(false, true), [&header[..], &before, &names, &lines, &other].concat());
    }
}
