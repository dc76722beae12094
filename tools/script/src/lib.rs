//! Specification scripts (`.wast`) in a compact form that a microcontroller can run.
//!
//! The host compiles a `.wast` file into a [`Script`] (feature `std`: [`compile()`]); [`run()`]
//! executes it through the public API of the runtime, on the host and in the firmware alike, and
//! returns [`Counts`]. No directive is ever dropped: a directive that does not run counts as
//! unsupported, and an assertion about the text format, which only the host can check, counts as
//! text.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod format;
mod run;
mod spectest;

#[cfg(feature = "std")]
mod compile;
#[cfg(feature = "std")]
mod missing;
#[cfg(feature = "suite")]
pub mod suite;
#[cfg(feature = "std")]
mod write;

pub use format::{
    Action, ActionKind, Command, Commands, Malformed, Script, Value, Values, ALIGN, PAD,
};
pub use run::{run, Counts, Options};
pub use zonda::{Engine, Mode};

#[cfg(feature = "std")]
pub use compile::{compile, CompileError, Convert};
