//! Vectors of 128 bits: fixed-width and relaxed SIMD (spec: 4.3.4, 4.4.3; feature `simd`).
//!
//! A vector takes four slots, its lowest lane first. [`op`] is the table of instructions, `lanes`
//! computes them on every target. Relaxed instructions compute what the deterministic profile of
//! the specification says.
//!
//! There are two ways to execute one. On operands in their stack slots, as a runtime instruction:
//! [`execute`], in classic mode and for what fast mode has no short form of. On operands in any
//! slots, as register instruction: `register`.

mod lanes;
#[cfg(feature = "classic")]
mod moves;
pub mod op;

#[cfg(feature = "classic")]
pub use moves::execute_move;

use crate::frame::Context;
use crate::index;
use crate::linear_memory::{memarg, Memory};
use crate::slot::read64;
use crate::trap::TrapCode;
use lanes::Quad;
use op::{Row, Shape};

/// A value of any type: its bits.
pub type Bits = u128;

/// The lowest 64 bits of a value.
#[inline(always)]
pub fn low(bits: Bits) -> u64 {
    bits as u64
}

/// Whether there are vectors.
pub const ENABLED: bool = true;

/// Slots of the largest value.
pub const MAX_SLOTS: usize = 4;

/// Reads a value of so many slots.
///
/// # Safety
/// `at` points at as many slots.
#[inline]
pub unsafe fn read(at: *const u32, slots: u32) -> Bits {
    // SAFETY: the contract of this function.
    unsafe {
        match slots {
            4 => read64(at) as Bits | (read64(at.add(2)) as Bits) << 64,
            2 => read64(at) as Bits,
            _ => *at as Bits,
        }
    }
}

/// Writes a value of so many slots.
///
/// # Safety
/// `at` points at as many slots.
#[inline]
pub unsafe fn write(at: *mut u32, slots: u32, value: Bits) {
    for slot in 0..slots {
        // SAFETY: the contract of this function.
        unsafe { *at.add(slot as usize) = (value >> (32 * slot)) as u32 };
    }
}

/// Reads slots; those beyond `count` are 0.
///
/// # Safety
/// `at` points at `count` slots.
#[inline]
unsafe fn load(at: *const u32, count: u32) -> Quad {
    let mut quad = [0; 4];
    for (index, slot) in quad.iter_mut().enumerate().take(count as usize) {
        // SAFETY: the contract of this function.
        *slot = unsafe { *at.add(index) };
    }
    quad
}

/// Writes the first `count` slots.
///
/// # Safety
/// `at` points at `count` slots.
#[inline]
unsafe fn store(at: *mut u32, quad: Quad, count: u32) {
    for (index, slot) in quad.into_iter().enumerate().take(count as usize) {
        // SAFETY: the contract of this function.
        unsafe { *at.add(index) = slot };
    }
}

/// Executes an instruction that accesses no memory, on operands at these places, with the result at
/// `to`, where an operand may lie.
///
/// # Safety
/// The places have as many slots as the row says, and `immediate` points at the immediates, which
/// were checked as the validator checks them.
#[inline]
pub(crate) unsafe fn compute(row: Row, to: *mut u32, at: [*const u32; 3], immediate: *const u8) {
    let slots = row.operands();
    let mut operands = [[0; 4]; 3];
    for (operand, (at, slots)) in operands.iter_mut().zip(at.into_iter().zip(slots)) {
        // SAFETY: the contract of this function.
        *operand = unsafe { load(at, slots) };
    }
    // SAFETY: the contract of this function.
    unsafe { store(to, lanes::compute(row, &operands, immediate), row.results()) };
}

/// Loads or stores at a place of a memory: returns what a load results in, of `vector` with one
/// lane replaced where the instruction loads a lane.
///
/// # Safety
/// As many bytes as the row says are at `place`, and `lane` is below their number where the
/// instruction has a lane.
#[inline(never)]
unsafe fn transfer(row: Row, place: *mut u8, vector: &Quad, lane: u8) -> Quad {
    let width = 1usize << row.log2_width();
    let mut bytes = [0; 4];
    if row.results() != 0 {
        // SAFETY: the contract of this function; a vector has 16 bytes.
        unsafe { core::ptr::copy_nonoverlapping(place, bytes.as_mut_ptr().cast::<u8>(), width) };
        return match row.shape() {
            Shape::LoadLane => lanes::with_lane(row, *vector, lane, &bytes),
            _ => lanes::loaded(row, &bytes),
        };
    }
    bytes = if row.shape() == Shape::StoreLane { lanes::lane(row, vector, lane) } else { *vector };
    // SAFETY: as above.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr().cast::<u8>(), place, width) };
    bytes
}

/// Loads or stores at this address of a memory with addresses of 32 bits: the result goes to `to`,
/// the vector is at `vector`.
///
/// # Safety
/// The places have the slots that the row says, and `lane` is below their number where the
/// instruction has a lane.
#[cfg(feature = "fast")]
#[inline]
pub(crate) unsafe fn access(
    row: Row,
    memory: &Memory,
    address: u32,
    offset: u32,
    to: *mut u32,
    vector: *const u32,
    lane: u8,
) -> Result<(), TrapCode> {
    let place = memory
        .check_any(address, offset, 1 << row.log2_width())
        .ok_or(TrapCode::MemoryOutOfBounds)?;
    let [_, slots, _] = row.operands();
    // SAFETY: the contract of this function. `check_any` has found all bytes of the access in
    // bounds.
    unsafe { store(to, transfer(row, place, &load(vector, slots), lane), row.results()) };
    Ok(())
}

/// Executes the vector instruction with this opcode: its immediates start at `context.pc`, its
/// operands end at `context.sp`. Moves both on.
///
/// # Safety
/// The context is that of running code whose instruction has this opcode, which the validator or
/// the verifier accepted, and whose operands are in their stack slots.
pub unsafe fn execute(context: &mut Context, code: u32) -> Result<(), TrapCode> {
    let row = Row::of(code).ok_or(TrapCode::Unreachable)?;
    let results = row.results();
    if !row.is_access() {
        let [a, b, c] = row.operands();
        // SAFETY: the contract of this function: the operands end at `sp`, one behind the other.
        // The frame has the slots of the result, which takes their place.
        unsafe {
            let base = context.sp.add(1).sub((a + b + c) as usize);
            let second = base.add(a as usize);
            compute(row, base, [base, second, second.add(b as usize)], context.pc);
            context.sp = base.add(results as usize).sub(1);
            context.pc = context.pc.add(row.immediates());
        }
        return Ok(());
    }
    // SAFETY: the contract of this function: a memarg starts there, of a memory of the instance,
    // and a lane follows where the instruction has one.
    let (offset, memory, next, lane) = unsafe {
        let (offset, index, next) = memarg(context.pc);
        let memory: &Memory = &**(*context.instance).memories.add(index as usize);
        let lane = if row.immediates() == 1 { *next } else { 0 };
        (offset, memory, next.add(row.immediates()), lane)
    };
    // SAFETY: the contract of this function: the operands are an address and perhaps a vector. The
    // frame has the slots of the result.
    unsafe {
        let [_, vector, _] = row.operands();
        let top = context.sp.add(1).sub(vector as usize);
        let (base, address) = index::address(memory, top.sub(1));
        let place = index::place(memory, address, offset, 1 << row.log2_width())
            .ok_or(TrapCode::MemoryOutOfBounds)?;
        let result = transfer(row, place, &load(top, vector), lane);
        store(base, result, results);
        context.sp = base.wrapping_add(results as usize).wrapping_sub(1);
    }
    context.pc = next;
    Ok(())
}
