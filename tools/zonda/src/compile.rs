//! `zonda compile`.

use std::fs;

use zonda_compiler::{compile as precompile, is_precompiled, CompileOptions};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};
use crate::{native, CompileArgs};

pub fn compile(args: &CompileArgs) -> Result<(), Failure> {
    let path = args.file.as_path();
    let module = read_module(path)?;
    if is_precompiled(&module) {
        let text = "offset 0x0: expected a module, found a precompiled module";
        return Err(Failure::Input(format!("{}: {text}", path.display())));
    }
    if args.native {
        return native::compile(args, &module);
    }
    let output = args.output.clone().unwrap_or_else(|| path.with_extension("zonda"));
    let options = CompileOptions { word_size: args.word_size, keep_code: args.keep_code };
    let precompiled = precompile(&module, &options).map_err(|error| bad_module(path, &error))?;
    fs::write(&output, precompiled)
        .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))
}
