//! What a Rust program can do with the runtime, and what it must not be able to do.

mod api;
mod nesting;
#[path = "../common/threads.rs"]
mod plan;
mod threads;
