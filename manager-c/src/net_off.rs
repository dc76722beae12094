//! Without the feature `connections` applications have none.

use zonda_manager::platform::{Endpoint, Owner};

#[inline(always)]
pub fn connect(_: Owner, _: &Endpoint<'_>) -> bool {
    false
}

#[inline(always)]
pub fn send(_: Owner, _: &[u8]) -> Option<usize> {
    None
}

#[inline(always)]
pub fn disconnect(_: Owner) {}
