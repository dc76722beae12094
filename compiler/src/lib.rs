//! Compiles WebAssembly modules to precompiled modules (docs/precompiled-module.md) and lists
//! register bytecode.
//!
//! This crate is for the host: it allocates without checking, hashes, and writes text. The
//! translator and the verifier are those of the runtime, which this crate reaches through
//! `zonda::toolchain`. [`compile`] makes a precompiled module, [`PrecompiledInfo`] reads one,
//! [`Listing`] prints code.
#![forbid(unsafe_code)]

mod compile;
mod info;
mod listing;

pub use compile::{compile, CompileOptions};
pub use info::{is_precompiled, PrecompiledInfo};
pub use listing::{InstructionText, ListedInstruction, Listing};
