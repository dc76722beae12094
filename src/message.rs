//! Messages about what the runtime does, through the crate `log`; nothing at all without the
//! feature `log`.
//!
//! The level is chosen when compiling, by the features `release_max_level_*` of that crate: what
//! lies above it is not in the image. The C API has messages of its own, which need no formatting:
//! see `capi::text`.

/// `message!(level, "format", …)`: a message of one of the levels of [`log`].
#[cfg(feature = "log")]
macro_rules! message {
    ($level:ident, $($format:tt)*) => { log::$level!($($format)*) };
}

/// `message!(level, "format", …)`: nothing, but what is named counts as used.
#[cfg(not(feature = "log"))]
macro_rules! message {
    ($level:ident, $text:literal $(, $value:expr)*) => { $(let _ = &$value;)* };
}

pub(crate) use message;
