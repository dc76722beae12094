//! Memories at run time (spec: 4.2.8).

use super::bounds;
use super::budget::Budget;
use super::fault::{Fault, Made};
use crate::alloc::{TryBox, TryVec};
use crate::binary::types::{Limits, MemoryType};
use crate::error::ShortageOf;
use crate::message::message;
use zonda_exec::Memory;

/// A memory. Its first field is what code sees; [`MemoryData::sync`] keeps that true.
#[repr(C)]
pub(crate) struct MemoryData {
    /// What code sees: points into `bytes`.
    pub(crate) seen: Memory,
    bytes: TryVec<u8>,
    ty: MemoryType,
    /// Largest size in bytes that the embedder allows.
    limit: u64,
    /// Pages that what was appended has begun, until the memory grows beyond them. The program
    /// does not count them, so that an allocator of its own does not take them.
    appended_pages: u32,
}

impl MemoryData {
    /// A memory of the type's initial size, or of `limit` bytes if that is less, of zeros; and
    /// behind that `appended` bytes, which count as pages begun, so that growth never hands them
    /// out, but not in what the program is told of the size. They are no part of the type's
    /// maximum.
    pub(crate) fn new(
        ty: MemoryType,
        limit: u64,
        appended: u32,
        budget: &Budget,
    ) -> Made<TryBox<MemoryData>> {
        if ty.is_too_large() {
            return Err(Fault::TOO_LARGE);
        }
        let (total, pages) = bounds::first_size(ty.limits.min, ty.page_shift, limit, appended);
        // A program that was promised so many pages gets them beside what is appended.
        let mut ty = ty;
        let more = pages - ty.limits.min;
        ty.limits.max = ty.limits.max.map(|max| max.saturating_add(more));
        if (ty.limits.min as u64) << ty.page_shift > limit {
            message!(
                warn,
                "memory of {} pages is limited to {} bytes: accesses beyond them trap",
                ty.limits.min,
                limit
            );
        }
        // Where addresses are too narrow to count the bytes, no allocator has them.
        let len = usize::try_from(total).unwrap_or(usize::MAX);
        let size = len.saturating_add(size_of::<MemoryData>());
        budget.make(ShortageOf::Memory, size, || {
            let mut seen = Memory::empty();
            (seen.pages, seen.page_shift, seen.index) = (pages, ty.page_shift, ty.index);
            seen.sharing = ty.sharing;
            let bytes = TryVec::zeroed(len)?;
            let mut memory = MemoryData { seen, bytes, ty, limit, appended_pages: more };
            memory.sync();
            TryBox::new(memory)
        })
    }

    /// Updates what code sees.
    fn sync(&mut self) {
        // SAFETY: `bytes` belongs to this memory, which calls this after each change of `bytes`.
        unsafe { self.seen.set(self.bytes.as_mut_ptr(), self.bytes.len()) };
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, for those who outlive borrows of the memory; growing moves them.
    pub(crate) fn bytes_ptr(&self) -> *mut [u8] {
        core::ptr::slice_from_raw_parts_mut(self.bytes.as_mut_ptr(), self.bytes.len())
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Grows by `delta` pages where no budget limits the store; returns the size before.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) fn enlarge(&mut self, delta: u32) -> Made<u32> {
        self.grow(delta, &Budget::new(u64::MAX))
    }

    /// The declared type, and what was appended.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub(crate) fn ty(&self) -> MemoryType {
        self.ty
    }

    /// The type with the size that the memory has now, as imports are matched against it.
    pub(crate) fn current_type(&self) -> MemoryType {
        MemoryType { limits: Limits { min: self.seen.pages, max: self.ty.limits.max }, ..self.ty }
    }

    /// What `memory.size` gives.
    pub(crate) fn program_pages(&self) -> u32 {
        self.seen.pages - self.appended_pages
    }

    /// Grows by `delta` pages; returns where they begin, in pages: the size before, and what was
    /// appended to it.
    pub(crate) fn grow(&mut self, delta: u32, budget: &Budget) -> Made<u32> {
        let before = self.seen.pages;
        let (pages, bytes) =
            bounds::grown(before, delta, self.ty.most_pages(), self.ty.page_shift, self.limit)
                .ok_or(Fault::CANNOT_GROW)?;
        if delta == 0 {
            return Ok(self.program_pages());
        }
        let len = usize::try_from(bytes).unwrap_or(usize::MAX);
        let more = len.saturating_sub(self.bytes.len());
        budget.make(ShortageOf::Memory, more, || self.bytes.resize_zeroed(len))?;
        self.seen.pages = pages;
        self.appended_pages = 0;
        self.sync();
        Ok(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::types::{IndexType, Sharing};

    struct Grown(TryBox<MemoryData>, Budget);

    impl Grown {
        fn grow(&mut self, delta: u32) -> Option<u32> {
            self.0.grow(delta, &self.1).ok()
        }
    }

    fn memory(min: u32, max: Option<u32>, page_shift: u8, limit: u64) -> Grown {
        let budget = Budget::new(u64::MAX);
        let ty = MemoryType {
            limits: Limits { min, max },
            page_shift,
            index: IndexType::I32,
            sharing: Sharing::Unshared,
        };
        Grown(MemoryData::new(ty, limit, 0, &budget).unwrap(), budget)
    }

    #[test]
    fn grows_within_type_and_limit() {
        let mut free = memory(1, Some(3), 16, u64::MAX);
        assert_eq!(
            (free.grow(1), free.grow(2), free.grow(1), free.grow(0)),
            (Some(1), None, Some(2), Some(3))
        );
        assert_eq!((free.0.seen.size(), free.0.seen.pages), (3 << 16, 3));
        let mut limited = memory(1, None, 16, 100_000);
        assert_eq!(limited.grow(1), None);
        let mut bytes = memory(10, None, 0, 12);
        assert_eq!((bytes.grow(2), bytes.grow(1)), (Some(10), None));
    }

    #[test]
    fn a_limit_below_the_start_is_what_can_be_accessed() {
        let mut cut = memory(1, None, 16, 2000);
        assert_eq!((cut.0.seen.size(), cut.0.seen.pages), (2000, 1));
        assert_eq!((cut.grow(0), cut.grow(1)), (Some(1), None));
    }

    #[test]
    fn what_is_appended_is_not_handed_out() {
        let ty = MemoryType {
            limits: Limits { min: 1, max: None },
            page_shift: 16,
            index: IndexType::I32,
            sharing: Sharing::Unshared,
        };
        let budget = Budget::new(u64::MAX);
        let mut memory = MemoryData::new(ty, u64::MAX, 100, &budget).unwrap();
        assert_eq!((memory.seen.size(), memory.seen.pages), ((1 << 16) + 100, 2));
        // A program with an allocator of its own takes what it is told to have.
        assert_eq!((memory.program_pages(), memory.grow(0, &budget)), (1, Ok(1)));
        assert_eq!(memory.grow(1, &budget), Ok(2));
        assert_eq!((memory.program_pages(), memory.grow(0, &budget)), (3, Ok(3)));
        assert_eq!(memory.bytes().len(), 3 << 16);
    }

    #[test]
    fn growth_takes_from_the_budget_what_it_adds() {
        let budget = Budget::new(1000);
        let ty = MemoryType {
            limits: Limits { min: 100, max: None },
            page_shift: 0,
            index: IndexType::I32,
            sharing: Sharing::Unshared,
        };
        let mut memory = MemoryData::new(ty, u64::MAX, 0, &budget).unwrap();
        let left = 900 - size_of::<MemoryData>();
        assert_eq!(budget.left(), left);
        assert_eq!(memory.grow(left as u32 + 1, &budget), Err(Fault::SHORTAGE));
        let shortage = budget.shortage();
        assert_eq!((shortage.wanted(), shortage.allowed()), (left + 1, Some(left)));
        assert_eq!((memory.grow(left as u32, &budget), budget.left()), (Ok(100), 0));
        // Growth by nothing needs nothing.
        assert_eq!(memory.grow(0, &budget), Ok(1000 - size_of::<MemoryData>() as u32));
        assert_eq!(memory.grow(1, &budget), Err(Fault::SHORTAGE));
    }

    // Not under Miri, which ends at an allocation that no machine has room for.
    #[cfg_attr(miri, ignore)]
    #[test]
    fn what_the_allocator_refuses_is_given_back() {
        let budget = Budget::new(u64::MAX);
        let pages = 1 << 16;
        let ty = MemoryType {
            limits: Limits { min: pages, max: None },
            page_shift: 32,
            index: IndexType::I32,
            sharing: Sharing::Unshared,
        };
        assert!(matches!(MemoryData::new(ty, u64::MAX, 0, &budget), Err(Fault::SHORTAGE)));
        assert_eq!((budget.left(), budget.shortage().allowed()), (usize::MAX, None));
    }
}
