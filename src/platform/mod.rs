//! What the C API needs of the system that it runs on: a few functions. Nothing else knows the
//! system.
//!
//! - `interface`: the functions that a firmware defines; `include/zonda_platform.h` is generated
//!   from it
//! - `firmware`: calls them, for Zephyr (zephyr/zonda_platform.c) and bare metal
//! - `hosted`: the same functions for a developer's machine, over `std`

#[cfg(not(feature = "std"))]
mod firmware;
#[cfg(feature = "std")]
mod hosted;
pub mod interface;

#[cfg(not(feature = "std"))]
pub(crate) use firmware::*;
#[cfg(feature = "std")]
pub(crate) use hosted::*;

/// Stops the system: for the panic handler of a static library or a firmware.
#[cfg(not(feature = "std"))]
pub use firmware::abort;

/// Holds the lock while it lives.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        unlock();
    }
}

/// Runs `body` while no other thread is in a `locked` body. Must not be nested.
pub(crate) fn locked<R>(body: impl FnOnce() -> R) -> R {
    lock();
    let _guard = Guard;
    body()
}
