//! The platform functions of the C API, which src/platform/interface.rs of the runtime declares.
//! The images hand a pool to the runtime, so there is no other memory; they have one thread, so the
//! lock does nothing.

use crate::{console, say};
use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_void};
use core::slice;
use zonda::capi::platform_interface::{
    self as interface, zonda_defaults_t, zonda_heap_info_t, zonda_stack_use_t,
};

/// The limit changes before the runtime reads it.
struct Defaults(UnsafeCell<zonda_defaults_t>);

// SAFETY: the images have one thread.
unsafe impl Sync for Defaults {}

static DEFAULTS: Defaults = Defaults(UnsafeCell::new(zonda_defaults_t {
    stack_size: 4096,
    memory_limit: 0,
    total_limit: 0,
    running_mode: 0,
    nested_calls: 4,
    start_fuel: 1_000_000,
    bare_pointers: false,
    whole_memory: false,
}));

/// Sets the linear memory limit. Called before the runtime starts.
pub fn limit_memory(bytes: u32) {
    // SAFETY: one thread, and the runtime holds no reference to the defaults yet.
    unsafe { (*DEFAULTS.0.get()).memory_limit = bytes }
}

#[no_mangle]
unsafe extern "C" fn zonda_platform_get_defaults() -> *const zonda_defaults_t {
    DEFAULTS.0.get()
}

#[no_mangle]
unsafe extern "C" fn zonda_platform_alloc(_size: usize, _align: usize) -> *mut c_void {
    core::ptr::null_mut()
}

#[no_mangle]
unsafe extern "C" fn zonda_platform_free(_memory: *mut c_void) {}

#[no_mangle]
unsafe extern "C" fn zonda_platform_log(_level: c_int, text: *const c_char, len: usize) {
    // SAFETY: the contract of the platform functions: the runtime passes an address and the number
    // of bytes there.
    console::bytes(unsafe { slice::from_raw_parts(text.cast(), len) });
    console::bytes(b"\n");
}

#[no_mangle]
unsafe extern "C" fn zonda_platform_console(text: *const c_char, len: usize) {
    // SAFETY: the contract of the platform functions: the runtime passes an address and the number
    // of bytes there.
    console::bytes(unsafe { slice::from_raw_parts(text.cast(), len) });
}

#[no_mangle]
unsafe extern "C" fn zonda_platform_stack_suffices(_purpose: zonda_stack_use_t) -> bool {
    true
}

/// The least that the boards have below the frames of an image.
#[no_mangle]
#[cfg(feature = "native")]
extern "C" fn zonda_platform_native_stack() -> usize {
    crate::board::STACK_PAINT
}

/// The boards have a clock of instructions, not of time.
#[no_mangle]
#[cfg(feature = "exec-time")]
extern "C" fn zonda_platform_uptime() -> u64 {
    0
}

#[no_mangle]
unsafe extern "C" fn zonda_platform_heap_info(_info: *mut zonda_heap_info_t) -> bool {
    false
}

#[no_mangle]
unsafe extern "C" fn zonda_platform_lock() {}

#[no_mangle]
unsafe extern "C" fn zonda_platform_unlock() {}

#[no_mangle]
unsafe extern "C" fn zonda_platform_abort(text: *const c_char, len: usize) -> ! {
    // SAFETY: the contract of the platform functions: the runtime passes an address and the number
    // of bytes there.
    console::bytes(unsafe { slice::from_raw_parts(text.cast(), len) });
    say!("");
    console::exit(false)
}

/// Compiles only if the types are those of the interface.
const _: () = {
    let _ = [interface::zonda_platform_alloc, zonda_platform_alloc];
    let _ = [interface::zonda_platform_free, zonda_platform_free];
    let _ = [interface::zonda_platform_log, zonda_platform_log];
    let _ = [interface::zonda_platform_console, zonda_platform_console];
    let _ = [interface::zonda_platform_stack_suffices, zonda_platform_stack_suffices];
    let _ = [interface::zonda_platform_heap_info, zonda_platform_heap_info];
    let _ = [interface::zonda_platform_lock, zonda_platform_lock];
    let _ = [interface::zonda_platform_unlock, zonda_platform_unlock];
    let _ = [interface::zonda_platform_get_defaults, zonda_platform_get_defaults];
    let _ = [interface::zonda_platform_abort, zonda_platform_abort];
};
