//! The platform of a developer's machine: the C library that `std` links anyway, and `std` itself.

extern crate std;

use super::{Defaults, HeapInfo, StackUse};
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};
use std::io::Write;

extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    #[link_name = "free"]
    fn release(memory: *mut c_void);
}

/// `malloc` aligns to this much on every system that `std` runs on.
const ALIGNED: usize = 8;

pub(crate) fn allocate(size: usize, align: usize) -> *mut u8 {
    if align > ALIGNED {
        return core::ptr::null_mut();
    }
    // SAFETY: any size may be asked for.
    unsafe { malloc(size).cast() }
}

/// # Safety
/// `memory` comes from [`allocate`] and is freed once.
pub(crate) unsafe fn free(memory: *mut u8) {
    // SAFETY: the caller's promise.
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
    // Whoever closed standard output does not want it.
    let _ = std::io::stdout().write_all(text);
}

/// Threads of a host have stacks of megabytes.
pub(crate) fn stack_suffices(_: StackUse) -> bool {
    true
}

pub(crate) fn heap_info() -> Option<HeapInfo> {
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

pub(crate) fn defaults() -> &'static Defaults {
    &Defaults {
        stack_size: 64 * 1024,
        memory_limit: 0,
        running_mode: 0,
        nested_calls: 64,
        start_fuel: 1_000_000_000,
    }
}
