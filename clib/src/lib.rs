//! Zonda as a static library for C applications: the C API of the crate `zonda`, with what a program without `std` has to bring
//! itself: the allocator that RuntimeInitArgs chooses, and a panic handler.
#![no_std]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

#[cfg(feature = "libc-builtin")]
mod libc;
#[cfg(feature = "wasi")]
mod wasi;

/// Its functions are for the application in C.
#[cfg(feature = "standard-c-api")]
extern crate zonda_capi_standard;

use core::panic::PanicInfo;
use zonda::capi::RuntimeAllocator;

#[global_allocator]
static ALLOCATOR: RuntimeAllocator = RuntimeAllocator;

/// Nothing reaches this: it is there because the language wants it. Says nothing of `info`, as formatting would cost flash. `cargo xtask size` knows
/// by the text whether it is linked.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    zonda::capi::abort("zonda: panic")
}
