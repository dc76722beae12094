//! What stands for tags where exceptions are not built.

/// No tags.
#[derive(Default)]
pub(crate) struct Tags;

impl Tags {
    pub(crate) const fn new() -> Tags {
        Tags
    }

    /// Bytes of RAM that it takes.
    pub(crate) fn ram(&self) -> usize {
        0
    }
}
