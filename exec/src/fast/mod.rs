//! Fast mode: executes register bytecode (docs/register-bytecode.md).
//!
//! Two loops with one contract, as in classic mode: `thumb`, written in Thumb-2 instructions, and
//! `portable`, in Rust, for every other target. Depends on [`crate::frame`] for frames and calls,
//! and on [`crate::numeric`] and [`crate::linear_memory`] for what instructions compute.
//!
//! The loops assume the following of the code that they execute. SAFETY comments cite these rules.
//!
//! - COMPLETE: the program counter is at a register instruction whose opcode is known and whose
//!   operands follow it, as the table in [`op`] says. Another instruction follows it unless it ends
//!   the function. Established by the translator (`src/code/fast`), or by [`verify`] for a
//!   precompiled module.
//! - SLOTS: the slots that it names lie in the frame and not in its header; those of arguments and
//!   results lie among the operands. Established by the same.
//! - TARGETS: a branch leads to a register instruction of the same function. Established by the
//!   same.
//! - SPACES: an index is in its index space, and a global has as many slots as the instruction
//!   accesses. Established by the validator, or by [`verify`] for a precompiled module.
//! - FRAME: the frame fits below the end of the operand stack. Checked by each call:
//!   [`crate::call`], [`Context::enter`](crate::Context::enter), and `Call` in the loops.
//! - RECORDS: the records that an instance points at are live, and have as many elements as its
//!   index spaces. The runtime crate's store owns them.
//!
//! The feature `strict` checks COMPLETE, SLOTS and FRAME before each instruction (`strict.rs`).

mod access;
mod code;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod compare;
pub mod decode;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod dispatch;
#[cfg(feature = "exceptions")]
pub(crate) mod frames;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod numeric_run;
pub mod op;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod portable;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod strict;
#[cfg(test)]
mod tests;
#[cfg(all(thumb2, not(feature = "portable")))]
mod thumb;
#[cfg(feature = "simd")]
pub mod vector;
#[cfg(all(feature = "simd", not(all(thumb2, not(feature = "portable")))))]
mod vector_run;
#[cfg(feature = "precompiled")]
pub mod verify;

#[cfg(not(all(thumb2, not(feature = "portable"))))]
use portable as chosen;
#[cfg(all(thumb2, not(feature = "portable")))]
use thumb as chosen;

pub use op::RegOp;

pub(crate) use chosen::run;

use crate::frame::{Callee, FastFunc};
use crate::instance::ExecInstance;

/// Where a call of a function goes that the instance defines.
///
/// # Safety
/// `func` is a defined function of an instance in fast mode.
#[inline(always)]
pub(crate) unsafe fn callee(instance: &ExecInstance, func: u32) -> Callee {
    let func = instance.funcs.cast::<FastFunc>().wrapping_add(func as usize);
    // SAFETY: the records of an instance in fast mode are of this type, and `func` is one of its
    // functions.
    unsafe {
        Callee {
            layout: &raw const (*func).layout,
            code: instance.code.wrapping_add((*func).code as usize),
            side_table: core::ptr::null(),
        }
    }
}

/// How many slots the frame pointer is beyond the start of the frame, of a function that stands at
/// `pc`: not 0 in the body of a large function (docs/register-bytecode.md, "Frames").
///
/// # Safety
/// `func` is the record of a function of the live `instance` in fast mode, and `pc` at an
/// instruction of it, where the function waits or has stopped.
#[cfg(feature = "trace")]
pub(crate) unsafe fn moved(instance: &ExecInstance, func: *const FastFunc, pc: *const u8) -> isize {
    // SAFETY: the contract of this function: the record is live, so its code is.
    let first = code::Code(unsafe { instance.code.add((*func).code as usize) });
    // SAFETY: COMPLETE: there is an instruction, with its operand where it is `Frame`.
    unsafe {
        if first.byte(0) != RegOp::Frame as u8 || core::ptr::eq(pc, first.0) {
            return 0;
        }
        // The frame pointer is moved back before a return and before a tail call, which alone may
        // stand behind that.
        let here = code::Code(pc);
        let opcode = here.byte(0);
        let returns = [RegOp::Ret, RegOp::RetA, RegOp::RetS, RegOp::RetN].map(|op| op as u8);
        let is_tail_call = opcode == RegOp::Runtime as u8 && is_tail_call(here.byte(1));
        if is_tail_call || returns.contains(&opcode) {
            0
        } else {
            first.i16(1)
        }
    }
}

/// Whether a runtime instruction is a tail call, by its opcode in WebAssembly.
#[cfg(feature = "trace")]
fn is_tail_call(opcode: u8) -> bool {
    use crate::op::codes::{RETURN_CALL, RETURN_CALL_INDIRECT, RETURN_CALL_REF};
    matches!(opcode, RETURN_CALL | RETURN_CALL_INDIRECT | RETURN_CALL_REF)
}

/// Slots between the locals and the first operand of a frame.
pub const OVERHEAD: usize = crate::frame::OVERHEAD;

/// The opcode of WebAssembly that a byte of `Num1` or `Num2` stands for: 0 to 7 are the
/// instructions 0xFC00 to 0xFC07.
pub(crate) fn numeric_opcode(byte: u8) -> u16 {
    if byte < 8 {
        (crate::op::codes::PREFIX as u16) << 8 | byte as u16
    } else {
        byte as u16
    }
}

/// Executes `Num1` or `Num2`, whose operands `at` points at. Returns 0 or the number of a trap.
///
/// # Safety
/// COMPLETE and SLOTS hold for the instruction, whose frame is `fp`.
#[inline(never)]
unsafe extern "C" fn numeric_op(fp: *mut u32, at: *const u8) -> u32 {
    // SAFETY: COMPLETE: an opcode of WebAssembly follows, then the slots of the result and of each
    // operand, and further bytes of code where there is one operand. SLOTS: they lie in the frame.
    unsafe {
        crate::numeric::on_slots(
            numeric_opcode(*at),
            fp.add(*at.add(1) as usize),
            fp.add(*at.add(2) as usize),
            // Not a slot where there is one operand: `on_slots` does not read it then.
            fp.wrapping_add(*at.add(3) as usize),
        )
    }
}
