//! Applications on the manager of a host, from outside: lifecycle, limits, permissions, updates,
//! messages.

#[path = "../common/mod.rs"]
mod common;
mod lifecycle;
mod limits;
mod messages;
mod packages;
mod updates;
