//! Errors, as values: of a module, of an artifact, of linking, of execution, and of missing memory.
//! Each has a kind, a place, and a text where the feature `error-text` is on.

mod artifact;
mod kinds;
mod link;
mod module;
mod shortage;
mod trap;

pub use artifact::{ArtifactError, ArtifactErrorKind};
pub use kinds::ErrorClass;
pub(crate) use link::LinkText;
pub use link::{LinkError, LinkErrorKind};
pub(crate) use module::ModuleErrorKind as ErrorKind;
pub use module::{ModuleError, ModuleErrorKind};
pub use shortage::{Shortage, ShortageOf};
pub use trap::Trap;

use crate::alloc::OutOfMemory;
use crate::capability::Capability;
use core::fmt;
use zonda_exec::TrapCode;

/// Everything that this API can refuse or report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The module is malformed, invalid or too large.
    Module(ModuleError),
    /// The precompiled module is damaged, or made for another build or device.
    Artifact(ArtifactError),
    /// An import cannot be resolved.
    Link(LinkError),
    /// Execution stopped.
    Trap(Trap),
    /// The allocator has no memory left.
    OutOfMemory,
    /// A linear memory, a table or an instance needs more bytes than there are.
    Shortage(Shortage),
    /// The linker has a definition under these names.
    Duplicate,
    /// Nothing is exported under this name, or it is of another kind.
    UnknownExport,
    /// Arguments, results or a value do not have the expected types.
    TypeMismatch,
    /// A handle belongs to another store.
    WrongStore,
    /// An index or a range lies outside of a memory or table.
    OutOfBounds,
    /// The type of a memory or table, or
    /// [`StoreConfig::memory_limit`](crate::StoreConfig::memory_limit), does not allow the size.
    CannotGrow,
    /// The global is immutable.
    Immutable,
    /// An implementation limit is exceeded (docs/limits.md).
    TooLarge,
    /// Not allowed while a call into the store is active.
    Running,
}

impl Error {
    /// The same error; of an import whose host function needs a capability that is not granted, if
    /// there is one.
    pub(crate) fn denied(self, capability: Option<Capability>) -> Error {
        match (self, capability) {
            (Error::Link(mut error), Some(capability)) => {
                error.kind = LinkErrorKind::Denied(capability);
                Error::Link(error)
            }
            (error, _) => error,
        }
    }

    /// The same error with an offset that is `by` bytes larger.
    #[cfg(any(feature = "precompiled", feature = "native"))]
    pub(crate) fn moved(self, by: u32) -> Error {
        match self {
            Error::Module(error) => {
                Error::Module(ModuleError { offset: error.offset.saturating_add(by), ..error })
            }
            error => error,
        }
    }
}

impl From<OutOfMemory> for Error {
    fn from(_: OutOfMemory) -> Error {
        Error::OutOfMemory
    }
}

impl From<Trap> for Error {
    fn from(trap: Trap) -> Error {
        Error::Trap(trap)
    }
}

impl From<TrapCode> for Error {
    fn from(code: TrapCode) -> Error {
        Error::Trap(Trap::new(code))
    }
}

impl From<ModuleError> for Error {
    fn from(error: ModuleError) -> Error {
        Error::Module(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Module(error) => return error.fmt(f),
            Error::Artifact(error) => return error.fmt(f),
            Error::Link(error) => return error.fmt(f),
            Error::Trap(trap) => return trap.fmt(f),
            Error::Shortage(shortage) => return shortage.fmt(f),
            Error::OutOfMemory => "out of memory",
            Error::Duplicate => "the linker has a definition under these names",
            Error::UnknownExport => "nothing of this kind is exported under this name",
            Error::TypeMismatch => "type mismatch",
            Error::WrongStore => "the handle belongs to another store",
            Error::OutOfBounds => "out of bounds",
            Error::CannotGrow => "the type or the linear memory limit does not allow this size",
            Error::Immutable => "the global is immutable",
            Error::TooLarge => "an implementation limit is exceeded",
            Error::Running => "not allowed while a call into the store is active",
        })
    }
}

#[cfg(feature = "std")]
mod hosted {
    extern crate std;
    impl std::error::Error for super::Error {}
    impl std::error::Error for super::ArtifactError {}
    impl std::error::Error for super::LinkError {}
    impl std::error::Error for super::ModuleError {}
    impl std::error::Error for super::Shortage {}
    impl std::error::Error for super::Trap {}
}
