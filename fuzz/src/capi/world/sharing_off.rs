//! Shared heaps, where they are not built: nothing is shared.

use arbitrary::{Result, Unstructured};

use super::{Instance, World};

/// No heaps.
#[derive(Default)]
pub struct Heaps;

impl Heaps {
    pub(super) fn is_empty(&self) -> bool {
        true
    }
    pub(in super::super::super) fn free(self) {}
}

/// The end of all addresses.
pub(super) fn shared_from(_: &Heaps, _: &Instance) -> u64 {
    1 << 32
}

impl World {
    pub(super) fn share(&mut self, _: &mut Unstructured) -> Result<()> {
        Ok(())
    }
}
