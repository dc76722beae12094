//! The object file of LLVM: takes its code, puts it in order, and resolves its references.
//!
//! Each function is a section of its own, so every reference between two of them is a relocation,
//! and all of them are distances within the text. Any other relocation is refused with the name
//! that it is for. The calls of the runtime are known by the names of what they go to; where they
//! return to is what the map of positions has.

use crate::Error;
use gimli::{LineProgramHeader, LittleEndian};
use object::read::elf::{ElfFile32, ElfFile64};
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionKind};
use std::collections::{BTreeMap, HashMap};

/// The code of a module.
pub(crate) struct Code {
    pub(crate) text: Vec<u8>,
    /// Offsets in the text by name.
    pub(crate) symbols: HashMap<String, u32>,
    /// For each call of the runtime the offset that it returns to, the line, and the name of the
    /// function that it is in.
    pub(crate) calls: Vec<(u32, u32, String)>,
}

mod reloc {
    pub const ARM_REL32: u32 = 3;
    pub const ARM_THM_CALL: u32 = 10;
    pub const ARM_THM_JUMP24: u32 = 30;
    pub const ARM_THM_MOVW_PREL: u32 = 49;
    pub const ARM_THM_MOVT_PREL: u32 = 50;
    pub const X86_64_PC32: u32 = 2;
    pub const X86_64_PLT32: u32 = 4;
}

/// Reads an object file.
pub(crate) fn read(bytes: &[u8]) -> Result<Code, Error> {
    let fails = |error: object::Error| Error::Llvm(error.to_string());
    if bytes.get(4) == Some(&2) {
        link(&ElfFile64::<object::LittleEndian>::parse(bytes).map_err(fails)?, true)
    } else {
        link(&ElfFile32::<object::LittleEndian>::parse(bytes).map_err(fails)?, false)
    }
}

fn link<'d>(file: &impl Object<'d>, x86: bool) -> Result<Code, Error> {
    let fails = |error: object::Error| Error::Llvm(error.to_string());
    let mut text = Vec::new();
    let mut places = HashMap::new();
    for section in file.sections() {
        let name = section.name().map_err(fails)?;
        let is_text = name.starts_with(".t.");
        let is_data = section.kind() == SectionKind::ReadOnlyData
            || section.kind() == SectionKind::ReadOnlyString && name.starts_with(".rodata");
        let is_data = is_data && name.starts_with(".rodata");
        if !is_text && !is_data {
            if matches!(section.kind(), SectionKind::Data | SectionKind::UninitializedData)
                && section.size() > 0
            {
                return Err(Error::Unresolved(name.into()));
            }
            continue;
        }
        text.resize(text.len().next_multiple_of(section.align().max(4) as usize), 0);
        places.insert(section.index(), text.len());
        text.extend_from_slice(section.data().map_err(fails)?);
    }
    let mut symbols = HashMap::new();
    for symbol in file.symbols() {
        let (Ok(name), Some(section)) = (symbol.name(), symbol.section_index()) else { continue };
        if let Some(place) = places.get(&section) {
            // The lowest bit of a Thumb function's address is not part of it.
            let at = *place as u64
                + (symbol.address()
                    & !u64::from(!x86 && symbol.kind() == object::SymbolKind::Text));
            symbols.insert(name.to_owned(), at as u32);
        }
    }
    let mut returns = Vec::new();
    for section in file.sections() {
        let Some(&base) = places.get(&section.index()) else { continue };
        let owner = section.name().map_err(fails)?.trim_start_matches(".t.").to_owned();
        for (offset, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
            if r_type == 0 {
                continue;
            }
            let RelocationTarget::Symbol(index) = relocation.target() else {
                return Err(Error::Unresolved(format!("a relocation of type {r_type}")));
            };
            let symbol = file.symbol_by_index(index).map_err(fails)?;
            let name = symbol.name().map_err(fails)?;
            let place = symbol.section_index().and_then(|section| places.get(&section));
            let Some(&place) = place else { return Err(Error::Unresolved(name.into())) };
            let thumb = !x86 && symbol.kind() == object::SymbolKind::Text;
            let target = place as i64 + (symbol.address() & !u64::from(thumb)) as i64;
            let at = base + offset as usize;
            let implicit = relocation.has_implicit_addend();
            patch(&mut text, at, r_type, x86, target, thumb, implicit, relocation.addend())
                .ok_or_else(|| Error::Unresolved(format!("{name} (type {r_type})")))?;
            // An assembler may name the section in place of a local function in it.
            let section = symbol.section_index().map(|section| file.section_by_index(section));
            let section = section.transpose().map_err(fails)?;
            let callee = section.map_or(Ok(name), |section| section.name()).map_err(fails)?;
            if callee.trim_start_matches(".t.").starts_with("s.") && owner.starts_with("f.") {
                returns.push((at as u32 + 4, owner.clone()));
            }
        }
    }
    let rows = lines(file, &places)?;
    let calls = returns
        .into_iter()
        .map(|(at, owner)| {
            let line = rows.range(..at).next_back().map_or(0, |(_, &line)| line);
            (at, line, owner)
        })
        .collect();
    Ok(Code { text, symbols, calls })
}

/// Resolves one reference.
#[allow(clippy::too_many_arguments)]
fn patch(
    text: &mut [u8],
    at: usize,
    kind: u32,
    x86: bool,
    target: i64,
    thumb: bool,
    implicit: bool,
    addend: i64,
) -> Option<()> {
    let word =
        |text: &[u8], at: usize| Some(i32::from_le_bytes(text.get(at..at + 4)?.try_into().ok()?));
    let here = at as i64;
    if x86 {
        let (reloc::X86_64_PC32 | reloc::X86_64_PLT32) = kind else { return None };
        let value = i32::try_from(target + addend - here).ok()?;
        text.get_mut(at..at + 4)?.copy_from_slice(&value.to_le_bytes());
        return Some(());
    }
    match kind {
        reloc::ARM_REL32 => {
            let addend = if implicit { i64::from(word(text, at)?) } else { addend };
            let value = (target | i64::from(thumb)) + addend - here;
            text.get_mut(at..at + 4)?.copy_from_slice(&(value as i32).to_le_bytes());
        }
        reloc::ARM_THM_CALL | reloc::ARM_THM_JUMP24 => {
            let (high, low) = halves(text, at)?;
            let addend = if implicit { branch_distance(high, low) } else { addend };
            let distance = target + addend - here;
            if !(-(1 << 24)..1 << 24).contains(&distance) || distance & 1 != 0 {
                return None;
            }
            let d = distance as u32;
            let sign = d >> 24 & 1;
            let j = |bit: u32| (d >> bit & 1 ^ 1) ^ sign;
            let high = high & 0xf800 | (sign << 10) as u16 | (d >> 12 & 0x3ff) as u16;
            let low = low & 0xd000
                | (j(23) << 13) as u16
                | (j(22) << 11) as u16
                | (d >> 1 & 0x7ff) as u16;
            set_halves(text, at, high, low)?;
        }
        reloc::ARM_THM_MOVW_PREL | reloc::ARM_THM_MOVT_PREL => {
            let (high, low) = halves(text, at)?;
            let value = (u32::from(high) & 0xf) << 12
                | (u32::from(high) >> 10 & 1) << 11
                | (u32::from(low) >> 12 & 7) << 8
                | u32::from(low) & 0xff;
            let addend = if implicit { i64::from(value as u16 as i16) } else { addend };
            let mut result = ((target | i64::from(thumb)) + addend - here) as u32;
            if kind == reloc::ARM_THM_MOVT_PREL {
                result = ((target + addend - here) as u32) >> 16;
            }
            let high =
                high & 0xfbf0 | (result >> 12 & 0xf) as u16 | ((result >> 11 & 1) << 10) as u16;
            let low = low & 0x8f00 | ((result >> 8 & 7) << 12) as u16 | (result & 0xff) as u16;
            set_halves(text, at, high, low)?;
        }
        _ => return None,
    }
    Some(())
}

fn halves(text: &[u8], at: usize) -> Option<(u16, u16)> {
    let bytes = text.get(at..at + 4)?;
    Some((u16::from_le_bytes([bytes[0], bytes[1]]), u16::from_le_bytes([bytes[2], bytes[3]])))
}

fn set_halves(text: &mut [u8], at: usize, high: u16, low: u16) -> Option<()> {
    let bytes = text.get_mut(at..at + 4)?;
    bytes[..2].copy_from_slice(&high.to_le_bytes());
    bytes[2..].copy_from_slice(&low.to_le_bytes());
    Some(())
}

/// The distance in a `bl` or `b.w` (Armv7-M, A7.7.12, A7.7.18).
fn branch_distance(high: u16, low: u16) -> i64 {
    let (high, low) = (u32::from(high), u32::from(low));
    let sign = high >> 10 & 1;
    let i1 = (low >> 13 & 1 ^ 1) ^ sign;
    let i2 = (low >> 11 & 1 ^ 1) ^ sign;
    let value = sign << 24 | i1 << 23 | i2 << 22 | (high & 0x3ff) << 12 | (low & 0x7ff) << 1;
    i64::from((value << 7) as i32 >> 7)
}

/// The line of each address of the text, from the debug information: lines are offsets in the
/// module.
fn lines<'d>(
    file: &impl Object<'d>,
    places: &HashMap<object::SectionIndex, usize>,
) -> Result<BTreeMap<u32, u32>, Error> {
    let fails = |error: object::Error| Error::Llvm(error.to_string());
    let mut rows = BTreeMap::new();
    let Some(section) = file.section_by_name(".debug_line") else { return Ok(rows) };
    let mut data = section.data().map_err(fails)?.to_vec();
    let wide = file.is_64();
    // The start of each sequence is a reference to the section of a function.
    for (offset, relocation) in section.relocations() {
        let RelocationTarget::Symbol(index) = relocation.target() else { continue };
        let symbol = file.symbol_by_index(index).map_err(fails)?;
        let Some(place) = symbol.section_index().and_then(|section| places.get(&section)) else {
            continue;
        };
        let at = offset as usize;
        let size = if wide { 8 } else { 4 };
        let Some(bytes) = data.get_mut(at..at + size) else { continue };
        let mut old = [0; 8];
        old[..size].copy_from_slice(bytes);
        let addend = if relocation.has_implicit_addend() {
            i64::from_le_bytes(old)
        } else {
            relocation.addend()
        };
        let value = *place as i64 + (symbol.address() & !1) as i64 + addend;
        bytes.copy_from_slice(&value.to_le_bytes()[..size]);
    }
    let lines = gimli::DebugLine::new(&data, LittleEndian);
    let bad = |error: gimli::Error| Error::Llvm(format!("debug information: {error}"));
    let program = lines
        .program(gimli::DebugLineOffset(0), if wide { 8 } else { 4 }, None, None)
        .map_err(bad)?;
    let _: &LineProgramHeader<_> = program.header();
    let mut state = program.rows();
    while let Some((_, row)) = state.next_row().map_err(bad)? {
        if !row.end_sequence() {
            let line = row.line().map_or(0, |line| line.get() as u32);
            rows.insert(row.address() as u32, line);
        }
    }
    Ok(rows)
}
