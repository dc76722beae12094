//! What native code asks of the store: the target of an indirect call.
//!
//! Native code calls the functions of its own instance by their addresses, and everything else
//! through [`zonda_exec::native::helpers`], which ends up here.

use super::func::Target;
use super::runtime_instr::RuntimeInstr;
use zonda_exec::TrapCode;

impl RuntimeInstr<'_> {
    /// Pushes the number of the function that an element refers to plus one, or 0 if the running
    /// instance does not define it.
    ///
    /// # Safety
    /// The immediates are a type and a table, the topmost operand is the index of the element.
    pub(super) unsafe fn resolve(&mut self) -> Result<u32, TrapCode> {
        // SAFETY: the contract of this function. The result takes the slot of the index.
        unsafe {
            let target = self.referenced()?;
            let own = match target {
                Target::Wasm(instance, func) if core::ptr::eq(instance, self.context.instance) => {
                    func + 1
                }
                _ => 0,
            };
            self.push(own);
        }
        Ok(0)
    }

    /// Calls the host function that an element refers to. A function that an instance defines is
    /// left for native mode to call: see [`zonda_exec::native::helpers::REFERENCE_CODE`].
    ///
    /// # Safety
    /// As for [`RuntimeInstr::resolve`], with the arguments below the index.
    pub(super) unsafe fn reference(&mut self) -> Result<u32, TrapCode> {
        // SAFETY: the contract of this function: the function has the type of the instruction, so
        // its arguments are the topmost operands. Imports live as long as the store.
        unsafe {
            match self.referenced()? {
                Target::Wasm(instance, func) => {
                    self.context.stp = instance.cast();
                    self.context.pc = core::ptr::without_provenance(func as usize);
                    Ok(0)
                }
                Target::Host(import) => {
                    let import = &*import;
                    let call = import.call.ok_or(TrapCode::Unlinked)?;
                    let args = import.args(self.context.sp);
                    Ok(call(self.context, import, args))
                }
            }
        }
    }
}
