//! Public keys of signed files, and signatures that the firmware's cryptography checks.

use super::interface::*;
use zonda_signature::SignedFile;

pub(crate) fn public_keys() -> &'static zonda_public_keys_t {
    // SAFETY: the interface returns a pointer to constant data that stays.
    unsafe { &*zonda_platform_get_public_keys() }
}

pub(crate) fn check_signature(
    file: &SignedFile<'_>,
    key: &zonda_public_key_t,
) -> zonda_signature_result_t {
    let signature = zonda_signature_t {
        algorithm: file.algorithm as u32,
        key_len: key.len,
        key: key.bytes,
        payload_len: file.payload.len(),
        payload: file.payload.as_ptr(),
        header_len: file.header.len(),
        header: file.header.as_ptr(),
        signature: file.signature.as_ptr(),
    };
    // SAFETY: the platform reads the slices of `file`, with their lengths, and its own key.
    unsafe { zonda_platform_check_signature(&signature) }
}
