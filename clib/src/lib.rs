//! Zonda as a static library for C applications: the C API of the crate `zonda`, and what it needs
//! beside it. Without the feature `hosted` that is what a program without `std` has to bring
//! itself: the allocator that RuntimeInitArgs chooses, and a panic handler.
#![cfg_attr(not(feature = "hosted"), no_std)]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

#[cfg(feature = "debug")]
mod debug;
#[cfg(not(feature = "hosted"))]
mod firmware;
#[cfg(feature = "libc-builtin")]
mod libc;
#[cfg(feature = "wasi")]
mod wasi;
#[cfg(all(feature = "wasi", not(feature = "hosted")))]
#[path = "wasi_firmware.rs"]
mod wasi_system;
#[cfg(all(feature = "wasi", feature = "hosted"))]
#[path = "wasi_hosted.rs"]
mod wasi_system;

/// The same.
#[cfg(feature = "hosted")]
extern crate zonda;
/// Its functions are for the application in C.
#[cfg(feature = "standard-c-api")]
extern crate zonda_capi_standard;
/// Its functions are for the firmware in C.
#[cfg(feature = "apps")]
extern crate zonda_manager_c;
