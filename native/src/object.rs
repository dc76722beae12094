//! The object file of LLVM: takes its code, puts it in order, and resolves its references.
//!
//! Each function is a section of its own, so every reference between two of them is a relocation,
//! and all of them are distances within the text. Any other relocation is refused with the name
//! that it is for. The calls of the runtime are known by the names of what they go to; where they
//! return to is what the map of positions has.

use crate::relocation::{self, Reference};
use crate::target::Isa;
use crate::{routines, Error};
use gimli::{LineProgramHeader, LittleEndian};
use object::read::elf::{ElfFile32, ElfFile64};
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionKind};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The code of a module.
pub(crate) struct Code {
    pub(crate) text: Vec<u8>,
    /// Offsets in the text by name.
    pub(crate) symbols: HashMap<String, u32>,
    /// For each call of the runtime the offset that it returns to, the line, and the name of the
    /// function that it is in.
    pub(crate) calls: Vec<(u32, u32, String)>,
}

/// Reads an object file.
pub(crate) fn read(bytes: &[u8], isa: Isa) -> Result<Code, Error> {
    let fails = |error: object::Error| Error::Llvm(error.to_string());
    if bytes.get(4) == Some(&2) {
        link(&ElfFile64::<object::LittleEndian>::parse(bytes).map_err(fails)?, isa)
    } else {
        link(&ElfFile32::<object::LittleEndian>::parse(bytes).map_err(fails)?, isa)
    }
}

/// The routines that code calls, by the names of their sections.
fn called_routines<'d>(file: &impl Object<'d>) -> Result<HashSet<String>, Error> {
    let fails = |error: object::Error| Error::Llvm(error.to_string());
    let mut calls: HashMap<String, Vec<String>> = HashMap::new();
    let mut todo = Vec::new();
    for section in file.sections() {
        let name = section.name().map_err(fails)?;
        if !name.starts_with(".t.") {
            continue;
        }
        for (_, relocation) in section.relocations() {
            let RelocationTarget::Symbol(index) = relocation.target() else { continue };
            let symbol = file.symbol_by_index(index).map_err(fails)?;
            let Some(callee) = symbol.section_index() else { continue };
            let callee = file.section_by_index(callee).map_err(fails)?;
            let callee = callee.name().map_err(fails)?;
            if !callee.starts_with(routines::SECTION) {
                continue;
            }
            if name.starts_with(routines::SECTION) {
                calls.entry(name.to_owned()).or_default().push(callee.to_owned());
            } else {
                todo.push(callee.to_owned());
            }
        }
    }
    let mut called = HashSet::new();
    while let Some(name) = todo.pop() {
        todo.extend(calls.get(&name).into_iter().flatten().cloned());
        if !called.insert(name.clone()) {
            calls.remove(&name);
        }
    }
    Ok(called)
}

fn link<'d>(file: &impl Object<'d>, isa: Isa) -> Result<Code, Error> {
    let is_arm = matches!(isa, Isa::Thumb1 | Isa::Thumb2);
    let fails = |error: object::Error| Error::Llvm(error.to_string());
    let called = called_routines(file)?;
    let mut text = Vec::new();
    let mut places = HashMap::new();
    for section in file.sections() {
        let name = section.name().map_err(fails)?;
        let is_text = name.starts_with(".t.");
        let is_data =
            matches!(section.kind(), SectionKind::ReadOnlyData | SectionKind::ReadOnlyString)
                && [".rodata", ".srodata"].iter().any(|prefix| name.starts_with(prefix));
        if name.starts_with(routines::SECTION) && !called.contains(name) {
            continue;
        }
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
                    & !u64::from(is_arm && symbol.kind() == object::SymbolKind::Text));
            symbols.insert(name.to_owned(), at as u32);
        }
    }
    let mut returns = Vec::new();
    let mut references = Vec::new();
    for section in file.sections() {
        let Some(&base) = places.get(&section.index()) else { continue };
        let owner = section.name().map_err(fails)?.trim_start_matches(".t.").to_owned();
        for (offset, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type: kind } = relocation.flags() else { continue };
            if kind == 0 {
                continue;
            }
            let RelocationTarget::Symbol(index) = relocation.target() else {
                return Err(Error::Unresolved(format!("a relocation of type {kind}")));
            };
            let symbol = file.symbol_by_index(index).map_err(fails)?;
            let name = symbol.name().map_err(fails)?;
            let place = symbol.section_index().and_then(|section| places.get(&section));
            let Some(&place) = place else { return Err(Error::Unresolved(name.into())) };
            let thumb = is_arm && symbol.kind() == object::SymbolKind::Text;
            let reference = Reference {
                at: base + offset as usize,
                kind,
                target: place as i64 + (symbol.address() & !u64::from(thumb)) as i64,
                thumb,
                addend: (!relocation.has_implicit_addend()).then_some(relocation.addend()),
            };
            // An assembler may name the section in place of a local function in it.
            let section = symbol.section_index().map(|section| file.section_by_index(section));
            let section = section.transpose().map_err(fails)?;
            let callee = section.map_or(Ok(name), |section| section.name()).map_err(fails)?;
            if callee.trim_start_matches(".t.").starts_with("s.") && owner.starts_with("f.") {
                returns.push((relocation::return_address(isa, &reference), owner.clone()));
            }
            references.push((reference, name.to_owned()));
        }
    }
    // On RISC-V the lower part of a distance refers to the instruction with the upper part.
    let distances: HashMap<i64, i64> = references
        .iter()
        .filter(|(one, _)| isa == Isa::Riscv32 && one.kind == relocation::riscv::PCREL_HI20)
        .map(|(one, _)| (one.at as i64, one.target + one.addend.unwrap_or(0) - one.at as i64))
        .collect();
    for (reference, name) in &references {
        let high = |at: i64| distances.get(&at).copied();
        relocation::resolve(isa, &mut text, reference, high)
            .ok_or_else(|| Error::Unresolved(format!("{name} (type {})", reference.kind)))?;
    }
    let rows = lines(file, &places, isa)?;
    let calls = returns
        .into_iter()
        .map(|(at, owner)| {
            let line = rows.range(..at).next_back().map_or(0, |(_, &line)| line);
            (at, line, owner)
        })
        .collect();
    Ok(Code { text, symbols, calls })
}

/// The line of each address of the text, from the debug information: lines are offsets in the
/// module.
fn lines<'d>(
    file: &impl Object<'d>,
    places: &HashMap<object::SectionIndex, usize>,
    isa: Isa,
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
        // On RISC-V the distance between two instructions is a sum and a difference.
        let kind = match relocation.flags() {
            RelocationFlags::Elf { r_type } if isa == Isa::Riscv32 => r_type,
            _ => 0,
        };
        if matches!(kind, relocation::riscv::ADD16 | relocation::riscv::SUB16) {
            let Some(bytes) = data.get_mut(at..at + 2) else { continue };
            let old = u16::from_le_bytes([bytes[0], bytes[1]]);
            let value = (*place as i64 + symbol.address() as i64 + relocation.addend()) as u16;
            let value = if kind == relocation::riscv::ADD16 {
                old.wrapping_add(value)
            } else {
                old.wrapping_sub(value)
            };
            bytes.copy_from_slice(&value.to_le_bytes());
            continue;
        }
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
