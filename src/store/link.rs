//! Instantiation: imports are resolved and matched, the instance is made, segments are copied (spec: 4.5.4).

use super::bulk::{init_memory, init_table};
use super::fault::{Fault, Made};
use super::func::{call, cross_import, HostClosure, Stack, Target};
use super::instance::StoreInstance;
use super::memory::MemoryData;
use super::table::TableData;
use super::StoreData;
use crate::alloc::{TryArc, TryBox};
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::{ExternKind, GlobalType, MemoryType, TableType, ValType};
use crate::code::CompiledCode;
use crate::error::{ErrorKind, Trap};
use crate::module::{DataHeader, ElementHeader, FuncType, ImportEntry, Module, ModuleData};
use crate::validate::const_expr::{walk, Scope, Source};
use zonda_exec::frame::read64;
use zonda_exec::{GlobalRef, ImportedFunc};

/// What an import can be resolved to.
#[cfg_attr(feature = "capi", allow(dead_code))]
pub(crate) enum Provided<'s> {
    /// A function of the store.
    Func(u32),
    /// A host function.
    Closure(TryArc<HostClosure>),
    /// A table, a memory, a global of the store.
    Table(&'s TryBox<TableData>),
    Memory(&'s TryBox<MemoryData>),
    Global(GlobalRef, GlobalType),
}

/// An import that wants to be resolved.
pub(crate) struct Wanted<'m> {
    pub(crate) module: &'m str,
    pub(crate) name: &'m str,
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) kind: ExternKind,
    /// For a function, its type.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) ty: Option<FuncType<'m>>,
}

/// Finds what stands for an import and adds it to the instance, by [`add`] or as an [`ImportedFunc`] whose type it has matched itself. False when there is
/// nothing. (So a program that has only the C API, which knows functions only, does not carry [`add`].)
pub(crate) type Resolver<'r> =
    dyn FnMut(&StoreData, &mut StoreInstance, &Wanted) -> Made<bool> + 'r;

/// The values that constant expressions of an instance have.
pub(super) struct Evaluation<'i, 'a> {
    instance: &'i StoreInstance<'a>,
}

struct Types<'i, 'a>(&'i ModuleData<'a>);

impl Scope for Types<'_, '_> {
    fn global(&mut self, index: u32) -> Parsed<ValType> {
        self.0
            .globals
            .get(index as usize)
            .map(|global| global.ty.content)
            .ok_or(ErrorKind::UnknownGlobal)
    }
    fn func(&mut self, _: u32) -> Parsed<()> {
        Ok(())
    }
}

impl Source for Evaluation<'_, '_> {
    fn global(&mut self, index: u32) -> u64 {
        // SAFETY: globals of an instance belong to its store, which is live.
        self.instance
            .globals
            .get(index as usize)
            .map_or(0, |&global| unsafe { read_global(global) })
    }
    fn func(&mut self, index: u32) -> u64 {
        (self.instance.func_base + index) as u64
    }
}

impl Evaluation<'_, '_> {
    fn value(&mut self, reader: &mut Reader) -> Made<u64> {
        let data = &*self.instance.module.data;
        Ok(walk(reader, &mut Types(data), self)?.1)
    }

    /// Evaluates the offset of a segment into `at`, as the reading of a segment's header wants it.
    fn offset(&mut self, reader: &mut Reader, at: &mut u32) -> Parsed<()> {
        let data = &*self.instance.module.data;
        let (_, value) = walk(reader, &mut Types(data), self)?;
        *at = value as u32;
        Ok(())
    }

    /// Passes over an expression.
    pub(super) fn skip(data: &ModuleData, reader: &mut Reader) -> Parsed<()> {
        walk(reader, &mut Types(data), &mut crate::validate::const_expr::AnyValue).map(|_| ())
    }
}

/// The value of a global, in 64 bits.
///
/// # Safety
/// The global's store is live.
pub(crate) unsafe fn read_global(global: GlobalRef) -> u64 {
    // SAFETY: globals live as long as the store, and have two slots where `is_wide` says so, else one.
    unsafe {
        if global.is_wide() {
            read64(global.cell())
        } else {
            *global.cell() as u64
        }
    }
}

/// Sets the value of a global, in 64 bits.
///
/// # Safety
/// The global's store is live, and the value is one of its type.
pub(crate) unsafe fn write_global(global: GlobalRef, value: u64) {
    // SAFETY: as in `read_global`.
    unsafe {
        if global.is_wide() {
            zonda_exec::frame::write64(global.cell(), value);
        } else {
            *global.cell() = value as u32;
        }
    }
}

/// The elements of a segment, one after the other.
pub(super) struct Elements<'i, 'a> {
    evaluation: Evaluation<'i, 'a>,
    reader: Reader<'a>,
    expressions: bool,
    pub(super) count: u32,
}

impl Elements<'_, '_> {
    pub(super) fn next(&mut self) -> u32 {
        if self.expressions {
            self.evaluation.value(&mut self.reader).map_or(0, |value| value as u32)
        } else {
            self.reader.u32().map_or(0, |index| self.evaluation.func(index) as u32)
        }
    }
}

pub(super) fn element_values<'i, 'a>(
    instance: &'i StoreInstance<'a>,
    segment: u32,
) -> Elements<'i, 'a> {
    let data = &*instance.module.data;
    let offset = data.elements.get(segment as usize).copied().unwrap_or(0);
    let mut reader = Reader::new(data.bytes, offset as usize);
    let header = ElementHeader::read(&mut reader, &mut |reader, _| Evaluation::skip(data, reader));
    let (expressions, count) =
        header.map_or((false, 0), |header| (header.expressions, header.count));
    Elements { evaluation: Evaluation { instance }, reader, expressions, count }
}

/// Makes an instance of `module`. Its start function has not run yet: [`start`] does that. Where linking stops, `number` says at which import.
///
/// # Safety
/// The store is live and the caller's to change. `resolve` may read it, through what the caller has.
#[inline(never)]
pub(crate) unsafe fn instantiate<'a>(
    store: *mut StoreData<'a>,
    module: &Module<'a>,
    number: &mut u32,
    resolve: &mut Resolver,
) -> Made<u32> {
    let data = &*module.data;
    let count = data.imported_funcs + data.code.len() as u32;
    // SAFETY: the caller's promise; nothing borrows the store but the calls below, one after the other.
    let base = unsafe { (*store).next_func };
    // The upper half of the numbers is the host's.
    let next =
        base.checked_add(count).filter(|&next| next < super::func::HOST).ok_or(Fault::TOO_LARGE)?;
    let mut instance = StoreInstance::new(module.clone(), base)?;
    for import in data.imports.iter() {
        // SAFETY: as above; `resolve` only reads it meanwhile.
        provide(unsafe { &*store }, &mut instance, import, resolve)?;
        *number += 1;
    }
    // SAFETY: as above, and `resolve` is not called any more.
    let store = unsafe { &mut *store };
    for &ty in data.tables.iter().skip(data.imported_tables as usize) {
        let table = store.new_table(ty, 0)?;
        instance.tables.push(table)?;
    }
    for &ty in data.memories.iter().skip(data.imported_memories as usize) {
        let memory = store.new_memory(ty)?;
        instance.memories.push(memory)?;
    }
    make_globals(&mut instance)?;
    StoreInstance::publish(&mut instance);
    let index = store.instances.len() as u32;
    store.instances.push(instance)?;
    store.next_func = next;
    Ok(index)
}

/// Resolves an import and adds it to the instance.
fn provide(
    store: &StoreData,
    instance: &mut StoreInstance,
    import: &ImportEntry,
    resolve: &mut Resolver,
) -> Made<()> {
    let module = instance.module.clone();
    let data = &*module.data;
    let (module_name, name) = data.import_names(import.offset);
    let ty = data.types.get(import.ty as usize).filter(|_| import.kind == ExternKind::Func);
    let ty = ty.map(|ty| FuncType::of(data.bytes, ty));
    let wanted = Wanted { module: module_name, name, kind: import.kind, ty };
    match resolve(store, instance, &wanted)? {
        true => Ok(()),
        false => Err(Fault::UNKNOWN_IMPORT),
    }
}

/// Adds what stands for an import to the instance, if kind and type are right.
#[cfg_attr(feature = "capi", allow(dead_code))]
pub(crate) fn add(
    store: &StoreData,
    instance: &mut StoreInstance,
    wanted: &Wanted,
    provided: Provided,
) -> Made<bool> {
    let module = instance.module.clone();
    let data = &*module.data;
    let incompatible = Fault::INCOMPATIBLE_IMPORT;
    match (wanted.kind, provided) {
        (ExternKind::Func, provided) => {
            let ty = wanted.ty.ok_or(incompatible)?;
            let entry = match provided {
                Provided::Func(address) => {
                    if store.func_type(address) != Some(ty) {
                        return Err(incompatible);
                    }
                    match store.target(address).ok_or(incompatible)? {
                        // SAFETY: targets live as long as the store.
                        Target::Wasm(owner, func) => unsafe { cross_import(owner, func) },
                        // SAFETY: imports of instances and host functions live as long as the store.
                        Target::Host(import) => unsafe { *import },
                    }
                }
                Provided::Closure(closure) => {
                    if closure.ty() != ty {
                        return Err(incompatible);
                    }
                    let import = closure_import(&closure);
                    instance.keep.push(closure)?;
                    import
                }
                _ => return Err(incompatible),
            };
            instance.imports.push(entry)?;
        }
        (ExternKind::Table, Provided::Table(table)) => {
            let wanted = data.tables.get(instance.tables.len()).ok_or(incompatible)?;
            let given = table.current_type();
            if given.element != wanted.element
                || !wanted.limits.admit(given.limits.min, given.limits.max)
            {
                return Err(incompatible);
            }
            instance.tables.push(table.as_ptr())?;
        }
        (ExternKind::Memory, Provided::Memory(memory)) => {
            let wanted = data.memories.get(instance.memories.len()).ok_or(incompatible)?;
            let given = memory.current_type();
            if given.page_shift != wanted.page_shift
                || !wanted.limits.admit(given.limits.min, given.limits.max)
            {
                return Err(incompatible);
            }
            instance.memories.push(memory.as_ptr())?;
        }
        (ExternKind::Global, Provided::Global(global, ty)) => {
            let wanted = data.globals.get(instance.globals.len()).ok_or(incompatible)?;
            if ty != wanted.ty {
                return Err(incompatible);
            }
            instance.globals.push(global)?;
        }
        _ => return Err(incompatible),
    }
    Ok(true)
}

/// The import that calls a closure.
pub(crate) fn closure_import(closure: &TryArc<HostClosure>) -> ImportedFunc {
    let (params, results) = closure.ty().slots();
    ImportedFunc::new(Some(closure.call), closure.data, closure.as_ptr().cast(), params, results)
}

fn make_globals(instance: &mut StoreInstance) -> Made<()> {
    let module = instance.module.clone();
    let data = &*module.data;
    let mut cell = instance.cells.as_mut_ptr();
    for global in data.globals.iter().skip(data.imported_globals as usize) {
        let wide = global.ty.content.slots() == 2;
        let mut reader = Reader::new(data.bytes, global.init as usize);
        let value = Evaluation { instance }.value(&mut reader)?;
        let place = GlobalRef::new(cell, wide);
        // SAFETY: the cells are the instance's own, as many slots as its globals take.
        unsafe { write_global(place, value) };
        instance.globals.push(place)?;
        cell = cell.wrapping_add(1 + wide as usize);
    }
    Ok(())
}

/// Copies the active segments of an instance, in order.
///
/// # Safety
/// The store of the instance is live, and no reference to one of its memories and tables is.
#[inline(never)]
pub(crate) unsafe fn copy_segments(instance: &StoreInstance) -> Made<()> {
    let module = instance.module.clone();
    let data = &*module.data;
    for (segment, &offset) in data.elements.iter().enumerate() {
        let mut at = 0;
        let mut evaluation = Evaluation { instance };
        let mut reader = Reader::new(data.bytes, offset as usize);
        let header =
            ElementHeader::read(&mut reader, &mut |reader, _| evaluation.offset(reader, &mut at))?;
        if let Some(&table) = header.table.and_then(|table| instance.tables.get(table as usize)) {
            // SAFETY: the contract; tables live as long as the store.
            unsafe { init_table(instance, table, segment as u32, at, 0, None)? };
        }
        if header.table.is_some() || header.declarative {
            instance.drop_segment(false, segment as u32);
        }
    }
    for (segment, &offset) in data.data.iter().enumerate() {
        let mut at = 0;
        let mut evaluation = Evaluation { instance };
        let mut reader = Reader::new(data.bytes, offset as usize);
        let header =
            DataHeader::read(&mut reader, &mut |reader, _| evaluation.offset(reader, &mut at))?;
        if let Some(&memory) =
            header.memory.and_then(|memory| instance.memories.get(memory as usize))
        {
            // SAFETY: the contract; memories live as long as the store.
            unsafe { init_memory(instance, memory, segment as u32, at, 0, header.len)? };
            instance.drop_segment(true, segment as u32);
        }
    }
    Ok(())
}

/// Runs the start function of an instance, if there is one.
///
/// # Safety
/// `instance` is one of `store`, and `host` is what its host functions expect.
pub(crate) unsafe fn start(
    store: *mut StoreData,
    instance: *mut StoreInstance,
    host: *mut (),
    stack: Stack,
) -> Result<(), Trap> {
    // SAFETY: the caller's promise; the start function has neither parameters nor results.
    unsafe {
        let instance = &*instance;
        let Some(func) = instance.module.data.start else { return Ok(()) };
        stack.args(0)?;
        let Some(target) = instance.target(func) else { return Ok(()) };
        call::<true>(store, host, stack, target)
    }
}

impl StoreData<'_> {
    /// Makes a table; returns its address.
    pub(crate) fn new_table(&mut self, ty: TableType, init: u32) -> Made<*mut TableData> {
        let table = TryBox::new(TableData::new(ty, init)?)?;
        let at = table.as_ptr();
        self.tables.push(table)?;
        Ok(at)
    }

    /// Makes a memory; returns its address.
    pub(crate) fn new_memory(&mut self, ty: MemoryType) -> Made<*mut MemoryData> {
        let memory = TryBox::new(MemoryData::new(
            ty,
            self.config.memory_limit,
            core::mem::take(&mut self.appended),
        )?)?;
        let at = memory.as_ptr();
        self.memories.push(memory)?;
        Ok(at)
    }
}
