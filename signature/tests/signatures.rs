//! Signing and checking, with keys made by `openssl` and by MCUboot's `imgtool`, and files signed
//! by a Python program with the package `cryptography`.

use std::collections::HashSet;

use zonda_signature::keys::{OwnedPublicKey, SigningKey};
use zonda_signature::software::{verify, PublicKey};
use zonda_signature::{Algorithm, SignatureError, SignedFile, TRAILER};

/// A module without content: the smallest payload that is a module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

const ED25519: &str = include_str!("keys/ed25519.pem");
const ED25519_PUBLIC: &str = include_str!("keys/ed25519.pub.pem");
const P256: &str = include_str!("keys/p256.pem");
const P256_PUBLIC: &str = include_str!("keys/p256.pub.pem");
const P256_SEC1: &str = include_str!("keys/p256-sec1.pem");
const IMGTOOL_ED25519: &str = include_str!("keys/imgtool-ed25519.pem");
const IMGTOOL_P256: &str = include_str!("keys/imgtool-p256.pem");

fn key(text: &str) -> SigningKey {
    SigningKey::from_pem(text).unwrap_or_else(|error| panic!("{error}"))
}

fn check(file: &[u8], key: &SigningKey) -> Result<u32, SignatureError> {
    verify(file, &[key.public().as_key()]).map(|file| file.security_version)
}

#[test]
fn keys_of_openssl_and_imgtool_sign_and_check() {
    let all = [
        (ED25519, Algorithm::Ed25519),
        (P256, Algorithm::EcdsaP256),
        (P256_SEC1, Algorithm::EcdsaP256),
        (IMGTOOL_ED25519, Algorithm::Ed25519),
        (IMGTOOL_P256, Algorithm::EcdsaP256),
    ];
    let mut ids = HashSet::new();
    for (text, algorithm) in all {
        let key = key(text);
        assert_eq!(key.algorithm(), algorithm);
        let file = key.sign(MODULE, 3).unwrap();
        assert_eq!(file.len(), MODULE.len() + TRAILER);
        assert_eq!(check(&file, &key), Ok(3));
        assert_eq!(SignedFile::parse(&file).unwrap().payload, MODULE);
        assert_eq!(file, key.sign(MODULE, 3).unwrap(), "signing is deterministic");
        assert!(ids.insert(key.public().id().0), "each key has a name of its own");
    }
}

#[test]
fn public_keys_are_those_of_the_private_ones() {
    for (private, public) in [(ED25519, ED25519_PUBLIC), (P256, P256_PUBLIC)] {
        assert_eq!(OwnedPublicKey::from_pem(public).unwrap(), key(private).public());
        assert_eq!(OwnedPublicKey::from_pem(private).unwrap(), key(private).public());
    }
}

#[test]
fn files_that_another_program_signed_are_accepted() {
    let files: [(&[u8], &str); 2] = [
        (include_bytes!("keys/ed25519.signed"), ED25519),
        (include_bytes!("keys/p256.signed"), P256),
    ];
    for (file, text) in files {
        assert_eq!(check(file, &key(text)), Ok(7));
        assert_eq!(&file[..MODULE.len()], MODULE);
    }
    // Ed25519 has one signature for each input.
    assert_eq!(files[0].0, key(ED25519).sign(MODULE, 7).unwrap());
}

#[test]
fn any_changed_bit_is_noticed() {
    for text in [ED25519, P256] {
        let key = key(text);
        let file = key.sign(b"a payload of some length", 1).unwrap();
        for bit in 0..file.len() * 8 {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&damaged, &key).is_err(), "{:?}: bit {bit}", key.algorithm());
        }
        for len in 0..file.len() {
            assert!(check(&file[..len], &key).is_err(), "cut to {len} bytes");
            assert!(check(&file[file.len() - len..], &key).is_err(), "the last {len} bytes");
        }
        assert!(check(&[&file[..], b"\0"].concat(), &key).is_err(), "a byte more");
    }
}

#[test]
fn the_second_signature_of_ecdsa_is_refused() {
    // n - s is as valid as s.
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
        0x25, 0x51,
    ];
    let key = key(P256);
    for version in 0..16 {
        let mut file = key.sign(MODULE, version).unwrap();
        assert_eq!(check(&file, &key), Ok(version));
        let s = file.len() - 32;
        let mut borrow = 0;
        for i in (0..32).rev() {
            let difference = i32::from(ORDER[i]) - i32::from(file[s + i]) - borrow;
            borrow = i32::from(difference < 0);
            file[s + i] = difference.rem_euclid(256) as u8;
        }
        assert_eq!(check(&file, &key), Err(SignatureError::Wrong));
    }
}

#[test]
fn keys_are_told_apart() {
    let (ours, other) = (key(ED25519), key(IMGTOOL_ED25519));
    let file = ours.sign(MODULE, 0).unwrap();
    assert_eq!(check(&file, &other), Err(SignatureError::UnknownKey(ours.public().id())));
    assert_eq!(verify(&file, &[]).unwrap_err(), SignatureError::UnknownKey(ours.public().id()));
    let keys = [other.public(), ours.public()];
    assert!(verify(&file, &keys.each_ref().map(OwnedPublicKey::as_key)).is_ok());

    // A key with the name of ours that is not ours comes first.
    let mut bytes = ours.public().as_key().bytes.to_vec();
    bytes[20] ^= 1;
    let double = PublicKey { algorithm: Algorithm::Ed25519, bytes: &bytes };
    assert_eq!(verify(&file, &[double]).unwrap_err(), SignatureError::Wrong);
    assert!(verify(&file, &[double, ours.public().as_key()]).is_ok());

    // A key that is too short for its algorithm is nobody's.
    let short = PublicKey { algorithm: Algorithm::Ed25519, bytes: &bytes[..8] };
    assert!(matches!(verify(&file, &[short]), Err(SignatureError::UnknownKey(_))));
}

#[test]
fn errors_say_what_is_wrong() {
    let key = key(ED25519);
    let file = key.sign(MODULE, 0).unwrap();
    let header = MODULE.len();
    let with = |at: usize, byte: u8| {
        let mut file = file.clone();
        file[header + at] = byte;
        check(&file, &key).unwrap_err().to_string()
    };
    assert_eq!(check(MODULE, &key), Err(SignatureError::Missing));
    assert_eq!(with(0, 1), "the file has no signature");
    assert_eq!(with(4, 2), "unknown version of the signature: 2, expected 1");
    assert_eq!(with(6, 3), "unknown signature algorithm: 3, expected 1 or 2");
    assert_eq!(with(7, 1), "a reserved byte of the signature is not 0");
    assert_eq!(
        with(8, 9),
        "the signature is for a file of another length: 9 bytes, the file has 8 before the signature"
    );
    assert_eq!(
        with(16, !file[header + 16]).split(':').next(),
        Some("the file is signed with an unknown key")
    );
    assert_eq!(with(12, 1), "the signature is wrong");
}

#[test]
fn bad_keys_are_named() {
    let error = |text: &str| SigningKey::from_pem(text).err().unwrap().to_string();
    assert!(error("ssh-ed25519 AAAA").starts_with("not a PEM file: expected an Ed25519 or P-256"));
    assert!(error(include_str!("keys/rsa.pem")).starts_with("a PRIVATE KEY of another kind"));
    assert!(error(include_str!("keys/p384.pem")).starts_with("a PRIVATE KEY of another kind"));
    assert!(error(include_str!("keys/encrypted.pem")).contains("openssl pkey -in KEY -out PLAIN"));
    assert_eq!(error(ED25519_PUBLIC), "a public key cannot sign");
    assert!(OwnedPublicKey::from_pem("").is_err());
    // Damage anywhere in a key file is an error or another key, never a panic.
    for text in [ED25519, ED25519_PUBLIC, P256, P256_PUBLIC, P256_SEC1] {
        for at in 0..text.len() {
            let mut damaged = text.as_bytes().to_vec();
            damaged[at] = damaged[at].wrapping_add(1);
            if let Ok(damaged) = String::from_utf8(damaged) {
                let _ = OwnedPublicKey::from_pem(&damaged);
            }
        }
    }
}
