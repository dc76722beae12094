//! What a C program can do with the runtime. The programs themselves are in tests/capi.

mod arguments;
mod compat;
#[cfg(feature = "exceptions")]
mod environments;
#[path = "../common/features.rs"]
mod features;
mod header;
mod host_modules;
#[path = "../common/threads.rs"]
mod plan;
#[allow(clippy::too_many_arguments)]
#[path = "../common/probe.rs"]
mod probe;
mod programs;
#[cfg(feature = "trap-record")]
mod records;
#[path = "../common/signatures.rs"]
mod signatures;
#[cfg(feature = "signed-files")]
mod signed;
mod standard;
mod threads;

/// There is one runtime: a test that uses it in this process holds the lock.
static RUNTIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
