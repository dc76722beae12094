//! `zonda compile`.

use std::fs;

use zonda_compiler::{compile as precompile, is_precompiled, CompileOptions};

use crate::board::{of_board, of_build, Device};
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
    let device = device(args).map_err(Failure::Input)?;
    if args.native {
        return native::compile(args, device.as_ref(), &module);
    }
    let output = args.output.clone().unwrap_or_else(|| path.with_extension("zonda"));
    let word_size = device.map_or(args.word_size, |device| device.word_size);
    let options = CompileOptions { word_size, keep_code: args.keep_code, debug: args.debug };
    let precompiled = precompile(&module, &options).map_err(|error| bad_module(path, &error))?;
    fs::write(&output, precompiled)
        .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))
}

/// The device that a board or a build names, if one does.
fn device(args: &CompileArgs) -> Result<Option<Device>, String> {
    let board = args.board.as_deref().map(of_board);
    board.or_else(|| args.zephyr_build.as_deref().map(of_build)).transpose()
}
