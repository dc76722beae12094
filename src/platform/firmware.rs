//! The platform of a firmware: functions of C linkage that it defines.

use super::{Defaults, HeapInfo, StackUse};
use core::ffi::{c_int, c_void};

extern "C" {
    /// Memory of `size` bytes at an address that is a multiple of `align`, or null.
    fn zonda_platform_alloc(size: usize, align: usize) -> *mut c_void;
    /// Takes it back.
    fn zonda_platform_free(memory: *mut c_void);
    /// A message for the developer: 1 error, 2 warning, 3 information, 4 debug, 5 trace. Not NUL-terminated.
    fn zonda_platform_log(level: c_int, text: *const u8, len: usize);
    /// Output of programs. Not NUL-terminated.
    fn zonda_platform_console(text: *const u8, len: usize);
    /// Whether the native stack of the current thread is large enough; true if the platform cannot tell. Reports what is missing.
    fn zonda_platform_stack_suffices(purpose: StackUse) -> bool;
    /// Fills in size and use of the memory that `zonda_platform_alloc` allocates from; false if the platform cannot tell.
    fn zonda_platform_heap_info(info: *mut HeapInfo) -> bool;
    fn zonda_platform_lock();
    fn zonda_platform_unlock();
    /// The end: says `text` and does not return.
    fn zonda_platform_abort(text: *const u8, len: usize) -> !;
    static zonda_platform_defaults: Defaults;
}

pub(crate) fn allocate(size: usize, align: usize) -> *mut u8 {
    // SAFETY: the platform takes any size, and any power of two as alignment.
    unsafe { zonda_platform_alloc(size, align).cast() }
}

/// # Safety
/// `memory` comes from [`allocate`] and is freed once.
pub(crate) unsafe fn free(memory: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { zonda_platform_free(memory.cast()) }
}

pub(crate) fn log(level: i32, text: &[u8]) {
    // SAFETY: the platform reads as many bytes.
    unsafe { zonda_platform_log(level, text.as_ptr(), text.len()) }
}

pub(crate) fn console(text: &[u8]) {
    // SAFETY: the platform reads as many bytes.
    unsafe { zonda_platform_console(text.as_ptr(), text.len()) }
}

pub(crate) fn stack_suffices(purpose: StackUse) -> bool {
    // SAFETY: the platform only reads the state of the current thread.
    unsafe { zonda_platform_stack_suffices(purpose) }
}

pub(crate) fn heap_info() -> Option<HeapInfo> {
    let mut info = HeapInfo::default();
    // SAFETY: the platform writes to `info` only.
    unsafe { zonda_platform_heap_info(&mut info) }.then_some(info)
}

pub(super) fn lock() {
    // SAFETY: unlocked by `super::locked`, on the same thread.
    unsafe { zonda_platform_lock() }
}

pub(super) fn unlock() {
    // SAFETY: locked by `super::locked`, on the same thread.
    unsafe { zonda_platform_unlock() }
}

/// Ends everything.
pub fn abort(text: &str) -> ! {
    // SAFETY: the platform reads as many bytes.
    unsafe { zonda_platform_abort(text.as_ptr(), text.len()) }
}

pub(crate) fn defaults() -> &'static Defaults {
    // SAFETY: constant data of the firmware.
    unsafe { &zonda_platform_defaults }
}
