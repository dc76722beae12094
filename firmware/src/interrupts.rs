//! Interrupts that nest as deeply as the CPU lets them, for measuring native stack with them on
//! top: a timer interrupts all the time, and its handler is interrupted by one of higher priority.
//! Handlers use the FPU where there is one, so that every frame has its registers.
//!
//! Each architecture is one file with `start` and `stop`.

use core::sync::atomic::{AtomicU32, Ordering};

#[cfg(target_arch = "arm")]
#[path = "interrupts/cortex_m.rs"]
mod cpu;
#[cfg(target_arch = "riscv32")]
#[path = "interrupts/riscv32.rs"]
mod cpu;

pub use cpu::{start, stop};

/// How often each level was entered: the timer's first.
static COUNTS: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];

/// Counts one interrupt. A level does not interrupt itself, so reading and writing is enough on a
/// CPU without atomic additions.
fn count(level: usize) {
    COUNTS[level].store(COUNTS[level].load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Interrupts so far, by level.
pub fn counts() -> [u32; 3] {
    [0, 1, 2].map(|level: usize| COUNTS[level].load(Ordering::Relaxed))
}

/// Runs `f` with interrupts.
pub fn during<R>(f: impl FnOnce() -> R) -> R {
    start();
    let result = f();
    stop();
    result
}
