//! What a C program can do with the runtime. The programs themselves are in tests/capi.

mod header;
#[path = "../common/threads.rs"]
mod plan;
mod programs;
mod threads;
