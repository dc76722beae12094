//! What a module is, beside its code: its format, its name, its custom sections.

use super::exec_env::function;
use super::extras::{Extra, Part};
use super::host_modules;
use super::instance::{imports_wasi, plain_func};
use super::natives::lookup;
use super::text::{c_bytes, Text};
use super::types::*;
use crate::alloc::TryVec;
use crate::binary::types::ExternKind;
use crate::module::PRECOMPILED_VERSION;
use core::ffi::c_char;
use core::ptr::{null, null_mut};
use core::str::from_utf8_unchecked;

/// The first bytes of a precompiled module; those of a module are `\0asm`.
const PRECOMPILED: [u8; 4] = *b"\0znd";

/// The format of a file that begins with these bytes, and its version.
fn format(bytes: &[u8]) -> Option<(package_type_t, u32)> {
    let (magic, rest) = bytes.split_first_chunk::<4>()?;
    let (version, _) = rest.split_first_chunk::<4>()?;
    let format = match magic {
        b"\0asm" => Wasm_Module_Bytecode,
        _ if *magic == PRECOMPILED => Wasm_Module_AoT,
        _ => return None,
    };
    // A precompiled module has a version of 16 bits.
    let version = u32::from_le_bytes(*version);
    Some((format, if format == Wasm_Module_AoT { version & 0xffff } else { version }))
}

/// # Safety
/// `buf` is null or points at `size` bytes, which stay while the result is used.
unsafe fn file_format(buf: *const u8, size: u32) -> Option<(package_type_t, u32)> {
    if buf.is_null() {
        return None;
    }
    // SAFETY: there are as many bytes, by the contract of this function.
    format(unsafe { core::slice::from_raw_parts(buf, size as usize) })
}

/// # Safety
/// `module` is live.
unsafe fn module_format(module: wasm_module_t) -> Option<(package_type_t, u32)> {
    // SAFETY: `module` is live by the contract of this function.
    format(unsafe { &*module }.module.data.file())
}

/// Returns the format of a file: Wasm_Module_Bytecode, Wasm_Module_AoT for a precompiled module of
/// Zonda, or Package_Type_Unknown.
#[no_mangle]
pub unsafe extern "C" fn get_package_type(buf: *const u8, size: u32) -> package_type_t {
    // SAFETY: the application passes as many bytes.
    unsafe { file_format(buf, size) }.map_or(Package_Type_Unknown, |(format, _)| format)
}

/// The same.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_file_package_type(
    buf: *const u8,
    size: u32,
) -> package_type_t {
    // SAFETY: handed on.
    unsafe { get_package_type(buf, size) }
}

/// Returns the format of a module.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_module_package_type(
    module: wasm_module_t,
) -> package_type_t {
    // SAFETY: the application passes a live module.
    unsafe { module_format(module) }.map_or(Package_Type_Unknown, |(format, _)| format)
}

/// Returns the version of a file's format, 0 if the format is unknown.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_file_package_version(buf: *const u8, size: u32) -> u32 {
    // SAFETY: the application passes as many bytes.
    unsafe { file_format(buf, size) }.map_or(0, |(_, version)| version)
}

/// Returns the version of a module's format.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_module_package_version(module: wasm_module_t) -> u32 {
    // SAFETY: the application passes a live module.
    unsafe { module_format(module) }.map_or(0, |(_, version)| version)
}

/// Returns the version of a format that this runtime loads, 0 if it does not load the format.
#[no_mangle]
pub extern "C" fn wasm_runtime_get_current_package_version(package_type: package_type_t) -> u32 {
    match package_type {
        Wasm_Module_Bytecode => 1,
        Wasm_Module_AoT => PRECOMPILED_VERSION as u32,
        _ => 0,
    }
}

/// Returns whether a file is executed in place: a precompiled module is.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_is_xip_file(buf: *const u8, size: u32) -> bool {
    // SAFETY: handed on.
    unsafe { get_package_type(buf, size) == Wasm_Module_AoT }
}

/// Returns whether native functions are registered for all functions that a module imports. Imports
/// are resolved when the module is instantiated.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_resolve_symbols(module: wasm_module_t) -> bool {
    // SAFETY: the application passes a live module.
    let data = unsafe { &(*module).module.data };
    let mut funcs = data.imports.iter().filter(|import| import.kind == ExternKind::Func);
    funcs.all(|import| {
        let (module, name) = data.import_names(import.offset);
        is_linked(module.as_bytes(), name.as_bytes())
    })
}

/// Whether something is registered under these names.
pub(super) fn is_linked(module: &[u8], name: &[u8]) -> bool {
    if lookup(module, name).is_some() {
        return true;
    }
    // Declared functions have names of ASCII.
    module.is_ascii() && name.is_ascii() && {
        // SAFETY: ASCII is UTF-8.
        let (module, name) = unsafe { (from_utf8_unchecked(module), from_utf8_unchecked(name)) };
        host_modules::find(module, name).is_some()
    }
}

/// Returns whether a native function is registered under these names.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_is_import_func_linked(
    module_name: *const c_char,
    func_name: *const c_char,
) -> bool {
    // SAFETY: the application passes strings, or null for none.
    unsafe { is_linked(c_bytes(module_name), c_bytes(func_name)) }
}

/// Returns false: there are no globals that modules can import without another module.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_is_import_global_linked(
    module_name: *const c_char,
    global_name: *const c_char,
) -> bool {
    let _ = (module_name, global_name);
    false
}

/// The name that the application has given a module, with its NUL.
struct ModuleName(TryVec<u8>);

impl Extra for ModuleName {
    const PART: Part = Part::ModuleName;
    unsafe fn end(&mut self, _: *mut ()) {}
}

/// Names a module. The name is copied. Returns false if there is no memory, with the reason in
/// `error_buf`.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_module_name(
    module: wasm_module_t,
    name: *const c_char,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> bool {
    // SAFETY: the application passes a live module that nobody else uses now, a string, and a
    // buffer of that size.
    unsafe {
        let mut text = Text::new(error_buf.cast(), error_buf_size as usize);
        let extras = &mut (*module).extras;
        let done = terminated(c_bytes(name)).and_then(|name| {
            match extras.find(|_: &ModuleName| true) {
                Some(known) => (*known).0 = name,
                None => drop(extras.add(ModuleName(name))?),
            }
            Ok(())
        });
        if done.is_err() {
            text.str("allocate memory failed");
        }
        done.is_ok()
    }
}

/// A copy with a NUL behind it.
pub(super) fn terminated(bytes: &[u8]) -> Result<TryVec<u8>, crate::alloc::OutOfMemory> {
    let mut copy = TryVec::with_capacity(bytes.len() + 1)?;
    for &byte in bytes {
        copy.push(byte)?;
    }
    copy.push(0)?;
    Ok(copy)
}

/// Returns the name of wasm_runtime_set_module_name(), "" before. Valid until the module is named
/// anew or unloaded.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_module_name(module: wasm_module_t) -> *const c_char {
    // SAFETY: the application passes a live module.
    unsafe {
        match (*module).extras.find(|_: &ModuleName| true) {
            Some(name) => (*name).0.as_ptr().cast(),
            None => c"".as_ptr(),
        }
    }
}

/// Returns whether the bytes that a module was loaded from can be freed: it has a copy.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_is_underlying_binary_freeable(module: wasm_module_t) -> bool {
    // SAFETY: the application passes a live module, or null.
    unsafe { module.as_ref() }.is_some_and(|module| module.module.data.owns_bytes())
}

/// Returns the bytes of the first custom section with this name, which lie in the module, and
/// stores their number; NULL if there is none.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_custom_section(
    module: wasm_module_t,
    name: *const c_char,
    len: *mut u32,
) -> *const u8 {
    // SAFETY: the application passes a live module, a string, and a place or null.
    unsafe {
        let name = c_bytes(name);
        let mut sections = (*module).module.custom_sections();
        let Some(section) = sections.find(|section| section.name.as_bytes() == name) else {
            return null();
        };
        if let Some(len) = len.as_mut() {
            *len = section.bytes.len() as u32;
        }
        section.bytes.as_ptr()
    }
}

/// Returns whether the module of an instance imports functions of WASI.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_is_wasi_mode(module_inst: wasm_module_inst_t) -> bool {
    // SAFETY: the application passes a live instance.
    imports_wasi(unsafe { &(&*(*module_inst).data).module.data })
}

/// Returns the function `_start`, or NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_lookup_wasi_start_function(
    module_inst: wasm_module_inst_t,
) -> wasm_function_inst_t {
    // SAFETY: the application passes a live instance.
    let data = unsafe { &(&*(*module_inst).data).module.data };
    plain_func(data, b"_start").map_or(null_mut(), function)
}

/// For compatibility: does nothing. Accesses are always checked.
#[no_mangle]
pub extern "C" fn wasm_runtime_set_bounds_checks(module_inst: wasm_module_inst_t, enable: bool) {
    let _ = (module_inst, enable);
}

/// Returns true.
#[no_mangle]
pub extern "C" fn wasm_runtime_is_bounds_checks_enabled(module_inst: wasm_module_inst_t) -> bool {
    let _ = module_inst;
    true
}

/// For compatibility: does nothing. Threads of a module do not exist.
#[no_mangle]
pub extern "C" fn wasm_runtime_set_max_thread_num(num: u32) {
    let _ = num;
}

/// Stores NULL and returns 0: there is no table of native functions that every module gets.
#[no_mangle]
pub unsafe extern "C" fn get_base_lib_export_apis(p_base_lib_apis: *mut *mut NativeSymbol) -> u32 {
    // SAFETY: the application passes a place, or null.
    if let Some(place) = unsafe { p_base_lib_apis.as_mut() } {
        *place = null_mut();
    }
    0
}
