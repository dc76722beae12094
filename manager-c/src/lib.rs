//! The application manager for firmware in C: the functions of `include/zonda_apps.h`, over the
//! platform of `include/zonda_apps_platform.h`, which `zephyr/zonda_apps.c` defines for Zephyr.
//!
//! | module | owns |
//! |---|---|
//! | `system` | the functions and types of the platform in C |
//! | `lock` | locks of the platform |
//! | `platform` | the manager's platform: threads, clock, flash, signatures, what the firmware offers |
//! | `devices` | devices of the firmware for applications (feature `devices`) |
//! | `net` | connections (feature `connections`) |
//! | `text` | texts for C |
//! | `record` | records of traps (feature `trap-record`) |
//! | `state` | the manager, which exists once, and the transfer of a package |
//! | `admin` | functions that look at and change applications |
//! | `messages` | requests, events, and what handlers and sensors of the firmware call |
#![no_std]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]
// The safety contract of every function is what the headers ask of its caller.
#![allow(clippy::missing_safety_doc)]

mod admin;
#[cfg(feature = "devices")]
mod devices;
#[cfg(not(feature = "devices"))]
#[path = "devices_off.rs"]
mod devices;
mod lock;
mod messages;
#[cfg(feature = "connections")]
mod net;
#[cfg(not(feature = "connections"))]
#[path = "net_off.rs"]
mod net;
mod platform;
#[cfg(feature = "trap-record")]
mod record;
mod state;
mod system;
mod text;

pub use admin::*;
pub use messages::*;
#[cfg(feature = "connections")]
pub use net::zonda_apps_received;
#[cfg(feature = "trap-record")]
pub use record::*;
