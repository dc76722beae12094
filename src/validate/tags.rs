//! Tags of exceptions that a module declares (spec: 2.5.6, 3.5.3).

use super::env::{Env, TypeEntry};
use crate::alloc::TryVec;
use crate::binary::reader::{Parsed, Reader};
use crate::error::ErrorKind;
use crate::limits::MAX_TYPES;

/// The (canonical) type of each tag, imported ones first.
#[derive(Default)]
pub(crate) struct Tags(pub(crate) TryVec<u16>);

impl Tags {
    pub(crate) const fn new() -> Tags {
        Tags(TryVec::new())
    }

    /// Bytes of RAM that it takes.
    pub(crate) fn ram(&self) -> usize {
        size_of_val(&self.0[..])
    }
}

impl Env<'_> {
    /// The type of a tag: a function type without results.
    #[inline(never)]
    pub(crate) fn tag(&self, index: u32) -> Parsed<&TypeEntry> {
        let ty = *self.tags.0.get(index as usize).ok_or(ErrorKind::UnknownTag)?;
        self.ty(ty as u32)
    }

    /// Reads the type of a tag and adds the tag; returns the index of the type.
    pub(crate) fn add_tag(&mut self, reader: &mut Reader) -> Parsed<u16> {
        let at = reader.pos();
        if reader.byte()? != 0 {
            return reader.refuse_at(at, ErrorKind::BadTag);
        }
        let index = reader.u32()?;
        let ty = self.ty(index)?;
        if ty.result_count != 0 {
            return Err(ErrorKind::TagType);
        }
        if self.tags.0.len() as u32 >= MAX_TYPES {
            return Err(ErrorKind::TooLarge);
        }
        let canonical = ty.canonical;
        self.tags.0.push(canonical)?;
        Ok(canonical)
    }
}
