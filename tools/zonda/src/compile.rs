//! `zonda compile`.

use std::fs;

use zonda_compiler::{compile as precompile, is_precompiled, CompileOptions};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};
use crate::CompileArgs;

pub fn compile(args: &CompileArgs) -> Result<(), Failure> {
    let path = args.file.as_path();
    let module = read_module(path)?;
    if is_precompiled(&module) {
        let text = "offset 0x0: expected a module, found a precompiled module";
        return Err(Failure::Input(format!("{}: {text}", path.display())));
    }
    if args.native {
        return native(args, &module);
    }
    let output = args.output.clone().unwrap_or_else(|| path.with_extension("zonda"));
    let options = CompileOptions { word_size: args.word_size, keep_code: args.keep_code };
    let precompiled = precompile(&module, &options).map_err(|error| bad_module(path, &error))?;
    fs::write(&output, precompiled)
        .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))
}

/// Compiles to native code.
#[cfg(feature = "native")]
fn native(args: &CompileArgs, module: &[u8]) -> Result<(), Failure> {
    use zonda_native::{compile, Error, Options, Target};
    let name = args.target.as_deref().unwrap_or("");
    let mut target = Target::named(name).map_err(Failure::Input)?;
    if let Some(cpu) = &args.cpu {
        target.cpu.clone_from(cpu);
    }
    let path = args.file.as_path();
    let options = Options { target, size: args.size, meter: args.meter, keep_code: args.keep_code };
    let compiled = compile(module, &options).map_err(|error| match error {
        Error::Module(error) => bad_module(path, &error),
        error => Failure::Input(format!("{}: {error}", path.display())),
    })?;
    let output = args.output.clone().unwrap_or_else(|| path.with_extension("zonda"));
    fs::write(&output, compiled)
        .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))
}

#[cfg(not(feature = "native"))]
fn native(_: &CompileArgs, _: &[u8]) -> Result<(), Failure> {
    let text = "this `zonda` has no native compiler: install LLVM 19 (Debian: llvm-19-dev, libpolly-19-dev), then \
                `cargo install --path tools/zonda --features native`";
    Err(Failure::Input(text.into()))
}
