//! What stands for `atomic` where no memory can be shared.

/// Whether a memory is declared to be shared. It takes no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Sharing {
    #[default]
    Unshared,
}

impl Sharing {
    /// Whether there is a choice.
    pub const POSSIBLE: bool = false;

    /// The only one.
    #[inline(always)]
    pub const fn new(_: bool) -> Sharing {
        Sharing::Unshared
    }

    /// Whether it is shared.
    #[inline(always)]
    pub const fn is_shared(self) -> bool {
        false
    }
}
