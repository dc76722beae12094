//! Signed files: checks the signature of a file that has one, before anything of it is read.

use super::text::Text;
use crate::platform::{self, interface::*};
use zonda_signature::{Algorithm, KeyId, SignatureError, SignedFile};

/// What of a file is loaded: all of it, or what stands before a valid signature.
pub(super) fn open(file: &[u8]) -> Result<&[u8], SignatureError> {
    let keys = platform::public_keys();
    match SignedFile::parse(file) {
        Err(SignatureError::Missing) if !keys.required => Ok(file),
        Err(error) => Err(error),
        Ok(signed) => check(&signed, keys).map(|()| signed.payload),
    }
}

/// Checks the signature of a file against the firmware's keys, for the application manager.
///
/// # Errors
/// What [`SignatureError`] names.
pub fn verify(file: &SignedFile<'_>) -> Result<(), SignatureError> {
    check(file, platform::public_keys())
}

/// Checks the signature with each key that has the name that the file says.
fn check(file: &SignedFile<'_>, keys: &zonda_public_keys_t) -> Result<(), SignatureError> {
    let mut result = Err(SignatureError::UnknownKey(file.key));
    for index in 0..keys.count as usize {
        // SAFETY: there are `count` keys, by the documentation of the field.
        let key = unsafe { &*keys.keys.add(index) };
        if key.algorithm != file.algorithm as u32 || name(file.algorithm, key) != Some(file.key) {
            continue;
        }
        result = match platform::check_signature(file, key) {
            ZONDA_SIGNATURE_VALID if file.is_canonical() => return Ok(()),
            ZONDA_SIGNATURE_NOT_CHECKED => Err(SignatureError::NotChecked(file.algorithm)),
            _ => Err(SignatureError::Wrong),
        };
    }
    result
}

fn name(algorithm: Algorithm, key: &zonda_public_key_t) -> Option<KeyId> {
    if key.bytes.is_null() {
        return None;
    }
    // SAFETY: a key points at `len` bytes, by the documentation of the field.
    KeyId::of(algorithm, unsafe { core::slice::from_raw_parts(key.bytes, key.len as usize) })
}

/// Writes the reason of a refusal.
pub(super) fn describe(text: &mut Text, error: &SignatureError) {
    text.str(error.message());
    match *error {
        SignatureError::UnknownKey(KeyId(bytes)) => {
            text.str(": ");
            for byte in bytes {
                // Two digits for each byte.
                text.hexadecimal(u64::from(byte >> 4)).hexadecimal(u64::from(byte & 15));
            }
        }
        SignatureError::NotChecked(algorithm) => {
            text.str(": ").str(algorithm.name());
        }
        _ => {}
    }
}
