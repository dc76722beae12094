//! The tests of threads of both APIs in one program, for ThreadSanitizer.

#[cfg(feature = "capi")]
#[path = "../embedding_c/threads.rs"]
mod embedding_c;
#[path = "../embedding_rust/threads.rs"]
mod embedding_rust;
#[path = "../common/threads.rs"]
mod plan;
