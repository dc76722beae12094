//! Arm, base standard (AAPCS32, chapter 6.5). Floats are passed in core registers, so all arguments
//! form one row of words: the first four in r0 to r3, the others on the stack. A value of 64 bits
//! begins at an even word (C.3, C.7); a word that this skips stays unused. Results are in r0 and
//! r1.

use super::row::Row;

/// Floats are passed and returned as integers are.
#[cfg_attr(test, allow(dead_code))]
pub(in crate::capi) const SOFT: bool = true;

/// The environment, a word that the first value of 64 bits skips, and 16 such values.
const WORDS: usize = 34;

/// In registers.
#[cfg(target_arch = "arm")]
const REGISTERS: usize = 4;

pub(in crate::capi) struct Arguments(Row<u32, WORDS>);

#[cfg_attr(test, allow(dead_code))]
impl Arguments {
    #[inline(always)]
    pub(in crate::capi) fn new(env: *mut ()) -> Arguments {
        Arguments(Row::starting_with(env.addr() as u32))
    }

    /// Whether every argument that was pushed fits.
    pub(in crate::capi) fn fit(&self) -> bool {
        self.0.fits()
    }

    pub(in crate::capi) fn int(&mut self, value: u32) {
        self.0.push(value);
    }

    pub(in crate::capi) fn long(&mut self, value: u64) {
        self.0.align_to_pair();
        self.0.push_pair(value);
    }

    pub(in crate::capi) fn pointer(&mut self, value: *mut u8) {
        self.int(value.addr() as u32);
    }

    pub(in crate::capi) fn single(&mut self, bits: u32) {
        self.int(bits);
    }

    pub(in crate::capi) fn double(&mut self, bits: u64) {
        self.long(bits);
    }

    /// # Safety
    /// `func` is a C function whose parameters are the environment and the values that were pushed,
    /// in that order.
    #[cfg(target_arch = "arm")]
    #[inline(always)]
    pub(in crate::capi) unsafe fn call(&self, func: *const (), _returned: super::Returned) -> u64 {
        // SAFETY: the caller guarantees the function's parameters, and `fit` was checked when the
        // import was resolved, so every argument is in the words, of which there are `len`, and at
        // least `REGISTERS` are in the row.
        unsafe { call(func, self.0.as_ptr(), self.0.len()) }
    }
}

/// Calls a function with the `len` arguments at `words`: the first four in registers, the others on
/// the stack.
///
/// # Safety
/// `func` is a C function with these parameters. `WORDS` words may be read at `words`; those behind
/// `len` have no meaning.
// SAFETY: reads the words that the contract names: for an odd number of words on the stack one
// more, which is inside, for `WORDS` is even; restores the registers that the AAPCS has it
// preserve, and the stack pointer. At the call the stack is aligned to eight. Armv6-M has all of
// these instructions.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn call(func: *const (), words: *const u32, len: usize) -> u64 {
    core::arch::naked_asm!(
        "push {{r4, r5, r6, lr}}",
        "mov r4, sp",
        "mov r5, r0",
        "subs r2, #{registers}",
        "bls 2f",
        // Bytes on the stack.
        "adds r2, #1",
        "lsrs r2, r2, #1",
        "lsls r2, r2, #3",
        "subs r6, r4, r2",
        "mov sp, r6",
        "adds r1, #4 * {registers}",
        "1:",
        "subs r2, #4",
        "ldr r3, [r1, r2]",
        "str r3, [r6, r2]",
        "bne 1b",
        "subs r1, #4 * {registers}",
        "2:",
        "ldm r1, {{r0, r1, r2, r3}}",
        "blx r5",
        "mov sp, r4",
        "pop {{r4, r5, r6, pc}}",
        registers = const REGISTERS,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> Arguments {
        Arguments(Row::starting_with(1))
    }

    #[test]
    fn longs_begin_at_even_words() {
        let mut arguments = arguments();
        arguments.int(2);
        arguments.int(3);
        arguments.long(0x5_0000_0004);
        arguments.int(6);
        arguments.double(0x8_0000_0007);
        assert_eq!(arguments.0.words()[..10], [1, 2, 3, 0, 4, 5, 6, 0, 7, 8]);
        assert_eq!(arguments.0.len(), 10);
    }

    #[test]
    fn too_many() {
        let mut arguments = arguments();
        (0..16).for_each(|value| arguments.long(value));
        assert!(arguments.fit());
        assert_eq!(arguments.0.len(), WORDS);
        arguments.int(15);
        assert!(!arguments.fit());
    }
}
