//! Zonda, the WebAssembly runtime for Zephyr.
//!
//! See `docs/design.md` for the map. Data goes one way:
//! `binary` → `validate` → `module` (with what `code` makes) → `store` → `registry` → `host` (this
//! API) and `capi`.
#![no_std]
#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods))]

#[cfg(test)]
extern crate std;

mod alloc;
mod binary;
mod capability;
#[cfg(feature = "capi")]
pub mod capi;
mod code;
#[cfg(feature = "debug")]
pub mod debug;
mod engine;
mod error;
mod host;
mod limits;
mod message;
mod module;
#[cfg(feature = "capi")]
mod platform;
mod registry;
mod store;
#[cfg(feature = "toolchain")]
#[doc(hidden)]
pub mod toolchain;
mod validate;

pub use alloc::{OutOfMemory, TryBox, TryVec};
#[cfg(feature = "function-references")]
pub use binary::types::RefType;
pub use binary::types::{
    ExternKind, GlobalType, IndexType, Limits, MemoryType, Sharing, TableType, ValType,
};
pub use capability::Capability;
pub use engine::Engine;
pub use error::{
    ArtifactError, ArtifactErrorKind, Error, ErrorClass, LinkError, LinkErrorKind, ModuleError,
    ModuleErrorKind, Shortage, ShortageOf, Trap,
};
pub use host::*;
pub use module::{
    CustomSection, ExportType, ExternType, FuncInfo, FuncType, ImportType, Module, ModuleInfo,
};
pub use registry::{
    BoundModule, Call, Grants, GuestPtr, GuestPtrMut, GuestSlice, GuestSliceMut, GuestStr,
    GuestValue, HostError, HostFn, HostFunc, HostList, HostModule, HostParam, HostReturn,
    Termination,
};
pub use store::StoreConfig;
pub use zonda_exec::{Mode, TrapCode};

/// The README's program has to compile and run.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
