//! Where the manifest is in a file: a custom section of a module, which a precompiled module
//! contains.

/// Name of the custom section.
pub const SECTION: &str = "zonda.app";

/// The contents of the section in a module or precompiled module without its signature; None if
/// there is none, or the file is neither. Does not validate the file. The first section of the name
/// counts.
pub fn find(file: &[u8]) -> Option<&[u8]> {
    let module = module(file)?;
    let mut rest = module.get(8..)?;
    while let Some((&id, after)) = rest.split_first() {
        let (size, after) = leb128(after)?;
        let (contents, next) = after.split_at_checked(size as usize)?;
        rest = next;
        if id != 0 {
            continue;
        }
        let (len, contents) = leb128(contents)?;
        let (name, contents) = contents.split_at_checked(len as usize)?;
        if name == SECTION.as_bytes() {
            return Some(contents);
        }
    }
    None
}

/// The module itself, or the one in a precompiled module, whose first section it is
/// (docs/precompiled-module.md).
fn module(file: &[u8]) -> Option<&[u8]> {
    if file.starts_with(b"\0asm") {
        return Some(file);
    }
    let word = |at: usize| {
        let bytes = file.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    if !file.starts_with(b"\0znd") || word(52)? != 1 {
        return None;
    }
    let (at, len) = (word(56)?, word(60)?);
    file.get(at..at.checked_add(len)?).filter(|module| module.starts_with(b"\0asm"))
}

/// A number of at most 32 bits, and what is behind it.
fn leb128(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(value).ok()?, bytes.get(index + 1..)?));
        }
    }
    None
}
