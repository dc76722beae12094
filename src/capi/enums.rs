//! The enumerations of wasm_export.h, for the header alone.
//!
//! The functions take numbers (`numbers`): a C enumeration has another size with -fshort-enums, and
//! a number that is no value of a Rust enumeration would be undefined behaviour. The last value of
//! each enumeration that is stored or passed makes it 32 bits wide whatever the compiler's options.

#![allow(non_camel_case_types, dead_code, clippy::enum_variant_names)]

/// Source of the runtime's memory.
#[repr(C)]
pub enum mem_alloc_type_t {
    /// A buffer of the application.
    Alloc_With_Pool = 0,
    /// Functions of the application.
    Alloc_With_Allocator = 1,
    /// The system: zonda_platform_alloc().
    Alloc_With_System_Allocator = 2,
    /// Makes the type 32 bits wide.
    Alloc_With_32_Bits = 0x7fff_ffff,
}

/// Execution mode. 0 is the same as Mode_Interp.
#[repr(C)]
pub enum RunningMode {
    /// The interpreter that is the firmware's default: fast mode if it is built in and not
    /// configured otherwise.
    Mode_Interp = 1,
    Mode_Fast_JIT = 2,
    Mode_LLVM_JIT = 3,
    Mode_Multi_Tier_JIT = 4,
    /// Classic mode: executes the module in place, with the least RAM. Not in WAMR.
    Mode_Zonda_Classic = 0x100,
    /// Fast mode: executes register bytecode, which takes RAM and is several times faster. Not in
    /// WAMR.
    Mode_Zonda_Fast = 0x101,
    /// Makes the type 32 bits wide.
    Mode_32_Bits = 0x7fff_ffff,
}

/// Values of a wasm_valkind_t.
#[repr(C)]
pub enum wasm_valkind_enum {
    WASM_I32 = 0,
    WASM_I64 = 1,
    WASM_F32 = 2,
    WASM_F64 = 3,
    WASM_V128 = 4,
    WASM_EXTERNREF = 128,
    WASM_FUNCREF = 129,
}

/// Importance of a message.
#[repr(C)]
pub enum log_level_t {
    WASM_LOG_LEVEL_FATAL = 0,
    WASM_LOG_LEVEL_ERROR = 1,
    WASM_LOG_LEVEL_WARNING = 2,
    WASM_LOG_LEVEL_DEBUG = 3,
    WASM_LOG_LEVEL_VERBOSE = 4,
    /// Makes the type 32 bits wide.
    WASM_LOG_LEVEL_32_BITS = 0x7fff_ffff,
}

/// What is imported or exported.
#[repr(C)]
pub enum wasm_import_export_kind_t {
    WASM_IMPORT_EXPORT_KIND_FUNC = 0,
    WASM_IMPORT_EXPORT_KIND_TABLE = 1,
    WASM_IMPORT_EXPORT_KIND_MEMORY = 2,
    WASM_IMPORT_EXPORT_KIND_GLOBAL = 3,
    /// Makes the type 32 bits wide.
    WASM_IMPORT_EXPORT_KIND_32_BITS = 0x7fff_ffff,
}

/// Format of a module.
#[repr(C)]
pub enum package_type_t {
    Wasm_Module_Bytecode = 0,
    /// A precompiled module of Zonda.
    Wasm_Module_AoT = 1,
    Package_Type_Unknown = 0xffff,
    /// Makes the type 32 bits wide.
    Package_Type_32_Bits = 0x7fff_ffff,
}
