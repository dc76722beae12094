//! RISC-V, 32 and 64 bits (psABI, integer and hardware floating-point calling conventions).
//! Integers form one row of words: the first eight in a0 to a7, the others on the stack. Floats
//! that the floating-point registers of the ABI can hold are in fa0 to fa7; all others, and the
//! ninth and later, are part of the row.
//!
//! A value of two words takes the next two, also a7 and the first word on the stack; it begins at
//! an even word only where both are on the stack. (Pairs of registers are aligned for variadic
//! functions only.) On 64 bits each value takes one word, and an integer of 32 bits is
//! sign-extended, whatever its own signedness. A single in a wider register has all upper bits set.
//!
//! A result is in fa0 where the ABI's floating-point registers can hold it, else in a0 and a1.

use super::row::Row;

const REGISTERS: usize = 8;
/// The environment and 16 values of two words, of which those on the stack are aligned: on 32 bits
/// a word is skipped.
const WORDS: usize = 34;
const FLOATS: usize = 8;

/// A register or stack word.
pub(in crate::capi) trait Word: Copy + Default {
    fn from_int(value: u32) -> Self;
    fn from_pointer(value: *mut u8) -> Self;
    /// Appends a value of 64 bits.
    fn push_long(row: &mut Row<Self, WORDS>, value: u64);
}

impl Word for u32 {
    #[inline(always)]
    fn from_int(value: u32) -> u32 {
        value
    }

    #[inline(always)]
    fn from_pointer(value: *mut u8) -> u32 {
        value.addr() as u32
    }

    #[inline(always)]
    fn push_long(row: &mut Row<u32, WORDS>, value: u64) {
        if row.len() > REGISTERS {
            row.align_to_pair();
        }
        row.push_pair(value);
    }
}

impl Word for u64 {
    #[inline(always)]
    fn from_int(value: u32) -> u64 {
        value as i32 as u64
    }

    #[inline(always)]
    fn from_pointer(value: *mut u8) -> u64 {
        value.expose_provenance() as u64
    }

    #[inline(always)]
    fn push_long(row: &mut Row<u64, WORDS>, value: u64) {
        row.push(value);
    }
}

/// The arguments of a call, for words `W` and an ABI whose floating-point registers have `FLEN`
/// bits: 0 for none.
pub(in crate::capi) struct Layout<W, const FLEN: u32> {
    row: Row<W, WORDS>,
    floats: Row<u64, FLOATS>,
}

#[cfg_attr(test, allow(dead_code))]
impl<W: Word, const FLEN: u32> Layout<W, FLEN> {
    #[inline(always)]
    pub(in crate::capi) fn new(env: *mut ()) -> Layout<W, FLEN> {
        Layout { row: Row::starting_with(W::from_pointer(env.cast())), floats: Row::new() }
    }

    /// Whether every argument that was pushed fits.
    pub(in crate::capi) fn fit(&self) -> bool {
        self.row.fits()
    }

    pub(in crate::capi) fn int(&mut self, value: u32) {
        self.row.push(W::from_int(value));
    }

    pub(in crate::capi) fn long(&mut self, value: u64) {
        W::push_long(&mut self.row, value);
    }

    pub(in crate::capi) fn pointer(&mut self, value: *mut u8) {
        self.row.push(W::from_pointer(value));
    }

    pub(in crate::capi) fn single(&mut self, bits: u32) {
        if FLEN >= 32 && !self.floats.is_full() {
            self.floats.push(0xffff_ffff << 32 | bits as u64);
        } else {
            self.int(bits);
        }
    }

    pub(in crate::capi) fn double(&mut self, bits: u64) {
        if FLEN >= 64 && !self.floats.is_full() {
            self.floats.push(bits);
        } else {
            self.long(bits);
        }
    }
}

#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
pub(in crate::capi) use call::{Arguments, SOFT};

/// The call itself, for the CPU and ABI that are compiled for. Rust's targets for RISC-V use the
/// floating-point registers that the target has.
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
mod call {
    use super::super::Returned;
    use super::Layout;
    use core::mem::transmute;

    #[cfg(target_arch = "riscv32")]
    type Native = u32;
    #[cfg(target_arch = "riscv64")]
    type Native = u64;

    #[cfg(not(target_feature = "f"))]
    const FLEN: u32 = 0;
    #[cfg(all(target_feature = "f", not(target_feature = "d")))]
    const FLEN: u32 = 32;
    #[cfg(target_feature = "d")]
    const FLEN: u32 = 64;

    /// Floats are passed and returned as integers are.
    pub(in crate::capi) const SOFT: bool = FLEN == 0;

    pub(in crate::capi) type Arguments = Layout<Native, FLEN>;

    #[cfg(not(target_feature = "f"))]
    impl Arguments {
        /// # Safety
        /// `func` is a C function whose parameters are the environment and the values that were
        /// pushed, in that order.
        #[rustfmt::skip]
        pub(in crate::capi) unsafe fn call(&self, func: *const (), _returned: Returned) -> u64 {
            type W = Native;
            type Few = unsafe extern "C" fn(W, W, W, W, W, W, W, W) -> u64;
            type Many = unsafe extern "C" fn(W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W) -> u64;
            type Most = unsafe extern "C" fn(W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
                W, W, W, W, W, W, W, W) -> u64;
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af, ag, ah] =
                self.row.words();
            // SAFETY: the caller guarantees the function's parameters, and `fit` was checked when the import was resolved, so every
            // argument is in the words. The function does not read words beyond its own parameters, and the caller removes them.
            unsafe {
                if self.row.len() <= super::REGISTERS {
                    transmute::<*const (), Few>(func)(a, b, c, d, e, f, g, h)
                } else if self.row.len() <= 2 * super::REGISTERS {
                    transmute::<*const (), Many>(func)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
                } else {
                    transmute::<*const (), Most>(func)(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
                        y, z, aa, ab, ac, ad, ae, af, ag, ah)
                }
            }
        }
    }

    #[cfg(all(target_feature = "f", not(target_feature = "d")))]
    type Float = f32;
    #[cfg(target_feature = "d")]
    type Float = f64;

    #[cfg(target_feature = "f")]
    impl Arguments {
        /// # Safety
        /// `func` is a C function whose parameters are the environment and the values that were
        /// pushed, in that order, and whose result is of the kind `returned`.
        pub(in crate::capi) unsafe fn call(&self, func: *const (), returned: Returned) -> u64 {
            // SAFETY: the same contract; the register is the one that the ABI returns such a result
            // in.
            unsafe {
                match returned {
                    Returned::Single => self.call_as::<f32>(func).to_bits() as u64,
                    Returned::Double if FLEN >= 64 => self.call_as::<f64>(func).to_bits(),
                    _ => self.call_as::<u64>(func),
                }
            }
        }

        /// # Safety
        /// As for `call`; the register that returns an `R` is the one that returns the function's
        /// result.
        #[rustfmt::skip]
        unsafe fn call_as<R>(&self, func: *const ()) -> R {
            type W = Native;
            type F = Float;
            type Any<R> = unsafe extern "C" fn(F, F, F, F, F, F, F, F, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
                W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W) -> R;
            #[cfg(not(target_feature = "d"))]
            let float = |bits: u64| f32::from_bits(bits as u32);
            #[cfg(target_feature = "d")]
            let float = f64::from_bits;
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, j0, j1, j2, j3, j4, j5,
                j6, j7] = self.row.words();
            let [q, r, s, t, u, v, w, x] = self.floats.words().map(float);
            // SAFETY: the caller guarantees the function's parameters and result, and `fit` was checked when the import was resolved,
            // so every argument is in a register or on the stack. The function does not read what lies beyond its own parameters,
            // and the caller removes the stack words.
            unsafe {
                transmute::<*const (), Any<R>>(func)(q, r, s, t, u, v, w, x, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p,
                    i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, j0, j1, j2, j3, j4, j5, j6, j7)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr::without_provenance_mut;

    #[test]
    fn longs_are_aligned_on_the_stack_only() {
        let mut soft = Layout::<u32, 0>::new(without_provenance_mut(1));
        soft.long(0x3_0000_0002);
        soft.long(0x5_0000_0004);
        soft.double(0x7_0000_0006);
        // a7 and the first word of the stack.
        soft.long(0x9_0000_0008);
        soft.long(0xb_0000_000a);
        assert_eq!(soft.row.words()[..12], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10, 11]);
    }

    #[test]
    fn integers_of_32_bits_are_sign_extended_to_64() {
        let mut soft = Layout::<u64, 0>::new(without_provenance_mut(1));
        soft.int(0x8000_0000);
        soft.long(0x8000_0000);
        soft.double(7 << 60);
        assert_eq!(soft.row.words()[..4], [1, 0xffff_ffff_8000_0000, 0x8000_0000, 7 << 60]);
    }

    #[test]
    fn singles_alone_have_registers_of_32_bits() {
        let mut single = Layout::<u32, 32>::new(without_provenance_mut(1));
        single.single(10);
        single.double(0x3_0000_0002);
        single.int(4);
        (11..18).for_each(|bits| single.single(bits));
        assert_eq!(single.row.words()[..5], [1, 2, 3, 4, 0]);
        let low: [u32; 8] = single.floats.words().map(|bits| bits as u32);
        assert_eq!(low, [10, 11, 12, 13, 14, 15, 16, 17]);
        // The ninth is an integer.
        single.single(5);
        assert_eq!(single.row.words()[..5], [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_ninth_float_is_an_integer() {
        let mut double = Layout::<u64, 64>::new(without_provenance_mut(1));
        double.single(1);
        (2..9).for_each(|bits| double.double(bits));
        assert_eq!(double.floats.words()[..3], [0xffff_ffff_0000_0001, 2, 3]);
        double.double(9);
        double.single(0x8000_0000);
        assert_eq!(double.row.words()[..4], [1, 9, 0xffff_ffff_8000_0000, 0]);
    }

    #[test]
    fn too_many() {
        let mut soft = Layout::<u32, 0>::new(without_provenance_mut(1));
        // Four longs end in a word of the stack, behind which one is skipped.
        (0..16).for_each(|value| soft.long(value));
        assert!(soft.fit());
        assert_eq!(soft.row.len(), WORDS);
        soft.int(0);
        assert!(!soft.fit());
    }
}
