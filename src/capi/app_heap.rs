//! The heap inside a linear memory from which native functions serve a module that has no malloc of
//! its own.
//!
//! The list of blocks is outside of linear memory: a module can overwrite data in the heap, but not
//! the list. Invariant: blocks are listed by rising address, do not overlap, and lie within the
//! heap.

use crate::alloc::TryVec;

/// A block: where it is and how long, in bytes of linear memory, both multiples of 8.
#[derive(Clone, Copy)]
struct Block {
    start: u32,
    len: u32,
}

pub(super) struct AppHeap {
    start: u32,
    end: u32,
    used: TryVec<Block>,
}

impl AppHeap {
    /// The heap in the last `len` bytes before `end`; none when there are not as many.
    pub(super) fn ending_at(end: u32, len: u32) -> AppHeap {
        let start = end.checked_sub(len).unwrap_or(end);
        // Address 0 means failure, so no block begins there.
        AppHeap { start: start.max(1).saturating_add(7) & !7, end, used: TryVec::new() }
    }

    /// Allocates the first gap that is large enough and returns its address.
    pub(super) fn allocate(&mut self, len: u32) -> Option<u32> {
        let len = len.max(1).checked_add(7)? & !7;
        let mut at = self.start;
        let mut place = 0;
        for block in self.used.iter() {
            if block.start.saturating_sub(at) >= len {
                break;
            }
            at = block.start + block.len;
            place += 1;
        }
        if self.end.saturating_sub(at) < len {
            return None;
        }
        let mut carried = Block { start: at, len };
        self.used.push(carried).ok()?;
        for block in self.used.iter_mut().skip(place) {
            core::mem::swap(block, &mut carried);
        }
        Some(at)
    }

    /// Bytes that are allocated.
    #[cfg_attr(not(feature = "diagnostics"), allow(dead_code))]
    pub(super) fn used_bytes(&self) -> u32 {
        self.used.iter().map(|block| block.len).sum()
    }

    /// The size of the block at this address.
    pub(super) fn size(&self, at: u32) -> Option<u32> {
        self.used.iter().find(|block| block.start == at).map(|block| block.len)
    }

    /// Frees the block at this address; false when there is none.
    pub(super) fn free(&mut self, at: u32) -> bool {
        let Some(mut place) = self.used.iter().position(|block| block.start == at) else {
            return false;
        };
        while let Some(&next) = self.used.get(place + 1) {
            if let Some(block) = self.used.get_mut(place) {
                *block = next;
            }
            place += 1;
        }
        self.used.pop();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_gaps_and_frees() {
        let mut heap = AppHeap::ending_at(164, 64);
        assert_eq!(
            (heap.allocate(10), heap.allocate(8), heap.allocate(1)),
            (Some(104), Some(120), Some(128))
        );
        assert!(heap.free(120) && !heap.free(120) && !heap.free(105));
        assert_eq!((heap.allocate(9), heap.allocate(3)), (Some(136), Some(120)));
        assert_eq!(
            (heap.allocate(13), heap.allocate(12), heap.allocate(u32::MAX)),
            (None, None, None)
        );
        assert!(heap.free(104));
        assert_eq!(heap.allocate(16), Some(104));
        for at in [104, 120, 128, 136] {
            assert!(heap.free(at));
        }
        assert_eq!(heap.allocate(56), Some(104));
        assert_eq!(AppHeap::ending_at(0, 64).allocate(1), None);
        assert_eq!(AppHeap::ending_at(64, 64).allocate(1), Some(8));
    }
}
