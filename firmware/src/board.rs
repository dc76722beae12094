//! The chosen board: its registers and its memory.
//!
//! A board is one file with
//! - `NAME`,
//! - `heap_start` and `HEAP_BYTES`: the memory of the allocator,
//! - `JOB` and `JOB_BYTES`: the memory where the host places jobs and scripts,
//! - `STACK_PAINT`: how much of the native stack [`crate::stack`] measures,
//! - `WASM_STACK_BYTES`, `OBJECT_BYTES` and `WASM_MEMORY_LIMIT`: the operand stack, the heap of
//!   structures and arrays, and the linear memory limit of
//!   specification scripts,
//! - `ticks_init`, `ticks` and `instructions`: a timer that counts instructions under `-icount
//!   shift=0`.
//!
//! lm3s6965 has an LED and waiting instead of jobs and a timer: it is the board of the demo.

#[cfg(not(any(
    feature = "mps2",
    feature = "mps2-an500",
    feature = "mps2-an505",
    feature = "microbit",
    feature = "lm3s6965",
    feature = "riscv-virt"
)))]
compile_error!("choose a board: one of the features mps2, mps2-an500, mps2-an505, microbit, lm3s6965, riscv-virt");

#[cfg(feature = "lm3s6965")]
mod lm3s6965;
#[cfg(feature = "microbit")]
mod microbit;
#[cfg(any(feature = "mps2", feature = "mps2-an500", feature = "mps2-an505"))]
mod mps2;
#[cfg(feature = "riscv-virt")]
mod riscv_virt;
#[cfg(feature = "lm3s6965")]
mod wait;

#[cfg(feature = "lm3s6965")]
pub use lm3s6965::*;
#[cfg(feature = "microbit")]
pub use microbit::*;
#[cfg(any(feature = "mps2", feature = "mps2-an500", feature = "mps2-an505"))]
pub use mps2::*;
#[cfg(feature = "riscv-virt")]
pub use riscv_virt::*;
#[cfg(feature = "lm3s6965")]
pub use wait::*;
