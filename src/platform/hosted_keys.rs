//! Public keys of signed files on a developer's machine, and signatures checked in software.

extern crate std;

use super::interface::*;
use std::sync::{PoisonError, RwLock};
use zonda_signature::{software, SignatureError, SignedFile};

struct Keys(&'static zonda_public_keys_t);

// SAFETY: keys are constant, by the contract of `set_public_keys`.
unsafe impl Send for Keys {}
// SAFETY: as above.
unsafe impl Sync for Keys {}

/// None, until the application sets some.
static KEYS: RwLock<Keys> =
    RwLock::new(Keys(&zonda_public_keys_t { keys: core::ptr::null(), count: 0, required: false }));

/// Sets the keys that signed files are checked with from now on. A firmware defines them when it
/// is built.
///
/// # Safety
/// `keys.keys` points at `keys.count` keys, each of them at `len` bytes; all of them are constant.
pub unsafe fn set_public_keys(keys: &'static zonda_public_keys_t) {
    KEYS.write().unwrap_or_else(PoisonError::into_inner).0 = keys;
}

pub(crate) fn public_keys() -> &'static zonda_public_keys_t {
    KEYS.read().unwrap_or_else(PoisonError::into_inner).0
}

/// # Safety
/// `key` points at the bytes of the key.
pub(crate) fn check_signature(
    file: &SignedFile<'_>,
    key: &zonda_public_key_t,
) -> zonda_signature_result_t {
    // SAFETY: `set_public_keys` promises as many bytes.
    let key = unsafe { core::slice::from_raw_parts(key.bytes, key.len as usize) };
    match software::check(file, key) {
        Ok(()) => ZONDA_SIGNATURE_VALID,
        Err(SignatureError::NotChecked(_)) => ZONDA_SIGNATURE_NOT_CHECKED,
        Err(_) => ZONDA_SIGNATURE_WRONG,
    }
}
