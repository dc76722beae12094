//! Signed files: a module, a precompiled module or a package, with a signature behind it.
//!
//! [`SignedFile`] is the format (docs/signatures.md), which needs no cryptography and no memory.
//! What checks a signature is the caller's: PSA Crypto in a Zephyr firmware, [`software`]
//! elsewhere. `keys` reads keys from files and signs.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

// For hosts, where memory does not run out.
#[cfg(feature = "keys")]
#[allow(clippy::disallowed_macros, clippy::disallowed_methods)]
pub mod keys;
#[cfg(feature = "software")]
pub mod software;

use core::fmt;

/// Bytes of the trailer, which is the last part of a signed file.
pub const TRAILER: usize = HEADER + SIGNATURE;
/// Bytes of the trailer's header, which is signed together with the payload.
pub const HEADER: usize = 24;
/// Bytes of a signature.
pub const SIGNATURE: usize = 64;

const MAGIC: [u8; 4] = *b"\0zsg";
const VERSION: u16 = 1;

/// How a file is signed. The numbers are those of the file and of `include/zonda_platform.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032) over the digest of 32 bytes; the public key has 32 bytes.
    Ed25519 = 1,
    /// ECDSA on the curve P-256 with SHA-256 (FIPS 186-5); the public key has 65 bytes: 4, x, y.
    /// The signature is r and s, of 32 bytes each with the highest first.
    EcdsaP256 = 2,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 2] = [Algorithm::Ed25519, Algorithm::EcdsaP256];

    /// Its name for users.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Ed25519 => "Ed25519",
            Algorithm::EcdsaP256 => "ECDSA P-256",
        }
    }

    /// Bytes of a public key.
    pub const fn key_len(self) -> usize {
        match self {
            Algorithm::Ed25519 => 32,
            Algorithm::EcdsaP256 => 65,
        }
    }

    fn numbered(number: u8) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| *algorithm as u8 == number)
    }
}

/// Names a public key: its first 8 bytes, for ECDSA those of x. It helps to find the key; a file
/// with another one's name has a wrong signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// The name of a key; None if the key does not have the length that its algorithm wants.
    pub fn of(algorithm: Algorithm, key: &[u8]) -> Option<KeyId> {
        if key.len() != algorithm.key_len() {
            return None;
        }
        let bytes = match algorithm {
            Algorithm::Ed25519 => key,
            // Its first byte is the constant 4.
            Algorithm::EcdsaP256 => &key[1..],
        };
        bytes.first_chunk().copied().map(KeyId)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// The file has no signature.
    Missing,
    /// The trailer has a version that this code does not know.
    Version(u16),
    /// The trailer names an algorithm that this code does not know.
    Algorithm(u8),
    /// The trailer says that the signed bytes have another length than they have.
    Length {
        /// What the trailer says.
        stated: u32,
        /// What stands before the trailer.
        found: u32,
    },
    /// A byte that shall be 0 is not.
    Reserved,
    /// None of the keys is the one that the file names.
    UnknownKey(KeyId),
    /// The signature does not belong to these bytes and this key.
    Wrong,
    /// The firmware's cryptography does not have the algorithm, or failed.
    NotChecked(Algorithm),
}

impl SignatureError {
    /// The reason without numbers.
    pub const fn message(&self) -> &'static str {
        match self {
            SignatureError::Missing => "the file has no signature",
            SignatureError::Version(_) => "unknown version of the signature",
            SignatureError::Algorithm(_) => "unknown signature algorithm",
            SignatureError::Length { .. } => "the signature is for a file of another length",
            SignatureError::Reserved => "a reserved byte of the signature is not 0",
            SignatureError::UnknownKey(_) => "the file is signed with an unknown key",
            SignatureError::Wrong => "the signature is wrong",
            SignatureError::NotChecked(_) => "the signature algorithm is not available",
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        match self {
            SignatureError::Version(number) => write!(f, ": {number}, expected {VERSION}"),
            SignatureError::Algorithm(number) => write!(f, ": {number}, expected 1 or 2"),
            SignatureError::Length { stated, found } => {
                write!(f, ": {stated} bytes, the file has {found} before the signature")
            }
            SignatureError::UnknownKey(id) => write!(f, ": {id}"),
            SignatureError::NotChecked(algorithm) => write!(f, ": {}", algorithm.name()),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for SignatureError {}

/// The parts of a signed file. Its signature is not checked yet.
#[derive(Clone, Copy, Debug)]
pub struct SignedFile<'a> {
    /// What is signed: the module or package.
    pub payload: &'a [u8],
    /// How it is signed.
    pub algorithm: Algorithm,
    /// A number that the signer raises when older files must not be accepted any more; 0 if it is
    /// not used.
    pub security_version: u32,
    /// Who signed it.
    pub key: KeyId,
    /// The trailer's header: the second part of what is signed.
    pub header: &'a [u8; HEADER],
    /// The signature of the SHA-256 of payload and header.
    pub signature: &'a [u8; SIGNATURE],
}

impl<'a> SignedFile<'a> {
    /// Whether the file ends with something that claims to be a signature.
    pub fn is_signed(file: &[u8]) -> bool {
        file.len().checked_sub(TRAILER).is_some_and(|at| file[at..].starts_with(&MAGIC))
    }

    /// Finds the parts of a file. Reads the trailer only.
    ///
    /// # Errors
    /// [`SignatureError::Missing`] if the file does not end with a trailer, and what is wrong with
    /// the trailer otherwise.
    pub fn parse(file: &'a [u8]) -> Result<SignedFile<'a>, SignatureError> {
        let missing = SignatureError::Missing;
        let (file, signature) = file.split_last_chunk::<SIGNATURE>().ok_or(missing)?;
        let (payload, header) = file.split_last_chunk::<HEADER>().ok_or(missing)?;
        let [m0, m1, m2, m3, v0, v1, algorithm, reserved, l0, l1, l2, l3, s0, s1, s2, s3, key @ ..] =
            *header;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(missing);
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(SignatureError::Version(version));
        }
        let algorithm =
            Algorithm::numbered(algorithm).ok_or(SignatureError::Algorithm(algorithm))?;
        if reserved != 0 {
            return Err(SignatureError::Reserved);
        }
        let stated = u32::from_le_bytes([l0, l1, l2, l3]);
        if usize::try_from(stated) != Ok(payload.len()) {
            let found = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            return Err(SignatureError::Length { stated, found });
        }
        Ok(SignedFile {
            payload,
            algorithm,
            security_version: u32::from_le_bytes([s0, s1, s2, s3]),
            key: KeyId(key),
            header,
            signature,
        })
    }

    /// Checks what a verifier of ECDSA does not: of the two signatures (r, s) and (r, n - s), which
    /// are equally valid, only the one with the smaller s is accepted, so that nobody makes a
    /// second file from a signed one.
    pub fn is_canonical(&self) -> bool {
        self.algorithm != Algorithm::EcdsaP256 || self.signature[32..] <= HALF_ORDER[..]
    }
}

/// Half of the order of P-256, rounded down (SEC 2, section 2.4.2).
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// The header of a trailer, for a signer.
pub fn header(
    algorithm: Algorithm,
    payload_len: u32,
    security_version: u32,
    key: KeyId,
) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&MAGIC);
    header[4..6].copy_from_slice(&VERSION.to_le_bytes());
    header[6] = algorithm as u8;
    header[8..12].copy_from_slice(&payload_len.to_le_bytes());
    header[12..16].copy_from_slice(&security_version.to_le_bytes());
    header[16..].copy_from_slice(&key.0);
    header
}
