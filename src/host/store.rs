//! The store, and what stands for it while a host function runs.

use crate::alloc::{AtomicU32, TryArc, TryBox};
use crate::error::Error;
use crate::store::{StoreConfig, StoreData};
use crate::Engine;
use core::sync::atomic::Ordering;
use zonda_exec::Meter;

static NEXT_ID: AtomicU32 = AtomicU32::new(1);

/// A number that no other store has: handles are distinguished by it, so no number may occur twice.
// Rust 1.99 calls it `try_update`, a name that the oldest supported Rust does not have.
#[allow(deprecated)]
fn take_id(next: &AtomicU32) -> Result<u32, Error> {
    next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |id| id.checked_add(1))
        .map_err(|_| Error::TooLarge)
}

/// Owns everything that exists at run time, and the embedder's data for its host functions. All of
/// it is freed when the store is dropped.
///
/// Instances of one store can share memories, tables, globals and functions; instances of different
/// stores cannot, and may run in different threads.
///
/// A store can be sent to another thread if its data can, but is used by one at a time
/// (docs/threads.md):
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<zonda::Store<'static, ()>>();
/// ```
/// ```compile_fail,E0277
/// fn sent<T: Send>() {}
/// sent::<zonda::Store<'static, std::rc::Rc<()>>>();
/// ```
/// ```compile_fail,E0277
/// fn sent<T: Send>() {}
/// sent::<zonda::Caller<'static, 'static, std::rc::Rc<()>>>();
/// ```
/// Host functions serve the stores of many threads:
/// ```compile_fail,E0277
/// let counted = std::rc::Rc::new(());
/// let _ = zonda::Linker::<()>::new().func_wrap("env", "count", move || std::rc::Rc::strong_count(&counted) as u32);
/// ```
pub struct Store<'a, T> {
    pub(crate) inner: TryBox<StoreData<'a>>,
    pub(crate) id: u32,
    data: T,
}

#[cfg(feature = "gc")]
impl<T> Store<'_, T> {
    /// Bytes that the heap of structures and arrays takes, bytes of the objects in it, their
    /// number, and the number of collections so far.
    pub fn object_counts(&self) -> (usize, usize, usize, u32) {
        self.inner.object_counts()
    }
}

impl<'a, T> Store<'a, T> {
    /// A store with the usual configuration.
    ///
    /// # Errors
    /// As for [`Store::with_config`].
    pub fn new(engine: &Engine, data: T) -> Result<Store<'a, T>, Error> {
        Store::with_config(engine, data, StoreConfig::default())
    }

    /// A store with an operand stack and limits that the embedder chooses.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]; [`Error::TooLarge`] for the 4,294,967,295th store of a process.
    pub fn with_config(
        engine: &Engine,
        data: T,
        config: StoreConfig,
    ) -> Result<Store<'a, T>, Error> {
        let _ = engine;
        let inner = StoreData::new(config, true)?;
        Ok(Store { inner, id: take_id(&NEXT_ID)?, data })
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        &self.data
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.data
    }

    /// Drops the store and returns the embedder's data.
    pub fn into_data(self) -> T {
        self.data
    }

    /// Fuel that is left: one unit pays for one call or one turn of a loop. `u64::MAX` until it is
    /// set.
    #[cfg(feature = "fuel")]
    pub fn fuel(&self) -> u64 {
        self.inner.meter.fuel()
    }

    /// Sets the fuel that is left.
    #[cfg(feature = "fuel")]
    pub fn set_fuel(&mut self, fuel: u64) {
        self.inner.meter.set_fuel(fuel);
    }

    /// Sets how much native stack a call of native code may use, with everything that it calls;
    /// more of it traps with [`TrapCode::StackOverflow`](crate::TrapCode). Default 256 KB on a
    /// host, 2 KB on a device.
    ///
    /// # Safety
    /// Each thread that calls into the store has so much stack left when it calls, and 4 KB more
    /// for what host functions and the runtime need besides.
    #[cfg(feature = "native")]
    pub unsafe fn set_native_stack(&mut self, bytes: usize) {
        self.inner.forget();
        self.inner.meter.native.bytes.set(bytes);
    }

    /// Writes a record of each trap from now on, of at most `bytes` bytes, with at most `memory`
    /// bytes of the linear memory that the program uses as its stack (docs/traps.md). The memory
    /// for it is allocated here, not when something traps.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    #[cfg(feature = "trap-record")]
    pub fn keep_trap_record(&mut self, bytes: usize, memory: usize) -> Result<(), Error> {
        Ok(self.inner.recorder.allocate(bytes, memory)?)
    }

    /// The record of the last trap, if [`Store::keep_trap_record`] was called and something has
    /// trapped since. It stays until the next trap.
    #[cfg(feature = "trap-record")]
    pub fn trap_record(&self) -> Option<&[u8]> {
        let record = self.inner.recorder.last();
        (!record.is_empty()).then_some(record)
    }

    /// A handle by which another thread, or an interrupt handler, can stop code of this store.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle { meter: self.inner.meter.clone() }
    }
}

/// Stops the code of a store from elsewhere.
#[derive(Clone)]
pub struct InterruptHandle {
    meter: TryArc<Meter>,
}

// SAFETY: a handle accesses nothing of the meter but its termination request, which is atomic. The
// number of owners is atomic as well, and whichever thread drops the last one drops a `Meter`,
// which is `Send`.
unsafe impl Send for InterruptHandle {}
// SAFETY: as for `Send`.
unsafe impl Sync for InterruptHandle {}

impl InterruptHandle {
    /// Code that runs traps with [`crate::TrapCode::Terminated`] at its next call or loop; if none
    /// runs, the next call into the store does that comes to one. From any thread and from
    /// interrupt handlers; to drop the handle is not for the latter.
    pub fn terminate(&self) {
        self.meter.termination.raise();
    }
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Store<'_, T> {}
    impl<T> Sealed for super::StoreMut<'_, '_, T> {}
    impl<T> Sealed for crate::host::Caller<'_, '_, T> {}
    impl<S: Sealed> Sealed for &S {}
    impl<S: Sealed> Sealed for &mut S {}
}

/// A store, or a [`crate::Caller`] that stands for one.
pub trait AsStore<'a>: sealed::Sealed {
    /// The type of the embedder's data.
    type Data;
    /// The store.
    fn as_store(&self) -> &Store<'a, Self::Data>;
}

/// A store, or a [`crate::Caller`] that stands for one, that may be changed.
pub trait AsStoreMut<'a>: AsStore<'a> {
    /// The store.
    fn as_store_mut(&mut self) -> StoreMut<'_, 'a, Self::Data>;
}

/// A store that may be changed, but not replaced: while a host function runs, the code that called
/// it still needs the store where it is, so no `&mut Store` may reach the host function, with which
/// it could be moved away (`core::mem::replace`).
///
/// ```compile_fail,E0308
/// use zonda::{AsStoreMut, Caller, Engine, Store};
/// fn host(mut caller: Caller<'_, '_, u32>) {
///     let mut other = Store::new(&Engine::default(), 0).unwrap();
///     core::mem::swap(&mut other, caller.as_store_mut());
/// }
/// ```
/// ```compile_fail,E0594
/// use zonda::{AsStoreMut, Caller, Engine, Store};
/// fn host(mut caller: Caller<'_, '_, u32>) {
///     *caller.as_store_mut() = Store::new(&Engine::default(), 0).unwrap();
/// }
/// ```
/// What it is for:
/// ```
/// use zonda::{AsStoreMut, Caller};
/// fn host(mut caller: Caller<'_, '_, u32>) {
///     *caller.as_store_mut().data_mut() += 1;
///     caller.as_store_mut().set_fuel(1_000);
/// }
/// ```
pub struct StoreMut<'s, 'a, T>(&'s mut Store<'a, T>);

impl<'s, 'a, T> StoreMut<'s, 'a, T> {
    pub(super) fn new(store: &'s mut Store<'a, T>) -> StoreMut<'s, 'a, T> {
        StoreMut(store)
    }

    /// For this crate, which does not move the store.
    pub(super) fn inside(self) -> &'s mut Store<'a, T> {
        self.0
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.0.data
    }

    /// Sets the fuel that is left.
    #[cfg(feature = "fuel")]
    pub fn set_fuel(&mut self, fuel: u64) {
        self.0.set_fuel(fuel);
    }
}

/// What only reads: [`Store::data`], [`Store::fuel`], [`Store::interrupt_handle`].
impl<'a, T> core::ops::Deref for StoreMut<'_, 'a, T> {
    type Target = Store<'a, T>;
    fn deref(&self) -> &Store<'a, T> {
        self.0
    }
}

impl<'a, T> AsStore<'a> for StoreMut<'_, 'a, T> {
    type Data = T;
    fn as_store(&self) -> &Store<'a, T> {
        self.0
    }
}

impl<'a, T> AsStoreMut<'a> for StoreMut<'_, 'a, T> {
    fn as_store_mut(&mut self) -> StoreMut<'_, 'a, T> {
        StoreMut(self.0)
    }
}

impl<'a, T> AsStore<'a> for Store<'a, T> {
    type Data = T;
    fn as_store(&self) -> &Store<'a, T> {
        self
    }
}

impl<'a, T> AsStoreMut<'a> for Store<'a, T> {
    fn as_store_mut(&mut self) -> StoreMut<'_, 'a, T> {
        StoreMut(self)
    }
}

impl<'a, S: AsStore<'a>> AsStore<'a> for &S {
    type Data = S::Data;
    fn as_store(&self) -> &Store<'a, S::Data> {
        (**self).as_store()
    }
}

impl<'a, S: AsStore<'a>> AsStore<'a> for &mut S {
    type Data = S::Data;
    fn as_store(&self) -> &Store<'a, S::Data> {
        (**self).as_store()
    }
}

impl<'a, S: AsStoreMut<'a>> AsStoreMut<'a> for &mut S {
    fn as_store_mut(&mut self) -> StoreMut<'_, 'a, S::Data> {
        (**self).as_store_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_a_store_comes_twice() {
        let next = AtomicU32::new(u32::MAX - 2);
        assert_eq!(take_id(&next), Ok(u32::MAX - 2));
        assert_eq!(take_id(&next), Ok(u32::MAX - 1));
        assert_eq!(take_id(&next), Err(Error::TooLarge));
        assert_eq!(take_id(&next), Err(Error::TooLarge));
    }
}
