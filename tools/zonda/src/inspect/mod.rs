//! `zonda inspect`: what is in a module, and what it needs.
//!
//! Sections and features are read with `wasmparser`, so that a module which this runtime refuses can be looked into
//! as well; imports, exports and needs come from the runtime itself.

mod features;
mod sections;

use std::path::Path;

use zonda::{Engine, ExternType, Module};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};

pub fn inspect(path: &Path) -> Result<(), Failure> {
    let bytes = read_module(path)?;
    let foreign = |error: wasmparser::BinaryReaderError| {
        Failure::Input(format!("{}: offset 0x{:x}: {}", path.display(), error.offset(), error.message()))
    };
    println!("{}: {} bytes", path.display(), bytes.len());
    sections::print(&bytes).map_err(foreign)?;
    let features = features::used(&bytes).map_err(foreign)?;
    println!("\nfeatures: {}", if features.is_empty() { "WebAssembly 1.0".into() } else { features.join(", ") });

    let module = Module::new(&Engine::default(), &bytes).map_err(|error| bad_module(path, &error))?;
    imports_and_exports(&module);
    needs(&module);
    Ok(())
}

fn imports_and_exports(module: &Module) {
    println!("\nimports:");
    for import in module.imports() {
        println!("  {}.{}: {}", import.module, import.name, describe(&import.ty));
    }
    println!("\nexports:");
    for export in module.exports() {
        println!("  {}: {}", export.name, describe(&export.ty));
    }
}

fn describe(ty: &ExternType) -> String {
    let most = |max: Option<u32>| max.map_or(String::from("no maximum"), |max| format!("at most {max}"));
    match ty {
        ExternType::Func(ty) => format!("func {ty}"),
        ExternType::Table(ty) => {
            format!("table of {}, {} elements, {}", ty.element.name(), ty.limits.min, most(ty.limits.max))
        }
        ExternType::Memory(ty) => {
            let page = 1u64 << ty.page_shift;
            format!("memory, {} pages of {page} bytes, {}", ty.limits.min, most(ty.limits.max))
        }
        ExternType::Global(ty) => format!("global {}{}", if ty.mutable { "mutable " } else { "" }, ty.content.name()),
    }
}

fn needs(module: &Module) {
    let info = module.info();
    let code: u64 = module.funcs().map(|func| u64::from(func.code.1)).sum();
    println!("\nneeds, in bytes:");
    println!("  {:>10}  module, read in place (flash will do)", info.module_bytes);
    println!("  {code:>10}  of these, code of {} functions", info.funcs);
    println!("  {:>10}  RAM for the loaded module on this machine, side tables included", info.loaded_bytes);
    println!("  {:>10}  of these, what the mode makes of the code", info.code_bytes);
    println!("  {:>10}  RAM for linear memory at the start", info.memory_bytes);
    println!("\nfunctions: stack is the deepest operand stack, frame what one call takes of the value stack, in bytes");
    println!("  {:>6}  {:>8}  {:>6}  {:>6}  {:>6}  type", "index", "code", "locals", "stack", "frame");
    for func in module.funcs() {
        let (slots, locals) = (func.operand_slots * 4, func.local_slots * 4);
        println!(
            "  {:>6}  {:>8}  {locals:>6}  {slots:>6}  {:>6}  {}",
            func.index, func.code.1, func.frame_bytes, func.ty
        );
    }
}
