//! What stands for `diagnostics` where it is not built.

use super::instance::WASMModuleInstanceCommon;
use crate::alloc::OutOfMemory;
use crate::store::StoreData;
use zonda_exec::frame::Context;

/// Whether every native function is called by code that knows [`Running`].
pub(super) const ON: bool = false;

/// The code that has called a native function.
#[derive(Clone, Copy)]
pub(super) struct Running;

impl Running {
    pub(super) const NONE: Running = Running;

    #[inline(always)]
    pub(super) fn of(_: &Context) -> Running {
        Running
    }
}

#[inline(always)]
pub(super) fn observe(_: &mut StoreData) {}

#[inline(always)]
pub(super) fn prepare(_: &mut WASMModuleInstanceCommon) -> Result<(), OutOfMemory> {
    Ok(())
}

#[inline(always)]
pub(super) fn trapped(_: &mut WASMModuleInstanceCommon) {}

#[inline(always)]
pub(super) fn cleared(_: &mut WASMModuleInstanceCommon) {}

#[inline(always)]
pub(super) fn forget() {}
