//! What stands for `spawn` where it is not built.

use super::instance::WASMModuleInstanceCommon;
use super::instantiation::Given;
use super::types::*;
use zonda_exec::TrapCode;

pub(super) struct Family;

impl Family {
    #[inline(always)]
    pub(super) fn new(_: &InstantiationArgs, _: &Given) -> Family {
        Family
    }

    #[inline(always)]
    pub(super) fn is_spawned(&self) -> bool {
        false
    }
}

/// Stops the running call.
///
/// # Safety
/// `instance` is live.
#[inline(always)]
pub(super) unsafe fn terminate(instance: wasm_module_inst_t) {
    // SAFETY: the instance is live; other threads may access the termination request, which is
    // atomic.
    unsafe { (*(*(*instance).store.as_ptr()).meter.as_ptr()).termination.raise() }
}

#[inline(always)]
pub(super) fn failed(_: &mut WASMModuleInstanceCommon) {}

#[inline(always)]
pub(super) fn take(_: &mut WASMModuleInstanceCommon) -> bool {
    false
}

#[inline(always)]
pub(super) fn cause(_: &mut WASMModuleInstanceCommon, _: TrapCode) -> bool {
    false
}

#[inline(always)]
pub(super) fn cleared(_: &mut WASMModuleInstanceCommon) {}

#[inline(always)]
pub(super) fn leave(_: &mut WASMModuleInstanceCommon) {}
