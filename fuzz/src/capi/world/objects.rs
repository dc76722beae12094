//! Looking into modules and instances: types, objects, contexts, sections, in any order and with
//! any index.

use std::ffi::{c_void, CStr};
use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::memory::{enter, failures};
use super::{index, kept, World};

const NAMES: [&CStr; 7] = [c"add", c"memory", c"table", c"g", c"", c"malloc", c"back"];

impl World {
    /// The imports and exports of a module; every name is a string, every type can be read.
    pub(super) fn reflect(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.modules)? else { return Ok(()) };
        let module = self.modules[at].handle;
        let before = failures();
        // SAFETY: the module is live; zero is a value of what is filled in.
        unsafe {
            let mut import: wasm_import_t = std::mem::zeroed();
            let mut export: wasm_export_t = std::mem::zeroed();
            let imports = enter(|| wasm_runtime_get_import_count(module));
            let exports = enter(|| wasm_runtime_get_export_count(module));
            assert!(imports >= 0 && exports >= 0);
            let number = u.int_in_range(-2..=10)?;
            enter(|| wasm_runtime_get_import_type(module, number, &mut import));
            let there = (0..imports).contains(&number);
            let short = self.tight || failures() > before;
            assert!(import.name.is_null() || there);
            assert!(!import.name.is_null() || !there || short);
            if there {
                look(import.kind, import.u);
            }
            enter(|| wasm_runtime_get_export_type(module, number, &mut export));
            let there = (0..exports).contains(&number);
            assert!(export.name.is_null() || there);
            if there {
                look(export.kind, export.u);
                if !export.name.is_null() {
                    let _ = CStr::from_ptr(export.name).to_bytes();
                }
            }
            let mut len = u32::MAX;
            let section =
                enter(|| wasm_runtime_get_custom_section(module, c"name".as_ptr(), &mut len));
            if !section.is_null() {
                let bytes = std::slice::from_raw_parts(section, len as usize);
                assert!(bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>() < u64::MAX);
            }
            let mut error = [0; 64];
            let name = *u.choose(&NAMES)?;
            if enter(|| wasm_runtime_set_module_name(module, name.as_ptr(), error.as_mut_ptr(), 64))
            {
                assert_eq!(CStr::from_ptr(wasm_runtime_get_module_name(module)), name);
            }
            enter(|| wasm_runtime_resolve_symbols(module));
        }
        Ok(())
    }

    /// Memories, tables, globals and contexts of an instance, and calls through a table.
    pub(super) fn look_inside(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, _)) = self.callee(u)? else { return Ok(()) };
        let instance = &mut self.instances[at];
        let handle = instance.handle;
        let name = *u.choose(&NAMES)?;
        // SAFETY: the instance is live, and so are what it hands out until it grows.
        unsafe {
            let memory = enter(|| wasm_runtime_lookup_memory(handle, name.as_ptr()));
            if !memory.is_null() {
                let pages = enter(|| wasm_memory_get_cur_page_count(memory));
                assert!(pages <= enter(|| wasm_memory_get_max_page_count(memory)).max(pages));
                assert!(!enter(|| wasm_memory_get_base_address(memory)).is_null());
                // Not more: what is written there is looked at.
                assert!(enter(|| wasm_memory_enlarge(memory, 0)));
                assert!(!enter(|| wasm_memory_enlarge(memory, u64::MAX)));
            }
            assert!(enter(|| wasm_runtime_get_memory(handle, u32::MAX)).is_null());
            let mut table: wasm_table_inst_t = std::mem::zeroed();
            if enter(|| wasm_runtime_get_export_table_inst(handle, name.as_ptr(), &mut table)) {
                let number = u.arbitrary()?;
                enter(|| wasm_table_get_func_inst(handle, &table, number));
            }
            let mut global: wasm_global_inst_t = std::mem::zeroed();
            if enter(|| wasm_runtime_get_export_global_inst(handle, name.as_ptr(), &mut global)) {
                assert!(!global.global_data.is_null());
            }
            // None that was created.
            let key = usize::MAX - u.int_in_range(0..=9usize)?;
            let key: *mut c_void = std::ptr::without_provenance_mut(key);
            enter(|| wasm_runtime_set_context(handle, key, key));
            let kept = enter(|| wasm_runtime_get_context(handle, key));
            assert!(kept == key || kept.is_null());
            if !kept.is_null() {
                instance.kept.set(key.addr(), key.addr());
            }
            let object = u.arbitrary::<usize>()? & !kept::OBJECTS;
            let object: *mut c_void = std::ptr::without_provenance_mut(object);
            let (mut reference, mut again) = (0, null_mut());
            if enter(|| wasm_externref_obj2ref(handle, object, &mut reference)) {
                enter(|| wasm_externref_ref2obj(reference, &mut again));
                assert_eq!(again, object);
                if u.arbitrary()? {
                    assert_eq!(enter(|| wasm_externref_objdel(handle, object)), !object.is_null());
                }
            }
            // Outside of any table.
            let mut cells = [0u32; 16];
            let outside = u.int_in_range(100_000..=u32::MAX)?;
            assert!(!enter(|| wasm_runtime_call_indirect(env, outside, 16, cells.as_mut_ptr())));
            enter(|| wasm_runtime_clear_exception(handle));
        }
        Ok(())
    }
}

/// Reads a type.
///
/// # Safety
/// It is one of a live module, of this kind.
unsafe fn look(kind: wasm_import_export_kind_t, ty: wasm_extern_type_t) {
    // SAFETY: the contract of this function: the kind says which member it is.
    unsafe {
        match kind {
            WASM_IMPORT_EXPORT_KIND_FUNC => {
                let params = wasm_func_type_get_param_count(ty.func_type);
                let results = wasm_func_type_get_result_count(ty.func_type);
                assert!(params <= 1000 && results <= 1000);
                for number in 0..=params {
                    wasm_func_type_get_param_valkind(ty.func_type, number);
                }
                for number in 0..=results {
                    wasm_func_type_get_result_valkind(ty.func_type, number);
                }
            }
            WASM_IMPORT_EXPORT_KIND_TABLE => {
                let least = wasm_table_type_get_init_size(ty.table_type);
                assert!(least <= wasm_table_type_get_max_size(ty.table_type));
            }
            WASM_IMPORT_EXPORT_KIND_MEMORY => {
                let least = wasm_memory_type_get_init_page_count(ty.memory_type);
                assert!(least <= wasm_memory_type_get_max_page_count(ty.memory_type));
            }
            _ => {
                wasm_global_type_get_valkind(ty.global_type);
                wasm_global_type_get_mutable(ty.global_type);
            }
        }
    }
}
