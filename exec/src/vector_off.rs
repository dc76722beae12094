//! What stands for `vector` where no value takes more than two slots.

use crate::slot::{read64, write64};

/// A value of any type: its bits.
pub type Bits = u64;

/// The lowest 64 bits of a value.
#[inline(always)]
pub fn low(bits: Bits) -> u64 {
    bits
}

/// Whether there are vectors.
pub const ENABLED: bool = false;

/// Slots of the largest value.
pub const MAX_SLOTS: usize = 2;

/// Reads a value of so many slots.
///
/// # Safety
/// `at` points at as many slots.
#[inline(always)]
pub unsafe fn read(at: *const u32, slots: u32) -> Bits {
    // SAFETY: the contract of this function.
    unsafe {
        if slots == 2 {
            read64(at)
        } else {
            *at as Bits
        }
    }
}

/// Writes a value of so many slots.
///
/// # Safety
/// `at` points at as many slots.
#[inline(always)]
pub unsafe fn write(at: *mut u32, slots: u32, value: Bits) {
    // SAFETY: the contract of this function.
    unsafe {
        if slots == 2 {
            write64(at, value);
        } else {
            *at = value as u32;
        }
    }
}
