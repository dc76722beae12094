//! Modules from wasm-smith with exactly the features that Zonda has.

use arbitrary::{Result, Unstructured};
use wasm_smith::{Config, Module};

/// For the validator: anything goes.
pub fn config(u: &mut Unstructured) -> Result<Config> {
    Ok(Config {
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        custom_page_sizes_enabled: true,
        extended_const_enabled: true,
        tail_call_enabled: true,
        generate_custom_sections: true,
        memory64_enabled: cfg!(feature = "memory64"),
        wide_arithmetic_enabled: cfg!(feature = "wide-arithmetic"),
        simd_enabled: cfg!(feature = "simd"),
        relaxed_simd_enabled: cfg!(feature = "simd"),
        max_memories: 3,
        max_tables: 3,
        min_uleb_size: u.int_in_range(1..=5)?,
        // What Zonda does not have yet.
        acquire_release_atomics_enabled: false,
        compact_imports_enabled: false,
        custom_descriptors_enabled: false,
        exceptions_enabled: cfg!(feature = "exceptions"),
        gc_enabled: false,
        multibyte_array_access_enabled: false,
        shared_everything_threads_enabled: false,
        threads_enabled: false,
        ..Config::default()
    })
}

/// For execution: small, so that both engines have the same memory, and with one outcome only.
pub fn executable(u: &mut Unstructured) -> Result<Vec<u8>> {
    let mut config = config(u)?;
    // Of what is relaxed, wasmi chooses other results.
    config.relaxed_simd_enabled = false;
    // wasmi has none.
    config.exceptions_enabled = false;
    config.available_imports = Some(IMPORTS.to_vec());
    config.canonicalize_nans = true;
    config.export_everything = true;
    config.generate_custom_sections = false;
    config.max_memory32_bytes = 2 << 16;
    config.max_memory64_bytes = 2 << 16;
    config.memory_max_size_required = true;
    config.max_table_elements = 100;
    config.table_max_size_required = true;
    config.min_funcs = 1;
    config.max_instructions = 200;
    let mut module = Module::new(config, u)?;
    // Both engines run dry at the same place, because the module counts.
    module.ensure_termination(500).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    Ok(module.to_bytes())
}

/// For precompiled modules, which have no references as values.
pub fn numeric(u: &mut Unstructured) -> Result<Vec<u8>> {
    let mut config = config(u)?;
    config.reference_types_enabled = false;
    config.exceptions_enabled = false;
    config.max_tables = 1;
    config.export_everything = true;
    config.generate_custom_sections = false;
    config.max_memory32_bytes = 2 << 16;
    config.max_memory64_bytes = 2 << 16;
    config.memory_max_size_required = true;
    config.max_table_elements = 100;
    config.table_max_size_required = true;
    config.min_funcs = 1;
    config.max_instructions = 100;
    Ok(Module::new(config, u)?.to_bytes())
}

/// Names of the host functions in [`IMPORTS`].
pub const IMPORT_MODULE: &str = "h";

/// A module that imports what the modules may import:
/// `h.a: (i32) -> i32`, `h.b: (i64, f32) -> f64`, `h.c: () -> ()`, `h.d: (externref, funcref) ->
/// (i64, i32)`.
pub const IMPORTS: &[u8] = b"\0asm\x01\0\0\0\
    \x01\x16\x04\
    \x60\x01\x7f\x01\x7f\
    \x60\x02\x7e\x7d\x01\x7c\
    \x60\x00\x00\
    \x60\x02\x6f\x70\x02\x7e\x7f\
    \x02\x19\x04\
    \x01h\x01a\x00\x00\
    \x01h\x01b\x00\x01\
    \x01h\x01c\x00\x02\
    \x01h\x01d\x00\x03";
