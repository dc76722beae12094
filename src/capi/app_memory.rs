//! Linear memory for native functions: addresses ("app") to pointers ("native") and back, and
//! allocation in it. All of it concerns the instance's first memory, and the shared heap that the
//! instance has.

use super::exec_env::{function, wasm_runtime_call_wasm, wasm_runtime_get_exec_env_singleton};
use super::types::*;
use core::ffi::{c_char, c_void};
use core::ptr::null_mut;
use zonda_exec::{Memory, TrapCode};

/// The instance's first memory.
///
/// # Safety
/// `instance` is live, and the result is not kept across anything that can grow the memory.
pub(super) unsafe fn memory<'m>(instance: wasm_module_inst_t) -> &'m Memory {
    // SAFETY: `instance` is live by the contract of this function. Memories live as long as it;
    // where the module has none, its record has an empty one.
    unsafe {
        let data = &*(*instance).data;
        match data.memories.first() {
            // Not `seen.memory`, which is the empty one where code of classic mode may not see this
            // one: a memarg is long.
            Some(&memory) => &(*memory).seen,
            None => &*data.seen.memory,
        }
    }
}

/// The pointer for `size` bytes at `at`, in the memory or in what it shares.
fn place(memory: &Memory, at: u64, size: u64) -> Option<*mut u8> {
    memory.range(u32::try_from(at).ok()?, u32::try_from(size).ok()?)
}

/// The address of `size` bytes at a pointer, in the memory or in what it shares.
fn address(memory: &Memory, pointer: *mut c_void, size: u64) -> Option<u64> {
    let at = pointer.addr().wrapping_sub(memory.base().addr());
    if at <= memory.size() && size <= (memory.size() - at) as u64 {
        return Some(at as u64);
    }
    memory.shared().address(pointer.cast(), size).map(u64::from)
}

/// The pointer for a string at `at`, when its NUL lies within the memory or what it shares.
pub(super) fn string(memory: &Memory, at: u32) -> Option<*mut u8> {
    let (base, len) = memory.rest(at)?;
    // SAFETY: `rest` has found `len` bytes at `base`; nothing of the instance writes them while an
    // argument is checked.
    let bytes = unsafe { core::slice::from_raw_parts(base, len) };
    bytes.iter().position(|&byte| byte == 0).map(|_| base)
}

/// Returns `valid`, and sets the exception if it is false.
///
/// # Safety
/// `instance` is live.
unsafe fn checked(instance: wasm_module_inst_t, valid: bool) -> bool {
    if !valid {
        // SAFETY: `instance` is live by the contract of this function.
        unsafe { (*instance).fail(TrapCode::MemoryOutOfBounds.message()) };
    }
    valid
}

/// Returns whether `size` bytes at `app_offset` are within the linear memory. If not, sets the
/// exception.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_validate_app_addr(
    module_inst: wasm_module_inst_t,
    app_offset: u64,
    size: u64,
) -> bool {
    // SAFETY: the application passes a live instance.
    unsafe { checked(module_inst, place(memory(module_inst), app_offset, size).is_some()) }
}

/// Returns whether a NUL-terminated string at `app_str_offset` is within the linear memory. If not,
/// sets the exception.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_validate_app_str_addr(
    module_inst: wasm_module_inst_t,
    app_str_offset: u64,
) -> bool {
    let at = u32::try_from(app_str_offset).ok();
    // SAFETY: the application passes a live instance.
    unsafe { checked(module_inst, at.and_then(|at| string(memory(module_inst), at)).is_some()) }
}

/// Returns whether `size` bytes at `native_ptr` are within the linear memory. If not, sets the
/// exception.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_validate_native_addr(
    module_inst: wasm_module_inst_t,
    native_ptr: *mut c_void,
    size: u64,
) -> bool {
    // SAFETY: the application passes a live instance.
    unsafe { checked(module_inst, address(memory(module_inst), native_ptr, size).is_some()) }
}

/// Returns the pointer for an address in linear memory, or NULL if the address is outside. The
/// pointer is valid until the memory grows.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_addr_app_to_native(
    module_inst: wasm_module_inst_t,
    app_offset: u64,
) -> *mut c_void {
    // SAFETY: the application passes a live instance; the address was checked.
    unsafe { place(memory(module_inst), app_offset, 1).map_or(null_mut(), |place| place.cast()) }
}

/// Returns the address for a pointer into linear memory, or 0 if the pointer is outside.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_addr_native_to_app(
    module_inst: wasm_module_inst_t,
    native_ptr: *mut c_void,
) -> u64 {
    // SAFETY: the application passes a live instance.
    address(unsafe { memory(module_inst) }, native_ptr, 1).unwrap_or(0)
}

/// Stores the first address of the linear memory and the one behind its last. Returns false if
/// `app_offset` is outside. Either pointer may be NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_app_addr_range(
    module_inst: wasm_module_inst_t,
    app_offset: u64,
    p_app_start_offset: *mut u64,
    p_app_end_offset: *mut u64,
) -> bool {
    // SAFETY: the application passes a live instance, and places or null.
    unsafe {
        let memory = memory(module_inst);
        if app_offset >= memory.size() as u64 {
            return false;
        }
        if let Some(start) = p_app_start_offset.as_mut() {
            *start = 0;
        }
        if let Some(end) = p_app_end_offset.as_mut() {
            *end = memory.size() as u64;
        }
    }
    true
}

/// Stores pointers to the first byte of the linear memory and behind its last. Returns false if
/// `native_ptr` is outside. Either pointer may be NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_native_addr_range(
    module_inst: wasm_module_inst_t,
    native_ptr: *mut u8,
    p_native_start_addr: *mut *mut u8,
    p_native_end_addr: *mut *mut u8,
) -> bool {
    // SAFETY: the application passes a live instance, and places or null.
    unsafe {
        let memory = memory(module_inst);
        if native_ptr.addr().wrapping_sub(memory.base().addr()) >= memory.size() {
            return false;
        }
        if let Some(start) = p_native_start_addr.as_mut() {
            *start = memory.base();
        }
        if let Some(end) = p_native_end_addr.as_mut() {
            *end = memory.base().add(memory.size());
        }
    }
    true
}

/// Calls a function of the module's allocator.
///
/// # Safety
/// `instance` is live.
#[inline(never)]
unsafe fn call_allocator(instance: wasm_module_inst_t, func: u32, argument: u32) -> Option<u32> {
    let mut cell = argument;
    // SAFETY: `instance` is live by the contract of this function. `allocator` chose functions with
    // one i32 parameter and at most one i32 result: one cell.
    unsafe {
        let mut env = (*instance).current;
        if env.is_null() {
            env = wasm_runtime_get_exec_env_singleton(instance);
        }
        (!env.is_null() && wasm_runtime_call_wasm(env, function(func), 1, &mut cell))
            .then_some(cell)
    }
}

/// Allocates `size` bytes in linear memory, with the malloc that the module exports or else in the
/// heap that was appended at instantiation. Returns the address, or 0 if there is no memory. Stores
/// the pointer in `p_native_addr` unless that is NULL. The module's malloc may grow the memory,
/// which invalidates earlier pointers.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_module_malloc(
    module_inst: wasm_module_inst_t,
    size: u64,
    p_native_addr: *mut *mut c_void,
) -> u64 {
    // SAFETY: the application passes a live instance, and a place or null.
    unsafe {
        let size = u32::try_from(size).ok();
        let at = size.and_then(|size| match (*module_inst).allocator {
            Some((malloc, _)) => call_allocator(module_inst, malloc, size),
            None => (*module_inst).heap.allocate(size),
        });
        // The result of a module's malloc is not trusted.
        let at = at.unwrap_or(0) as u64;
        if at == 0 || place(memory(module_inst), at, size.unwrap_or(0) as u64).is_none() {
            return 0;
        }
        if let Some(place) = p_native_addr.as_mut() {
            *place = wasm_runtime_addr_app_to_native(module_inst, at);
        }
        at
    }
}

/// Frees a block of wasm_runtime_module_malloc(). 0 is ignored.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_module_free(module_inst: wasm_module_inst_t, ptr: u64) {
    // SAFETY: the application passes a live instance.
    unsafe {
        match (*module_inst).allocator {
            _ if ptr == 0 => {}
            Some((_, free)) => drop(call_allocator(module_inst, free, ptr as u32)),
            None => drop((*module_inst).heap.free(ptr as u32)),
        }
    }
}

/// Copies `size` bytes into newly allocated linear memory. Returns the address, or 0 if there is no
/// memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_module_dup_data(
    module_inst: wasm_module_inst_t,
    src: *const c_char,
    size: u64,
) -> u64 {
    let mut to = null_mut();
    // SAFETY: the application passes a live instance and as many bytes; as many were allocated.
    unsafe {
        let at = wasm_runtime_module_malloc(module_inst, size, &mut to);
        if at != 0 {
            to.cast::<u8>().copy_from_nonoverlapping(src.cast(), size as usize);
        }
        at
    }
}
