//! RISC-V, ilp32: the psABI's integer calling convention. All arguments are one row of words: the first eight in a0 to a7, the others on the
//! stack. A value of 64 bits takes the next two words, also when the first is a7 and the second on the stack; only wholly on the stack
//! it begins at an even word. (Pairs of registers are aligned for variadic functions only.) Results come in a0 and a1.

use core::mem::transmute;

/// Floats are passed and returned as integers are.
#[cfg_attr(test, allow(dead_code))]
pub(in crate::capi) const SOFT: bool = true;

const REGISTERS: usize = 8;
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
        if self.len > REGISTERS {
            self.len += self.len & 1;
        }
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
        type Few = unsafe extern "C" fn(u32, u32, u32, u32, u32, u32, u32, u32) -> u64;
        type Many = unsafe extern "C" fn(u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32, u32) -> u64;
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.words;
        // SAFETY: the caller's promise. Words beyond the function's own are ignored by it.
        unsafe {
            if self.len <= REGISTERS {
                transmute::<*const (), Few>(func)(a, b, c, d, e, f, g, h)
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
    fn longs_are_aligned_on_the_stack_only() {
        let mut arguments = Arguments::first(1);
        arguments.long(0x3_0000_0002);
        arguments.long(0x5_0000_0004);
        arguments.double(0x7_0000_0006);
        // a7 and the first word of the stack.
        arguments.long(0x9_0000_0008);
        arguments.long(0xb_0000_000a);
        assert_eq!(arguments.words[..12], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10, 11]);
    }
}
