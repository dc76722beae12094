//! Native code has its frames on the native stack, where nothing is caught (see [`crate::unwind`]).

use crate::frame::FuncLayout;
use crate::instance::ExecInstance;

pub(crate) const ON_OPERAND_STACK: bool = false;

/// # Safety
/// There is no requirement.
pub(crate) unsafe fn moved(_: &ExecInstance, _: *const FuncLayout) -> usize {
    0
}

/// # Safety
/// There is no requirement.
pub(crate) unsafe fn is_tail_call(_: *const u8) -> bool {
    false
}

/// # Safety
/// There is no requirement.
pub(crate) unsafe fn handler_base(start: *mut u32, _: *const FuncLayout) -> *mut u32 {
    start
}

/// The native compiler refuses modules with exceptions.
///
/// # Safety
/// There is no requirement.
#[cfg(feature = "legacy-exceptions")]
pub(crate) unsafe fn kept_slot(_: &crate::frame::Context) -> u32 {
    0
}
