//! What the C API needs of the system that it runs on: a few functions. Nothing else knows the
//! system.
//!
//! - `interface`: the functions that a firmware defines; `include/zonda_platform.h` is generated
//!   from it
//! - `firmware`: calls them, for Zephyr (zephyr/zonda_platform.c) and bare metal
//! - `hosted`: the same functions for a developer's machine, over `std`; `hosted_stack`: what is
//!   left of a native stack on Linux
//! - `firmware_keys`, `hosted_keys`: public keys and signatures of both

#[cfg(not(feature = "std"))]
mod firmware;
#[cfg(feature = "std")]
mod hosted;
pub mod interface;
#[cfg(feature = "signed-files")]
#[cfg_attr(feature = "std", path = "hosted_keys.rs")]
#[cfg_attr(not(feature = "std"), path = "firmware_keys.rs")]
mod keys;

#[cfg(not(feature = "std"))]
pub(crate) use firmware::*;
#[cfg(feature = "std")]
pub(crate) use hosted::*;

#[cfg(all(feature = "signed-files", feature = "std"))]
pub use keys::set_public_keys;
#[cfg(feature = "signed-files")]
pub(crate) use keys::{check_signature, public_keys};

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
