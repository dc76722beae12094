//! What stands for `debug` where it is not built.

use crate::frame::Context;
use crate::instance::ExecInstance;
use crate::meter::Meter;

/// Whether the feature is on.
pub(crate) const ON: bool = false;

/// Not read.
#[allow(dead_code)]
pub(crate) const HANDLERS: usize = 0;

impl Meter {
    /// Nothing but a termination request or the end of the fuel stops execution.
    #[inline(always)]
    pub fn noticed(&self) -> bool {
        false
    }
}

#[inline(always)]
pub(crate) fn is_active(_: &Context) -> bool {
    false
}

/// # Safety
/// There is no requirement.
#[inline(always)]
pub(crate) unsafe fn notices(_: *const Meter) -> u32 {
    0
}

/// # Safety
/// There is no requirement.
#[inline(always)]
pub(crate) unsafe fn begin(_: &mut Context, _: *const ExecInstance) {}

/// # Safety
/// There is no requirement.
#[inline(always)]
pub(crate) unsafe fn trapped(_: &mut Context, _: u32) {}

/// # Safety
/// There is no requirement.
#[inline(always)]
pub(crate) unsafe fn end(_: &Context) {}

/// # Safety
/// There is no requirement.
#[inline(always)]
#[allow(dead_code)]
pub(crate) unsafe extern "C" fn before(_: &mut Context) -> u32 {
    0
}
