//! The manifest of an application: the custom section `zonda.app` of its module (docs/apps.md).
//!
//! | module | owns |
//! |---|---|
//! | `cbor` | the subset of CBOR in which a manifest is encoded |
//! | `fields` | the limits, entry points and restart policies, each in one table |
//! | `decode` | bytes to [`Manifest`], with every bound |
//! | `section` | where the section is in a module or precompiled module |
//! | `encode` | the way back, for the host (feature `std`) |
//!
//! Nothing is allocated: a manifest borrows the bytes that it was read from.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

mod cbor;
mod decode;
// For hosts, where memory does not run out.
#[cfg(feature = "std")]
#[allow(clippy::disallowed_macros, clippy::disallowed_methods)]
mod encode;
mod fields;
mod section;

pub use decode::{Manifest, ManifestError, MOST_BYTES, MOST_CAPABILITIES};
#[cfg(feature = "std")]
pub use encode::{with_section, ManifestData, NotAModule};
pub use fields::{is_name, Entry, LimitField, Limits, Restart, RestartPolicy, Version, NAME_LEN};
pub use section::{find, SECTION};
