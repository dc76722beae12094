//! What the C API needs of the system it runs on: a small set of functions, and nothing else knows the system.
//!
//! `hosted` implements them for a developer's machine; `firmware` declares them for Zephyr (zephyr/zonda_platform.c)
//! and for bare metal, where the application implements them.

#[cfg(not(feature = "std"))]
mod firmware;
#[cfg(feature = "std")]
mod hosted;

#[cfg(not(feature = "std"))]
pub(crate) use firmware::*;
#[cfg(feature = "std")]
pub(crate) use hosted::*;

/// Ends everything: for the panic handler, which lives outside.
#[cfg(not(feature = "std"))]
pub use firmware::abort;

/// What an application gets that asks for nothing: the firmware's configuration says it.
#[repr(C)]
pub(crate) struct Defaults {
    /// Bytes of an operand stack.
    pub(crate) stack_size: u32,
    /// Most bytes of a linear memory; 0 for as many as there are.
    pub(crate) memory_limit: u32,
    /// How code is executed that is not told how: a `RunningMode`; 0 for fast mode where it is built in.
    pub(crate) running_mode: u32,
    /// How many calls into an instance its native functions may have running at once.
    pub(crate) nested_calls: u32,
    /// Fuel of a start function; 0 for no bound.
    #[cfg_attr(not(feature = "fuel"), allow(dead_code))]
    pub(crate) start_fuel: u32,
}

/// What a thread is about to do on its native stack.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) enum StackUse {
    /// Load or instantiate a module.
    Load,
    /// Call a WebAssembly function.
    Call,
}

/// Size and use of the memory that the platform allocates from, in bytes.
#[repr(C)]
#[derive(Default)]
pub(crate) struct HeapInfo {
    pub(crate) total: u32,
    pub(crate) free: u32,
    /// The most that was allocated at any time.
    pub(crate) peak: u32,
}

/// The lock that [`locked`] holds, for as long as it lives.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        unlock();
    }
}

/// Runs `body` while no other thread is in a `locked` body. Not to be nested.
pub(crate) fn locked<R>(body: impl FnOnce() -> R) -> R {
    lock();
    let _guard = Guard;
    body()
}
