//! Checks signatures in software.

use ed25519_dalek::{Signature, VerifyingKey};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256};

use crate::{Algorithm, KeyId, SignatureError, SignedFile};

/// A public key: its algorithm and its bytes, as [`Algorithm`] says.
#[derive(Clone, Copy, Debug)]
pub struct PublicKey<'a> {
    /// What it is for.
    pub algorithm: Algorithm,
    /// [`Algorithm::key_len`] bytes.
    pub bytes: &'a [u8],
}

/// Checks the signature of a file against the keys that are trusted; returns its parts.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify<'f>(
    file: &'f [u8],
    keys: &[PublicKey<'_>],
) -> Result<SignedFile<'f>, SignatureError> {
    let file = SignedFile::parse(file)?;
    verify_parsed(&file, keys).map(|()| file)
}

/// The same for a file whose parts were found.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify_parsed(file: &SignedFile<'_>, keys: &[PublicKey<'_>]) -> Result<(), SignatureError> {
    let is_named = |key: &&PublicKey| {
        key.algorithm == file.algorithm && KeyId::of(key.algorithm, key.bytes) == Some(file.key)
    };
    let mut result = Err(SignatureError::UnknownKey(file.key));
    // Two keys may begin alike.
    for key in keys.iter().filter(is_named) {
        result = check(file, key.bytes);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Checks the signature of a file with one key.
///
/// # Errors
/// [`SignatureError::Wrong`].
pub fn check(file: &SignedFile<'_>, key: &[u8]) -> Result<(), SignatureError> {
    let wrong = SignatureError::Wrong;
    if !file.is_canonical() {
        return Err(wrong);
    }
    let digest = digest(file.payload, file.header);
    match file.algorithm {
        Algorithm::Ed25519 => {
            let key = key.try_into().map_err(|_| wrong)?;
            let key = VerifyingKey::from_bytes(key).map_err(|_| wrong)?;
            let signature = Signature::from_bytes(file.signature);
            // Strict: refuses keys of small order and the second encodings of a point.
            key.verify_strict(&digest, &signature).map_err(|_| wrong)
        }
        Algorithm::EcdsaP256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| wrong)?;
            let signature =
                p256::ecdsa::Signature::from_slice(file.signature).map_err(|_| wrong)?;
            key.verify_prehash(&digest, &signature).map_err(|_| wrong)
        }
    }
}

/// What is signed: the SHA-256 of payload and header.
pub fn digest(payload: &[u8], header: &[u8; crate::HEADER]) -> [u8; 32] {
    Sha256::new().chain_update(payload).chain_update(header).finalize().into()
}
