//! WASI preview 1 (`wasi_snapshot_preview1`) for Zonda: what ordinary C and Rust programs import.
//!
//! The functions are declared once, in `preview1`, over a [`Platform`]: files, clocks, random
//! numbers, the console. A [`Wasi`] is the state of one program: its arguments, its environment,
//! its descriptors, its exit code. It has no more than the embedder put into it: no directory, no
//! variable, no socket by itself.
//!
//! - `types`: numbers and structures of the specification
//! - `guest`: ranges of linear memory, checked where they are used
//! - `context`: [`Wasi`]; `descriptor`: its descriptors and their rights
//! - `platform`: what a platform provides
//! - `preview1`: the functions; `network`: those of sockets that a program opens
//! - `host`: the platform of a hosted Unix system (feature `host`)
//! - `firmware`: the platform of a firmware, over C functions (feature `firmware`)
//!
//! Every allocation can fail, with the error `nomem`.
#![no_std]
// What only a group of functions uses that is off.
#![cfg_attr(
    not(all(feature = "files", feature = "poll", feature = "sockets-ext")),
    allow(dead_code)
)]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

#[cfg(feature = "host")]
extern crate std;

mod context;
mod descriptor;
#[cfg(feature = "firmware")]
pub mod firmware;
mod guest;
#[cfg(feature = "host")]
pub mod host;
#[cfg(feature = "sockets-ext")]
mod network;
#[cfg(not(feature = "sockets-ext"))]
#[path = "network_off.rs"]
mod network;
pub mod platform;
mod preview1;
#[cfg(any(feature = "host", all(feature = "firmware", feature = "sockets")))]
mod socket_state;
pub mod types;

pub use context::Wasi;
pub use descriptor::{rights, Rights};
pub use guest::Stop;
#[cfg(feature = "sockets-ext")]
pub use network::Sockets;
pub use platform::{Platform, Stream};
#[cfg(feature = "unstable")]
pub use preview1::unstable::Unstable;
pub use preview1::Preview1;
pub use types::Errno;
