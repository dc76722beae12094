//! Values of two slots of 32 bits: the low half first, aligned as one slot is.

/// Reads a value of two slots.
///
/// # Safety
/// `at` points at two slots.
#[inline(always)]
pub unsafe fn read64(at: *const u32) -> u64 {
    // SAFETY: the caller's promise. Two words, for a slot is aligned to 4 bytes only.
    unsafe { *at as u64 | (*at.add(1) as u64) << 32 }
}

/// Writes a value of two slots.
///
/// # Safety
/// `at` points at two slots.
#[inline(always)]
pub unsafe fn write64(at: *mut u32, value: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        *at = value as u32;
        *at.add(1) = (value >> 32) as u32;
    }
}
