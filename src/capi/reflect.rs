//! Imports and exports of a module, and their types.
//!
//! A type is a pointer to what the module has of it: for a function its encoding in the module's
//! bytes (spec: 5.3.6), for anything else a record of the module. Names get a NUL behind them in a
//! copy, which the module owns.

#![allow(non_camel_case_types)]

use super::extras::{Extra, Part};
use super::module::WASMModuleCommon;
use super::package::{is_linked, terminated};
use super::types::*;
use crate::alloc::TryVec;
#[cfg(feature = "function-references")]
use crate::binary::types::Code;
use crate::binary::types::{ExternKind, GlobalType, MemoryType, TableType};
use crate::module::{ExportEntry, ModuleData};
use core::ffi::c_char;
use core::ptr::{from_ref, null, null_mut};

/// The type of a function.
pub type wasm_func_type_t = *mut WASMFuncType;
/// The type of a table.
pub type wasm_table_type_t = *mut WASMTableType;
/// The type of a global.
pub type wasm_global_type_t = *mut WASMGlobalType;
/// The type of a memory.
pub type wasm_memory_type_t = *mut WASMMemory;

/// Opaque for the application.
pub struct WASMFuncType(#[allow(dead_code)] u8);
/// Opaque for the application.
pub struct WASMTableType(#[allow(dead_code)] TableType);
/// Opaque for the application.
pub struct WASMGlobalType(#[allow(dead_code)] GlobalType);
/// Opaque for the application.
pub struct WASMMemory(#[allow(dead_code)] MemoryType);

/// The type of an import or export; which member it is says the kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub union wasm_extern_type_t {
    pub func_type: wasm_func_type_t,
    pub table_type: wasm_table_type_t,
    pub global_type: wasm_global_type_t,
    pub memory_type: wasm_memory_type_t,
}

/// An import. Names and type are valid until the module is unloaded.
#[repr(C)]
pub struct wasm_import_t {
    pub module_name: *const c_char,
    pub name: *const c_char,
    pub kind: wasm_import_export_kind_t,
    /// Whether a native function is registered for it now.
    pub linked: bool,
    pub u: wasm_extern_type_t,
}

/// An export. Name and type are valid until the module is unloaded.
#[repr(C)]
pub struct wasm_export_t {
    pub name: *const c_char,
    pub kind: wasm_import_export_kind_t,
    pub u: wasm_extern_type_t,
}

/// A name with its NUL.
struct Name(TryVec<u8>);

impl Extra for Name {
    const PART: Part = Part::Name;
    unsafe fn end(&mut self, _: *mut ()) {}
}

/// The name as a string that the module owns; the same one for the same name. NULL without memory.
///
/// # Safety
/// `module` is live, and nobody else uses its names now.
unsafe fn c_name(module: *mut WASMModuleCommon, name: &str) -> *const c_char {
    // SAFETY: the contract of this function.
    let extras = unsafe { &mut (*module).extras };
    let known = extras.find(|known: &Name| known.0.split_last() == Some((&0, name.as_bytes())));
    let mut made = || extras.add(Name(terminated(name.as_bytes())?));
    let name = match known {
        Some(known) => known,
        None => match made() {
            Ok(name) => name,
            Err(_) => return null(),
        },
    };
    // SAFETY: entries are live as long as the module.
    unsafe { (*name).0.as_ptr().cast() }
}

fn kind(kind: ExternKind) -> wasm_import_export_kind_t {
    match kind {
        ExternKind::Func => WASM_IMPORT_EXPORT_KIND_FUNC,
        ExternKind::Table => WASM_IMPORT_EXPORT_KIND_TABLE,
        ExternKind::Memory => WASM_IMPORT_EXPORT_KIND_MEMORY,
        ExternKind::Global => WASM_IMPORT_EXPORT_KIND_GLOBAL,
        // WAMR does not describe tags. The number is that of the binary format.
        #[cfg(feature = "exceptions")]
        ExternKind::Tag => ExternKind::Tag as wasm_import_export_kind_t,
    }
}

/// The encoding of a function's type: the number of its parameters precedes them, in up to five
/// bytes of which all but the last have the highest bit set.
#[cfg(feature = "function-references")]
fn encoding(data: &ModuleData, func: u32) -> wasm_func_type_t {
    let codes =
        data.func_type(func).and_then(|ty| data.value_types().get(ty.params as usize - 2..));
    codes.map_or(core::ptr::null_mut(), |codes| codes.as_ptr().cast_mut().cast())
}

/// The encoding of the type of a function in the module.
#[cfg(not(feature = "function-references"))]
fn encoding(data: &ModuleData, func: u32) -> wasm_func_type_t {
    let Some(ty) = data.func_type(func) else { return null_mut() };
    let before = data.bytes.get(..ty.params as usize).unwrap_or(&[]);
    let more = before.iter().rev().skip(1).take_while(|byte| **byte & 0x80 != 0).count();
    let at = (ty.params as usize).wrapping_sub(1 + more);
    data.bytes.get(at).map_or(null_mut(), |byte| from_ref(byte).cast_mut().cast())
}

/// The type of what has this index in its index space.
fn extern_type(data: &ModuleData, kind: ExternKind, index: u32) -> wasm_extern_type_t {
    let at = index as usize;
    match kind {
        ExternKind::Func => wasm_extern_type_t { func_type: encoding(data, index) },
        ExternKind::Table => wasm_extern_type_t {
            table_type: data.tables.get(at).map_or(null_mut(), |ty| from_ref(ty).cast_mut().cast()),
        },
        ExternKind::Memory => wasm_extern_type_t {
            memory_type: data
                .memories
                .get(at)
                .map_or(null_mut(), |ty| from_ref(ty).cast_mut().cast()),
        },
        ExternKind::Global => wasm_extern_type_t {
            global_type: data
                .globals
                .get(at)
                .map_or(null_mut(), |global| from_ref(&global.ty).cast_mut().cast()),
        },
        #[cfg(feature = "exceptions")]
        ExternKind::Tag => wasm_extern_type_t { func_type: null_mut() },
    }
}

/// Returns the number of imports, -1 for a NULL module.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_import_count(module: wasm_module_t) -> i32 {
    // SAFETY: the application passes a live module or null.
    unsafe { module.as_ref() }.map_or(-1, |module| module.module.data.imports.len() as i32)
}

/// Describes an import, by its index. What there is not, or has no memory, is zero.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_import_type(
    module: wasm_module_t,
    import_index: i32,
    import_type: *mut wasm_import_t,
) {
    // SAFETY: the application passes a live module or null, and a place or null. Zero is a value of
    // every member.
    unsafe {
        let Some(place) = import_type.as_mut() else { return };
        *place = core::mem::zeroed();
        let Some(loaded) = module.as_ref() else { return };
        let data = loaded.module.data.clone();
        let index = import_index as usize;
        let Some(entry) = data.imports.get(index) else { return };
        let before = data.imports.iter().take(index);
        let same = before.filter(|other| other.kind == entry.kind).count() as u32;
        let (module_name, name) = data.import_names(entry.offset);
        place.module_name = c_name(module, module_name);
        place.name = c_name(module, name);
        place.kind = kind(entry.kind);
        place.linked =
            entry.kind == ExternKind::Func && is_linked(module_name.as_bytes(), name.as_bytes());
        place.u = extern_type(&data, entry.kind, same);
    }
}

/// Returns the number of exports, -1 for a NULL module.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_export_count(module: wasm_module_t) -> i32 {
    // SAFETY: the application passes a live module or null.
    unsafe { module.as_ref() }.map_or(-1, |module| module.module.data.exports().count() as i32)
}

/// Describes an export, by its index. What there is not, or has no memory, is zero.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_export_type(
    module: wasm_module_t,
    export_index: i32,
    export_type: *mut wasm_export_t,
) {
    // SAFETY: as for wasm_runtime_get_import_type().
    unsafe {
        let Some(place) = export_type.as_mut() else { return };
        *place = core::mem::zeroed();
        let Some(loaded) = module.as_ref() else { return };
        let data = loaded.module.data.clone();
        let entry = data.exports().nth(export_index as usize);
        let Some(ExportEntry { name, kind: of, index }) = entry else { return };
        place.name = c_name(module, name);
        place.kind = kind(of);
        place.u = extern_type(&data, of, index);
    }
}

/// The codes of the parameters, or of the results, of a function's type: the first of them, and
/// their number.
#[cfg(not(feature = "function-references"))]
///
/// # Safety
/// `ty` is null or one that this file handed out, of a live module.
unsafe fn codes<'c>(ty: wasm_func_type_t, results: bool) -> &'c [u8] {
    // SAFETY: the type was validated when the module was loaded: numbers in at most five bytes, of
    // at most 1,000 values each, so all of it lies in the module.
    unsafe {
        let mut at = ty.cast::<u8>().cast_const();
        for vector in 0..if at.is_null() { 0 } else { 2 } {
            let (mut count, mut shift) = (0, 0);
            loop {
                let byte = *at;
                at = at.add(1);
                count |= ((byte & 0x7f) as usize) << shift;
                shift += 7;
                if byte & 0x80 == 0 || shift > 28 {
                    break;
                }
            }
            if vector == results as usize {
                return core::slice::from_raw_parts(at, count);
            }
            at = at.add(count);
        }
    }
    &[]
}

/// The same: the numbers of both stand before the codes.
///
/// # Safety
/// `ty` is null or one that this file handed out, of a live module.
#[cfg(feature = "function-references")]
unsafe fn codes<'c>(ty: wasm_func_type_t, results: bool) -> &'c [Code] {
    let at = ty.cast::<Code>().cast_const();
    if at.is_null() {
        return &[];
    }
    // SAFETY: by the contract the table of the module's types has so many codes there
    // (`TypeTable::read_type`).
    unsafe {
        let (params, count) = ((*at >> 16) as usize, (*at.add(1) >> 16) as usize);
        match results {
            false => core::slice::from_raw_parts(at.add(2), params),
            true => core::slice::from_raw_parts(at.add(2 + params), count),
        }
    }
}

/// The kind of a value of a type; WASM_I32 beyond the last.
///
/// # Safety
/// As for [`codes`].
unsafe fn nth_kind(ty: wasm_func_type_t, results: bool, index: u32) -> wasm_valkind_t {
    // SAFETY: handed on.
    unsafe { codes(ty, results) }.get(index as usize).map_or(WASM_I32, |&code| func_kind(code))
}

/// Returns the number of parameters of a function's type.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_type_get_param_count(func_type: wasm_func_type_t) -> u32 {
    // SAFETY: the application passes a type of a live module.
    unsafe { codes(func_type, false) }.len() as u32
}

/// Returns the kind of a parameter; WASM_I32 if there is none with this index.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_type_get_param_valkind(
    func_type: wasm_func_type_t,
    param_index: u32,
) -> wasm_valkind_t {
    // SAFETY: the application passes a type of a live module.
    unsafe { nth_kind(func_type, false, param_index) }
}

/// Returns the number of results of a function's type.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_type_get_result_count(func_type: wasm_func_type_t) -> u32 {
    // SAFETY: the application passes a type of a live module.
    unsafe { codes(func_type, true) }.len() as u32
}

/// Returns the kind of a result; WASM_I32 if there is none with this index.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_type_get_result_valkind(
    func_type: wasm_func_type_t,
    result_index: u32,
) -> wasm_valkind_t {
    // SAFETY: the application passes a type of a live module.
    unsafe { nth_kind(func_type, true, result_index) }
}

/// Returns the kind of a global.
#[no_mangle]
pub unsafe extern "C" fn wasm_global_type_get_valkind(
    global_type: wasm_global_type_t,
) -> wasm_valkind_t {
    // SAFETY: the application passes a type of a live module.
    func_kind(unsafe { &*global_type }.0.content.code())
}

/// Returns whether a global is mutable.
#[no_mangle]
pub unsafe extern "C" fn wasm_global_type_get_mutable(global_type: wasm_global_type_t) -> bool {
    // SAFETY: the application passes a type of a live module.
    unsafe { &*global_type }.0.mutable
}

/// Returns whether a memory is declared to be shared.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_type_get_shared(memory_type: wasm_memory_type_t) -> bool {
    // SAFETY: the application passes a type of a live module.
    unsafe { &*memory_type }.0.sharing.is_shared()
}

/// Returns the pages that a memory begins with.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_type_get_init_page_count(
    memory_type: wasm_memory_type_t,
) -> u32 {
    // SAFETY: the application passes a type of a live module.
    unsafe { &*memory_type }.0.limits.min
}

/// Returns the pages that a memory may grow to.
#[no_mangle]
pub unsafe extern "C" fn wasm_memory_type_get_max_page_count(
    memory_type: wasm_memory_type_t,
) -> u32 {
    // SAFETY: the application passes a type of a live module.
    unsafe { &*memory_type }.0.most_pages()
}

/// Returns the kind of a table's elements.
#[no_mangle]
pub unsafe extern "C" fn wasm_table_type_get_elem_kind(
    table_type: wasm_table_type_t,
) -> wasm_valkind_t {
    // SAFETY: the application passes a type of a live module.
    func_kind(unsafe { &*table_type }.0.element.code())
}

/// Returns false: tables of threads do not exist.
#[no_mangle]
pub unsafe extern "C" fn wasm_table_type_get_shared(table_type: wasm_table_type_t) -> bool {
    let _ = table_type;
    false
}

/// Returns the elements that a table begins with.
#[no_mangle]
pub unsafe extern "C" fn wasm_table_type_get_init_size(table_type: wasm_table_type_t) -> u32 {
    // SAFETY: the application passes a type of a live module.
    unsafe { &*table_type }.0.limits.min
}

/// Returns the elements that a table may grow to.
#[no_mangle]
pub unsafe extern "C" fn wasm_table_type_get_max_size(table_type: wasm_table_type_t) -> u32 {
    // SAFETY: the application passes a type of a live module.
    unsafe { &*table_type }.0.limits.max.unwrap_or(u32::MAX)
}
