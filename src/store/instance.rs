//! Instances at run time (spec: 4.2.5).

use super::budget::Budget;
use super::exceptions::InstanceTags;
use super::fault::Made;
use super::memory::MemoryData;
use super::table::TableData;
use super::types::InstanceTypes;
use crate::alloc::{TryArc, TryBox, TryVec};
#[cfg(feature = "trap-record")]
use crate::code::Offset;
use crate::code::{Code, CompiledCode};
use crate::error::{Error, ShortageOf};
use crate::module::Module;
use crate::store::func::{import_target, HostClosure, Target};
use crate::store::mixed::Twin;
use zonda_exec::{ExecInstance, FuncLayout, GlobalRef, ImportedFunc, Memory, Mode};

/// An instance: what its code sees, and who owns that.
pub(crate) struct StoreInstance<'a> {
    /// What code sees: points into the fields below and into the module.
    pub(crate) seen: ExecInstance,
    pub(crate) module: Module<'a>,
    /// Address of its function 0; the others follow.
    pub(crate) func_base: u32,
    /// Number of functions, imported ones included.
    func_count: u32,
    pub(crate) imports: TryVec<ImportedFunc>,
    pub(crate) globals: TryVec<GlobalRef>,
    /// Slots of the globals that the module defines.
    pub(crate) cells: TryVec<u32>,
    pub(crate) memories: TryVec<*mut MemoryData>,
    pub(crate) tables: TryVec<*mut TableData>,
    #[cfg_attr(not(feature = "exceptions"), allow(dead_code))]
    pub(crate) tags: InstanceTags,
    /// Its types among those of the store.
    pub(crate) types: InstanceTypes,
    /// The elements of each segment that has expressions.
    #[cfg(feature = "gc")]
    pub(crate) element_lists: TryVec<TryVec<u32>>,
    /// One bit for each element segment, then for each data segment: whether it was dropped.
    dropped: TryVec<u32>,
    /// Stands for memory 0 where there is none.
    no_memory: Memory,
    /// Host functions that `imports` call.
    pub(crate) keep: TryVec<TryArc<HostClosure>>,
    /// Code for a mode that is not the module's.
    own_code: Option<TryBox<Code<'a>>>,
    /// What runs the part of the module that is not native code.
    pub(crate) twin: Twin,
    /// The mode that the embedder has chosen, while a debugger has changed it.
    #[cfg(feature = "debug")]
    pub(crate) own_mode: Option<Mode>,
}

impl<'a> StoreInstance<'a> {
    /// Heap-allocated and not inlined, to keep native stack use small.
    #[inline(never)]
    pub(crate) fn new(
        module: &Module<'a>,
        func_base: u32,
        budget: &Budget,
    ) -> Made<TryBox<StoreInstance<'a>>> {
        let data = &*module.data;
        let segments = (data.elements.len() + data.data.len()).div_ceil(32);
        let own_slots: u32 = data
            .globals
            .iter()
            .filter(|global| global.init != 0)
            .map(|global| global.ty.content.slots())
            .sum();
        // An import's record is larger than a global and its slots. What else the instance has is a
        // bit or a word for each of what the module has, or is counted with memories and tables.
        // Counts are limited (src/limits.rs), so the sum fits 32 bits.
        let records = data.imported_funcs as usize + data.globals.len();
        let bytes = size_of::<StoreInstance>() + records * size_of::<ImportedFunc>();
        budget.make(ShortageOf::Instance, bytes, || {
            TryBox::new(StoreInstance {
                seen: ExecInstance {
                    funcs: core::ptr::null(),
                    code: core::ptr::null(),
                    #[cfg(feature = "strict")]
                    funcs_end: core::ptr::null(),
                    #[cfg(feature = "strict")]
                    code_end: core::ptr::null(),
                    imports: core::ptr::null(),
                    import_count: data.imported_funcs,
                    globals: core::ptr::null(),
                    memory: core::ptr::null(),
                    memories: core::ptr::null(),
                    owner: core::ptr::null_mut(),
                    mode: data.code.mode(),
                    #[cfg(feature = "native")]
                    native: zonda_exec::native::State::new(),
                },
                func_base,
                func_count: data.imported_funcs + data.code.len() as u32,
                imports: TryVec::with_capacity(data.imported_funcs as usize)?,
                globals: TryVec::with_capacity(data.globals.len())?,
                cells: TryVec::zeroed(own_slots as usize)?,
                memories: TryVec::with_capacity(data.memories.len())?,
                tables: TryVec::with_capacity(data.tables.len())?,
                tags: InstanceTags::new(),
                types: InstanceTypes::new(),
                #[cfg(feature = "gc")]
                element_lists: TryVec::new(),
                dropped: TryVec::zeroed(segments)?,
                no_memory: Memory::empty(),
                keep: TryVec::new(),
                own_code: None,
                twin: Twin::new(&data.code)?,
                #[cfg(feature = "debug")]
                own_mode: None,
                module: module.clone(),
            })
        })
    }

    /// Fills in what code sees, once all lists are complete.
    pub(crate) fn publish(this: &mut TryBox<StoreInstance<'a>>) {
        let owner = this.as_ptr();
        let instance = &mut **this;
        instance.seen.imports = instance.imports.as_ptr();
        instance.seen.globals = instance.globals.as_ptr();
        instance.seen.memories = instance.memories.as_ptr().cast();
        instance.seen.owner = owner.cast();
        instance.publish_code();
    }

    /// Fills in what code sees of itself and of memory 0. The owner is known.
    fn publish_code(&mut self) {
        let code = self.own_code.as_deref().unwrap_or(&self.module.data.code);
        // The loops' own accesses have addresses of 32 bits. For a memory with longer ones, they
        // find none.
        let is_wide = self.module.data.memories.first().is_some_and(|ty| ty.index.is_64());
        self.seen.memory = match self.memories.first() {
            // The first field of a memory's record is what code sees of it.
            Some(&memory) if code.uses_default_memory() && !is_wide => memory.cast_const().cast(),
            // Through the owner's pointer, as in `target`: it outlives this borrow.
            // SAFETY: `publish` has set `owner` to the address of this record; no reference is
            // made.
            _ => unsafe { &raw const (*self.seen.owner.cast::<StoreInstance>()).no_memory },
        };
        code.publish(&mut self.seen, self.module.data.imported_funcs);
        self.twin.publish(&mut self.seen, code, self.module.data.imported_funcs);
    }

    /// Changes the execution mode from the next call on. Code for the mode is made where the
    /// module's is for another; what was made for the mode before is freed, so no function of the
    /// instance may be running.
    ///
    /// # Errors
    /// As for loading. The instance is unchanged then.
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

    /// The record that has this view of it.
    ///
    /// # Safety
    /// `seen` is that of a published instance, which lives for `'i` and to which nothing makes a
    /// mutable reference meanwhile.
    pub(crate) unsafe fn of<'i>(seen: *const ExecInstance) -> &'i StoreInstance<'a> {
        // SAFETY: `publish` has set `owner` to the address of the record. Shared: code that runs
        // has pointers into it.
        unsafe { &*(*seen).owner.cast() }
    }

    /// A memory, by its index in the whole index space. A raw pointer: several indices of several
    /// instances may lead to one memory, so whoever makes a reference of it says why there is no
    /// other.
    ///
    /// # Safety
    /// The index is inside of the index space, which the validator checks for an immediate.
    pub(super) unsafe fn memory(&self, index: u32) -> *mut MemoryData {
        // SAFETY: instantiation has filled the list with as many memories as the module has.
        unsafe { *self.memories.get_unchecked(index as usize) }
    }

    /// A table, likewise.
    ///
    /// # Safety
    /// As for [`StoreInstance::memory`].
    pub(super) unsafe fn table(&self, index: u32) -> *mut TableData {
        // SAFETY: instantiation has filled the list with as many tables as the module has.
        unsafe { *self.tables.get_unchecked(index as usize) }
    }

    /// A function that the module defines, by its index in the whole index space.
    pub(crate) fn defined(&self, func: u32) -> Option<&FuncLayout> {
        self.module.data.code.layout(func.checked_sub(self.module.data.imported_funcs)?)
    }

    /// Whether the module defines a function, by its index in the whole index space.
    #[inline(always)]
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) fn defines(&self, func: u32) -> bool {
        func >= self.seen.import_count && func < self.func_count
    }

    /// Where a call of a function goes, by its index in the whole index space.
    pub(crate) fn target(&self, func: u32) -> Option<Target> {
        match self.defined(func) {
            // Through the owner's pointer: imports of other instances keep it, also while the mode
            // is changed through it. SAFETY: `publish` has set `owner` to the address of this
            // record; no reference is made.
            Some(_) => Some(Target::Wasm(
                unsafe {
                    let seen = &raw const (*self.seen.owner.cast::<StoreInstance>()).seen;
                    self.twin.runner(seen, func)
                },
                func,
            )),
            None => self.imports.get(func as usize).map(import_target),
        }
    }

    /// Number of functions, imported ones included.
    pub(crate) fn func_count(&self) -> u32 {
        self.func_count
    }

    /// The index of a record among the module's functions, and the offset of a position in its
    /// code.
    pub(crate) fn place(&self, func: *const FuncLayout, pc: *const u8) -> (u32, u32) {
        let data = &*self.module.data;
        if let Some((func, _)) = self.twin.locate(&data.code, func, pc) {
            // Register bytecode of a mixed module lies in its file.
            return (func, pc.addr().wrapping_sub(data.file().as_ptr().addr()) as u32);
        }
        let (func, offset) = self.code().locate(&self.seen, func, pc);
        (func, data.offset_of(offset, pc))
    }

    /// The same, with the offset that the backend knows: of register bytecode, that in the code.
    #[cfg(feature = "trap-record")]
    pub(crate) fn code_place(&self, func: *const FuncLayout, pc: *const u8) -> (u32, u32) {
        let found = self.twin.locate(&self.module.data.code, func, pc);
        match found.unwrap_or_else(|| self.code().locate(&self.seen, func, pc)) {
            (func, Offset::Module(offset) | Offset::Code(offset)) => (func, offset),
        }
    }

    /// The code that the instance runs.
    pub(super) fn code(&self) -> &Code<'a> {
        self.own_code.as_deref().unwrap_or(&self.module.data.code)
    }

    fn segment(&self, data: bool, index: u32) -> usize {
        index as usize + if data { self.module.data.elements.len() } else { 0 }
    }

    /// Whether an element segment, or a data segment, was dropped.
    pub(crate) fn is_dropped(&self, data: bool, index: u32) -> bool {
        let bit = self.segment(data, index);
        // SAFETY: `is_dropped` and `drop_segment` alone reach the words, and keep no reference.
        unsafe { self.dropped.cell(bit / 32) }.is_some_and(|word| word.get() >> (bit % 32) & 1 != 0)
    }

    /// Drops an element segment, or a data segment.
    pub(crate) fn drop_segment(&self, data: bool, index: u32) {
        let bit = self.segment(data, index);
        // SAFETY: as in `is_dropped`.
        if let Some(word) = unsafe { self.dropped.cell(bit / 32) } {
            word.set(word.get() | 1 << (bit % 32));
        }
    }
}
