//! Instances at run time (spec: 4.2.5).

use super::memory::MemoryData;
use super::table::TableData;
use crate::alloc::{TryArc, TryBox, TryVec};
use crate::code::Code;
use crate::error::Error;
use crate::module::Module;
use crate::store::func::{import_target, HostClosure, Target};
use zonda_exec::{ExecInstance, FuncLayout, GlobalRef, ImportedFunc, Memory, Mode};

/// An instance: what its code sees, and who owns that.
pub(crate) struct StoreInstance<'a> {
    /// What code sees: points into the fields below and into the module.
    pub(crate) seen: ExecInstance,
    pub(crate) module: Module<'a>,
    /// Address of its function 0; the others follow.
    pub(crate) func_base: u32,
    pub(crate) imports: TryVec<ImportedFunc>,
    pub(crate) globals: TryVec<GlobalRef>,
    /// Slots of the globals that the module defines.
    pub(crate) cells: TryVec<u32>,
    pub(crate) memories: TryVec<*mut MemoryData>,
    pub(crate) tables: TryVec<*mut TableData>,
    /// One bit for each element segment, then for each data segment: whether it was dropped.
    dropped: TryVec<u32>,
    /// Stands for memory 0 where there is none.
    no_memory: Memory,
    /// Host functions that `imports` call.
    pub(crate) keep: TryVec<TryArc<HostClosure>>,
    /// Code for a mode that is not the module's.
    own_code: Option<TryBox<Code<'a>>>,
}

impl<'a> StoreInstance<'a> {
    /// In memory of its own, and not as part of its caller: the stack of a device is for what is deep.
    #[inline(never)]
    pub(crate) fn new(
        module: Module<'a>,
        func_base: u32,
    ) -> Result<TryBox<StoreInstance<'a>>, crate::alloc::OutOfMemory> {
        let data = &*module.data;
        let dropped = TryVec::zeroed((data.elements.len() + data.data.len()).div_ceil(32))?;
        let globals = TryVec::with_capacity(data.globals.len())?;
        let own_slots: u32 = data
            .globals
            .iter()
            .filter(|global| global.init != 0)
            .map(|global| global.ty.content.slots())
            .sum();
        TryBox::new(StoreInstance {
            seen: ExecInstance {
                #[cfg(feature = "classic")]
                funcs: core::ptr::null(),
                #[cfg(feature = "fast")]
                fast_funcs: core::ptr::null(),
                #[cfg(feature = "fast")]
                code: core::ptr::null(),
                #[cfg(all(feature = "fast", feature = "strict"))]
                code_end: core::ptr::null(),
                #[cfg(all(feature = "fast", feature = "strict"))]
                fast_funcs_end: core::ptr::null(),
                imports: core::ptr::null(),
                import_count: data.imported_funcs,
                globals: core::ptr::null(),
                memory: core::ptr::null(),
                memories: core::ptr::null(),
                owner: core::ptr::null_mut(),
                mode: data.code.mode(),
            },
            func_base,
            imports: TryVec::with_capacity(data.imported_funcs as usize)?,
            globals,
            cells: TryVec::zeroed(own_slots as usize)?,
            memories: TryVec::with_capacity(data.memories.len())?,
            tables: TryVec::with_capacity(data.tables.len())?,
            dropped,
            no_memory: Memory::empty(),
            keep: TryVec::new(),
            own_code: None,
            module,
        })
    }

    /// Makes what code sees true, once all lists are complete and the record has its final address.
    pub(crate) fn publish(this: *mut StoreInstance<'a>) {
        // SAFETY: the caller owns the record and nobody runs its code yet.
        let instance = unsafe { &mut *this };
        instance.seen.imports = instance.imports.as_ptr();
        instance.seen.globals = instance.globals.as_ptr();
        instance.seen.memories = instance.memories.as_ptr().cast();
        instance.seen.owner = this.cast();
        instance.publish_code();
    }

    /// Makes true what code sees of itself.
    fn publish_code(&mut self) {
        let code = self.own_code.as_deref().unwrap_or(&self.module.data.code);
        code.publish(&mut self.seen, self.module.data.imported_funcs);
        self.seen.memory = match self.memories.first() {
            // The first field of a memory's record is what code sees of it.
            Some(&memory) if code.sees_memory() => memory.cast_const().cast(),
            // By the owner's pointer, as in `target`: it outlives this borrow.
            // SAFETY: `owner` is the address of this record.
            _ => unsafe { &raw const (*self.seen.owner.cast::<StoreInstance>()).no_memory },
        };
    }

    /// Has the instance run in a mode from its next call on. Code for it is made where the module's is for another; what was made for the
    /// mode before is freed, so no function of the instance may be running.
    ///
    /// # Errors
    /// As for loading. The instance is as it was then.
    pub(crate) fn set_mode(&mut self, mode: Mode) -> Result<(), Error> {
        if mode == self.seen.mode {
            return Ok(());
        }
        let data = &*self.module.data;
        self.own_code =
            if data.code.mode() == mode { None } else { Some(TryBox::new(data.translate(mode)?)?) };
        self.publish_code();
        Ok(())
    }

    /// The record behind what code sees.
    ///
    /// # Safety
    /// `seen` is that of a live, published instance.
    pub(crate) unsafe fn of<'i>(seen: *const ExecInstance) -> &'i StoreInstance<'a> {
        // SAFETY: `owner` was set by `publish` and the record lives as long as the store. TryArc: code that runs has pointers into it.
        unsafe { &*(*seen).owner.cast() }
    }

    /// A function that the module defines, by its index in the whole index space.
    pub(crate) fn defined(&self, func: u32) -> Option<&FuncLayout> {
        self.module.data.code.layout(func.checked_sub(self.module.data.imported_funcs)?)
    }

    /// Where a function leads, by its index in the whole index space.
    pub(crate) fn target(&self, func: u32) -> Option<Target<'_>> {
        match self.defined(func) {
            // By the owner's pointer: imports of other instances keep it, also when the mode is changed through it.
            // SAFETY: `owner` is the address of this record.
            Some(_) => Some(Target::Wasm(
                unsafe { &raw const (*self.seen.owner.cast::<StoreInstance>()).seen },
                func,
            )),
            None => self.imports.get(func as usize).map(import_target),
        }
    }

    /// Number of functions, imported ones included.
    pub(crate) fn func_count(&self) -> u32 {
        self.module.data.imported_funcs + self.module.data.code.len() as u32
    }

    /// The index of a record among the module's functions, and the offset of a position in its code.
    pub(crate) fn place(&self, func: *const FuncLayout, pc: *const u8) -> (u32, u32) {
        let data = &*self.module.data;
        match self.seen.mode {
            #[cfg(feature = "classic")]
            Mode::Classic => {
                let index = func.addr().wrapping_sub(self.seen.funcs.addr())
                    / size_of::<zonda_exec::ClassicFunc>();
                (index as u32, pc.addr().wrapping_sub(data.bytes.as_ptr().addr()) as u32)
            }
            #[cfg(feature = "fast")]
            Mode::Fast => {
                let index = func.addr().wrapping_sub(self.seen.fast_funcs.addr())
                    / size_of::<zonda_exec::FastFunc>();
                (index as u32, data.offset_of(pc.addr().wrapping_sub(self.seen.code.addr()) as u32))
            }
        }
    }

    fn segment(&self, data: bool, index: u32) -> usize {
        index as usize + if data { self.module.data.elements.len() } else { 0 }
    }

    /// Whether an element segment, or a data segment, was dropped.
    pub(crate) fn is_dropped(&self, data: bool, index: u32) -> bool {
        let bit = self.segment(data, index);
        // SAFETY: these words are reached here and below only.
        unsafe { self.dropped.cell(bit / 32) }.is_some_and(|word| word.get() >> (bit % 32) & 1 != 0)
    }

    /// Drops an element segment, or a data segment.
    pub(crate) fn drop_segment(&self, data: bool, index: u32) {
        let bit = self.segment(data, index);
        // SAFETY: as above.
        if let Some(word) = unsafe { self.dropped.cell(bit / 32) } {
            word.set(word.get() | 1 << (bit % 32));
        }
    }
}
