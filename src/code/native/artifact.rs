//! Reads a native module: header, table of sections, target (docs/native-code.md, "The file").
//!
//! Nothing here makes native code safe: it cannot be verified. What is checked is that the file is
//! complete, that no part lies outside of it, and that it was made for this CPU and this runtime.

use crate::binary::reader::{Parsed, Reader};
use crate::error::ArtifactErrorKind;
use zonda_exec::native::{NativeFunc, LAYOUT_VERSION};

pub const MAGIC: &[u8; 4] = b"\0znd";
/// Changes with the format; `LAYOUT_VERSION` changes with what native code relies on.
pub const VERSION: u16 = 1;
/// The kind of code.
pub const NATIVE: u8 = 2;
const KIND_AT: usize = 6;
const VERSION_AT: usize = 4;
const WORD_SIZE_AT: usize = 7;
pub const HASH: usize = 32;
/// The number of sections, and of those where a part of the module is register bytecode.
pub const SECTIONS: usize = 5;
pub const MIXED_SECTIONS: usize = 7;
/// The offset of the table of sections, and the bytes of an entry.
pub const TABLE_AT: usize = 52;
pub const ENTRY: usize = 12;
/// Features that the code needs.
pub const FLOAT: u32 = 1;
pub const TAIL_CALL: u32 = 2;
const BUILT_IN: u32 = if cfg!(feature = "float") { FLOAT } else { 0 }
    | if cfg!(feature = "tail-call") { TAIL_CALL } else { 0 };
/// The alignment of the file and of its sections: constants of x86-64 code need it.
pub const ALIGN: usize = 16;
/// The size of the section that describes the target.
pub const TARGET: usize = 88;

/// A flag of the target: no code reads or changes the size of a memory.
pub const FIXED_MEMORY: u32 = 1;

/// The bit that marks an address as that of Thumb instructions.
pub(crate) const THUMB: usize = cfg!(target_arch = "arm") as usize;

/// What code needs of a CPU: one bit for each. The lowest byte is the architecture, exactly one of
/// its bits is set.
#[allow(dead_code, reason = "the compiler uses all of them")]
pub mod cpu {
    pub const ARM: u32 = 1;
    pub const X86_64: u32 = 2;
    pub const AARCH64: u32 = 4;
    pub const RISCV32: u32 = 8;
    /// Armv7-M: all of Thumb-2.
    pub const THUMB2: u32 = 1 << 8;
    /// Armv7E-M: the DSP extension.
    pub const DSP: u32 = 1 << 9;
    /// Armv8-M Mainline.
    pub const V8M: u32 = 1 << 10;
    /// Floats are passed in registers of the FPU. Code and runtime have to agree.
    pub const HARD_FLOAT: u32 = 1 << 16;
}

/// What this runtime was compiled for.
const HERE: u32 = if cfg!(target_arch = "arm") {
    cpu::ARM | zonda_exec::native::ARM_FEATURES
} else if cfg!(target_arch = "x86_64") {
    cpu::X86_64
} else if cfg!(target_arch = "aarch64") {
    cpu::AARCH64
} else {
    cpu::RISCV32
};

/// The parts of a native module.
pub(crate) struct Parts<'a> {
    pub(crate) module: &'a [u8],
    pub(crate) module_at: u32,
    pub(crate) funcs: &'a [NativeFunc],
    pub(crate) text: &'a [u8],
    pub(crate) positions: &'a [u8],
    pub(crate) reserve: u32,
    pub(crate) least_memory: u32,
    pub(crate) sizes_memory: bool,
    /// Records and code of the functions that are register bytecode.
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) bytecode: Option<(&'a [u8], &'a [u8])>,
}

/// Whether the bytes begin as a native module does. They may still be damaged.
pub(crate) fn is_native(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) && bytes.get(KIND_AT) == Some(&NATIVE)
}

/// Reads the header, the table of sections and the target. After an error `reader` stands at its
/// offset.
pub(crate) fn read<'a>(
    file: &'a [u8],
    reader: &mut Reader<'a>,
) -> Result<Parts<'a>, ArtifactErrorKind> {
    // Code and function records are used in place.
    if !file.as_ptr().addr().is_multiple_of(if THUMB == 1 { 4 } else { ALIGN }) {
        return Err(ArtifactErrorKind::Unaligned);
    }
    reader.take(MAGIC.len())?;
    let (low, high) = (reader.byte()?, reader.byte()?);
    if u16::from_le_bytes([low, high]) != VERSION || reader.byte()? != NATIVE {
        return reader.refuse_at(VERSION_AT, ArtifactErrorKind::FormatVersion);
    }
    if reader.byte()? as usize != size_of::<usize>() {
        return reader.refuse_at(WORD_SIZE_AT, ArtifactErrorKind::PointerSize);
    }
    if word(reader)? & !BUILT_IN != 0 {
        return Err(ArtifactErrorKind::SwitchedOff);
    }
    if word(reader)? as usize != file.len() {
        return Err(ArtifactErrorKind::Layout);
    }
    reader.take(HASH)?;
    let count = word(reader)? as usize;
    if count != SECTIONS && count != MIXED_SECTIONS {
        return Err(ArtifactErrorKind::Layout);
    }
    if count == MIXED_SECTIONS && cfg!(not(feature = "fast")) {
        return Err(ArtifactErrorKind::SwitchedOff);
    }
    let mut parts: [(&[u8], u32); MIXED_SECTIONS] = [(&[], 0); MIXED_SECTIONS];
    let mut end = TABLE_AT + ENTRY * count;
    for (id, part) in (1..).zip(parts.iter_mut().take(count)) {
        let (is, offset, len) = (word(reader)?, word(reader)?, word(reader)?);
        let gap = file.get(end..offset as usize).ok_or(ArtifactErrorKind::Layout)?;
        if is != id
            || !(offset as usize).is_multiple_of(ALIGN)
            || gap.len() >= ALIGN
            || gap.iter().any(|&byte| byte != 0)
        {
            return Err(ArtifactErrorKind::Layout);
        }
        let contents = file.get(offset as usize..).and_then(|rest| rest.get(..len as usize));
        *part = (contents.ok_or(ArtifactErrorKind::Layout)?, offset);
        end = offset as usize + len as usize;
    }
    let [(target, target_at), (module, module_at), (funcs, funcs_at), (text, _), (positions, _), records, code] =
        parts;
    if end != file.len() || target.len() != TARGET || funcs.len() % size_of::<NativeFunc>() != 0 {
        return Err(ArtifactErrorKind::Layout);
    }
    let mut fields = Reader::new(file, target_at as usize);
    let (layout, needs) = (word(&mut fields)?, word(&mut fields)?);
    if layout != LAYOUT_VERSION {
        return reader.refuse_at(target_at as usize, ArtifactErrorKind::RuntimeLayout);
    }
    if (needs ^ HERE) & 0xff != 0 {
        return reader.refuse_at(target_at as usize + 4, ArtifactErrorKind::Architecture);
    }
    if (needs ^ HERE) & cpu::HARD_FLOAT != 0 {
        return reader.refuse_at(target_at as usize + 4, ArtifactErrorKind::FloatAbi);
    }
    if needs & !HERE != 0 {
        return reader.refuse_at(target_at as usize + 4, ArtifactErrorKind::CpuFeature);
    }
    let (reserve, least_memory) = (word(&mut fields)?, word(&mut fields)?);
    let (_metered, flags) = (word(&mut fields)?, word(&mut fields)?);
    let sizes_memory = flags & FIXED_MEMORY == 0;
    // SAFETY: `funcs` is a subslice of `file`, which starts at a multiple of 4 (checked first), at
    // an offset that is a multiple of 16 (checked with its table entry), so it has the alignment of
    // `NativeFunc`. Its length is a multiple of the size of one (checked above). `NativeFunc`
    // consists of integers without padding, so any bytes are valid.
    let funcs = unsafe {
        core::slice::from_raw_parts(
            funcs.as_ptr().cast::<NativeFunc>(),
            funcs.len() / size_of::<NativeFunc>(),
        )
    };
    let outside = |func: &NativeFunc| {
        func.body != zonda_exec::native::NO_CODE
            && (func.body as usize >= text.len() || func.entry as usize >= text.len())
    };
    if funcs.iter().any(outside) {
        return reader.refuse_at(funcs_at as usize, ArtifactErrorKind::Record);
    }
    let bytecode = (count == MIXED_SECTIONS).then_some((records.0, code.0));
    Ok(Parts {
        module,
        module_at,
        funcs,
        text,
        positions,
        reserve,
        least_memory,
        sizes_memory,
        bytecode,
    })
}

/// A little-endian number of 32 bits.
fn word(reader: &mut Reader) -> Parsed<u32> {
    Ok(reader.take(4)?.iter().rev().fold(0, |value, &byte| value << 8 | byte as u32))
}

/// The function and the offset in the module of the call that returns to `pc`, an offset in the
/// text. The map has for each call the distance of its return address from the one before, and of
/// the offset in the module from the one before (signed), as LEB128 integers; a distance of 0 names
/// the next function instead.
pub(crate) fn position(map: &[u8], pc: u32) -> (u32, u32) {
    let mut reader = Reader::new(map, 0);
    let (mut func, mut at, mut offset) = (0u32, 0u32, 0i64);
    while let Ok(distance) = reader.u32() {
        let Ok(value) = reader.i64() else { break };
        if distance == 0 {
            func = value as u32;
            continue;
        }
        at = at.wrapping_add(distance);
        offset = offset.wrapping_add(value);
        if at == pc {
            return (func, offset as u32);
        }
    }
    (u32::MAX, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_address_is_found_in_the_map() {
        // Function 3: returns to 4 (offset 100) and 10 (offset 96); function 5: to 12 (offset 200).
        let map = [0, 3, 4, 0xe4, 0, 6, 0x7c, 0, 5, 2, 0xe8, 0];
        assert_eq!(position(&map, 4), (3, 100));
        assert_eq!(position(&map, 10), (3, 96));
        assert_eq!(position(&map, 12), (5, 200));
        assert_eq!(position(&map, 11).0, u32::MAX);
        assert_eq!(position(&map[..1], 11).0, u32::MAX);
    }
}
