//! Globals, tables and memories, and what is common to all that can be imported and exported.

use crate::object::{live, Object, What};
use crate::store::{wasm_store_t, Entered};
use crate::types::*;
use crate::value::{from_ref, from_val, to_ref, to_val, zero};
use crate::{wasm_extern_t, wasm_global_t, wasm_memory_t, wasm_ref_t, wasm_table_t};
use core::ffi::c_char;
use core::ptr::null_mut;
use zonda::capi::wasm_val_t;
use zonda::{Error, Extern, ExternType, Global, Memory, Table, ValType};

/// A new object for what `make` returns; null where that fails.
fn new_extern(
    store: &wasm_store_t,
    make: impl FnOnce(&mut Entered<'_>) -> Result<Extern, Error>,
) -> *mut Object {
    match store.with(make) {
        Some(Ok(item)) => Object::new(store, What::Extern(item)),
        _ => null_mut(),
    }
}

macro_rules! parts {
    ($($name:ident $into:ident $ty:ident;)*) => { $(
        /// The store and the object of a handle.
        ///
        /// # Safety
        /// It is null or live.
        unsafe fn $name<'o>(object: *const Object) -> Option<(&'o wasm_store_t, $ty)> {
            // SAFETY: the contract.
            let object = unsafe { live(object) }?;
            Some((object.store(), object.item()?.$into()?))
        }
    )* };
}

parts! {
    global_of into_global Global;
    table_of into_table Table;
    memory_of into_memory Memory;
}

#[no_mangle]
pub unsafe extern "C" fn wasm_global_new(
    store: *mut wasm_store_t,
    ty: *const wasm_globaltype_t,
    value: *const wasm_val_t,
) -> *mut wasm_global_t {
    // SAFETY: null or live.
    unsafe {
        let (Some(store), Some(ty), Some(value)) = (store.as_ref(), ty.as_ref(), value.as_ref())
        else {
            return null_mut();
        };
        let Some(ty) = ty.ty() else { return null_mut() };
        let Ok(value) = to_val(value, ty.content, store) else { return null_mut() };
        new_extern(store, |store| Ok(Extern::Global(Global::new(&mut *store, ty, value)?)))
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_global_type(global: *const wasm_global_t) -> *mut wasm_globaltype_t {
    // SAFETY: null or live.
    let Some((store, global)) = (unsafe { global_of(global) }) else { return null_mut() };
    let ty = store.with(|store| global.ty(&*store).map_or(null_mut(), global_type));
    ty.unwrap_or(null_mut())
}

/// Stores the value; null if there is none.
#[no_mangle]
pub unsafe extern "C" fn wasm_global_get(global: *const wasm_global_t, out: *mut wasm_val_t) {
    // SAFETY: null or live; `out` is null or a place for a value.
    unsafe {
        if out.is_null() {
            return;
        }
        out.write(zero(ValType::ExternRef));
        let Some((store, global)) = global_of(global) else { return };
        if let Some(Ok(value)) = store.with(|store| global.get(&*store)) {
            out.write(from_val(value, store).unwrap_or(zero(value.ty())));
        }
    }
}

/// Sets the value. A value of another kind, and an immutable global, are left as they are.
#[no_mangle]
pub unsafe extern "C" fn wasm_global_set(global: *mut wasm_global_t, value: *const wasm_val_t) {
    // SAFETY: null or live.
    unsafe {
        let (Some((store, global)), Some(value)) = (global_of(global), value.as_ref()) else {
            return;
        };
        store.with(|entered| {
            let Ok(ty) = global.ty(&*entered) else { return };
            if let Ok(value) = to_val(value, ty.content, store) {
                let _ = global.set(&mut *entered, value);
            }
        });
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_table_new(
    store: *mut wasm_store_t,
    ty: *const wasm_tabletype_t,
    init: *mut wasm_ref_t,
) -> *mut wasm_table_t {
    // SAFETY: null or live.
    unsafe {
        let (Some(store), Some(ty)) = (store.as_ref(), ty.as_ref()) else { return null_mut() };
        let Some(ty) = ty.ty() else { return null_mut() };
        let Ok(init) = to_ref(init, ty.element, store) else { return null_mut() };
        new_extern(store, |store| Ok(Extern::Table(Table::new(&mut *store, ty, init)?)))
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_table_type(table: *const wasm_table_t) -> *mut wasm_tabletype_t {
    // SAFETY: null or live.
    let Some((store, table)) = (unsafe { table_of(table) }) else { return null_mut() };
    let ty = store.with(|store| table.ty(&*store).map_or(null_mut(), table_type));
    ty.unwrap_or(null_mut())
}

/// An element; NULL also for an index outside of the table.
#[no_mangle]
pub unsafe extern "C" fn wasm_table_get(table: *const wasm_table_t, index: u32) -> *mut wasm_ref_t {
    // SAFETY: null or live.
    let Some((store, table)) = (unsafe { table_of(table) }) else { return null_mut() };
    match store.with(|store| table.get(&*store, index)) {
        Some(Ok(value)) => from_ref(value, store).unwrap_or(null_mut()),
        _ => null_mut(),
    }
}

/// Sets an element. Returns false for an index outside of the table and a reference of another kind
/// or store.
#[no_mangle]
pub unsafe extern "C" fn wasm_table_set(
    table: *mut wasm_table_t,
    index: u32,
    value: *mut wasm_ref_t,
) -> bool {
    // SAFETY: null or live.
    let Some((store, table)) = (unsafe { table_of(table) }) else { return false };
    let set = store.with(|entered| {
        let Ok(ty) = table.ty(&*entered) else { return false };
        // SAFETY: as above.
        match unsafe { to_ref(value, ty.element, store) } {
            Ok(value) => table.set(&mut *entered, index, value).is_ok(),
            Err(_) => false,
        }
    });
    set.unwrap_or(false)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_table_size(table: *const wasm_table_t) -> u32 {
    // SAFETY: null or live.
    let Some((store, table)) = (unsafe { table_of(table) }) else { return 0 };
    store.with(|store| table.size(&*store).unwrap_or(0)).unwrap_or(0)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_table_grow(
    table: *mut wasm_table_t,
    delta: u32,
    init: *mut wasm_ref_t,
) -> bool {
    // SAFETY: null or live.
    let Some((store, table)) = (unsafe { table_of(table) }) else { return false };
    let grown = store.with(|entered| {
        let Ok(ty) = table.ty(&*entered) else { return false };
        // SAFETY: as above.
        match unsafe { to_ref(init, ty.element, store) } {
            Ok(init) => table.grow(&mut *entered, delta, init).is_ok(),
            Err(_) => false,
        }
    });
    grown.unwrap_or(false)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_memory_new(
    store: *mut wasm_store_t,
    ty: *const wasm_memorytype_t,
) -> *mut wasm_memory_t {
    // SAFETY: null or live.
    unsafe {
        let (Some(store), Some(ty)) = (store.as_ref(), ty.as_ref()) else { return null_mut() };
        let Some(ty) = ty.ty() else { return null_mut() };
        new_extern(store, |store| Ok(Extern::Memory(Memory::new(&mut *store, ty)?)))
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_memory_type(memory: *const wasm_memory_t) -> *mut wasm_memorytype_t {
    // SAFETY: null or live.
    let Some((store, memory)) = (unsafe { memory_of(memory) }) else { return null_mut() };
    let ty = store.with(|store| memory.ty(&*store).map_or(null_mut(), memory_type));
    ty.unwrap_or(null_mut())
}

/// The address of the bytes. Growing the memory moves them.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_data(memory: *mut wasm_memory_t) -> *mut c_char {
    // SAFETY: null or live.
    let Some((store, memory)) = (unsafe { memory_of(memory) }) else { return null_mut() };
    let data = store.with(|store| memory.data_ptr(&*store).map_or(null_mut(), |data| data.cast()));
    data.unwrap_or(null_mut())
}

/// The number of bytes that can be accessed.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_data_size(memory: *const wasm_memory_t) -> usize {
    // SAFETY: null or live.
    let Some((store, memory)) = (unsafe { memory_of(memory) }) else { return 0 };
    let size = store.with(|store| memory.data_ptr(&*store).map_or(0, |data| data.len()));
    size.unwrap_or(0)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_memory_size(memory: *const wasm_memory_t) -> u32 {
    // SAFETY: null or live.
    let Some((store, memory)) = (unsafe { memory_of(memory) }) else { return 0 };
    store.with(|store| memory.size(&*store).unwrap_or(0)).unwrap_or(0)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_memory_grow(memory: *mut wasm_memory_t, delta: u32) -> bool {
    // SAFETY: null or live.
    let Some((store, memory)) = (unsafe { memory_of(memory) }) else { return false };
    store.with(|store| memory.grow(&mut *store, delta).is_ok()).unwrap_or(false)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_extern_kind(item: *const wasm_extern_t) -> wasm_externkind_t {
    // SAFETY: null or live.
    match unsafe { live(item) }.map(Object::what) {
        Some(What::Extern(Extern::Global(_))) => WASM_EXTERN_GLOBAL,
        Some(What::Extern(Extern::Table(_))) => WASM_EXTERN_TABLE,
        Some(What::Extern(Extern::Memory(_))) => WASM_EXTERN_MEMORY,
        Some(What::Placeholder(kind)) => *kind,
        _ => WASM_EXTERN_FUNC,
    }
}

#[no_mangle]
#[allow(unreachable_patterns)]
pub unsafe extern "C" fn wasm_extern_type(item: *const wasm_extern_t) -> *mut wasm_externtype_t {
    // SAFETY: null or live.
    let Some(object) = (unsafe { live(item) }) else { return null_mut() };
    let Some(item) = object.item() else { return null_mut() };
    let made = object.store().with(|store| -> Result<_, Error> {
        Ok(extern_type(match item {
            Extern::Func(func) => ExternType::Func(func.ty(&*store)?),
            Extern::Global(global) => ExternType::Global(global.ty(&*store)?),
            Extern::Table(table) => ExternType::Table(table.ty(&*store)?),
            Extern::Memory(memory) => ExternType::Memory(memory.ty(&*store)?),
            // A tag, in a build with exceptions.
            _ => return Ok(null_mut()),
        }))
    });
    made.and_then(Result::ok).unwrap_or(null_mut())
}

/// Stands for an import that nothing is provided for. A call of such a function traps; other kinds
/// cannot be left out.
#[no_mangle]
pub unsafe extern "C" fn wasm_extern_new_empty(
    store: *mut wasm_store_t,
    kind: wasm_externkind_t,
) -> *mut wasm_extern_t {
    // SAFETY: null or live.
    match unsafe { store.as_ref() } {
        Some(store) if kind <= WASM_EXTERN_MEMORY => Object::new(store, What::Placeholder(kind)),
        _ => null_mut(),
    }
}
