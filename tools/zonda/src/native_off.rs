//! What stands for `native` in a command line without LLVM.

use std::path::Path;

use zonda::{Engine, Error, Module, Store};

use crate::board::Device;
use crate::failure::Failure;
use crate::input::bad_module;
use crate::CompileArgs;

const MISSING: &str = "this `zonda` has no native compiler: install LLVM 19 (Debian: llvm-19-dev, libpolly-19-dev), then \
                       `cargo install --locked --path tools/zonda --features native`";

// The target is not read where nothing is compiled.
pub fn compile(_: &CompileArgs, _: Option<&Device>, _: &[u8]) -> Result<(), Failure> {
    Err(Failure::Input(MISSING.into()))
}

pub fn load(_: &Path, _: &Engine, _: &[u8], _: bool) -> Result<Module<'static>, Failure> {
    Err(Failure::Input(MISSING.into()))
}

pub fn module(file: &[u8]) -> Option<&[u8]> {
    crate::input::module(file)
}

pub fn refused(path: &Path, error: &Error) -> Failure {
    bad_module(path, error)
}

pub fn with_stack<R: Send>(_: usize, body: impl FnOnce() -> R + Send) -> Result<R, Failure> {
    Ok(body())
}

pub fn set_stack<T>(_: &mut Store<T>, _: usize) {}
