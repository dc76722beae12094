//! Writes the file (docs/native-code.md, "The file").

use crate::bytecode::{self, write as unsigned};
use crate::llvm::Compiled;
use crate::module::Text;
use crate::object;
use crate::shape::slots;
use crate::{Error, Options};
use sha2::{Digest, Sha256};
use zonda::toolchain::{self, native_format as format};
use zonda_exec::native::{LAYOUT_VERSION, NO_CODE};

fn to_u32(value: usize) -> Result<u32, Error> {
    u32::try_from(value).map_err(|_| Error::TooLarge)
}

/// Slots between the locals and the operands of a frame: header, boundary, pad.
fn overhead(word: usize) -> u32 {
    (4 + 2) * word as u32 / 4 + 1
}

pub(crate) fn write(
    module: &[u8],
    text: &Text,
    compiled: &Compiled,
    options: &Options,
) -> Result<Vec<u8>, Error> {
    let code = object::read(&compiled.object, options.target.isa)?;
    let shape = &text.shape;
    let mut funcs = Vec::new();
    for func in shape.imported_funcs..shape.funcs.len() as u32 {
        let ty = shape.func_type(func);
        let (params, results) = (slots(&ty.params), slots(&ty.results));
        let halves = [params, params, results, ty.canonical];
        for half in halves {
            funcs.extend_from_slice(
                &u16::try_from(half).map_err(|_| Error::TooLarge)?.to_le_bytes(),
            );
        }
        let frame = overhead(options.target.word()) + text.scratch.max(results) + 1;
        let (body, entry) = if shape.reachable[func as usize] {
            let find =
                |name: String| code.symbols.get(&name).copied().ok_or(Error::Unresolved(name));
            (find(format!("f.{func}"))?, find(format!("e.{}", ty.canonical))?)
        } else {
            (NO_CODE, NO_CODE)
        };
        for word in [frame, body, entry] {
            funcs.extend_from_slice(&word.to_le_bytes());
        }
    }
    let mut target = Vec::new();
    for word in [
        LAYOUT_VERSION,
        options.target.needs,
        compiled.reserve,
        text.least_memory,
        u32::from(options.meter),
        u32::from(!text.sizes_memory) * format::FIXED_MEMORY,
    ] {
        target.extend_from_slice(&word.to_le_bytes());
    }
    for (name, size) in [(options.target.name, 32), (&options.target.cpu, 32)] {
        let at = target.len();
        target.extend(name.bytes().take(size));
        target.resize(at + size, 0);
    }
    let parts: Vec<&[u8]> =
        toolchain::kept(module, options.keep_code || options.debug, options.debug).collect();
    let kept = parts.concat();
    let positions = positions(text, &code);
    let mut sections = vec![&target, &kept, &funcs, &code.text, &positions];
    let mut features = u32::from(text.float) * format::FLOAT;
    let rest;
    if options.only.is_some() {
        let is_native = |func: u32| shape.reachable[func as usize];
        rest = bytecode::make(module, shape, options.target.word(), is_native)?;
        sections.extend([&rest.records, &rest.code]);
        features |= rest.features;
    }
    let count = sections.len();
    let mut table = Vec::new();
    let mut contents = vec![0; format::TABLE_AT + format::ENTRY * count];
    for (id, section) in (1u32..).zip(sections) {
        contents.resize(contents.len().next_multiple_of(format::ALIGN), 0);
        for number in [id, to_u32(contents.len())?, to_u32(section.len())?] {
            table.extend_from_slice(&number.to_le_bytes());
        }
        contents.extend_from_slice(section);
    }
    let mut head = Vec::from(format::MAGIC);
    head.extend_from_slice(&format::VERSION.to_le_bytes());
    head.extend_from_slice(&[format::NATIVE, options.target.word() as u8]);
    head.extend_from_slice(&features.to_le_bytes());
    head.extend_from_slice(&to_u32(contents.len())?.to_le_bytes());
    head.extend_from_slice(&Sha256::digest(module));
    head.extend_from_slice(&to_u32(count)?.to_le_bytes());
    head.extend_from_slice(&table);
    contents[..head.len()].copy_from_slice(&head);
    Ok(contents)
}

/// The map from return addresses to functions and offsets in the module.
fn positions(text: &Text, code: &object::Code) -> Vec<u8> {
    let mut calls: Vec<(u32, u32, u32)> = code
        .calls
        .iter()
        .map(|(at, line, owner)| {
            // A check of the native stack has no line: it is where its function starts.
            let own = owner.trim_start_matches("f.").parse::<u32>().unwrap_or(0);
            let start = |func: u32| {
                text.starts.get((func - text.shape.imported_funcs) as usize).copied().unwrap_or(0)
            };
            let line = if *line == 0 { start(own) } else { *line };
            let after = text.starts.partition_point(|&start| start <= line) as u32;
            (*at, line, text.shape.imported_funcs + after.saturating_sub(1))
        })
        .collect();
    calls.sort_unstable();
    let mut map = Vec::new();
    let (mut last_at, mut last_line, mut last_func) = (0, 0, u32::MAX);
    for (at, line, func) in calls {
        if func != last_func {
            unsigned(&mut map, 0);
            signed(&mut map, i64::from(func));
            last_func = func;
        }
        unsigned(&mut map, at - last_at);
        signed(&mut map, i64::from(line) - i64::from(last_line));
        (last_at, last_line) = (at, line);
    }
    map
}

fn signed(to: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 && byte & 0x40 == 0 || value == -1 && byte & 0x40 != 0 {
            return to.push(byte);
        }
        to.push(byte | 0x80);
    }
}
