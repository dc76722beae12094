//! Validation (spec: 3): one pass over each function body that drives a [`visitor::Visitor`].
//!
//! Knows what a module declares (through [`env::Env`]) and nothing of how code will be executed.
// An image that executes native code alone has no backend that asks.
#![cfg_attr(not(any(feature = "classic", feature = "fast")), allow(dead_code))]

pub(crate) mod const_expr;
pub(crate) mod env;
#[cfg(feature = "exceptions")]
mod exceptions;
#[cfg(not(feature = "exceptions"))]
#[path = "exceptions_off.rs"]
mod exceptions;
pub(crate) mod func;
pub(crate) mod locals;
mod stacks;
#[cfg(feature = "exceptions")]
pub(crate) mod tags;
#[cfg(not(feature = "exceptions"))]
#[path = "tags_off.rs"]
pub(crate) mod tags;
#[cfg(feature = "simd")]
mod vector;
pub(crate) mod visitor;
