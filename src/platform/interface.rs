//! The platform interface: what a firmware defines for the C API, as Zephyr's
//! `zephyr/zonda_platform.c` does. The header `include/zonda_platform.h` is generated from this
//! file.
#![allow(non_camel_case_types)]

use core::ffi::{c_char, c_int, c_void};

/// Configuration of the firmware, for whatever an application does not choose itself.
#[repr(C)]
pub struct zonda_defaults_t {
    /// Size of an operand stack in bytes.
    pub stack_size: u32,
    /// Maximum size of a linear memory in bytes; 0 for no limit.
    pub memory_limit: u32,
    /// Maximum size in bytes of all linear memories, tables and records of an instance together; 0
    /// for no limit. A module of a few bytes can declare 100 memories and 100 tables.
    pub total_limit: u32,
    /// Execution mode: a RunningMode of wasm_export.h; 0 for fast mode where it is built in, else
    /// classic mode.
    pub running_mode: u32,
    /// Maximum number of nested calls into one instance by its native functions.
    pub nested_calls: u32,
    /// Fuel of a start function: calls and loop iterations; 0 for no limit. Not used without
    /// CONFIG_ZONDA_FUEL.
    pub start_fuel: u32,
    /// Allows `*` without `~` in the signatures of all native functions, as
    /// ZONDA_NATIVES_BARE_POINTERS does for a table.
    pub bare_pointers: bool,
    /// Gives each module the linear memory that it declares, also where a C program cannot use what
    /// lies behind `__heap_base`.
    pub whole_memory: bool,
}

/// What a thread is about to do on its native stack.
pub type zonda_stack_use_t = c_int;
/// Load or instantiate a module.
pub const ZONDA_STACK_LOAD: zonda_stack_use_t = 0;
/// Call a WebAssembly function.
pub const ZONDA_STACK_CALL: zonda_stack_use_t = 1;

/// Size and use of the memory that zonda_platform_alloc() allocates from, in bytes.
#[repr(C)]
pub struct zonda_heap_info_t {
    pub total: u32,
    pub free: u32,
    /// Maximum use so far.
    pub peak: u32,
}

extern "C" {
    /// Allocates `size` bytes at an address that is a multiple of `align`, a power of two. Returns
    /// NULL when there is no memory. May be called by several threads at once.
    pub fn zonda_platform_alloc(size: usize, align: usize) -> *mut c_void;

    /// Frees what zonda_platform_alloc() returned. NULL is ignored.
    pub fn zonda_platform_free(memory: *mut c_void);

    /// Logs `len` bytes of text without a NUL. `level` is 1 for an error, 2 for a warning, 3 for
    /// information, more for debugging.
    pub fn zonda_platform_log(level: c_int, text: *const c_char, len: usize);

    /// Prints `len` bytes of a program's output, without a NUL.
    pub fn zonda_platform_console(text: *const c_char, len: usize);

    /// Returns whether the native stack of the current thread is large enough; true if the platform
    /// cannot tell. Reports what is missing.
    pub fn zonda_platform_stack_suffices(purpose: zonda_stack_use_t) -> bool;

    /// Stores size and use of the memory; returns false if the platform cannot tell.
    pub fn zonda_platform_heap_info(info: *mut zonda_heap_info_t) -> bool;

    /// Locks what all threads share, the heap and the registered functions: waits until no other
    /// thread has the lock. Not nested.
    pub fn zonda_platform_lock();

    /// Unlocks it, on the thread that has locked it.
    pub fn zonda_platform_unlock();

    /// The firmware's configuration: constant, and valid for ever.
    pub fn zonda_platform_get_defaults() -> *const zonda_defaults_t;

    /// Reports `len` bytes of text and stops the system. The panic handler calls it; the runtime
    /// does not panic.
    pub fn zonda_platform_abort(text: *const c_char, len: usize) -> !;
}
