//! `zonda inspect` of a precompiled module.

use std::path::Path;

use zonda::{Engine, Mode, Module};
use zonda_compiler::{Listing, PrecompiledInfo};

use crate::failure::Failure;
use crate::input::bad_module;

use super::{externs, hash, not_parsed};

/// Verifies the precompiled module and prints its contents, or with `listing` its register
/// bytecode. Only the register bytecode of modules for this machine's pointer size can be listed.
pub fn print(path: &Path, bytes: &[u8], listing: bool) -> Result<(), Failure> {
    let bad = |error: zonda::Error| bad_module(path, &error);
    let load = || Module::from_vec(&Engine::new(Mode::Fast), bytes).map_err(bad);
    let info = PrecompiledInfo::read(bytes).map_err(bad)?;
    if listing {
        if let Some(listing) = Listing::new(&load()?).map_err(bad)? {
            for instruction in listing.instructions() {
                let (func, at) = (instruction.func, instruction.code_offset);
                println!("{func:4} {at:6}  {}", instruction.text);
            }
            listing.handlers().for_each(|handler| println!("{handler}"));
        }
        return Ok(());
    }
    let hash = hash(info.hash);
    println!(
        "{}: {} bytes, precompiled for pointers of {} bytes; verified",
        path.display(),
        bytes.len(),
        info.word_size
    );
    println!("made from the module with SHA-256 {hash}");
    let without = if has_code(info.module) { "" } else { ", without its code section" };
    println!("  {:>10}  module{without}", info.module.len());
    println!("  {:>10}  records of {} functions", info.funcs * 16, info.funcs);
    println!("  {:>10}  register bytecode", info.code_bytes);
    externs::print_validated(info.module).map_err(|error| not_parsed(path, &error))
}

/// Whether the module has its code section.
pub fn has_code(module: &[u8]) -> bool {
    let payloads = wasmparser::Parser::new(0).parse_all(module);
    payloads
        .flatten()
        .any(|payload| matches!(payload, wasmparser::Payload::CodeSectionStart { .. }))
}
