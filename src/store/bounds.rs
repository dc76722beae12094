//! The arithmetic of bounds of memories and tables as a whole: how large they are, and whether a
//! range lies inside.
//!
//! Written once, for any width, so that the tests below go through every input of the same text
//! with numbers of 8 bits. `$word` is the number of WebAssembly (32 bits), `$wide` one of twice the
//! width, `$size` that of lengths on this machine: as wide as the one or as the other.

macro_rules! bounds {
    ($word:ident $wide:ident $size:ident) => {
        /// Whether the `len` items from `at` on lie in a list of `total`.
        #[inline(always)]
        pub(in crate::store) fn inside(total: $size, at: $size, len: $size) -> bool {
            total.checked_sub(len).is_some_and(|last| last >= at)
        }

        /// Whether `len` items from `source` on lie in a segment of `count`.
        #[inline(always)]
        pub(in crate::store) fn in_segment(source: $word, len: $word, count: $word) -> bool {
            source as $wide + len as $wide <= count as $wide
        }

        /// Bytes of a memory of `min` pages of which no more than `limit` are given, with
        /// `appended` bytes behind, and the pages that this counts as.
        #[inline(always)]
        pub(in crate::store) fn first_size(
            min: $word,
            page_shift: u8,
            limit: $wide,
            appended: $word,
        ) -> ($wide, $word) {
            let wanted = (min as $wide) << page_shift;
            let total = wanted.min(limit) + appended as $wide;
            // Fits a word but for pages of one byte, of which `min` is nearly as many as can be:
            // then growing is at its end anyway.
            let begun = (total + (1 << page_shift) - 1) >> page_shift;
            (total, min.max(begun as $word))
        }

        /// Pages and bytes of a memory that grows by `delta` pages, or `None` when that is more
        /// than its type's `most` or the embedder's `limit`.
        #[inline(always)]
        pub(in crate::store) fn grown(
            before: $word,
            delta: $word,
            most: $word,
            page_shift: u8,
            limit: $wide,
        ) -> Option<($word, $wide)> {
            let pages = before.checked_add(delta).filter(|&pages| pages <= most)?;
            let bytes = (pages as $wide) << page_shift;
            // A memory that was cut at the limit is at it for good.
            (delta == 0 || bytes <= limit).then_some((pages, bytes))
        }

        /// Elements of a table that grows, or `None` when that is more than its type and the
        /// implementation allow.
        #[inline(always)]
        pub(in crate::store) fn grown_table(
            before: $word,
            delta: $word,
            most: $word,
        ) -> Option<$word> {
            before.checked_add(delta).filter(|&size| size <= most)
        }
    };
}

mod full {
    bounds! { u32 u64 usize }
}
pub(super) use full::*;

#[cfg(test)]
mod tests {
    /// Not under Miri, to which arithmetic says nothing. Every input, of lengths that are as wide
    /// as words, as on a 32-bit CPU, and twice as wide. Pages are of 1 byte, or of as many that a
    /// sixteenth of the numbers counts them: 64 KiB take half of the bits of a word at full width,
    /// and so do 16 bytes here.
    macro_rules! exhaust {
        ($name:ident $size:ident lengths $lengths:expr) => {
            mod $name {
                mod reduced {
                    bounds! { u8 u16 $size }
                }
                use reduced::*;
                const WORDS: core::ops::RangeInclusive<u8> = 0..=u8::MAX;

                #[cfg_attr(miri, ignore)]
                #[test]
                fn a_range_is_inside_when_each_of_its_items_is() {
                    for total in $lengths {
                        for (at, len) in WORDS.flat_map(|at| WORDS.map(move |len| (at, len))) {
                            assert_eq!(
                                inside(total, at as $size, len as $size),
                                at as u64 + len as u64 <= total as u64
                            );
                        }
                    }
                    for (count, source) in
                        WORDS.flat_map(|count| WORDS.map(move |source| (count, source)))
                    {
                        for len in WORDS {
                            assert_eq!(
                                in_segment(source, len, count),
                                source as u64 + len as u64 <= count as u64
                            );
                        }
                    }
                }

                #[cfg_attr(miri, ignore)]
                #[test]
                fn sizes_neither_wrap_nor_exceed() {
                    for (shift, most) in [(0, u8::MAX), (4, 16)] {
                        let page = 1u64 << shift;
                        for min in 0..=most {
                            for limit in (0..=520).chain([u16::MAX - 1, u16::MAX]) {
                                let bytes = min as u64 * page;
                                for appended in WORDS {
                                    let (total, pages) = first_size(min, shift, limit, appended);
                                    let expected = bytes.min(limit as u64) + appended as u64;
                                    assert_eq!(total as u64, expected);
                                    let begun = expected.div_ceil(page);
                                    // All pages that are begun are counted, where a word can count
                                    // them: a later growth hands none of them out.
                                    if begun <= u8::MAX as u64 {
                                        assert_eq!(pages as u64, begun.max(min as u64));
                                    } else {
                                        assert!(pages >= min && shift == 0);
                                        assert!(
                                            expected - bytes.min(limit as u64)
                                                > (u8::MAX - min) as u64
                                        );
                                    }
                                }
                                for delta in WORDS {
                                    let after = min as u64 + delta as u64;
                                    let allowed = after <= most as u64
                                        && (delta == 0 || after * page <= limit as u64);
                                    let expected = allowed.then_some((after, after * page));
                                    assert_eq!(
                                        grown(min, delta, most, shift, limit)
                                            .map(|(pages, bytes)| (pages as u64, bytes as u64)),
                                        expected
                                    );
                                }
                            }
                        }
                    }
                    for (before, delta) in
                        WORDS.flat_map(|before| WORDS.map(move |delta| (before, delta)))
                    {
                        for most in WORDS {
                            let after = before as u64 + delta as u64;
                            assert_eq!(
                                grown_table(before, delta, most).map(u64::from),
                                (after <= most as u64).then_some(after)
                            );
                        }
                    }
                }
            }
        };
    }

    exhaust! { narrow u8 lengths 0..=u8::MAX }
    // Up to where every range is inside, and the longest.
    exhaust! { wide u16 lengths (0..=2 * 256).chain([u16::MAX - 1, u16::MAX]) }

    /// The numbers at which something changes, at full width, against numbers of 128 bits.
    #[cfg_attr(miri, ignore)]
    #[test]
    fn edges_at_full_width() {
        const EDGES: [u32; 9] =
            [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_0000, 0xffff_fffe, u32::MAX];
        for (at, source, len) in EDGES.into_iter().flat_map(|at| {
            EDGES.into_iter().flat_map(move |source| EDGES.map(|len| (at, source, len)))
        }) {
            for total in [
                0,
                1,
                2,
                0x7fff_ffff,
                0x8000_0000,
                0xffff_fffe,
                0xffff_ffff,
                isize::MAX as usize,
                usize::MAX,
            ] {
                assert_eq!(
                    super::inside(total, at as usize, len as usize),
                    at as u128 + len as u128 <= total as u128
                );
            }
            for count in EDGES {
                assert_eq!(
                    super::in_segment(source, len, count),
                    source as u128 + len as u128 <= count as u128
                );
                assert_eq!(
                    super::grown_table(at, len, count).map(u128::from),
                    Some(at as u128 + len as u128).filter(|&sum| sum <= count as u128)
                );
            }
        }
        for (shift, most) in [(0, u32::MAX), (16, 0x1_0000)] {
            for min in EDGES.into_iter().chain([0xffff, 0x1_0000]).filter(|&min| min <= most) {
                for limit in [
                    0,
                    1,
                    0xffff,
                    0x1_0000,
                    0xffff_ffff,
                    1 << 32,
                    (1 << 32) + 1,
                    u64::MAX - 1,
                    u64::MAX,
                ] {
                    let bytes = (min as u128) << shift;
                    for appended in EDGES {
                        let (total, pages) = super::first_size(min, shift, limit, appended);
                        assert_eq!(total as u128, bytes.min(limit as u128) + appended as u128);
                        assert!(pages >= min);
                    }
                    for delta in EDGES {
                        let after = min as u128 + delta as u128;
                        let allowed = after <= most as u128
                            && (delta == 0 || after << shift <= limit as u128);
                        let got = super::grown(min, delta, most, shift, limit);
                        assert_eq!(
                            got.map(|(pages, bytes)| (pages as u128, bytes as u128)),
                            allowed.then_some((after, after << shift))
                        );
                    }
                }
            }
        }
    }
}
