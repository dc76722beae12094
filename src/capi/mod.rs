//! The C embedding API: `include/wasm_export.h` is generated from here, with WAMR's names, types
//! and meaning.
//!
//! Stands on the store and on the platform functions, beside the Rust API. Nothing here formats
//! with `core::fmt` or can panic. What the application promises by calling (live handles, buffers
//! of the size it says) is the safety contract of every function; the header says what each
//! function requires.
//!
//! | file | owns |
//! |---|---|
//! | `types`, `enums`, `numbers` | the types of the header |
//! | `runtime` | setting up, log |
//! | `heap`, `pool` | where memory comes from |
//! | `module`, `instance`, `exec_env` | the three handles, calls, exceptions |
//! | `prepared` | the common case of a call, kept for the next one |
//! | `imports` | memories and tables that instantiation makes |
//! | `natives`, `signature` | registered native functions |
//! | `native`, `invoke` | calls from WebAssembly code to them |
//! | `host_modules` | host functions that are declared in Rust |
//! | `app_memory`, `app_heap` | linear memory for native functions |
//! | `application` | running a whole program |
//! | `objects`, `reflect`, `package` | looking into an instance, into the types of a module, at a module |
//! | `context`, `extras`, `instantiation` | what the application keeps with an instance |
//! | `externref` | objects of the application that modules hold |
//! | `native_stack` | what native functions ask while they run |
//! | `modules` | modules that import from modules |
//! | `debug` | instances whose program a debugger of the library stops |
//! | `diagnostics` | call stacks, memory consumption, failed growth |
//! | `exec_time` | how long calls take |
//! | `sampling` | which function runs |
//! | `trap_record` | records of traps |
//! | `shared_heap` | memory that several instances share |
//! | `spawn` | environments for other threads, with instances of their own |
//! | `exception_stacks` | where references to exceptions may lie |
//! | `fuel` | bounds |
//! | `signed` | signatures of files |
//! | `native_code` | which native code is trusted, and its native stack |
//! | `wasi` | what programs with WASI get, their exit codes |
#![allow(clippy::missing_safety_doc, non_upper_case_globals)]

mod app_heap;
mod app_memory;
mod application;
mod context;
#[cfg(feature = "debug-instances")]
pub mod debug;
#[cfg(not(feature = "debug-instances"))]
#[path = "debug_off.rs"]
mod debug;
#[cfg(feature = "diagnostics")]
mod diagnostics;
#[cfg(not(feature = "diagnostics"))]
#[path = "diagnostics_off.rs"]
mod diagnostics;
mod enums;
#[cfg(any(feature = "exceptions", feature = "gc"))]
mod exception_stacks;
#[cfg(not(any(feature = "exceptions", feature = "gc")))]
#[path = "exception_stacks_off.rs"]
mod exception_stacks;
mod exec_env;
#[cfg(feature = "exec-time")]
mod exec_time;
#[cfg(not(feature = "exec-time"))]
#[path = "exec_time_off.rs"]
mod exec_time;
mod externref;
mod extras;
#[cfg(feature = "fuel")]
mod fuel;
#[cfg(not(feature = "fuel"))]
#[path = "fuel_off.rs"]
mod fuel;
mod heap;
mod host_modules;
mod imports;
mod instance;
mod instantiation;
mod invoke;
mod module;
#[cfg(feature = "multi-module")]
mod modules;
#[cfg(not(feature = "multi-module"))]
#[path = "modules_off.rs"]
mod modules;
mod native;
#[cfg(target_arch = "arm")]
mod native_arm;
#[cfg(feature = "native")]
mod native_code;
#[cfg(not(feature = "native"))]
#[path = "native_code_off.rs"]
mod native_code;
mod native_stack;
mod natives;
mod number;
mod numbers;
mod objects;
mod package;
mod pool;
mod prepared;
mod reflect;
mod runtime;
#[cfg(feature = "sampling")]
mod sampling;
#[cfg(feature = "shared-heap")]
mod shared_heap;
#[cfg(not(feature = "shared-heap"))]
#[path = "shared_heap_off.rs"]
mod shared_heap;
mod signature;
#[cfg(feature = "signed-files")]
mod signed;
#[cfg(not(feature = "signed-files"))]
#[path = "signed_off.rs"]
mod signed;
#[cfg(feature = "spawn")]
mod spawn;
#[cfg(not(feature = "spawn"))]
#[path = "spawn_off.rs"]
mod spawn;
mod text;
#[cfg(feature = "trap-record")]
mod trap_record;
mod typed_calls;
mod types;
#[cfg(feature = "wasi")]
mod wasi;
#[cfg(not(feature = "wasi"))]
#[path = "wasi_off.rs"]
mod wasi;

pub use app_memory::*;
pub use application::*;
pub use context::*;
#[cfg(feature = "diagnostics")]
pub use diagnostics::*;
pub use exec_env::*;
#[cfg(feature = "exec-time")]
pub use exec_time::*;
pub use externref::{
    wasm_externref_obj2ref, wasm_externref_objdel, wasm_externref_ref2obj, wasm_externref_retain,
    wasm_externref_set_cleanup,
};
#[cfg(feature = "fuel")]
pub use fuel::*;
pub use heap::*;
pub use host_modules::{
    allocate_in_heap, bind_host_module, end_program, free_in_heap, print, set_host_modules,
    size_in_heap,
};
pub use instance::*;
pub use instantiation::*;
pub use module::*;
#[cfg(feature = "multi-module")]
pub use modules::*;
#[cfg(feature = "native")]
pub use native_code::zonda_load_trusted;
pub use native_stack::*;
pub use natives::*;
pub use objects::*;
pub use package::*;
pub use reflect::*;
pub use runtime::*;
#[cfg(feature = "sampling")]
pub use sampling::*;
#[cfg(feature = "shared-heap")]
pub use shared_heap::*;
#[cfg(feature = "signed-files")]
pub use signed::verify as verify_signature;
#[cfg(feature = "spawn")]
pub use spawn::*;
#[cfg(feature = "trap-record")]
pub use trap_record::*;
pub use typed_calls::*;
pub use types::*;
#[cfg(feature = "wasi")]
pub use wasi::*;

/// Stops the system, for the panic handler of a firmware.
#[cfg(not(feature = "std"))]
pub use crate::platform::abort;
/// The functions that a firmware in Rust defines; one in C includes `zonda_platform.h`.
pub use crate::platform::interface as platform_interface;
#[cfg(all(feature = "signed-files", feature = "std"))]
pub use crate::platform::set_public_keys;
