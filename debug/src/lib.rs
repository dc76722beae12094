//! A GDB remote stub: LLDB debugs programs in Zonda through it (docs/debugging.md).
//!
//! [`Stub`] is a [`zonda::debug::Debugger`]. It speaks the protocol over a [`Link`],
//! on the thread that runs the program, while the program is stopped. Whoever receives
//! bytes for the link while the program runs asks for a stop ([`zonda::debug::StopHandle`]); the
//! stub then finds out whether a debugger has attached, interrupts, or has gone.
//!
//! | module | owns |
//! |---|---|
//! | `address` | addresses of LLDB's WebAssembly plugin |
//! | `breakpoints` | breakpoints and watchpoints |
//! | `commands` | what the debugger asks, and the answers |
//! | `libraries` | the list of modules for the debugger |
//! | `packet` | packets: their ends, checksums and numbers |
//! | `remains` | the session over a trap record (feature `std`) |
//! | `stub` | the session: when the program stops, and what happens until it runs on |
//! | `target` | what the debugger reads and changes |
//! | `text` | texts that the debugger asks for in parts |
//! | `tcp` | the link of a host (feature `std`) |
//!
//! Depends on `zonda` with the feature `debug`. It needs no heap: its size is that of [`Stub`].
#![no_std]
#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods))]

#[cfg(feature = "std")]
extern crate std;

mod address;
mod breakpoints;
mod commands;
mod libraries;
mod packet;
#[cfg(feature = "std")]
#[allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a host has memory")]
pub mod remains;
mod stub;
mod target;
#[cfg(feature = "std")]
#[allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a host has memory")]
pub mod tcp;
mod text;

pub use stub::{Link, Names, Stub, PACKET};
