//! The operand stacks of execution environments, as roots of references to exceptions (feature
//! `exceptions`): each is one of the store of the instance that the environment was made for, and
//! of that of the instance that a native function gives it meanwhile. An environment may be freed
//! after its instances.

use super::types::wasm_module_inst_t;
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::store::StoreData;
use core::cell::Cell;

/// A stack that the store of an instance knows, until this is dropped or the store goes.
struct Known {
    store: *mut StoreData<'static>,
    /// The store clears it when it goes. Its address is by what the store knows the stack.
    lives: TryBox<Cell<bool>>,
}

impl Known {
    /// # Safety
    /// The instance is live, and the stack stays until this is dropped.
    unsafe fn new(instance: wasm_module_inst_t, stack: &TryVec<u32>) -> Result<Known, OutOfMemory> {
        let lives = TryBox::new(Cell::new(true))?;
        // SAFETY: the contract of this function; the mark stays until it is removed.
        let store = unsafe { (*instance).store.as_ptr() };
        // SAFETY: as above.
        unsafe { (*store).add_stack(stack.as_mut_ptr(), stack.len(), lives.as_ptr())? };
        Ok(Known { store, lives })
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        if self.lives.get() {
            // SAFETY: the store has not cleared the mark, so it is live; one thread at a time uses
            // it and its environments.
            unsafe { (*self.store).remove_stack(self.lives.as_ptr()) }
        }
    }
}

/// What an environment is known as.
pub(super) struct Owner {
    instance: wasm_module_inst_t,
    own: Known,
    other: Cell<Option<Known>>,
}

impl Owner {
    /// # Safety
    /// The instance is live, and the stack stays until this is dropped.
    pub(super) unsafe fn new(
        instance: wasm_module_inst_t,
        stack: &TryVec<u32>,
    ) -> Result<Owner, OutOfMemory> {
        // SAFETY: the contract of this function.
        let own = unsafe { Known::new(instance, stack)? };
        Ok(Owner { instance, own, other: Cell::new(None) })
    }

    /// The environment has another instance from now on.
    ///
    /// # Safety
    /// The instance is live, and the stack that of [`Owner::new`].
    pub(super) unsafe fn change(&self, to: wasm_module_inst_t, stack: &TryVec<u32>) {
        let is_own = core::ptr::eq(to, self.instance) && self.own.lives.get();
        // Without memory for it, exceptions to which this stack alone refers may be freed; whoever
        // uses such a reference traps.
        // SAFETY: the contract of this function.
        let other = if is_own { None } else { unsafe { Known::new(to, stack).ok() } };
        drop(self.other.replace(other));
    }
}
