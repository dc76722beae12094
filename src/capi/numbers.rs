//! The enumerations of wasm_export.h as the functions take them: numbers with names.

#![allow(non_camel_case_types, non_upper_case_globals)]

use super::enums;

macro_rules! numbers {
    ($($enum:ident $name:ident $number:ty: $($value:ident)*;)*) => { $(
        #[doc = concat!("The values of the C enumeration `", stringify!($enum), "`.")]
        pub type $name = $number;
        $(
            #[doc = concat!("See `", stringify!($enum), "` in the header.")]
            pub const $value: $name = enums::$enum::$value as $number;
        )*
    )* };
}

numbers! {
    mem_alloc_type_t mem_alloc_type_t u32: Alloc_With_Pool Alloc_With_Allocator Alloc_With_System_Allocator;
    RunningMode RunningMode u32: Mode_Interp Mode_Fast_JIT Mode_LLVM_JIT Mode_Multi_Tier_JIT Mode_Zonda_Classic Mode_Zonda_Fast;
    wasm_valkind_enum wasm_valkind_t u8: WASM_I32 WASM_I64 WASM_F32 WASM_F64 WASM_V128 WASM_EXTERNREF WASM_FUNCREF;
    log_level_t log_level_t u32: WASM_LOG_LEVEL_FATAL WASM_LOG_LEVEL_ERROR WASM_LOG_LEVEL_WARNING WASM_LOG_LEVEL_DEBUG WASM_LOG_LEVEL_VERBOSE;
    wasm_import_export_kind_t wasm_import_export_kind_t u32: WASM_IMPORT_EXPORT_KIND_FUNC WASM_IMPORT_EXPORT_KIND_TABLE WASM_IMPORT_EXPORT_KIND_MEMORY WASM_IMPORT_EXPORT_KIND_GLOBAL;
    package_type_t package_type_t u32: Wasm_Module_Bytecode Wasm_Module_AoT Package_Type_Unknown;
}
