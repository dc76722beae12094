//! The view of register bytecode through which Rust code reads a register instruction and its
//! operands.
//!
//! Depends on nothing. It owns no invariant: each method has a contract, and the callers say which
//! rule of the translator and the verifier keeps it (see the head of [`super`]).

/// A position in register bytecode: mostly that of the running instruction, whose operands follow
/// its opcode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(pub(super) *const u8);

// The loop in Thumb-2 instructions reads most operands itself.
#[allow(dead_code)]
impl Code {
    /// The byte at this distance: an opcode, a slot, or an offset of one byte.
    ///
    /// # Safety
    /// The byte belongs to the instruction.
    #[inline(always)]
    pub(super) unsafe fn byte(self, at: usize) -> u8 {
        // SAFETY: the contract of this function.
        unsafe { *self.0.add(at) }
    }

    /// The slot that the byte at this distance names.
    ///
    /// # Safety
    /// The byte belongs to the instruction.
    #[inline(always)]
    pub(super) unsafe fn slot(self, at: usize) -> usize {
        // SAFETY: the contract of this function.
        unsafe { *self.0.add(at) as usize }
    }

    /// Reads a slot once more, where reading it costs less than keeping it in a register.
    ///
    /// # Safety
    /// The byte belongs to the instruction.
    #[inline(always)]
    pub(super) unsafe fn slot_again(self, at: usize) -> usize {
        // SAFETY: the contract of this function.
        unsafe { self.0.add(at).read_volatile() as usize }
    }

    /// The constant of one byte at this distance, sign-extended.
    ///
    /// # Safety
    /// The byte belongs to the instruction.
    #[inline(always)]
    pub(super) unsafe fn i8(self, at: usize) -> u32 {
        // SAFETY: the contract of this function.
        unsafe { *self.0.add(at) as i8 as u32 }
    }

    /// The number of two bytes at this distance: an index, a slot, or a number of slots.
    ///
    /// # Safety
    /// The bytes belong to the instruction.
    #[inline(always)]
    pub(super) unsafe fn u16(self, at: usize) -> usize {
        // SAFETY: the contract of this function. Operands are not aligned.
        unsafe { self.0.add(at).cast::<u16>().read_unaligned() as usize }
    }

    /// The signed number of two bytes at this distance: the distance of a branch target or of a
    /// slot.
    ///
    /// # Safety
    /// The bytes belong to the instruction.
    #[inline(always)]
    pub(super) unsafe fn i16(self, at: usize) -> isize {
        // SAFETY: the contract of this function. Operands are not aligned.
        unsafe { self.0.add(at).cast::<i16>().read_unaligned() as isize }
    }

    /// The number of four bytes at this distance: a constant, an offset, or a number of branch
    /// targets.
    ///
    /// # Safety
    /// The bytes belong to the instruction.
    #[inline(always)]
    pub(super) unsafe fn u32(self, at: usize) -> u32 {
        // SAFETY: the contract of this function. Operands are not aligned.
        unsafe { self.0.add(at).cast::<u32>().read_unaligned() }
    }

    /// The signed number of four bytes at this distance: the distance of a branch target.
    ///
    /// # Safety
    /// The bytes belong to the instruction.
    #[inline(always)]
    pub(super) unsafe fn i32(self, at: usize) -> isize {
        // SAFETY: the contract of this function. Operands are not aligned.
        unsafe { self.0.add(at).cast::<i32>().read_unaligned() as isize }
    }

    /// The position so many bytes further.
    ///
    /// # Safety
    /// It lies in the code of the instance, or right behind it.
    #[inline(always)]
    pub(super) unsafe fn after(self, bytes: usize) -> Code {
        // SAFETY: the contract of this function.
        Code(unsafe { self.0.add(bytes) })
    }

    /// The position at a signed distance.
    ///
    /// # Safety
    /// It lies in the code of the instance.
    #[inline(always)]
    pub(super) unsafe fn at_distance(self, bytes: isize) -> Code {
        // SAFETY: the contract of this function.
        Code(unsafe { self.0.offset(bytes) })
    }
}
