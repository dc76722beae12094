//! Memories with addresses of 64 bits, and tables with such indices (spec: 2.3.8, feature
//! `memory64`).
//!
//! A 64-bit memory is never what the loops keep in registers: each access to it goes through
//! [`crate::linear_memory::access`], which asks the memory how wide its addresses are. The loops,
//! and all accesses to 32-bit memories below the fast limit, do not know of it.

use crate::linear_memory::Memory;
use crate::slot::read64;

/// The type of the addresses of a memory, or of the indices of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum IndexType {
    #[default]
    I32,
    I64,
}

impl IndexType {
    /// Whether there is a choice.
    pub const WIDE: bool = true;

    /// [`IndexType::I64`] if `is_64`.
    #[inline(always)]
    pub const fn new(is_64: bool) -> IndexType {
        if is_64 {
            IndexType::I64
        } else {
            IndexType::I32
        }
    }

    /// Whether it is i64.
    #[inline(always)]
    pub const fn is_64(self) -> bool {
        matches!(self, IndexType::I64)
    }
}

/// The offset of a load or store.
pub type Offset = u64;

/// An offset of 32 bits.
#[cfg(feature = "fast")]
#[inline(always)]
pub(crate) fn widened(offset: u32) -> Offset {
    offset as u64
}

/// Reads the offset of a memarg of any memory. Returns it and the position behind it.
///
/// # Safety
/// `pc` points at an unsigned integer that the validator accepted.
#[inline(never)]
pub(crate) unsafe fn offset(mut pc: *const u8) -> (Offset, *const u8) {
    let mut value = 0;
    let mut shift = 0;
    loop {
        // SAFETY: the contract of this function: the integer ends before the body does.
        let byte = unsafe { *pc };
        // SAFETY: as above: at most one past the end of the integer.
        pc = unsafe { pc.add(1) };
        value |= ((byte & 0x7f) as u64).wrapping_shl(shift);
        if byte < 0x80 {
            return (value, pc);
        }
        shift += 7;
    }
}

/// Reads the address of which `last` is the last slot. Returns its first slot and the address.
///
/// # Safety
/// `last` is the last slot of an address as wide as those of the memory.
#[inline(always)]
pub(crate) unsafe fn address(memory: &Memory, last: *mut u32) -> (*mut u32, u64) {
    // SAFETY: the contract: the address has one slot, or two when it has 64 bits.
    unsafe {
        if memory.index.is_64() {
            (last.sub(1), read64(last.sub(1)))
        } else {
            (last, *last as u64)
        }
    }
}

/// The position of the `width` bytes at `address` + `offset`, of the memory or of what it shares.
#[inline(always)]
pub(crate) fn place(
    memory: &Memory,
    address: u64,
    offset: Offset,
    width: usize,
) -> Option<*mut u8> {
    let at = address.checked_add(offset)?;
    if memory.size.checked_sub(width).is_some_and(|last| at <= last as u64) {
        // SAFETY: `at` + `width` <= `size`, and `base` is valid for `size` bytes by the contract of
        // `Memory::set`.
        return Some(unsafe { memory.base.add(at as usize) });
    }
    memory.shared().place(at, width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{linear_memory, TrapCode};

    #[test]
    fn an_address_of_64_bits_is_checked_with_all_its_bits() {
        let mut bytes = [7u8; 16];
        let mut memory = Memory::empty();
        memory.index = IndexType::I64;
        // SAFETY: `bytes` outlives `memory`.
        unsafe { memory.set(bytes.as_mut_ptr(), 16) };
        let edges = [0, 1, 8, 15, 16, 1 << 32, (1 << 32) + 8, u64::MAX - 7, u64::MAX];
        for address in edges {
            for offset in edges {
                for width in [1usize, 2, 4, 8] {
                    let inside = address as u128 + offset as u128 + width as u128 <= 16;
                    assert_eq!(place(&memory, address, offset, width).is_some(), inside);
                }
            }
        }
        // i64.load at 8, i32.store at 2^32 + 8.
        let mut slots = [8, 0, 9];
        // SAFETY: the operand takes the first two slots.
        let top = unsafe { linear_memory::access(0x29, &memory, 0, slots.as_mut_ptr().add(2)) };
        assert_eq!(top.map(|top| top.addr() - slots.as_ptr().addr()), Ok(8));
        assert_eq!(slots, [0x0707_0707, 0x0707_0707, 9]);
        let mut slots = [8, 1, 9];
        // SAFETY: the operands take three slots.
        let top = unsafe { linear_memory::access(0x36, &memory, 0, slots.as_mut_ptr().add(3)) };
        assert_eq!(top, Err(TrapCode::MemoryOutOfBounds));
    }

    #[test]
    fn offsets_of_ten_bytes() {
        let bytes = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x55];
        // SAFETY: the integer is complete.
        let (value, next) = unsafe { offset(bytes.as_ptr()) };
        assert_eq!((value, next.addr() - bytes.as_ptr().addr()), (u64::MAX, 10));
    }
}
