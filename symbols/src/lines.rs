//! Source lines: DWARF in the custom sections of a module, whose addresses are offsets in the code
//! section (<https://yurydelendik.github.io/webassembly-dwarf/>).

use addr2line::Context;
use gimli::{Dwarf, EndianSlice, LittleEndian};
use std::ops::Range;

type Slice<'m> = EndianSlice<'m, LittleEndian>;

/// A place in the source of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The function, if DWARF names it.
    pub function: Option<String>,
    pub file: String,
    /// From 1 on; 0 where the compiler names no line.
    pub line: u32,
    /// From 1 on; 0 where the compiler names no column.
    pub column: u32,
}

/// The line table of a program.
pub struct Lines<'m> {
    context: Context<Slice<'m>>,
}

impl<'m> Lines<'m> {
    /// Of a program with these custom sections; `None` without DWARF. What is wrong with DWARF is
    /// found when it is read, and then there is no line.
    pub fn new(section: impl Fn(&str) -> Option<&'m [u8]>) -> Option<Lines<'m>> {
        section(".debug_info")?;
        let load = |id: gimli::SectionId| {
            Ok::<_, gimli::Error>(EndianSlice::new(section(id.name()).unwrap_or(&[]), LittleEndian))
        };
        let dwarf = Dwarf::load(load).ok()?;
        Some(Lines { context: Context::from_dwarf(dwarf).ok()? })
    }

    /// The places of an offset in the code section: that of the instruction, then those of the
    /// calls that the compiler has inlined around it.
    pub fn find(&self, offset: u32) -> Vec<Source> {
        let mut found = Vec::new();
        let frames = self.context.find_frames(u64::from(offset)).skip_all_loads();
        let Ok(mut frames) = frames else { return found };
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref().and_then(|function| function.raw_name().ok());
            let function = name.map(|name| name.into_owned());
            let (file, line, column) = match &frame.location {
                Some(at) => (at.file.unwrap_or("?"), at.line.unwrap_or(0), at.column.unwrap_or(0)),
                None => continue,
            };
            found.push(Source { function, file: file.to_owned(), line, column });
        }
        found
    }

    /// All lines of a range of offsets in the code section: their offsets, files and numbers.
    pub fn in_range(&self, range: Range<u32>) -> Vec<(Range<u32>, String, u32)> {
        let rows = self.context.find_location_range(u64::from(range.start), u64::from(range.end));
        let Ok(rows) = rows else { return Vec::new() };
        rows.filter_map(|(start, len, location)| {
            let (file, line) = (location.file?, location.line.filter(|&line| line != 0)?);
            let start = u32::try_from(start).ok()?;
            Some((start..start.checked_add(u32::try_from(len).ok()?)?, file.to_owned(), line))
        })
        .collect()
    }
}
