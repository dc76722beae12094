//! Instantiation: imports are resolved and matched, the instance is made, segments are copied
//! (spec: 4.5.4).

use super::bulk::{init_memory, init_table};
use super::fault::{Fault, Made};
use super::func::{call, cross_import, HostClosure, Stack, Target};
use super::instance::StoreInstance;
use super::link_text::link_text;
use super::memory::MemoryData;
use super::table::TableData;
use super::StoreData;
#[cfg(feature = "gc")]
use crate::alloc::TryVec;
use crate::alloc::{TryArc, TryBox};
use crate::binary::reader::{Parsed, Reader};
#[cfg(feature = "function-references")]
use crate::binary::references::{concrete, NON_NULL};
use crate::binary::types::{ExternKind, GlobalType, IndexType, MemoryType, TableType, ValType};
use crate::code::CompiledCode;
use crate::error::{ErrorKind, LinkText, Trap};
use crate::module::{
    DataHeader, ElementHeader, ExternType, FuncType, ImportEntry, Module, ModuleData,
};
#[cfg(feature = "gc")]
use crate::validate::const_expr::Below;
use crate::validate::const_expr::{walk, Scope, Source};
#[cfg(feature = "gc")]
use crate::validate::type_table::TypeTable;
use zonda_exec::vector::{self, Bits};
use zonda_exec::{GlobalRef, ImportedFunc};

/// What an import can be resolved to.
#[cfg_attr(feature = "capi", allow(dead_code))]
pub(crate) enum Provided<'s> {
    /// A function of the store.
    Func(u32),
    /// A table, a memory, a global of the store.
    Table(&'s TryBox<TableData>),
    Memory(&'s TryBox<MemoryData>),
    Global(GlobalRef, GlobalType),
    /// A tag of the store.
    #[cfg(feature = "exceptions")]
    Tag(u32),
}

/// An import that is to be resolved.
pub(crate) struct Wanted<'m> {
    pub(crate) module: &'m str,
    pub(crate) name: &'m str,
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) kind: ExternKind,
    /// For a function, its type.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) ty: Option<FuncType<'m>>,
    /// For a function or a tag, the number of the type in the store.
    #[cfg(feature = "function-references")]
    pub(crate) number: u32,
}

/// Resolves an import and adds it to the instance, with [`add`] or as an [`ImportedFunc`] of a type
/// that it has compared itself. [`unknown`] says that nothing is provided. An image with the C API
/// alone, which provides functions only and has its own texts, contains neither.
pub(crate) type Resolver<'r> = dyn FnMut(&StoreData, &mut StoreInstance, &Wanted) -> Made<()> + 'r;

/// The texts for a link error, where a resolver keeps them.
#[cfg_attr(feature = "capi", allow(dead_code))]
pub(crate) type Text = Option<TryArc<LinkText>>;

/// Evaluates constant expressions of an instance.
pub(super) struct Evaluation<'i, 'a> {
    instance: &'i StoreInstance<'a>,
    /// The store, where objects are made; else null.
    #[cfg(feature = "gc")]
    store: *mut StoreData<'a>,
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
    #[cfg(feature = "function-references")]
    fn func_ref(&mut self, index: u32) -> Parsed<ValType> {
        let ty = self.0.func_type(index).ok_or(ErrorKind::UnknownFunc)?;
        ValType::from_code(concrete(ty.canonical as u32) | NON_NULL).ok_or(ErrorKind::UnknownFunc)
    }
    #[cfg(feature = "gc")]
    fn types(&self) -> &TypeTable {
        self.0.table.table()
    }
}

impl Source for Evaluation<'_, '_> {
    fn global(&mut self, index: u32) -> Bits {
        // SAFETY: globals of an instance belong to its store, which is live.
        self.instance
            .globals
            .get(index as usize)
            .map_or(0, |&global| unsafe { read_global(global) })
    }
    fn func(&mut self, index: u32) -> Bits {
        (self.instance.func_base + index) as Bits
    }
    #[cfg(feature = "gc")]
    fn object(&mut self, code: u32, index: u32, operands: &[Below]) -> Parsed<Bits> {
        if self.store.is_null() {
            // What makes objects is evaluated once, when the instance is made.
            return Ok(0);
        }
        // SAFETY: whoever sets the store lends it to the evaluation; nothing else of the instance
        // uses it meanwhile.
        let store = unsafe { &mut *self.store };
        Ok(store.constant_object(self.instance, code, index, operands)? as Bits)
    }
}

impl<'i, 'a> Evaluation<'i, 'a> {
    fn new(instance: &'i StoreInstance<'a>) -> Evaluation<'i, 'a> {
        Evaluation {
            instance,
            #[cfg(feature = "gc")]
            store: core::ptr::null_mut(),
        }
    }

    fn value(&mut self, reader: &mut Reader) -> Made<Bits> {
        let data = &*self.instance.module.data;
        Ok(walk(reader, &mut Types(data), self)?.1)
    }

    /// Evaluates the offset of a segment into `at`, for [`ElementHeader::read`] and
    /// [`DataHeader::read`].
    fn offset(&mut self, reader: &mut Reader, at: &mut u32) -> Parsed<IndexType> {
        let data = &*self.instance.module.data;
        let (_, value) = walk(reader, &mut Types(data), self)?;
        // An offset of 64 bits that does not fit is outside, and so is the largest one of 32 bits.
        *at = if IndexType::WIDE { u32::try_from(value).unwrap_or(u32::MAX) } else { value as u32 };
        Ok(IndexType::I32)
    }

    /// Skips an expression.
    pub(super) fn skip(data: &ModuleData, reader: &mut Reader) -> Parsed<IndexType> {
        walk(reader, &mut Types(data), &mut crate::validate::const_expr::AnyValue)
            .map(|_| IndexType::I32)
    }
}

/// The bits of a global's value.
///
/// # Safety
/// The global's store is live.
pub(crate) unsafe fn read_global(global: GlobalRef) -> Bits {
    // SAFETY: globals live as long as the store, and have as many slots as `slots` says.
    unsafe { vector::read(global.cell(), global.slots()) }
}

/// Sets the value of a global.
///
/// # Safety
/// The global's store is live, and the value is one of its type.
pub(crate) unsafe fn write_global(global: GlobalRef, value: Bits) {
    // SAFETY: as in `read_global`.
    unsafe { vector::write(global.cell(), global.slots(), value) }
}

/// The elements of a segment, in order.
pub(super) struct Elements<'i, 'a> {
    evaluation: Evaluation<'i, 'a>,
    reader: Reader<'a>,
    expressions: bool,
    pub(super) count: u32,
    /// What was evaluated when the instance was made, and the position in it.
    #[cfg(feature = "gc")]
    list: Option<&'i [u32]>,
    #[cfg(feature = "gc")]
    at: usize,
}

impl Elements<'_, '_> {
    /// Passes elements.
    #[cfg(feature = "gc")]
    pub(super) fn skip(&mut self, count: u32) {
        if self.list.is_some() {
            self.at += count as usize;
            return;
        }
        for _ in 0..count {
            self.next();
        }
    }

    pub(super) fn next(&mut self) -> u32 {
        #[cfg(feature = "gc")]
        if let Some(list) = self.list {
            let value = list.get(self.at).copied().unwrap_or(0);
            self.at += 1;
            return value;
        }
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
    let header = ElementHeader::read(&mut reader, &mut |reader| Evaluation::skip(data, reader));
    let (expressions, count) =
        header.map_or((false, 0), |header| (header.expressions, header.count));
    #[cfg(feature = "gc")]
    let list = instance.element_lists.get(segment as usize).filter(|_| expressions);
    Elements {
        evaluation: Evaluation::new(instance),
        reader,
        expressions,
        count,
        #[cfg(feature = "gc")]
        list: list.map(|list| &list[..]),
        #[cfg(feature = "gc")]
        at: 0,
    }
}

/// Makes an instance of `module`; returns its position in the store. [`start`] runs its start
/// function afterwards. When this fails, the store is dropped, or brought back by
/// [`StoreData::go_back`].
///
/// # Safety
/// The store is live, and the caller may change it. `resolve` may read it through a shared
/// reference.
#[inline(never)]
pub(crate) unsafe fn instantiate<'a>(
    store: *mut StoreData<'a>,
    module: &Module<'a>,
    resolve: &mut Resolver,
) -> Made<u32> {
    let data = &*module.data;
    let count = data.imported_funcs + data.code.len() as u32;
    // SAFETY: the store is live, and no reference to it outlives the statement that makes it, until
    // `resolve` is not called any more.
    let base = unsafe { (*store).next_func };
    // Addresses from `HOST` on are those of host functions.
    let next =
        base.checked_add(count).filter(|&next| next < super::func::HOST).ok_or(Fault::TOO_LARGE)?;
    // SAFETY: as above.
    let mut instance = StoreInstance::new(module, base, unsafe { &(*store).budget })?;
    // SAFETY: as above.
    unsafe { (*store).adopt_types(&mut instance)? };
    let mut made = Ok(());
    for (import, number) in data.imports.iter().zip(0..) {
        // SAFETY: as above; `resolve` reads the store at most.
        made = provide(unsafe { &*store }, &mut instance, import, resolve);
        if made.is_err() {
            // SAFETY: as above.
            unsafe { (*store).failed_import = number };
            break;
        }
    }
    // SAFETY: as above, and `resolve` is not called any more.
    let store = unsafe { &mut *store };
    made?;
    store.define(&mut instance)?;
    store.instances.push(instance)?;
    store.next_func = next;
    store.end_of_constants();
    Ok(store.instances.len() as u32 - 1)
}

/// Resolves an import and adds it to the instance.
#[inline(always)]
fn provide(
    store: &StoreData,
    instance: &mut StoreInstance,
    import: &ImportEntry,
    resolve: &mut Resolver,
) -> Made<()> {
    let module = instance.module.clone();
    let data = &*module.data;
    let (module_name, name) = data.import_names(import.offset);
    #[cfg(feature = "function-references")]
    let number = instance.types.get(import.ty as u32);
    let ty = data.types.get(import.ty as usize).filter(|_| has_func_type(import.kind));
    let ty = ty.map(|ty| FuncType::of(data.value_types(), ty));
    let wanted = Wanted {
        module: module_name,
        name,
        kind: import.kind,
        ty,
        #[cfg(feature = "function-references")]
        number,
    };
    resolve(store, instance, &wanted)
}

/// Whether the type of an import is that of a function.
#[cfg(not(feature = "exceptions"))]
#[inline(always)]
fn has_func_type(kind: ExternKind) -> bool {
    kind == ExternKind::Func
}

/// Whether the type of an import is that of a function.
#[cfg(feature = "exceptions")]
fn has_func_type(kind: ExternKind) -> bool {
    matches!(kind, ExternKind::Func | ExternKind::Tag)
}

/// Nothing is provided for an import.
#[cfg_attr(feature = "capi", allow(dead_code))]
#[cold]
pub(crate) fn unknown(instance: &StoreInstance, wanted: &Wanted, text: &mut Text) -> Fault {
    *text = link_text(wanted.module, wanted.name, expected(instance, wanted), None);
    Fault::UNKNOWN_IMPORT
}

/// The host function that is provided for an import has the type `found`, or none that can be
/// named.
#[cfg_attr(feature = "capi", allow(dead_code))]
#[cold]
pub(crate) fn incompatible(
    instance: &StoreInstance,
    wanted: &Wanted,
    found: Option<FuncType>,
    text: &mut Text,
) -> Fault {
    let expected = expected(instance, wanted);
    *text = link_text(wanted.module, wanted.name, expected, found.map(ExternType::Func));
    Fault::INCOMPATIBLE_IMPORT
}

/// The type that the module declares for the next import of the instance.
fn expected<'m>(instance: &'m StoreInstance, wanted: &Wanted<'m>) -> Option<ExternType<'m>> {
    let data = &*instance.module.data;
    Some(match wanted.kind {
        ExternKind::Func => ExternType::Func(wanted.ty?),
        ExternKind::Table => {
            let ty = *data.tables.get(instance.tables.len())?;
            ExternType::Table(instance.types.table(ty))
        }
        ExternKind::Memory => ExternType::Memory(*data.memories.get(instance.memories.len())?),
        ExternKind::Global => {
            let ty = data.globals.get(instance.globals.len())?.ty;
            ExternType::Global(instance.types.global(ty))
        }
        #[cfg(feature = "exceptions")]
        ExternKind::Tag => ExternType::Tag(wanted.ty?),
    })
}

impl Provided<'_> {
    /// Its type.
    fn ty<'t>(&'t self, store: &'t StoreData) -> Option<ExternType<'t>> {
        Some(match self {
            Provided::Func(address) => ExternType::Func(store.func_type(*address)?),
            Provided::Table(table) => ExternType::Table(table.current_type()),
            Provided::Memory(memory) => ExternType::Memory(memory.current_type()),
            Provided::Global(_, ty) => ExternType::Global(*ty),
            #[cfg(feature = "exceptions")]
            Provided::Tag(address) => ExternType::Tag(store.tag_type(*address)?),
        })
    }
}

/// Whether an import of one type can be resolved to something of another (spec: 3.4.10, "import
/// matching").
fn matches(store: &StoreData, expected: ExternType, found: ExternType) -> bool {
    match (expected, found) {
        (ExternType::Func(expected), ExternType::Func(found)) => expected == found,
        (ExternType::Global(expected), ExternType::Global(found)) => {
            expected.mutable == found.mutable
                && store.is_sub(found.content, expected.content)
                && (!expected.mutable || store.is_sub(expected.content, found.content))
        }
        #[cfg(feature = "exceptions")]
        (ExternType::Tag(expected), ExternType::Tag(found)) => expected == found,
        (ExternType::Table(expected), ExternType::Table(found)) => {
            store.is_sub(found.element, expected.element)
                && store.is_sub(expected.element, found.element)
                && expected.index == found.index
                && expected.limits.admit(found.limits.min, found.limits.max)
        }
        (ExternType::Memory(expected), ExternType::Memory(found)) => {
            expected.page_shift == found.page_shift
                && expected.index == found.index
                && expected.sharing == found.sharing
                && expected.limits.admit(found.limits.min, found.limits.max)
        }
        _ => false,
    }
}

/// Whether a function or tag has the wanted type, where types have numbers.
#[cfg(feature = "function-references")]
fn has_number(store: &StoreData, wanted: &Wanted, provided: &Provided) -> Option<bool> {
    match provided {
        Provided::Func(address) => {
            let is_wanted = |number| store.types.0.is_subtype(number, wanted.number);
            Some(
                wanted.kind == ExternKind::Func
                    && store.func_type_number(*address).is_some_and(is_wanted),
            )
        }
        #[cfg(feature = "exceptions")]
        Provided::Tag(address) => {
            let same = store.tag_type_number(*address) == Some(wanted.number);
            Some(wanted.kind == ExternKind::Tag && same)
        }
        _ => None,
    }
}

/// Types have no numbers.
#[cfg(not(feature = "function-references"))]
#[inline(always)]
fn has_number(_: &StoreData, _: &Wanted, _: &Provided) -> Option<bool> {
    None
}

/// Adds what is provided for an import to the instance, if kind and type match.
#[cfg_attr(feature = "capi", allow(dead_code))]
pub(crate) fn add(
    store: &StoreData,
    instance: &mut StoreInstance,
    wanted: &Wanted,
    provided: Provided,
    text: &mut Text,
) -> Made<()> {
    let (expected, found) = (expected(instance, wanted), provided.ty(store));
    let fits = match has_number(store, wanted, &provided) {
        Some(fits) => fits,
        None => {
            expected.zip(found).is_some_and(|(expected, found)| matches(store, expected, found))
        }
    };
    if !fits {
        *text = link_text(wanted.module, wanted.name, expected, found);
        return Err(Fault::INCOMPATIBLE_IMPORT);
    }
    match provided {
        Provided::Func(address) => {
            let import = match store.target(address).ok_or(Fault::INCOMPATIBLE_IMPORT)? {
                // SAFETY: instances live as long as the store, and `target` has found the function
                // in this one.
                Target::Wasm(owner, func) => unsafe { cross_import(owner, func) },
                // SAFETY: imports of instances and host functions live as long as the store.
                Target::Host(import) => unsafe { *import },
            };
            instance.imports.push(import)?;
        }
        Provided::Table(table) => instance.tables.push(table.as_ptr())?,
        Provided::Memory(memory) => instance.memories.push(memory.as_ptr())?,
        Provided::Global(global, _) => instance.globals.push(global)?,
        #[cfg(feature = "exceptions")]
        Provided::Tag(address) => instance.tags.0.push(address)?,
    }
    Ok(())
}

/// The import that calls a closure.
pub(crate) fn closure_import(closure: &TryArc<HostClosure>) -> ImportedFunc {
    let (params, results) = closure.ty().slots();
    ImportedFunc::new(Some(closure.call), closure.data, closure.as_ptr().cast(), params, results)
}

fn make_globals<'a>(
    instance: &mut StoreInstance<'a>,
    #[cfg(feature = "gc")] store: *mut StoreData<'a>,
) -> Made<()> {
    let module = instance.module.clone();
    let data = &*module.data;
    let mut cell = instance.cells.as_mut_ptr();
    for global in data.globals.iter().skip(data.imported_globals as usize) {
        let slots = global.ty.content.slots();
        let mut reader = Reader::new(data.bytes, global.init as usize);
        #[allow(unused_mut, reason = "only where objects are made")]
        let mut evaluation = Evaluation::new(instance);
        #[cfg(feature = "gc")]
        {
            evaluation.store = store;
        }
        let value = evaluation.value(&mut reader)?;
        let place = GlobalRef::new(cell, slots);
        // SAFETY: the cells are the instance's own, as many slots as its globals take.
        unsafe { write_global(place, value) };
        instance.globals.push(place)?;
        cell = cell.wrapping_add(slots as usize);
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
        let mut evaluation = Evaluation::new(instance);
        let mut reader = Reader::new(data.bytes, offset as usize);
        let header =
            ElementHeader::read(&mut reader, &mut |reader| evaluation.offset(reader, &mut at))?;
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
        let mut evaluation = Evaluation::new(instance);
        let mut reader = Reader::new(data.bytes, offset as usize);
        let header =
            DataHeader::read(&mut reader, &mut |reader| evaluation.offset(reader, &mut at))?;
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
    // SAFETY: by the contract the instance is one of the live store. The validator has checked that
    // the start function has neither parameters nor results.
    unsafe {
        let instance = &*instance;
        let Some(func) = instance.module.data.start else { return Ok(()) };
        stack.args(0)?;
        let Some(target) = instance.target(func) else { return Ok(()) };
        call::<true>(store, host, stack, target)
    }
}

/// What a store has before an instance is made.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    tables: usize,
    memories: usize,
    left: usize,
}

impl<'a> StoreData<'a> {
    /// The element that a table starts with, by its number among those that the module defines.
    #[cfg(feature = "function-references")]
    fn first_element(&mut self, instance: &StoreInstance<'a>, number: usize) -> Made<u32> {
        let data = &*instance.module.data;
        let Some(&init) = data.table_inits.get(number).filter(|&&init| init != 0) else {
            return Ok(0);
        };
        let mut reader = Reader::new(data.bytes, init as usize);
        #[allow(unused_mut, reason = "only where objects are made")]
        let mut evaluation = Evaluation::new(instance);
        #[cfg(feature = "gc")]
        {
            evaluation.store = self;
        }
        Ok(evaluation.value(&mut reader)? as u32)
    }

    /// Null.
    #[cfg(not(feature = "function-references"))]
    #[inline(always)]
    fn first_element(&mut self, _: &StoreInstance<'a>, _: usize) -> Made<u32> {
        Ok(0)
    }

    /// Evaluates the expressions of element segments, which may make objects.
    #[cfg(feature = "gc")]
    fn make_elements(&mut self, instance: &mut StoreInstance<'a>) -> Made<()> {
        for segment in 0..instance.module.data.elements.len() {
            let mut list = TryVec::new();
            let mut values = element_values(instance, segment as u32);
            if values.expressions {
                values.evaluation.store = self;
                list.reserve_exact(values.count as usize)?;
                for _ in 0..values.count {
                    list.push(values.evaluation.value(&mut values.reader)? as u32)?;
                }
            }
            instance.element_lists.push(list)?;
        }
        Ok(())
    }

    /// Makes what an instance defines, and completes it.
    fn define(&mut self, instance: &mut TryBox<StoreInstance<'a>>) -> Made<()> {
        let module = instance.module.clone();
        let data = &*module.data;
        for (number, &ty) in data.tables.iter().skip(data.imported_tables as usize).enumerate() {
            self.budget.set_index(instance.tables.len() as u32);
            let ty = instance.types.table(ty);
            let init = self.first_element(instance, number)?;
            instance.tables.push(self.new_table(ty, init)?)?;
        }
        for &ty in data.memories.iter().skip(data.imported_memories as usize) {
            self.budget.set_index(instance.memories.len() as u32);
            instance.memories.push(self.new_memory(ty)?)?;
        }
        self.define_tags(instance)?;
        make_globals(
            instance,
            #[cfg(feature = "gc")]
            self,
        )?;
        #[cfg(feature = "gc")]
        self.make_elements(instance)?;
        StoreInstance::publish(instance);
        Ok(())
    }

    /// What the store has now.
    #[cfg_attr(feature = "capi", allow(dead_code))]
    pub(crate) fn mark(&self) -> Mark {
        Mark { tables: self.tables.len(), memories: self.memories.len(), left: self.budget.left() }
    }

    /// Frees tables and memories that were made since, for an instance that could not be completed:
    /// nothing leads to them.
    #[cfg_attr(feature = "capi", allow(dead_code))]
    pub(crate) fn go_back(&mut self, mark: Mark) {
        self.tables.truncate(mark.tables);
        self.memories.truncate(mark.memories);
        self.budget.give_back(mark.left);
    }

    /// Makes a table; returns its address.
    pub(crate) fn new_table(&mut self, ty: TableType, init: u32) -> Made<*mut TableData> {
        let table = TableData::new(ty, init, &self.budget)?;
        let at = table.as_ptr();
        self.tables.push(table)?;
        Ok(at)
    }

    /// Makes a memory; returns its address.
    pub(crate) fn new_memory(&mut self, ty: MemoryType) -> Made<*mut MemoryData> {
        let appended = core::mem::take(&mut self.appended);
        let memory = MemoryData::new(ty, self.memory_limit, appended, &self.budget)?;
        let at = memory.as_ptr();
        self.memories.push(memory)?;
        Ok(at)
    }
}
