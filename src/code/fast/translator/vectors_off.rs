//! What stands for `vectors` where there are none: nothing calls these.

use super::Translator;
use crate::binary::reader::Parsed;
use crate::error::ErrorKind;

impl Translator<'_> {
    pub(super) fn pop_vector(&mut self) -> Parsed<i32> {
        Err(ErrorKind::Unsupported)
    }

    pub(super) fn spill_vector(&mut self, _: usize) -> Parsed<bool> {
        Err(ErrorKind::Unsupported)
    }

    pub(super) fn set_vector(&mut self, _: u32) -> Parsed<()> {
        Err(ErrorKind::Unsupported)
    }

    pub(super) fn vector_global(&mut self, _: bool, _: u32) -> Parsed<()> {
        Err(ErrorKind::Unsupported)
    }

    pub(super) fn select_vector(&mut self, _: i32, _: i32) -> Parsed<()> {
        Err(ErrorKind::Unsupported)
    }
}
