//! What stands for the checks of handlers where exceptions are not built.

use super::{Pass, Rejection};
use crate::fast::decode::Instruction;
use crate::frame::FuncLayout;
use core::marker::PhantomData;

/// No handlers.
pub struct Handlers<'c>(PhantomData<&'c ()>);

#[allow(clippy::new_without_default)]
impl Handlers<'_> {
    #[inline(always)]
    pub fn new() -> Self {
        Handlers(PhantomData)
    }

    /// The locals that instructions may name: all.
    #[inline(always)]
    pub(super) fn nameable(&self, layout: &FuncLayout, _: u32) -> Option<u32> {
        Some(layout.locals as u32)
    }

    #[inline(always)]
    pub fn is_complete(&self) -> bool {
        true
    }
}

impl Pass<'_, '_, '_> {
    /// No instruction is a `rethrow`.
    #[inline(always)]
    pub(super) fn may_rethrow(&self, _: &Instruction) -> bool {
        true
    }

    #[inline(always)]
    pub(super) fn handlers(&mut self) -> Result<(), Rejection> {
        Ok(())
    }
}
