//! The arguments of an instance as an object that the application fills in.

use super::instance::make_instance;
use super::types::*;
use super::wasi::WasiArguments;
use crate::alloc::TryBox;
use core::ffi::{c_char, c_void};
use core::ptr::null_mut;

/// What an instance is given beside its sizes.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) custom_data: *mut c_void,
    /// In place of what the module has, once something is set.
    pub(super) wasi: WasiArguments,
}

impl Given {
    /// Nothing.
    pub(super) const NONE: Given = Given { custom_data: null_mut(), wasi: WasiArguments::NONE };
}

/// Arguments of wasm_runtime_instantiate_ex2(), opaque for the application.
pub struct InstantiationArgs2 {
    args: InstantiationArgs,
    pub(super) given: Given,
}

/// Creates arguments with the defaults, for wasm_runtime_instantiate_ex2(). Returns false if there
/// is no memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_create(
    p: *mut *mut InstantiationArgs2,
) -> bool {
    let args =
        InstantiationArgs { default_stack_size: 0, host_managed_heap_size: 0, max_memory_pages: 0 };
    let Ok(made) = TryBox::new(InstantiationArgs2 { args, given: Given::NONE }) else {
        return false;
    };
    // SAFETY: the application passes a place.
    unsafe { *p = made.into_raw() };
    true
}

/// Frees arguments. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_destroy(p: *mut InstantiationArgs2) {
    if !p.is_null() {
        // SAFETY: made by `wasm_runtime_instantiation_args_create`.
        drop(unsafe { TryBox::from_raw(p) });
    }
}

/// Sets InstantiationArgs::default_stack_size.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_default_stack_size(
    p: *mut InstantiationArgs2,
    v: u32,
) {
    // SAFETY: the application passes live arguments.
    unsafe { (*p).args.default_stack_size = v }
}

/// Sets InstantiationArgs::host_managed_heap_size.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_host_managed_heap_size(
    p: *mut InstantiationArgs2,
    v: u32,
) {
    // SAFETY: the application passes live arguments.
    unsafe { (*p).args.host_managed_heap_size = v }
}

/// Sets InstantiationArgs::max_memory_pages.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_max_memory_pages(
    p: *mut InstantiationArgs2,
    v: u32,
) {
    // SAFETY: the application passes live arguments.
    unsafe { (*p).args.max_memory_pages = v }
}

/// Sets what wasm_runtime_get_custom_data() returns, also while the start function runs.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_custom_data(
    p: *mut InstantiationArgs2,
    custom_data: *mut c_void,
) {
    // SAFETY: the application passes live arguments.
    unsafe { (*p).given.custom_data = custom_data }
}

/// As wasm_runtime_instantiate_ex().
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiate_ex2(
    module: wasm_module_t,
    args: *const InstantiationArgs2,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_inst_t {
    // SAFETY: the application passes a live module, live arguments and a buffer of that size.
    unsafe { make_instance(module, &(*args).args, &(*args).given, error_buf, error_buf_size) }
}
