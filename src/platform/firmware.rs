//! The platform of a firmware: the functions of [`interface`](super::interface), which the firmware
//! defines.

use super::interface::*;

pub(crate) fn allocate(size: usize, align: usize) -> *mut u8 {
    // SAFETY: the interface accepts any size, and any power of two as alignment.
    unsafe { zonda_platform_alloc(size, align).cast() }
}

/// # Safety
/// `memory` was returned by [`allocate`], is not used any more, and is freed once.
pub(crate) unsafe fn free(memory: *mut u8) {
    // SAFETY: as the contract of this function says.
    unsafe { zonda_platform_free(memory.cast()) }
}

pub(crate) fn log(level: i32, text: &[u8]) {
    // SAFETY: the platform reads `len` bytes, which the slice has.
    unsafe { zonda_platform_log(level, text.as_ptr().cast(), text.len()) }
}

pub(crate) fn console(text: &[u8]) {
    // SAFETY: the platform reads `len` bytes, which the slice has.
    unsafe { zonda_platform_console(text.as_ptr().cast(), text.len()) }
}

pub(crate) fn stack_suffices(purpose: zonda_stack_use_t) -> bool {
    // SAFETY: the platform only reads the state of the current thread.
    unsafe { zonda_platform_stack_suffices(purpose) }
}

/// The interface does not ask for a size.
pub(crate) fn stack_suffices_beside(_: usize) -> bool {
    stack_suffices(ZONDA_STACK_CALL)
}

/// Bytes of native stack that native code may use, if that is known.
#[cfg(feature = "native")]
pub(crate) fn native_stack() -> Option<usize> {
    // SAFETY: the platform only reads the state of the current thread.
    let bytes = unsafe { zonda_platform_native_stack() };
    (bytes != usize::MAX).then_some(bytes)
}

/// Microseconds of a clock that is never set back.
#[cfg(feature = "exec-time")]
pub(crate) fn uptime() -> u64 {
    // SAFETY: the platform only reads a clock.
    unsafe { zonda_platform_uptime() }
}

pub(crate) fn heap_info() -> Option<zonda_heap_info_t> {
    let mut info = zonda_heap_info_t { total: 0, free: 0, peak: 0 };
    // SAFETY: the platform writes to `info` only.
    unsafe { zonda_platform_heap_info(&mut info) }.then_some(info)
}

pub(super) fn lock() {
    // SAFETY: `super::locked` unlocks on the same thread.
    unsafe { zonda_platform_lock() }
}

pub(super) fn unlock() {
    // SAFETY: `super::locked` has locked on the same thread.
    unsafe { zonda_platform_unlock() }
}

/// Reports the text and stops the system.
pub fn abort(text: &str) -> ! {
    // SAFETY: the platform reads `len` bytes, which the string has.
    unsafe { zonda_platform_abort(text.as_ptr().cast(), text.len()) }
}

pub(crate) fn defaults() -> &'static zonda_defaults_t {
    // SAFETY: the interface returns a pointer to constant data that stays.
    unsafe { &*zonda_platform_get_defaults() }
}
