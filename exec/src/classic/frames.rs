//! Frames of classic mode, as unwinding sees them (see [`crate::unwind`]).

#[cfg(feature = "legacy-exceptions")]
use crate::frame::Context;
use crate::frame::{FuncLayout, Header, BOUNDARY, HEADER, PAD};
use crate::instance::ExecInstance;
use crate::op::codes::{RETURN_CALL, RETURN_CALL_INDIRECT, RETURN_CALL_REF};

pub(crate) const ON_OPERAND_STACK: bool = true;

/// Code of classic mode does not move the frame pointer.
///
/// # Safety
/// There is no requirement.
pub(crate) unsafe fn moved(_: &ExecInstance, _: *const FuncLayout) -> usize {
    0
}

/// Whether the instruction at `pc` is a tail call.
///
/// # Safety
/// `pc` is at an instruction.
pub(crate) unsafe fn is_tail_call(pc: *const u8) -> bool {
    // SAFETY: the contract of this function. VALID: an instruction has an opcode.
    matches!(unsafe { *pc }, RETURN_CALL | RETURN_CALL_INDIRECT | RETURN_CALL_REF)
}

/// The slot of the lowest operand. A boundary, if there is one, lies before it.
///
/// # Safety
/// The frame at `start` is one of the function's, and active.
pub(crate) unsafe fn handler_base(start: *mut u32, func: *const FuncLayout) -> *mut u32 {
    // SAFETY: the contract of this function: the frame's header lies behind the locals.
    unsafe {
        let header = start.add((*func).locals as usize);
        let boundary = if Header::read(header).pc.is_null() { BOUNDARY } else { 0 };
        header.add(HEADER + boundary + PAD)
    }
}

/// The slot of the reference that the running `rethrow` names: the side table has it.
///
/// # Safety
/// The context is that of a `rethrow`.
#[cfg(feature = "legacy-exceptions")]
pub(crate) unsafe fn kept_slot(context: &Context) -> u32 {
    // SAFETY: the contract of this function. ENTRIES: the next entry is that of the instruction.
    unsafe { *context.stp as u32 }
}
