//! Programs that mean something: a generator of valid Wasm modules that always end and whose every
//! value is observed, the engines that run them, and a reducer for those on which the engines
//! disagree.
//!
//! wasm-smith knows more of the format, but its programs mostly trap, or drop what they computed.
//! These compute densely: many live operands and locals, across blocks, calls, modules and modes.

pub mod ast;
pub mod coverage;
pub mod encode;
pub mod exceptions;
pub mod gen;
pub mod reduce;
pub mod rng;
pub mod run;
pub mod script;

pub use gen::{generate, generate_for};
pub use run::{check, classic, fits, Disagreement, Judge, Outcome, OVERRUNS};

/// The bytes of all modules of a program.
pub fn encode(program: &ast::Program) -> Vec<Vec<u8>> {
    program.modules.iter().map(encode::encode).collect()
}
