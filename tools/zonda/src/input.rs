//! Reads modules from files, binary or text.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// The binary of a module. Text is recognised by the missing magic number, not by the file's name.
pub fn read_module(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path)?;
    let named_text = path.extension().is_some_and(|extension| extension == "wat");
    if !named_text && (bytes.starts_with(b"\0asm") || !looks_like_text(&bytes)) {
        return Ok(bytes);
    }
    wat::parse_bytes(&bytes).map(|binary| binary.into_owned()).map_err(|mut error| {
        error.set_path(path);
        Failure::Input(error.to_string())
    })
}

pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}

/// An error about a module: file, place, cause.
pub fn bad_module(path: &Path, error: &zonda::Error) -> Failure {
    Failure::Input(format!("{}: {error}", path.display()))
}

/// Text modules begin with a parenthesis or a comment; a damaged binary must be reported as such.
fn looks_like_text(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'(' | b';'))
}
