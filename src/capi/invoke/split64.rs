//! The 64-bit ABIs that have one set of registers for integers and one for floats, and a stack in
//! words of 64 bits for the rest, in order: x86-64 (System V psABI 3.2.3) with six registers for
//! integers, AArch64 (AAPCS64 chapter 6.8) with eight. Both have eight for floats, of which a
//! single uses the low half. Results are in the first register of their set. The upper half of a
//! register or stack word with a value of 32 bits is unspecified in both.

use super::row::Row;
use super::Returned;
use core::mem::transmute;

/// Floats have registers of their own.
pub(in crate::capi) const SOFT: bool = false;

#[cfg(target_arch = "x86_64")]
const INTS: usize = 6;
#[cfg(target_arch = "aarch64")]
const INTS: usize = 8;
const FLOATS: usize = 8;
/// Of the environment and 16 integers, what x86-64 has no registers for, rounded up.
const STACK: usize = 12;

pub(in crate::capi) struct Arguments {
    ints: Row<u64, INTS>,
    floats: Row<u64, FLOATS>,
    stack: Row<u64, STACK>,
}

impl Arguments {
    pub(in crate::capi) fn new(env: *mut ()) -> Arguments {
        let ints = Row::starting_with(env.expose_provenance() as u64);
        Arguments { ints, floats: Row::new(), stack: Row::new() }
    }

    /// Whether every argument that was pushed fits.
    pub(in crate::capi) fn fit(&self) -> bool {
        self.stack.fits()
    }

    pub(in crate::capi) fn int(&mut self, value: u32) {
        self.long(value as u64);
    }

    pub(in crate::capi) fn long(&mut self, value: u64) {
        if self.ints.is_full() {
            self.stack.push(value);
        } else {
            self.ints.push(value);
        }
    }

    pub(in crate::capi) fn pointer(&mut self, value: *mut u8) {
        self.long(value.expose_provenance() as u64);
    }

    pub(in crate::capi) fn single(&mut self, bits: u32) {
        self.double(bits as u64);
    }

    pub(in crate::capi) fn double(&mut self, bits: u64) {
        if self.floats.is_full() {
            self.stack.push(bits);
        } else {
            self.floats.push(bits);
        }
    }

    /// # Safety
    /// `func` is a C function whose parameters are the environment and the values that were pushed,
    /// in that order, and whose result is of the kind `returned`.
    pub(in crate::capi) unsafe fn call(&self, func: *const (), returned: Returned) -> u64 {
        // SAFETY: the same contract. A single is in the low half of the register that a double
        // fills.
        unsafe {
            match returned {
                Returned::Integer => self.call_as::<u64>(func),
                Returned::Single | Returned::Double => self.call_as::<f64>(func).to_bits(),
            }
        }
    }

    /// # Safety
    /// As for `call`; the register that returns an `R` is the one that returns the function's
    /// result.
    #[cfg(target_arch = "x86_64")]
    #[rustfmt::skip]
    unsafe fn call_as<R>(&self, func: *const ()) -> R {
        type Any<R> = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, f64, f64, f64, f64, f64, f64, f64, f64,
            u64, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64) -> R;
        let [a, b, c, d, e, f] = self.ints.words();
        let [q, r, s, t, u, v, w, x] = self.floats.words().map(f64::from_bits);
        let [g, h, i, j, k, l, m, n, o, p, y, z] = self.stack.words();
        // SAFETY: the caller guarantees the function's parameters and result, and `fit` was checked when the import was resolved,
        // so every argument is in a register or on the stack. The function does not read what lies beyond its own parameters, and
        // the caller removes the stack words.
        unsafe { transmute::<*const (), Any<R>>(func)(a, b, c, d, e, f, q, r, s, t, u, v, w, x, g, h, i, j, k, l, m, n, o, p, y, z) }
    }

    /// # Safety
    /// As for `call`; the register that returns an `R` is the one that returns the function's
    /// result.
    #[cfg(target_arch = "aarch64")]
    #[rustfmt::skip]
    unsafe fn call_as<R>(&self, func: *const ()) -> R {
        type Any<R> = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64, f64, f64, f64, f64, f64, f64, f64, f64,
            u64, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64, u64) -> R;
        let [a, b, c, d, e, f, y, z] = self.ints.words();
        let [q, r, s, t, u, v, w, x] = self.floats.words().map(f64::from_bits);
        let [g, h, i, j, k, l, m, n, o, p, aa, ab] = self.stack.words();
        // SAFETY: as above.
        unsafe { transmute::<*const (), Any<R>>(func)(a, b, c, d, e, f, y, z, q, r, s, t, u, v, w, x, g, h, i, j, k, l, m, n, o, p, aa, ab) }
    }
}
