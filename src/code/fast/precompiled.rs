//! Reads the header and the table of sections of a precompiled module (docs/precompiled-module.md).
//!
//! The contents of the sections are checked elsewhere: the module by the loader, functions and code
//! by [`super::verify`].

use crate::binary::reader::{Parsed, Reader};
use crate::code::handlers::Section;
use crate::error::ArtifactErrorKind;
use zonda_exec::fast::verify::GUARD;
use zonda_exec::FastFunc;

pub const MAGIC: &[u8; 4] = b"\0znd";
/// Changes with the format and with the instructions of register bytecode.
pub const VERSION: u16 = 2;
/// The kind of code.
pub const REGISTER_BYTECODE: u8 = 1;
/// Features that the code needs.
pub const FLOAT: u32 = 1;
pub const TAIL_CALL: u32 = 2;
pub const SIMD: u32 = 4;
pub const EXCEPTIONS: u32 = 8;
pub const LEGACY_EXCEPTIONS: u32 = 16;
const BUILT_IN: u32 = if cfg!(feature = "float") { FLOAT } else { 0 }
    | if cfg!(feature = "tail-call") { TAIL_CALL } else { 0 }
    | if cfg!(feature = "simd") { SIMD } else { 0 }
    | if cfg!(feature = "exceptions") { EXCEPTIONS } else { 0 }
    | if cfg!(feature = "legacy-exceptions") { LEGACY_EXCEPTIONS } else { 0 };
/// Offsets of the fields of the header.
const VERSION_AT: usize = 4;
pub(crate) const WORD_SIZE_AT: usize = 7;
const FEATURES_AT: usize = 8;
/// The size of the hash.
pub const HASH: usize = 32;
/// The number of sections, and the offset of the first one. With [`EXCEPTIONS`] there is one more.
pub const SECTIONS: usize = 3;
pub const SECTIONS_AT: usize = 52 + SECTION_ENTRY * SECTIONS;
/// The size of a section's entry in the table.
pub const SECTION_ENTRY: usize = 12;
/// The most sections that a file can have.
const MOST_SECTIONS: usize = SECTIONS + cfg!(feature = "exceptions") as usize;

// Function records are used in place.
const _: () = assert!(size_of::<FastFunc>() == 16 && align_of::<FastFunc>() == 4);

/// The parts of a precompiled module.
#[derive(Clone, Copy)]
pub(crate) struct Precompiled<'a> {
    /// The size of a pointer on the device in bytes.
    pub(crate) word_size: u8,
    /// The module, which may lack its code section.
    pub(crate) module: &'a [u8],
    pub(crate) funcs: &'a [FastFunc],
    /// Register bytecode and the guard.
    pub(crate) code: &'a [u8],
    /// Offsets of these three sections.
    pub(crate) at: [u32; SECTIONS],
    /// The handlers of exceptions.
    pub(crate) handlers: Section<'a>,
}

impl<'a> Precompiled<'a> {
    /// The register bytecode without the guard.
    pub(crate) fn without_guard(&self) -> &'a [u8] {
        self.code.get(..self.code.len().saturating_sub(GUARD)).unwrap_or(&[])
    }
}

/// Whether the bytes begin as a precompiled module does. They may still be damaged.
pub(crate) fn is_precompiled(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Slots between the locals and the operands of a frame on a device with this pointer size: header,
/// boundary, pad.
pub(crate) fn overhead(word_size: u8) -> u32 {
    const POINTERS: u32 = (zonda_exec::fast::OVERHEAD as u32 - 1) * 4 / size_of::<usize>() as u32;
    POINTERS * word_size as u32 / 4 + 1
}

/// Reads the header and the table of sections. After an error `reader` stands at its offset.
pub(crate) fn read<'a>(
    file: &'a [u8],
    reader: &mut Reader<'a>,
) -> Result<Precompiled<'a>, ArtifactErrorKind> {
    // Function records are used in place.
    if !file.as_ptr().addr().is_multiple_of(4) {
        return Err(ArtifactErrorKind::Unaligned);
    }
    reader.take(MAGIC.len())?;
    let (low, high) = (reader.byte()?, reader.byte()?);
    if u16::from_le_bytes([low, high]) != VERSION || reader.byte()? != REGISTER_BYTECODE {
        return reader.refuse_at(VERSION_AT, ArtifactErrorKind::FormatVersion);
    }
    let word_size = reader.byte()?;
    if word_size != 4 && word_size != 8 {
        return Err(ArtifactErrorKind::PointerSize);
    }
    let features = word(reader)?;
    if features & !BUILT_IN != 0 {
        return reader.refuse_at(FEATURES_AT, ArtifactErrorKind::SwitchedOff);
    }
    if word(reader)? as usize != file.len() {
        return Err(ArtifactErrorKind::Layout);
    }
    reader.take(HASH)?;
    let more = cfg!(feature = "exceptions") && features & EXCEPTIONS != 0;
    let count = SECTIONS + more as usize;
    if word(reader)? as usize != count {
        return Err(ArtifactErrorKind::Layout);
    }
    let mut parts: [&[u8]; MOST_SECTIONS] = [&[]; MOST_SECTIONS];
    let mut at = [0; MOST_SECTIONS];
    let mut end = SECTIONS_AT + more as usize * SECTION_ENTRY;
    for (id, (part, at)) in (1..).zip(parts.iter_mut().zip(&mut at)) {
        if cfg!(feature = "exceptions") && id as usize > count {
            break;
        }
        let (is, offset, len) = (word(reader)?, word(reader)?, word(reader)?);
        let gap = file.get(end..offset as usize).ok_or(ArtifactErrorKind::Layout)?;
        // Sections start at multiples of 4; the padding between them is zero.
        if is != id || offset % 4 != 0 || gap.len() > 3 || gap.iter().any(|&byte| byte != 0) {
            return Err(ArtifactErrorKind::Layout);
        }
        *part = file
            .get(offset as usize..)
            .and_then(|rest| rest.get(..len as usize))
            .ok_or(ArtifactErrorKind::Layout)?;
        *at = offset;
        end = offset as usize + len as usize;
    }
    let [module, funcs, code, ..] = parts;
    let handlers = Section::read(&parts).ok_or(ArtifactErrorKind::Layout)?;
    let [module_at, funcs_at, code_at, ..] = at;
    let at = [module_at, funcs_at, code_at];
    if end != file.len() || funcs.len() % size_of::<FastFunc>() != 0 {
        return Err(ArtifactErrorKind::Layout);
    }
    // SAFETY: `funcs` is a subslice of `file`, which starts at a multiple of 4 (checked first), and
    // its offset is a multiple of 4 (checked with its table entry), so it has the alignment of
    // `FastFunc`. Its length is a multiple of `size_of::<FastFunc>()` (checked above). `FastFunc`
    // consists of integers without padding, so any bytes are valid.
    let funcs = unsafe {
        core::slice::from_raw_parts(
            funcs.as_ptr().cast::<FastFunc>(),
            funcs.len() / size_of::<FastFunc>(),
        )
    };
    Ok(Precompiled { word_size, module, funcs, code, at, handlers })
}

/// A little-endian number of 32 bits.
fn word(reader: &mut Reader) -> Parsed<u32> {
    Ok(reader.take(4)?.iter().rev().fold(0, |value, &byte| value << 8 | byte as u32))
}
