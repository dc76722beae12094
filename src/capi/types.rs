//! The types of wasm_export.h, with WAMR's names.
//!
//! Enumerations are numbers with named values: a C enumeration has another size with -fshort-enums,
//! and a number that is no value of a Rust enumeration would be undefined behaviour.

#![allow(non_camel_case_types, non_upper_case_globals)]

use core::ffi::{c_char, c_int, c_void};

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

/// Source of the runtime's memory.
pub type mem_alloc_type_t = u32;
/// A buffer of the application.
pub const Alloc_With_Pool: mem_alloc_type_t = 0;
/// Functions of the application.
pub const Alloc_With_Allocator: mem_alloc_type_t = 1;
/// The system: zonda_platform_alloc().
pub const Alloc_With_System_Allocator: mem_alloc_type_t = 2;

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

/// Execution mode. 0 is the same as Mode_Interp.
pub type RunningMode = u32;
/// The interpreter that is the firmware's default: fast mode if it is built in and not configured
/// otherwise.
pub const Mode_Interp: RunningMode = 1;
pub const Mode_Fast_JIT: RunningMode = 2;
pub const Mode_LLVM_JIT: RunningMode = 3;
pub const Mode_Multi_Tier_JIT: RunningMode = 4;
/// Classic mode: executes the module in place, with the least RAM. Not in WAMR.
pub const Mode_Zonda_Classic: RunningMode = 0x100;
/// Fast mode: executes register bytecode, which takes RAM and is several times faster. Not in WAMR.
pub const Mode_Zonda_Fast: RunningMode = 0x101;

/// Arguments of wasm_runtime_full_init(). Zero is a good value for everything but the memory.
#[repr(C)]
pub struct RuntimeInitArgs {
    pub mem_alloc_type: mem_alloc_type_t,
    pub mem_alloc_option: MemAllocOption,
    /// A first table of native functions, as for wasm_runtime_register_natives(); may be NULL.
    pub native_module_name: *const c_char,
    pub native_symbols: *const NativeSymbol,
    pub n_native_symbols: u32,
    /// Of the members below only running_mode is used; the others exist for applications that set
    /// them.
    pub max_thread_num: u32,
    pub ip_addr: [c_char; 16],
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

/// Options of wasm_runtime_instantiate_ex().
#[repr(C)]
pub struct InstantiationArgs {
    /// Size in bytes of the operand stack of calls without an execution environment of the
    /// application; 0 for the default.
    pub default_stack_size: u32,
    /// Bytes that are appended to linear memory for wasm_runtime_module_malloc(), unless the module
    /// exports malloc and free.
    pub host_managed_heap_size: u32,
    /// Maximum size of the linear memory in pages; 0 for the firmware's limit.
    pub max_memory_pages: u32,
}

/// The kind of a wasm_val_t.
pub type wasm_valkind_t = u8;
pub const WASM_I32: wasm_valkind_t = 0;
pub const WASM_I64: wasm_valkind_t = 1;
pub const WASM_F32: wasm_valkind_t = 2;
pub const WASM_F64: wasm_valkind_t = 3;
pub const WASM_V128: wasm_valkind_t = 4;
pub const WASM_EXTERNREF: wasm_valkind_t = 128;
pub const WASM_FUNCREF: wasm_valkind_t = 129;

/// The value of a wasm_val_t.
#[repr(C)]
#[derive(Clone, Copy)]
pub union wasm_val_of_t {
    /// An i32; of a funcref, the index of the function, -1 for null.
    pub i32: i32,
    pub i64: i64,
    pub f32: f32,
    pub f64: f64,
    /// An externref: a number of the application, 0 for null. Values of more than 32 bits are
    /// refused.
    pub foreign: usize,
}

/// A value and its kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wasm_val_t {
    pub kind: wasm_valkind_t,
    pub _paddings: [u8; 7],
    pub of: wasm_val_of_t,
}

/// Importance of a message.
pub type log_level_t = u32;
pub const WASM_LOG_LEVEL_FATAL: log_level_t = 0;
pub const WASM_LOG_LEVEL_ERROR: log_level_t = 1;
pub const WASM_LOG_LEVEL_WARNING: log_level_t = 2;
pub const WASM_LOG_LEVEL_DEBUG: log_level_t = 3;
pub const WASM_LOG_LEVEL_VERBOSE: log_level_t = 4;
