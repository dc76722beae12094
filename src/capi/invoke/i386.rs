//! x86, 32 bits, System V psABI: all arguments form one row of words on the stack, and a value of
//! 64 bits takes the next two without alignment. An integer result is in eax and edx, a float in
//! st(0).
//!
//! st(0) holds every single and double exactly, but loading a signalling NaN into it makes a quiet
//! one, in the function that returns it as in any C program of this ABI.

use super::row::Row;
use super::Returned;
use core::mem::transmute;

/// Floats are passed as integers are, but returned elsewhere.
#[cfg_attr(test, allow(dead_code))]
pub(in crate::capi) const SOFT: bool = false;

/// The environment and 16 values of 64 bits, rounded up.
const WORDS: usize = 34;

pub(in crate::capi) struct Arguments(Row<u32, WORDS>);

#[cfg_attr(test, allow(dead_code))]
impl Arguments {
    #[inline(always)]
    pub(in crate::capi) fn new(env: *mut ()) -> Arguments {
        Arguments(Row::starting_with(env.expose_provenance() as u32))
    }

    /// Whether every argument that was pushed fits.
    pub(in crate::capi) fn fit(&self) -> bool {
        self.0.fits()
    }

    pub(in crate::capi) fn int(&mut self, value: u32) {
        self.0.push(value);
    }

    pub(in crate::capi) fn long(&mut self, value: u64) {
        self.0.push_pair(value);
    }

    pub(in crate::capi) fn pointer(&mut self, value: *mut u8) {
        self.int(value.expose_provenance() as u32);
    }

    pub(in crate::capi) fn single(&mut self, bits: u32) {
        self.int(bits);
    }

    pub(in crate::capi) fn double(&mut self, bits: u64) {
        self.long(bits);
    }

    /// # Safety
    /// `func` is a C function whose parameters are the environment and the values that were pushed,
    /// in that order, and whose result is of the kind `returned`.
    pub(in crate::capi) unsafe fn call(&self, func: *const (), returned: Returned) -> u64 {
        // SAFETY: the same contract; the type is the one whose register returns such a result.
        unsafe {
            match returned {
                Returned::Integer => self.call_as::<u64>(func),
                Returned::Single => self.call_as::<f32>(func).to_bits() as u64,
                Returned::Double => self.call_as::<f64>(func).to_bits(),
            }
        }
    }

    /// # Safety
    /// As for `call`; the register that returns an `R` is the one that returns the function's
    /// result.
    #[rustfmt::skip]
    unsafe fn call_as<R>(&self, func: *const ()) -> R {
        type W = u32;
        type Any<R> = unsafe extern "C" fn(W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
            W, W, W, W, W, W, W, W) -> R;
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af, ag, ah] =
            self.0.words();
        // SAFETY: the caller guarantees the function's parameters and result, and `fit` was checked when the import was resolved,
        // so every argument is in the words. The function does not read words beyond its own parameters, and the caller removes
        // them.
        unsafe { transmute::<*const (), Any<R>>(func)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z,
            aa, ab, ac, ad, ae, af, ag, ah) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_aligned() {
        let mut arguments = Arguments(Row::starting_with(1));
        arguments.long(0x3_0000_0002);
        arguments.single(4);
        arguments.double(0x6_0000_0005);
        arguments.int(7);
        assert_eq!(arguments.0.words()[..8], [1, 2, 3, 4, 5, 6, 7, 0]);
        (7..34).for_each(|value| arguments.int(value));
        assert!(arguments.fit());
        arguments.int(34);
        assert!(!arguments.fit());
    }
}
