//! Memories, tables and globals as the embedder sees them.

#[cfg(feature = "exceptions")]
use super::exception::Tag;
use super::func::Func;
use super::linker::Instance;
use super::store::{AsStore, AsStoreMut, Store};
use super::val::Val;
use crate::alloc::TryBox;
use crate::binary::types::{GlobalType, MemoryType, TableType};
use crate::error::Error;
use crate::store::link::{read_global, write_global};
use crate::store::memory::MemoryData;
use crate::store::table::TableData;
use crate::store::GlobalData;
use crate::store::StoreData;
use zonda_exec::{vector, GlobalRef};

/// Something that can be imported and exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extern {
    Func(Func),
    Table(Table),
    Memory(Memory),
    Global(Global),
    #[cfg(feature = "exceptions")]
    Tag(Tag),
}

impl Extern {
    /// Whether both are one function, table, memory or global of the store, however they were
    /// reached: what one instance exports is what another imports from it.
    pub fn is_same<'a>(&self, store: impl AsStore<'a>, other: &Extern) -> bool {
        let store = store.as_store();
        match (self, other) {
            (Extern::Func(func), Extern::Func(other)) => func.is_same(store, other),
            (Extern::Global(global), Extern::Global(other)) => {
                match (global.place(store), other.place(store)) {
                    (Ok((place, _)), Ok((other, _))) => core::ptr::eq(place.cell(), other.cell()),
                    _ => false,
                }
            }
            _ => self == other,
        }
    }

    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        if let Extern::Func(func) = self {
            Some(func)
        } else {
            None
        }
    }
    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        if let Extern::Table(table) = self {
            Some(table)
        } else {
            None
        }
    }
    /// The memory, if it is one.
    pub fn into_memory(self) -> Option<Memory> {
        if let Extern::Memory(memory) = self {
            Some(memory)
        } else {
            None
        }
    }
    /// The tag, if it is one.
    #[cfg(feature = "exceptions")]
    pub fn into_tag(self) -> Option<Tag> {
        if let Extern::Tag(tag) = self {
            Some(tag)
        } else {
            None
        }
    }
    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        if let Extern::Global(global) = self {
            Some(global)
        } else {
            None
        }
    }
}

/// A memory in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    index: u32,
    store: u32,
}

impl Memory {
    /// Makes a memory of the type's initial size.
    ///
    /// # Errors
    /// [`Error::Shortage`].
    pub fn new<'a>(mut store: impl AsStoreMut<'a>, ty: MemoryType) -> Result<Memory, Error> {
        let store = store.as_store_mut().inside();
        let index = store.inner.memories.len() as u32;
        store.inner.budget.set_index(index);
        store.inner.new_memory(ty).map_err(|fault| store.inner.error(fault))?;
        Ok(Memory { index, store: store.id })
    }

    pub(super) fn find<T>(store: &Store<'_, T>, at: *const MemoryData) -> Option<Memory> {
        let index =
            store.inner.memories.iter().position(|memory| core::ptr::eq(memory.as_ptr(), at))?;
        Some(Memory { index: index as u32, store: store.id })
    }

    pub(super) fn get<'s, T>(
        &self,
        store: &'s Store<'_, T>,
    ) -> Result<&'s TryBox<MemoryData>, Error> {
        let memories = if self.store == store.id { &store.inner.memories[..] } else { &[] };
        memories.get(self.index as usize).ok_or(Error::WrongStore)
    }

    fn get_mut<'s, T>(&self, store: &'s mut Store<'_, T>) -> Result<&'s mut MemoryData, Error> {
        let memories = if self.store == store.id { &mut store.inner.memories[..] } else { &mut [] };
        memories.get_mut(self.index as usize).map(|memory| &mut **memory).ok_or(Error::WrongStore)
    }

    /// Its type, with the size that it has now.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn ty<'a>(&self, store: impl AsStore<'a>) -> Result<MemoryType, Error> {
        Ok(self.get(store.as_store())?.current_type())
    }

    /// Its size in pages.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn size<'a>(&self, store: impl AsStore<'a>) -> Result<u32, Error> {
        Ok(self.get(store.as_store())?.seen.pages)
    }

    /// Grows by `delta` pages; returns the size before.
    ///
    /// # Errors
    /// [`Error::CannotGrow`] beyond the type or
    /// [`StoreConfig::memory_limit`](crate::StoreConfig::memory_limit); [`Error::Shortage`] beyond
    /// the store's limit, or what the allocator has.
    pub fn grow<'a>(&self, mut store: impl AsStoreMut<'a>, delta: u32) -> Result<u32, Error> {
        let store = store.as_store_mut().inside();
        self.get(store)?;
        let inner = &mut *store.inner;
        inner.budget.set_index(self.index);
        let memory = inner.memories.get_mut(self.index as usize).ok_or(Error::WrongStore)?;
        let grown = memory.grow(delta, &inner.budget).map_err(|fault| inner.error(fault));
        inner.forget();
        grown
    }

    /// Its bytes: those that can be accessed, which are fewer than its pages have where the store's
    /// limit says so.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn data<'s, 'a: 's, S: AsStore<'a>>(&self, store: &'s S) -> Result<&'s [u8], Error> {
        Ok(self.get(store.as_store())?.bytes())
    }

    /// The address and the number of its bytes, for embedders that cannot borrow the store. Growing
    /// the memory moves them.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn data_ptr<'a>(&self, store: impl AsStore<'a>) -> Result<*mut [u8], Error> {
        Ok(self.get(store.as_store())?.bytes_ptr())
    }

    /// Its bytes, to be written.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn data_mut<'s, 'a: 's, S: AsStoreMut<'a>>(
        &self,
        store: &'s mut S,
    ) -> Result<&'s mut [u8], Error> {
        Ok(self.get_mut(store.as_store_mut().inside())?.bytes_mut())
    }

    /// Its bytes to be written, together with the embedder's data.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn data_and_store_mut<'s, 'a: 's, S: AsStoreMut<'a>>(
        &self,
        store: &'s mut S,
    ) -> Result<(&'s mut [u8], &'s mut S::Data), Error> {
        let store = store.as_store_mut().inside();
        let at = self.get(store)?.as_ptr();
        // SAFETY: the bytes and the embedder's data are different parts of the store, which stays
        // borrowed.
        let bytes = unsafe { (*at).bytes_mut() };
        Ok((bytes, store.data_mut()))
    }

    /// Copies from memory.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`].
    pub fn read<'a>(
        &self,
        store: impl AsStore<'a>,
        address: u32,
        to: &mut [u8],
    ) -> Result<(), Error> {
        let bytes = self.get(store.as_store())?.bytes();
        let from = bytes
            .get(address as usize..)
            .and_then(|rest| rest.get(..to.len()))
            .ok_or(Error::OutOfBounds)?;
        to.copy_from_slice(from);
        Ok(())
    }

    /// Copies to memory.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`].
    pub fn write<'a>(
        &self,
        mut store: impl AsStoreMut<'a>,
        address: u32,
        from: &[u8],
    ) -> Result<(), Error> {
        let bytes = self.get_mut(store.as_store_mut().inside())?.bytes_mut();
        let to = bytes
            .get_mut(address as usize..)
            .and_then(|rest| rest.get_mut(..from.len()))
            .ok_or(Error::OutOfBounds)?;
        to.copy_from_slice(from);
        Ok(())
    }
}

/// A table in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    index: u32,
    store: u32,
}

impl Table {
    /// Makes a table of the type's initial size, filled with `init`.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`] when `init` is not of the element type, [`Error::TooLarge`],
    /// [`Error::Shortage`].
    pub fn new<'a>(
        mut store: impl AsStoreMut<'a>,
        ty: TableType,
        init: Val,
    ) -> Result<Table, Error> {
        let store = store.as_store_mut().inside();
        let init = reference(&store.inner, ty, init, store.id)?;
        let index = store.inner.tables.len() as u32;
        store.inner.budget.set_index(index);
        store.inner.new_table(ty, init).map_err(|fault| store.inner.error(fault))?;
        Ok(Table { index, store: store.id })
    }

    pub(super) fn find<T>(store: &Store<'_, T>, at: *const TableData) -> Option<Table> {
        let index =
            store.inner.tables.iter().position(|table| core::ptr::eq(table.as_ptr(), at))?;
        Some(Table { index: index as u32, store: store.id })
    }

    pub(super) fn data<'s, T>(
        &self,
        store: &'s Store<'_, T>,
    ) -> Result<&'s TryBox<TableData>, Error> {
        let tables = if self.store == store.id { &store.inner.tables[..] } else { &[] };
        tables.get(self.index as usize).ok_or(Error::WrongStore)
    }

    fn data_mut<'s, T>(&self, store: &'s mut Store<'_, T>) -> Result<&'s mut TableData, Error> {
        let tables = if self.store == store.id { &mut store.inner.tables[..] } else { &mut [] };
        tables.get_mut(self.index as usize).map(|table| &mut **table).ok_or(Error::WrongStore)
    }

    /// Its type, with the size that it has now.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn ty<'a>(&self, store: impl AsStore<'a>) -> Result<TableType, Error> {
        Ok(self.data(store.as_store())?.current_type())
    }

    /// Its size in elements.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn size<'a>(&self, store: impl AsStore<'a>) -> Result<u32, Error> {
        Ok(self.data(store.as_store())?.elements.len() as u32)
    }

    /// An element.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`].
    pub fn get<'a>(&self, store: impl AsStore<'a>, index: u32) -> Result<Val, Error> {
        let store = store.as_store();
        let table = self.data(store)?;
        let &element = table.elements.get(index as usize).ok_or(Error::OutOfBounds)?;
        store.inner.check_reference(table.ty().element, element as u64);
        Ok(Val::from_bits(table.ty().element, element.into(), store.id))
    }

    /// Sets an element.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`], [`Error::TypeMismatch`].
    pub fn set<'a>(
        &self,
        mut store: impl AsStoreMut<'a>,
        index: u32,
        value: Val,
    ) -> Result<(), Error> {
        let store = store.as_store_mut().inside();
        let id = store.id;
        let value = reference(&store.inner, self.data(store)?.ty(), value, id)?;
        let table = self.data_mut(store)?;
        *table.elements.get_mut(index as usize).ok_or(Error::OutOfBounds)? = value;
        Ok(())
    }

    /// Grows by `delta` elements; returns the size before.
    ///
    /// # Errors
    /// [`Error::CannotGrow`] beyond the type, [`Error::Shortage`], [`Error::TypeMismatch`].
    pub fn grow<'a>(
        &self,
        mut store: impl AsStoreMut<'a>,
        delta: u32,
        init: Val,
    ) -> Result<u32, Error> {
        let store = store.as_store_mut().inside();
        let id = store.id;
        let init = reference(&store.inner, self.data(store)?.ty(), init, id)?;
        let inner = &mut *store.inner;
        inner.budget.set_index(self.index);
        let table = inner.tables.get_mut(self.index as usize).ok_or(Error::WrongStore)?;
        table.grow(delta, init, &inner.budget).map_err(|fault| inner.error(fault))
    }
}

/// A reference for a table, as the operand stack holds it.
fn reference(inner: &StoreData, ty: TableType, value: Val, store: u32) -> Result<u32, Error> {
    if !value.has_type(inner, store, ty.element) {
        return Err(Error::TypeMismatch);
    }
    value.to_bits(store).map(|bits| bits as u32).ok_or(Error::WrongStore)
}

/// A global in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// The instance that has it in its index space; none for one of the store itself.
    instance: Option<Instance>,
    index: u32,
    store: u32,
}

impl Global {
    /// Creates a global.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`] when `value` has another type, [`Error::OutOfMemory`].
    pub fn new<'a>(
        mut store: impl AsStoreMut<'a>,
        ty: GlobalType,
        value: Val,
    ) -> Result<Global, Error> {
        let store = store.as_store_mut().inside();
        if !value.has_type(&store.inner, store.id, ty.content) {
            return Err(Error::TypeMismatch);
        }
        let bits = value.to_bits(store.id).ok_or(Error::WrongStore)?;
        let cell = core::array::from_fn(|slot| (bits >> (32 * slot)) as u32);
        let global = TryBox::new(GlobalData { cell, ty })?;
        store.inner.globals.push(global)?;
        Ok(Global { instance: None, index: store.inner.globals.len() as u32 - 1, store: store.id })
    }

    pub(super) fn of_instance(instance: Instance, index: u32) -> Global {
        Global { instance: Some(instance), index, store: instance.store() }
    }

    /// Where it lives, and its type.
    pub(super) fn place<T>(&self, store: &Store<'_, T>) -> Result<(GlobalRef, GlobalType), Error> {
        if self.store != store.id {
            return Err(Error::WrongStore);
        }
        let Some(instance) = self.instance else {
            let global = store.inner.globals.get(self.index as usize).ok_or(Error::WrongStore)?;
            let cell = global.as_ptr().cast::<u32>();
            // SAFETY: the record lives as long as the store; `cell` is a field of it.
            let cell = unsafe { cell.byte_add(core::mem::offset_of!(GlobalData, cell)) };
            return Ok((GlobalRef::new(cell, global.ty.content.slots()), global.ty));
        };
        let instance = instance.data(store)?;
        let place = instance.globals.get(self.index as usize).ok_or(Error::WrongStore)?;
        let ty = instance.module.data.globals.get(self.index as usize).ok_or(Error::WrongStore)?.ty;
        Ok((*place, instance.types.global(ty)))
    }

    /// Its type.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn ty<'a>(&self, store: impl AsStore<'a>) -> Result<GlobalType, Error> {
        Ok(self.place(store.as_store())?.1)
    }

    /// Its value.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn get<'a>(&self, store: impl AsStore<'a>) -> Result<Val, Error> {
        let store = store.as_store();
        let (place, ty) = self.place(store)?;
        // SAFETY: `place` has found the global in this store, which is borrowed.
        let bits = unsafe { read_global(place) };
        store.inner.check_reference(ty.content, vector::low(bits));
        Ok(Val::from_bits(ty.content, bits, store.id))
    }

    /// Sets its value.
    ///
    /// # Errors
    /// [`Error::Immutable`], [`Error::TypeMismatch`].
    pub fn set<'a>(&self, mut store: impl AsStoreMut<'a>, value: Val) -> Result<(), Error> {
        let store = store.as_store_mut().inside();
        let (place, ty) = self.place(store)?;
        if !ty.mutable {
            return Err(Error::Immutable);
        }
        if !value.has_type(&store.inner, store.id, ty.content) {
            return Err(Error::TypeMismatch);
        }
        let bits = value.to_bits(store.id).ok_or(Error::WrongStore)?;
        // SAFETY: `place` has found the global in this store, which is borrowed; the types were
        // compared.
        unsafe { write_global(place, bits) };
        Ok(())
    }
}
