//! Errors of the manager, and why applications fail.

use core::fmt;

use zonda::OutOfMemory;
use zonda_manifest::{Entry, Version};
use zonda_storage::Flash;

use crate::check::{Denied, PackageError};
use crate::platform::CodeError;
use crate::{Platform, State};

/// Why the manager refuses, or what failed. `E` is the error of the flash.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error<E> {
    /// No application has this name.
    Unknown,
    /// It is not possible in this state.
    State(State),
    /// As many applications as the manager has places for.
    Full,
    /// The package is refused.
    Package(PackageError),
    /// The package has another name than was announced.
    Name,
    /// The package is older than what is installed, which its signature forbids: security
    /// versions.
    Rollback { installed: u32, package: u32 },
    /// The package is older than what is installed.
    Older { installed: Version, package: Version },
    /// An update is on trial already.
    Trial,
    /// No update is on trial.
    NoTrial,
    /// The bytes of the application changed since they were installed.
    Damaged,
    /// The bytes of the application cannot be read.
    Code(CodeError),
    /// The system has no thread for it.
    Thread,
    /// The storage refuses or failed.
    Storage(zonda_storage::Error<E>),
    /// No memory.
    OutOfMemory,
}

/// The error of a manager on this platform.
pub type ErrorOf<P> = Error<<<P as Platform>::Flash as Flash>::Error>;

impl<E> From<OutOfMemory> for Error<E> {
    fn from(_: OutOfMemory) -> Error<E> {
        Error::OutOfMemory
    }
}

impl<E> From<zonda_storage::Error<E>> for Error<E> {
    fn from(error: zonda_storage::Error<E>) -> Error<E> {
        match error {
            zonda_storage::Error::NotFound => Error::Unknown,
            zonda_storage::Error::NoTrial => Error::NoTrial,
            error => Error::Storage(error),
        }
    }
}

impl<E> From<PackageError> for Error<E> {
    fn from(error: PackageError) -> Error<E> {
        Error::Package(error)
    }
}

impl<E> From<CodeError> for Error<E> {
    fn from(error: CodeError) -> Error<E> {
        Error::Code(error)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unknown => f.write_str("no application has this name"),
            Error::State(state) => write!(f, "not possible while the application is {state}"),
            Error::Full => f.write_str("there is no place for another application"),
            Error::Package(error) => error.fmt(f),
            Error::Name => f.write_str("the package has another name than was announced"),
            Error::Rollback { installed, package } => write!(
                f,
                "the package has security version {package}, installed is {installed}: an older one is not accepted"
            ),
            Error::Older { installed, package } => write!(
                f,
                "the package has version {package}, installed is {installed}: an older one has to be asked for"
            ),
            Error::Trial => f.write_str("an update is on trial: confirm or revert it first"),
            Error::NoTrial => f.write_str("no update is on trial"),
            Error::Damaged => f.write_str("the flash does not hold what was installed"),
            Error::Code(CodeError::Flash) => f.write_str("the application cannot be read from flash"),
            Error::Code(CodeError::OutOfMemory) | Error::OutOfMemory => f.write_str("out of memory"),
            Error::Thread => f.write_str("the system has no thread for the application"),
            Error::Storage(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Error<E> {}

/// Why an application failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// It cannot be loaded or instantiated.
    Load(zonda::Error),
    /// Its package is not accepted any more.
    Package(PackageError),
    /// An import is not permitted or not there.
    Import(Denied),
    /// A function that it has to export is missing, or has another type.
    Export(Entry),
    /// It does not export a memory `memory`.
    Memory,
    /// More bytes of RAM than it may have in total.
    Heap { wanted: u64, limit: u32 },
    /// An event stopped with an error: a trap, or the end of its fuel.
    Event { entry: Entry, error: zonda::Error },
    /// An event took longer than it may.
    Time { entry: Entry, limit_ms: u32 },
    /// No memory for the manager's own records of it.
    OutOfMemory,
    /// The system has no thread for it.
    Thread,
}

impl From<OutOfMemory> for Failure {
    fn from(_: OutOfMemory) -> Failure {
        Failure::OutOfMemory
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Load(error) => write!(f, "cannot be loaded: {error}"),
            Failure::Package(error) => error.fmt(f),
            Failure::Import(denied) => denied.fmt(f),
            Failure::Export(entry) => write!(
                f,
                "the entry point {} (usually {}) is not exported, or has another type",
                entry.name(),
                entry.export()
            ),
            Failure::Memory => f.write_str("the module exports no memory \"memory\""),
            Failure::Heap { wanted, limit } => {
                write!(f, "needs {wanted} bytes of RAM besides its memory, limits.heap is {limit}")
            }
            Failure::Event { entry, error } => write!(f, "{}: {error}", entry.name()),
            Failure::Time { entry, limit_ms } => {
                write!(f, "{}: took longer than {limit_ms} ms", entry.name())
            }
            Failure::OutOfMemory => f.write_str("out of memory"),
            Failure::Thread => f.write_str("the system has no thread for it"),
        }
    }
}
