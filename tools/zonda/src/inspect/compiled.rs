//! `zonda inspect` of a file that `zonda compile` made.

use std::path::Path;

use zonda::{CompiledInfo, Engine, Mode, Module};

use crate::failure::Failure;
use crate::input::bad_module;

use super::imports_and_exports;

/// Whether it is one.
pub fn is_compiled(bytes: &[u8]) -> bool {
    CompiledInfo::is_compiled(bytes)
}

/// Verifies the file and prints what is in it; with `listing` its register code, which can be listed for this machine alone.
pub fn print(path: &Path, bytes: &[u8], listing: bool) -> Result<(), Failure> {
    let bad = |error: zonda::Error| bad_module(path, &error);
    let load = || Module::from_vec(&Engine::new(Mode::Fast), bytes).map_err(bad);
    let info = CompiledInfo::read(bytes).map_err(bad)?;
    if listing {
        if let Some(code) = load()?.register_code().map_err(bad)? {
            for op in code.ops() {
                println!("{:4} {:6}  {}", op.func, op.code, op.text);
            }
        }
        return Ok(());
    }
    let hash: String = info.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    println!(
        "{}: {} bytes, compiled for pointers of {} bytes; verified",
        path.display(),
        bytes.len(),
        info.word_size
    );
    println!("made from the module with SHA-256 {hash}");
    println!(
        "  {:>10}  module{}",
        info.module.len(),
        if has_code(info.module) { "" } else { ", without its code section" }
    );
    println!("  {:>10}  records of {} functions", info.funcs * 16, info.funcs);
    println!("  {:>10}  register code", info.code_bytes);
    if usize::from(info.word_size) == size_of::<usize>() {
        imports_and_exports(&load()?);
    }
    Ok(())
}

/// Whether the module has its code section.
fn has_code(module: &[u8]) -> bool {
    let payloads = wasmparser::Parser::new(0).parse_all(module);
    payloads
        .flatten()
        .any(|payload| matches!(payload, wasmparser::Payload::CodeSectionStart { .. }))
}
