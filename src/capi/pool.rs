//! The allocator of pool mode: first fit over a list of free blocks that is kept in the order of
//! addresses and coalesced.
//!
//! Why not a crate, measured on thumbv7m at opt-level z: linked_list_allocator 0.10 takes 700 bytes
//! of flash, can panic, and cannot free without being told the size, which wasm_runtime_free() does
//! not know; rlsf 0.2 takes 710 and 400 of static RAM, and refuses a block that would fit when it
//! is in the same size class (a linear memory of 33 KB from 36 KB free); talc 4 takes 920 and can
//! panic. This takes less than any of them and grows a linear memory in place.
//!
//! ```text
//!   used block:  │ size │ payload …                      │   size counts the header, is a multiple of UNIT,
//!   free block:  │ size │ next free (higher address) │ … │   and the payload is aligned to UNIT
//! ```
//! Invariant: free blocks are listed by rising address, lie inside of the pool, and no two of them
//! touch.

use core::ptr::null_mut;

/// Payloads are aligned to this much, sizes of blocks are multiples of it.
pub(super) const UNIT: usize = 8;
const HEADER: usize = size_of::<usize>();
/// Smallest block: it has to hold a free block's two words.
const LEAST: usize = if size_of::<Block>() > UNIT { size_of::<Block>() } else { UNIT };

#[repr(C)]
struct Block {
    size: usize,
    next: *mut Block,
}

pub(super) struct Pool {
    first: *mut Block,
    /// The address of the first block.
    start: usize,
    /// Bytes under management, free ones among them, and the fewest that were ever free.
    pub(super) total: usize,
    pub(super) free: usize,
    pub(super) least_free: usize,
}

/// For any width of addresses, so that a test goes through every input of 8 bits.
macro_rules! sizes {
    ($size:ident, $header:expr, $least:expr) => {
        /// Bytes of the block for a payload of `size`.
        pub(super) fn block_size(size: $size) -> Option<$size> {
            const UNIT: $size = crate::capi::pool::UNIT as $size;
            let size = size.checked_add($header + UNIT - 1)? & !(UNIT - 1);
            Some(size.max($least))
        }

        /// Of `size` bytes at an address: how many to skip, lest a payload behind a header is
        /// unaligned, and how many blocks can have then.
        #[inline(always)]
        pub(super) fn usable(at: $size, size: $size) -> Option<($size, $size)> {
            const UNIT: $size = crate::capi::pool::UNIT as $size;
            let skip = (0 as $size).wrapping_sub(at.wrapping_add($header)) & (UNIT - 1);
            Some((skip, size.checked_sub(skip)? & !(UNIT - 1)))
        }
    };
}
mod full {
    use super::{HEADER, LEAST};
    sizes! { usize, HEADER, LEAST }
}
use full::{block_size, usable};

impl Pool {
    pub(super) const fn new() -> Pool {
        Pool { first: null_mut(), start: 0, total: 0, free: 0, least_free: 0 }
    }

    /// Takes over `size` bytes at `at`. Returns false if that is too small for one block.
    ///
    /// # Safety
    /// The memory belongs to the pool until the pool is no longer used.
    pub(super) unsafe fn init(&mut self, at: *mut u8, size: usize) -> bool {
        *self = Pool::new();
        let Some((skip, size)) = usable(at.addr(), size) else { return false };
        if at.is_null() || size < LEAST {
            return false;
        }
        // SAFETY: `skip` + `size` bytes are within the memory, and LEAST of them hold a block's two
        // words. On a 64-bit host a block is aligned to 8, on a 32-bit one to 4.
        unsafe {
            self.first = at.add(skip).cast();
            self.first.write(Block { size, next: null_mut() });
            self.start = self.first.addr();
        }
        (self.total, self.free, self.least_free) = (size, size, size);
        true
    }

    /// Whether an address is inside of the pool.
    pub(super) fn contains(&self, at: usize) -> bool {
        at.wrapping_sub(self.start) < self.total
    }

    fn took(&mut self, size: usize) {
        self.free -= size;
        self.least_free = self.least_free.min(self.free);
    }

    pub(super) fn allocate(&mut self, size: usize) -> *mut u8 {
        let Some(size) = block_size(size) else { return null_mut() };
        let mut link: *mut *mut Block = &mut self.first;
        // SAFETY: every block in the list is free memory of the pool, by the invariant.
        unsafe {
            while let Some(block) = (*link).as_mut() {
                if block.size >= size {
                    let next = block.next;
                    *link = self.split(block, size, next);
                    self.took(block.size);
                    return (block as *mut Block).cast::<u8>().add(HEADER);
                }
                link = &mut block.next;
            }
        }
        null_mut()
    }

    /// Cuts what is beyond `size` off a block, as a free block that goes before `next`. Returns
    /// what the list has in its place.
    ///
    /// # Safety
    /// `block` is memory of the pool of at least `size` bytes, a multiple of UNIT, and is in
    /// nobody's use behind them.
    unsafe fn split(&mut self, block: *mut Block, size: usize, next: *mut Block) -> *mut Block {
        // SAFETY: the rest lies within the block and holds two words.
        unsafe {
            let rest = (*block).size - size;
            if rest < LEAST {
                return next;
            }
            (*block).size = size;
            let free = block.byte_add(size);
            free.write(Block { size: rest, next });
            free
        }
    }

    /// Resizes the block of a payload to `size` bytes in place. Returns false if that is not
    /// possible.
    ///
    /// # Safety
    /// `payload` was given by this pool and is in use.
    pub(super) unsafe fn resize(&mut self, payload: *mut u8, size: usize) -> bool {
        let Some(size) = block_size(size) else { return false };
        // SAFETY: the header stands before the payload; links as in `allocate`.
        unsafe {
            let block = payload.sub(HEADER).cast::<Block>();
            let before = (*block).size;
            let mut link: *mut *mut Block = &mut self.first;
            while !(*link).is_null() && *link < block {
                link = &mut (**link).next;
            }
            let mut next = *link;
            let mut available = before;
            if !next.is_null() && next == block.byte_add(before) {
                available += (*next).size;
                if size <= available {
                    next = (*next).next;
                }
            }
            if size > available {
                return false;
            }
            (*block).size = available;
            *link = self.split(block, size, next);
            self.free += before;
            self.took((*block).size);
            true
        }
    }

    /// # Safety
    /// `payload` was given by this pool and is freed once.
    pub(super) unsafe fn free(&mut self, payload: *mut u8) {
        // SAFETY: the header stands before the payload; links as in `allocate`. Nobody uses the
        // block any more.
        unsafe {
            let block = payload.sub(HEADER).cast::<Block>();
            self.free += (*block).size;
            let mut link: *mut *mut Block = &mut self.first;
            let mut before: *mut Block = null_mut();
            while !(*link).is_null() && *link < block {
                before = *link;
                link = &mut (*before).next;
            }
            let mut next = *link;
            if !next.is_null() && next == block.byte_add((*block).size) {
                (*block).size += (*next).size;
                next = (*next).next;
            }
            (*block).next = next;
            if !before.is_null() && before.byte_add((*before).size) == block {
                (*before).size += (*block).size;
                (*before).next = next;
            } else {
                *link = block;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use std::vec::Vec;

    /// The free blocks: rising, inside, apart; and their sum.
    fn check(pool: &Pool) {
        let mut sum = 0;
        let mut end = core::ptr::null_mut();
        let mut at = pool.first;
        while !at.is_null() {
            assert!(at > end);
            // SAFETY: blocks of the list are live.
            unsafe {
                assert!((*at).size >= LEAST && (*at).size.is_multiple_of(UNIT));
                sum += (*at).size;
                end = at.byte_add((*at).size);
                at = (*at).next;
            }
        }
        assert_eq!(sum, pool.free);
        assert!(pool.least_free <= pool.free && pool.free <= pool.total);
    }

    #[test]
    fn random_use_keeps_contents_and_gives_everything_back() {
        let mut memory = [0u64; 512];
        let mut pool = Pool::new();
        // SAFETY: the memory outlives the pool's use. Odd on purpose.
        assert!(unsafe { pool.init(memory.as_mut_ptr().cast::<u8>().add(3), 4000) });
        let mut live: Vec<(*mut u8, usize, u8)> = Vec::new();
        let mut seed = 1u32;
        let mut random = move |below: usize| {
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            (seed >> 8) as usize % below
        };
        for step in 0..if cfg!(miri) { 500 } else { 20_000 } {
            let fill = step as u8;
            // SAFETY: sizes are those that were asked for, and each payload is freed once.
            unsafe {
                match random(3) {
                    0 => {
                        let size = 1 + random(200);
                        let at = pool.allocate(size);
                        if !at.is_null() {
                            assert_eq!(at.addr() % UNIT, 0);
                            at.write_bytes(fill, size);
                            live.push((at, size, fill));
                        }
                    }
                    1 if !live.is_empty() => {
                        let chosen = random(live.len());
                        let (at, size, fill) = live.swap_remove(chosen);
                        assert!(core::slice::from_raw_parts(at, size)
                            .iter()
                            .all(|&byte| byte == fill));
                        pool.free(at);
                    }
                    _ if !live.is_empty() => {
                        let chosen = random(live.len());
                        let (at, size, fill) = live[chosen];
                        let wanted = 1 + random(300);
                        if pool.resize(at, wanted) {
                            assert!(core::slice::from_raw_parts(at, size.min(wanted))
                                .iter()
                                .all(|&byte| byte == fill));
                            at.write_bytes(fill, wanted);
                            live[chosen].1 = wanted;
                        }
                    }
                    _ => {}
                }
            }
            check(&pool);
        }
        for (at, ..) in live {
            // SAFETY: in use until here.
            unsafe { pool.free(at) };
        }
        check(&pool);
        assert_eq!(pool.free, pool.total);
        // SAFETY: the first block is live.
        assert_eq!(unsafe { (*pool.first).size }, pool.total);
    }

    macro_rules! exhaust {
        ($name:ident $header:literal $least:literal) => {
            #[test]
            fn $name() {
                mod reduced {
                    sizes! { u8, $header, $least }
                }
                for size in 0..=u8::MAX {
                    let least = (size as u32 + $header).next_multiple_of(UNIT as u32).max($least);
                    // What rounding up would carry out of the number is refused.
                    let expected = (size as u32 + $header + UNIT as u32 - 1 <= u8::MAX as u32)
                        .then_some(least);
                    assert_eq!(reduced::block_size(size).map(u32::from), expected);
                    for at in 0..=u8::MAX {
                        let skip = (0..UNIT as u32)
                            .find(|skip| (at as u32 + $header + skip).is_multiple_of(UNIT as u32))
                            .unwrap();
                        let expected = (size as u32)
                            .checked_sub(skip)
                            .map(|left| (skip, left / UNIT as u32 * UNIT as u32));
                        assert_eq!(
                            reduced::usable(at, size)
                                .map(|(skip, size)| (skip as u32, size as u32)),
                            expected
                        );
                    }
                }
            }
        };
    }
    exhaust! { sizes_where_a_pointer_takes_4_bytes 4 8 }
    exhaust! { sizes_where_a_pointer_takes_8_bytes 8 16 }

    #[test]
    fn refuses_what_does_not_fit() {
        let mut memory = [0u64; 8];
        let mut pool = Pool::new();
        // SAFETY: the memory outlives the pool's use.
        unsafe {
            assert!(!pool.init(memory.as_mut_ptr().cast(), 7));
            assert!(!pool.init(null_mut(), 1000));
            assert!(pool.init(memory.as_mut_ptr().cast(), 64));
        }
        assert!(pool.allocate(64).is_null());
        assert!(pool.allocate(usize::MAX).is_null());
        assert!(!pool.allocate(16).is_null());
        check(&pool);
    }
}
