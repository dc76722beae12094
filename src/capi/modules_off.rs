//! What stands for `modules` where it is not built: no module imports from another.

use super::app_memory::memory;
use super::module::WASMModuleCommon;
use super::types::*;
use crate::error::Error;
use crate::store::fault::Made;
use crate::store::instance::StoreInstance;
use crate::store::link::Wanted;
use crate::store::StoreData;
use core::ffi::c_char;

#[inline(always)]
pub(super) fn unloaded(_: *mut WASMModuleCommon) {}

#[inline(always)]
pub(super) fn forget() {}

/// # Safety
/// None.
#[inline(always)]
pub(super) unsafe fn load_dependencies(_: *mut WASMModuleCommon, _: *mut c_char, _: u32) -> bool {
    true
}

/// # Safety
/// None.
#[inline(always)]
pub(super) unsafe fn import_wasi(_: *mut WASMModuleCommon) -> bool {
    false
}

/// # Safety
/// None.
#[inline(always)]
pub(super) unsafe fn instantiate_dependencies(
    _: &mut StoreData<'static>,
    _: *mut WASMModuleCommon,
    _: u64,
    _: &mut dyn FnMut(&StoreData, &mut StoreInstance, &Wanted) -> Made<()>,
) -> Result<(), Error> {
    Ok(())
}

#[inline(always)]
pub(super) fn provide(_: &StoreData, _: &mut StoreInstance, _: &Wanted) -> Option<Made<()>> {
    None
}

/// # Safety
/// None.
#[inline(always)]
pub(super) unsafe fn start_dependencies(_: wasm_exec_env_t) -> bool {
    true
}

/// # Safety
/// None.
#[inline(always)]
pub(super) unsafe fn have_start(_: *mut WASMModuleCommon) -> bool {
    false
}

/// # Safety
/// `instance` is live.
#[inline(always)]
pub(super) unsafe fn caller_memory<'m>(
    _: &zonda_exec::frame::Context,
    instance: wasm_module_inst_t,
) -> &'m zonda_exec::Memory {
    // SAFETY: handed on.
    unsafe { memory(instance) }
}
