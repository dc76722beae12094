//! Applications in a flash partition: each one contiguous, so that it is executed where it was
//! installed.
//!
//! | module | owns |
//! |---|---|
//! | [`flash`] | what the store asks of the flash |
//! | `record` | a record of the directory: 64 bytes with a checksum |
//! | `journal` | the directory: records in a ring of sectors, the newest of an application counts |
//! | [`store`] | applications: extents, installing, trying, moving together |
//!
//! docs/storage.md specifies the format and argues why a power loss at any operation leaves each
//! application as it was or as it was to become. Nothing is allocated, and RAM does not grow with
//! the number of applications.
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

pub mod flash;
mod journal;
mod record;
pub mod store;

pub use flash::{Flash, Geometry};
pub use record::{Name, NAME_LEN};
pub use store::{Application, Error, Install, Progress, Storage, Usage, Version};
