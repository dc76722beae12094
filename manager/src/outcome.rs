//! Numbers of what a command comes to: `zonda_app_result_t` of `include/zonda_apps.h`, and the
//! error codes of the SMP group. `tests/repository/smp.rs` compares all places that have them.

use crate::Error;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $number:literal $text:literal;)*) => {
        $($(#[$doc])* pub const $name: i32 = $number;)*

        /// Their texts by number, for a device that sends none.
        pub const TEXTS: &[&str] = &[$($text),*];
    };
}

outcomes! {
    /// Done.
    OK = 0 "ok";
    /// Something else.
    ERROR = 1 "error";
    /// No application has this name.
    UNKNOWN = 2 "no application has this name";
    /// Not possible in the present state.
    STATE = 3 "not possible in the application's state";
    /// No place for another application.
    FULL = 4 "there is no place for another application";
    /// The package is refused.
    PACKAGE = 5 "the package is refused";
    /// The package has another name than was announced, or the name is none.
    NAME = 6 "the package has another name than was announced";
    /// A lower security version.
    ROLLBACK = 7 "the package has a lower security version than what is installed";
    /// A lower version.
    OLDER = 8 "the package has a lower version than what is installed";
    /// An update is on trial already.
    TRIAL = 9 "an update is on trial: confirm or revert it first";
    /// No update is on trial.
    NO_TRIAL = 10 "no update is on trial";
    /// The bytes of the application have changed, or cannot be read.
    DAMAGED = 11 "the flash does not hold what was installed";
    /// No thread.
    THREAD = 12 "the system has no thread for the application";
    /// No room in the flash.
    NO_SPACE = 13 "no room in the flash";
    /// The flash or its directory.
    STORAGE = 14 "the flash failed";
    /// No memory.
    OUT_OF_MEMORY = 15 "out of memory";
    /// No transfer is there, or it is at another offset.
    TRANSFER = 16 "no such transfer";
    /// The manager was not started.
    NOT_STARTED = 17 "the application manager is not started";
    /// No response in time.
    TIMEOUT = 18 "no response in time";
    /// An argument.
    INVALID = 19 "an argument is invalid";
    /// What came does not have the hash that was announced.
    HASH = 20 "the package does not have the hash that was announced";
}

impl<E> Error<E> {
    /// Its number.
    pub fn number(&self) -> i32 {
        match self {
            Error::Unknown => UNKNOWN,
            Error::State(_) => STATE,
            Error::Full => FULL,
            Error::Package(_) => PACKAGE,
            Error::Name => NAME,
            Error::Rollback { .. } => ROLLBACK,
            Error::Older { .. } => OLDER,
            Error::Trial => TRIAL,
            Error::NoTrial => NO_TRIAL,
            Error::Damaged | Error::Code(_) => DAMAGED,
            Error::Thread => THREAD,
            Error::Storage(
                zonda_storage::Error::NoSpace { .. } | zonda_storage::Error::DirectoryFull,
            ) => NO_SPACE,
            Error::Storage(_) => STORAGE,
            Error::OutOfMemory => OUT_OF_MEMORY,
        }
    }
}
