//! Memories, tables and globals of an instance as objects, and calls through a table.
//!
//! A memory instance is the record that the store has of it; the handles of globals and tables
//! point at their slots.

#![allow(non_camel_case_types)]

use super::exec_env::{call_at, function};
use super::text::c_bytes;
use super::types::*;
use crate::binary::types::ExternKind;
use crate::module::ExportEntry;
use crate::store::instance::StoreInstance;
use crate::store::memory::MemoryData;
use core::ffi::{c_char, c_void};
use core::ptr::null_mut;

/// A memory of an instance, valid as long as the instance.
pub type wasm_memory_inst_t = *mut WASMMemoryInstance;

/// A memory, opaque for the application.
pub struct WASMMemoryInstance(#[allow(dead_code)] MemoryData);

/// A global of an instance.
#[repr(C)]
pub struct wasm_global_inst_t {
    pub kind: wasm_valkind_t,
    pub is_mutable: bool,
    /// Its value: 4 bytes, or 8 that are aligned to 4. A funcref is the index of the function plus
    /// 1, an externref the number that the module has; 0 is null. Only a mutable global may be
    /// written, with a value of its type.
    pub global_data: *mut c_void,
}

/// A table of an instance.
#[repr(C)]
pub struct wasm_table_inst_t {
    pub elem_kind: wasm_valkind_t,
    /// Elements that it has.
    pub cur_size: u32,
    /// Elements that it can grow to.
    pub max_size: u32,
    /// For wasm_table_get_func_inst(). Until the table grows.
    pub elems: *mut c_void,
}

/// The store's record of an instance.
///
/// # Safety
/// `instance` is live, and outlives the result.
unsafe fn data<'i>(instance: wasm_module_inst_t) -> &'i StoreInstance<'static> {
    // SAFETY: the contract of this function; the record belongs to the instance's store.
    unsafe { &*(*instance).data }
}

/// The index of the export of a kind with this name.
///
/// # Safety
/// `instance` is live, `name` null or a string.
unsafe fn export(
    instance: wasm_module_inst_t,
    kind: ExternKind,
    name: *const c_char,
) -> Option<usize> {
    // SAFETY: the contract of this function.
    let (data, name) = unsafe { (&data(instance).module.data, c_bytes(name)) };
    let is_it = |entry: &ExportEntry| entry.kind == kind && entry.name.as_bytes() == name;
    data.exports().find(is_it).map(|entry| entry.index as usize)
}

/// The record of a memory.
///
/// # Safety
/// `memory_inst` is a live memory instance, of which nobody else has a reference.
unsafe fn record<'m>(memory_inst: wasm_memory_inst_t) -> &'m mut MemoryData {
    // SAFETY: handles are addresses of records.
    unsafe { &mut *memory_inst.cast() }
}

/// Returns the exported memory with this name, or NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_lookup_memory(
    module_inst: wasm_module_inst_t,
    name: *const c_char,
) -> wasm_memory_inst_t {
    // SAFETY: the application passes a live instance and a string.
    unsafe {
        let index = export(module_inst, ExternKind::Memory, name);
        let memory = index.and_then(|index| data(module_inst).memories.get(index));
        memory.map_or(null_mut(), |memory| memory.cast())
    }
}

/// Returns the memory with this index, or NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_memory(
    module_inst: wasm_module_inst_t,
    index: u32,
) -> wasm_memory_inst_t {
    // SAFETY: the application passes a live instance.
    let memory = unsafe { data(module_inst).memories.get(index as usize) };
    memory.map_or(null_mut(), |memory| memory.cast())
}

/// Returns the first memory, or NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_default_memory(
    module_inst: wasm_module_inst_t,
) -> wasm_memory_inst_t {
    // SAFETY: handed on.
    unsafe { wasm_runtime_get_memory(module_inst, 0) }
}

/// Returns the size of a memory in pages. The heap of the instance counts as the pages that it
/// begins.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_get_cur_page_count(memory_inst: wasm_memory_inst_t) -> u64 {
    // SAFETY: the application passes a live memory.
    unsafe { record(memory_inst) }.seen.pages as u64
}

/// Returns the number of pages that a memory may grow to.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_get_max_page_count(memory_inst: wasm_memory_inst_t) -> u64 {
    // SAFETY: the application passes a live memory.
    unsafe { record(memory_inst) }.ty().most_pages() as u64
}

/// Returns the size of a page: 65536, or 1 with custom page sizes.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_get_bytes_per_page(memory_inst: wasm_memory_inst_t) -> u64 {
    // SAFETY: the application passes a live memory.
    1 << unsafe { record(memory_inst) }.ty().page_shift
}

/// Returns whether a memory is declared to be shared.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_get_shared(memory_inst: wasm_memory_inst_t) -> bool {
    // SAFETY: the application passes a live memory.
    unsafe { record(memory_inst) }.ty().sharing.is_shared()
}

/// Returns the address of the first byte of a memory. Until it grows.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_get_base_address(
    memory_inst: wasm_memory_inst_t,
) -> *mut c_void {
    // SAFETY: the application passes a live memory.
    unsafe { record(memory_inst) }.seen.base().cast()
}

/// Grows a memory by `inc_page_count` pages, which moves it. Returns false if there is no memory,
/// or if it would be larger than it may be.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_enlarge(
    memory_inst: wasm_memory_inst_t,
    inc_page_count: u64,
) -> bool {
    let Ok(pages) = u32::try_from(inc_page_count) else { return false };
    // SAFETY: the application passes a live memory. Code that runs reads the record again when the
    // native function that called this returns.
    !memory_inst.is_null() && unsafe { record(memory_inst) }.enlarge(pages).is_ok()
}

/// The same for the first memory of an instance; false if there is none.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_enlarge_memory(
    module_inst: wasm_module_inst_t,
    inc_page_count: u64,
) -> bool {
    // SAFETY: handed on.
    unsafe { wasm_memory_enlarge(wasm_runtime_get_memory(module_inst, 0), inc_page_count) }
}

/// Describes the exported global with this name. Returns false if there is none.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_export_global_inst(
    module_inst: wasm_module_inst_t,
    name: *const c_char,
    global_inst: *mut wasm_global_inst_t,
) -> bool {
    // SAFETY: the application passes a live instance, a string and a place.
    unsafe {
        let data = data(module_inst);
        let index = export(module_inst, ExternKind::Global, name);
        let entry = index.and_then(|index| data.module.data.globals.get(index));
        let cell = index.and_then(|index| data.globals.get(index));
        let Some((entry, cell)) = entry.zip(cell) else { return false };
        *global_inst = wasm_global_inst_t {
            kind: func_kind(entry.ty.content.code()),
            is_mutable: entry.ty.mutable,
            global_data: cell.cell().cast(),
        };
    }
    true
}

/// Describes the exported table with this name. Returns false if there is none.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_export_table_inst(
    module_inst: wasm_module_inst_t,
    name: *const c_char,
    table_inst: *mut wasm_table_inst_t,
) -> bool {
    // SAFETY: the application passes a live instance, a string and a place; tables live as long as
    // the instance.
    unsafe {
        let index = export(module_inst, ExternKind::Table, name);
        let Some(&table) = index.and_then(|index| data(module_inst).tables.get(index)) else {
            return false;
        };
        let (ty, elements) = ((*table).ty(), (*table).elements_ptr());
        *table_inst = wasm_table_inst_t {
            elem_kind: func_kind(ty.element.code()),
            cur_size: elements.len() as u32,
            max_size: ty.limits.max.unwrap_or(u32::MAX),
            elems: elements.cast(),
        };
    }
    true
}

/// Returns the function at an index of a table, or NULL if the element is null, no function of this
/// instance, or outside.
#[no_mangle]
pub unsafe extern "C" fn wasm_table_get_func_inst(
    module_inst: wasm_module_inst_t,
    table_inst: *const wasm_table_inst_t,
    idx: u32,
) -> wasm_function_inst_t {
    // SAFETY: the application passes a live instance and the description of a table that has not
    // grown since, so `cur_size` elements are there.
    unsafe {
        if idx >= (*table_inst).cur_size || (*table_inst).elem_kind != WASM_FUNCREF {
            return null_mut();
        }
        let address = *(*table_inst).elems.cast::<u32>().add(idx as usize);
        let data = data(module_inst);
        match address.checked_sub(data.func_base) {
            Some(func) if address != 0 && func < data.func_count() => function(func),
            _ => null_mut(),
        }
    }
}

/// Calls the function at an index of the first table, as wasm_runtime_call_wasm() does.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_call_indirect(
    exec_env: wasm_exec_env_t,
    element_index: u32,
    argc: u32,
    argv: *mut u32,
) -> bool {
    // SAFETY: the application passes a live environment, and as many cells. The table is the
    // instance's, and its element is read before anything runs.
    unsafe {
        let instance = (*exec_env).instance;
        let table = data(instance).tables.first();
        let element = table.and_then(|&table| (*table).element(element_index));
        match element.map(|element| *element) {
            None => (*instance).fail("undefined element"),
            Some(0) => (*instance).fail("uninitialized element"),
            Some(address) => return call_at(exec_env, address, argc, argv),
        }
        false
    }
}
