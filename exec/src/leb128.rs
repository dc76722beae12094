//! LEB128 integers in validated code (spec: 5.2.2).
//!
//! Depends on the validator: it has read each of these integers, and refuses those that are too
//! long or that the body does not contain as a whole, so that these functions check no bounds.

/// Reads an unsigned integer of at most 32 bits. Returns it and the position behind it.
///
/// # Safety
/// `pc` points at an integer that the validator accepted.
#[inline(always)]
pub unsafe fn u32(pc: *const u8) -> (u32, *const u8) {
    // SAFETY: the contract of this function: the integer has at least one byte.
    unsafe {
        let first = *pc;
        if first < 0x80 {
            return (first as u32, pc.add(1));
        }
        u32_long(pc)
    }
}

/// The text is the same for any width, so that the tests below read every integer of a few bits.
macro_rules! integers {
    ($word:ident $long:ident $signed:ident) => {
        /// Reads an unsigned integer of any length, out of line. Returns it and the position behind
        /// it.
        ///
        /// # Safety
        /// `pc` points at an integer that the validator accepted.
        #[inline(never)]
        pub unsafe fn u32_long(mut pc: *const u8) -> ($word, *const u8) {
            let mut value = 0 as $word;
            let mut shift = 0;
            loop {
                // SAFETY: the contract of this function: the integer ends before the body does.
                let byte = unsafe { *pc };
                // SAFETY: as above: at most one past the end of the integer.
                pc = unsafe { pc.add(1) };
                value |= ((byte & 0x7f) as $word).wrapping_shl(shift);
                if byte < 0x80 {
                    return (value, pc);
                }
                shift += 7;
            }
        }

        /// Reads a signed integer of at most 64 bits. Returns it and the position behind it.
        ///
        /// # Safety
        /// `pc` points at an integer that the validator accepted.
        #[inline(never)]
        pub unsafe fn i64_long(mut pc: *const u8) -> ($signed, *const u8) {
            let mut value = 0 as $long;
            let mut shift = 0u32;
            loop {
                // SAFETY: the contract of this function: the integer ends before the body does.
                let byte = unsafe { *pc };
                // SAFETY: as above.
                pc = unsafe { pc.add(1) };
                value |= ((byte & 0x7f) as $long).wrapping_shl(shift);
                shift += 7;
                if byte < 0x80 {
                    if shift < $long::BITS && byte & 0x40 != 0 {
                        value |= $long::MAX << shift;
                    }
                    return (value as $signed, pc);
                }
            }
        }
    };
}

mod full {
    integers! { u32 u64 i64 }
}
pub use full::{i64_long, u32_long};

/// Reads a signed integer of at most 32 bits, of any length. Returns it and the position behind it.
///
/// # Safety
/// As for [`u32()`].
#[inline(never)]
pub unsafe fn i32_long(pc: *const u8) -> (i32, *const u8) {
    // SAFETY: the contract of this function.
    let (value, next) = unsafe { i64_long(pc) };
    (value as i32, next)
}

/// The position behind an integer of any type.
///
/// # Safety
/// As for [`u32()`].
#[inline(always)]
pub unsafe fn skip(mut pc: *const u8) -> *const u8 {
    // SAFETY: the contract of this function: the last byte of the integer is below 0x80.
    unsafe {
        while (*pc as i8) < 0 {
            pc = pc.add(1);
        }
        pc.add(1)
    }
}

#[cfg(test)]
mod tests {
    mod reduced {
        integers! { u8 u16 i16 }
    }

    /// The value and length of an integer of `bits` bits by the specification, or `None` when these
    /// bytes encode none (spec: 5.2.2).
    fn expected(bytes: &[u8], bits: u32, signed: bool) -> Option<(i64, usize)> {
        let len = bytes.iter().position(|&byte| byte < 0x80)? + 1;
        let mut value = 0i64;
        for (i, &byte) in bytes[..len].iter().enumerate() {
            value += ((byte & 0x7f) as i64) << (7 * i);
        }
        let all = 7 * len as u32;
        if signed && value >> (all - 1) & 1 != 0 {
            value -= 1 << all;
        }
        let range = if signed { -(1 << (bits - 1))..1 << (bits - 1) } else { 0..1i64 << bits };
        (len <= bits.div_ceil(7) as usize && range.contains(&value)).then_some((value, len))
    }

    #[test]
    fn integers_of_a_few_bits_are_what_the_specification_says() {
        let (mut short, mut long) = (0, 0);
        // Under Miri a few of them.
        for number in (0..1u32 << 24).step_by(if cfg!(miri) { 65_521 } else { 1 }) {
            let bytes = number.to_le_bytes();
            let start = bytes.as_ptr();
            if let Some((value, len)) = expected(&bytes[..3], 16, true) {
                // SAFETY: the integer ends within the bytes.
                let (got, behind) = unsafe { reduced::i64_long(start) };
                assert_eq!((got as i64, behind.addr() - start.addr()), (value, len), "{bytes:x?}");
                // SAFETY: as above.
                assert_eq!(unsafe { super::skip(start) }, behind);
                long += 1;
            }
            if let Some((value, len)) = expected(&bytes[..2], 8, false) {
                // SAFETY: as above.
                let (got, behind) = unsafe { reduced::u32_long(start) };
                assert_eq!((got as i64, behind.addr() - start.addr()), (value, len), "{bytes:x?}");
                short += 1;
            }
        }
        assert!(short > 0 && long > 0);
    }

    #[test]
    fn edges_at_full_width() {
        for (bytes, value) in [
            (&[0x00][..], 0u32),
            (&[0x7f], 127),
            (&[0x80, 0x01], 128),
            (&[0xff, 0xff, 0xff, 0xff, 0x07], 0x7fff_ffff),
            (&[0xff, 0xff, 0xff, 0xff, 0x0f], u32::MAX),
            (&[0x80, 0x80, 0x80, 0x80, 0x00], 0),
        ] {
            let end = bytes.as_ptr_range().end;
            // SAFETY: the integer ends within the bytes.
            unsafe {
                assert_eq!(super::u32(bytes.as_ptr()), (value, end));
                assert_eq!(super::u32_long(bytes.as_ptr()), (value, end));
            }
        }
        for (bytes, value) in [
            (&[0x7f][..], -1i64),
            (&[0x40], -64),
            (&[0xff, 0xff, 0xff, 0xff, 0x07], i32::MAX as i64),
            (&[0x80, 0x80, 0x80, 0x80, 0x78], i32::MIN as i64),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00], i64::MAX),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f], i64::MIN),
        ] {
            // SAFETY: as above.
            unsafe {
                assert_eq!(super::i64_long(bytes.as_ptr()), (value, bytes.as_ptr_range().end));
                assert_eq!(
                    super::i32_long(bytes.as_ptr()),
                    (value as i32, bytes.as_ptr_range().end)
                );
            }
        }
    }
}
