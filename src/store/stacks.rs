//! Operand stacks beside the store's own, which may hold references to exceptions or objects: those
//! of execution environments of the C API (features `exceptions` and `gc`).

use super::StoreData;
use crate::alloc::{OutOfMemory, TryVec};
use core::cell::Cell;

/// An operand stack of which somebody else is the owner.
struct Listed {
    first: *const u32,
    slots: usize,
    /// Cleared when the store goes.
    lives: *const Cell<bool>,
}

/// Those that a store knows.
pub(crate) struct Stacks(TryVec<Listed>);

impl Stacks {
    pub(super) const fn new() -> Stacks {
        Stacks(TryVec::new())
    }

    /// Where each starts, and its slots. Each was added and not removed, so it is there.
    pub(super) fn iter(&self) -> impl Iterator<Item = (*const u32, usize)> + '_ {
        self.0.iter().map(|stack| (stack.first, stack.slots))
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        // SAFETY: a stack was added with a mark that stays until it is removed, and this one was
        // not.
        self.0.iter().for_each(|stack| unsafe { (*stack.lives).set(false) });
    }
}

impl StoreData<'_> {
    /// Adds an operand stack on which code of the store may run. The store clears the mark when it
    /// goes.
    ///
    /// # Safety
    /// Stack and mark stay until [`Self::remove_stack`], or until the store goes.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) unsafe fn add_stack(
        &mut self,
        first: *const u32,
        slots: usize,
        lives: *const Cell<bool>,
    ) -> Result<(), OutOfMemory> {
        self.stacks.0.push(Listed { first, slots, lives })
    }

    /// Forgets the operand stack with this mark: nothing runs on it. It may be known by another
    /// mark as well.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) fn remove_stack(&mut self, lives: *const Cell<bool>) {
        let stacks = &mut self.stacks.0;
        let Some(last) = stacks.pop() else { return };
        if !core::ptr::eq(last.lives, lives) {
            // The last one takes its place.
            match stacks.iter_mut().find(|other| core::ptr::eq(other.lives, lives)) {
                Some(place) => *place = last,
                None => drop(stacks.push(last)),
            }
        }
    }
}
