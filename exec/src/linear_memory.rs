//! Linear memory, and the one place where it is accessed (spec: 4.2.8, 4.4.7).
//!
//! Invariant: `base` points at `len` bytes that belong to this memory, and both change together, only in
//! the runtime crate's `store`, never while a loop holds a copy: each operation that can change them ends with
//! the loop reading them anew.

use crate::bounds;
use crate::leb128;
use crate::op::InstrClass;
use crate::slot::{read64, write64};
use crate::trap::TrapCode;

/// A memory as code sees it.
#[repr(C)]
pub struct Memory {
    /// The first byte; dangling when `len` is 0.
    pub base: *mut u8,
    /// Addresses below this one can be accessed with any width, without another look.
    pub fast_limit: usize,
    /// Bytes that can be accessed. Less than `pages` says when the embedder set a limit.
    pub len: usize,
    /// Size in pages, as `memory.size` gives it.
    pub pages: u32,
    /// log2 of the page size in bytes: 16, or 0 with custom-page-sizes.
    pub page_shift: u8,
}

impl Memory {
    /// A memory of no pages.
    pub const fn empty() -> Memory {
        Memory {
            base: core::ptr::NonNull::dangling().as_ptr(),
            fast_limit: 0,
            len: 0,
            pages: 0,
            page_shift: 16,
        }
    }

    /// Says where the bytes are now.
    pub fn set(&mut self, base: *mut u8, len: usize) {
        self.base = base;
        self.len = len;
        self.fast_limit = bounds::fast_limit(len);
    }

    /// The position of the `width` bytes at `address` + `offset`, or `None` when one of them lies outside.
    #[inline(always)]
    pub fn check(&self, address: u32, offset: u32, width: usize) -> Option<*mut u8> {
        let at = bounds::place(address, offset, width, self.len)?;
        // SAFETY: the access lies inside of the memory, and `base` points at that many bytes.
        Some(unsafe { self.base.add(at) })
    }
}

/// A value that is loaded from or stored to linear memory in its own width, at any alignment.
pub trait Cell: Copy {
    /// # Safety
    /// `at` points at as many bytes of a linear memory.
    unsafe fn load(at: *const u8) -> Self;
    /// # Safety
    /// `at` points at as many bytes of a linear memory.
    unsafe fn store(self, at: *mut u8);
}

macro_rules! cells {
    ($($t:ty)*) => { $(impl Cell for $t {
        #[inline(always)]
        unsafe fn load(at: *const u8) -> $t {
            // SAFETY: the caller's promise; no alignment is assumed.
            unsafe { at.cast::<$t>().read_unaligned() }
        }
        #[inline(always)]
        unsafe fn store(self, at: *mut u8) {
            // SAFETY: the caller's promise; no alignment is assumed.
            unsafe { at.cast::<$t>().write_unaligned(self) }
        }
    })* };
}

cells! { u8 i8 u16 i16 u32 i32 u64 i64 }

/// Reads the immediates of a load or store: offset, index of the memory, and the position behind them.
///
/// # Safety
/// `pc` points at a memarg that the validator accepted.
#[inline]
pub unsafe fn memarg(pc: *const u8) -> (u32, u32, *const u8) {
    // SAFETY: the caller's promise, passed on.
    unsafe {
        let (flags, mut next) = leb128::u32_long(pc);
        let mut memory = 0;
        if flags & 0x40 != 0 {
            (memory, next) = leb128::u32_long(next);
        }
        let (offset, next) = leb128::u32_long(next);
        (offset, memory, next)
    }
}

/// Executes any load or store with all its checks on the operands below `top` (one past the last slot). The loops
/// come here when their own quick test fails: long immediates, another memory, an access near the end or outside.
/// Nothing here is fast; it is short, for the signature in the table of operations says all that differs.
///
/// Gives the new top.
///
/// # Safety
/// `code` is a load or a store that the validator accepted, with its operands below `top` and room for its result.
#[inline(never)]
pub unsafe fn access(
    code: u8,
    memory: &Memory,
    offset: u32,
    top: *mut u32,
) -> Result<*mut u32, TrapCode> {
    let sig = crate::op::sig(code);
    let width = 1usize << sig.log2_width();
    let wide = sig.value().slots() == 2;
    let is_store = sig.class() == InstrClass::Store;
    // SAFETY: an address lies below `top`, for a store below a value of as many slots as its type takes; `check` gives a
    // position only when all bytes lie inside.
    unsafe {
        let mut at = top.sub(1);
        let mut value = 0u64;
        if is_store {
            value = *at as u64;
            at = at.sub(1);
            if wide {
                value = read64(at);
                at = at.sub(1);
            }
        }
        let place = memory.check(*at, offset, width).ok_or(TrapCode::MemoryOutOfBounds)?;
        if is_store {
            for i in 0..width {
                *place.add(i) = (value >> (8 * i)) as u8;
            }
            return Ok(at);
        }
        for i in 0..width {
            value |= (*place.add(i) as u64) << (8 * i);
        }
        if sig.is_signed_load() {
            let unused = 64 - 8 * width as u32;
            value = ((value << unused) as i64 >> unused) as u64;
        }
        *at = value as u32;
        if wide {
            write64(at, value);
            at = at.add(1);
        }
        Ok(at.add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_is_checked_for_each_of_its_bytes() {
        let mut bytes = [0u8; 16];
        let mut memory = Memory::empty();
        memory.set(bytes.as_mut_ptr(), 16);
        for width in [1usize, 2, 4, 8] {
            for address in 0..40u32 {
                for offset in [0u32, 1, 7, 15, 16, u32::MAX - 1, u32::MAX] {
                    let inside = address as u64 + offset as u64 + width as u64 <= 16;
                    assert_eq!(memory.check(address, offset, width).is_some(), inside);
                }
            }
        }
        assert!(memory.check(u32::MAX, u32::MAX, 8).is_none());
        assert_eq!(memory.fast_limit, 9);
    }
}
