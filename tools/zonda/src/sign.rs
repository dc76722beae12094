//! `zonda sign` and `zonda verify`.

use std::fs;
use std::path::{Path, PathBuf};

use zonda_signature::keys::{KeyError, OwnedPublicKey, SigningKey};
use zonda_signature::software::verify as check;
use zonda_signature::SignedFile;

use crate::failure::Failure;
use crate::input::{bad_signature, read};
use crate::SignArgs;

/// Appends a signature to a file. A signature that the file has is replaced.
pub fn sign(args: &SignArgs) -> Result<(), Failure> {
    let key = read_key(&args.key, SigningKey::from_pem)?;
    let file = read(&args.file)?;
    let payload = match SignedFile::is_signed(&file) {
        true => {
            SignedFile::parse(&file).map_err(|error| bad_signature(&args.file, &error))?.payload
        }
        false => &file,
    };
    let signed = key
        .sign(payload, args.security_version)
        .map_err(|error| Failure::Input(format!("{}: {error}", args.file.display())))?;
    let output = args.output.as_ref().unwrap_or(&args.file);
    fs::write(output, signed)
        .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))
}

/// Checks the signatures of files: prints who signed what, and fails if one is not valid.
pub fn verify(keys: &[PathBuf], files: &[PathBuf]) -> Result<(), Failure> {
    let read = |path: &PathBuf| read_key(path, OwnedPublicKey::from_pem);
    let trusted = keys.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut bad = Vec::new();
    for path in files {
        match verify_one(path, &trusted) {
            Ok(text) => println!("{text}"),
            Err(failure) => bad.push(failure.to_string()),
        }
    }
    if bad.is_empty() {
        Ok(())
    } else {
        Err(Failure::Input(bad.join("\nzonda: ")))
    }
}

fn verify_one(path: &Path, trusted: &[OwnedPublicKey]) -> Result<String, Failure> {
    let bytes = read(path)?;
    let keys: Vec<_> = trusted.iter().map(OwnedPublicKey::as_key).collect();
    let file = check(&bytes, &keys).map_err(|error| bad_signature(path, &error))?;
    Ok(format!(
        "{}: {} bytes, security version {}, signed with {} by key {}",
        path.display(),
        file.payload.len(),
        file.security_version,
        file.algorithm.name(),
        file.key
    ))
}

fn read_key<K>(path: &Path, parse: impl Fn(&str) -> Result<K, KeyError>) -> Result<K, Failure> {
    let bytes = read(path)?;
    parse(&String::from_utf8_lossy(&bytes))
        .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}
