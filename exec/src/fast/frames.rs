//! Frames of fast mode, as unwinding sees them (see [`crate::unwind`]).

use super::RegOp;
#[cfg(feature = "legacy-exceptions")]
use crate::frame::Context;
use crate::frame::{FastFunc, FuncLayout};
use crate::instance::ExecInstance;
use crate::op::codes::{RETURN_CALL, RETURN_CALL_INDIRECT, RETURN_CALL_REF};

pub(crate) const ON_OPERAND_STACK: bool = true;

/// Slots by which a large function has moved its frame pointer: the operand of its first
/// instruction.
///
/// # Safety
/// `func` is the record of a function of the live instance.
pub(crate) unsafe fn moved(instance: &ExecInstance, func: *const FuncLayout) -> usize {
    // SAFETY: the contract of this function: the record is a `FastFunc`, whose code starts with a
    // whole instruction (COMPLETE).
    unsafe {
        let code = instance.code.add((*func.cast::<FastFunc>()).code as usize);
        if *code == RegOp::Frame as u8 {
            code.add(1).cast::<u16>().read_unaligned() as usize
        } else {
            0
        }
    }
}

/// Whether the instruction at `pc` is a tail call.
///
/// # Safety
/// `pc` is at an instruction.
pub(crate) unsafe fn is_tail_call(pc: *const u8) -> bool {
    // SAFETY: the contract of this function. COMPLETE: the opcode of WebAssembly follows `Runtime`.
    unsafe {
        *pc == RegOp::Runtime as u8
            && matches!(*pc.add(1), RETURN_CALL | RETURN_CALL_INDIRECT | RETURN_CALL_REF)
    }
}

/// Handlers name slots from the start of the frame.
///
/// # Safety
/// There is no requirement.
pub(crate) unsafe fn handler_base(start: *mut u32, _: *const FuncLayout) -> *mut u32 {
    start
}

/// The slot of the reference that the running `rethrow` names: its immediate.
///
/// # Safety
/// The context is that of a `rethrow`, which is at its immediate.
#[cfg(feature = "legacy-exceptions")]
pub(crate) unsafe fn kept_slot(context: &Context) -> u32 {
    // SAFETY: the contract of this function. COMPLETE: the immediate is there.
    unsafe { crate::leb128::u32(context.pc).0 }
}
