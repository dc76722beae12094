//! The platform of a developer's machine: `std`, and the C library that `std` links anyway.

extern crate std;

use super::interface::*;
#[cfg(not(miri))]
use core::ffi::c_int;
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};
use std::io::Write;
use std::sync::LazyLock;

extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    #[link_name = "free"]
    fn release(memory: *mut c_void);
    #[cfg(not(miri))]
    fn putchar(byte: c_int) -> c_int;
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

/// Through the C library, so that it stands in its place among what an application in C prints. An
/// error is ignored: standard output may be closed.
#[cfg(not(miri))]
pub(crate) fn console(text: &[u8]) {
    for &byte in text {
        // SAFETY: `putchar` accepts every byte, from any thread.
        unsafe { putchar(byte.into()) };
    }
}

#[cfg(miri)]
pub(crate) fn console(text: &[u8]) {
    let _ = std::io::stdout().write_all(text);
}

#[cfg(all(target_os = "linux", not(miri)))]
#[path = "hosted_stack.rs"]
mod stack;

/// Other systems do not tell what is left of a stack.
#[cfg(not(all(target_os = "linux", not(miri))))]
mod stack {
    pub(super) fn left() -> Option<usize> {
        None
    }
}

/// Bytes of native stack that a call needs, with a native function that prints or opens a file.
const TO_CALL: usize = 16 << 10;
/// Bytes that loading a module needs.
const TO_LOAD: usize = 32 << 10;

pub(crate) fn stack_suffices(purpose: zonda_stack_use_t) -> bool {
    let needed = if purpose == ZONDA_STACK_LOAD { TO_LOAD } else { TO_CALL };
    stack::left().is_none_or(|left| left >= needed)
}

/// Whether a native function that needs `size` bytes itself can call after it has taken them.
pub(crate) fn stack_suffices_beside(size: usize) -> bool {
    stack::left().is_none_or(|left| left >= size.saturating_add(TO_CALL))
}

#[cfg(feature = "native")]
pub(crate) fn native_stack() -> Option<usize> {
    stack::left().map(|left| left.saturating_sub(TO_CALL))
}

/// Microseconds of a clock that is never set back.
#[cfg(feature = "exec-time")]
pub(crate) fn uptime() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_micros() as u64
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
    static DEFAULTS: LazyLock<zonda_defaults_t> = LazyLock::new(|| zonda_defaults_t {
        stack_size: 64 * 1024,
        memory_limit: 0,
        total_limit: 0,
        running_mode: 0,
        nested_calls: 64,
        start_fuel: 1_000_000_000,
        bare_pointers: std::env::var_os("ZONDA_NATIVES_BARE_POINTERS").is_some(),
        whole_memory: false,
    });
    &DEFAULTS
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    const BLOCK: usize = 4 << 10;

    /// Uses up the stack as long as a call may begin; how many blocks of it that were.
    #[inline(never)]
    fn use_up(blocks: usize) -> usize {
        let block = [blocks as u8; BLOCK];
        if !stack_suffices(ZONDA_STACK_CALL) {
            return blocks;
        }
        let used = use_up(blocks + 1);
        core::hint::black_box(&block);
        used
    }

    #[test]
    fn blocks_are_aligned_as_asked_or_refused() {
        for align in [1, 4, ALIGNED, 2 * ALIGNED, 4096] {
            let block = allocate(16, align);
            assert_eq!(block.is_null(), align > ALIGNED, "{align}");
            // SAFETY: allocated above, or null, and not used.
            unsafe { free(block) };
        }
    }

    #[test]
    fn a_thread_stops_before_the_end_of_its_stack() {
        let threads = [256 << 10, 1 << 20].map(|size| {
            let body = move || {
                assert!(stack::ask().is_some(), "the system does not tell");
                // AddressSanitizer keeps variables elsewhere.
                let Some(left) = stack::left() else { return };
                assert!((size / 2..=size + (64 << 10)).contains(&left), "{left} of {size}");
                assert!(stack_suffices(ZONDA_STACK_LOAD));
                let blocks = use_up(0);
                assert!(stack_suffices_beside(size / 8) && !stack_suffices_beside(2 * left));
                let most = (left - TO_CALL) / BLOCK;
                assert!((most / 2..=most + 1).contains(&blocks), "{blocks} of {most}");
            };
            std::thread::Builder::new().stack_size(size).spawn(body).unwrap()
        });
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
