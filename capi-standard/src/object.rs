//! Handles: whatever the header calls a reference is an [`Object`], and a pointer to one.
//!
//! The standard and WAMR disagree on who owns what `wasm_func_as_ref` and its relatives return:
//! with the standard it is the same handle, with WAMR another one that the application deletes. An
//! object serves both. It counts two kinds of owners:
//!
//! - `handles`: what functions return that make or copy objects (`wasm_func_new`,
//!   `wasm_extern_copy`, `wasm_instance_exports`). They last until the application deletes them,
//!   also when the store is gone.
//! - `refs`: what the application may delete or not, depending on the header that it was written
//!   for: references (`wasm_ref_copy`, results of calls, elements of tables) and what conversions
//!   return. They end with the store. Their addresses have the bit [`REFERENCE`], so that deleting
//!   one takes a reference and no handle.
//!
//! An object is freed when nobody owns it; one that is `pinned` (a module may have it, or it has
//! host information, or it is an instance) lasts as long as the store.
//!
//! Invariant: every object is in the list of its `wasm_store_t`, which it holds.

use crate::store::wasm_store_t;
use crate::trap::TrapData;
use crate::types::*;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::null_mut;
use zonda::{Extern, Instance, Module, TryBox};

pub type Finalizer = unsafe extern "C" fn(*mut c_void);

/// What an object stands for.
pub(crate) enum What {
    Extern(Extern),
    /// Nothing, in place of an import of this kind.
    Placeholder(wasm_externkind_t),
    /// With its module, for the frames of traps.
    Instance(Instance, Module<'static>),
    Trap(TrapData),
    /// An object of the application.
    Foreign,
}

/// No number yet.
const NO_NUMBER: u32 = u32::MAX;

/// The bit of an address that the application deletes or not.
const REFERENCE: usize = 1;

const _: () = assert!(align_of::<Object>() > REFERENCE);

/// The address of an object, for the application to delete or not.
pub(crate) fn reference(object: *const Object) -> *mut Object {
    if object.is_null() {
        return null_mut();
    }
    object.map_addr(|address| address | REFERENCE).cast_mut()
}

/// The address of an object, whatever the application has.
pub(crate) fn address(object: *const Object) -> *mut Object {
    object.map_addr(|address| address & !REFERENCE).cast_mut()
}

/// The object that the application has an address of; none for null.
///
/// # Safety
/// It is null or live.
pub(crate) unsafe fn live<'o>(object: *const Object) -> Option<&'o Object> {
    // SAFETY: the contract.
    unsafe { address(object).as_ref() }
}

pub struct Object {
    what: What,
    store: *const wasm_store_t,
    before: Cell<*mut Object>,
    next: Cell<*mut Object>,
    handles: Cell<usize>,
    refs: Cell<usize>,
    pinned: Cell<bool>,
    /// Its position in the store's list of references.
    number: Cell<u32>,
    info: Cell<*mut c_void>,
    finalizer: Cell<Option<Finalizer>>,
}

pub type wasm_ref_t = Object;
pub type wasm_func_t = Object;
pub type wasm_global_t = Object;
pub type wasm_table_t = Object;
pub type wasm_memory_t = Object;
pub type wasm_extern_t = Object;
pub type wasm_instance_t = Object;
pub type wasm_trap_t = Object;
pub type wasm_foreign_t = Object;

fn add(count: &Cell<usize>) {
    count.set(count.get().saturating_add(1));
}

/// Takes one, if there is one.
fn take(count: &Cell<usize>) -> bool {
    let left = count.get().checked_sub(1);
    count.set(left.unwrap_or(0));
    left.is_some()
}

impl Object {
    /// An object with one handle; null where there is no memory.
    pub(crate) fn new(store: &wasm_store_t, what: What) -> *mut Object {
        let made = Object {
            what,
            store,
            before: Cell::new(null_mut()),
            next: Cell::new(store.first.get()),
            handles: Cell::new(1),
            refs: Cell::new(0),
            pinned: Cell::new(false),
            number: Cell::new(NO_NUMBER),
            info: Cell::new(null_mut()),
            finalizer: Cell::new(None),
        };
        let Ok(made) = TryBox::new(made) else { return null_mut() };
        let made = made.into_raw();
        store.hold();
        // SAFETY: objects of the list are live.
        if let Some(next) = unsafe { store.first.get().as_ref() } {
            next.before.set(made);
        }
        store.first.set(made);
        made
    }

    /// The same, with a reference in place of the handle; its address says so.
    pub(crate) fn new_ref(store: &wasm_store_t, what: What) -> *mut Object {
        let made = Object::new(store, what);
        // SAFETY: null or made here.
        if let Some(object) = unsafe { made.as_ref() } {
            object.handles.set(0);
            object.refs.set(1);
        }
        reference(made)
    }

    /// The store takes the only handle.
    pub(crate) fn own_by_store(&self) {
        self.handles.set(0);
        self.pin();
    }

    pub(crate) fn what(&self) -> &What {
        &self.what
    }

    /// # Safety
    /// Nobody else borrows what it stands for.
    pub(crate) unsafe fn trap_mut<'o>(this: *mut Object) -> Option<&'o mut TrapData> {
        // SAFETY: `this` is null or live, and the contract.
        match unsafe { &mut address(this).as_mut()?.what } {
            What::Trap(trap) => Some(trap),
            _ => None,
        }
    }

    pub(crate) fn store(&self) -> &wasm_store_t {
        // SAFETY: an object holds its store.
        unsafe { &*self.store }
    }

    pub(crate) fn item(&self) -> Option<Extern> {
        match self.what {
            What::Extern(item) => Some(item),
            _ => None,
        }
    }

    pub(crate) fn instance(&self) -> Option<Instance> {
        match self.what {
            What::Instance(instance, _) => Some(instance),
            _ => None,
        }
    }

    pub(crate) fn add_handle(&self) {
        add(&self.handles);
    }

    /// One reference more.
    pub(crate) fn add_ref(&self) {
        if !self.store().ended.get() {
            add(&self.refs);
        }
    }

    pub(crate) fn refs(&self) -> usize {
        self.refs.get()
    }

    /// Keeps it until the store ends.
    pub(crate) fn pin(&self) {
        self.pinned.set(!self.store().ended.get());
    }

    /// The number by which modules refer to it; none where there is no memory.
    pub(crate) fn number(&self) -> Option<u32> {
        if self.number.get() == NO_NUMBER {
            // SAFETY: nobody borrows the list outside of this function and `by_number`, and neither
            // calls anything that does.
            let numbers = unsafe { &mut *self.store().numbers.get() };
            let number =
                u32::try_from(numbers.len()).ok().filter(|&number| number < NO_NUMBER - 1)?;
            numbers.push((&raw const *self).cast_mut()).ok()?;
            self.number.set(number);
            self.pin();
        }
        Some(self.number.get())
    }

    /// The object with a number, with one reference more.
    pub(crate) fn by_number(store: &wasm_store_t, number: u32) -> *mut Object {
        // SAFETY: as in `number`.
        let numbers = unsafe { &*store.numbers.get() };
        let found = numbers.get(number as usize).copied().unwrap_or(null_mut());
        // SAFETY: numbered objects are pinned, so they are live while the list has them.
        if let Some(object) = unsafe { found.as_ref() } {
            object.add_ref();
        }
        reference(found)
    }

    /// Frees it if nobody owns it.
    ///
    /// # Safety
    /// Live; not used afterwards unless somebody owns it.
    unsafe fn end_if_unused(this: *mut Object) {
        // SAFETY: the contract; what is freed leaves the list before.
        unsafe {
            let object = &*this;
            if object.handles.get() == 0 && object.refs.get() == 0 && !object.pinned.get() {
                object.leave();
                Object::free(this);
            }
        }
    }

    /// Takes it out of the list.
    fn leave(&self) {
        let (before, next) = (self.before.get(), self.next.get());
        // SAFETY: neighbours in the list are live.
        unsafe {
            match before.as_ref() {
                Some(before) => before.next.set(next),
                None => self.store().first.set(next),
            }
            if let Some(next) = next.as_ref() {
                next.before.set(before);
            }
        }
        self.before.set(null_mut());
        self.next.set(null_mut());
    }

    /// Frees it, after its finalizer.
    ///
    /// # Safety
    /// It has left the list, and nobody owns it.
    unsafe fn free(this: *mut Object) {
        // SAFETY: the contract. While the finalizer runs, the object is pinned: whatever the
        // finalizer deletes, it is freed once.
        unsafe {
            (*this).pinned.set(true);
            Object::set_info(&*this, null_mut(), None);
            let store = (*this).store;
            take_back(this);
            wasm_store_t::release(store);
        }
    }

    /// Replaces its host information, after the finalizer of what it had.
    unsafe fn set_info(&self, info: *mut c_void, finalizer: Option<Finalizer>) {
        let before = self.info.replace(info);
        if let Some(end) = self.finalizer.replace(finalizer) {
            // SAFETY: the application has said that this function takes this information, and it is
            // called once.
            unsafe { end(before) };
        }
    }
}

/// Calls `each` with every instance of a store.
pub(crate) fn instances(store: &wasm_store_t, mut each: impl FnMut(&Object, &Module<'static>)) {
    // SAFETY: objects of the list are live.
    unsafe {
        let mut at = store.first.get().cast_const();
        while let Some(object) = at.as_ref() {
            if let What::Instance(_, module) = &object.what {
                each(object, module);
            }
            at = object.next.get();
        }
    }
}

/// Frees the objects of a store that ends, but those that the application has handles of.
pub(crate) fn end(store: &wasm_store_t) {
    let mut unused: *mut Object = null_mut();
    let mut at = store.first.get();
    // SAFETY: objects of the list are live; the next one is read before one leaves the list. No
    // finalizer runs in this loop.
    unsafe {
        while let Some(object) = at.as_ref() {
            let this = at;
            at = object.next.get();
            object.refs.set(0);
            object.number.set(NO_NUMBER);
            object.pinned.set(false);
            if object.handles.get() == 0 {
                object.leave();
                object.pinned.set(true);
                object.next.set(unused);
                unused = this;
            }
        }
        // They are pinned, so that nothing that a finalizer does frees one.
        while let Some(object) = unused.as_ref() {
            let this = unused;
            unused = object.next.get();
            object.next.set(null_mut());
            Object::free(this);
        }
    }
}

/// Takes back what the application has, a handle or a reference.
pub(crate) unsafe fn delete(object: *mut Object) {
    // SAFETY: null or live.
    unsafe {
        let Some(this) = live(object) else { return };
        let taken = if object.addr() & REFERENCE != 0 {
            take(&this.refs)
        } else {
            // An object of the application whose handle has become a reference.
            take(&this.handles) || take(&this.refs)
        };
        if taken {
            Object::end_if_unused(address(object));
        }
    }
}

/// The same object, with a handle more.
pub(crate) unsafe fn copy(object: *const Object) -> *mut Object {
    // SAFETY: null or live.
    if let Some(this) = unsafe { live(object) } {
        this.add_handle();
    }
    address(object)
}

/// The same object, with a reference more.
unsafe fn copy_ref(object: *const Object) -> *mut Object {
    // SAFETY: null or live.
    if let Some(this) = unsafe { live(object) } {
        this.add_ref();
    }
    reference(object)
}

/// An object of the application as a reference. Programs make one only to have the reference, and
/// delete that.
unsafe fn foreign_as_ref(object: *const Object) -> *mut Object {
    // SAFETY: null or live.
    match unsafe { live(object) } {
        Some(this) if !this.store().ended.get() => {
            take(&this.handles);
            this.add_ref();
            reference(object)
        }
        // A reference would have ended; the handle has not.
        _ => object.cast_mut(),
    }
}

/// Whether two handles are of one thing.
unsafe fn same(one: *const Object, other: *const Object) -> bool {
    if core::ptr::eq(address(one), address(other)) {
        return true;
    }
    // SAFETY: null or live.
    let (Some(one), Some(other)) = (unsafe { live(one) }, unsafe { live(other) }) else {
        return false;
    };
    match (&one.what, &other.what) {
        (What::Extern(item), What::Extern(other)) => {
            one.store().with(|store| item.is_same(&*store, other)).unwrap_or(false)
        }
        (What::Instance(instance, _), What::Instance(other, _)) => instance == other,
        _ => false,
    }
}

/// The object that has the host information of what an object stands for.
unsafe fn holder<'o>(object: *const Object) -> Option<&'o Object> {
    // SAFETY: null or live; so are the objects of the list.
    unsafe {
        let this = live(object)?;
        if this.pinned.get() || this.item().is_none() {
            return Some(this);
        }
        let mut at = this.store().first.get().cast_const();
        while let Some(other) = at.as_ref() {
            if other.pinned.get() && !other.info.get().is_null() && same(object, other) {
                return Some(other);
            }
            at = other.next.get();
        }
        Some(this)
    }
}

unsafe fn get_host_info(object: *const Object) -> *mut c_void {
    // SAFETY: null or live.
    unsafe { holder(object) }.map_or(null_mut(), |object| object.info.get())
}

unsafe fn set_host_info(object: *mut Object, info: *mut c_void, finalizer: Option<Finalizer>) {
    // SAFETY: null or live.
    unsafe {
        let Some(this) = holder(object) else { return };
        if this.item().is_some() && !info.is_null() {
            // What it stands for lasts as long as the store, and so does its information.
            this.pin();
        }
        this.set_info(info, finalizer);
    }
}

/// What kind of handle a reference can be converted to.
trait Kind {
    fn is(what: &What) -> bool;
}

macro_rules! kinds {
    ($($kind:ident => $pattern:pat,)*) => { $(
        struct $kind;
        impl Kind for $kind {
            fn is(what: &What) -> bool {
                matches!(what, $pattern)
            }
        }
    )* };
}

kinds! {
    Func => What::Extern(Extern::Func(_)) | What::Placeholder(WASM_EXTERN_FUNC),
    Global => What::Extern(Extern::Global(_)) | What::Placeholder(WASM_EXTERN_GLOBAL),
    Table => What::Extern(Extern::Table(_)) | What::Placeholder(WASM_EXTERN_TABLE),
    Memory => What::Extern(Extern::Memory(_)) | What::Placeholder(WASM_EXTERN_MEMORY),
    AnyExtern => What::Extern(_) | What::Placeholder(_),
    AnyInstance => What::Instance(..),
    AnyTrap => What::Trap(_),
    AnyForeign => What::Foreign,
}

/// The same pointer, if it is one of this kind.
unsafe fn checked<K: Kind>(object: *const Object) -> *mut Object {
    // SAFETY: null or live.
    match unsafe { live(object) } {
        Some(this) if K::is(&this.what) => object.cast_mut(),
        _ => null_mut(),
    }
}

macro_rules! counted {
    ($($name:ident: $delete:ident $copy:ident $same:ident $get:ident $set:ident $set_with:ident, $take:path, $again:path;)*) => { $(
        #[no_mangle]
        pub unsafe extern "C" fn $delete(object: *mut $name) {
            // SAFETY: null or live.
            unsafe { $take(object) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $copy(object: *const $name) -> *mut $name {
            // SAFETY: null or live.
            unsafe { $again(object) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $same(one: *const $name, other: *const $name) -> bool {
            // SAFETY: null or live.
            unsafe { same(one, other) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $get(object: *const $name) -> *mut c_void {
            // SAFETY: null or live.
            unsafe { get_host_info(object) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $set(object: *mut $name, info: *mut c_void) {
            // SAFETY: null or live.
            unsafe { set_host_info(object, info, None) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $set_with(object: *mut $name, info: *mut c_void, finalizer: Option<Finalizer>) {
            // SAFETY: null or live.
            unsafe { set_host_info(object, info, finalizer) }
        }
    )* };
}

counted! {
    wasm_ref_t: wasm_ref_delete wasm_ref_copy wasm_ref_same wasm_ref_get_host_info wasm_ref_set_host_info
        wasm_ref_set_host_info_with_finalizer, delete, copy_ref;
    wasm_trap_t: wasm_trap_delete wasm_trap_copy wasm_trap_same wasm_trap_get_host_info wasm_trap_set_host_info
        wasm_trap_set_host_info_with_finalizer, delete, copy;
    wasm_foreign_t: wasm_foreign_delete wasm_foreign_copy wasm_foreign_same wasm_foreign_get_host_info
        wasm_foreign_set_host_info wasm_foreign_set_host_info_with_finalizer, delete, copy;
    wasm_func_t: wasm_func_delete wasm_func_copy wasm_func_same wasm_func_get_host_info wasm_func_set_host_info
        wasm_func_set_host_info_with_finalizer, delete, copy;
    wasm_global_t: wasm_global_delete wasm_global_copy wasm_global_same wasm_global_get_host_info
        wasm_global_set_host_info wasm_global_set_host_info_with_finalizer, delete, copy;
    wasm_table_t: wasm_table_delete wasm_table_copy wasm_table_same wasm_table_get_host_info wasm_table_set_host_info
        wasm_table_set_host_info_with_finalizer, delete, copy;
    wasm_memory_t: wasm_memory_delete wasm_memory_copy wasm_memory_same wasm_memory_get_host_info
        wasm_memory_set_host_info wasm_memory_set_host_info_with_finalizer, delete, copy;
    wasm_extern_t: wasm_extern_delete wasm_extern_copy wasm_extern_same wasm_extern_get_host_info
        wasm_extern_set_host_info wasm_extern_set_host_info_with_finalizer, delete, copy;
    wasm_instance_t: wasm_instance_delete wasm_instance_copy wasm_instance_same wasm_instance_get_host_info
        wasm_instance_set_host_info wasm_instance_set_host_info_with_finalizer, delete, copy;
}

macro_rules! as_ref {
    ($($name:ident $kind:ident $up:path: $as_ref:ident $as_ref_const:ident $from:ident $from_const:ident;)*) => { $(
        #[no_mangle]
        pub unsafe extern "C" fn $as_ref(object: *mut $name) -> *mut wasm_ref_t {
            // SAFETY: null or live.
            unsafe { $up(object) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $as_ref_const(object: *const $name) -> *const wasm_ref_t {
            // SAFETY: null or live.
            unsafe { $up(object) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $from(object: *mut wasm_ref_t) -> *mut $name {
            // SAFETY: null or live.
            unsafe { copy_ref(checked::<$kind>(object)) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $from_const(object: *const wasm_ref_t) -> *const $name {
            // SAFETY: null or live.
            unsafe { copy_ref(checked::<$kind>(object)) }
        }
    )* };
}

as_ref! {
    wasm_trap_t AnyTrap copy_ref: wasm_trap_as_ref wasm_trap_as_ref_const wasm_ref_as_trap wasm_ref_as_trap_const;
    wasm_foreign_t AnyForeign foreign_as_ref:
        wasm_foreign_as_ref wasm_foreign_as_ref_const wasm_ref_as_foreign wasm_ref_as_foreign_const;
    wasm_func_t Func copy_ref: wasm_func_as_ref wasm_func_as_ref_const wasm_ref_as_func wasm_ref_as_func_const;
    wasm_global_t Global copy_ref:
        wasm_global_as_ref wasm_global_as_ref_const wasm_ref_as_global wasm_ref_as_global_const;
    wasm_table_t Table copy_ref: wasm_table_as_ref wasm_table_as_ref_const wasm_ref_as_table wasm_ref_as_table_const;
    wasm_memory_t Memory copy_ref:
        wasm_memory_as_ref wasm_memory_as_ref_const wasm_ref_as_memory wasm_ref_as_memory_const;
    wasm_extern_t AnyExtern copy_ref:
        wasm_extern_as_ref wasm_extern_as_ref_const wasm_ref_as_extern wasm_ref_as_extern_const;
    wasm_instance_t AnyInstance copy_ref:
        wasm_instance_as_ref wasm_instance_as_ref_const wasm_ref_as_instance wasm_ref_as_instance_const;
}

macro_rules! as_extern {
    ($($name:ident $kind:ident: $up:ident $up_const:ident $down:ident $down_const:ident;)*) => { $(
        #[no_mangle]
        pub extern "C" fn $up(object: *mut $name) -> *mut wasm_extern_t {
            object
        }
        #[no_mangle]
        pub extern "C" fn $up_const(object: *const $name) -> *const wasm_extern_t {
            object
        }
        #[no_mangle]
        pub unsafe extern "C" fn $down(object: *mut wasm_extern_t) -> *mut $name {
            // SAFETY: null or live.
            unsafe { checked::<$kind>(object) }
        }
        #[no_mangle]
        pub unsafe extern "C" fn $down_const(object: *const wasm_extern_t) -> *const $name {
            // SAFETY: null or live.
            unsafe { checked::<$kind>(object) }
        }
    )* };
}

as_extern! {
    wasm_func_t Func: wasm_func_as_extern wasm_func_as_extern_const wasm_extern_as_func wasm_extern_as_func_const;
    wasm_global_t Global:
        wasm_global_as_extern wasm_global_as_extern_const wasm_extern_as_global wasm_extern_as_global_const;
    wasm_table_t Table: wasm_table_as_extern wasm_table_as_extern_const wasm_extern_as_table wasm_extern_as_table_const;
    wasm_memory_t Memory:
        wasm_memory_as_extern wasm_memory_as_extern_const wasm_extern_as_memory wasm_extern_as_memory_const;
}

/// An object of the application, which modules can have references to.
#[no_mangle]
pub unsafe extern "C" fn wasm_foreign_new(store: *mut wasm_store_t) -> *mut wasm_foreign_t {
    // SAFETY: null or live.
    match unsafe { store.as_ref() } {
        Some(store) => Object::new(store, What::Foreign),
        None => null_mut(),
    }
}
