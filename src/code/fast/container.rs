//! Reads a file that `zonda compile` made: docs/container.md, bit for bit. What its sections say is checked elsewhere: the module by the loader, functions and
//! code by [`super::verify`].

use crate::binary::reader::{Parsed, Reader};
use crate::error::ErrorKind;
use zonda_exec::fast::verify::GUARD;
use zonda_exec::FastFunc;

pub(crate) const MAGIC: &[u8; 4] = b"\0znd";
/// Changes with this format and with the operations of register code.
pub(crate) const VERSION: u16 = 1;
/// The code is register code.
pub(crate) const REGISTER_CODE: u8 = 1;
/// What code may need.
pub(crate) const FLOAT: u32 = 1;
pub(crate) const TAIL_CALL: u32 = 2;
const BUILT_IN: u32 = if cfg!(feature = "float") { FLOAT } else { 0 }
    | if cfg!(feature = "tail-call") { TAIL_CALL } else { 0 };
/// Where things stand.
pub(crate) const VERSION_AT: usize = 4;
pub(crate) const WORD_SIZE_AT: usize = 7;
pub(crate) const FEATURES_AT: usize = 8;
pub(crate) const HASH: usize = 32;
/// Sections, and where the first one begins.
pub(crate) const SECTIONS: usize = 3;
pub(crate) const SECTIONS_AT: usize = 52 + 12 * SECTIONS;

// What lies in the file is used in place.
const _: () = assert!(size_of::<FastFunc>() == 16 && align_of::<FastFunc>() == 4);

/// The parts of a file.
#[derive(Clone, Copy)]
pub(crate) struct Container<'a> {
    /// Bytes of a pointer of the device that it is for.
    pub(crate) word_size: u8,
    /// The module, which may lack its code section.
    pub(crate) module: &'a [u8],
    pub(crate) funcs: &'a [FastFunc],
    /// Register code and the guard.
    pub(crate) code: &'a [u8],
    /// Offsets in the file of the three.
    pub(crate) at: [u32; SECTIONS],
}

impl<'a> Container<'a> {
    /// The register code alone.
    pub(crate) fn without_guard(&self) -> &'a [u8] {
        self.code.get(..self.code.len().saturating_sub(GUARD)).unwrap_or(&[])
    }
}

/// Whether the bytes are such a file, good or bad.
pub(crate) fn is_container(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Slots between the locals and the operands of a frame, where a pointer takes so many bytes: header, boundary, pad.
pub(crate) fn overhead(word_size: u8) -> u32 {
    const POINTERS: u32 = (zonda_exec::fast::OVERHEAD as u32 - 1) * 4 / size_of::<usize>() as u32;
    POINTERS * word_size as u32 / 4 + 1
}

/// Reads header and table of sections by a reader of the file, which stands where something is refused.
pub(crate) fn read<'a>(file: &'a [u8], reader: &mut Reader<'a>) -> Parsed<Container<'a>> {
    // What lies in the file is used in place.
    if !file.as_ptr().addr().is_multiple_of(4) {
        return Err(ErrorKind::Unaligned);
    }
    reader.take(MAGIC.len())?;
    let (low, high) = (reader.byte()?, reader.byte()?);
    if u16::from_le_bytes([low, high]) != VERSION || reader.byte()? != REGISTER_CODE {
        return reader.refuse_at(VERSION_AT, ErrorKind::ContainerVersion);
    }
    let word_size = reader.byte()?;
    if word_size != 4 && word_size != 8 {
        return Err(ErrorKind::WordSize);
    }
    if word(reader)? & !BUILT_IN != 0 {
        return reader.refuse_at(FEATURES_AT, ErrorKind::SwitchedOff);
    }
    if word(reader)? as usize != file.len() {
        return Err(ErrorKind::BadContainer);
    }
    reader.take(HASH)?;
    if word(reader)? as usize != SECTIONS {
        return Err(ErrorKind::BadContainer);
    }
    let mut parts: [&[u8]; SECTIONS] = [&[]; SECTIONS];
    let mut at = [0; SECTIONS];
    let mut end = SECTIONS_AT;
    for (id, (part, at)) in (1..).zip(parts.iter_mut().zip(&mut at)) {
        let (is, offset, len) = (word(reader)?, word(reader)?, word(reader)?);
        let gap = file.get(end..offset as usize).ok_or(ErrorKind::BadContainer)?;
        // A gap of less than four zeros that ends at a multiple of four.
        if is != id || offset % 4 != 0 || gap.len() > 3 || gap.iter().any(|&byte| byte != 0) {
            return Err(ErrorKind::BadContainer);
        }
        *part = file
            .get(offset as usize..)
            .and_then(|rest| rest.get(..len as usize))
            .ok_or(ErrorKind::BadContainer)?;
        *at = offset;
        end = offset as usize + len as usize;
    }
    let [module, funcs, code] = parts;
    if end != file.len() || funcs.len() % size_of::<FastFunc>() != 0 {
        return Err(ErrorKind::BadContainer);
    }
    // SAFETY: the section lies inside of the file; its address is a multiple of 4, as the file's and its offset are, which is the alignment of a record; any bytes are one, and
    // there are as many as the length says.
    let funcs = unsafe {
        core::slice::from_raw_parts(
            funcs.as_ptr().cast::<FastFunc>(),
            funcs.len() / size_of::<FastFunc>(),
        )
    };
    Ok(Container { word_size, module, funcs, code, at })
}

/// A number of 32 bits.
fn word(reader: &mut Reader) -> Parsed<u32> {
    Ok(reader.take(4)?.iter().rev().fold(0, |value, &byte| value << 8 | byte as u32))
}
