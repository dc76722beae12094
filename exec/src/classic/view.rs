//! The views through which the portable loop reads bytecode, the side table and the operand stack.
//!
//! Depends on [`crate::leb128`] and [`crate::side_table`] for the formats. It owns no invariant:
//! each method has a contract, and the loop says which rule of the validator or the side table
//! keeps it (see the head of [`super`]).

use crate::leb128;
use crate::side_table::{ENTRY, VECTOR, WIDE};
use crate::vector;

/// A position in bytecode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Bytecode(pub(super) *const u8);

impl Bytecode {
    /// The byte here.
    ///
    /// # Safety
    /// It belongs to an instruction that the validator accepted.
    #[inline(always)]
    pub(super) unsafe fn byte(self) -> u8 {
        // SAFETY: the contract of this function.
        unsafe { *self.0 }
    }

    /// The byte at this distance.
    ///
    /// # Safety
    /// As for [`Bytecode::byte`].
    #[inline(always)]
    pub(super) unsafe fn byte_at(self, distance: usize) -> u8 {
        // SAFETY: the contract of this function.
        unsafe { *self.0.add(distance) }
    }

    /// The position so many bytes further.
    ///
    /// # Safety
    /// So many bytes belong to the function, from here on.
    #[inline(always)]
    pub(super) unsafe fn after(self, bytes: usize) -> Bytecode {
        // SAFETY: the contract of this function.
        Bytecode(unsafe { self.0.add(bytes) })
    }

    /// The position at a signed distance.
    ///
    /// # Safety
    /// It lies in the same function.
    #[inline(always)]
    pub(super) unsafe fn at_distance(self, bytes: isize) -> Bytecode {
        // SAFETY: the contract of this function.
        Bytecode(unsafe { self.0.offset(bytes) })
    }

    /// Reads a byte and moves behind it.
    ///
    /// # Safety
    /// As for [`Bytecode::byte`].
    #[inline(always)]
    pub(super) unsafe fn take(&mut self) -> u8 {
        // SAFETY: the contract of this function.
        unsafe {
            let byte = *self.0;
            self.0 = self.0.add(1);
            byte
        }
    }

    /// Reads an index, which mostly has one byte, and moves behind it.
    ///
    /// # Safety
    /// An index that the validator accepted is here.
    #[inline(always)]
    pub(super) unsafe fn take_index(&mut self) -> u32 {
        // SAFETY: the contract of this function.
        let (index, next) = unsafe { leb128::u32(self.0) };
        self.0 = next;
        index
    }

    /// Moves behind an integer of any type.
    ///
    /// # Safety
    /// An integer that the validator accepted is here.
    #[inline(always)]
    pub(super) unsafe fn skip_integer(&mut self) {
        // SAFETY: the contract of this function.
        self.0 = unsafe { leb128::skip(self.0) };
    }

    /// Reads the offset of a memarg that has more than one byte, and the position behind it.
    ///
    /// # Safety
    /// The alignment of a memarg of two integers is here, in one byte.
    #[inline(always)]
    pub(super) unsafe fn long_offset(self) -> (u32, Bytecode) {
        // SAFETY: the contract of this function.
        let (offset, next) = unsafe { leb128::u32_long(self.0.add(1)) };
        (offset, Bytecode(next))
    }

    /// Reads 32 bits, and moves behind them.
    ///
    /// # Safety
    /// The bits of a constant are here.
    #[inline(always)]
    pub(super) unsafe fn take_bits(&mut self) -> u32 {
        // SAFETY: the contract of this function. Constants are not aligned.
        unsafe {
            let bits = self.0.cast::<u32>().read_unaligned();
            self.0 = self.0.add(4);
            bits
        }
    }

    /// Reads a signed integer of 32 bits that has more than one byte, and moves behind it.
    ///
    /// # Safety
    /// Such an integer that the validator accepted is here.
    #[inline(always)]
    pub(super) unsafe fn take_long_i32(&mut self) -> u32 {
        // SAFETY: the contract of this function.
        let (value, next) = unsafe { leb128::i32_long(self.0) };
        self.0 = next;
        value as u32
    }

    /// Reads a signed integer of 64 bits, and moves behind it.
    ///
    /// # Safety
    /// Such an integer that the validator accepted is here.
    #[inline(always)]
    pub(super) unsafe fn take_i64(&mut self) -> i64 {
        // SAFETY: the contract of this function.
        let (value, next) = unsafe { leb128::i64_long(self.0) };
        self.0 = next;
        value
    }
}

/// The next entry of the side table.
#[derive(Clone, Copy)]
pub(super) struct Entry(pub(super) *const u16);

impl Entry {
    /// How far the branch moves the program counter; 0 for a big branch.
    ///
    /// # Safety
    /// It is an entry of a finished side table.
    #[inline(always)]
    pub(super) unsafe fn pc_distance(self) -> isize {
        // SAFETY: the contract of this function.
        unsafe { *self.0 as i16 as isize }
    }

    /// What the branch keeps and drops: bits 15 to 12 and 11 to 0.
    ///
    /// # Safety
    /// It is an entry of a finished side table.
    #[inline(always)]
    pub(super) unsafe fn keep_drop(self) -> usize {
        // SAFETY: the contract of this function.
        unsafe { *self.0.add(2) as usize }
    }

    /// The entry that is next at the branch's target.
    ///
    /// # Safety
    /// It is an entry of a finished side table, and not that of a big branch.
    #[inline(always)]
    pub(super) unsafe fn at_target(self) -> Entry {
        // SAFETY: the contract of this function: the entry's second word is a distance in the same
        // side table.
        Entry(unsafe { self.0.offset(*self.0.add(1) as i16 as isize) })
    }

    /// The entry that is so many entries further.
    ///
    /// # Safety
    /// So many entries of a finished side table are here; behind the last one is one more.
    #[inline(always)]
    pub(super) unsafe fn after(self, entries: usize) -> Entry {
        // SAFETY: the contract of this function.
        Entry(unsafe { self.0.add(entries * ENTRY) })
    }

    /// Whether this entry says that the `drop` or `select` whose opcode ends at `pc` works on
    /// values of two slots.
    ///
    /// # Safety
    /// It is an entry of a finished side table, or the one behind the last.
    #[inline(always)]
    pub(super) unsafe fn is_wide(self, pc: Bytecode) -> bool {
        // SAFETY: the contract of this function.
        unsafe { self.is_mark(pc, WIDE) }
    }

    /// The same of values of four slots.
    ///
    /// # Safety
    /// As for [`Entry::is_wide`].
    #[inline(always)]
    pub(super) unsafe fn is_vector(self, pc: Bytecode) -> bool {
        // SAFETY: the contract of this function.
        vector::ENABLED && unsafe { self.is_mark(pc, VECTOR) }
    }

    /// # Safety
    /// As for [`Entry::is_wide`].
    #[inline(always)]
    unsafe fn is_mark(self, pc: Bytecode, mark: i16) -> bool {
        // SAFETY: the contract of this function: an entry has three words.
        unsafe {
            *self.0 as i16 == mark && {
                let low = *self.0.add(1) as u32 | (*self.0.add(2) as u32) << 16;
                // The low 32 bits of the address identify the position, since a module is smaller
                // than 4 GiB.
                low == pc.0.addr() as u32
            }
        }
    }
}

/// The operand stack: the topmost operand is in `top`, the others in their stack slots.
#[derive(Clone, Copy)]
pub(super) struct Operands {
    /// The stack slot of the topmost operand.
    pub(super) sp: *mut u32,
    pub(super) top: u32,
}

impl Operands {
    /// Writes the topmost operand to its stack slot.
    ///
    /// # Safety
    /// `sp` points at a slot of the running frame.
    #[inline(always)]
    pub(super) unsafe fn spill(&self) {
        // SAFETY: the contract of this function.
        unsafe { *self.sp = self.top }
    }

    /// Pushes a slot.
    ///
    /// # Safety
    /// The running frame has a slot above the topmost operand.
    #[inline(always)]
    pub(super) unsafe fn push(&mut self, value: u32) {
        // SAFETY: the contract of this function.
        unsafe {
            *self.sp = self.top;
            self.sp = self.sp.add(1);
        }
        self.top = value;
    }

    /// Pops a slot.
    ///
    /// # Safety
    /// There is an operand.
    #[inline(always)]
    pub(super) unsafe fn pop(&mut self) -> u32 {
        let value = self.top;
        // SAFETY: the contract of this function.
        unsafe { self.drop(1) };
        value
    }

    /// Drops slots.
    ///
    /// # Safety
    /// There are so many operands.
    #[inline(always)]
    pub(super) unsafe fn drop(&mut self, slots: usize) {
        // SAFETY: the contract of this function; below the last operand is the pad.
        unsafe {
            self.sp = self.sp.sub(slots);
            self.top = *self.sp;
        }
    }

    /// Drops slots below the topmost one, which is kept.
    ///
    /// # Safety
    /// There are so many operands, and one more.
    #[inline(always)]
    pub(super) unsafe fn drop_below(&mut self, slots: usize) {
        // SAFETY: the contract of this function.
        self.sp = unsafe { self.sp.sub(slots) };
    }

    /// Drops `drop` slots below the topmost `keep` slots, which are kept.
    ///
    /// # Safety
    /// There are so many operands.
    #[inline(always)]
    pub(super) unsafe fn drop_below_many(&mut self, keep: usize, drop: usize) {
        // SAFETY: the contract of this function: the kept slots end at `sp`, and the dropped ones
        // lie below them.
        unsafe {
            self.spill();
            let kept = self.sp.add(1).sub(keep);
            core::ptr::copy(kept, kept.sub(drop), keep);
            self.drop(drop);
        }
    }

    /// The slot so many slots below the topmost one.
    ///
    /// # Safety
    /// There are so many operands, and one more.
    #[inline(always)]
    pub(super) unsafe fn below(&self, slots: usize) -> u32 {
        // SAFETY: the contract of this function.
        unsafe { *self.sp.sub(slots) }
    }

    /// Writes the slot so many slots below the topmost one.
    ///
    /// # Safety
    /// There are so many operands, and one more.
    #[inline(always)]
    pub(super) unsafe fn set_below(&mut self, slots: usize, value: u32) {
        // SAFETY: the contract of this function.
        unsafe { *self.sp.sub(slots) = value }
    }
}
