//! Fast mode: executes register code (docs/register-code.md).
//!
//! Two loops with one contract, as in classic mode: `thumb`, written in Thumb-2 instructions, and `portable`, in Rust, for every other target.
//!
//! What the loops assume and who establishes it: operations are known, their slots inside of the frame and not in its header, branch targets
//! at operations of the same function, indices inside their spaces (the translator, or the verifier for code that was made elsewhere); the frame's size was
//! checked at the call.

pub mod decode;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod dispatch;
pub mod op;

#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod portable;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod quick;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod strict;
#[cfg(test)]
mod tests;
#[cfg(all(thumb2, not(feature = "portable")))]
mod thumb;
#[cfg(feature = "precompiled")]
pub mod verify;

#[cfg(not(all(thumb2, not(feature = "portable"))))]
use portable as chosen;
#[cfg(all(thumb2, not(feature = "portable")))]
use thumb as chosen;

pub use op::RegOp;

pub(crate) use chosen::run;

use crate::frame::Context;
use crate::linear_memory;

/// Slots between the locals and the first operand of a frame.
pub const OVERHEAD: usize = crate::frame::OVERHEAD;

/// Executes `Memory`, whose operands `at` points at: a load or store with all its checks, on operands in their homes. Gives the position behind it, or the number of a trap.
///
/// # Safety
/// The operation was made by the translator or verified.
#[cold]
#[inline(never)]
unsafe fn memory_op(context: &mut Context, fp: *mut u32, at: *const u8) -> Result<*const u8, u32> {
    // SAFETY: the caller's promise: the operands are there, and the index of the memory is that of one.
    unsafe {
        let top = fp.add(at.add(1).cast::<u16>().read_unaligned() as usize);
        let (offset, index, next) = linear_memory::memarg(at.add(3));
        let memory = &**(*context.instance).memories.add(index as usize);
        match linear_memory::access(*at, memory, offset, top) {
            Ok(_) => Ok(next),
            Err(trap) => Err(trap as u32),
        }
    }
}

/// Executes `Num1` or `Num2`, whose operands `at` points at. Gives 0 or the number of a trap.
///
/// # Safety
/// The operation was made by the translator or verified.
#[inline(never)]
unsafe extern "C" fn num(fp: *mut u32, at: *const u8) -> u32 {
    // SAFETY: the caller's promise: slots are inside of the frame.
    unsafe {
        let code = *at as u16;
        let code = if code < 8 { 0xfc00 | code } else { code };
        crate::numeric::on_slots(
            code,
            fp.add(*at.add(1) as usize),
            fp.add(*at.add(2) as usize),
            fp.add(*at.add(3) as usize),
        )
    }
}
