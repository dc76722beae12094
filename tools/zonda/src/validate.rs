//! `zonda validate`.

use std::path::PathBuf;

use zonda::{Engine, Mode, Module};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};

/// Validates every file and makes its code for the mode, reports each that is bad, and fails if
/// there was one.
pub fn validate(mode: Mode, files: &[PathBuf]) -> Result<(), Failure> {
    let mut bad = Vec::new();
    for path in files {
        let checked = read_module(path).and_then(|bytes| {
            Module::new(&Engine::new(mode), &bytes)
                .map(drop)
                .map_err(|error| bad_module(path, &error))
        });
        if let Err(failure) = checked {
            bad.push(failure.to_string());
        }
    }
    if bad.is_empty() {
        Ok(())
    } else {
        Err(Failure::Input(bad.join("\nzonda: ")))
    }
}
