//! Classic mode: executes Wasm bytes in place, with the side table for branches.
//!
//! Two loops with one contract: `thumb`, written in Thumb-2 instructions, and `portable`, in Rust, for every other
//! target. Measured on a Cortex-M3 (docs/measurements.md), the first takes a third of the second's instructions at half its size: the
//! compiler cannot keep the loop's eight values in registers across all operations.
//!
//! What the loops assume and who establishes it: the code was validated, so operations are known, immediates
//! complete, indices inside their spaces, operands present with their types, branch entries in order (validator
//! and its sink); the frame's size was checked at the call ([`crate::call`], [`Context::enter`], and in the loops), so every push of the function has room.

#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod portable;
#[cfg(not(all(thumb2, not(feature = "portable"))))]
mod strict;
#[cfg(all(thumb2, not(feature = "portable")))]
mod thumb;

#[cfg(not(all(thumb2, not(feature = "portable"))))]
use portable as chosen;
#[cfg(all(thumb2, not(feature = "portable")))]
use thumb as chosen;

use crate::frame::{ClassicFunc, Context};
use crate::linear_memory;
use crate::side_table::{Branch, TWO_SLOTS};

pub(crate) use chosen::run;

/// The slot of a local that is not narrow, and whether it takes two slots.
///
/// # Safety
/// `index` is a local of `func`, which has a map of locals.
#[inline(always)]
#[allow(dead_code)]
unsafe fn map_local(func: *const ClassicFunc, index: u32) -> (usize, bool) {
    // SAFETY: a function in which the index of some local is not below `narrow` has a map of all its locals, which
    // is read backwards from its first entry.
    unsafe {
        if (*func).grouped {
            return find_group((*func).side_table, index);
        }
        let word = *(*func).side_table.sub(1 + index as usize);
        ((word & !TWO_SLOTS) as usize, word & TWO_SLOTS != 0)
    }
}

/// The same where the map is in groups: finds the last group whose first local is not behind `index`.
///
/// # Safety
/// `map` is the end of such a map, and the index is that of a local.
#[cold]
#[inline(never)]
unsafe fn find_group(map: *const u16, index: u32) -> (usize, bool) {
    // SAFETY: the first word read backwards is the number of groups, at least one, each of two words; group 0 starts at local 0.
    unsafe {
        let group = |i: usize| (*map.sub(2 + 2 * i) as u32, *map.sub(3 + 2 * i));
        let (mut low, mut high) = (0, *map.sub(1) as usize);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if group(middle).0 <= index {
                low = middle;
            } else {
                high = middle;
            }
        }
        let (first, word) = group(low);
        let wide = word & TWO_SLOTS != 0;
        (((word & !TWO_SLOTS) as u32 + ((index - first) << wide as u32)) as usize, wide)
    }
}

/// Where the call starts whose immediate ends at `pc`.
///
/// # Safety
/// The bytes before `pc` are a call's code and one index.
#[cold]
#[inline(never)]
unsafe extern "C" fn call_before(pc: *const u8) -> *const u8 {
    // SAFETY: only the last byte of the index is below 0x80, and the code before it is, too.
    unsafe {
        let mut at = pc.sub(2);
        while *at >= 0x80 {
            at = at.sub(1);
        }
        at
    }
}

/// Executes a load or store with all its checks: immediates at `context.pc`, operands at `context.sp`; both are moved on. Gives 0 or the number of a trap.
///
/// # Safety
/// `code` is a load or store of validated code, and the operands are in memory.
#[cold]
#[inline(never)]
unsafe extern "C" fn access(context: &mut Context, code: u32) -> u32 {
    // SAFETY: the caller's promise; validation checked the index of the memory.
    unsafe {
        let (offset, index, next) = linear_memory::memarg(context.pc);
        let memory = &**(*context.instance).memories.add(index as usize);
        match linear_memory::access(code as u8, memory, offset, context.sp.add(1)) {
            Ok(top) => {
                context.pc = next;
                context.sp = top.sub(1);
                0
            }
            Err(trap) => trap as u32,
        }
    }
}

/// Takes the branch at `context.stp`, which is big. Gives 0 or the number of a trap.
///
/// # Safety
/// The entry's `dpc` is 0, and the operands are in memory.
#[cold]
#[inline(never)]
unsafe extern "C" fn big_branch(context: &mut Context) -> u32 {
    // SAFETY: the entry was written by the sink for this branch, so what it moves is on the stack.
    unsafe {
        let branch = Branch::read_big(context.stp);
        if branch.dpc <= 0 && !(*context.meter).pass() {
            return (*context.meter).reason() as u32;
        }
        context.pc = context.pc.offset(branch.dpc as isize);
        context.stp = context.stp.offset(branch.dstp as isize);
        let (keep, drop) = (branch.keep as usize, branch.drop as usize);
        let kept = context.sp.add(1).sub(keep);
        core::ptr::copy(kept, kept.sub(drop), keep);
        context.sp = context.sp.sub(drop);
        0
    }
}
