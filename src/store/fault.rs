//! What making and linking instances gives up with: one word, which keeps the code for it small. The outside gets an [`Error`] of it.

use crate::alloc::OutOfMemory;
use crate::error::{Error, ErrorKind, LinkErrorKind};
use core::num::NonZeroU32;
use zonda_exec::TrapCode;

/// Why something of a store could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(NonZeroU32);

/// What store functions give.
pub(crate) type Made<T> = Result<T, Fault>;

const fn fault(number: u32) -> Fault {
    match NonZeroU32::new(number) {
        Some(number) => Fault(number),
        None => Fault(NonZeroU32::MIN),
    }
}

/// From here on the number of a trap is added.
const TRAP: u32 = 0x100;

impl Fault {
    pub(crate) const OUT_OF_MEMORY: Fault = fault(1);
    pub(crate) const TOO_LARGE: Fault = fault(2);
    /// Nothing was provided for an import.
    pub(crate) const UNKNOWN_IMPORT: Fault = fault(3);
    /// Something else was provided for an import.
    pub(crate) const INCOMPATIBLE_IMPORT: Fault = fault(4);
    /// What was provided belongs to another store.
    pub(crate) const WRONG_STORE: Fault = fault(5);

    /// The error for the outside; `import` is the number of the import at which linking stopped.
    pub(crate) fn error(self, import: u32) -> Error {
        match self {
            Fault::OUT_OF_MEMORY => Error::OutOfMemory,
            Fault::TOO_LARGE => Error::TooLarge,
            Fault::UNKNOWN_IMPORT => Error::Link { kind: LinkErrorKind::Unknown, import },
            Fault::INCOMPATIBLE_IMPORT => Error::Link { kind: LinkErrorKind::Incompatible, import },
            Fault::WRONG_STORE => Error::WrongStore,
            Fault(trap) => TrapCode::from_code(trap.get() - TRAP).unwrap_or(TrapCode::Host).into(),
        }
    }
}

impl From<OutOfMemory> for Fault {
    #[inline]
    fn from(_: OutOfMemory) -> Fault {
        Fault::OUT_OF_MEMORY
    }
}

impl From<TrapCode> for Fault {
    #[inline]
    fn from(trap: TrapCode) -> Fault {
        fault(TRAP + trap as u32)
    }
}

/// Of reading something that was read and validated before: only memory can be short.
impl From<ErrorKind> for Fault {
    #[inline]
    fn from(_: ErrorKind) -> Fault {
        Fault::OUT_OF_MEMORY
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        fault.error(0)
    }
}
