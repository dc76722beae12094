//! What the portable loop leaves: instructions that are long or rare, and all that trap.
//!
//! The SAFETY comments cite the rules by the names that the head of [`super::super`] gives them.

use super::CALL;
use crate::fast::access::access;
use crate::fast::code::Code;
use crate::fast::dispatch::reg_op;
use crate::fast::{numeric_op, numeric_run, RegOp, OVERHEAD};
#[cfg(feature = "simd")]
use crate::fast::{vector, vector_run};
use crate::frame::{Context, OTHER_MODE, PAD, SWITCHED};
use crate::slot::Frame;
use crate::{numeric, TrapCode};

/// Executes the running instruction with all checks. Returns the accumulator; else 0 when the call
/// by the host has returned, [`SWITCHED`], [`OTHER_MODE`] or the number of a trap.
///
/// # Safety
/// As for [`super::run`]; the running instruction is one that [`super::execute`] leaves.
#[inline(never)]
pub(super) unsafe fn out_of_line(context: &mut Context, acc: u32) -> Result<u32, u32> {
    let (pc, fp) = (Code(context.pc), Frame(context.fp));
    // SAFETY: COMPLETE and SLOTS: the operand at this distance names a slot of the frame.
    let slot = |at: usize| unsafe { fp.read(pc.slot(at)) };
    // SAFETY: COMPLETE: the instruction has an operand of two bytes there.
    let u16 = |at: usize| unsafe { pc.u16(at) };
    // SAFETY: COMPLETE: the instruction has an operand of one byte there.
    let byte = |at: usize| unsafe { pc.byte(at) };
    // SAFETY: RECORDS: the meter is live.
    let meter = unsafe { &*context.meter };
    // SAFETY: COMPLETE: `pc` is at a register instruction.
    let op = unsafe { reg_op(byte(0)) };
    match op {
        RegOp::Unreachable => Err(TrapCode::Unreachable as u32),
        RegOp::Meter | RegOp::Call => match meter.pass() || meter.noticed() {
            false => Err(meter.reason() as u32),
            true => Err(TrapCode::StackOverflow as u32),
        },
        RegOp::DivSAS | RegOp::DivUAS | RegOp::RemSAS | RegOp::RemUAS if slot(1) != 0 => {
            Err(TrapCode::IntegerOverflow as u32)
        }
        RegOp::DivSAK | RegOp::DivUAK | RegOp::RemSAK | RegOp::RemUAK if byte(1) != 0 => {
            Err(TrapCode::IntegerOverflow as u32)
        }
        _ if op >= RegOp::DivSAS && op <= RegOp::RemUAK => {
            Err(TrapCode::IntegerDivideByZero as u32)
        }
        // Through the frame's boundary. A single result goes to the pad first.
        RegOp::Ret | RegOp::RetA | RegOp::RetS | RegOp::RetN => {
            // SAFETY: every frame has `OVERHEAD` slots behind the locals, of which the last is the
            // pad.
            let pad = unsafe { fp.at((*context.func).locals as usize + OVERHEAD - PAD) };
            context.sp = match op {
                // SAFETY: SLOTS: the results lie in the frame; without any, the slot before the
                // frame is never read.
                RegOp::RetN => unsafe { fp.at(u16(1) + u16(3)) }.wrapping_sub(1),
                _ => pad,
            };
            let result = match op {
                RegOp::RetA => Some(acc),
                RegOp::RetS => Some(slot(1)),
                _ => None,
            };
            if let Some(result) = result {
                // SAFETY: `pad` is the address of the frame's pad.
                unsafe { *pad = result };
            }
            // SAFETY: `execute` leaves a return only when the header says that the frame has a
            // boundary; the results end at `sp`.
            Err(unsafe { context.leave() })
        }
        RegOp::CallImport => {
            // SAFETY: SPACES: the operand is the index of an imported function. RECORDS: its record
            // is live.
            let import = unsafe { &*(*context.instance).imports.add(u16(1)) };
            // SAFETY: COMPLETE and SLOTS: the arguments and the results lie in the frame, from this
            // slot on.
            let args = unsafe { fp.at(pc.slot(3)) };
            // SAFETY: COMPLETE: a call has an instruction behind it.
            context.pc = unsafe { pc.after(CALL) }.0;
            let code = match import.call {
                // SAFETY: the contract of `HostCall`: `call` belongs to this import, whose
                // arguments lie at `args`.
                Some(call) => unsafe { call(context, import, args) },
                None => {
                    context.sp = import.top(args);
                    // SAFETY: the import has no `call`, and its arguments end at `sp`.
                    unsafe { context.cross(import) }
                }
            };
            match code {
                // SAFETY: SLOTS: a frame has at least one slot there, also for a call without
                // results.
                numeric::OK => Ok(unsafe { *args }),
                SWITCHED | OTHER_MODE => Err(code),
                trap => {
                    context.pc = pc.0;
                    Err(trap)
                }
            }
        }
        RegOp::Runtime => {
            // SAFETY: COMPLETE: the immediates start behind the opcode of WebAssembly and a slot.
            // SLOTS: the operands end below that slot.
            unsafe {
                context.pc = pc.after(4).0;
                context.sp = fp.at(u16(2)).sub(1);
            }
            // SAFETY: the contract of `RuntimeFn`: immediates and operands are where the context
            // says.
            match unsafe { (context.runtime)(context, byte(1)) } {
                numeric::OK | SWITCHED => Err(SWITCHED),
                OTHER_MODE => Err(OTHER_MODE),
                trap => {
                    context.pc = pc.0;
                    Err(trap)
                }
            }
        }
        RegOp::Num1 | RegOp::Num2 => {
            // SAFETY: COMPLETE, SLOTS and TARGETS hold for the instructions from `pc` on.
            context.pc = unsafe { numeric_run::execute(pc, fp) }.0;
            if context.pc == pc.0 {
                // SAFETY: COMPLETE and SLOTS: the opcode of a numeric instruction follows, and the
                // slots of its operands.
                match unsafe { numeric_op(fp.0, pc.after(1).0) } {
                    numeric::OK => {
                        // SAFETY: COMPLETE: another instruction follows.
                        context.pc = unsafe { pc.after(if op == RegOp::Num1 { 4 } else { 5 }) }.0
                    }
                    trap => return Err(trap),
                }
            }
            Ok(acc)
        }
        #[cfg(feature = "simd")]
        RegOp::Vector => {
            // SAFETY: COMPLETE, SLOTS and TARGETS hold for the instructions from `pc` on.
            let (next, acc) = unsafe { vector_run::execute(context, pc, fp, acc) };
            context.pc = next.0;
            if next.0 == pc.0 {
                // SAFETY: COMPLETE, SLOTS and SPACES hold for the instruction.
                context.pc = unsafe { vector::execute(context, fp, pc) }?.0;
            }
            Ok(acc)
        }
        // Loads and stores.
        _ => {
            // SAFETY: `execute` leaves no other instruction, and COMPLETE, SLOTS and SPACES hold
            // for this one.
            let (next, acc) = unsafe { access(context, fp, pc, acc) }?;
            context.pc = next.0;
            Ok(acc)
        }
    }
}
