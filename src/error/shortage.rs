//! A shortage of memory for objects of a store: how many bytes were wanted, and how many there are.

use core::fmt;

/// What the bytes were wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShortageOf {
    /// A linear memory.
    Memory,
    /// A table.
    Table,
    /// The record of an instance: its globals, imports and indices.
    Instance,
}

/// An object of a store cannot be made or grown:
/// [`StoreConfig::total_limit`](crate::StoreConfig::total_limit) does not allow the bytes, or the
/// allocator does not have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    of: ShortageOf,
    index: u32,
    wanted: usize,
    /// `usize::MAX` where the limit is not the reason: it would allow any size.
    allowed: usize,
}

impl Shortage {
    pub(crate) const fn new(
        of: ShortageOf,
        index: u32,
        wanted: usize,
        allowed: Option<usize>,
    ) -> Shortage {
        let allowed = match allowed {
            Some(allowed) => allowed,
            None => usize::MAX,
        };
        Shortage { of, index, wanted, allowed }
    }

    /// What the bytes were wanted for.
    pub fn of(&self) -> ShortageOf {
        self.of
    }

    /// Which one: an index of the module that was instantiated, or the position among those of the
    /// store for an object that the embedder makes or grows.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Bytes that were wanted, for the object's own record as well; for growth, those that would be
    /// added.
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// Bytes that the store's limit still allows; `None` when the allocator refused them.
    pub fn allowed(&self) -> Option<usize> {
        (self.allowed != usize::MAX).then_some(self.allowed)
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            ShortageOf::Memory => write!(f, "linear memory {}", self.index)?,
            ShortageOf::Table => write!(f, "table {}", self.index)?,
            ShortageOf::Instance => f.write_str("the instance")?,
        }
        write!(f, " wants {} bytes, ", self.wanted)?;
        match self.allowed() {
            Some(allowed) => {
                write!(f, "{allowed} are left of the store's limit (StoreConfig::total_limit)")
            }
            None => f.write_str("which the allocator does not have"),
        }
    }
}
