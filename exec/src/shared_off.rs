//! What stands for `shared` where it is not built.

/// No regions.
#[derive(Clone, Copy)]
pub struct Shared;

impl Shared {
    /// None.
    pub const NONE: Shared = Shared;

    /// No position.
    #[inline(always)]
    pub fn place(self, _: u64, _: usize) -> Option<*mut u8> {
        None
    }

    /// No position.
    #[inline(always)]
    pub fn rest(self, _: u32) -> Option<(*mut u8, usize)> {
        None
    }

    /// No address.
    #[inline(always)]
    pub fn address(self, _: *const u8, _: u64) -> Option<u32> {
        None
    }
}
