//! `zonda validate`.

use std::path::PathBuf;

use zonda::{Engine, Module};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};

/// Validates every file, reports each that is bad, and fails if there was one.
pub fn validate(files: &[PathBuf]) -> Result<(), Failure> {
    let mut bad = Vec::new();
    for path in files {
        let checked = read_module(path).and_then(|bytes| {
            Module::new(&Engine::default(), &bytes).map(drop).map_err(|error| bad_module(path, &error))
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
