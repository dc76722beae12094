//! Keys from files, and signing: for the host.
//!
//! Files are PEM, as `openssl` and MCUboot's `imgtool` write them.

use std::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;

use crate::software::{digest, PublicKey};
use crate::{header, Algorithm, KeyId};

/// Why a file is not a key, or cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

const WANTED: &str = "expected an Ed25519 or P-256 key in PEM; \
    `openssl genpkey -algorithm ed25519 -out key.pem` makes one";

/// A private key.
pub struct SigningKey(Private);

enum Private {
    Ed25519(ed25519_dalek::SigningKey),
    EcdsaP256(p256::ecdsa::SigningKey),
}

impl SigningKey {
    /// Reads a private key: `PRIVATE KEY` (PKCS #8) of both algorithms, `EC PRIVATE KEY` (SEC 1) of
    /// P-256.
    ///
    /// # Errors
    /// What the text is instead.
    pub fn from_pem(text: &str) -> Result<SigningKey, KeyError> {
        let label = label(text)?;
        let key = match label {
            "PRIVATE KEY" => ed25519_dalek::SigningKey::from_pkcs8_pem(text)
                .map(Private::Ed25519)
                .or_else(|_| p256::ecdsa::SigningKey::from_pkcs8_pem(text).map(Private::EcdsaP256))
                .ok(),
            // openssl ecparam writes the curve before it, as a block of its own.
            "EC PRIVATE KEY" | "EC PARAMETERS" => text
                .find("-----BEGIN EC PRIVATE KEY-----")
                .and_then(|at| p256::SecretKey::from_sec1_pem(&text[at..]).ok())
                .map(|key| Private::EcdsaP256(key.into())),
            "ENCRYPTED PRIVATE KEY" => {
                let text = "the key is encrypted; `openssl pkey -in KEY -out PLAIN` decrypts it";
                return Err(KeyError(text.into()));
            }
            "PUBLIC KEY" => return Err(KeyError("a public key cannot sign".into())),
            _ => None,
        };
        key.map(SigningKey).ok_or_else(|| KeyError(format!("a {label} of another kind: {WANTED}")))
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Private::Ed25519(_) => Algorithm::Ed25519,
            Private::EcdsaP256(_) => Algorithm::EcdsaP256,
        }
    }

    /// The key that checks its signatures.
    pub fn public(&self) -> OwnedPublicKey {
        let bytes = match &self.0 {
            Private::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Private::EcdsaP256(key) => {
                key.verifying_key().to_encoded_point(false).as_bytes().to_vec()
            }
        };
        OwnedPublicKey { algorithm: self.algorithm(), bytes }
    }

    /// A signed file: the payload and a trailer. Both algorithms are deterministic: the same input
    /// gives the same file.
    ///
    /// # Errors
    /// The payload has 4 GiB or more.
    pub fn sign(&self, payload: &[u8], security_version: u32) -> Result<Vec<u8>, KeyError> {
        let len = u32::try_from(payload.len())
            .map_err(|_| KeyError("the file is larger than 4 GiB".into()))?;
        let header = header(self.algorithm(), len, security_version, self.public().id());
        let digest = digest(payload, &header);
        let signature = match &self.0 {
            Private::Ed25519(key) => key.sign(&digest).to_bytes(),
            Private::EcdsaP256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(&digest).map_err(|error| KeyError(error.to_string()))?;
                signature.normalize_s().unwrap_or(signature).to_bytes().into()
            }
        };
        Ok([payload, &header, &signature].concat())
    }
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedPublicKey {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl OwnedPublicKey {
    /// Reads a public key: `PUBLIC KEY` (SubjectPublicKeyInfo), or a private key, of which it is
    /// the public part.
    ///
    /// # Errors
    /// What the text is instead.
    pub fn from_pem(text: &str) -> Result<OwnedPublicKey, KeyError> {
        if label(text)? != "PUBLIC KEY" {
            return SigningKey::from_pem(text).map(|key| key.public());
        }
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_pem(text) {
            return Ok(OwnedPublicKey {
                algorithm: Algorithm::Ed25519,
                bytes: key.as_bytes().to_vec(),
            });
        }
        let key = p256::ecdsa::VerifyingKey::from_public_key_pem(text)
            .map_err(|_| KeyError(format!("a PUBLIC KEY of another kind: {WANTED}")))?;
        let bytes = key.to_encoded_point(false).as_bytes().to_vec();
        Ok(OwnedPublicKey { algorithm: Algorithm::EcdsaP256, bytes })
    }

    /// The key, for [`verify`](crate::software::verify).
    pub fn as_key(&self) -> PublicKey<'_> {
        PublicKey { algorithm: self.algorithm, bytes: &self.bytes }
    }

    /// Its name in signed files.
    pub fn id(&self) -> KeyId {
        // Both constructors store as many bytes as the algorithm wants.
        KeyId::of(self.algorithm, &self.bytes).unwrap_or(KeyId([0; 8]))
    }
}

/// The label of the first block of a PEM file.
fn label(text: &str) -> Result<&str, KeyError> {
    let label = text.split_once("-----BEGIN ").and_then(|(_, rest)| rest.split_once("-----"));
    label.map(|(label, _)| label).ok_or_else(|| KeyError(format!("not a PEM file: {WANTED}")))
}
