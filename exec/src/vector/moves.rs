//! What classic mode leaves of instructions that move any value, where the value is a vector:
//! `drop`, `select`, and those on locals and globals (spec: 4.4.3, 4.4.5).
//!
//! Depends on [`crate::classic`] for the map of locals.

use crate::classic::map_local;
use crate::frame::{ClassicFunc, Context};
use crate::leb128;
use crate::op::codes::*;
use crate::side_table::ENTRY;

/// Slots of a vector.
const SLOTS: usize = 4;

/// Copies a vector.
///
/// # Safety
/// Both places have four slots.
unsafe fn copy(from: *const u32, to: *mut u32) {
    // SAFETY: the contract of this function. The places may be the same one.
    unsafe { core::ptr::copy(from, to, SLOTS) };
}

/// Executes the instruction with this opcode on a vector. The immediates start at `context.pc`,
/// behind those of `select` with a type; the operands end at `context.sp`.
///
/// # Safety
/// The context is that of running code of classic mode, whose instruction has this opcode and works
/// on values of four slots. The rules at the head of [`crate::classic`] hold.
pub unsafe fn execute_move(context: &mut Context, opcode: u8) {
    // SAFETY: HEIGHT and OPERANDS: the operands that the instruction has are the topmost, and the
    // frame has the slots of its result. ENTRIES: where the instruction has a mark, it is the next
    // entry. VALID and SPACES: an index of a local or global is there. The local is not narrow, for
    // narrow ones have one slot. RECORDS: function, instance and global are live.
    unsafe {
        let top = context.sp.sub(SLOTS - 1);
        match opcode {
            DROP => {
                context.sp = context.sp.sub(SLOTS);
                context.stp = context.stp.add(ENTRY);
            }
            SELECT | SELECT_TYPED => {
                let second = context.sp.sub(SLOTS);
                if *context.sp == 0 {
                    copy(second, second.sub(SLOTS));
                }
                context.sp = second.sub(1);
                if opcode == SELECT {
                    context.stp = context.stp.add(ENTRY);
                }
            }
            _ => {
                let (index, next) = leb128::u32(context.pc);
                context.pc = next;
                let place = if opcode == GLOBAL_GET || opcode == GLOBAL_SET {
                    (*(*context.instance).globals.add(index as usize)).cell()
                } else {
                    let func = &*context.func.cast::<ClassicFunc>();
                    context.fp.add(map_local(func, index).0)
                };
                match opcode {
                    GLOBAL_GET | LOCAL_GET => {
                        copy(place, context.sp.add(1));
                        context.sp = context.sp.add(SLOTS);
                    }
                    LOCAL_TEE => copy(top, place),
                    _ => {
                        copy(top, place);
                        context.sp = context.sp.sub(SLOTS);
                    }
                }
            }
        }
    }
}
