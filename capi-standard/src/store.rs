//! Stores, and how a function of the header enters one.
//!
//! A `wasm_store_t` owns the runtime's store until the application deletes it, and is freed itself
//! with the last handle of an object (`object`). A function that finds the runtime's store gone
//! does nothing: nothing dangles, whatever the order in which an application deletes.
//!
//! While a host function runs, the runtime's store is borrowed by the call that runs it.
//! [`wasm_store_t::with`] then enters through that borrow, which the host function's frame has
//! published in `current`.

use crate::engine::wasm_engine_t;
use crate::object::{self, Object};
use crate::trap;
use crate::types::{hand_out, take_back};
use core::cell::{Cell, UnsafeCell};
use core::mem::transmute;
use core::ptr::null_mut;
use zonda::{AsStoreMut, Caller, Store, StoreMut, TryVec};

/// The data of the runtime's store: which store of the header it is.
#[derive(Clone, Copy)]
pub(crate) struct Owner(pub *const wasm_store_t);

/// The runtime's store, entered.
pub(crate) type Entered<'s> = StoreMut<'s, 'static, Owner>;

pub struct wasm_store_t {
    /// None once the application has deleted it.
    store: UnsafeCell<Option<Store<'static, Owner>>>,
    /// How the innermost host function that runs has borrowed it; null while none runs.
    current: Cell<*mut Entered<'static>>,
    /// Whether a call into the runtime's store is active that `current` says nothing of.
    entered: Cell<bool>,
    /// The application has deleted the store while it ran.
    pub(crate) deleted: Cell<bool>,
    /// The store has ended: no object is pinned or referenced any more.
    pub(crate) ended: Cell<bool>,
    /// Handles of objects of the store, and one for the application.
    holders: Cell<usize>,
    /// The list of all objects.
    pub(crate) first: Cell<*mut Object>,
    /// The objects that modules have references to, by their numbers.
    pub(crate) numbers: UnsafeCell<TryVec<*mut Object>>,
    /// The trap of a host function on its way to the caller, or null.
    pub(crate) thrown: Cell<*mut Object>,
    /// The trap for a call that fails when there is no memory for another.
    pub(crate) last_resort: Cell<*mut Object>,
}

impl wasm_store_t {
    /// Calls `f` with the runtime's store, unless that is gone.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Entered<'_>) -> R) -> Option<R> {
        let current = self.current.get();
        if !current.is_null() {
            // SAFETY: a host function that runs has published its borrow of the store, and does not
            // use it until the function of the application returns.
            let current = unsafe { &mut *current };
            return Some(f(&mut current.as_store_mut()));
        }
        if self.entered.replace(true) {
            return None;
        }
        self.hold();
        // SAFETY: `entered` was false, so nobody borrows the store; who enters while `f` runs comes
        // through `current`, which a host function sets, or is refused above.
        let store = unsafe { &mut *self.store.get() };
        let result = store.as_mut().map(|store| f(&mut store.as_store_mut()));
        self.entered.set(false);
        if self.deleted.get() {
            self.end();
        }
        // SAFETY: held above; the caller's object or store holds it as well, as an application
        // deletes neither while it is in use.
        unsafe { wasm_store_t::release(self) };
        result
    }

    /// Runs a function of the application for a host function: functions of the header enter the
    /// store through `caller` meanwhile.
    pub(crate) fn lend<R>(&self, caller: &mut Caller<'_, '_, Owner>, f: impl FnOnce() -> R) -> R {
        let mut lent = caller.as_store_mut();
        // SAFETY: only the lifetimes differ. The pointer is used while `f` runs and not afterwards,
        // which `lent` outlives; all stores of this crate are `Store<'static, Owner>`.
        let lent: *mut Entered<'static> = unsafe {
            transmute::<*mut StoreMut<'_, '_, Owner>, *mut Entered<'static>>(&raw mut lent)
        };
        let before = self.current.replace(lent);
        let result = f();
        self.current.set(before);
        result
    }

    /// One holder more.
    pub(crate) fn hold(&self) {
        self.holders.set(self.holders.get().saturating_add(1));
    }

    /// One holder less; the last one frees it.
    ///
    /// # Safety
    /// The holder has called [`wasm_store_t::hold`], and does not use it afterwards.
    pub(crate) unsafe fn release(this: *const wasm_store_t) {
        // SAFETY: live, as the caller still holds it.
        let holders = unsafe { &(*this).holders };
        let left = holders.get().saturating_sub(1);
        holders.set(left);
        if left == 0 {
            // SAFETY: made by `wasm_store_new`, and this was the last holder.
            unsafe { take_back(this.cast_mut()) };
        }
    }

    /// Drops what exists at run time, once: memories, instances, host functions, and all objects
    /// that the application has no handle of.
    fn end(&self) {
        if self.entered.get() || !self.current.get().is_null() {
            return;
        }
        // SAFETY: nobody has entered the store, so nobody borrows it.
        let store = unsafe { (*self.store.get()).take() };
        if store.is_none() {
            return;
        }
        self.hold();
        self.ended.set(true);
        // Finalizers of the application run: functions of the header find the store gone.
        drop(store);
        // SAFETY: nobody borrows the list: it is used inside of functions of `object`.
        unsafe { (*self.numbers.get()).truncate(0) };
        // SAFETY: null, or a handle that the store owns.
        unsafe { object::delete(self.thrown.replace(null_mut())) };
        self.last_resort.set(null_mut());
        object::end(self);
        // SAFETY: held above, and by the caller.
        unsafe { wasm_store_t::release(self) };
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_store_new(engine: *mut wasm_engine_t) -> *mut wasm_store_t {
    if engine.is_null() {
        return null_mut();
    }
    let made = hand_out(wasm_store_t {
        store: UnsafeCell::new(None),
        current: Cell::new(null_mut()),
        entered: Cell::new(false),
        deleted: Cell::new(false),
        ended: Cell::new(false),
        holders: Cell::new(1),
        first: Cell::new(null_mut()),
        numbers: UnsafeCell::new(TryVec::new()),
        thrown: Cell::new(null_mut()),
        last_resort: Cell::new(null_mut()),
    });
    // SAFETY: made here, or null.
    let Some(this) = (unsafe { made.as_ref() }) else { return null_mut() };
    let config = zonda::capi::store_config();
    match Store::with_config(&zonda::capi::engine(), Owner(made), config) {
        // SAFETY: nobody else has the store yet.
        Ok(store) => unsafe { *this.store.get() = Some(store) },
        Err(_) => {
            // SAFETY: as above.
            unsafe { take_back(made) };
            return null_mut();
        }
    }
    let spare = trap::out_of_memory(this);
    this.last_resort.set(spare);
    if spare.is_null() {
        // SAFETY: nobody else has the store.
        unsafe { wasm_store_delete(made) };
        return null_mut();
    }
    made
}

/// Ends the store: at once, or when the call that runs in it has returned.
#[no_mangle]
pub unsafe extern "C" fn wasm_store_delete(store: *mut wasm_store_t) {
    // SAFETY: null, or made by `wasm_store_new` and deleted once.
    unsafe {
        let Some(this) = store.as_ref() else { return };
        if this.deleted.replace(true) {
            return;
        }
        this.end();
        wasm_store_t::release(store);
    }
}
