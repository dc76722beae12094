//! What stands for the table of types where they do not refer to each other: a type is a subtype of
//! itself alone.

use crate::alloc::OutOfMemory;
use crate::binary::types::Code;

/// Nothing is known of types beyond their codes.
#[derive(Clone, Default)]
pub(crate) struct Types;

impl Types {
    #[inline(always)]
    pub(crate) fn new() -> Result<Types, OutOfMemory> {
        Ok(Types)
    }

    /// Bytes of RAM that it takes.
    #[inline(always)]
    pub(crate) fn ram(&self) -> usize {
        0
    }

    /// Whether a value of one type is one of another that differs.
    #[inline(always)]
    pub(crate) fn is_sub(&self, _: Code, _: Code) -> bool {
        false
    }

    /// Whether values of some types are values of others.
    #[inline(always)]
    pub(crate) fn are_subs(&self, sub: &[Code], of: &[Code]) -> bool {
        sub == of
    }
}
