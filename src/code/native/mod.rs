//! The backend of native mode: code that the crate `zonda-native` made on the host, executed where
//! it lies (docs/native-code.md). A device builds none: [`Builder`] refuses every module.

pub(crate) mod artifact;

use crate::alloc::{OutOfMemory, TryBox};
use crate::binary::reader::Parsed;
use crate::code::{CompiledCode, Offset};
use crate::error::ErrorKind;
use crate::validate::visitor::Visitor;
use core::marker::PhantomData;
use zonda_exec::native::{publish, NativeFunc, Needs};
use zonda_exec::{ExecInstance, FuncLayout};

/// What native mode keeps of a module: where the parts of the artifact are.
pub(crate) struct Code<'a> {
    pub(crate) funcs: &'a [NativeFunc],
    pub(crate) text: &'a [u8],
    pub(crate) positions: &'a [u8],
    pub(crate) needs: Needs,
    /// All globals of the module, imported ones included.
    pub(crate) globals: usize,
    /// The functions that are not native code.
    #[cfg(feature = "fast")]
    pub(crate) bytecode: Option<crate::code::fast::Code<'a>>,
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
        0
    }

    fn records_ram(&self) -> usize {
        0
    }

    fn publish(&self, instance: &mut ExecInstance, imported: u32) {
        instance.funcs = self.funcs.as_ptr().wrapping_sub(imported as usize).cast();
        instance.code = self.text.as_ptr();
        publish(instance, &self.needs, self.globals);
    }

    /// Finds the call that returns to `pc`: native code traps by calling the runtime.
    fn locate(
        &self,
        instance: &ExecInstance,
        _: *const FuncLayout,
        pc: *const u8,
    ) -> (u32, Offset) {
        let pc = pc.addr().wrapping_sub(instance.code.addr()) & !artifact::THUMB;
        let (func, offset) = artifact::position(self.positions, pc as u32);
        (func, Offset::Module(offset))
    }

    /// The compiler refuses modules with exceptions.
    #[cfg(feature = "exceptions")]
    fn handlers(&self) -> &[zonda_exec::unwind::Handler] {
        &[]
    }

    #[cfg(feature = "exceptions")]
    fn position(&self, _: &ExecInstance, _: *const u8) -> u32 {
        0
    }

    #[cfg(feature = "exceptions")]
    fn target(&self, _: &ExecInstance, _: &zonda_exec::unwind::Handler) -> (*const u8, *const u16) {
        (core::ptr::null(), core::ptr::null())
    }
}

/// Builds nothing.
pub(crate) struct Builder<'a>(PhantomData<&'a ()>);

impl Visitor for Builder<'_> {}

impl<'a> crate::code::Builder<'a> for Builder<'a> {
    fn new(_: &'a [u8]) -> Result<TryBox<Self>, OutOfMemory> {
        TryBox::new(Builder(PhantomData))
    }

    fn reserve(&mut self, _: usize, _: u32) -> Result<(), OutOfMemory> {
        Ok(())
    }

    fn declare(&mut self, _: FuncLayout) -> Result<(), OutOfMemory> {
        Ok(())
    }

    fn complete(&mut self) -> Parsed<crate::code::Code<'a>> {
        Err(ErrorKind::SwitchedOff)
    }
}
