//! Reads modules from files: binary, text, or precompiled.

use std::fs;
use std::path::Path;

use zonda_signature::{SignatureError, SignedFile};

use crate::failure::Failure;

/// The bytes of a module in the binary format, or of a precompiled module. Text is converted. Of a
/// signed file it is what was signed; the signature is not checked.
pub fn read_module(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = read(path)?;
    if is_binary(&bytes) && SignedFile::is_signed(&bytes) {
        let payload =
            SignedFile::parse(&bytes).map_err(|error| bad_signature(path, &error))?.payload;
        bytes.truncate(payload.len());
    }
    if has_extension(path, "wat") || (!is_binary(&bytes) && looks_like_text(&bytes)) {
        return wat::parse_bytes(&bytes).map(|binary| binary.into_owned()).map_err(|mut error| {
            error.set_path(path);
            Failure::Input(error.to_string())
        });
    }
    if !is_binary(&bytes) {
        return Err(Failure::Input(format!(
            "{}: offset 0x0: expected a module (magic 00 61 73 6d), a precompiled module (00 7a 6e 64) or text, found {}",
            path.display(),
            describe_start(&bytes)
        )));
    }
    Ok(bytes)
}

pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}

/// An error about a module: file, offset, cause.
pub fn bad_module(path: &Path, error: &zonda::Error) -> Failure {
    Failure::Input(format!("{}: {error}", path.display()))
}

/// An error about a signature: file and cause.
pub fn bad_signature(path: &Path, error: &SignatureError) -> Failure {
    Failure::Input(format!("{}: {error}", path.display()))
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}

fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm") || zonda_compiler::is_precompiled(bytes)
}

/// The text format begins with a parenthesis or a comment.
fn looks_like_text(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'(' | b';'))
}

/// The first bytes of something else, and its kind where it is a frequent mistake.
fn describe_start(bytes: &[u8]) -> String {
    const KINDS: [(&[u8], &str); 4] = [
        (b"\x7fELF", " (an ELF file)"),
        (b"!<ar", " (a static library)"),
        (b"\x1f\x8b", " (gzip)"),
        (b"PK\x03\x04", " (zip)"),
    ];
    if bytes.is_empty() {
        return "an empty file".into();
    }
    let start: Vec<String> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let kind = KINDS.iter().find(|(magic, _)| bytes.starts_with(magic)).map_or("", |kind| kind.1);
    format!("{}{kind}", start.join(" "))
}

/// The WebAssembly module in a precompiled module, as far as it is kept.
pub fn module(file: &[u8]) -> Option<&[u8]> {
    let info = zonda_compiler::PrecompiledInfo::read(file).ok()?;
    Some(info.module)
}
