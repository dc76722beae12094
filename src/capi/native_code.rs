//! Native code: which files the application vouches for, and the native stack that their code gets.

use super::exec_env::{index, PLACES};
use super::exec_time;
use super::module::{bytes, load};
use super::prepared::is_outermost;
use super::runtime::engine;
use super::spawn;
use super::types::*;
use crate::module::ModuleData;
use crate::store::again::{self, Again, Here, Key};
use crate::store::func::{from_host, Stack, Target};
use crate::store::StoreData;
use crate::{platform, Error, Module};
use core::ffi::c_char;
use core::ptr::{null, null_mut};
use zonda_exec::meter::NativeStack;
use zonda_exec::{ExecInstance, Mode};

/// Loads a file as wasm_runtime_load() does, native code included: the application vouches that the
/// file is exactly what this version of `zonda compile` wrote, for example since it is a part of
/// the firmware. Forged or damaged code can read and write any memory. A precompiled module is not
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
        // whoever holds the key signs nothing but the compiler's files: CONFIG_ZONDA_NATIVE says
        // so.
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

/// The key of a call through an environment.
fn key(env: wasm_exec_env_t, function: wasm_function_inst_t) -> Key {
    [env.addr(), function.addr()]
}

/// A call of wasm_runtime_call_wasm() that the store has prepared; `None` where it has not. There
/// is no exception then, no call of the instance is active, and the environment is not special:
/// what changes one of these makes the store forget the call.
///
/// # Safety
/// `env` is live, and `argv` has `argc` cells and room for the results.
#[inline(always)]
pub(super) unsafe fn call_again(
    env: wasm_exec_env_t,
    function: wasm_function_inst_t,
    argc: u32,
    argv: *mut u32,
    sp: Here,
) -> Option<bool> {
    // SAFETY: the contract of this function; instance and store outlive their environments. What
    // `Again::call` excludes makes the store forget the call, as there; a memory is read again. The
    // function reads as many cells as it has parameters, which `argc` is compared with. The context
    // has the environment, whose address is part of the key.
    unsafe {
        let instance = (*env).instance;
        let prepared = (*instance).store.again(key(env, function), sp)?;
        if argc < prepared.params() {
            return None;
        }
        (*instance).current = env;
        // The application may have enlarged the memory.
        prepared.refresh();
        let code = prepared.call(argv);
        (*env).import = null();
        (*env).args = null_mut();
        (*instance).current = null_mut();
        match code {
            0 => Some(!spawn::take(&mut *instance)),
            code => Some(trapped(instance, prepared, code)),
        }
    }
}

/// Sets the exception for a prepared call that stopped. Returns false.
///
/// # Safety
/// The call of the live instance has just stopped with this code.
#[cold]
#[inline(never)]
unsafe fn trapped(instance: wasm_module_inst_t, prepared: Again, code: u32) -> bool {
    // SAFETY: the contract of this function.
    unsafe {
        let trap = again::trapped::<PLACES>((*instance).store.as_ptr(), prepared, code);
        (*instance).trapped(trap.code);
    }
    false
}

/// Notes that a call of a function has returned: see [`StoreData::note`].
///
/// # Safety
/// The environment is live, and the function one of its instance.
#[inline(always)]
pub(super) unsafe fn note(env: wasm_exec_env_t, function: wasm_function_inst_t, sp: Here) {
    // SAFETY: by the contract the environment is live, its instance outlives it, and so does the
    // store. An environment that is freed leaves no call with its key: `WASMExecEnv::new`. A store
    // with several instances may run code of another one. No call of the instance is active, and
    // there is no exception: so no native function runs on the environment, whose arguments begin
    // at the first slot of its stack.
    unsafe {
        let instance = (*env).instance;
        let data = (*instance).data;
        let store = (*instance).store.as_ptr();
        let instances = &(*store).instances;
        let func = index(function);
        if exec_time::ON || instances.len() != 1 || !is_outermost(env) || !(*data).defines(func) {
            return;
        }
        let target = Target::Wasm((*data).twin.runner(&raw const (*data).seen, func), func);
        let context = (*env).context();
        let base = (*env).first_slot();
        let stack = Stack { base, end: (*context).stack_end };
        let host = from_host(store, env.cast(), stack);
        StoreData::note(store, key(env, function), sp, host, stack, target, context);
    }
}
