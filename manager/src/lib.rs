//! Applications side by side: each has its own instance, thread, queue and limits, and nothing runs
//! between events (docs/apps.md).
//!
//! | module | owns |
//! |---|---|
//! | [`platform`] | what is asked of the system: threads, locks, a clock, flash, sensors, connections |
//! | [`outcome`] | the numbers of results, for C and for remote management |
//! | [`packet`], [`attributes`] | requests, responses and attribute containers as bytes |
//! | `uri` | which resource a URI means |
//! | `shared` | what all threads see, behind one lock: states, queues, subscriptions, requests that wait |
//! | `route` | where requests, responses and events go |
//! | `check` | whether a package is installed: signature, manifest, capabilities |
//! | `manager` | the manager for the firmware: what is there, requests, events |
//! | `admin` | installing, starting, stopping, updating, removing |
//! | `record` | records of traps (feature `trap-record`) |
//! | `supervise` | limits of time, restarts, updates on trial |
//! | `run` | the thread of an application, from loading to the last byte freed |
//! | `api` | the functions that applications import |
//! | [`devices`] | those for devices of the firmware, settings, log and clocks (feature `devices`) |
//! | [`host`] | the platform of a host (feature `host`) |
//!
//! There are two locks. `storage` is taken first, for what changes the flash; `shared` second and
//! briefly. A thread of an application takes `shared` alone, so that it ends whatever else is going
//! on.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods))]

#[cfg(any(test, feature = "host"))]
extern crate std;

mod admin;
mod api;
pub mod attributes;
mod check;
pub mod devices;
mod error;
// For hosts, where memory does not run out.
#[cfg(feature = "host")]
#[allow(clippy::disallowed_macros, clippy::disallowed_methods)]
pub mod host;
mod list;
mod manager;
pub mod outcome;
pub mod packet;
pub mod platform;
#[cfg(feature = "trap-record")]
mod record;
#[cfg(not(feature = "trap-record"))]
#[path = "record_off.rs"]
mod record;
mod route;
mod run;
mod shared;
mod supervise;
mod uri;

pub use admin::{InstallOptions, Transfer};
pub use api::{capability_names, import_capability};
pub use check::{Denied, PackageError, Policy, Unsigned};
pub use error::{Error, ErrorOf, Failure};
pub use manager::{Info, Manager, RequestError};
pub use platform::Platform;
pub use run::run;
pub use shared::{State, Statistics};
pub use uri::matches as matches_uri;
