//! The bodies of the fuzz targets, as plain functions, so that ordinary tests can run their seeds.
//!
//! Each takes any bytes and panics when Zonda disagrees with its oracle:
//! [`validate()`] with wasmparser about what is a module, [`execute()`] with wasmi about what a module does;
//! [`script()`] and [`container()`] have no oracle and look for crashes.

#![allow(dead_code, unused_imports)] // A test may include this file and use only some of it.

mod container;
mod execute;
mod script;
mod smith;
mod validate;

pub use container::container;
pub use execute::{execute, execute_module};
pub use script::script;
pub use validate::{compare_verdicts, validate};
