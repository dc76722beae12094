//! The operations of WebAssembly and the loops that execute them.
//!
//! This crate stands below the runtime crate `zonda`: it knows operations, values, frames, linear memory and
//! how to run validated code, and nothing of modules, linking or embedding APIs. It is a crate of its own
//! so that cargo can compile it for speed while the rest of the runtime is compiled for size.
//!
//! | room | owns |
//! |---|---|
//! | [`op`] | the table of operations: code, name, immediates, types |
//! | [`numeric`] | what each numeric operation computes |
//! | `float` | operations on floats, written for size |
//! | [`trap`] | the reasons for which execution stops |
//! | [`slot`] | values of two slots |
//! | [`frame`] | frames and the layout of a call on the value stack |
//! | `bounds` | whether an access or a frame is inside |
//! | [`linear_memory`] | linear memory and bounds-checked access to it |
//! | [`instance`] | what running code sees of its instance |
//! | `mode` | the list of execution modes, and how a call enters one |
//! | [`side_table`] | branch targets of code that is executed in place |
//! | `classic` | the loop that executes Wasm bytes in place |
//! | [`fast`] | register code: its table of operations, and the loop that executes it |
//! | `thumb_calls` | what the loops in Thumb-2 instructions call in every mode |
//! | `run` | a call by the host, and the change between loops |
#![no_std]
#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods))]
#![recursion_limit = "256"]

#[cfg(not(any(feature = "classic", feature = "fast")))]
compile_error!("at least one of the modes `classic` and `fast` has to be switched on");
#[cfg(test)]
extern crate std;

#[cfg(not(target_endian = "little"))]
compile_error!("linear memory is accessed in place, so the target has to be little endian");

#[macro_use]
mod opcode;

mod bounds;
#[cfg(feature = "classic")]
pub mod classic;
#[cfg(feature = "fast")]
pub mod fast;
#[cfg(feature = "float")]
mod float;
pub mod frame;
pub mod instance;
pub mod leb128;
pub mod linear_memory;
pub mod meter;
mod mode;
pub mod numeric;
pub mod op;
mod relation;
mod run;
pub mod side_table;
pub mod slot;
#[cfg(test)]
mod testing;
#[cfg(all(thumb2, not(feature = "portable")))]
mod thumb_calls;
pub mod trap;

pub use frame::{ClassicFunc, Context, Exit, FastFunc, FuncLayout};
pub use instance::{ExecInstance, GlobalRef, HostCall, ImportedFunc};
pub use linear_memory::Memory;
pub use meter::Meter;
pub use mode::Mode;
pub use op::Op;
pub use run::call;
pub use trap::TrapCode;
