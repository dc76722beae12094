//! The types of wasm_export.h, with WAMR's names.
//!
//! Enumerations are in `enums` as the header shows them, and in `numbers` as the functions take
//! them.

#![allow(non_camel_case_types, non_upper_case_globals)]

pub use super::numbers::*;
use crate::binary::types::Code;
use core::ffi::{c_char, c_int, c_void};
use zonda_exec::vector;

/// A loaded module.
pub type wasm_module_t = *mut super::module::WASMModuleCommon;
/// An instance of a module.
pub type wasm_module_inst_t = *mut super::instance::WASMModuleInstanceCommon;
/// An execution environment: an operand stack for one call at a time and the calls nested in it.
pub type wasm_exec_env_t = *mut super::exec_env::WASMExecEnv;
/// A function of an instance. Valid as long as the instance, and never freed.
pub type wasm_function_inst_t = *mut c_void;

/// A function that modules can import.
///
/// The signature is "(parameters)result" with a letter for each: `i` i32, `I` i64, `f` f32, `F`
/// f64, `r` externref, `*` a pointer into linear memory, `~` the number of bytes at the pointer
/// before it, `$` a pointer to a NUL-terminated string. Pointers are checked and converted before
/// the function is called; a pointer or length outside of the memory traps.
///
/// A NULL or empty signature is "()": no parameters and no result. An import of another type is not
/// linked to the function: the log names it when the module is instantiated, and a call of it
/// traps. (WAMR accepts any type then, so that a module can read registers of the native code.)
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NativeSymbol {
    /// Name that modules import.
    pub symbol: *const c_char,
    /// The function. Its first parameter is the wasm_exec_env_t of the call.
    pub func_ptr: *mut c_void,
    /// Its signature, or NULL.
    pub signature: *const c_char,
    /// What wasm_runtime_get_function_attachment() returns while the function runs.
    pub attachment: *mut c_void,
}

/// The buffer for Alloc_With_Pool.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct MemAllocPool {
    /// Used by the runtime alone from wasm_runtime_full_init() to wasm_runtime_destroy().
    pub heap_buf: *mut c_void,
    /// Its size in bytes.
    pub heap_size: u32,
}

/// The functions for Alloc_With_Allocator, with the types of C's malloc, realloc and free.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct MemAllocFunctions {
    pub malloc_func: *mut c_void,
    /// May be NULL; then blocks are copied.
    pub realloc_func: *mut c_void,
    pub free_func: *mut c_void,
    /// Not used.
    pub user_data: *mut c_void,
}

/// The details of a mem_alloc_type_t.
#[repr(C)]
#[derive(Clone, Copy)]
pub union MemAllocOption {
    pub pool: MemAllocPool,
    pub allocator: MemAllocFunctions,
}

/// Size and use of the pool in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct mem_alloc_info_t {
    pub total_size: u32,
    pub total_free_size: u32,
    /// Maximum use so far.
    pub highmark_size: u32,
}

/// Arguments of wasm_runtime_full_init(). Zero is a good value for everything but the memory.
#[repr(C)]
pub struct RuntimeInitArgs {
    pub mem_alloc_type: mem_alloc_type_t,
    pub mem_alloc_option: MemAllocOption,
    /// A first table of native functions, as for wasm_runtime_register_natives(); may be NULL.
    pub native_module_name: *const c_char,
    pub native_symbols: *mut NativeSymbol,
    pub n_native_symbols: u32,
    /// Of the members below only running_mode is used; the others exist for applications that set
    /// them.
    pub max_thread_num: u32,
    pub ip_addr: [c_char; 128],
    pub unused: c_int,
    pub instance_port: c_int,
    pub fast_jit_code_cache_size: u32,
    pub gc_heap_size: u32,
    /// As for wasm_runtime_set_default_running_mode().
    pub running_mode: RunningMode,
    pub llvm_jit_opt_level: u32,
    pub llvm_jit_size_level: u32,
    pub segue_flags: u32,
    pub enable_linux_perf: bool,
}

/// Options of wasm_runtime_load_ex().
#[repr(C)]
pub struct LoadArgs {
    /// Not used.
    pub name: *mut c_char,
    /// Not used.
    pub clone_wasm_binary: bool,
    /// Copies the module, so that the application can free its bytes after loading.
    pub wasm_binary_freeable: bool,
    /// Not used: imports are resolved when the module is instantiated.
    pub no_resolve: bool,
}

/// A section of a module, for wasm_runtime_load_from_sections().
#[repr(C)]
pub struct wasm_section_t {
    /// The next one; NULL behind the last.
    pub next: *mut wasm_section_t,
    /// Its number: 0 for a custom section.
    pub section_type: c_int,
    /// Its content, without the number and the size.
    pub section_body: *mut u8,
    /// Bytes of the content.
    pub section_body_size: u32,
}
pub type aot_section_t = wasm_section_t;
pub type wasm_section_list_t = *mut wasm_section_t;
pub type aot_section_list_t = *mut wasm_section_t;

/// Options of wasm_runtime_instantiate_ex().
#[repr(C)]
pub struct InstantiationArgs {
    /// Size in bytes of the operand stack of calls without an execution environment of the
    /// application; 0 for the default.
    pub default_stack_size: u32,
    /// Bytes that are appended to linear memory for wasm_runtime_module_malloc(), unless the
    /// module exports malloc and free.
    pub host_managed_heap_size: u32,
    /// Maximum size of the linear memory in pages; 0 for the firmware's limit.
    pub max_memory_pages: u32,
}

/// The kind of a wasm_val_t: a wasm_valkind_enum.
// cbindgen reads this; `numbers` has the same for Rust.
#[cfg(any())]
pub type wasm_valkind_t = u8;

/// A reference of wasm_c_api.h.
pub struct wasm_ref_t;

/// The value of a wasm_val_t.
#[repr(C)]
#[derive(Clone, Copy)]
pub union wasm_val_of_t {
    /// An i32; of a funcref, the index of the function, -1 for null.
    pub i32: i32,
    pub i64: i64,
    pub f32: f32,
    pub f64: f64,
    /// An externref: an object of the application, by its address or a number; 0 for null.
    pub foreign: usize,
    /// Not used.
    pub r#ref: *mut wasm_ref_t,
}

/// A value and its kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wasm_val_t {
    pub kind: wasm_valkind_t,
    pub _paddings: [u8; 7],
    pub of: wasm_val_of_t,
}

/// The kind of a value, for wasm_val_t, from its type's code.
#[inline(never)]
pub(super) fn func_kind(code: Code) -> wasm_valkind_t {
    match code {
        0x7b..=0x7f => (0x7f - code) as wasm_valkind_t,
        0x70 => WASM_FUNCREF,
        #[cfg(feature = "function-references")]
        code if is_func(code) => WASM_FUNCREF,
        _ => WASM_EXTERNREF,
    }
}

/// Whether a type is one of references to functions.
#[cfg(feature = "function-references")]
fn is_func(code: Code) -> bool {
    use crate::binary::references::{heap, heap_of, FUNCTION};
    code & FUNCTION != 0 || matches!(heap_of(code), heap::FUNC | heap::NO_FUNC)
}

/// Slots of a value of this kind.
pub(super) fn slots(kind: wasm_valkind_t) -> usize {
    if vector::ENABLED && kind == WASM_V128 {
        return 4;
    }
    1 + (kind == WASM_I64 || kind == WASM_F64) as usize
}
