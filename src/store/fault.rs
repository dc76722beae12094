//! Why instantiation or growth failed, in one word, which keeps the code for it small. The embedder
//! gets an [`Error`] made of it.

use crate::alloc::OutOfMemory;
use crate::error::{Error, ErrorKind};
use core::num::NonZeroU32;
use zonda_exec::TrapCode;

/// Why an object of a store could not be made or grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(NonZeroU32);

/// What store functions return.
pub(crate) type Made<T> = Result<T, Fault>;

const fn fault(number: u32) -> Fault {
    match NonZeroU32::new(number) {
        Some(number) => Fault(number),
        None => Fault(NonZeroU32::MIN),
    }
}

/// Faults from here on are traps: the trap's number is added.
const TRAP: u32 = 0x100;

impl Fault {
    pub(crate) const OUT_OF_MEMORY: Fault = fault(1);
    pub(crate) const TOO_LARGE: Fault = fault(2);
    /// An import is not provided.
    pub(crate) const UNKNOWN_IMPORT: Fault = fault(3);
    /// What is provided for an import has another kind or type.
    pub(crate) const INCOMPATIBLE_IMPORT: Fault = fault(4);
    /// What is provided belongs to another store.
    pub(crate) const WRONG_STORE: Fault = fault(5);
    /// The type or `StoreConfig::memory_limit` forbids the size.
    pub(crate) const CANNOT_GROW: Fault = fault(6);
    /// `StoreConfig::total_limit` or the allocator refuses the bytes; [`super::StoreData::error`]
    /// adds how many.
    pub(crate) const SHORTAGE: Fault = fault(7);

    /// The error for the embedder, where one word is enough for it: [`super::StoreData::error`]
    /// knows the others.
    pub(super) fn error(self) -> Error {
        match self {
            Fault::OUT_OF_MEMORY | Fault::SHORTAGE => Error::OutOfMemory,
            Fault::CANNOT_GROW => Error::CannotGrow,
            Fault::TOO_LARGE => Error::TooLarge,
            Fault::WRONG_STORE => Error::WrongStore,
            Fault(trap) => {
                let trap = TrapCode::from_code(trap.get().wrapping_sub(TRAP));
                trap.unwrap_or(TrapCode::Host).into()
            }
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

/// For reading what was read and validated before: only an allocation can fail.
impl From<ErrorKind> for Fault {
    #[inline]
    fn from(_: ErrorKind) -> Fault {
        Fault::OUT_OF_MEMORY
    }
}
