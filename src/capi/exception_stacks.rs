//! The operand stacks of execution environments, as roots of references to exceptions (feature
//! `exceptions`): each is one of the store of the instance that the environment was made for, and of
//! that of the instance that a native function gives it meanwhile.

use super::types::wasm_module_inst_t;
use crate::alloc::OutOfMemory;

/// The instance that an environment was made for.
pub(super) struct Owner(wasm_module_inst_t);

impl Owner {
    /// # Safety
    /// The instance is live, and the stack stays until [`Owner::end`].
    pub(super) unsafe fn new(
        instance: wasm_module_inst_t,
        stack: &[u32],
    ) -> Result<Owner, OutOfMemory> {
        // SAFETY: the contract of this function.
        unsafe { (*(*instance).store.as_ptr()).add_stack(stack)? };
        Ok(Owner(instance))
    }

    /// The environment has another instance from now on.
    ///
    /// # Safety
    /// Both instances are live.
    pub(super) unsafe fn change(
        &self,
        from: wasm_module_inst_t,
        to: wasm_module_inst_t,
        stack: &[u32],
    ) {
        // SAFETY: the contract of this function.
        unsafe {
            if !core::ptr::eq(from, self.0) {
                (*(*from).store.as_ptr()).remove_stack(stack);
            }
            if !core::ptr::eq(to, self.0) {
                // Without memory for it, exceptions to which this stack alone refers may be freed; whoever
                // uses such a reference traps.
                let _ = (*(*to).store.as_ptr()).add_stack(stack);
            }
        }
    }

    /// The stack goes.
    ///
    /// # Safety
    /// The instance, and that of the environment now, are live.
    pub(super) unsafe fn end(&self, now: wasm_module_inst_t, stack: &[u32]) {
        // SAFETY: the contract of this function.
        unsafe {
            (*(*self.0).store.as_ptr()).remove_stack(stack);
            if !core::ptr::eq(now, self.0) {
                (*(*now).store.as_ptr()).remove_stack(stack);
            }
        }
    }
}
