//! The tests of threads of both APIs in one program, for ThreadSanitizer.

/// The C API has one runtime in a process: a test locks it.
#[cfg(feature = "capi")]
static RUNTIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(feature = "capi")]
#[path = "../embedding_c/threads.rs"]
mod embedding_c;
#[path = "../embedding_rust/threads.rs"]
mod embedding_rust;
#[path = "../common/threads.rs"]
mod plan;
