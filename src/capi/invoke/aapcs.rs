//! Arm, base standard: AAPCS32 chapter 6.5. Floats travel in core registers, so all arguments are one row of words: the first four
//! in r0 to r3, the others on the stack. Values of 64 bits begin at an even word (C.3, C.7), which skips one for good.
//! Results come in r0 and r1.

use core::mem::transmute;

/// Floats are passed and returned as integers are.
#[cfg_attr(test, allow(dead_code))]
pub(in crate::capi) const SOFT: bool = true;

const WORDS: usize = 16;

pub(in crate::capi) struct Arguments {
    words: [u32; WORDS],
    len: usize,
}

#[cfg_attr(test, allow(dead_code))]
impl Arguments {
    #[inline(always)]
    pub(in crate::capi) fn new(env: *mut ()) -> Arguments {
        Arguments::first(env.addr() as u32)
    }

    #[inline(always)]
    fn first(word: u32) -> Arguments {
        let mut words = [0; WORDS];
        words[0] = word;
        Arguments { words, len: 1 }
    }

    /// Whether there is room for all that was given.
    pub(in crate::capi) fn fit(&self) -> bool {
        self.len <= WORDS
    }

    pub(in crate::capi) fn int(&mut self, value: u32) {
        if let Some(word) = self.words.get_mut(self.len) {
            *word = value;
        }
        self.len += 1;
    }

    pub(in crate::capi) fn long(&mut self, value: u64) {
        self.len += self.len & 1;
        self.int(value as u32);
        self.int((value >> 32) as u32);
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
    /// `func` is a C function that takes what was given.
    #[rustfmt::skip]
    pub(in crate::capi) unsafe fn call(&self, func: *const (), _float: bool) -> u64 {
        type Few = unsafe extern "C" fn(u32, u32, u32, u32, u32, u32) -> u64;
        type Many = unsafe extern "C" fn(u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32) -> u64;
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.words;
        // SAFETY: the caller's promise. Words beyond the function's own are ignored by it.
        unsafe {
            if self.len <= 6 {
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

    #[test]
    fn longs_begin_at_even_words() {
        let mut arguments = Arguments::first(1);
        arguments.int(2);
        arguments.int(3);
        arguments.long(0x5_0000_0004);
        arguments.int(6);
        arguments.double(0x8_0000_0007);
        assert_eq!(arguments.words[..10], [1, 2, 3, 0, 4, 5, 6, 0, 7, 8]);
        assert_eq!(arguments.len, 10);
    }

    #[test]
    fn too_many() {
        let mut arguments = Arguments::first(0);
        (0..15).for_each(|value| arguments.int(value));
        assert!(arguments.fit());
        arguments.int(15);
        assert!(!arguments.fit());
    }
}
