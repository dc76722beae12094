//! The backend of classic mode: the bytes of the module are the code, with the side table beside.

mod side_table;

pub(crate) use side_table::SideTable as Builder;

use crate::alloc::TryVec;
use crate::code::handlers::Kept;
use crate::code::{CompiledCode, Offset};
#[cfg(feature = "exceptions")]
use zonda_exec::unwind::Handler;
use zonda_exec::{ClassicFunc, ExecInstance, FuncLayout};

/// What classic mode keeps of a module.
pub(crate) struct Code<'a> {
    funcs: TryVec<ClassicFunc>,
    table: TryVec<u16>,
    handlers: Kept<'a>,
    /// Whether every memarg was memory 0 with its alignment in one byte.
    short_memargs: bool,
    /// The module, into which the records point.
    bytes: &'a [u8],
}

impl CompiledCode for Code<'_> {
    fn len(&self) -> usize {
        self.funcs.len()
    }

    #[inline]
    fn layout(&self, defined: u32) -> Option<&FuncLayout> {
        self.funcs.get(defined as usize).map(|func| &func.layout)
    }

    fn ram(&self) -> usize {
        size_of_val(&self.table[..]) + self.handlers.ram()
    }

    fn records_ram(&self) -> usize {
        size_of_val(&self.funcs[..])
    }

    fn uses_default_memory(&self) -> bool {
        self.short_memargs
    }

    fn publish(&self, instance: &mut ExecInstance, imported: u32) {
        instance.funcs = self.funcs.as_ptr().wrapping_sub(imported as usize).cast();
    }

    fn locate(
        &self,
        instance: &ExecInstance,
        layout: *const FuncLayout,
        pc: *const u8,
    ) -> (u32, Offset) {
        let index = layout.addr().wrapping_sub(instance.funcs.addr()) / size_of::<ClassicFunc>();
        let offset = pc.addr().wrapping_sub(self.bytes.as_ptr().addr());
        (index as u32, Offset::Module(offset as u32))
    }

    #[cfg(feature = "exceptions")]
    fn handlers(&self) -> &[Handler] {
        self.handlers.as_slice()
    }

    #[cfg(feature = "exceptions")]
    fn position(&self, _: &ExecInstance, pc: *const u8) -> u32 {
        pc.addr().wrapping_sub(self.bytes.as_ptr().addr()) as u32
    }

    #[cfg(feature = "exceptions")]
    fn target(&self, _: &ExecInstance, handler: &Handler) -> (*const u8, *const u16) {
        let pc = self.bytes.as_ptr().wrapping_add(handler.target as usize);
        (pc, self.table.as_ptr().wrapping_add(handler.entry as usize))
    }
}
