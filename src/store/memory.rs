//! Memories at run time (spec: 4.2.8).

use super::bounds;
use crate::alloc::{OutOfMemory, TryVec};
use crate::binary::types::{Limits, MemoryType};
use crate::message::message;
use zonda_exec::Memory;

/// A memory. Its first field is what code sees; [`MemoryData::sync`] keeps that true.
#[repr(C)]
pub(crate) struct MemoryData {
    /// What code sees: points into `bytes`.
    pub(crate) seen: Memory,
    bytes: TryVec<u8>,
    ty: MemoryType,
    /// Most bytes that the embedder allows.
    limit: u64,
}

impl MemoryData {
    /// A memory of the type's least size, or of as much as `limit` allows, of zeros; and behind that `appended` bytes, which count as
    /// pages begun, so that growing never hands them out.
    pub(crate) fn new(
        ty: MemoryType,
        limit: u64,
        appended: u32,
    ) -> Result<MemoryData, OutOfMemory> {
        let (total, pages) = bounds::first_size(ty.limits.min, ty.page_shift, limit, appended);
        if (ty.limits.min as u64) << ty.page_shift > limit {
            message!(
                warn,
                "memory of {} pages is limited to {} bytes: what lies beyond traps",
                ty.limits.min,
                limit
            );
        }
        let len = usize::try_from(total).map_err(|_| OutOfMemory)?;
        let mut seen = Memory::empty();
        (seen.pages, seen.page_shift) = (pages, ty.page_shift);
        let mut memory = MemoryData { seen, bytes: TryVec::zeroed(len)?, ty, limit };
        memory.sync();
        Ok(memory)
    }

    fn sync(&mut self) {
        // SAFETY: `bytes` belongs to this memory, which calls this after each change of `bytes`.
        unsafe { self.seen.set(self.bytes.as_mut_ptr(), self.bytes.len()) };
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes without a reference to them. They may be read and written until the memory grows, while no reference to them is
    /// live.
    pub(crate) fn bytes_ptr(&self) -> *mut [u8] {
        core::ptr::slice_from_raw_parts_mut(self.bytes.as_mut_ptr(), self.bytes.len())
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The type with the size that the memory has now, as imports are matched against it.
    pub(crate) fn current_type(&self) -> MemoryType {
        MemoryType { limits: Limits { min: self.seen.pages, max: self.ty.limits.max }, ..self.ty }
    }

    /// Grows by `delta` pages; gives the size before, in pages, or `None` when that is not allowed or there is no memory for it.
    pub(crate) fn grow(&mut self, delta: u32) -> Option<u32> {
        let before = self.seen.pages;
        let (pages, bytes) =
            bounds::grown(before, delta, self.ty.most_pages(), self.ty.page_shift, self.limit)?;
        if delta != 0 {
            self.bytes.resize_zeroed(usize::try_from(bytes).ok()?).ok()?;
            self.seen.pages = pages;
            self.sync();
        }
        Some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(min: u32, max: Option<u32>, page_shift: u8, limit: u64) -> MemoryData {
        MemoryData::new(MemoryType { limits: Limits { min, max }, page_shift }, limit, 0).unwrap()
    }

    #[test]
    fn grows_within_type_and_limit() {
        let mut free = memory(1, Some(3), 16, u64::MAX);
        assert_eq!(
            (free.grow(1), free.grow(2), free.grow(1), free.grow(0)),
            (Some(1), None, Some(2), Some(3))
        );
        assert_eq!((free.seen.size(), free.seen.pages), (3 << 16, 3));
        let mut limited = memory(1, None, 16, 100_000);
        assert_eq!(limited.grow(1), None);
        let mut bytes = memory(10, None, 0, 12);
        assert_eq!((bytes.grow(2), bytes.grow(1)), (Some(10), None));
    }

    #[test]
    fn a_limit_below_the_start_is_what_can_be_accessed() {
        let mut cut = memory(1, None, 16, 2000);
        assert_eq!((cut.seen.size(), cut.seen.pages), (2000, 1));
        assert_eq!((cut.grow(0), cut.grow(1)), (Some(1), None));
    }

    #[test]
    fn what_is_appended_is_not_handed_out() {
        let ty = MemoryType { limits: Limits { min: 1, max: None }, page_shift: 16 };
        let mut memory = MemoryData::new(ty, u64::MAX, 100).unwrap();
        assert_eq!((memory.seen.size(), memory.seen.pages), ((1 << 16) + 100, 2));
        assert_eq!(memory.grow(1), Some(2));
        assert_eq!(memory.bytes().len(), 3 << 16);
    }
}
