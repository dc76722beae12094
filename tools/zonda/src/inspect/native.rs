//! `zonda inspect` of a file with native code.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use wasmparser::{Parser, Payload};
use zonda_native::{Line, Native};
use zonda_symbols::Program;

use super::{code, externs, hash, not_parsed, precompiled};
use crate::failure::Failure;

/// Width of the column with an instruction's bytes.
const BYTES: usize = 24;

/// Whether this is a file with native code.
pub fn is_native(bytes: &[u8]) -> bool {
    zonda_native::is_native(bytes)
}

/// Prints what the code was made for, or with `listing` the code.
pub fn print(path: &Path, bytes: &[u8], listing: bool) -> Result<(), Failure> {
    let failed = |error: String| Failure::Input(format!("{}: {error}", path.display()));
    let native = Native::read(bytes).map_err(failed)?;
    if listing {
        return list(&native).map_err(failed);
    }
    let (target, cpu) = (native.target, native.cpu);
    println!("{}: {} bytes, native code for {target}, CPU {cpu}", path.display(), bytes.len());
    println!("made from the module with SHA-256 {}", hash(native.hash));
    println!("native code cannot be verified: a device runs it where it trusts the file");
    let metered =
        if native.is_metered { "checks fuel and termination" } else { "runs until it ends" };
    println!("the code {metered}");
    println!("  {:>10}  module", native.module.len());
    println!("  {:>10}  records of {} functions", native.funcs.len() * 20, native.funcs.len());
    println!("  {:>10}  code", native.text.len());
    println!(
        "  {:>10}  positions of {} calls that can trap",
        native.position_bytes,
        native.calls.len()
    );
    if native.bytecode > 0 {
        println!("  {:>10}  register bytecode of the other functions", native.bytecode);
    }
    println!("  {:>10}  native stack for a call, between two checks", native.reserve);
    println!("  {:>10}  linear memory, at least", native.least_memory);
    externs::print_validated(native.module).map_err(|error| not_parsed(path, &error))
}

/// Prints the assembly. Behind a call that can trap stands the WebAssembly instruction that it
/// belongs to, where the file has the code section.
fn list(native: &Native) -> Result<(), String> {
    let readable = with_functions_and_code(native.module);
    let program = Program::new(&readable)?;
    let instructions = instructions(native.module);
    let mut funcs: BTreeMap<u32, u32> = BTreeMap::new();
    for (func, at) in (program.imported()..).zip(&native.funcs) {
        funcs.extend(at.map(|at| (at, func)));
    }
    let calls: BTreeMap<u32, (u32, u32)> =
        native.calls.iter().map(|&(at, func, offset)| (at, (func, offset))).collect();
    for Line { at, bytes, text } in native.disassemble()? {
        if let Some(&func) = funcs.get(&at) {
            println!(
                "\nfunction {func}{}",
                program.name(func).map_or(String::new(), |name| format!(" ({name})"))
            );
        }
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = text.unwrap_or_else(|| "(constant)".into());
        let Some((func, offset)) = calls.get(&(at + bytes.len() as u32)) else {
            println!("{at:6x}  {hex:BYTES$}  {text}");
            continue;
        };
        let instruction = instructions.get(offset).map_or("", String::as_str);
        println!("{at:6x}  {hex:BYTES$}  {text:32}  ; function {func}, 0x{offset:x} {instruction}");
    }
    Ok(())
}

/// The module as parsers take it: with its functions and their code, or with neither.
fn with_functions_and_code(module: &[u8]) -> Cow<'_, [u8]> {
    if precompiled::has_code(module) {
        return module.into();
    }
    let mut end = 0;
    for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
        if let Payload::FunctionSection(section) = &payload {
            let rest = section.range().end as usize;
            return [&module[..end], &module[rest..]].concat().into();
        }
        end = match payload {
            Payload::Version { range, .. } => range.end as usize,
            payload => payload.as_section().map_or(end, |(_, range)| range.end as usize),
        };
    }
    module.into()
}

/// The instructions of a module by their offsets.
fn instructions(module: &[u8]) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
        let Payload::CodeSectionEntry(body) = payload else { continue };
        let Ok(reader) = body.get_operators_reader() else { continue };
        let operators = reader.into_iter_with_offsets().map_while(Result::ok);
        found.extend(operators.map(|(operator, at)| (at as u32, code::name(&operator))));
    }
    found
}
