//! Modules. They belong to no store: a shared module is one more handle of the same.

use crate::store::wasm_store_t;
use crate::types::{export_type, hand_out, import_type, take_back};
use crate::vector::{self, wasm_byte_vec_t, wasm_exporttype_vec_t, wasm_importtype_vec_t, Vector};
use core::ffi::{c_char, CStr};
use core::ptr::{null, null_mut};
use zonda::capi::{checked_file, stack_suffices_to_load, LoadArgs};
use zonda::{Module, TryVec};

/// A handle of a module.
pub struct wasm_module_t {
    pub(crate) module: Module<'static>,
    /// Ends with NUL, unless it is empty.
    name: TryVec<u8>,
    /// Whether the module reads the application's bytes.
    borrows: bool,
}

/// A handle that any thread may have.
pub type wasm_shared_module_t = wasm_module_t;

/// The bytes of a vector.
///
/// # Safety
/// Null, or a vector that nobody changes during `'v`.
unsafe fn bytes<'v>(binary: *const wasm_byte_vec_t) -> &'v [u8] {
    // SAFETY: the contract; a char has the size of a byte.
    unsafe {
        let Some(binary) = binary.as_ref() else { return &[] };
        let chars = binary.as_slice();
        core::slice::from_raw_parts(chars.as_ptr().cast(), chars.len())
    }
}

fn handle(module: Module<'static>, borrows: bool) -> *mut wasm_module_t {
    hand_out(wasm_module_t { module, name: TryVec::new(), borrows })
}

/// Loads a copy of a module. NULL if it is invalid.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_new(
    store: *mut wasm_store_t,
    binary: *const wasm_byte_vec_t,
) -> *mut wasm_module_t {
    if store.is_null() || !stack_suffices_to_load() {
        return null_mut();
    }
    // SAFETY: null or a vector.
    let Some(file) = checked_file(unsafe { bytes(binary) }) else { return null_mut() };
    match Module::from_vec(&zonda::capi::engine(), file) {
        Ok(module) => handle(module, false),
        Err(_) => null_mut(),
    }
}

/// The same with options: with `clone_wasm_binary` false, the module reads the bytes where they
/// are, for example in flash, and they stay until it is deleted.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_new_ex(
    store: *mut wasm_store_t,
    binary: *mut wasm_byte_vec_t,
    args: *mut LoadArgs,
) -> *mut wasm_module_t {
    // SAFETY: null, or live; the application leaves bytes that are not copied where they are.
    unsafe {
        let Some(args) = args.as_ref() else { return wasm_module_new(store, binary) };
        let made = if args.clone_wasm_binary || args.wasm_binary_freeable {
            wasm_module_new(store, binary)
        } else if store.is_null() || !stack_suffices_to_load() {
            null_mut()
        } else {
            let Some(file) = checked_file(bytes(binary)) else { return null_mut() };
            match Module::new(&zonda::capi::engine(), file) {
                Ok(module) => handle(module, true),
                Err(_) => null_mut(),
            }
        };
        if !made.is_null() && !args.name.is_null() && !wasm_module_set_name(made, args.name) {
            wasm_module_delete(made);
            return null_mut();
        }
        made
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_module_delete(module: *mut wasm_module_t) {
    // SAFETY: null, or made by this file.
    unsafe { take_back(module) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_module_validate(
    _store: *mut wasm_store_t,
    binary: *const wasm_byte_vec_t,
) -> bool {
    // SAFETY: null or a vector.
    let file = unsafe { bytes(binary) };
    stack_suffices_to_load()
        && checked_file(file)
            .is_some_and(|file| Module::validate(&zonda::capi::engine(), file).is_ok())
}

/// Stores the imports, in order. An empty vector where there is no memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_imports(
    module: *const wasm_module_t,
    out: *mut wasm_importtype_vec_t,
) {
    // SAFETY: null, or live and a place for a vector.
    unsafe {
        if out.is_null() {
            return;
        }
        out.write(Vector::EMPTY);
        let Some(module) = module.as_ref() else { return };
        if !vector::make(out, module.module.imports().count(), null()) {
            return;
        }
        for import in module.module.imports() {
            let made = import_type(import.module, import.name, import.ty);
            if made.is_null() {
                vector::delete(out);
                return;
            }
            vector::push(out, made);
        }
    }
}

/// Stores the exports, in order. An empty vector where there is no memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_exports(
    module: *const wasm_module_t,
    out: *mut wasm_exporttype_vec_t,
) {
    // SAFETY: null, or live and a place for a vector.
    unsafe {
        if out.is_null() {
            return;
        }
        out.write(Vector::EMPTY);
        let Some(module) = module.as_ref() else { return };
        if !vector::make(out, module.module.exports().count(), null()) {
            return;
        }
        for export in module.module.exports() {
            let made = export_type(export.name, export.ty);
            if made.is_null() {
                vector::delete(out);
                return;
            }
            vector::push(out, made);
        }
    }
}

/// Stores what `wasm_module_deserialize` takes: the bytes of the module.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_serialize(
    module: *mut wasm_module_t,
    out: *mut wasm_byte_vec_t,
) {
    // SAFETY: null, or live and a place for a vector.
    unsafe {
        if out.is_null() {
            return;
        }
        out.write(Vector::EMPTY);
        if let Some(module) = module.as_ref() {
            let bytes = module.module.bytes();
            vector::make(out, bytes.len(), bytes.as_ptr().cast());
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_module_deserialize(
    store: *mut wasm_store_t,
    binary: *const wasm_byte_vec_t,
) -> *mut wasm_module_t {
    // SAFETY: null, or live.
    unsafe { wasm_module_new(store, binary) }
}

/// One more handle of the module, which any thread may use. Different threads may have handles of
/// one module.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_share(
    module: *mut wasm_module_t,
) -> *mut wasm_shared_module_t {
    // SAFETY: null or live.
    match unsafe { module.as_ref() } {
        Some(shared) => handle(shared.module.clone(), shared.borrows),
        None => null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_module_obtain(
    store: *mut wasm_store_t,
    shared: *mut wasm_shared_module_t,
) -> *mut wasm_module_t {
    if store.is_null() {
        return null_mut();
    }
    // SAFETY: null or live.
    unsafe { wasm_module_share(shared) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_shared_module_delete(shared: *mut wasm_shared_module_t) {
    // SAFETY: null, or made by this file.
    unsafe { take_back(shared) }
}

/// Names this handle of the module. Returns false where there is no memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_set_name(
    module: *mut wasm_module_t,
    name: *const c_char,
) -> bool {
    // SAFETY: null, or live and a text that ends with NUL.
    unsafe {
        let (Some(module), false) = (module.as_mut(), name.is_null()) else { return false };
        let mut copy = TryVec::new();
        if copy.append(CStr::from_ptr(name).to_bytes_with_nul()).is_err() {
            return false;
        }
        module.name = copy;
    }
    true
}

/// The name of this handle, until it is named again or deleted; empty if it has none.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_get_name(module: *mut wasm_module_t) -> *const c_char {
    // SAFETY: null or live.
    match unsafe { module.as_ref() } {
        Some(module) if !module.name.is_empty() => module.name.as_ptr().cast(),
        _ => c"".as_ptr(),
    }
}

/// Whether the application may free the bytes that it has loaded.
#[no_mangle]
pub unsafe extern "C" fn wasm_module_is_underlying_binary_freeable(
    module: *const wasm_module_t,
) -> bool {
    // SAFETY: null or live.
    unsafe { module.as_ref() }.is_some_and(|module| !module.borrows)
}
