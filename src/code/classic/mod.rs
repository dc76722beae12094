//! The backend of classic mode: the bytes of the module are the code, with the side table beside.

mod side_table;

pub(crate) use side_table::SideTable as Builder;

use crate::alloc::TryVec;
use crate::code::{CompiledCode, Offset};
use zonda_exec::{ClassicFunc, ExecInstance, FuncLayout};

/// What classic mode keeps of a module.
pub(crate) struct Code<'a> {
    funcs: TryVec<ClassicFunc>,
    table: TryVec<u16>,
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
        size_of_val(&self.table[..])
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
}
