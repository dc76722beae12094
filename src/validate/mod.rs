//! Validation (spec: 3): one pass over each function body that drives a [`visitor::Visitor`].
//!
//! Knows what a module declares (through [`env::Env`]) and nothing of how code will be executed.
// An image that executes native code alone has no backend that asks.
#![cfg_attr(not(any(feature = "classic", feature = "fast")), allow(dead_code))]
// Codes of types are bytes in other builds.
#![cfg_attr(feature = "function-references", allow(clippy::unnecessary_cast))]

#[cfg(feature = "threads")]
mod atomic;
pub(crate) mod const_expr;
#[cfg(feature = "gc")]
mod const_objects;
pub(crate) mod env;
#[cfg(feature = "exceptions")]
mod exceptions;
#[cfg(not(feature = "exceptions"))]
#[path = "exceptions_off.rs"]
mod exceptions;
pub(crate) mod func;
#[cfg(feature = "gc")]
mod gc;
#[cfg(feature = "function-references")]
mod initialized;
#[cfg(not(feature = "function-references"))]
#[path = "initialized_off.rs"]
mod initialized;
#[cfg(feature = "legacy-exceptions")]
mod legacy_exceptions;
pub(crate) mod locals;
#[cfg(feature = "function-references")]
mod references;
pub(crate) mod sort;
mod stacks;
#[cfg(feature = "exceptions")]
pub(crate) mod tags;
#[cfg(not(feature = "exceptions"))]
#[path = "tags_off.rs"]
pub(crate) mod tags;
#[cfg(feature = "function-references")]
pub(crate) mod type_table;
#[cfg(not(feature = "function-references"))]
#[path = "type_table_off.rs"]
pub(crate) mod type_table;
#[cfg(feature = "simd")]
mod vector;
pub(crate) mod visitor;
