//! Loading modules.

use super::exec_env::exception;
use super::extras::Extras;
use super::modules;
use super::native_code;
use super::runtime::engine;
use super::signed;
use super::text::Text;
use super::types::*;
use super::wasi::WasiArguments;
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::error::{Error, ShortageOf};
use crate::platform::{self, interface};
use crate::Module;
use core::ffi::c_char;
use core::ptr::null_mut;

pub struct WASMModuleCommon {
    /// Borrows the application's bytes, which stay until the module is unloaded.
    pub(super) module: Module<'static>,
    /// What its programs get.
    pub(super) wasi: WasiArguments,
    /// What parts of the API keep for it.
    pub(super) extras: Extras,
}

impl Drop for WASMModuleCommon {
    fn drop(&mut self) {
        let owner: *mut WASMModuleCommon = self;
        modules::unloaded(owner);
        // SAFETY: the list is the module's, which is live until this returns; `self` is not used
        // any more.
        unsafe { Extras::end(&raw mut (*owner).extras, owner.cast()) };
    }
}

/// Writes the reason of an error.
pub(super) fn describe<'t>(text: &'t mut Text, error: &Error) -> &'t mut Text {
    match error {
        Error::Module(error) => at(text, error.kind.message(), error.kind as u32, error.offset),
        // Elsewhere its texts would take flash for nothing.
        #[cfg(any(feature = "precompiled", feature = "native"))]
        Error::Artifact(error) => at(text, error.kind.message(), error.kind as u32, error.offset),
        Error::OutOfMemory => text.str("allocate memory failed"),
        Error::Shortage(shortage) => {
            text.str("allocate memory failed: ").str(match shortage.of() {
                ShortageOf::Memory => "linear memory ",
                ShortageOf::Table => "table ",
                ShortageOf::Instance => "instance ",
            });
            text.number(shortage.index()).str(" wants ");
            text.number(u32::try_from(shortage.wanted()).unwrap_or(u32::MAX)).str(" bytes")
        }
        Error::Trap(trap) => text.str(exception(trap.code)),
        _ => text.str("an implementation limit is exceeded"),
    }
}

/// Says what is wrong at an offset: in words, or by the kind's number in a build without texts.
fn at<'t>(text: &'t mut Text, message: &str, kind: u32, offset: u32) -> &'t mut Text {
    if message.is_empty() {
        text.str("error ").number(kind);
    } else {
        text.str(message);
    }
    text.str(" (offset ").number(offset).str(")")
}

/// Loads a module of `size` bytes. The bytes may be constant, for example in flash (the parameter
/// is not `const` because WAMR's is not). They are not copied and never written, and must stay
/// until wasm_runtime_unload(). In classic mode on a Cortex-M up to two bytes behind them are read
/// (and ignored), so the module must not end where readable memory ends. Returns NULL on failure,
/// with the reason in `error_buf`. Several threads may use one module at once.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_load(
    buf: *mut u8,
    size: u32,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_t {
    // SAFETY: the application passes bytes that stay, and a buffer of that size.
    unsafe { load(bytes(buf, size), native_code::open, error_buf, error_buf_size) }
}

/// The same with options, for example to copy the bytes.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_load_ex(
    buf: *mut u8,
    size: u32,
    args: *const LoadArgs,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_t {
    // SAFETY: the application passes arguments, bytes that stay if they are not copied, and a
    // buffer of that size.
    unsafe {
        if (*args).wasm_binary_freeable {
            let copy = |file: &[u8], _| Module::from_vec(&engine(), file);
            load(bytes(buf, size), copy, error_buf, error_buf_size)
        } else {
            wasm_runtime_load(buf, size, error_buf, error_buf_size)
        }
    }
}

/// Loads a module from its sections, in the order of the list, which are copied. Sections of WAMR's
/// AOT files are refused, and any where modules have to be signed.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_load_from_sections(
    section_list: wasm_section_list_t,
    is_aot: bool,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_t {
    // SAFETY: the application passes a list of sections, and a buffer of that size.
    unsafe {
        match joined(section_list, is_aot) {
            Ok(file) => {
                // What `open` takes off the end of a file is a signature, which would cover a file
                // that there never was.
                let make = |_: &[u8], _| Module::from_owned(&engine(), file);
                load(&[], make, error_buf, error_buf_size)
            }
            Err(_) => refuse(&Error::OutOfMemory, error_buf, error_buf_size),
        }
    }
}

/// Checks the native stack, and the signature of a file that has one; loads what is signed. `make`
/// learns whether it is.
///
/// # Safety
/// As for [`refuse`].
pub(super) unsafe fn load<'f>(
    file: &'f [u8],
    make: impl FnOnce(&'f [u8], bool) -> Result<Module<'static>, Error>,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_t {
    // SAFETY: `error_buf` is null or has its size, by the contract of this function.
    unsafe {
        if !has_stack(error_buf, error_buf_size) {
            return null_mut();
        }
        match signed::open(file) {
            // A signature stands behind what is signed, and is valid.
            Ok(payload) => match make(payload, payload.len() != file.len()) {
                Ok(module) => hand_out(module, error_buf, error_buf_size),
                Err(error) => refuse(&error, error_buf, error_buf_size),
            },
            Err(error) => {
                let mut text = Text::new(error_buf.cast(), error_buf_size as usize);
                signed::describe(text.str("WASM module load failed: "), &error);
                null_mut()
            }
        }
    }
}

/// Bytes in front of a section's content: its number, and its size in the longest form.
const SECTION_HEAD: usize = 6;

/// A module of these sections. What comes from an AOT file begins with a number that no module has.
///
/// # Safety
/// `section` is null or the first of a list, each with as many bytes as it says.
unsafe fn joined(first: *const wasm_section_t, is_aot: bool) -> Result<TryVec<u8>, OutOfMemory> {
    // SAFETY: the sections are those of a list, by the contract of this function; what is written
    // has been counted.
    unsafe {
        let mut size = 8usize;
        let mut section = first;
        while let Some(at) = section.as_ref() {
            let more = (at.section_body_size as usize).checked_add(SECTION_HEAD);
            size = more.and_then(|more| size.checked_add(more)).ok_or(OutOfMemory)?;
            section = at.next;
        }
        let file = TryVec::zeroed(size)?;
        let mut to: *mut u8 = file.as_mut_ptr();
        to.copy_from_nonoverlapping(if is_aot { b"\0aot\x01" } else { b"\0asm\x01" }.as_ptr(), 5);
        to = to.add(8);
        section = first;
        while let Some(at) = section.as_ref() {
            let size = at.section_body_size;
            // No section has the last number.
            to.write(u8::try_from(at.section_type).unwrap_or(u8::MAX));
            for digit in 0..5 {
                let more = if digit < 4 { 0x80 } else { 0 };
                to.add(1 + digit).write((size >> (7 * digit)) as u8 & 0x7f | more);
            }
            to = to.add(SECTION_HEAD);
            to.copy_from_nonoverlapping(at.section_body, size as usize);
            to = to.add(size as usize);
            section = at.next;
        }
        Ok(file)
    }
}

/// Whether the native stack suffices for loading; if not, stores the reason. Once for all ways to
/// load.
///
/// # Safety
/// As for [`refuse`].
#[inline(never)]
unsafe fn has_stack(error_buf: *mut c_char, error_buf_size: u32) -> bool {
    let suffices = platform::stack_suffices(interface::ZONDA_STACK_LOAD);
    if !suffices {
        // SAFETY: `error_buf` is null or has its size, by the contract of this function.
        unsafe { Text::new(error_buf.cast(), error_buf_size as usize) }
            .str("WASM module load failed: native stack overflow");
    }
    suffices
}

/// What of a file is loaded, for other APIs; none where its signature is wrong, or missing and
/// required.
pub fn checked_file(file: &[u8]) -> Option<&[u8]> {
    signed::open(file).ok()
}

/// # Safety
/// `buf` is null or points at `size` bytes that stay for as long as they are used.
pub(super) unsafe fn bytes(buf: *const u8, size: u32) -> &'static [u8] {
    if buf.is_null() {
        return &[];
    }
    // SAFETY: `buf` points at `size` bytes that stay, by the contract of this function; it is not
    // null.
    unsafe { core::slice::from_raw_parts(buf, size as usize) }
}

/// Returns the module to the application.
///
/// # Safety
/// As for [`refuse`].
#[inline(never)]
unsafe fn hand_out(
    module: Module<'static>,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_t {
    match TryBox::new(WASMModuleCommon { module, wasi: WasiArguments::NONE, extras: Extras::new() })
    {
        Ok(module) => {
            // SAFETY: the module was just made; `error_buf` is null or has its size, by the
            // contract of this function.
            let loaded =
                unsafe { modules::load_dependencies(module.as_ptr(), error_buf, error_buf_size) };
            if !loaded {
                return null_mut();
            }
            module.into_raw()
        }
        // SAFETY: `error_buf` is null or has its size, by the contract of this function.
        Err(_) => unsafe { refuse(&Error::OutOfMemory, error_buf, error_buf_size) },
    }
}

/// Stores the reason why there is no module; returns NULL.
///
/// # Safety
/// `error_buf` is null or a buffer of its size.
#[inline(never)]
unsafe fn refuse(error: &Error, error_buf: *mut c_char, error_buf_size: u32) -> wasm_module_t {
    // SAFETY: `error_buf` is null or has its size, by the contract of this function.
    let mut text = unsafe { Text::new(error_buf.cast(), error_buf_size as usize) };
    describe(text.str("WASM module load failed: "), error);
    null_mut()
}

/// Frees a module that has no instance. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_unload(module: wasm_module_t) {
    if !module.is_null() {
        // SAFETY: made by `wasm_runtime_load`.
        drop(unsafe { TryBox::from_raw(module) });
    }
}
