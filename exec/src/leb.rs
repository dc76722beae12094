//! LEB128 integers in code that was validated (spec: 5.2.2).
//!
//! The validator has read each of these integers once and refused what is too long, so that reading it
//! again cannot run past the end of the body: no bounds are checked here.

/// Reads an unsigned integer of at most 32 bits and gives the position behind it.
///
/// # Safety
/// `pc` points at an integer that the validator accepted.
#[inline(always)]
pub unsafe fn u32(pc: *const u8) -> (u32, *const u8) {
    // SAFETY: the caller's promise.
    unsafe {
        let first = *pc;
        if first < 0x80 {
            return (first as u32, pc.add(1));
        }
        u32_long(pc)
    }
}

/// The same for an integer of any length, out of line.
///
/// # Safety
/// As for [`u32()`].
#[inline(never)]
pub unsafe fn u32_long(mut pc: *const u8) -> (u32, *const u8) {
    let mut value = 0u32;
    let mut shift = 0;
    loop {
        // SAFETY: the integer ends before the body does, for the validator has read it.
        let byte = unsafe { *pc };
        // SAFETY: as above; at most one past the end of the integer.
        pc = unsafe { pc.add(1) };
        value |= ((byte & 0x7f) as u32).wrapping_shl(shift);
        if byte < 0x80 {
            return (value, pc);
        }
        shift += 7;
    }
}

/// Reads a signed integer of at most 32 bits, any length.
///
/// # Safety
/// As for [`u32()`].
#[inline(never)]
pub unsafe fn i32_long(pc: *const u8) -> (i32, *const u8) {
    // SAFETY: the caller's promise.
    let (value, next) = unsafe { i64_long(pc) };
    (value as i32, next)
}

/// Reads a signed integer of at most 64 bits.
///
/// # Safety
/// As for [`u32()`].
#[inline(never)]
pub unsafe fn i64_long(mut pc: *const u8) -> (i64, *const u8) {
    let mut value = 0u64;
    let mut shift = 0u32;
    loop {
        // SAFETY: the integer ends before the body does, for the validator has read it.
        let byte = unsafe { *pc };
        // SAFETY: as above.
        pc = unsafe { pc.add(1) };
        value |= ((byte & 0x7f) as u64).wrapping_shl(shift);
        shift += 7;
        if byte < 0x80 {
            if shift < 64 && byte & 0x40 != 0 {
                value |= u64::MAX << shift;
            }
            return (value as i64, pc);
        }
    }
}

/// The position behind an integer of any kind.
///
/// # Safety
/// As for [`u32()`].
#[inline(always)]
pub unsafe fn skip(mut pc: *const u8) -> *const u8 {
    // SAFETY: the caller's promise.
    unsafe {
        while (*pc as i8) < 0 {
            pc = pc.add(1);
        }
        pc.add(1)
    }
}
