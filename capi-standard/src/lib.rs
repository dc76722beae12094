//! The standard C API of WebAssembly: what `include/wasm_c_api.h` declares, with WAMR's additions,
//! over the Rust API of the crate `zonda`.
//!
//! | file | owns |
//! |---|---|
//! | `vector` | the vectors of the header |
//! | `types` | types of values, functions, globals, tables, memories, imports and exports |
//! | `engine` | configurations, the engine |
//! | `store` | stores, and entering one |
//! | `object` | handles: whatever the header calls a reference; counting, host information |
//! | `value` | `wasm_val_t` and the runtime's values |
//! | `trap` | traps and frames |
//! | `func` | functions, calls in both directions |
//! | `externs` | globals, tables, memories, externs |
//! | `instance`, `module` | instances, modules |
//!
//! The safety contract of every function is the header's: pointers are NULL or live objects of the
//! type that the header says, a store and its objects are used by one thread at a time, and vectors
//! have as many elements as they say. Everything else is checked: NULL, kinds, types, the store
//! that an object belongs to, and whether that still exists.
#![no_std]
#![allow(clippy::missing_safety_doc, non_camel_case_types)]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

mod engine;
mod externs;
mod func;
mod instance;
mod module;
mod object;
mod store;
mod trap;
mod types;
mod value;
mod vector;

pub use engine::*;
pub use externs::*;
pub use func::*;
pub use instance::*;
pub use module::*;
pub use object::*;
pub use store::{wasm_store_delete, wasm_store_new, wasm_store_t};
pub use trap::*;
pub use types::*;
pub use value::*;
pub use vector::*;
