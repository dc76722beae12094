//! The instructions of WebAssembly and the interpreter loops that execute them.
//!
//! This crate is below the runtime crate `zonda`: it has instructions, values, frames, linear
//! memory and the execution of validated code, and nothing of modules, linking or embedding APIs.
//! It is a crate of its own so that cargo can compile it for speed while the rest of the runtime is
//! compiled for size. It depends on no other crate.
//!
//! | module | owns |
//! |---|---|
//! | [`op`] | the table of instructions: opcode, name, immediates, types |
//! | `opcode` | opcodes as constants |
//! | [`numeric`] | what each numeric instruction computes |
//! | `float` | instructions on floats, written for size |
//! | `relation` | comparisons of integers and floats |
//! | [`trap`] | the reasons for which execution stops |
//! | [`vector`] | vectors of 128 bits: the table of instructions, what they compute |
//! | [`unwind`] | handlers of exceptions, and the frames that one leaves |
//! | [`meter`] | termination requests and fuel |
//! | [`slot`] | values of one slot and two in a frame |
//! | [`frame`] | frames on the operand stack, and the state of a call by the host |
//! | `bounds` | the arithmetic of bounds checks |
//! | `index` | addresses and indices of 32 and of 64 bits |
//! | [`linear_memory`] | linear memory and bounds-checked access to it |
//! | [`atomic`] | atomic instructions, and whether a memory is shared |
//! | [`shared`] | memory that instances share, above their own |
//! | [`trace`] | the frames of a call |
//! | [`debug`] | stops for a debugger |
//! | `gc` | the instructions on structures, arrays and casts |
//! | [`leb128`] | integers in validated code |
//! | [`instance`] | what running code sees of its instance |
//! | `mode` | the list of execution modes, and how a call enters one |
//! | [`side_table`] | the format of branch targets for classic mode |
//! | `classic` | classic mode: the loops that execute bytecode in place |
//! | [`fast`] | fast mode: the table of register instructions, their loops, the verifier |
//! | `native` | native mode: how native code is entered and left, and what it calls |
//! | `thumb_calls` | what the loops in Thumb-2 instructions share |
//! | `run` | a call by the host, and the change between loops |
//!
//! Everything that is `pub` is sound, or `unsafe` with a contract. The runtime crate's store
//! establishes the invariants of [`ExecInstance`] and of the records that it points at.
#![no_std]
#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods))]
#![recursion_limit = "256"]
// Native code alone uses little of what the loops of the interpreters share.
#![cfg_attr(not(any(feature = "classic", feature = "fast")), allow(dead_code))]

#[cfg(not(any(feature = "classic", feature = "fast", feature = "native")))]
compile_error!(
    "no execution mode is enabled: enable the feature `classic`, the feature `fast`, or both"
);
#[cfg(test)]
extern crate std;

#[cfg(not(target_endian = "little"))]
compile_error!("big-endian targets are not supported: linear memory is accessed in place");

#[macro_use]
mod opcode;

#[cfg(feature = "threads")]
pub mod atomic;
#[cfg(not(feature = "threads"))]
#[path = "atomic_off.rs"]
pub mod atomic;
mod bounds;
#[cfg(feature = "classic")]
pub mod classic;
#[cfg(feature = "debug")]
pub mod debug;
#[cfg(not(feature = "debug"))]
#[path = "debug_off.rs"]
mod debug;
#[cfg(feature = "fast")]
pub mod fast;
#[cfg(feature = "float")]
mod float;
pub mod frame;
#[cfg(feature = "gc")]
pub mod gc;
#[cfg(feature = "memory64")]
mod index;
#[cfg(not(feature = "memory64"))]
#[path = "index_off.rs"]
mod index;
pub mod instance;
pub mod leb128;
pub mod linear_memory;
pub mod meter;
mod mode;
#[cfg(feature = "native")]
pub mod native;
pub mod numeric;
pub mod op;
mod relation;
mod run;
#[cfg(feature = "sampling")]
pub mod sampling;
#[cfg(not(feature = "sampling"))]
#[path = "sampling_off.rs"]
pub mod sampling;
#[cfg(feature = "shared-heap")]
pub mod shared;
#[cfg(not(feature = "shared-heap"))]
#[path = "shared_off.rs"]
pub mod shared;
pub mod side_table;
pub mod slot;
#[cfg(test)]
mod testing;
#[cfg(all(thumb2, not(feature = "portable")))]
mod thumb_calls;
#[cfg(feature = "trace")]
pub mod trace;
#[cfg(not(feature = "trace"))]
#[path = "trace_off.rs"]
pub mod trace;
pub mod trap;
#[cfg(feature = "exceptions")]
pub mod unwind;
#[cfg(not(feature = "exceptions"))]
#[path = "unwind_off.rs"]
pub mod unwind;
#[cfg(feature = "simd")]
pub mod vector;
#[cfg(not(feature = "simd"))]
#[path = "vector_off.rs"]
pub mod vector;

pub use atomic::Sharing;
pub use frame::{ClassicFunc, Context, Exit, FastFunc, FuncLayout};
pub use index::IndexType;
pub use instance::{ExecInstance, GlobalRef, HostCall, ImportedFunc};
pub use linear_memory::Memory;
pub use meter::Meter;
pub use mode::Mode;
pub use op::Op;
pub use run::{call, call_noticed, is_noticed, notices, Entry, NOTICES};
pub use trap::TrapCode;

/// Whether the target has Thumb-2 instructions.
pub const THUMB2: bool = cfg!(thumb2);
