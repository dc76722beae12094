//! The register instruction `Vector`: vector instructions on operands in any slots (feature
//! `simd`).
//!
//! ```text
//! 0xff  u16 code  u8 slot of the result, if there is one  u8 slot of each operand  immediates
//! ```
//!
//! The code is the opcode of WebAssembly without its prefix, or one of those below. Immediates are
//! as in WebAssembly, except that a load or store, which is one of memory 0, has its lane and then
//! the offset in four bytes. Owns the layout; [`crate::vector`] executes.

use super::code::Code;
use super::decode::Cursor;
use crate::frame::Context;
use crate::linear_memory::Memory;
use crate::slot::Frame;
use crate::trap::TrapCode;
use crate::vector;
use crate::vector::op::{Row, Shape};

/// Copies a vector.
pub const COPY: u16 = 0x200;
/// The value of a global, whose index follows in two bytes.
pub const GLOBAL_GET: u16 = 0x201;
/// Sets a global.
pub const GLOBAL_SET: u16 = 0x202;

/// Bytes in front of the slots: the opcode and the code.
const HEAD: usize = 3;
/// Bytes of an offset.
const OFFSET: usize = 4;
/// Bytes of the index of a global.
const INDEX: usize = 2;

/// What follows the code, in this order: slots of the result, and of each operand (0 where there is
/// none), and the number of bytes of immediates. `None` for an unknown code.
pub fn layout(code: u16) -> Option<([u32; 4], usize)> {
    Some(match code {
        COPY => ([4, 4, 0, 0], 0),
        GLOBAL_GET => ([4, 0, 0, 0], INDEX),
        GLOBAL_SET => ([0, 4, 0, 0], INDEX),
        _ => {
            let row = Row::of(code as u32)?;
            let [a, b, c] = row.operands();
            let offset = if row.is_access() { OFFSET } else { 0 };
            ([row.results(), a, b, c], row.immediates() + offset)
        }
    })
}

/// Whether lanes that an instruction names as immediates exist.
pub(super) fn lanes_exist(row: Row, immediates: &[u8]) -> bool {
    let most = match row.shape() {
        Shape::Const => return true,
        Shape::Shuffle => 32,
        _ => row.lanes(),
    };
    immediates.iter().take(row.immediates()).all(|&lane| lane < most)
}

/// Decodes what follows the opcode: the code, the slots, and lane and offset, or the index of the
/// global. `None` when the code is unknown, or the instruction not complete, or a lane does not
/// exist.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<(u16, [u8; 4], [u32; 2])> {
    let code = cursor.number(2)? as u16;
    let (slots, bytes) = layout(code)?;
    let mut places = [0; 4];
    for (place, slots) in places.iter_mut().zip(slots) {
        if slots != 0 {
            *place = cursor.number(1)? as u8;
        }
    }
    let mut immediates = cursor.take(bytes)?;
    let row = Row::of(code as u32);
    if row.is_some_and(|row| !lanes_exist(row, immediates)) {
        return None;
    }
    let mut lane = 0;
    if let (Some(row), [first, rest @ ..]) = (row, immediates) {
        if row.immediates() == 1 {
            (lane, immediates) = (*first as u32, rest);
        }
    }
    let number = if immediates.len() <= OFFSET { immediates } else { &[] };
    let number = number.iter().rev().fold(0, |number, &byte| number << 8 | byte as u32);
    Some((code, places, [number, lane]))
}

/// The accesses of this module to what the instance has.
///
/// # Safety
/// The instance has this global, of four slots.
unsafe fn global(context: &Context, index: usize) -> *mut u32 {
    // SAFETY: RECORDS: instance and globals are live.
    unsafe { (*(*context.instance).globals.add(index)).cell() }
}

/// Executes the `Vector` at `pc`. Returns the instruction behind it or the number of a trap.
///
/// # Safety
/// `pc` is at a `Vector` of the context's running function, whose frame is `fp`: COMPLETE, SLOTS
/// and SPACES hold for it (see the head of [`super`]).
#[inline(never)]
pub(super) unsafe fn execute(context: &Context, fp: Frame, pc: Code) -> Result<Code, u32> {
    let mut at = HEAD;
    // SAFETY: COMPLETE: the instruction has the operand that is asked for. SLOTS: it names slots of
    // the frame.
    let mut slot = || unsafe {
        at += 1;
        fp.at(pc.slot(at - 1))
    };
    // SAFETY: COMPLETE: the code follows the opcode.
    let code = unsafe { pc.u16(1) } as u16;
    // SAFETY: as above, for operands of four slots. SPACES: the global exists.
    unsafe {
        match code {
            COPY => {
                let to = slot();
                core::ptr::copy(slot().cast_const(), to, 4);
                return Ok(pc.after(at));
            }
            GLOBAL_GET | GLOBAL_SET => {
                let value = slot();
                let global = global(context, pc.u16(at));
                let (from, to) = if code == GLOBAL_GET { (global, value) } else { (value, global) };
                core::ptr::copy(from.cast_const(), to, 4);
                return Ok(pc.after(at + INDEX));
            }
            _ => {}
        }
    }
    let Some(row) = Row::of(code as u32) else { return Err(TrapCode::Unreachable as u32) };
    let to = if row.results() != 0 { slot() } else { core::ptr::null_mut() };
    let operands = row.operands().map(|slots| if slots != 0 { slot() } else { to }.cast_const());
    let immediates = row.immediates();
    // SAFETY: COMPLETE: immediates follow the slots, and behind them an instruction. SLOTS: the
    // places have as many slots as the row says. RECORDS: memory 0 is live, and if its addresses
    // have 64 bits, an empty memory stands for it here.
    unsafe {
        if row.is_access() {
            let memory: &Memory = &*context.memory;
            let (address, offset) = (*operands[0], pc.u32(at + immediates));
            let lane = if immediates == 1 { pc.byte(at) } else { 0 };
            vector::access(row, memory, address, offset, to, operands[1], lane)
                .map_err(|trap| trap as u32)?;
            return Ok(pc.after(at + immediates + OFFSET));
        }
        vector::compute(row, to, operands, pc.0.add(at));
        Ok(pc.after(at + immediates))
    }
}
