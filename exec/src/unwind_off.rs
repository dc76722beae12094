//! What stands for `unwind` where exceptions are not built.

/// Nothing throws.
#[inline(always)]
pub(crate) fn is_thrown(_: u32) -> bool {
    false
}

/// Not asked for.
pub const UNWIND_CODE: u8 = 0xff;
