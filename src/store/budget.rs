//! How many bytes a store may take: linear memories, tables and the records of instances together
//! ([`StoreConfig::total_limit`](super::StoreConfig::total_limit)).
//!
//! Invariant: the bytes that are left, and those of everything that the store owns, are the limit.
//! What could not be made is given back; what was made is freed with the store only.

use super::fault::Fault;
use crate::error::{Shortage, ShortageOf};
use core::cell::Cell;

pub(crate) struct Budget {
    left: Cell<usize>,
    /// Why something was refused last; before that, the index of what is made or grown next.
    shortage: Cell<Shortage>,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Budget {
        Budget {
            left: Cell::new(usize::try_from(limit).unwrap_or(usize::MAX)),
            shortage: Cell::new(Shortage::new(ShortageOf::Instance, 0, 0, None)),
        }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.left.get()
    }

    /// Why something was refused last.
    pub(super) fn shortage(&self) -> Shortage {
        self.shortage.get()
    }

    /// Names what is made or grown next.
    pub(crate) fn set_index(&self, index: u32) {
        self.shortage.set(Shortage::new(ShortageOf::Instance, index, 0, None));
    }

    /// Makes something of as many bytes, if the limit and the allocator allow that.
    #[inline(always)]
    pub(super) fn make<T, E>(
        &self,
        of: ShortageOf,
        bytes: usize,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, Fault> {
        self.take(of, bytes)?;
        make().map_err(|_| self.refused(of, bytes))
    }

    #[inline(never)]
    fn take(&self, of: ShortageOf, bytes: usize) -> Result<(), Fault> {
        let left = self.left.get();
        match left.checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(self.short(of, bytes, Some(left))),
        }
    }

    /// The allocator has refused bytes that were taken here.
    #[cold]
    #[inline(never)]
    fn refused(&self, of: ShortageOf, bytes: usize) -> Fault {
        self.give_back(self.left.get() + bytes);
        self.short(of, bytes, None)
    }

    fn short(&self, of: ShortageOf, bytes: usize, allowed: Option<usize>) -> Fault {
        self.shortage.set(Shortage::new(of, self.shortage.get().index(), bytes, allowed));
        Fault::SHORTAGE
    }

    /// Says how many bytes are left, after something that was made was freed.
    pub(super) fn give_back(&self, left: usize) {
        self.left.set(left);
    }
}
