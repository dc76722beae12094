//! Native code: which files the application vouches for, and the native stack that their code gets.

use super::module::{bytes, load};
use super::runtime::engine;
use super::types::*;
use crate::module::ModuleData;
use crate::store::StoreData;
use crate::{platform, Error, Module};
use core::ffi::c_char;
use zonda_exec::meter::NativeStack;
use zonda_exec::{ExecInstance, Mode};

/// Loads a file as wasm_runtime_load() does, native code included: the application vouches that the
/// file is exactly what this version of `zonda compile` wrote, for example since it is a part of the
/// firmware. Forged or damaged code can read and write any memory. A precompiled module is not
/// verified. wasm_runtime_load() accepts native code if it is signed (CONFIG_ZONDA_SIGNED_FILES).
/// The bytes lie in memory that can be executed, at a multiple of 16, on Arm of 4.
#[no_mangle]
pub unsafe extern "C" fn zonda_load_trusted(
    buf: *mut u8,
    size: u32,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_t {
    // SAFETY: the application passes bytes that stay and that it vouches for, and a buffer of that
    // size.
    unsafe {
        let make = |file, _| Module::new_trusted(&engine(), file);
        load(bytes(buf, size), make, error_buf, error_buf_size)
    }
}

/// Loads a file for wasm_runtime_load(): native code only if it is signed.
pub(super) fn open(file: &'static [u8], signed: bool) -> Result<Module<'static>, Error> {
    if signed && crate::module::is_native(file) {
        // SAFETY: one of the firmware's keys has signed all bytes of the file (`signed::open`), and
        // whoever holds the key signs nothing but the compiler's files: CONFIG_ZONDA_NATIVE says so.
        unsafe { Module::new_trusted(&engine(), file) }
    } else {
        Module::new(&engine(), file)
    }
}

/// Bytes that code takes for granted of the linear memory.
pub(super) fn least_memory(data: &ModuleData) -> u64 {
    u64::from(data.least_memory())
}

/// The mode in which an instance begins: the default, unless its code is native.
pub(super) fn initial_mode(instance: &ExecInstance) -> Mode {
    if instance.mode == Mode::Native {
        Mode::Native
    } else {
        engine().mode()
    }
}

/// Says how much native stack the code may use that a call of the application is about to run:
/// down to `boundary`, 0 for none, and no more than the platform allows.
#[inline(always)]
pub(super) fn give_stack(store: &StoreData, boundary: usize) {
    let here = 0u8;
    let above = (&raw const here).addr().saturating_sub(boundary);
    let bytes = match platform::native_stack() {
        Some(bytes) => bytes.min(above),
        None if boundary != 0 => above,
        None => NativeStack::DEFAULT,
    };
    store.meter.native.bytes.set(bytes);
}
