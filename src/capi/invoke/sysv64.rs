//! x86-64, System V psABI 3.2.3: integers and pointers in six registers, floats in eight, the others on the stack in words of 64 bits, in
//! order. An integer result comes in rax, a float in xmm0, of which a single uses the low half.

use core::mem::transmute;

pub(in crate::capi) const SOFT: bool = false;

const INTS: usize = 6;
const FLOATS: usize = 8;
const STACK: usize = 10;

pub(in crate::capi) struct Arguments {
    ints: [u64; INTS],
    int_len: usize,
    floats: [u64; FLOATS],
    float_len: usize,
    stack: [u64; STACK],
    stack_len: usize,
}

impl Arguments {
    pub(in crate::capi) fn new(env: *mut ()) -> Arguments {
        let mut ints = [0; INTS];
        ints[0] = env.expose_provenance() as u64;
        Arguments {
            ints,
            int_len: 1,
            floats: [0; FLOATS],
            float_len: 0,
            stack: [0; STACK],
            stack_len: 0,
        }
    }

    /// Whether there is room for all that was given.
    pub(in crate::capi) fn fit(&self) -> bool {
        self.stack_len <= STACK
    }

    fn stacked(&mut self, value: u64) {
        if let Some(word) = self.stack.get_mut(self.stack_len) {
            *word = value;
        }
        self.stack_len += 1;
    }

    pub(in crate::capi) fn int(&mut self, value: u32) {
        self.long(value as u64);
    }

    pub(in crate::capi) fn long(&mut self, value: u64) {
        match self.ints.get_mut(self.int_len) {
            Some(int) => *int = value,
            None => return self.stacked(value),
        }
        self.int_len += 1;
    }

    pub(in crate::capi) fn pointer(&mut self, value: *mut u8) {
        self.long(value.expose_provenance() as u64);
    }

    pub(in crate::capi) fn single(&mut self, bits: u32) {
        self.double(bits as u64);
    }

    pub(in crate::capi) fn double(&mut self, bits: u64) {
        match self.floats.get_mut(self.float_len) {
            Some(float) => *float = bits,
            None => return self.stacked(bits),
        }
        self.float_len += 1;
    }

    /// # Safety
    /// `func` is a C function that takes what was given; `float` says whether it gives a float.
    #[rustfmt::skip]
    pub(in crate::capi) unsafe fn call(&self, func: *const (), float: bool) -> u64 {
        type Any<R> = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, f64, f64, f64, f64, f64, f64, f64, f64,
            u64, u64, u64, u64, u64, u64, u64, u64, u64, u64) -> R;
        let [a, b, c, d, e, f] = self.ints;
        let [q, r, s, t, u, v, w, x] = self.floats.map(f64::from_bits);
        let [g, h, i, j, k, l, m, n, o, p] = self.stack;
        // SAFETY: the caller's promise. Registers and words beyond the function's own are ignored by it.
        unsafe {
            if float {
                transmute::<*const (), Any<f64>>(func)(a, b, c, d, e, f, q, r, s, t, u, v, w, x, g, h, i, j, k, l, m, n, o, p).to_bits()
            } else {
                transmute::<*const (), Any<u64>>(func)(a, b, c, d, e, f, q, r, s, t, u, v, w, x, g, h, i, j, k, l, m, n, o, p)
            }
        }
    }
}
