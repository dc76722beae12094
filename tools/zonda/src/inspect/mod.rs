//! `zonda inspect`: what is in a module, and what it needs.
//!
//! Sections and features are read with `wasmparser`, so that a module which this runtime refuses can be looked into
//! as well; imports, exports and needs come from the runtime itself.

mod code;
mod features;
mod precompiled;
mod sections;

use std::path::Path;

use zonda::{Engine, ExternType, FuncInfo, Mode, Module};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};

/// Prints what is in a module. With `listing` its register code alone.
pub fn inspect(path: &Path, listing: bool) -> Result<(), Failure> {
    let bytes = read_module(path)?;
    if zonda_compiler::is_precompiled(&bytes) {
        return precompiled::print(path, &bytes, listing);
    }
    if listing {
        let module = Module::new(&Engine::new(zonda::Mode::Fast), &bytes)
            .map_err(|error| bad_module(path, &error))?;
        return code::print(&module, &bytes)
            .map_err(|error| Failure::Input(format!("{}: {error}", path.display())));
    }
    let foreign = |error: wasmparser::BinaryReaderError| {
        Failure::Input(format!(
            "{}: offset 0x{:x}: {}",
            path.display(),
            error.offset(),
            error.message()
        ))
    };
    println!("{}: {} bytes", path.display(), bytes.len());
    sections::print(&bytes).map_err(foreign)?;
    let features = features::used(&bytes).map_err(foreign)?;
    println!(
        "\nfeatures: {}",
        if features.is_empty() { "WebAssembly 1.0".into() } else { features.join(", ") }
    );

    let load = |mode: &Mode| {
        Module::new(&Engine::new(*mode), &bytes).map_err(|error| bad_module(path, &error))
    };
    let modules = Mode::ALL.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    let Some(module) = modules.first() else { return Ok(()) };
    imports_and_exports(module);
    needs(module);
    modes(&modules);
    functions(&modules);
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
    let most =
        |max: Option<u32>| max.map_or(String::from("no maximum"), |max| format!("at most {max}"));
    match ty {
        ExternType::Func(ty) => format!("func {ty}"),
        ExternType::Table(ty) => {
            format!(
                "table of {}, {} elements, {}",
                ty.element.name(),
                ty.limits.min,
                most(ty.limits.max)
            )
        }
        ExternType::Memory(ty) => {
            let page = 1u64 << ty.page_shift;
            format!("memory, {} pages of {page} bytes, {}", ty.limits.min, most(ty.limits.max))
        }
        ExternType::Global(ty) => {
            format!("global {}{}", if ty.mutable { "mutable " } else { "" }, ty.content.name())
        }
    }
}

fn needs(module: &Module) {
    let info = module.info();
    let code: u64 = module.funcs().map(|func| u64::from(func.code.1)).sum();
    println!("\nneeds, in bytes:");
    println!("  {:>10}  module, read in place (flash will do)", info.module_bytes);
    println!("  {code:>10}  of these, code of {} functions", info.funcs);
    println!("  {:>10}  RAM for linear memory at the start", info.memory_bytes);
}

/// What the loaded module takes in each mode; `modules` is the module in each of [`Mode::ALL`].
fn modes(modules: &[Module]) {
    println!("\nRAM for the loaded module in each mode, on this machine, in bytes:");
    for (mode, module) in Mode::ALL.iter().zip(modules) {
        let info = module.info();
        let what = match mode {
            Mode::Classic => "side tables",
            Mode::Fast => "register code",
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
    println!("\nfunctions: stack is the deepest operand stack, frame what one call takes of the value stack in a mode, in bytes");
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
