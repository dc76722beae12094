//! What stands for `index` where every memory has addresses of 32 bits.

use crate::leb128;
use crate::linear_memory::Memory;

/// The type of the addresses of a memory, or of the indices of a table. It takes no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum IndexType {
    #[default]
    I32,
}

impl IndexType {
    /// Whether there is a choice.
    pub const WIDE: bool = false;

    /// The only one.
    #[inline(always)]
    pub const fn new(_: bool) -> IndexType {
        IndexType::I32
    }

    /// Whether it is i64.
    #[inline(always)]
    pub const fn is_64(self) -> bool {
        false
    }
}

/// The offset of a load or store.
pub type Offset = u32;

/// The same offset.
#[cfg(feature = "fast")]
#[inline(always)]
pub(crate) fn widened(offset: u32) -> Offset {
    offset
}

/// Reads the offset of a memarg. Returns it and the position behind it.
///
/// # Safety
/// `pc` points at an unsigned integer that the validator accepted.
#[inline(always)]
pub(crate) unsafe fn offset(pc: *const u8) -> (Offset, *const u8) {
    // SAFETY: the contract of this function.
    unsafe { leb128::u32_long(pc) }
}

/// Reads the address in the slot `at`. Returns the slot and the address.
///
/// # Safety
/// `at` is the slot of an address.
#[inline(always)]
pub(crate) unsafe fn address(_: &Memory, at: *mut u32) -> (*mut u32, u32) {
    // SAFETY: the contract of this function.
    (at, unsafe { *at })
}

/// The position of the `width` bytes at `address` + `offset`, of the memory or of what it shares.
#[inline(always)]
pub(crate) fn place(
    memory: &Memory,
    address: u32,
    offset: Offset,
    width: usize,
) -> Option<*mut u8> {
    memory.check_any(address, offset, width)
}
