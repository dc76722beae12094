//! Linking by names, and instances as the embedder sees them.

use super::closure::{dynamic, Caller, IntoHostFunc};
use super::extern_::{Extern, Global, Memory, Table};
use super::func::{Func, TypedFunc};
use super::store::{AsStore, AsStoreMut, Store};
use super::val::{Params, Results, Val};
use crate::alloc::{TryArc, TryVec};
use crate::binary::types::{ExternKind, ValType};
use crate::capability::Capability;
use crate::error::{Error, Trap};
use crate::message::message;
use crate::module::{ExportEntry, FuncType, Module};
use crate::registry::{Binding, BoundModule, Grants, HostModule, Offer, Refusal, Signature};
use crate::store::fault::{Fault, Made};
use crate::store::func::HostClosure;
use crate::store::instance::StoreInstance;
use crate::store::link::{
    add, copy_segments, incompatible, instantiate, start, unknown, Mark, Provided, Text, Wanted,
};
use crate::store::StoreData;
use core::marker::PhantomData;
use core::ptr::NonNull;
use zonda_exec::frame::Context;
use zonda_exec::Mode;

enum Definition {
    Closure(TryArc<HostClosure>),
    Extern(Extern),
}

struct Entry {
    /// Both names, and the length of the first.
    names: TryVec<u8>,
    module: usize,
    definition: Definition,
}

/// Provides imports by their names. Can be used for many instances and many stores with data of
/// type `T`.
pub struct Linker<T> {
    entries: TryVec<Entry>,
    modules: TryVec<BoundModule>,
    data: PhantomData<fn(&mut T)>,
}

impl<T: 'static> Default for Linker<T> {
    fn default() -> Self {
        Linker::new()
    }
}

impl<T: 'static> Linker<T> {
    /// A linker without definitions.
    pub const fn new() -> Linker<T> {
        Linker { entries: TryVec::new(), modules: TryVec::new(), data: PhantomData }
    }

    fn find(&self, module: &str, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| {
            entry.names.split_at_checked(entry.module) == Some((module.as_bytes(), name.as_bytes()))
        })
    }

    fn declared(&self, module: &str, name: &str) -> Option<Offer<Signature>> {
        self.modules.iter().find_map(|bound| bound.find(module, name))
    }

    fn is_defined(&self, module: &str, name: &str) -> bool {
        self.find(module, name).is_some() || self.declared(module, name).is_some()
    }

    fn add(
        &mut self,
        module: &str,
        name: &str,
        definition: Definition,
    ) -> Result<&mut Self, Error> {
        if self.is_defined(module, name) {
            return Err(Error::Duplicate);
        }
        let mut names = TryVec::with_capacity(module.len() + name.len())?;
        for &byte in module.as_bytes().iter().chain(name.as_bytes()) {
            names.push(byte)?;
        }
        self.entries.push(Entry { names, module: module.len(), definition })?;
        Ok(self)
    }

    /// Defines a host function: a closure or `fn` over numbers, see [`IntoHostFunc`].
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::OutOfMemory`].
    pub fn func_wrap<Args>(
        &mut self,
        module: &str,
        name: &str,
        f: impl IntoHostFunc<T, Args>,
    ) -> Result<&mut Self, Error> {
        let closure = f.into_closure()?.0;
        self.add(module, name, Definition::Closure(closure))
    }

    /// Defines a host function of any type: a closure over values. Together there may be 32
    /// parameters and results.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        params: &[ValType],
        results: &[ValType],
        f: impl Fn(Caller<'_, '_, T>, &[Val], &mut [Val]) -> Result<(), Trap> + Send + Sync + 'static,
    ) -> Result<&mut Self, Error> {
        let closure = dynamic(params, results, f)?;
        self.add(module, name, Definition::Closure(closure))
    }

    /// Defines all functions of a module that is declared with
    /// [`host_module!`](crate::host_module). `state` finds their state in the embedder's data; it
    /// is a `fn` or a closure that captures nothing. A module that imports a function whose
    /// capability is not among the grants cannot be instantiated.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::OutOfMemory`].
    pub fn define_module<S: 'static, G>(
        &mut self,
        module: HostModule<S>,
        grants: Grants,
        state: G,
    ) -> Result<&mut Self, Error>
    where
        G: Fn(&mut T) -> &mut S + Copy + 'static,
    {
        let bound = bind(module, grants, state);
        let (module, mut names) = bound.names();
        if names.any(|name| self.is_defined(module, name)) {
            return Err(Error::Duplicate);
        }
        self.modules.push(bound)?;
        Ok(self)
    }

    /// Defines something of a store; modules that import it can be instantiated in that store only.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::OutOfMemory`].
    pub fn define(&mut self, module: &str, name: &str, item: Extern) -> Result<&mut Self, Error> {
        self.add(module, name, Definition::Extern(item))
    }

    /// Defines all exports of an instance.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::WrongStore`], [`Error::OutOfMemory`].
    pub fn instance<'a>(
        &mut self,
        store: impl AsStore<'a>,
        module: &str,
        instance: Instance,
    ) -> Result<&mut Self, Error> {
        let store = store.as_store();
        for entry in instance.data(store)?.module.data.exports() {
            let item = instance.item(store, &entry).ok_or(Error::UnknownExport)?;
            self.add(module, entry.name, Definition::Extern(item))?;
        }
        Ok(self)
    }

    /// Instantiates a module: resolves the imports, copies the segments, runs the start function.
    ///
    /// # Errors
    /// [`Error::Link`] names an import that cannot be resolved, [`Error::Shortage`] what needs more
    /// bytes than there are; [`Error::Trap`] when a segment does not fit or the start function
    /// traps. What the module did to imported memories and tables until then stays (spec: 4.5.4).
    #[inline(never)]
    pub fn instantiate<'a>(
        &self,
        mut store: impl AsStoreMut<'a, Data = T>,
        module: &Module<'a>,
    ) -> Result<Instance, Error> {
        let store = store.as_store_mut().inside();
        let mark = store.inner.mark();
        let (mut text, mut denied) = (None, None);
        let read: &Store<'a, T> = store;
        let mut resolve = |inner: &StoreData, instance: &mut StoreInstance, wanted: &Wanted| {
            let Some(entry) = self.find(wanted.module, wanted.name) else {
                let Some(offer) = self.declared(wanted.module, wanted.name) else {
                    return Err(unknown(instance, wanted, &mut text));
                };
                let import = offer.import(wanted).map_err(|refusal| {
                    if let Refusal::Capability(capability) = refusal {
                        denied = Some(capability);
                    }
                    offer.ty.with_type(|ty| incompatible(instance, wanted, ty, &mut text))
                })?;
                instance.imports.push(import)?;
                return Ok(());
            };
            let provided = match &entry.definition {
                Definition::Closure(closure) => {
                    let offer = offer(closure);
                    let import = offer
                        .import(wanted)
                        .map_err(|_| incompatible(instance, wanted, Some(offer.ty), &mut text))?;
                    instance.keep.push(closure.clone())?;
                    instance.imports.push(import)?;
                    return Ok(());
                }
                Definition::Extern(item) => provided(read, item)?,
            };
            add(inner, instance, wanted, provided, &mut text)
        };
        // SAFETY: the store is borrowed mutably, and while it is made an instance in, only
        // `resolve` looks at it.
        let made = unsafe { instantiate(read.inner.as_ptr(), module, &mut resolve) };
        finish(store, mark, made, denied, text)
    }
}

/// What an item of the embedder is to an instance.
#[inline(always)]
fn provided<'s, T>(store: &'s Store<'_, T>, item: &Extern) -> Result<Provided<'s>, Fault> {
    Ok(match item {
        Extern::Func(func) => Provided::Func(func.address_in(store.id).ok_or(Fault::WRONG_STORE)?),
        Extern::Memory(memory) => {
            Provided::Memory(memory.get(store).map_err(|_| Fault::WRONG_STORE)?)
        }
        Extern::Table(table) => Provided::Table(table.data(store).map_err(|_| Fault::WRONG_STORE)?),
        Extern::Global(global) => {
            let (place, ty) = global.place(store).map_err(|_| Fault::WRONG_STORE)?;
            Provided::Global(place, ty)
        }
        #[cfg(feature = "exceptions")]
        Extern::Tag(tag) => Provided::Tag(tag.address_in(store.id).ok_or(Fault::WRONG_STORE)?),
    })
}

/// Ends instantiation: an error, or segments and the start function of the instance that was made.
#[inline(always)]
fn finish<T>(
    store: &mut Store<'_, T>,
    mark: Mark,
    made: Made<u32>,
    denied: Option<Capability>,
    text: Text,
) -> Result<Instance, Error> {
    let index = made.map_err(|fault| {
        store.inner.go_back(mark);
        match store.inner.error(fault).denied(denied) {
            Error::Link(error) => Error::Link(error.with(text)),
            error => error,
        }
    })?;
    let instance = store.inner.instances.get(index as usize).ok_or(Error::WrongStore)?.as_ptr();
    // SAFETY: the instance was just made in this store, of which nothing else is borrowed.
    let copied = unsafe { copy_segments(&*instance) };
    copied.map_err(|fault| store.inner.error(fault))?;
    let stack = store.inner.free_stack();
    let host = (&raw mut *store).cast();
    // SAFETY: the instance was just made in this store, whose host functions expect the `Store`
    // itself.
    unsafe {
        start(store.inner.as_ptr(), instance, host, stack)?;
        Ok(Instance { base: (*instance).func_base, index, store: store.id })
    }
}

/// A host function made from a closure, as the registry describes one.
fn offer(closure: &TryArc<HostClosure>) -> Offer<FuncType<'_>> {
    let HostClosure { call, data, .. } = **closure;
    let extra = closure.as_ptr().cast();
    Offer { ty: closure.ty(), call, data, extra, capability: None }
}

/// A module of host functions whose state `G` finds in the data of a store.
fn bind<T: 'static, S: 'static, G>(module: HostModule<S>, grants: Grants, state: G) -> BoundModule
where
    G: Fn(&mut T) -> &mut S + Copy + 'static,
{
    /// # Safety
    /// `host` is a `Store<T>` that runs code, and nobody borrows it.
    unsafe fn find<T, S, G: Fn(&mut T) -> &mut S>(host: *mut ()) -> *mut () {
        // SAFETY: `bind` has checked that `G` takes no bytes, and has seen a value of it, which is
        // `Copy`. The store is borrowed by nobody, by the contract of this function.
        unsafe {
            let state = NonNull::<G>::dangling().read();
            let store: &mut Store<'_, T> = &mut *host.cast();
            (&raw mut *state(store.data_mut())).cast()
        }
    }
    /// # Safety
    /// `context` is that of a call in a store.
    unsafe fn fail(context: &mut Context, number: u32, text: &str) {
        message!(debug, "host function failed: {}", text);
        // SAFETY: the context's store is the one that runs.
        unsafe { (*context.store.cast::<StoreData>()).host_code = number };
    }
    const { assert!(size_of::<G>() == 0, "where the state is, a closure that captures nothing says") };
    let _ = state;
    let binding = const { &Binding { state: find::<T, S, G>, fail } };
    // SAFETY: `find` returns a reference to an `S`. A linker for `T` links into stores with data of
    // type `T` only, and while a host function runs, the store is borrowed by the call that runs
    // it.
    unsafe { BoundModule::new(module, grants, binding) }
}

/// An instance in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Address of its function 0.
    base: u32,
    /// Its place in the store, or `u32::MAX` when it has to be found by its base.
    index: u32,
    store: u32,
}

impl Instance {
    /// Instantiates a module with an item for each import, in the module's order, whatever their
    /// names are. [`Linker::instantiate`] resolves names.
    ///
    /// # Errors
    /// As for [`Linker::instantiate`]; [`Error::Link`] also names the first import without an item.
    pub fn new<'a>(
        mut store: impl AsStoreMut<'a>,
        module: &Module<'a>,
        imports: &[Extern],
    ) -> Result<Instance, Error> {
        let store = store.as_store_mut().inside();
        let mark = store.inner.mark();
        let mut text = None;
        let mut items = imports.iter();
        let read = &*store;
        let mut resolve = |inner: &StoreData, instance: &mut StoreInstance, wanted: &Wanted| {
            let Some(item) = items.next() else {
                return Err(unknown(instance, wanted, &mut text));
            };
            add(inner, instance, wanted, provided(read, item)?, &mut text)
        };
        // SAFETY: as in `Linker::instantiate`.
        let made = unsafe { instantiate(read.inner.as_ptr(), module, &mut resolve) };
        finish(store, mark, made, None, text)
    }

    pub(super) fn from_base(base: u32, store: u32) -> Instance {
        Instance { base, index: u32::MAX, store }
    }

    pub(super) fn store(&self) -> u32 {
        self.store
    }

    /// Its place in the store, which may lie beyond the end.
    fn index_in<T>(&self, store: &Store<'_, T>) -> Result<usize, Error> {
        if self.store != store.id {
            return Err(Error::WrongStore);
        }
        if self.index != u32::MAX {
            return Ok(self.index as usize);
        }
        // Instances without functions share their base with the next one; handles without an index
        // are made for running ones only.
        let after =
            store.inner.instances.partition_point(|instance| instance.func_base <= self.base);
        Ok(after.wrapping_sub(1))
    }

    pub(super) fn data<'s, 'a, T>(
        &self,
        store: &'s Store<'a, T>,
    ) -> Result<&'s StoreInstance<'a>, Error> {
        store
            .inner
            .instances
            .get(self.index_in(store)?)
            .map(|instance| &**instance)
            .ok_or(Error::WrongStore)
    }

    /// The execution mode: the module's, until [`Instance::set_mode`].
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn mode<'a>(&self, store: impl AsStore<'a>) -> Result<Mode, Error> {
        Ok(self.data(store.as_store())?.seen.mode)
    }

    /// Sets the execution mode from the next call on. Instances of one module, and instances that
    /// call each other, may differ.
    ///
    /// A module's code is made for one mode, its engine's, when it is loaded. For another mode the
    /// instance gets code of its own, which takes as long as loading, and RAM
    /// ([`ModuleInfo::code_bytes`](crate::ModuleInfo::code_bytes)). It is freed when the instance
    /// returns to the module's mode.
    ///
    /// # Errors
    /// [`Error::Running`] in a host function, for its callers may be functions of the instance,
    /// whose code must stay; [`Error::OutOfMemory`], [`Error::WrongStore`]. The instance then stays
    /// in the mode that it has.
    pub fn set_mode<'a>(&self, mut store: impl AsStoreMut<'a>, mode: Mode) -> Result<(), Error> {
        let store = store.as_store_mut().inside();
        let index = self.index_in(store)?;
        if store.inner.is_running() {
            return Err(Error::Running);
        }
        store.inner.forget();
        store.inner.instances.get_mut(index).ok_or(Error::WrongStore)?.set_mode(mode)
    }

    fn item<T>(&self, store: &Store<'_, T>, entry: &ExportEntry) -> Option<Extern> {
        let instance = self.data(store).ok()?;
        let index = entry.index as usize;
        Some(match entry.kind {
            ExternKind::Func => {
                Extern::Func(Func::from_address(instance.func_base + entry.index, store.id)?)
            }
            ExternKind::Table => Extern::Table(Table::find(store, *instance.tables.get(index)?)?),
            ExternKind::Memory => {
                Extern::Memory(Memory::find(store, *instance.memories.get(index)?)?)
            }
            ExternKind::Global => Extern::Global(Global::of_instance(*self, entry.index)),
            #[cfg(feature = "exceptions")]
            ExternKind::Tag => {
                Extern::Tag(super::Tag::from_address(*instance.tags.0.get(index)?, store.id))
            }
        })
    }

    /// The export with this name.
    pub fn get_export<'a>(&self, store: impl AsStore<'a>, name: &str) -> Option<Extern> {
        let store = store.as_store();
        let entry = self.data(store).ok()?.module.data.export(name)?;
        self.item(store, &entry)
    }

    /// All exports by name, in the module's order.
    pub fn exports<'s, 'a: 's, S: AsStore<'a>>(
        &self,
        store: &'s S,
    ) -> impl Iterator<Item = (&'s str, Extern)> + use<'s, 'a, S> {
        let instance = *self;
        let store = store.as_store();
        let entries = instance.data(store).ok().map(|data| data.module.data.exports());
        entries
            .into_iter()
            .flatten()
            .filter_map(move |entry| Some((entry.name, instance.item(store, &entry)?)))
    }

    /// The function that it exports under this name.
    pub fn get_func<'a>(&self, store: impl AsStore<'a>, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The memory that it exports under this name.
    pub fn get_memory<'a>(&self, store: impl AsStore<'a>, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The table that it exports under this name.
    pub fn get_table<'a>(&self, store: impl AsStore<'a>, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The global that it exports under this name.
    pub fn get_global<'a>(&self, store: impl AsStore<'a>, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }

    /// The function that it exports under this name, with its type known to Rust.
    ///
    /// # Errors
    /// [`Error::UnknownExport`], [`Error::TypeMismatch`].
    pub fn get_typed_func<'a, P: Params, R: Results>(
        &self,
        store: impl AsStore<'a>,
        name: &str,
    ) -> Result<TypedFunc<P, R>, Error> {
        let store = store.as_store();
        self.get_func(store, name).ok_or(Error::UnknownExport)?.typed(store)
    }
}
