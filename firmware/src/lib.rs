//! What the firmware images share.
//!
//! | module | owns |
//! |---|---|
//! | [`arch`] | the CPU: start, faults, semihosting, waiting for an interrupt |
//! | [`board`] | the registers and the memory of the chosen board |
//! | [`console`] | lines of text to the host, and the end of the run |
//! | [`heap`] | the global allocator, which counts |
//! | [`interrupts`] | interrupts that nest |
//! | [`job`] | the module and the call that the host put into memory |
//! | [`platform`] | the platform functions of the C API |
//! | [`report`] | the figures of a run, as the host reads them |
//! | [`stack`] | how much native stack a piece of code used |
//!
//! The board of the demo, lm3s6965, has no jobs and no timer that counts instructions.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod arch;
pub mod board;
pub mod console;
pub mod heap;
#[cfg(feature = "interrupts")]
pub mod interrupts;
#[cfg(not(feature = "lm3s6965"))]
pub mod job;
#[cfg(feature = "capi")]
pub mod platform;
#[cfg(not(feature = "lm3s6965"))]
pub mod report;
#[cfg(not(feature = "lm3s6965"))]
pub mod stack;
