//! `zonda compile`.

use std::fs;

use zonda_compiler::CompileOptions;

use crate::failure::Failure;
use crate::input::{bad_module, read_module};
use crate::CompileArgs;

pub fn compile(args: &CompileArgs) -> Result<(), Failure> {
    let path = args.file.as_path();
    let module = read_module(path)?;
    // The only mode; what else the command line takes, clap has refused.
    let _ = &args.mode;
    let options = CompileOptions {
        word_size: if args.word_size == "8" { 8 } else { 4 },
        keep_code: args.keep_code,
    };
    let file =
        zonda_compiler::compile(&module, &options).map_err(|error| bad_module(path, &error))?;
    fs::write(&args.output, file)
        .map_err(|error| Failure::Input(format!("{}: {error}", args.output.display())))
}
