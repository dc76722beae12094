//! Writes precompiled modules: docs/precompiled-module.md specifies each byte.

use sha2::{Digest, Sha256};
use zonda::toolchain::{self, format};
use zonda::Error;
use zonda_exec::fast::decode::Instruction;
use zonda_exec::fast::verify::GUARD;
use zonda_exec::fast::RegOp;
use zonda_exec::op::{self, codes};
use zonda_exec::FastFunc;

/// Options of [`compile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileOptions {
    /// The size of a pointer on the device in bytes: 4 (the default) or 8.
    pub word_size: u8,
    /// Keeps the code section of the module. The precompiled module can then also run in classic
    /// mode, and traps report offsets in the module instead of offsets in the register bytecode.
    pub keep_code: bool,
    /// Keeps the sections with debug information (DWARF), and the code section, which it refers to.
    /// They are dropped otherwise; function names are kept always.
    pub debug: bool,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions { word_size: 4, keep_code: false, debug: false }
    }
}

/// Compiles a module to a precompiled module, which [`zonda::Module::new`] on the device verifies
/// and executes in place.
///
/// # Errors
/// The error of the module where it cannot be decoded or validated. An artifact error where it
/// handles references as values, or where `word_size` is neither 4 nor 8.
pub fn compile(module: &[u8], options: &CompileOptions) -> Result<Vec<u8>, Error> {
    let translation = toolchain::translate(module, options.word_size)?;
    let (funcs, code) = (translation.funcs(), translation.code());
    let parts: Vec<&[u8]> =
        toolchain::kept(module, options.keep_code || options.debug, options.debug).collect();
    let kept = parts.concat();
    let records: Vec<u8> = funcs.iter().flat_map(record).collect();
    let mut guarded = code.to_vec();
    guarded.resize(code.len() + GUARD, 0);
    let handlers = handlers(&translation);
    let mut features = needed_features(code);
    let mut sections = vec![&kept[..], &records, &guarded];
    if !handlers.is_empty() {
        features |= format::EXCEPTIONS;
    }
    if needs_legacy_exceptions(&translation) {
        features |= format::LEGACY_EXCEPTIONS;
    }
    if features & format::EXCEPTIONS != 0 {
        sections.push(&handlers);
    }
    let precompiled = write(options.word_size, features, Sha256::digest(module).into(), &sections)?;
    // The verifier refuses modules that handle references as values. It also catches errors of the
    // translator here, before a device does.
    crate::info::verify(&precompiled)?;
    Ok(precompiled)
}

/// The bytes of a function record.
fn record(func: &FastFunc) -> [u8; 16] {
    let layout = &func.layout;
    let halves = [layout.params, layout.locals, layout.results, layout.type_index];
    let halves = halves.map(u16::to_le_bytes);
    let words = [layout.frame, func.code].map(u32::to_le_bytes);
    let mut bytes = [0; 16];
    let numbers = halves.iter().flatten().chain(words.iter().flatten());
    for (place, &byte) in bytes.iter_mut().zip(numbers) {
        *place = byte;
    }
    bytes
}

/// The bytes of the handlers of exceptions.
#[cfg(feature = "exceptions")]
fn handlers(translation: &toolchain::Translation) -> Vec<u8> {
    let words = translation.handlers().iter().flat_map(|handler| {
        let zonda_exec::unwind::Handler { start, end, target, next, slot, entry, tag } = *handler;
        [start, end, target, next, slot, entry, tag]
    });
    words.flat_map(u32::to_le_bytes).collect()
}

#[cfg(not(feature = "exceptions"))]
fn handlers(_: &toolchain::Translation) -> Vec<u8> {
    Vec::new()
}

/// Whether handlers or code are those of the older `try` and `catch`, beyond what a `try_table`
/// could have.
#[cfg(feature = "legacy-exceptions")]
fn needs_legacy_exceptions(translation: &toolchain::Translation) -> bool {
    // A `rethrow` has a handler that keeps the reference.
    (0..).zip(translation.handlers()).any(|(number, handler)| handler.is_legacy(number))
}

#[cfg(not(feature = "legacy-exceptions"))]
fn needs_legacy_exceptions(_: &toolchain::Translation) -> bool {
    false
}

/// Puts the header and the sections together.
fn write(
    word_size: u8,
    features: u32,
    hash: [u8; format::HASH],
    sections: &[&[u8]],
) -> Result<Vec<u8>, Error> {
    let first = format::SECTIONS_AT + (sections.len() - format::SECTIONS) * format::SECTION_ENTRY;
    let mut table = Vec::new();
    let mut contents = Vec::new();
    for (id, section) in (1u32..).zip(sections) {
        contents.resize(contents.len().next_multiple_of(4), 0);
        let offset = to_u32(first + contents.len())?;
        for number in [id, offset, to_u32(section.len())?] {
            table.extend_from_slice(&number.to_le_bytes());
        }
        contents.extend_from_slice(section);
    }
    let mut file = Vec::from(format::MAGIC);
    file.extend_from_slice(&format::VERSION.to_le_bytes());
    file.extend_from_slice(&[format::REGISTER_BYTECODE, word_size]);
    file.extend_from_slice(&features.to_le_bytes());
    file.extend_from_slice(&to_u32(first + contents.len())?.to_le_bytes());
    file.extend_from_slice(&hash);
    file.extend_from_slice(&to_u32(sections.len())?.to_le_bytes());
    file.extend_from_slice(&table);
    file.extend_from_slice(&contents);
    Ok(file)
}

fn to_u32(value: usize) -> Result<u32, Error> {
    u32::try_from(value).map_err(|_| Error::TooLarge)
}

/// The features that the runtime on the device needs to execute the code.
fn needed_features(code: &[u8]) -> u32 {
    let mut features = 0;
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
            features |= format::FLOAT;
        }
        features |= vector_features(&instruction);
        let is_tail_call = instruction.op == RegOp::Runtime
            && [codes::RETURN_CALL, codes::RETURN_CALL_INDIRECT]
                .map(u16::from)
                .contains(&instruction.code);
        if is_tail_call {
            features |= format::TAIL_CALL;
        }
        let is_throw = instruction.op == RegOp::Runtime
            && [codes::THROW, codes::THROW_REF].map(u16::from).contains(&instruction.code);
        if is_throw {
            features |= format::EXCEPTIONS;
        }
    }
    features
}

/// What a vector instruction needs.
#[cfg(feature = "simd")]
fn vector_features(instruction: &Instruction) -> u32 {
    use zonda_exec::fast::op::VECTOR;
    use zonda_exec::vector::op::Row;
    let code = match instruction.op {
        RegOp::Vector => u32::from(instruction.code),
        RegOp::Runtime if instruction.code >= VECTOR => u32::from(instruction.code - VECTOR),
        _ => return 0,
    };
    format::SIMD | if Row::of(code).is_some_and(Row::is_float) { format::FLOAT } else { 0 }
}

#[cfg(not(feature = "simd"))]
fn vector_features(_: &Instruction) -> u32 {
    0
}
