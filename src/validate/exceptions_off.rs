//! What stands for the validation of exceptions where they are not built.

use super::func::Walk;
use super::visitor::Visitor;
use crate::binary::reader::Parsed;
use crate::error::ErrorKind;

/// Nothing reads clauses.
pub(super) const BAD_CATCH: ErrorKind = ErrorKind::Unsupported;

impl<V: Visitor> Walk<'_, '_, '_, V> {
    #[inline(always)]
    pub(super) fn exception(&mut self, _: u8) -> Parsed<()> {
        Err(ErrorKind::Unsupported)
    }
}
