//! Classic mode: executes bytecode in place, with the side table for branches.
//!
//! Two loops with one contract: `thumb`, written in Thumb-2 instructions, and `portable`, in Rust,
//! for every other target. Measured on a Cortex-M3 (docs/measurements.md), the first executes a
//! third of the second's machine instructions and has half its size: the compiler cannot keep the
//! loop's eight values in registers across all instructions. Depends on [`crate::frame`] for frames
//! and calls, on [`crate::side_table`] for branches, and on [`crate::numeric`] and
//! [`crate::linear_memory`] for what instructions compute.
//!
//! The loops assume the following of the code that they execute. SAFETY comments cite these rules.
//!
//! - VALID: the program counter is at an instruction whose opcode is known and whose immediates are
//!   complete. Established by the validator, which reads each body from its start; branches lead to
//!   where it found an instruction.
//! - OPERANDS: the operands of an instruction are on the stack, with their types. Established by
//!   the validator.
//! - HEIGHT: a push stays inside of the frame, whose size
//!   ([`FuncLayout::frame`](crate::FuncLayout::frame)) includes the highest operand stack. The
//!   validator computes it, and each call checks it (FRAME).
//! - ENTRIES: the next entry of the side table is that of the next branch, and the table has one
//!   more entry than branches. Established by the builder of the side table
//!   (`src/code/side_table.rs`).
//! - SPACES: an index is in its index space. Established by the validator.
//! - FRAME: the frame fits below the end of the operand stack. Checked by each call:
//!   [`crate::call`], [`Context::enter`], and `call` in the loops.
//! - RECORDS: the records that an instance points at are live, and have as many elements as its
//!   index spaces. The runtime crate's store owns them.
//!
//! The feature `strict` checks VALID, HEIGHT, ENTRIES and FRAME as far as the loop's registers tell
//! (`strict.rs`).

#[cfg(feature = "exceptions")]
pub(crate) mod frames;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod portable;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod strict;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(all(thumb2, not(feature = "portable")))]
mod thumb;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod view;

#[cfg(not(all(thumb2, not(feature = "portable"))))]
use portable as chosen;
#[cfg(all(thumb2, not(feature = "portable")))]
use thumb as chosen;

use crate::frame::{Callee, ClassicFunc, Context};
use crate::instance::ExecInstance;
use crate::linear_memory;
#[cfg(feature = "function-references")]
use crate::side_table::ENTRY;
use crate::side_table::{Branch, FOUR_SLOTS, TWO_SLOTS};
use crate::vector;

pub(crate) use chosen::run;

/// Where a call of a function goes that the instance defines.
///
/// # Safety
/// `func` is a defined function of an instance in classic mode.
#[inline(always)]
pub(crate) unsafe fn callee(instance: &ExecInstance, func: u32) -> Callee {
    let func = instance.funcs.cast::<ClassicFunc>().wrapping_add(func as usize);
    // SAFETY: the records of an instance in classic mode are of this type, and `func` is one of its
    // functions.
    unsafe {
        Callee {
            layout: &raw const (*func).layout,
            code: (*func).code,
            side_table: (*func).side_table,
        }
    }
}

/// The slot of a local that is not narrow, and whether it has two slots, or four.
///
/// # Safety
/// `index` is a local of `func`, in which some local is not narrow.
#[inline(always)]
#[allow(dead_code)]
pub(crate) unsafe fn map_local(func: &ClassicFunc, index: u32) -> (usize, bool, bool) {
    if func.grouped {
        // SAFETY: the builder of the side table has written groups in front of the first entry.
        return unsafe { find_group(func.side_table, index) };
    }
    // SAFETY: the builder of the side table has written a word for each local in front of the first
    // entry, backwards.
    let word = unsafe { *func.side_table.sub(1 + index as usize) };
    ((word & !TWO_SLOTS) as usize, word & TWO_SLOTS != 0, false)
}

/// As [`map_local`], where the map has groups: finds the last group whose first local is not behind
/// `index`.
///
/// # Safety
/// `map` is the end of a map with groups, and `index` is a local of its function.
#[cold]
#[inline(never)]
unsafe fn find_group(map: *const u16, index: u32) -> (usize, bool, bool) {
    // SAFETY: the contract of this function: the first word backwards is the number of groups, at
    // least one.
    let groups = unsafe { *map.sub(1) as usize };
    // SAFETY: each group has two words, and `i` is below the number of groups.
    let group = |i: usize| unsafe { (*map.sub(2 + 2 * i), *map.sub(3 + 2 * i)) };
    let first = |word: u16| if vector::ENABLED { word & !FOUR_SLOTS } else { word } as u32;
    // Group 0 starts at local 0.
    let (mut low, mut high) = (0, groups);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if first(group(middle).0) <= index {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (local, word) = group(low);
    let wide = word & TWO_SLOTS != 0;
    let is_vector = vector::ENABLED && local & FOUR_SLOTS != 0;
    let log2 = if is_vector { 2 } else { wide as u32 };
    (((word & !TWO_SLOTS) as u32 + ((index - first(local)) << log2)) as usize, wide, is_vector)
}

/// The start of the call whose immediate ends at `pc`.
///
/// # Safety
/// The bytes before `pc` are the opcode of a call and one index.
#[cold]
#[inline(never)]
unsafe extern "C" fn call_before(pc: *const u8) -> *const u8 {
    // SAFETY: the contract of this function: of the index's bytes only the last one is below 0x80,
    // and so is the opcode, so the search backwards ends there.
    unsafe {
        let mut at = pc.sub(2);
        while *at >= 0x80 {
            at = at.sub(1);
        }
        at
    }
}

/// Executes a load or store with all checks: the immediates start at `context.pc`, the operands end
/// at `context.sp`. Moves both on. Returns 0 or the number of a trap.
///
/// # Safety
/// VALID: `opcode` is the load or store whose memarg is at `context.pc`. OPERANDS: its operands are
/// in their stack slots.
#[cold]
#[inline(never)]
unsafe extern "C" fn access(context: &mut Context, opcode: u32) -> u32 {
    // SAFETY: VALID: a memarg is there.
    let (offset, index, next) = unsafe { linear_memory::memarg(context.pc) };
    // SAFETY: SPACES: the instance has a memory of this index. RECORDS: it is live.
    let memory = unsafe { &**(*context.instance).memories.add(index as usize) };
    // SAFETY: OPERANDS: the operands end at `sp`. HEIGHT: the frame has the slots of the result.
    match unsafe { linear_memory::access(opcode as u8, memory, offset, context.sp.add(1)) } {
        Ok(top) => {
            context.pc = next;
            // With no operand left, `sp` is at the pad.
            context.sp = top.wrapping_sub(1);
            0
        }
        Err(trap) => trap as u32,
    }
}

/// Takes the big branch whose entry is at `context.stp`. Returns 0 or the number of a trap.
///
/// # Safety
/// ENTRIES: the entry is that of a big branch, which is at `context.pc`. OPERANDS: the operands are
/// in their stack slots.
#[cold]
#[inline(never)]
unsafe extern "C" fn big_branch(context: &mut Context) -> u32 {
    // SAFETY: ENTRIES: the entry belongs to a finished side table.
    let branch = unsafe { Branch::read_big(context.stp) };
    // SAFETY: RECORDS: the meter is live.
    let meter = unsafe { &*context.meter };
    if branch.dpc <= 0 && !meter.pass() && !meter.noticed() {
        return meter.reason() as u32;
    }
    let (keep, drop) = (branch.keep as usize, branch.drop as usize);
    // SAFETY: ENTRIES: the distances lead to the branch's target and its next entry. OPERANDS: the
    // slots that the entry keeps and drops are on the stack, and end at `sp`.
    unsafe {
        context.pc = context.pc.offset(branch.dpc as isize);
        context.stp = context.stp.offset(branch.dstp as isize);
        let kept = context.sp.add(1).sub(keep);
        core::ptr::copy(kept, kept.sub(drop), keep);
        context.sp = context.sp.sub(drop);
    }
    0
}

/// Ends a branch that the runtime has decided about: takes it, or passes its entry. `at` is the
/// position behind the first byte of its opcode, from which the entry counts; the immediates have
/// been read, and operands that the branch does not carry popped. Returns 0 or the number of a
/// trap.
///
/// # Safety
/// ENTRIES: the entry at `context.stp` is that of this branch. OPERANDS: the operands are in their
/// stack slots.
#[cfg(feature = "function-references")]
pub unsafe fn end_branch(context: &mut Context, at: *const u8, taken: bool) -> u32 {
    if !taken {
        // SAFETY: ENTRIES: another entry follows, at least that which ends the table.
        context.stp = unsafe { context.stp.add(ENTRY) };
        return 0;
    }
    context.pc = at;
    // SAFETY: ENTRIES: the next entry is that of this branch.
    let [distance, entries, keep_drop] = unsafe { context.stp.cast::<[u16; ENTRY]>().read() };
    let (distance, entries) = (distance as i16 as isize, entries as i16 as isize);
    let keep_drop = keep_drop as usize;
    if distance == 0 {
        // SAFETY: the contract of this function: the entry is that of a big branch.
        return unsafe { big_branch(context) };
    }
    // SAFETY: RECORDS: the meter is live.
    let meter = unsafe { &*context.meter };
    if distance < 0 && !meter.pass() && !meter.noticed() {
        return meter.reason() as u32;
    }
    let (keep, drop) =
        if keep_drop < 0x1000 { (0, keep_drop) } else { (keep_drop >> 12, keep_drop & 0xfff) };
    // SAFETY: ENTRIES: the distances lead to the branch's target and its next entry. OPERANDS: the
    // slots that the entry keeps and drops are on the stack, and end at `sp`.
    unsafe {
        context.pc = context.pc.offset(distance);
        context.stp = context.stp.offset(entries);
        let kept = context.sp.add(1).sub(keep);
        core::ptr::copy(kept, kept.sub(drop), keep);
        context.sp = context.sp.sub(drop);
    }
    0
}
