//! What stands for `native_code` where it is not built.

use super::runtime::engine;
use super::types::*;
use crate::module::ModuleData;
use crate::store::again::Here;
use crate::store::StoreData;
use crate::{Error, Module};
use zonda_exec::{ExecInstance, Mode};

/// Loads a file for wasm_runtime_load().
#[inline(always)]
pub(super) fn open(file: &'static [u8], _: bool) -> Result<Module<'static>, Error> {
    Module::new(&engine(), file)
}

/// Nothing.
#[inline(always)]
pub(super) fn least_memory(_: &ModuleData) -> u64 {
    0
}

/// The mode in which an instance begins.
#[inline(always)]
pub(super) fn initial_mode(_: &ExecInstance) -> Mode {
    engine().mode()
}

/// No code uses the native stack.
#[inline(always)]
pub(super) fn give_stack(_: &StoreData, _: usize) {}

/// No call is prepared.
///
/// # Safety
/// None: nothing is done.
#[inline(always)]
pub(super) unsafe fn call_again(
    _: wasm_exec_env_t,
    _: wasm_function_inst_t,
    _: u32,
    _: *mut u32,
    _: Here,
) -> Option<bool> {
    None
}

/// No call is prepared.
///
/// # Safety
/// None: nothing is done.
#[inline(always)]
pub(super) unsafe fn note(_: wasm_exec_env_t, _: wasm_function_inst_t, _: Here) {}
