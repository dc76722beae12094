//! What stands for the record of locals that were set where every local has a value from the start.

use super::func::Walk;
use super::visitor::{Local, Visitor};
use crate::binary::reader::Parsed;

/// Nothing is recorded.
pub(super) struct Initialized;

/// How much was recorded.
#[derive(Clone, Copy)]
pub(super) struct Height;

impl Initialized {
    pub(super) const fn new() -> Initialized {
        Initialized
    }

    #[inline(always)]
    pub(super) fn reset(&mut self) {}

    #[inline(always)]
    pub(super) fn height(&self) -> Height {
        Height
    }

    #[inline(always)]
    pub(super) fn go_back(&mut self, _: Height) {}
}

impl<V: Visitor> Walk<'_, '_, '_, V> {
    #[inline(always)]
    pub(super) fn check_initialized(&self, _: &Local) -> Parsed<()> {
        Ok(())
    }

    #[inline(always)]
    pub(super) fn initialize(&mut self, _: &Local) -> Parsed<()> {
        Ok(())
    }
}
