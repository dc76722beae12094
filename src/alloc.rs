//! Memory of the runtime: every allocation can fail with an error.
//!
//! Three owners, on top of the global allocator: [`TryVec`] (a growing array), [`TryBox`] (one
//! value at a fixed address) and [`TryArc`] (one value, counted). The rest of the runtime allocates
//! through nothing else, so "out of memory" is an error value everywhere, and what was half built
//! is freed by dropping it.

extern crate alloc as std_alloc;

use core::alloc::Layout;
use core::cell::Cell;
use core::marker::PhantomData;
use core::mem::size_of;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering;
use std_alloc::alloc::{alloc, dealloc, realloc};

/// A number that threads count with. CPUs without atomic additions (Cortex-M0, riscv32 without
/// the A extension) mask interrupts instead.
#[cfg(target_has_atomic = "32")]
pub(crate) use core::sync::atomic::{AtomicU32, AtomicUsize};
#[cfg(not(target_has_atomic = "32"))]
pub(crate) use portable_atomic::{AtomicU32, AtomicUsize};

/// The allocator has no memory left for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// The alignment of every list's memory, so that freeing it needs no type.
const ALIGN: usize = 8;

/// A list without the type of its items, so that the code for allocation is shared by all types.
struct Raw {
    items: NonNull<u8>,
    len: usize,
    /// Size of the memory at `items`.
    bytes: usize,
}

impl Raw {
    /// Changes the memory to exactly `capacity` items of `size` bytes.
    #[inline(never)]
    fn set_capacity(&mut self, size: usize, capacity: usize) -> Result<(), OutOfMemory> {
        let bytes = capacity.checked_mul(size).ok_or(OutOfMemory)?;
        if self.bytes != bytes {
            if bytes == 0 {
                self.free();
                return Ok(());
            }
            let layout = Layout::from_size_align(bytes, ALIGN).map_err(|_| OutOfMemory)?;
            // SAFETY: memory that is resized was allocated with this alignment and the old size; no
            // size is zero.
            let items = unsafe {
                if self.bytes == 0 {
                    alloc(layout)
                } else {
                    realloc(
                        self.items.as_ptr(),
                        Layout::from_size_align_unchecked(self.bytes, ALIGN),
                        bytes,
                    )
                }
            };
            self.items = NonNull::new(items).ok_or(OutOfMemory)?;
            self.bytes = bytes;
        }
        Ok(())
    }

    /// Frees all memory.
    #[inline(never)]
    fn free(&mut self) {
        if self.bytes != 0 {
            // SAFETY: it was allocated with this alignment and size.
            unsafe {
                dealloc(self.items.as_ptr(), Layout::from_size_align_unchecked(self.bytes, ALIGN))
            };
            self.bytes = 0;
        }
    }

    /// Reserves capacity for `more` items beyond the length, at least doubling the capacity when it
    /// grows.
    #[inline(never)]
    fn reserve(&mut self, size: usize, more: usize) -> Result<(), OutOfMemory> {
        let needed = self.len.checked_add(more).ok_or(OutOfMemory)?;
        let capacity = self.bytes.checked_div(size).unwrap_or(usize::MAX);
        if needed > capacity {
            self.set_capacity(size, needed.max(capacity.saturating_mul(2)).max(4))?;
        }
        Ok(())
    }

    /// Appends bytes of zero until there are `len` items.
    #[inline(never)]
    fn resize_zeroed(&mut self, size: usize, len: usize) -> Result<(), OutOfMemory> {
        if len > self.len {
            if len.saturating_mul(size) > self.bytes {
                self.set_capacity(size, len)?;
            }
            // SAFETY: the capacity is at least `len` items.
            unsafe {
                ptr::write_bytes(
                    self.items.as_ptr().add(self.len * size),
                    0,
                    (len - self.len) * size,
                )
            };
            self.len = len;
        }
        Ok(())
    }
}

/// A growing array. Unlike `Vec` it grows only with a `Result`.
pub struct TryVec<T> {
    raw: Raw,
    owns: PhantomData<T>,
}

// SAFETY: a list owns its items, so it can be sent and shared as they can.
unsafe impl<T: Send> Send for TryVec<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for TryVec<T> {}

impl<T> Default for TryVec<T> {
    fn default() -> Self {
        TryVec::new()
    }
}

impl<T> TryVec<T> {
    const SIZE: usize = {
        assert!(align_of::<T>() <= ALIGN);
        size_of::<T>()
    };

    /// An empty list, which owns no memory.
    pub const fn new() -> TryVec<T> {
        TryVec {
            raw: Raw { items: NonNull::<T>::dangling().cast(), len: 0, bytes: 0 },
            owns: PhantomData,
        }
    }

    /// An empty list with a capacity of exactly `capacity` items.
    pub fn with_capacity(capacity: usize) -> Result<TryVec<T>, OutOfMemory> {
        let mut list = TryVec::new();
        list.reserve_exact(capacity)?;
        Ok(list)
    }

    /// A list of `len` zeros, for types of which zero bytes are a value.
    pub fn zeroed(len: usize) -> Result<TryVec<T>, OutOfMemory>
    where
        T: Zero,
    {
        let mut list = TryVec::new();
        list.resize_zeroed(len)?;
        Ok(list)
    }

    /// Reserves capacity for `more` items beyond the length, at least doubling the capacity when it
    /// grows.
    #[inline]
    pub fn reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        self.raw.reserve(Self::SIZE, more)
    }

    /// Reserves a capacity of exactly `capacity` items, if it is less.
    #[inline]
    pub fn reserve_exact(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        if capacity.saturating_mul(Self::SIZE) > self.raw.bytes {
            self.raw.set_capacity(Self::SIZE, capacity)?;
        }
        Ok(())
    }

    /// Reserves capacity for `more` items; one comparison where there is enough.
    #[inline(always)]
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub fn make_room(&mut self, more: usize) -> Result<(), OutOfMemory> {
        if (self.raw.len + more) * Self::SIZE > self.raw.bytes {
            self.reserve(more)?;
        }
        Ok(())
    }

    /// Appends an item.
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), OutOfMemory> {
        if (self.raw.len + 1) * Self::SIZE > self.raw.bytes {
            self.reserve(1)?;
        }
        // SAFETY: the capacity is at least one item more than the length.
        unsafe { self.as_mut_ptr().add(self.raw.len).write(item) };
        self.raw.len += 1;
        Ok(())
    }

    /// Appends copies of items.
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub fn append(&mut self, items: &[T]) -> Result<(), OutOfMemory>
    where
        T: Copy,
    {
        self.reserve(items.len())?;
        // SAFETY: `reserve` has made the capacity large enough; `items` is borrowed, so it lies
        // elsewhere.
        unsafe {
            core::ptr::copy_nonoverlapping(
                items.as_ptr(),
                self.as_mut_ptr().add(self.raw.len),
                items.len(),
            )
        };
        self.raw.len += items.len();
        Ok(())
    }

    /// Removes the last item.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.raw.len = self.raw.len.checked_sub(1)?;
        // SAFETY: the item was written, and the length no longer counts it.
        Some(unsafe { self.as_mut_ptr().add(self.raw.len).read() })
    }

    /// Drops all items beyond the first `len`.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        if !core::mem::needs_drop::<T>() {
            self.raw.len = self.raw.len.min(len);
        }
        while self.raw.len > len {
            self.pop();
        }
    }

    /// Frees capacity beyond the length. Where the allocator cannot, the list stays as it is.
    pub fn shrink(&mut self) {
        let _ = self.raw.set_capacity(Self::SIZE, self.raw.len);
    }

    /// Appends copies of `value` until there are `len` items.
    pub fn resize(&mut self, len: usize, value: T) -> Result<(), OutOfMemory>
    where
        T: Copy,
    {
        self.reserve_exact(len)?;
        while self.raw.len < len {
            self.push(value)?;
        }
        Ok(())
    }

    /// Appends zeros until there are `len` items.
    #[inline]
    pub fn resize_zeroed(&mut self, len: usize) -> Result<(), OutOfMemory>
    where
        T: Zero,
    {
        self.raw.resize_zeroed(Self::SIZE, len)
    }

    /// Address of the first item; dangling while the capacity is 0. It may be read and written
    /// through while the list keeps its capacity and no reference to the items is live.
    #[inline]
    pub fn as_mut_ptr(&self) -> *mut T {
        self.raw.items.as_ptr().cast()
    }
}

impl TryVec<u8> {
    /// Appends the low `len` bytes of a number, at most 8.
    #[inline(always)]
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub fn append_low(&mut self, bytes: u64, len: usize) -> Result<(), OutOfMemory> {
        if self.raw.len + 8 > self.raw.bytes {
            self.reserve(8)?;
        }
        // SAFETY: the capacity is at least eight bytes more than the length.
        unsafe { self.as_mut_ptr().add(self.raw.len).cast::<[u8; 8]>().write(bytes.to_le_bytes()) };
        self.raw.len += len.min(8);
        Ok(())
    }
}

impl TryVec<u32> {
    /// An item that can be changed while the list is shared.
    ///
    /// # Safety
    /// No reference to an item is live.
    pub unsafe fn cell(&self, index: usize) -> Option<&Cell<u32>> {
        // SAFETY: the first `len` items are written, and by the contract no reference to them is
        // live.
        (index < self.raw.len)
            .then(|| unsafe { &*self.raw.items.as_ptr().cast::<Cell<u32>>().add(index) })
    }
}

impl<T> Deref for TryVec<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the first `len` items are written.
        unsafe { core::slice::from_raw_parts(self.raw.items.as_ptr().cast(), self.raw.len) }
    }
}

impl<T> DerefMut for TryVec<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: the first `len` items are written.
        unsafe { core::slice::from_raw_parts_mut(self.raw.items.as_ptr().cast(), self.raw.len) }
    }
}

impl<T> Drop for TryVec<T> {
    #[inline]
    fn drop(&mut self) {
        self.truncate(0);
        self.raw.free();
    }
}

/// Types of which all bytes zero are a value.
///
/// # Safety
/// Only for such types.
pub unsafe trait Zero {}
// SAFETY: an integer may be zero.
unsafe impl Zero for u8 {}
// SAFETY: an integer may be zero.
unsafe impl Zero for u32 {}

fn allocate(layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
    if layout.size() == 0 {
        // SAFETY: an alignment is never zero.
        return Ok(unsafe { NonNull::new_unchecked(ptr::without_provenance_mut(layout.align())) });
    }
    // SAFETY: the size is not zero.
    NonNull::new(unsafe { alloc(layout) }).ok_or(OutOfMemory)
}

/// One value at an address that does not change while it lives.
pub struct TryBox<T> {
    value: NonNull<T>,
    owns: PhantomData<T>,
}

// SAFETY: it owns its value, so it can be sent and shared as that can.
unsafe impl<T: Send> Send for TryBox<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for TryBox<T> {}

impl<T> TryBox<T> {
    /// Moves the value into memory of its own.
    pub fn new(value: T) -> Result<TryBox<T>, OutOfMemory> {
        let at = allocate(Layout::new::<T>())?.cast::<T>();
        // SAFETY: the memory has the layout of `T`.
        unsafe { at.as_ptr().write(value) };
        Ok(TryBox { value: at, owns: PhantomData })
    }

    /// The address, for those who outlive borrows of the owner.
    #[inline]
    pub fn as_ptr(&self) -> *mut T {
        self.value.as_ptr()
    }

    /// Releases ownership of the value; [`TryBox::from_raw`] takes it back.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub fn into_raw(self) -> *mut T {
        let at = self.value.as_ptr();
        core::mem::forget(self);
        at
    }

    /// Takes back what [`TryBox::into_raw`] gave up.
    ///
    /// # Safety
    /// `at` comes from there, and is taken back once.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub unsafe fn from_raw(at: *mut T) -> TryBox<T> {
        // SAFETY: `into_raw` returns no null.
        TryBox { value: unsafe { NonNull::new_unchecked(at) }, owns: PhantomData }
    }
}

impl<T> Deref for TryBox<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the value is live as long as its owner.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for TryBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the value is live as long as its owner.
        unsafe { self.value.as_mut() }
    }
}

impl<T> Drop for TryBox<T> {
    fn drop(&mut self) {
        // SAFETY: the value is live, was allocated with this layout, and nobody uses it afterwards.
        unsafe {
            ptr::drop_in_place(self.value.as_ptr());
            if size_of::<T>() != 0 {
                dealloc(self.value.as_ptr().cast(), Layout::new::<T>());
            }
        }
    }
}

struct Counted<T> {
    /// As wide as an address: on a 64-bit host 32 bits would come round, where clones are made and
    /// forgotten for a minute.
    count: AtomicUsize,
    value: T,
}

/// One value with several owners; freed with the last of them.
pub struct TryArc<T> {
    counted: NonNull<Counted<T>>,
    owns: PhantomData<Counted<T>>,
}

// SAFETY: the count is atomic, and the value is only shared.
unsafe impl<T: Send + Sync> Send for TryArc<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for TryArc<T> {}

impl<T> TryArc<T> {
    /// Moves the value into memory of its own.
    pub fn new(value: T) -> Result<TryArc<T>, OutOfMemory> {
        let owned = TryBox::new(Counted { count: AtomicUsize::new(1), value })?;
        let counted = owned.value;
        core::mem::forget(owned);
        Ok(TryArc { counted, owns: PhantomData })
    }

    /// The value, if there is no other owner.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: live as long as `self`; with a count of 1 nobody else reaches the value.
        let counted = unsafe { self.counted.as_mut() };
        (*counted.count.get_mut() == 1).then_some(&mut counted.value)
    }

    /// The value's address, the same for all owners.
    pub fn as_ptr(&self) -> *const T {
        // SAFETY: the value is live as long as one of its owners.
        unsafe { &raw const (*self.counted.as_ptr()).value }
    }
}

impl<T> Clone for TryArc<T> {
    fn clone(&self) -> Self {
        // SAFETY: live as long as `self`.
        let count = &unsafe { self.counted.as_ref() }.count;
        // Half of all addresses: so many owners do not fit into memory, so most of those that are
        // counted were forgotten and will never be dropped. One more need not be counted, as
        // dropping all that exist cannot bring the count to 0; counted, it would come round to 0
        // itself.
        if count.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
            count.fetch_sub(1, Ordering::Relaxed);
        }
        TryArc { counted: self.counted, owns: PhantomData }
    }
}

impl<T> Deref for TryArc<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: live as long as `self`.
        unsafe { &self.counted.as_ref().value }
    }
}

impl<T> Drop for TryArc<T> {
    fn drop(&mut self) {
        // Acquired by every owner, and not with a fence by the last: ThreadSanitizer does not see
        // fences, and the code is as long. SAFETY: live as long as `self`.
        if unsafe { self.counted.as_ref() }.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: this was the last owner.
            drop(unsafe { TryBox::from_raw(self.counted.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std_alloc::rc::Rc;

    #[test]
    fn a_list_keeps_its_items_through_growing_and_shrinking() {
        let mut list = TryVec::new();
        for i in 0..100 {
            list.push(i).unwrap();
        }
        list.shrink();
        assert_eq!(list.raw.bytes, 400);
        list.push(100).unwrap();
        assert!(list.iter().copied().eq(0..=100));
        assert_eq!(list.pop(), Some(100));
        list.truncate(0);
        assert_eq!(list.pop(), None);
        list.shrink();
        assert_eq!(list.raw.bytes, 0);
        assert!(TryVec::<u32>::with_capacity(usize::MAX).is_err());
        assert!(TryVec::<u32>::zeroed(usize::MAX / 2).is_err());
    }

    #[test]
    fn zeroed_items_come_behind_those_that_are_there() {
        let mut list = TryVec::<u32>::new();
        list.append(&[1, 2, 3]).unwrap();
        list.resize_zeroed(9).unwrap();
        assert!(list.iter().copied().eq([1, 2, 3, 0, 0, 0, 0, 0, 0]));
        list.resize_zeroed(4).unwrap();
        assert_eq!(list.len(), 9);
        // SAFETY: no reference to an item is live.
        unsafe {
            list.cell(8).unwrap().set(7);
            assert!(list.cell(9).is_none());
        }
        assert_eq!(list.pop(), Some(7));
    }

    /// What a list takes, by what is done with it, for items of several sizes.
    #[test]
    fn a_list_takes_what_it_says() {
        fn check<T: Copy + Default + PartialEq + core::fmt::Debug + Zero>() {
            let size = size_of::<T>();
            let item = T::default();
            let mut list = TryVec::<T>::new();
            // Four at first, and then twice as many each time.
            for (len, capacity) in [(1, 4), (4, 4), (5, 8), (8, 8), (9, 16), (16, 16), (17, 32)] {
                while list.len() < len {
                    list.push(item).unwrap();
                }
                assert_eq!((list.len(), list.raw.bytes), (len, capacity * size), "{size}");
            }
            // What is there is enough.
            list.reserve(15).unwrap();
            list.make_room(15).unwrap();
            list.reserve_exact(32).unwrap();
            list.resize_zeroed(32).unwrap();
            assert_eq!((list.len(), list.raw.bytes), (32, 32 * size));
            // One more than there is room for.
            list.reserve(1).unwrap();
            assert_eq!(list.raw.bytes, 64 * size);
            // More than twice as many.
            list.reserve(97).unwrap();
            assert_eq!(list.raw.bytes, 129 * size);
            list.reserve_exact(130).unwrap();
            list.resize(131, item).unwrap();
            assert_eq!((list.len(), list.raw.bytes), (131, 131 * size));
            list.append(&[item; 3]).unwrap();
            assert_eq!((list.len(), list.raw.bytes), (134, 262 * size));
            list.truncate(200);
            list.truncate(7);
            list.shrink();
            assert_eq!((list.len(), list.raw.bytes), (7, 7 * size));
            list.resize_zeroed(9).unwrap();
            assert_eq!((list.len(), list.raw.bytes), (9, 9 * size));
            assert!(list.reserve(usize::MAX).is_err());
            assert!(list.reserve_exact(usize::MAX).is_err());
            assert_eq!((list.len(), list.raw.bytes), (9, 9 * size));
        }
        check::<u8>();
        check::<u32>();
        let mut code = TryVec::<u8>::new();
        for len in [8, 3, 1, 8, 0, 5] {
            let before = code.len();
            code.append_low(0x0807_0605_0403_0201, len).unwrap();
            assert_eq!(&code[before..], &[1, 2, 3, 4, 5, 6, 7, 8][..len]);
            assert!(code.raw.bytes >= before + 8);
        }
    }

    #[test]
    fn owners_drop_their_value_once() {
        let witness = Rc::new(());
        let owned = TryBox::new(witness.clone()).unwrap();
        let shared = TryArc::new(witness.clone()).unwrap();
        let again = shared.clone();
        assert_eq!(shared.as_ptr(), again.as_ptr());
        let mut list = TryVec::new();
        list.push(witness.clone()).unwrap();
        assert_eq!(Rc::strong_count(&witness), 4);
        drop((owned, shared));
        assert_eq!(Rc::strong_count(&witness), 3);
        drop((again, list));
        assert_eq!(Rc::strong_count(&witness), 1);
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn more_owners_than_can_be_counted_do_not_free_the_value() {
        let witness = Rc::new(());
        let shared = TryArc::new(witness.clone()).unwrap();
        // SAFETY: live as long as `shared`.
        let count = unsafe { &shared.counted.as_ref().count };
        // As after so many clones that were forgotten.
        count.store(isize::MAX as usize - 3, Ordering::Relaxed);
        for _ in 0..10 {
            core::mem::forget(shared.clone());
            assert!(count.load(Ordering::Relaxed) > isize::MAX as usize - 3);
        }
        assert_eq!(count.load(Ordering::Relaxed), isize::MAX as usize + 1);
        let live: [TryArc<_>; 10] = core::array::from_fn(|_| shared.clone());
        drop(live);
        assert!(count.load(Ordering::Relaxed) > isize::MAX as usize - 10);
        assert_eq!(Rc::strong_count(&witness), 2);
        count.store(1, Ordering::Relaxed);
    }
}
