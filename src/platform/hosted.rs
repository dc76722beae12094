//! The platform of a developer's machine: `std`, and the C library that `std` links anyway.

extern crate std;

use super::interface::*;
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};
use std::io::Write;

extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    #[link_name = "free"]
    fn release(memory: *mut c_void);
}

/// The alignment in bytes that `malloc` guarantees on every system that `std` supports.
const ALIGNED: usize = 8;

pub(crate) fn allocate(size: usize, align: usize) -> *mut u8 {
    if align > ALIGNED {
        return core::ptr::null_mut();
    }
    // SAFETY: `malloc` accepts any size.
    unsafe { malloc(size).cast() }
}

/// # Safety
/// `memory` was returned by [`allocate`], is not used any more, and is freed once.
pub(crate) unsafe fn free(memory: *mut u8) {
    // SAFETY: as the contract of this function says; `allocate` returns blocks of `malloc`.
    unsafe { release(memory.cast()) }
}

pub(crate) fn log(level: i32, text: &[u8]) {
    let name = match level {
        1 => "error",
        2 => "warning",
        3 => "info",
        _ => "debug",
    };
    let mut to = std::io::stderr().lock();
    // A standard error stream that is closed reads no message.
    let _ = write!(to, "zonda: {name}: ");
    let _ = to.write_all(text).and_then(|()| to.write_all(b"\n"));
}

pub(crate) fn console(text: &[u8]) {
    // An error is ignored: standard output may be closed.
    let _ = std::io::stdout().write_all(text);
}

/// Threads of a host have stacks of megabytes.
pub(crate) fn stack_suffices(_: zonda_stack_use_t) -> bool {
    true
}

/// Not known.
#[cfg(feature = "native")]
pub(crate) fn native_stack() -> Option<usize> {
    None
}

pub(crate) fn heap_info() -> Option<zonda_heap_info_t> {
    None
}

static LOCKED: AtomicBool = AtomicBool::new(false);

pub(super) fn lock() {
    while LOCKED.swap(true, Ordering::Acquire) {
        std::thread::yield_now();
    }
}

pub(super) fn unlock() {
    LOCKED.store(false, Ordering::Release);
}

pub(crate) fn defaults() -> &'static zonda_defaults_t {
    &zonda_defaults_t {
        stack_size: 64 * 1024,
        memory_limit: 0,
        total_limit: 0,
        running_mode: 0,
        nested_calls: 64,
        start_fuel: 1_000_000_000,
        bare_pointers: false,
        whole_memory: false,
    }
}
