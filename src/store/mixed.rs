//! Modules of which a part is native code and the rest register bytecode.
//!
//! Such an instance has two views for code: `StoreInstance::seen`
//! for its native code, and a twin for its bytecode, with the same memories, tables, globals and
//! imports. Calls between the two are calls between instances of different modes. Register bytecode
//! has a function for each that is native code: a tail call of itself, by the runtime instruction
//! that finds out where a function is ([`Twin::runner`]).

use crate::alloc::{OutOfMemory, TryBox};
use crate::code::{Code, CompiledCode, Offset};
use zonda_exec::native::{has_code, publish_bytecode};
use zonda_exec::{ExecInstance, FuncLayout, Mode};

/// What runs the bytecode of an instance in native mode, if it has any.
pub(crate) struct Twin(Option<TryBox<ExecInstance>>);

impl Twin {
    /// For an instance of this code, which `publish` points it at.
    pub(crate) fn new(code: &Code) -> Result<Twin, OutOfMemory> {
        Ok(Twin(match code {
            Code::Native(code) if code.bytecode.is_some() => {
                Some(TryBox::new(ExecInstance::unpublished(Mode::Fast))?)
            }
            _ => None,
        }))
    }

    /// Shows the twin what the instance sees, once that is complete, and the code that it runs.
    pub(crate) fn publish(&mut self, seen: &mut ExecInstance, code: &Code, imported: u32) {
        let (Some(twin), Code::Native(code)) = (&mut self.0, code) else { return };
        let Some(bytecode) = &code.bytecode else { return };
        **twin = seen.in_mode(Mode::Fast);
        bytecode.publish(twin, imported);
        publish_bytecode(seen, twin.as_ptr());
    }

    /// What executes a function that the instance defines. `seen` is the instance's view.
    ///
    /// # Safety
    /// `func` is a function that the published instance defines.
    #[inline(always)]
    pub(crate) unsafe fn runner(
        &self,
        seen: *const ExecInstance,
        func: u32,
    ) -> *const ExecInstance {
        match &self.0 {
            // SAFETY: the contract of this function; a twin exists beside native code alone, and
            // the mode says that its records are published.
            Some(twin) if unsafe { (*seen).mode == Mode::Native && !has_code(&*seen, func) } => {
                twin.as_ptr()
            }
            _ => seen,
        }
    }

    /// As [`CompiledCode::locate`], where the record at `layout` is one of register bytecode.
    pub(crate) fn locate(
        &self,
        code: &Code,
        layout: *const FuncLayout,
        pc: *const u8,
    ) -> Option<(u32, Offset)> {
        let (Some(twin), Code::Native(code)) = (&self.0, code) else { return None };
        let bytecode = code.bytecode.as_ref()?;
        let records = bytecode.funcs.as_slice().as_ptr_range();
        (records.start.cast()..records.end.cast())
            .contains(&layout)
            .then(|| bytecode.locate(twin, layout, pc))
    }
}
