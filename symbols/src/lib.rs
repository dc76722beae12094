//! What a host knows of a WebAssembly program that a device does not: names of functions and of
//! locals, source lines from DWARF, and the place in the module of register bytecode.
//!
//! | module | owns |
//! |---|---|
//! | [`record`] | the format of trap records (docs/traps.md), and records in the log of a console |
//! | [`program`] | a module: names, bodies, what tells it from others |
//! | `lines` | DWARF in custom sections |
//! | [`backtrace`] | the calls of a record with what a program says of them |
//!
//! Records come from a console and modules from anywhere: nothing here trusts either.

pub mod backtrace;
mod lines;
pub mod program;
pub mod record;

pub use backtrace::{Backtrace, Options};
pub use lines::{Lines, Source};
pub use program::Program;
pub use record::Record;
