//! Arm, VFP variant (AAPCS32, chapter 7.1.2). Integers are passed as in the base standard, floats
//! in s0 to s15 and d0 to d7, which are the same registers: a double takes an even pair, and a
//! single the lowest free register (C.1.vfp), until a float had to go to the stack (C.2.vfp). A
//! float result is in s0 or d0.

use super::row::Row;

/// Floats have registers of their own.
#[cfg_attr(test, allow(dead_code))]
pub(in crate::capi) const SOFT: bool = false;

const CORE: usize = 4;
/// Of 16 values of 64 bits one is in registers, beside the environment.
const STACK: usize = 30;

pub(in crate::capi) struct Arguments {
    core: Row<u32, CORE>,
    singles: [u32; 16],
    /// One bit for each of s0 to s15 that is free.
    free: u32,
    stack: Row<u32, STACK>,
}

#[cfg_attr(test, allow(dead_code))]
impl Arguments {
    #[inline(always)]
    pub(in crate::capi) fn new(env: *mut ()) -> Arguments {
        Arguments {
            core: Row::starting_with(env.addr() as u32),
            singles: [0; 16],
            free: 0xffff,
            stack: Row::new(),
        }
    }

    /// Whether every argument that was pushed fits.
    pub(in crate::capi) fn fit(&self) -> bool {
        self.stack.fits()
    }

    fn stack_long(&mut self, value: u64) {
        self.stack.align_to_pair();
        self.stack.push_pair(value);
    }

    pub(in crate::capi) fn int(&mut self, value: u32) {
        if self.core.is_full() {
            self.stack.push(value);
        } else {
            self.core.push(value);
        }
    }

    pub(in crate::capi) fn long(&mut self, value: u64) {
        self.core.align_to_pair();
        if self.core.is_full() {
            self.stack_long(value);
        } else {
            self.core.push_pair(value);
        }
    }

    pub(in crate::capi) fn pointer(&mut self, value: *mut u8) {
        self.int(value.addr() as u32);
    }

    pub(in crate::capi) fn single(&mut self, bits: u32) {
        let register = self.free.trailing_zeros();
        match self.singles.get_mut(register as usize) {
            Some(single) => {
                *single = bits;
                self.free &= self.free - 1;
            }
            None => self.stack.push(bits),
        }
    }

    pub(in crate::capi) fn double(&mut self, bits: u64) {
        let register = (self.free & self.free >> 1 & 0x5555).trailing_zeros();
        match self
            .singles
            .get_mut(register as usize..)
            .and_then(|singles| singles.first_chunk_mut())
        {
            Some(pair) => {
                *pair = [bits as u32, (bits >> 32) as u32];
                self.free &= !(3 << register);
            }
            None => {
                self.free = 0;
                self.stack_long(bits);
            }
        }
    }

    /// # Safety
    /// `func` is a C function whose parameters are the environment and the values that were pushed,
    /// in that order, and whose result is of the kind `returned`.
    #[cfg(target_arch = "arm")]
    pub(in crate::capi) unsafe fn call(&self, func: *const (), returned: super::Returned) -> u64 {
        type Float =
            unsafe extern "C" fn(*const (), *const u32, *const u32, *const u32, usize) -> f64;
        let (core, stack, len) = (self.core.as_ptr(), self.stack.as_ptr(), self.stack.len());
        let singles = self.singles.as_ptr();
        // SAFETY: the caller guarantees the function's parameters and result, and `fit` was checked
        // when the import was resolved, so every argument is in a register or on the stack. `call`
        // leaves the result where the function has put it: a single is in the low half of d0, which
        // is the register of an f64.
        unsafe {
            match returned {
                super::Returned::Integer => call(func, core, singles, stack, len),
                _ => core::mem::transmute::<*const (), Float>(call as *const ())(
                    func, core, singles, stack, len,
                )
                .to_bits(),
            }
        }
    }
}

/// Calls a function with the arguments of an [`Arguments`]: four words at `core`, 16 at `singles`,
/// and `len` at `stack`.
///
/// # Safety
/// `func` is a C function with these parameters. `STACK` words may be read at `stack`; those behind
/// `len` have no meaning.
// SAFETY: reads the words that the contract names: for an odd number of words on the stack one
// more, which is inside, for `STACK` is even; restores the registers that the AAPCS has it
// preserve, and the stack pointer. At the call the stack is aligned to eight. A CPU with an ABI of
// FPU registers has Thumb-2.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn call(
    func: *const (),
    core: *const u32,
    singles: *const u32,
    stack: *const u32,
    len: usize,
) -> u64 {
    core::arch::naked_asm!(
        // What is outside of functions is assembled without the features of the target.
        ".fpu fpv4-sp-d16",
        "ldr r12, [sp]",
        "push {{r4, r5, r6, lr}}",
        "mov r4, sp",
        "mov r5, r0",
        "vldm r2, {{d0-d7}}",
        // Bytes on the stack.
        "add r6, r12, #1",
        "bic r6, r6, #1",
        "lsls r6, r6, #2",
        "sub r0, r4, r6",
        "mov sp, r0",
        "cbz r6, 2f",
        "1:",
        "subs r6, #4",
        "ldr r2, [r3, r6]",
        "str r2, [r0, r6]",
        "bne 1b",
        "2:",
        "ldm r1, {{r0, r1, r2, r3}}",
        "blx r5",
        "mov sp, r4",
        "pop {{r4, r5, r6, pc}}",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Arguments {
        Arguments::new(core::ptr::without_provenance_mut(1))
    }

    #[test]
    fn singles_fill_gaps() {
        let mut arguments = first();
        arguments.single(10);
        arguments.double(0x31_0000_0030);
        arguments.single(11);
        arguments.single(12);
        assert_eq!(arguments.singles[..5], [10, 11, 0x30, 0x31, 12]);
        arguments.int(2);
        arguments.int(3);
        arguments.long(0x5_0000_0004);
        arguments.int(6);
        assert_eq!(arguments.core.words(), [1, 2, 3, 0]);
        assert_eq!(arguments.stack.words()[..3], [4, 5, 6]);
        arguments.long(0x8_0000_0007);
        assert_eq!(arguments.stack.words()[..6], [4, 5, 6, 0, 7, 8]);
    }

    #[test]
    fn no_gap_is_filled_once_a_float_is_on_the_stack() {
        let mut arguments = first();
        arguments.single(1);
        (0..7).for_each(|value| arguments.double(value));
        arguments.double(0x99);
        arguments.single(2);
        assert_eq!(arguments.stack.words()[..3], [0x99, 0, 2]);
        assert_eq!(arguments.singles[1], 0);
        let mut full = first();
        (0..16).for_each(|value| full.single(value));
        full.single(77);
        assert_eq!((full.singles[15], full.stack.words()[0]), (15, 77));
    }
}
