//! Signed files through the C API.

use std::ffi::{c_char, CStr};
use std::sync::MutexGuard;

use crate::RUNTIME;
use zonda::capi::platform_interface::*;
use zonda::capi::*;
use zonda_signature::keys::{OwnedPublicKey, SigningKey};

const ED25519: &str = include_str!("../../signature/tests/keys/ed25519.pem");
const P256: &str = include_str!("../../signature/tests/keys/p256.pem");
const STRANGER: &str = include_str!("../../signature/tests/keys/imgtool-ed25519.pem");

/// The process trusts these keys while it lives, and afterwards none.
struct Trusting(#[allow(dead_code, reason = "dropped last")] MutexGuard<'static, ()>);

impl Drop for Trusting {
    fn drop(&mut self) {
        set(&[], false);
    }
}

fn key(text: &str) -> SigningKey {
    SigningKey::from_pem(text).unwrap()
}

fn trust(keys: &[OwnedPublicKey], required: bool) -> Trusting {
    let trusting = Trusting(RUNTIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
    set(keys, required);
    trusting
}

/// The list stays for ever, as in a firmware.
fn set(keys: &[OwnedPublicKey], required: bool) {
    let keys: Vec<zonda_public_key_t> = keys
        .iter()
        .map(|key| {
            let key = key.as_key();
            zonda_public_key_t {
                algorithm: key.algorithm as u32,
                len: key.bytes.len() as u32,
                bytes: key.bytes.to_vec().leak().as_ptr(),
            }
        })
        .collect();
    let keys = keys.leak();
    let keys = zonda_public_keys_t { keys: keys.as_ptr(), count: keys.len() as u32, required };
    // SAFETY: nothing of it is ever freed.
    unsafe { set_public_keys(Box::leak(Box::new(keys))) }
}

/// Loads a file, with and without copying it; the text of the error if that fails.
fn load(file: &[u8]) -> Result<(), String> {
    let results = [false, true].map(|copy| {
        let mut error = [0 as c_char; 160];
        let mut name = [0 as c_char; 1];
        let args = LoadArgs {
            name: name.as_mut_ptr(),
            clone_wasm_binary: false,
            wasm_binary_freeable: copy,
            no_resolve: false,
        };
        // SAFETY: the file and the buffers live until the module is unloaded.
        unsafe {
            let module = wasm_runtime_load_ex(
                file.as_ptr().cast_mut(),
                file.len() as u32,
                &args,
                error.as_mut_ptr(),
                160,
            );
            if module.is_null() {
                return Err(CStr::from_ptr(error.as_ptr()).to_str().unwrap().to_owned());
            }
            wasm_runtime_unload(module);
            Ok(())
        }
    });
    assert_eq!(results[0], results[1]);
    let [result, _] = results;
    result.map_err(|text| text.strip_prefix("WASM module load failed: ").unwrap().to_owned())
}

fn module() -> Vec<u8> {
    wat::parse_str(r#"(module (func (export "f") (result i32) i32.const 7))"#).unwrap()
}

#[test]
fn signed_files_load_and_damaged_ones_do_not() {
    let (ed25519, p256) = (key(ED25519), key(P256));
    let _trusting = trust(&[ed25519.public(), p256.public()], true);
    for signer in [&ed25519, &p256] {
        let file = signer.sign(&module(), 0).unwrap();
        assert_eq!(load(&file), Ok(()));
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x40;
            assert!(load(&damaged).is_err(), "byte {at} of {}", file.len());
        }
    }
}

#[test]
fn what_is_not_signed_by_us_is_refused() {
    let _trusting = trust(&[key(ED25519).public()], true);
    let text = "the file has no signature";
    assert_eq!(load(&module()), Err(text.into()));
    let stranger = key(STRANGER);
    let file = stranger.sign(&module(), 0).unwrap();
    let text = format!("the file is signed with an unknown key: {}", stranger.public().id());
    assert_eq!(load(&file), Err(text));
    set(&[], true);
    assert!(load(&file).is_err());
}

#[test]
fn unsigned_files_load_where_no_signature_is_required() {
    let _trusting = trust(&[key(ED25519).public()], false);
    assert_eq!(load(&module()), Ok(()));
    // What claims to be signed is checked.
    let mut file = key(ED25519).sign(&module(), 0).unwrap();
    assert_eq!(load(&file), Ok(()));
    file[9] ^= 1;
    assert_eq!(load(&file), Err("the signature is wrong".into()));
}

#[test]
fn the_payload_is_checked_as_always() {
    let _trusting = trust(&[key(ED25519).public()], true);
    let mut bad = module();
    bad.truncate(bad.len() - 1);
    let file = key(ED25519).sign(&bad, 0).unwrap();
    assert!(load(&file).unwrap_err().contains("(offset"));
}

#[test]
fn a_key_of_a_wrong_length_is_not_used() {
    let _trusting = trust(&[], true);
    let signer = key(ED25519);
    let public = signer.public();
    let bytes = public.as_key().bytes[..31].to_vec().leak();
    let keys = vec![
        zonda_public_key_t { algorithm: ZONDA_ED25519, len: 31, bytes: bytes.as_ptr() },
        zonda_public_key_t { algorithm: ZONDA_ED25519, len: 32, bytes: core::ptr::null() },
        zonda_public_key_t { algorithm: 9, len: 31, bytes: bytes.as_ptr() },
    ]
    .leak();
    let keys = zonda_public_keys_t { keys: keys.as_ptr(), count: 3, required: true };
    // SAFETY: nothing of it is ever freed.
    unsafe { set_public_keys(Box::leak(Box::new(keys))) }
    let file = signer.sign(&module(), 0).unwrap();
    assert!(load(&file).unwrap_err().starts_with("the file is signed with an unknown key"));
}
