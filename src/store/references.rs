//! Execution of instructions on typed references (spec: 4.6.7, 4.6.10; feature
//! `function-references`).

use super::runtime_instr::{Outcome, RuntimeInstr, OK};
#[cfg(feature = "classic")]
use zonda_exec::op::codes as op;
use zonda_exec::TrapCode;

impl RuntimeInstr<'_> {
    /// # Safety
    /// The instruction is `call_ref`, or `return_call_ref` with `tail`.
    pub(super) unsafe fn call_ref(&mut self, tail: bool) -> Outcome {
        // SAFETY: the instruction has the index of a type, and a reference as its topmost operand.
        let ([ty], [address]) = unsafe { self.read() };
        if address == 0 {
            return Err(TrapCode::NullFunction);
        }
        // The validator has compared the types. They are compared again, since an embedder that
        // uses the C API may have made the reference up.
        let target = self.typed_target(address, ty)?;
        // SAFETY: the function has the type of the instruction, so its arguments are the topmost
        // operands.
        unsafe { self.go(target, tail) }
    }

    /// # Safety
    /// The instruction is `ref.as_non_null`.
    pub(super) unsafe fn as_non_null(&mut self) -> Outcome {
        // SAFETY: the instruction has a reference as its operand, which is its result as well.
        unsafe {
            let ([], [reference]) = self.read();
            if reference == 0 {
                return Err(TrapCode::NullReference);
            }
            self.push(reference);
        }
        Ok(OK)
    }

    /// # Safety
    /// The instruction is `br_on_null` or `br_on_non_null`, in classic mode.
    #[cfg(feature = "classic")]
    pub(super) unsafe fn branch_on_null(&mut self, code: u8) -> Outcome {
        let at = self.context.pc;
        // SAFETY: the instruction has a label and a reference. A reference that the branch carries,
        // or that stays, is where it was. The next entry of the side table is that of the branch.
        unsafe {
            let ([_label], [reference]) = self.read();
            let taken = (reference == 0) == (code == op::BR_ON_NULL);
            if reference != 0 {
                self.push(reference);
            }
            Ok(zonda_exec::classic::end_branch(self.context, at, taken))
        }
    }
}
