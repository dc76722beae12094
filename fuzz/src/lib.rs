//! The bodies of the fuzz targets, as plain functions, so that ordinary tests can run their seeds.
//!
//! Each takes any bytes and panics when Zonda disagrees with its oracle:
//! [`validate()`] with wasmparser about what is a module, [`execute()`] with wasmi about what a
//! module does; [`capi()`] with a model of what an application in C may see, [`natives()`] with
//! what their signatures say of hostile arguments; [`script()`], [`container()`] and [`forged()`]
//! have no oracle and look for crashes.

#![allow(dead_code, unused_imports)] // A test may include this file and use only some of it.

pub mod calls;
#[cfg(feature = "capi")]
mod capi;
pub mod checker;
mod container;
mod execute;
mod forged;
#[cfg(feature = "capi")]
mod natives;
#[cfg(all(feature = "gc", feature = "exceptions", feature = "simd"))]
pub mod objects;
pub mod program;
#[path = "../../tests/common/run.rs"]
mod run;
mod script;
mod smith;
mod validate;
#[cfg(feature = "simd")]
mod vectors;

#[cfg(feature = "capi")]
pub use capi::capi;
#[cfg(feature = "capi")]
pub use capi::memory;
pub use container::container;
pub use execute::{execute, execute_module};
pub use forged::forged;
#[cfg(feature = "capi")]
pub use natives::natives;
pub use script::script;
pub use validate::{compare_verdicts, validate};
#[cfg(feature = "simd")]
pub use vectors::vectors;
