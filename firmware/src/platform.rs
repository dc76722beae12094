//! The platform functions of the C API, which src/platform of the runtime declares. The images hand a pool to
//! the runtime, so there is no other memory; they have one thread, so the lock does nothing.

use crate::{console, say};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::slice;

/// As `Defaults` in src/platform.
#[repr(C)]
pub struct Defaults {
    stack_size: u32,
    memory_limit: UnsafeCell<u32>,
    running_mode: u32,
    nested_calls: u32,
    start_fuel: u32,
}

// SAFETY: the images have one thread.
unsafe impl Sync for Defaults {}

#[no_mangle]
static zonda_platform_defaults: Defaults = Defaults {
    stack_size: 4096,
    memory_limit: UnsafeCell::new(0),
    running_mode: 0,
    nested_calls: 4,
    start_fuel: 1_000_000,
};

/// Sets the linear memory limit. Called before the runtime starts.
pub fn limit_memory(bytes: u32) {
    // SAFETY: one thread, and no reference to the limit exists before the runtime starts.
    unsafe { *zonda_platform_defaults.memory_limit.get() = bytes }
}

#[no_mangle]
extern "C" fn zonda_platform_alloc(_size: usize, _align: usize) -> *mut c_void {
    core::ptr::null_mut()
}

#[no_mangle]
extern "C" fn zonda_platform_free(_memory: *mut c_void) {}

#[no_mangle]
unsafe extern "C" fn zonda_platform_log(_level: c_int, text: *const u8, len: usize) {
    // SAFETY: the contract of the platform functions: the runtime passes an address and the number of bytes there.
    console::bytes(unsafe { slice::from_raw_parts(text, len) });
    console::bytes(b"\n");
}

#[no_mangle]
unsafe extern "C" fn zonda_platform_console(text: *const u8, len: usize) {
    // SAFETY: the contract of the platform functions: the runtime passes an address and the number of bytes there.
    console::bytes(unsafe { slice::from_raw_parts(text, len) });
}

#[no_mangle]
extern "C" fn zonda_platform_stack_suffices(_purpose: c_int) -> bool {
    true
}

#[no_mangle]
extern "C" fn zonda_platform_heap_info(_info: *mut c_void) -> bool {
    false
}

#[no_mangle]
extern "C" fn zonda_platform_lock() {}

#[no_mangle]
extern "C" fn zonda_platform_unlock() {}

#[no_mangle]
unsafe extern "C" fn zonda_platform_abort(text: *const u8, len: usize) -> ! {
    // SAFETY: the contract of the platform functions: the runtime passes an address and the number of bytes there.
    console::bytes(unsafe { slice::from_raw_parts(text, len) });
    say!("");
    console::exit(false)
}
