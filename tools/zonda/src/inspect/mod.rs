//! `zonda inspect`: the contents of a module, and what it needs.
//!
//! `wasmparser` reads sections, features, imports and exports, so that modules which this runtime
//! does not support can be inspected as well; the runtime itself reports memory use.

mod code;
mod externs;
mod features;
#[cfg(feature = "llvm")]
mod native;
#[cfg(not(feature = "llvm"))]
#[path = "native_off.rs"]
mod native;
mod needs;
mod precompiled;
mod sections;

use std::path::Path;

use zonda::{Engine, FuncInfo, Mode, Module};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};

/// Prints the contents of a module, or with `listing` its register bytecode alone.
pub fn inspect(path: &Path, listing: bool, for_zephyr: bool) -> Result<(), Failure> {
    let bytes = read_module(path)?;
    if native::is_native(&bytes) {
        native::print(path, &bytes, listing)?;
        return if listing { Ok(()) } else { crate::pack::print(path, &bytes) };
    }
    if zonda_compiler::is_precompiled(&bytes) {
        precompiled::print(path, &bytes, listing)?;
        return if listing { Ok(()) } else { crate::pack::print(path, &bytes) };
    }
    if listing {
        let module = Module::new(&Engine::new(zonda::Mode::Fast), &bytes)
            .map_err(|error| bad_module(path, &error))?;
        return code::print(&module, &bytes)
            .map_err(|error| Failure::Input(format!("{}: {error}", path.display())));
    }
    let foreign = |error| not_parsed(path, &error);
    println!("{}: {} bytes", path.display(), bytes.len());
    sections::print(&bytes).map_err(foreign)?;
    features::print(&bytes).map_err(foreign)?;
    externs::print(&bytes).map_err(foreign)?;
    needs::print(&bytes, for_zephyr).map_err(foreign)?;
    crate::pack::print(path, &bytes)?;

    let load = |mode: &Mode| {
        Module::new(&Engine::new(*mode), &bytes).map_err(|error| bad_module(path, &error))
    };
    let modules = Mode::ALL.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    let Some(module) = modules.first() else { return Ok(()) };
    needs(module);
    modes(&modules);
    functions(&modules);
    Ok(())
}

/// An error of `wasmparser`: file, offset, cause.
fn not_parsed(path: &Path, error: &wasmparser::BinaryReaderError) -> Failure {
    let (offset, cause) = (error.offset(), error.message());
    Failure::Input(format!("{}: offset 0x{offset:x}: {cause}", path.display()))
}

/// A hash in hexadecimal.
fn hash(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn needs(module: &Module) {
    let info = module.info();
    let code: u64 = module.funcs().map(|func| u64::from(func.code.1)).sum();
    println!("\nmemory use in bytes:");
    println!("  {:>10}  module, read in place, from flash or RAM", info.module_bytes);
    println!("  {code:>10}  of these, bytecode of {} functions", info.funcs);
    println!("  {:>10}  RAM for linear memory at instantiation", info.memory_bytes);
}

/// Prints the RAM of the loaded module in each mode; `modules` is the module in each of
/// [`Mode::ALL`].
fn modes(modules: &[Module]) {
    println!("\nRAM of the loaded module on this machine in bytes, by execution mode:");
    for (mode, module) in Mode::ALL.iter().zip(modules) {
        let info = module.info();
        let what = match mode {
            Mode::Classic => "side tables",
            _ => "register bytecode",
        };
        println!(
            "  {:>10}  {}, of these {} {what}",
            info.loaded_bytes,
            mode.name(),
            info.code_bytes
        );
    }
}

fn functions(modules: &[Module]) {
    println!("\nfunctions, sizes in bytes (stack: operands at their deepest; frame: what a call takes of the operand stack):");
    print!("  {:>6}  {:>8}  {:>6}  {:>6}", "index", "code", "locals", "stack");
    Mode::ALL.iter().for_each(|mode| print!("  {:>13}", format!("frame {}", mode.name())));
    println!("  type");
    let funcs: Vec<Vec<FuncInfo>> = modules.iter().map(|module| module.funcs().collect()).collect();
    let Some(first) = funcs.first() else { return };
    for (number, func) in first.iter().enumerate() {
        let (slots, locals) = (func.operand_slots * 4, func.local_slots * 4);
        print!("  {:>6}  {:>8}  {locals:>6}  {slots:>6}", func.index, func.code.1);
        for frame in funcs.iter().filter_map(|funcs| Some(funcs.get(number)?.frame_bytes)) {
            print!("  {frame:>13}");
        }
        println!("  {}", func.ty);
    }
}
