//! What stands for `native` in a command line without LLVM.

use std::path::Path;

use crate::failure::Failure;

/// Never: such a file is taken for a precompiled module, whose error says what it is.
pub fn is_native(_: &[u8]) -> bool {
    false
}

pub fn print(_: &Path, _: &[u8], _: bool) -> Result<(), Failure> {
    Ok(())
}
