//! What stands for the checks of handlers where exceptions are not built.

use super::{Pass, Rejection};
use core::marker::PhantomData;

/// No handlers.
pub struct Handlers<'c>(PhantomData<&'c ()>);

#[allow(clippy::new_without_default)]
impl Handlers<'_> {
    #[inline(always)]
    pub fn new() -> Self {
        Handlers(PhantomData)
    }

    #[inline(always)]
    pub fn is_complete(&self) -> bool {
        true
    }
}

impl Pass<'_, '_, '_> {
    #[inline(always)]
    pub(super) fn handlers(&mut self) -> Result<(), Rejection> {
        Ok(())
    }
}
