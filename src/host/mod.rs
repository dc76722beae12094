//! The Rust embedding API, in the manner of the engines that Rust users know: engine, module,
//! store, linker, instance, typed functions.
//!
//! Everything that lives in a store is reached through a handle: a number that is checked against
//! the store on each use, so nothing dangles. While a borrow of memory is out, the store cannot run
//! code, for both need the store.

mod closure;
#[cfg(feature = "exceptions")]
mod exception;
mod extern_;
mod func;
mod linker;
#[cfg(feature = "gc")]
mod object;
#[cfg(feature = "sampling")]
mod sampler;
mod store;
mod val;

pub use closure::{Caller, HostResult, IntoHostFunc};
#[cfg(feature = "exceptions")]
pub use exception::{Exn, Tag};
pub use extern_::{Extern, Global, Memory, Table};
pub use func::{Func, TypedFunc};
pub use linker::{Instance, Linker};
#[cfg(feature = "gc")]
pub use object::{AnyKind, AnyRef};
#[cfg(feature = "sampling")]
pub use sampler::Sampler;
pub use store::{AsStore, AsStoreMut, InterruptHandle, Store, StoreMut};
pub use val::{Params, Results, Val, Value};
