//! The functions of a module that do not become native code: register bytecode, which is made of
//! the module with another body for each function that does.
//!
//! That body is a tail call of the function itself, with its own parameters. The translator leaves
//! such a call to the runtime, which finds the function in native code.

use crate::shape::Shape;
use crate::Error;
use zonda::toolchain::{code_section, native_format as format, translate};
use zonda_exec::FastFunc;

/// What the file has of them.
pub(crate) struct Bytecode {
    pub(crate) records: Vec<u8>,
    pub(crate) code: Vec<u8>,
    /// Features that the runtime needs for it.
    pub(crate) features: u32,
}

/// Makes it; `is_native` says which functions are native code.
pub(crate) fn make(
    module: &[u8],
    shape: &Shape,
    word: usize,
    is_native: impl Fn(u32) -> bool,
) -> Result<Bytecode, Error> {
    let changed = with_tail_calls(module, shape, is_native)
        .ok_or(Error::Unsupported("this code section in a part of the module"))?;
    let translation = translate(&changed, word as u8)?;
    Ok(Bytecode {
        records: translation.funcs().iter().flat_map(record).collect(),
        code: translation.code().to_vec(),
        features: format::TAIL_CALL,
    })
}

/// The module with tail calls in place of the bodies of native functions. `None` if it has no code
/// section.
fn with_tail_calls(
    module: &[u8],
    shape: &Shape,
    is_native: impl Fn(u32) -> bool,
) -> Option<Vec<u8>> {
    let section = code_section(module)?;
    // The id, then the size.
    let mut at = section.start + 1;
    read(module, &mut at)?;
    let count = read(module, &mut at)?;
    let mut contents = Vec::new();
    write(&mut contents, count);
    for func in (shape.imported_funcs..).take(count as usize) {
        let size = read(module, &mut at)? as usize;
        let body = module.get(at..at.checked_add(size)?)?;
        at += size;
        if !is_native(func) {
            write(&mut contents, body.len() as u32);
            contents.extend_from_slice(body);
            continue;
        }
        // No locals; local.get of each parameter; return_call; end.
        let mut body = vec![0];
        for param in 0..shape.func_type(func).params.len() as u32 {
            body.push(0x20);
            write(&mut body, param);
        }
        body.push(0x12);
        write(&mut body, func);
        body.push(0x0b);
        write(&mut contents, body.len() as u32);
        contents.extend_from_slice(&body);
    }
    let mut changed = module[..=section.start].to_vec();
    write(&mut changed, contents.len() as u32);
    changed.extend_from_slice(&contents);
    changed.extend_from_slice(&module[section.end..]);
    Some(changed)
}

/// Reads an unsigned LEB128 integer.
fn read(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let mut value = 0;
    for shift in (0..32).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Writes an unsigned LEB128 integer.
pub(crate) fn write(to: &mut Vec<u8>, mut value: u32) {
    while value > 0x7f {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

/// The bytes of a function record (docs/precompiled-module.md).
fn record(func: &FastFunc) -> Vec<u8> {
    let layout = &func.layout;
    let halves = [layout.params, layout.locals, layout.results, layout.type_index];
    let words = [layout.frame, func.code];
    halves
        .iter()
        .flat_map(|half| half.to_le_bytes())
        .chain(words.iter().flat_map(|word| word.to_le_bytes()))
        .collect()
}
