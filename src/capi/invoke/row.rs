//! A row of argument words: a run of registers, a stretch of the stack, or the first followed by
//! the second. Every ABI writes its arguments with it.
//!
//! Invariant: `len` counts every word that was pushed, also those that did not fit, so that
//! [`Row::fits`] is exact. The words before it are written, the others need not be: most calls have
//! few arguments, and writing the rest took as long as the call.

use core::mem::MaybeUninit;

pub(in crate::capi) struct Row<W, const N: usize> {
    words: [MaybeUninit<W>; N],
    len: usize,
}

// Each ABI uses a part of it.
#[allow(dead_code)]
impl<W: Copy + Default, const N: usize> Row<W, N> {
    #[inline(always)]
    pub(super) fn new() -> Row<W, N> {
        Row { words: [MaybeUninit::uninit(); N], len: 0 }
    }

    /// A row that begins with a word.
    #[inline(always)]
    pub(super) fn starting_with(word: W) -> Row<W, N> {
        let mut row = Row::new();
        row.push(word);
        row
    }

    /// Appends a word. A word that does not fit is counted and not stored.
    #[inline(always)]
    pub(super) fn push(&mut self, word: W) {
        if let Some(place) = self.words.get_mut(self.len) {
            place.write(word);
        }
        self.len += 1;
    }

    /// Skips a word where the next one has an odd index: values of two words are aligned in most
    /// ABIs.
    #[inline(always)]
    pub(super) fn align_to_pair(&mut self) {
        if self.len & 1 != 0 {
            self.push(W::default());
        }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.len >= N
    }

    /// Whether every word that was pushed is stored.
    #[inline(always)]
    pub(super) fn fits(&self) -> bool {
        self.len <= N
    }

    /// The words, and zero behind them.
    #[inline(always)]
    pub(super) fn words(&self) -> [W; N] {
        let mut words = [W::default(); N];
        for (word, place) in words.iter_mut().zip(&self.words).take(self.len) {
            // SAFETY: words before `len` are written, by the invariant of this file.
            *word = unsafe { place.assume_init() };
        }
        words
    }

    /// Where the words are, of which those before [`Row::len`] are written.
    #[inline(always)]
    pub(super) fn as_ptr(&self) -> *const W {
        self.words.as_ptr().cast()
    }
}

#[allow(dead_code)]
impl<const N: usize> Row<u32, N> {
    /// Appends a value of 64 bits, the low word first: every 32-bit ABI here is little-endian.
    #[inline(always)]
    pub(super) fn push_pair(&mut self, value: u64) {
        self.push(value as u32);
        self.push((value >> 32) as u32);
    }
}
