//! Types, which belong to no store.

use std::mem::zeroed;

use arbitrary::{Result, Unstructured};
use zonda_capi_standard::*;
use zonda_fuzz::memory::enter;

/// A type of a function.
///
/// # Safety
/// The runtime is set up.
pub unsafe fn func_type(params: &[u8], results: &[u8]) -> *mut wasm_functype_t {
    let vector = |kinds: &[u8]| -> wasm_valtype_vec_t {
        let types: Vec<*mut wasm_valtype_t> =
            kinds.iter().map(|&kind| wasm_valtype_new(kind)).collect();
        // SAFETY: zero is an empty vector, and so many types are there.
        unsafe {
            let mut made = zeroed();
            enter(|| wasm_valtype_vec_new(&raw mut made, types.len(), types.as_ptr()));
            made
        }
    };
    let (mut params, mut results) = (vector(params), vector(results));
    // SAFETY: the vectors are taken.
    unsafe { enter(|| wasm_functype_new(&raw mut params, &raw mut results)) }
}

/// Types without a store.
pub fn types(u: &mut Unstructured) -> Result<()> {
    let kinds: Vec<u8> = u.bytes(3)?.iter().map(|byte| byte % 4).collect();
    // SAFETY: what is made is deleted.
    unsafe {
        let ty = func_type(&kinds, &kinds[..1]);
        let copy = enter(|| wasm_functype_copy(ty));
        if let (false, Some(params)) = (copy.is_null(), wasm_functype_params(copy).as_ref()) {
            for (at, &kind) in kinds.iter().enumerate().take(params.num_elems) {
                assert_eq!(enter(|| wasm_valtype_kind(*params.data.add(at))), kind);
            }
        }
        enter(|| wasm_functype_delete(ty));
        let ty = enter(|| wasm_functype_as_externtype(copy));
        let again = enter(|| wasm_externtype_copy(ty));
        enter(|| wasm_externtype_delete(ty));
        assert!(enter(|| wasm_externtype_as_memorytype(again)).is_null());
        enter(|| wasm_externtype_delete(again));
    }
    Ok(())
}
