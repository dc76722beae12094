//! The arithmetic of bounds: where an access to linear memory starts, and whether a frame fits into
//! the operand stack.
//!
//! Depends on nothing. It owns the comparisons that keep running code inside of its memory and its
//! stack; the loops in Thumb-2 instructions have the same comparisons as machine instructions.
//!
//! The text is the same for any width, so that the tests below run it with every input of 8 bits.
//! `$word` is a number of WebAssembly (32 bits), `$wide` one of twice the width, and `$size` an
//! address of this machine: as wide as one of them.

/// The fast path checks this many bytes, whatever the width of the access.
pub(crate) const WIDEST: usize = 8;

/// Bytes of a slot.
const SLOT: usize = 4;

macro_rules! bounds {
    ($word:ident $wide:ident $size:ident) => {
        /// The position of the `width` bytes at `address` + `offset`, or `None` when one of them
        /// lies beyond the memory's `len`.
        #[inline(always)]
        pub(crate) fn place(
            address: $word,
            offset: $word,
            width: $size,
            len: $size,
        ) -> Option<$size> {
            let at = address as $wide + offset as $wide;
            if at + width as $wide <= len as $wide {
                Some(at as $size)
            } else {
                None
            }
        }

        /// The fast limit of a memory of `len` bytes: an access of any width may start below it.
        #[inline(always)]
        pub(crate) fn fast_limit(len: $size) -> $size {
            len.saturating_sub(crate::bounds::WIDEST as $size - 1)
        }

        /// The position of an access that starts below the fast limit; `None` when the access needs
        /// all checks.
        #[inline(always)]
        #[allow(dead_code)]
        pub(crate) fn near(address: $word, offset: $word, limit: $size) -> Option<$size> {
            let (at, carry) = address.overflowing_add(offset);
            if carry || at as $size >= limit {
                None
            } else {
                Some(at as $size)
            }
        }

        /// As [`near`], for numbers of 32 bits that are extended to the width of addresses.
        #[inline(always)]
        #[allow(dead_code)]
        pub(crate) fn near_extended(address: $size, offset: $size, limit: $size) -> Option<$size> {
            let at = if $size::BITS > $word::BITS {
                address + offset
            } else {
                address.checked_add(offset)?
            };
            (at < limit).then_some(at)
        }

        /// Whether `slots` slots lie between two addresses, of which `end` is not the lower one.
        #[inline(always)]
        pub(crate) fn has_slots(from: $size, slots: $word, end: $size) -> bool {
            slots as $size <= (end - from) / crate::bounds::SLOT as $size
        }

        /// As [`has_slots`], for a loop, where `from` may lie beyond the end: no address is near
        /// the end of an address space of 64 bits, so the sum does not overflow.
        #[inline(always)]
        #[allow(dead_code)]
        pub(crate) fn has_room(from: $size, slots: $word, end: $size) -> bool {
            if $size::BITS > $word::BITS {
                from.wrapping_add(slots as $size * crate::bounds::SLOT as $size) <= end
            } else {
                has_slots(from, slots, end)
            }
        }
    };
}

mod full {
    bounds! { u32 u64 usize }
}
pub(crate) use full::*;

/// The near limit of a memory of `len` bytes: an access of any width whose offset is one byte may
/// have an address below it.
#[inline(always)]
pub(crate) fn near_limit(len: usize) -> usize {
    fast_limit(len).saturating_sub(u8::MAX as usize)
}

#[cfg(test)]
mod tests {
    use super::WIDEST;

    /// Every input, with addresses as wide as words (`narrow`, as on a 32-bit CPU) and twice as
    /// wide. Not under Miri, which has nothing to check in arithmetic.
    macro_rules! exhaust {
        ($name:ident $size:ident lengths $lengths:expr) => {
            mod $name {
                mod reduced {
                    bounds! { u8 u16 $size }
                }
                use super::WIDEST;
                use reduced::*;

                #[cfg_attr(miri, ignore)]
                #[test]
                fn an_access_is_inside_when_each_of_its_bytes_is() {
                    for len in $lengths {
                        let limit = fast_limit(len);
                        for address in 0..=u8::MAX {
                            for offset in 0..=u8::MAX {
                                let start = address as u64 + offset as u64;
                                for width in [1, 2, 4, 8] {
                                    let expected =
                                        (start + width as u64 <= len as u64).then_some(start);
                                    assert_eq!(
                                        place(address, offset, width, len).map(|at| at as u64),
                                        expected,
                                        "{address} + {offset}, {width} of {len}"
                                    );
                                }
                                // Below the fast limit an access of any width is inside; from it
                                // on, the widest one is not, or the sum does not fit a word.
                                let inside = start + WIDEST as u64 <= len as u64;
                                let fits = start <= u8::MAX as u64;
                                let expected = (inside && fits).then_some(start);
                                assert_eq!(
                                    near(address, offset, limit).map(|at| at as u64),
                                    expected,
                                    "{address} + {offset} of {len}"
                                );
                                let fits = start <= $size::MAX as u64;
                                let expected = (inside && fits).then_some(start);
                                assert_eq!(
                                    near_extended(address as $size, offset as $size, limit)
                                        .map(|at| at as u64),
                                    expected
                                );
                            }
                        }
                    }
                }

                #[cfg_attr(miri, ignore)]
                #[test]
                fn a_frame_fits_when_each_of_its_slots_does() {
                    // `has_room` assumes that no end is so high that a frame wraps around: four
                    // times the largest frame.
                    let highest = if $size::BITS > 8 {
                        $size::MAX as u64 - 4 * 256
                    } else {
                        $size::MAX as u64
                    };
                    // All distances up to where every frame fits, from the lowest address, the
                    // highest, and some between.
                    for start in [
                        0,
                        1,
                        4,
                        0x7f,
                        0x80,
                        0xff,
                        0x7fff,
                        0x8000,
                        highest / 2,
                        highest - 5,
                        highest,
                    ]
                    .into_iter()
                    .filter(|&start| start <= highest)
                    {
                        for end in start..=(start + 4 * 256 + 8).min(highest) {
                            for slots in 0..=u8::MAX {
                                let expected = start + 4 * slots as u64 <= end;
                                assert_eq!(
                                    has_slots(start as $size, slots, end as $size),
                                    expected,
                                    "{slots} slots, {start} to {end}"
                                );
                                assert_eq!(
                                    has_room(start as $size, slots, end as $size),
                                    expected,
                                    "{slots} slots, {start} to {end}"
                                );
                            }
                        }
                    }
                    if $size::BITS > 8 {
                        return;
                    }
                    for start in 0..=highest {
                        for end in start..=highest {
                            for slots in 0..=u8::MAX {
                                let expected = start + 4 * slots as u64 <= end;
                                assert_eq!(
                                    has_slots(start as $size, slots, end as $size),
                                    expected
                                );
                                assert_eq!(has_room(start as $size, slots, end as $size), expected);
                            }
                        }
                    }
                }
            }
        };
    }

    exhaust! { narrow u8 lengths 0..=u8::MAX }
    // Up to where every access is inside, and the longest.
    exhaust! { wide u16 lengths (0..=2 * 256 + 8).chain([u16::MAX - 8, u16::MAX]) }

    /// The numbers at which something changes, at full width, against numbers of 128 bits.
    #[cfg_attr(miri, ignore)]
    #[test]
    fn edges_at_full_width() {
        let edges = |wide: u128| {
            [
                0u128,
                1,
                7,
                8,
                0x7fff_ffff,
                0x8000_0000,
                0x8000_0001,
                0xffff_fff8,
                0xffff_ffff,
                wide - 8,
                wide,
            ]
        };
        for len in edges(usize::MAX as u128) {
            let limit = super::fast_limit(len as usize);
            assert_eq!(limit as u128, len.saturating_sub(7));
            assert_eq!(super::near_limit(len as usize) as u128, len.saturating_sub(7 + 255));
            for address in edges(u32::MAX as u128) {
                for offset in edges(u32::MAX as u128) {
                    let start = address + offset;
                    for width in [1u128, 2, 4, 8] {
                        let got = super::place(
                            address as u32,
                            offset as u32,
                            width as usize,
                            len as usize,
                        );
                        assert_eq!(
                            got.map(|at| at as u128),
                            (start + width <= len).then_some(start)
                        );
                    }
                    let inside = start + 8 <= len;
                    let got = super::near(address as u32, offset as u32, limit);
                    assert_eq!(
                        got.map(|at| at as u128),
                        (inside && start <= u32::MAX as u128).then_some(start)
                    );
                    let got = super::near_extended(address as usize, offset as usize, limit);
                    assert_eq!(got.map(|at| at as u128), inside.then_some(start));
                }
            }
        }
        // User space ends at the middle of the addresses at the latest.
        let highest = isize::MAX as u128;
        for end in [16, 0x1000, highest & !3, highest] {
            for start in
                [0, 4, 8, 0x1000, (highest & !3) - 4].into_iter().filter(|&start| start <= end)
            {
                for slots in [0u128, 1, 2, 3, 4, 1000, 1023, 1024, 1025, 131_072, 0x1fff_ffff] {
                    let expected = start + 4 * slots <= end;
                    assert_eq!(
                        super::has_slots(start as usize, slots as u32, end as usize),
                        expected
                    );
                    assert_eq!(
                        super::has_room(start as usize, slots as u32, end as usize),
                        expected
                    );
                }
            }
        }
    }
}
