//! What a Rust program can do with the runtime, and what it must not be able to do.

mod api;
mod apps;
mod host_modules;
mod nesting;
#[path = "../common/threads.rs"]
mod plan;
#[allow(clippy::too_many_arguments)]
#[path = "../common/probe.rs"]
mod probe;
#[cfg(feature = "trap-record")]
mod records;
#[cfg(feature = "sampling")]
mod sampling;
mod stack;
mod threads;
