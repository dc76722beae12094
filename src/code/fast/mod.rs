//! The backend of fast mode: register bytecode (docs/register-bytecode.md), translated at load time
//! or used in place from a precompiled module.

mod emit;
mod forms;
#[cfg(feature = "precompiled")]
pub(crate) mod precompiled;
mod translator;
#[cfg(feature = "precompiled")]
pub(crate) mod verify;

pub(crate) use translator::{Positions, Translator as Builder};

use crate::alloc::TryVec;
use crate::code::handlers::Kept;
use crate::code::{CompiledCode, Offset};
#[cfg(feature = "exceptions")]
use zonda_exec::unwind::Handler;
use zonda_exec::{ExecInstance, FastFunc, FuncLayout};

/// What fast mode keeps of a module.
pub(crate) struct Code<'a> {
    pub(crate) funcs: Stored<'a, FastFunc>,
    pub(crate) code: Stored<'a, u8>,
    pub(crate) handlers: Kept<'a>,
}

impl CompiledCode for Code<'_> {
    fn len(&self) -> usize {
        self.funcs.as_slice().len()
    }

    #[inline]
    fn layout(&self, defined: u32) -> Option<&FuncLayout> {
        self.funcs.as_slice().get(defined as usize).map(|func| &func.layout)
    }

    fn ram(&self) -> usize {
        self.code.ram() + self.handlers.ram()
    }

    fn records_ram(&self) -> usize {
        self.funcs.ram()
    }

    fn publish(&self, instance: &mut ExecInstance, imported: u32) {
        instance.funcs = self.funcs.as_slice().as_ptr().wrapping_sub(imported as usize).cast();
        instance.code = self.code.as_slice().as_ptr();
        #[cfg(feature = "strict")]
        {
            instance.code_end = self.code.as_slice().as_ptr_range().end;
            instance.funcs_end = self.funcs.as_slice().as_ptr_range().end.cast();
        }
    }

    fn locate(
        &self,
        instance: &ExecInstance,
        layout: *const FuncLayout,
        pc: *const u8,
    ) -> (u32, Offset) {
        let index = layout.addr().wrapping_sub(instance.funcs.addr()) / size_of::<FastFunc>();
        (index as u32, Offset::Code(pc.addr().wrapping_sub(instance.code.addr()) as u32))
    }

    #[cfg(feature = "exceptions")]
    fn handlers(&self) -> &[Handler] {
        self.handlers.as_slice()
    }

    #[cfg(feature = "exceptions")]
    fn position(&self, instance: &ExecInstance, pc: *const u8) -> u32 {
        pc.addr().wrapping_sub(instance.code.addr()) as u32
    }

    #[cfg(feature = "exceptions")]
    fn target(&self, instance: &ExecInstance, handler: &Handler) -> (*const u8, *const u16) {
        (instance.code.wrapping_add(handler.target as usize), core::ptr::null())
    }
}

/// Records or code: built here in RAM, or in place in a precompiled module.
pub(crate) enum Stored<'a, T> {
    Made(TryVec<T>),
    #[cfg_attr(not(feature = "precompiled"), allow(dead_code))]
    Mapped(&'a [T]),
}

impl<T> Stored<'_, T> {
    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Stored::Made(list) => list,
            Stored::Mapped(items) => items,
        }
    }

    /// Bytes of RAM that it takes.
    pub(crate) fn ram(&self) -> usize {
        match self {
            Stored::Made(list) => size_of_val(&list[..]),
            Stored::Mapped(_) => 0,
        }
    }
}
