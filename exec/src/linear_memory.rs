//! Linear memory and bounds-checked access to it (spec: 4.2.8, 4.4.7).
//!
//! Depends on `bounds` for the arithmetic and on [`crate::op`] for the types of loads and stores.
//! Owns the invariant of [`Memory`]: `base` is valid for `size` bytes. Only the runtime crate's
//! `store` changes a memory, and never while a loop holds a `FastMemory`: after each instruction
//! that can change a memory the loops read it again.

use crate::atomic::Sharing;
use crate::bounds;
use crate::index::{self, IndexType, Offset};
use crate::leb128;
use crate::op::InstrClass;
use crate::shared::Shared;
use crate::slot::{read64, write64};
use crate::trap::TrapCode;

/// A memory as running code sees it.
///
/// Only [`Memory::set`], which is unsafe, says where its bytes are:
/// ```compile_fail,E0616
/// zonda_exec::Memory::empty().size = 8;
/// ```
/// ```compile_fail,E0616
/// zonda_exec::Memory::empty().base = core::ptr::null_mut();
/// ```
/// ```compile_fail,E0133
/// zonda_exec::Memory::empty().set(core::ptr::null_mut(), 8);
/// ```
#[repr(C)]
pub struct Memory {
    /// The first byte; dangling when the memory has no bytes.
    pub(crate) base: *mut u8,
    /// An access of any width is in bounds when its address is below this limit and its offset has
    /// one byte.
    pub(crate) near_limit: usize,
    /// An access of any width is in bounds when its address is below this limit.
    pub(crate) fast_limit: usize,
    /// Bytes that can be accessed: less than `pages` says when the embedder limits the memory.
    pub(crate) size: usize,
    /// Size in pages, the result of `memory.size`.
    pub pages: u32,
    /// log2 of the page size in bytes: 16, or 0 with custom-page-sizes.
    pub page_shift: u8,
    /// How wide its addresses are.
    pub index: IndexType,
    /// Whether it is declared to be shared.
    pub sharing: Sharing,
    /// What it has besides `size` bytes.
    shared: Shared,
}

impl Memory {
    /// A memory without pages.
    pub const fn empty() -> Memory {
        Memory {
            base: core::ptr::NonNull::dangling().as_ptr(),
            near_limit: 0,
            fast_limit: 0,
            size: 0,
            pages: 0,
            page_shift: 16,
            index: IndexType::I32,
            sharing: Sharing::Unshared,
            shared: Shared::NONE,
        }
    }

    /// Sets the bytes of the memory.
    ///
    /// # Safety
    /// `base` is valid for reads and writes of `size` bytes until the next call of this function,
    /// or until the memory is no longer used.
    pub unsafe fn set(&mut self, base: *mut u8, size: usize) {
        self.base = base;
        self.size = size;
        self.fast_limit = bounds::fast_limit(size);
        self.near_limit = bounds::near_limit(size);
    }

    /// The first byte; dangling when the memory has no bytes.
    pub fn base(&self) -> *mut u8 {
        self.base
    }

    /// Bytes that can be accessed.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Sets what code that has this memory can access besides its bytes.
    pub fn share(&mut self, shared: Shared) {
        self.shared = shared;
    }

    /// What code that has this memory can access besides its bytes.
    pub fn shared(&self) -> Shared {
        self.shared
    }

    /// As [`Memory::check`], of this memory or of what it shares.
    #[inline(always)]
    pub fn check_any(&self, address: u32, offset: u32, width: usize) -> Option<*mut u8> {
        match self.check(address, offset, width) {
            None => self.shared.place(address as u64 + offset as u64, width),
            place => place,
        }
    }

    /// The position of the `len` bytes at `address`, of this memory or of what it shares; `None`
    /// when one of them is out of bounds.
    pub fn range(&self, address: u32, len: u32) -> Option<*mut u8> {
        let last = self.size.checked_sub(len as usize);
        if last.is_some_and(|last| address as usize <= last) {
            // SAFETY: `address` + `len` <= `size`, and `base` is valid for `size` bytes by the
            // contract of `Memory::set`.
            return Some(unsafe { self.base.add(address as usize) });
        }
        self.shared.place(address as u64, len as usize)
    }

    /// The position of the byte at `address`, of this memory or of what it shares, and how many
    /// bytes follow one another from there on.
    pub fn rest(&self, address: u32) -> Option<(*mut u8, usize)> {
        match self.size.checked_sub(address as usize).filter(|&len| len != 0) {
            // SAFETY: `address` <= `size`, and `base` is valid for `size` bytes by the contract of
            // `Memory::set`.
            Some(len) => Some((unsafe { self.base.add(address as usize) }, len)),
            None => self.shared.rest(address),
        }
    }

    /// The position of the `width` bytes at `address` + `offset`, or `None` when one of them is out
    /// of bounds.
    #[inline(always)]
    pub fn check(&self, address: u32, offset: u32, width: usize) -> Option<*mut u8> {
        let at = bounds::place(address, offset, width, self.size)?;
        // SAFETY: `bounds::place` returns a position only when `at` + `width` <= `size`, and `base`
        // is valid for `size` bytes by the contract of `Memory::set`.
        Some(unsafe { self.base.add(at) })
    }
}

/// What the loops keep of memory 0 in registers: the access of any width whose address is below
/// `limit` is in bounds.
#[derive(Clone, Copy)]
pub(crate) struct FastMemory {
    base: *mut u8,
    limit: usize,
}

// Each mode uses one of the two forms, and no loop in Thumb-2 instructions uses any.
#[allow(dead_code)]
impl FastMemory {
    /// # Safety
    /// `memory` points at a live memory, which does not change while the copy is used.
    #[inline(always)]
    pub(crate) unsafe fn of(memory: *const Memory) -> FastMemory {
        // SAFETY: the contract of this function: the memory is live.
        let Memory { base, fast_limit: limit, .. } = unsafe { &*memory };
        FastMemory { base: *base, limit: *limit }
    }

    /// Loads the value at `address` + `offset`, or returns `None` when that is not below the limit.
    #[inline(always)]
    pub(crate) fn load<T: Scalar>(self, address: u32, offset: u32) -> Option<T> {
        let at = bounds::near(address, offset, self.limit)?;
        // SAFETY: `bounds::near` returns a position only below `limit`, where `WIDEST` bytes are in
        // bounds.
        Some(unsafe { T::load(self.base.add(at)) })
    }

    /// Stores the value at `address` + `offset`, or returns `None` when that is not below the
    /// limit.
    #[inline(always)]
    pub(crate) fn store<T: Scalar>(self, address: u32, offset: u32, value: T) -> Option<()> {
        let at = bounds::near(address, offset, self.limit)?;
        // SAFETY: `bounds::near` returns a position only below `limit`, where `WIDEST` bytes are in
        // bounds.
        unsafe { value.store(self.base.add(at)) };
        Some(())
    }

    /// The position of an access of up to eight bytes at `address` + `offset`, or `None` when that
    /// is not below the limit: for numbers of 32 bits that are in registers of the width of
    /// addresses.
    #[inline(always)]
    pub(crate) fn place_extended(self, address: usize, offset: usize) -> Option<*mut u8> {
        let at = bounds::near_extended(address, offset, self.limit)?;
        // SAFETY: `bounds::near_extended` returns a position only below `limit`, where `WIDEST`
        // bytes are in bounds.
        Some(unsafe { self.base.add(at) })
    }
}

/// A number that is loaded from or stored to linear memory in its own width, at any alignment.
pub(crate) trait Scalar: Copy {
    /// # Safety
    /// `at` points at as many bytes of a linear memory.
    unsafe fn load(at: *const u8) -> Self;
    /// # Safety
    /// `at` points at as many bytes of a linear memory.
    unsafe fn store(self, at: *mut u8);
}

macro_rules! scalars {
    ($($t:ty)*) => { $(impl Scalar for $t {
        #[inline(always)]
        unsafe fn load(at: *const u8) -> $t {
            // SAFETY: the contract of `Scalar::load`: the bytes are in bounds. No alignment is
            // assumed.
            unsafe { at.cast::<$t>().read_unaligned() }
        }
        #[inline(always)]
        unsafe fn store(self, at: *mut u8) {
            // SAFETY: the contract of `Scalar::store`: the bytes are in bounds. No alignment is
            // assumed.
            unsafe { at.cast::<$t>().write_unaligned(self) }
        }
    })* };
}

scalars! { u8 i8 u16 i16 u32 i32 u64 i64 }

/// Reads the immediates of a load or store. Returns the offset, the index of the memory and the
/// position behind them.
///
/// # Safety
/// `pc` points at a memarg that the validator accepted.
#[inline]
pub(crate) unsafe fn memarg(pc: *const u8) -> (Offset, u32, *const u8) {
    // SAFETY: the validator has read each integer of this memarg, and refuses a body in which one
    // does not end.
    unsafe {
        let (flags, mut next) = leb128::u32_long(pc);
        let mut memory = 0;
        if flags & 0x40 != 0 {
            (memory, next) = leb128::u32_long(next);
        }
        let (offset, next) = index::offset(next);
        (offset, memory, next)
    }
}

/// Executes any load or store, with all checks, on the operands below `top` (one past the last
/// slot). The loops call it when their own fast path does not apply: a long memarg, another memory,
/// an access near or beyond the end. It is written for size: the type of the instruction says all
/// that differs.
///
/// Returns the new `top`.
///
/// # Safety
/// `opcode` is a load or store of the memory whose operands lie below `top`, and its result has its
/// slots there: the validator checks the operands' types and computes the frame's size for the
/// result.
#[inline(never)]
pub(crate) unsafe fn access(
    opcode: u8,
    memory: &Memory,
    offset: Offset,
    top: *mut u32,
) -> Result<*mut u32, TrapCode> {
    let sig = crate::op::sig(opcode);
    let width = 1usize << sig.log2_width();
    let wide = sig.value().slots() == 2;
    let is_store = sig.class() == InstrClass::Store;
    // SAFETY: the contract of this function: below `top` lies an address, and above it
    // for a store a value of one slot, or of two when `wide`.
    let (at, value) = unsafe {
        let at = top.sub(1);
        match (is_store, wide) {
            (false, _) => (at, 0),
            (true, false) => (at.sub(1), *at as u64),
            (true, true) => (at.sub(2), read64(at.sub(1))),
        }
    };
    // SAFETY: `at` is the last slot of the address, from above, which is as wide as those of the
    // memory.
    let (mut at, address) = unsafe { index::address(memory, at) };
    let place = index::place(memory, address, offset, width).ok_or(TrapCode::MemoryOutOfBounds)?;
    if is_store {
        // SAFETY: `Memory::check_any` has found all `width` bytes from `place` on in bounds.
        unsafe {
            match width {
                1 => (value as u8).store(place),
                2 => (value as u16).store(place),
                4 => (value as u32).store(place),
                _ => value.store(place),
            }
        }
        return Ok(at);
    }
    // SAFETY: `Memory::check_any` has found all `width` bytes from `place` on in bounds.
    let mut value = unsafe {
        match width {
            1 => u8::load(place) as u64,
            2 => u16::load(place) as u64,
            4 => u32::load(place) as u64,
            _ => u64::load(place),
        }
    };
    if sig.is_signed_load() {
        let unused = 64 - 8 * width as u32;
        value = ((value << unused) as i64 >> unused) as u64;
    }
    // SAFETY: the contract of this function: the result has its one or two slots from the address's
    // on.
    unsafe {
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
        // SAFETY: `bytes` outlives `memory`.
        unsafe { memory.set(bytes.as_mut_ptr(), 16) };
        for width in [1usize, 2, 4, 8] {
            for address in 0..40u32 {
                for offset in [0u32, 1, 7, 15, 16, u32::MAX - 1, u32::MAX] {
                    let inside = address as u64 + offset as u64 + width as u64 <= 16;
                    assert_eq!(memory.check(address, offset, width).is_some(), inside);
                }
            }
        }
        assert!(memory.check(u32::MAX, u32::MAX, 8).is_none());
        assert_eq!((memory.fast_limit, memory.near_limit), (9, 0));
    }

    #[test]
    fn the_fast_path_ends_where_the_widest_access_does() {
        let mut bytes: [u8; 16] = core::array::from_fn(|i| i as u8);
        let mut memory = Memory::empty();
        // SAFETY: `bytes` outlives `memory`.
        unsafe { memory.set(bytes.as_mut_ptr(), 16) };
        // SAFETY: the memory does not change.
        let fast = unsafe { FastMemory::of(&memory) };
        assert_eq!(fast.load::<u64>(3, 5), Some(0x0f0e_0d0c_0b0a_0908));
        assert_eq!(fast.load::<u8>(9, 0), None);
        assert_eq!(fast.load::<u8>(u32::MAX, 2), None);
        assert_eq!(fast.place_extended(1, 7).map(|at| at.addr() - memory.base.addr()), Some(8));
        assert_eq!(fast.place_extended(1, 8), None);
        assert_eq!(fast.place_extended(u32::MAX as usize, 0), None);
        assert_eq!(fast.store(0, 8, 0x7766_5544_3322_1100u64), Some(()));
        assert_eq!(fast.store(1, 8, 0u8), None);
        assert_eq!(bytes, [0, 1, 2, 3, 4, 5, 6, 7, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]);
    }

    #[test]
    fn checked_accesses_of_every_width_and_sign() {
        let mut bytes: [u8; 12] = core::array::from_fn(|i| 0x80 + i as u8);
        let mut memory = Memory::empty();
        // SAFETY: `bytes` outlives `memory`.
        unsafe { memory.set(bytes.as_mut_ptr(), 12) };
        let run = |opcode: crate::Op, operands: &[u32], offset: Offset| {
            let mut slots = [7u32; 4];
            slots[..operands.len()].copy_from_slice(operands);
            let start = slots.as_mut_ptr();
            // SAFETY: the operands lie below the top, and there are slots for any result.
            let top = unsafe {
                access(opcode as u8, &memory, offset, start.add(operands.len()))
                    .map(|top| (top.addr() - start.addr()) / 4)
            };
            (top, slots)
        };
        use crate::Op::*;
        assert_eq!(run(I32Load8S, &[1], 2), (Ok(1), [0xffff_ff83, 7, 7, 7]));
        assert_eq!(run(I32Load16U, &[0], 4), (Ok(1), [0x8584, 7, 7, 7]));
        assert_eq!(run(I64Load32S, &[4], 4), (Ok(2), [0x8b8a_8988, u32::MAX, 7, 7]));
        assert_eq!(run(I64Load, &[4], 0), (Ok(2), [0x8786_8584, 0x8b8a_8988, 7, 7]));
        assert_eq!(run(I64Load, &[5], 0).0, Err(TrapCode::MemoryOutOfBounds));
        assert_eq!(run(I32Store16, &[10, 0x4321], 0).0, Ok(0));
        assert_eq!(run(I32Store16, &[11, 0x4321], 0).0, Err(TrapCode::MemoryOutOfBounds));
        assert_eq!(run(F64Store, &[1, 0x4433_2211, 0x8877_6655], 1).0, Ok(0));
        assert_eq!(bytes, [0x80, 0x81, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x21, 0x43]);
    }
}
