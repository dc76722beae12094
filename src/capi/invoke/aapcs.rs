//! Arm, base standard (AAPCS32, chapter 6.5). Floats are passed in core registers, so all arguments form one row of words: the
//! first four in r0 to r3, the others on the stack. A value of 64 bits begins at an even word (C.3, C.7); a word that this skips
//! stays unused. Results are in r0 and r1.

use super::row::Row;
use super::Returned;
use core::mem::transmute;

/// Floats are passed and returned as integers are.
#[cfg_attr(test, allow(dead_code))]
pub(in crate::capi) const SOFT: bool = true;

const WORDS: usize = 16;

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
    /// `func` is a C function whose parameters are the environment and the values that were pushed, in that order.
    #[rustfmt::skip]
    pub(in crate::capi) unsafe fn call(&self, func: *const (), _returned: Returned) -> u64 {
        type Few = unsafe extern "C" fn(u32, u32, u32, u32, u32, u32) -> u64;
        type Many = unsafe extern "C" fn(u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32) -> u64;
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0.words();
        // SAFETY: the caller guarantees the function's parameters, and `fit` was checked when the import was resolved, so every
        // argument is in the words. The function does not read words beyond its own parameters, and the caller removes them.
        unsafe {
            if self.0.len() <= 6 {
                transmute::<*const (), Few>(func)(a, b, c, d, e, f)
            } else {
                transmute::<*const (), Many>(func)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
            }
        }
    }
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
        (0..15).for_each(|value| arguments.int(value));
        assert!(arguments.fit());
        arguments.int(15);
        assert!(!arguments.fit());
    }
}
