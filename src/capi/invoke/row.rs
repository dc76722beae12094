//! A row of argument words: a run of registers, a stretch of the stack, or the first followed by the second. Every ABI
//! writes its arguments with it.
//!
//! Invariant: `len` counts every word that was pushed, also those that did not fit, so that [`Row::fits`] is exact.

pub(in crate::capi) struct Row<W, const N: usize> {
    words: [W; N],
    len: usize,
}

// Each ABI uses a part of it.
#[allow(dead_code)]
impl<W: Copy + Default, const N: usize> Row<W, N> {
    #[inline(always)]
    pub(super) fn new() -> Row<W, N> {
        Row { words: [W::default(); N], len: 0 }
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
            *place = word;
        }
        self.len += 1;
    }

    /// Skips a word where the next one has an odd index: values of two words are aligned in most ABIs.
    #[inline(always)]
    pub(super) fn align_to_pair(&mut self) {
        self.len += self.len & 1;
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

    #[inline(always)]
    pub(super) fn words(&self) -> [W; N] {
        self.words
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
