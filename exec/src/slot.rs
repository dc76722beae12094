//! Slots: how values of one and of two slots lie in a frame.
//!
//! Depends on nothing. A slot has 32 bits. A value of two slots has its low half first and is
//! aligned as one slot is. `Frame` is the view of a frame through which the portable loops read
//! and write slots; it owns no invariant: each method has a contract, and the loops say which check
//! keeps it.

/// Reads a value of two slots.
///
/// # Safety
/// `at` points at two slots.
#[inline(always)]
pub unsafe fn read64(at: *const u32) -> u64 {
    // SAFETY: the contract of this function. Two reads, since a slot is aligned to 4 bytes only.
    unsafe { *at as u64 | (*at.add(1) as u64) << 32 }
}

/// Writes a value of two slots.
///
/// # Safety
/// `at` points at two slots.
#[inline(always)]
pub unsafe fn write64(at: *mut u32, value: u64) {
    // SAFETY: the contract of this function.
    unsafe {
        *at = value as u32;
        *at.add(1) = (value >> 32) as u32;
    }
}

/// A frame, by the address of its first slot.
#[derive(Clone, Copy)]
pub(crate) struct Frame(pub(crate) *mut u32);

// Each mode's loop uses some, and the loops in Thumb-2 instructions use none.
#[allow(dead_code)]
impl Frame {
    /// The address of a slot.
    ///
    /// # Safety
    /// The slot lies in the frame.
    #[inline(always)]
    pub(crate) unsafe fn at(self, slot: usize) -> *mut u32 {
        // SAFETY: the contract of this function: the address stays in the operand stack.
        unsafe { self.0.add(slot) }
    }

    /// Reads a slot.
    ///
    /// # Safety
    /// The slot lies in the frame.
    #[inline(always)]
    pub(crate) unsafe fn read(self, slot: usize) -> u32 {
        // SAFETY: the contract of this function.
        unsafe { *self.0.add(slot) }
    }

    /// Writes a slot.
    ///
    /// # Safety
    /// The slot lies in the frame.
    #[inline(always)]
    pub(crate) unsafe fn write(self, slot: usize, value: u32) {
        // SAFETY: the contract of this function.
        unsafe { *self.0.add(slot) = value }
    }

    /// Reads two slots.
    ///
    /// # Safety
    /// This slot and the next one lie in the frame.
    #[inline(always)]
    pub(crate) unsafe fn read_pair(self, slot: usize) -> u64 {
        // SAFETY: the contract of this function.
        unsafe { read64(self.0.add(slot)) }
    }

    /// Writes two slots.
    ///
    /// # Safety
    /// This slot and the next one lie in the frame.
    #[inline(always)]
    pub(crate) unsafe fn write_pair(self, slot: usize, value: u64) {
        // SAFETY: the contract of this function.
        unsafe { write64(self.0.add(slot), value) }
    }

    /// Reads a slot before it is known whether the value is needed. A volatile read: the compiler
    /// would otherwise select between the addresses, which costs more.
    ///
    /// # Safety
    /// The slot lies in the frame.
    #[inline(always)]
    pub(crate) unsafe fn read_ahead(self, slot: usize) -> u32 {
        // SAFETY: the contract of this function.
        unsafe { self.0.add(slot).read_volatile() }
    }

    /// The frame that starts `slots` above this one, or below for a negative number.
    ///
    /// # Safety
    /// That address lies in the operand stack.
    #[inline(always)]
    pub(crate) unsafe fn moved(self, slots: isize) -> Frame {
        // SAFETY: the contract of this function.
        Frame(unsafe { self.0.offset(slots) })
    }
}
