//! Writes the files that [`super::container`] reads. On the host alone: it allocates as hosts do.

extern crate std;

use super::container::{
    self, FLOAT, MAGIC, REGISTER_CODE, SECTIONS, SECTIONS_AT, TAIL_CALL, VERSION,
};
use crate::binary::reader::Reader;
use crate::code::Code;
use crate::error::{Error, ErrorKind, ModuleError};
use crate::module::{check_container, translate_for};
use core::ops::Range;
use sha2::{Digest, Sha256};
use std::vec::Vec;
use zonda_exec::fast::decode::Instruction;
use zonda_exec::fast::verify::GUARD;
use zonda_exec::fast::RegOp;
use zonda_exec::op::{self, codes};
use zonda_exec::FastFunc;

/// Where the hash stands.
const HASH_AT: usize = 16;

/// How [`compile`] makes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileOptions {
    /// Bytes of a pointer of the device: 4 (the default) or 8.
    pub word_size: u8,
    /// Keeps the module's code section, so that the file can be used in classic mode as well, and traps say the offset in the module.
    pub keep_code: bool,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions { word_size: 4, keep_code: false }
    }
}

/// Makes a file of a module (docs/container.md), that [`crate::Module::new`] of the device maps and runs in place.
///
/// # Errors
/// As for loading the module; [`ErrorKind::References`] where it handles references as values, [`ErrorKind::WordSize`].
pub fn compile(module: &[u8], options: &CompileOptions) -> Result<Vec<u8>, Error> {
    if !matches!(options.word_size, 4 | 8) {
        return Err(ModuleError { kind: ErrorKind::WordSize, offset: 0 }.into());
    }
    let code = translate_for(module, container::overhead(options.word_size))?;
    let (funcs, code) = match &code {
        Code::Fast(fast) => (fast.funcs.as_slice(), fast.code.as_slice()),
        _ => (&[][..], &[][..]),
    };
    let mut kept = module.to_vec();
    if !options.keep_code {
        kept.drain(code_section(module));
    }
    let records: Vec<u8> = funcs.iter().flat_map(record).collect();
    let mut guarded = code.to_vec();
    guarded.resize(code.len() + GUARD, 0);
    let file = write(
        options.word_size,
        needs(code),
        Sha256::digest(module).into(),
        [&kept, &records, &guarded],
    )?;
    // What is not fit to be loaded must not leave the host.
    verified(&file)?;
    Ok(file)
}

/// What is in a file that [`compile`] made.
#[derive(Clone, Copy, Debug)]
pub struct CompiledInfo<'a> {
    /// Bytes of a pointer of the device that it is for.
    pub word_size: u8,
    /// SHA-256 of the module that it was made from.
    pub hash: &'a [u8; 32],
    /// The module, which may lack its code section.
    pub module: &'a [u8],
    /// Functions that it defines.
    pub funcs: u32,
    /// Bytes of register code.
    pub code_bytes: u32,
}

impl<'a> CompiledInfo<'a> {
    /// Whether the bytes are a file of this kind, good or bad.
    pub fn is_compiled(bytes: &[u8]) -> bool {
        container::is_container(bytes)
    }

    /// Reads and verifies a file for whatever device.
    ///
    /// # Errors
    /// As for loading it.
    pub fn read(file: &'a [u8]) -> Result<CompiledInfo<'a>, Error> {
        let (word_size, [module, funcs, code]) = verified(file)?;
        let damaged = Error::from(ModuleError { kind: ErrorKind::BadContainer, offset: 0 });
        let hash = file.get(HASH_AT..).and_then(<[u8]>::first_chunk).ok_or(damaged)?;
        let module = file.get(module).ok_or(damaged)?;
        Ok(CompiledInfo {
            word_size,
            hash,
            module,
            funcs: (funcs.len() / size_of::<FastFunc>()) as u32,
            code_bytes: code.len().saturating_sub(GUARD) as u32,
        })
    }
}

/// Verifies a file, wherever it lies; gives its word size and where its sections are.
fn verified(file: &[u8]) -> Result<(u8, [Range<usize>; SECTIONS]), Error> {
    let mut aligned = std::vec![0u32; file.len().div_ceil(4)];
    // SAFETY: the words are as many bytes at least, which have no other owner; any bytes are words.
    let place =
        unsafe { core::slice::from_raw_parts_mut(aligned.as_mut_ptr().cast::<u8>(), file.len()) };
    place.copy_from_slice(file);
    let parts = check_container(place)?;
    let lens = [parts.module.len(), size_of_val(parts.funcs), parts.code.len()];
    let mut ranges = [0..0, 0..0, 0..0];
    for ((range, at), len) in ranges.iter_mut().zip(parts.at).zip(lens) {
        *range = at as usize..at as usize + len;
    }
    Ok((parts.word_size, ranges))
}

/// Where the code section of a valid module stands, with its id and size.
fn code_section(module: &[u8]) -> Range<usize> {
    let mut reader = Reader::new(module, 8);
    loop {
        let start = reader.pos();
        let Ok(id) = reader.byte() else { return 0..0 };
        let Ok(_) = reader.u32().and_then(|size| reader.take(size as usize)) else { return 0..0 };
        if id == 10 {
            return start..reader.pos();
        }
    }
}

/// The bytes of a record.
fn record(func: &FastFunc) -> [u8; 16] {
    let mut bytes = [0; 16];
    let layout = &func.layout;
    for (place, number) in bytes.chunks_exact_mut(2).zip([
        layout.params,
        layout.locals,
        layout.results,
        layout.type_index,
    ]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    for (place, number) in bytes.chunks_exact_mut(4).skip(2).zip([layout.frame, func.code]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

/// Puts header and sections together.
fn write(
    word_size: u8,
    features: u32,
    hash: [u8; container::HASH],
    sections: [&[u8]; SECTIONS],
) -> Result<Vec<u8>, Error> {
    let mut table = Vec::new();
    let mut contents = Vec::new();
    for (id, section) in (1u32..).zip(sections) {
        contents.resize(contents.len().next_multiple_of(4), 0);
        for number in [id, number(SECTIONS_AT + contents.len())?, number(section.len())?] {
            table.extend_from_slice(&number.to_le_bytes());
        }
        contents.extend_from_slice(section);
    }
    let mut file = Vec::from(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&[REGISTER_CODE, word_size]);
    file.extend_from_slice(&features.to_le_bytes());
    file.extend_from_slice(&number(SECTIONS_AT + contents.len())?.to_le_bytes());
    file.extend_from_slice(&hash);
    file.extend_from_slice(&(SECTIONS as u32).to_le_bytes());
    file.extend_from_slice(&table);
    file.extend_from_slice(&contents);
    Ok(file)
}

fn number(value: usize) -> Result<u32, Error> {
    u32::try_from(value).map_err(|_| Error::TooLarge)
}

/// What the code needs of the device.
fn needs(code: &[u8]) -> u32 {
    let mut needs = 0;
    let mut at = 0;
    while let Some(instruction) = Instruction::read(code, at) {
        at += instruction.len;
        let is_float = match (instruction.op, instruction.code) {
            (RegOp::Num1 | RegOp::Num2 | RegOp::Memory, code) if code < 0x100 => {
                op::sig(code as u8).is_float()
            }
            (RegOp::Num1, code) => op::prefixed_sig(code as u8).is_float(),
            _ => false,
        };
        if is_float {
            needs |= FLOAT;
        }
        if instruction.op == RegOp::Runtime
            && [codes::RETURN_CALL, codes::RETURN_CALL_INDIRECT]
                .map(u16::from)
                .contains(&instruction.code)
        {
            needs |= TAIL_CALL;
        }
    }
    needs
}
