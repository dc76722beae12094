//! Memory of the runtime: every allocation can fail, and says so.
//!
//! Three owners, on top of the global allocator: [`List`] (a growing array), [`Owned`] (one value at a fixed address) and
//! [`Shared`] (one value, counted). The rest of the runtime allocates through nothing else, so "out of memory" is an error
//! value everywhere, and what was half built is freed by dropping it.

extern crate alloc as std_alloc;

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::size_of;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::sync::atomic::{fence, AtomicU32, Ordering};
use std_alloc::alloc::{alloc, alloc_zeroed, dealloc, realloc};

/// The host has no memory left for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

fn array(item: Layout, count: usize) -> Result<Layout, OutOfMemory> {
    let bytes = count.checked_mul(item.size()).ok_or(OutOfMemory)?;
    Layout::from_size_align(bytes, item.align()).map_err(|_| OutOfMemory)
}

/// Changes the memory of an array from `old` items to `new` items; the same code for items of every type.
///
/// # Safety
/// `items` is memory for `old` items of this layout that this function gave, or anything when there are none.
#[inline(never)]
unsafe fn resize(items: NonNull<u8>, item: Layout, old: usize, new: usize) -> Result<NonNull<u8>, OutOfMemory> {
    let layout = array(item, new)?;
    if old == new || item.size() == 0 {
        return Ok(items);
    }
    let before = array(item, old)?;
    // SAFETY: memory that is resized or freed was allocated with the layout of `old` items, and no size is zero.
    unsafe {
        NonNull::new(if old == 0 {
            alloc(layout)
        } else if new == 0 {
            dealloc(items.as_ptr(), before);
            return Ok(NonNull::dangling());
        } else {
            realloc(items.as_ptr(), before, layout.size())
        })
        .ok_or(OutOfMemory)
    }
}

/// A growing array. Unlike `Vec` it grows only with a `Result`, and takes 3 words.
pub struct List<T> {
    items: NonNull<T>,
    len: usize,
    capacity: usize,
    owns: PhantomData<T>,
}

// SAFETY: a list owns its items, so it can be sent and shared as they can.
unsafe impl<T: Send> Send for List<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for List<T> {}

impl<T> Default for List<T> {
    fn default() -> Self {
        List::new()
    }
}

impl<T> List<T> {
    /// An empty list, which owns no memory.
    pub const fn new() -> List<T> {
        List { items: NonNull::dangling(), len: 0, capacity: 0, owns: PhantomData }
    }

    /// An empty list with room for exactly `capacity` items.
    pub fn with_capacity(capacity: usize) -> Result<List<T>, OutOfMemory> {
        let mut list = List::new();
        list.set_capacity(capacity)?;
        Ok(list)
    }

    /// A list of `len` zeros, for types of which zero bytes are a value.
    pub fn zeroed(len: usize) -> Result<List<T>, OutOfMemory>
    where
        T: Zero,
    {
        let layout = array(Layout::new::<T>(), len)?;
        if layout.size() == 0 {
            return Ok(List::new());
        }
        // SAFETY: the size is not zero.
        let items = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(OutOfMemory)?;
        Ok(List { items: items.cast(), len, capacity: len, owns: PhantomData })
    }

    /// Makes the capacity exactly `capacity`, which is not less than the length.
    fn set_capacity(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        // SAFETY: the memory was allocated for the old capacity of items of this layout.
        let items = unsafe { resize(self.items.cast(), Layout::new::<T>(), self.capacity, capacity)? };
        self.items = items.cast();
        self.capacity = capacity;
        Ok(())
    }

    fn free(&mut self) {
        // SAFETY: as in `set_capacity`; giving memory back does not fail.
        let _ = unsafe { resize(self.items.cast(), Layout::new::<T>(), self.capacity, 0) };
    }

    /// Makes room for `more` items beyond the length, at least doubling the capacity when it grows.
    pub fn reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        let needed = self.len.checked_add(more).ok_or(OutOfMemory)?;
        if needed > self.capacity {
            self.set_capacity(needed.max(self.capacity.saturating_mul(2)).max(4))?;
        }
        Ok(())
    }

    /// Makes room for exactly `capacity` items, if there is less.
    pub fn reserve_exact(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        if capacity > self.capacity {
            self.set_capacity(capacity)?;
        }
        Ok(())
    }

    /// Makes room for one more item when there is none.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> Result<(), OutOfMemory> {
        self.reserve(1)
    }

    /// Appends an item.
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), OutOfMemory> {
        if self.len == self.capacity {
            self.grow()?;
        }
        // SAFETY: there is room for one more item.
        unsafe { self.items.as_ptr().add(self.len).write(item) };
        self.len += 1;
        Ok(())
    }

    /// Removes the last item.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: the item was written, and the length no longer counts it.
        Some(unsafe { self.items.as_ptr().add(self.len).read() })
    }

    /// Drops all items beyond the first `len`.
    pub fn truncate(&mut self, len: usize) {
        if !core::mem::needs_drop::<T>() {
            self.len = self.len.min(len);
        }
        while self.len > len {
            self.pop();
        }
    }

    /// Gives memory that is not used back. Where the allocator cannot, the list stays as it is.
    pub fn shrink(&mut self) {
        let _ = self.set_capacity(self.len);
    }

    /// Appends copies of `value` until there are `len` items.
    pub fn resize(&mut self, len: usize, value: T) -> Result<(), OutOfMemory>
    where
        T: Copy,
    {
        if len > self.len {
            self.set_capacity(len.max(self.capacity))?;
            while self.len < len {
                // SAFETY: the capacity is at least `len`.
                unsafe { self.items.as_ptr().add(self.len).write(value) };
                self.len += 1;
            }
        }
        Ok(())
    }

    /// Appends zeros until there are `len` items.
    pub fn resize_zeroed(&mut self, len: usize) -> Result<(), OutOfMemory>
    where
        T: Zero,
    {
        if len > self.len {
            if self.capacity < len {
                self.set_capacity(len)?;
            }
            // SAFETY: the capacity is at least `len`, and zero bytes are a value of `T`.
            unsafe { ptr::write_bytes(self.items.as_ptr().add(self.len), 0, len - self.len) };
            self.len = len;
        }
        Ok(())
    }

    /// Where the items begin; dangling when there is no room for any.
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.items.as_ptr()
    }
}

impl<T> Deref for List<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the first `len` items are written.
        unsafe { core::slice::from_raw_parts(self.items.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for List<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: the first `len` items are written.
        unsafe { core::slice::from_raw_parts_mut(self.items.as_ptr(), self.len) }
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        self.truncate(0);
        self.free();
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
pub struct Owned<T> {
    value: NonNull<T>,
    owns: PhantomData<T>,
}

// SAFETY: it owns its value, so it can be sent and shared as that can.
unsafe impl<T: Send> Send for Owned<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Owned<T> {}

impl<T> Owned<T> {
    /// Moves the value into memory of its own.
    pub fn new(value: T) -> Result<Owned<T>, OutOfMemory> {
        let at = allocate(Layout::new::<T>())?.cast::<T>();
        // SAFETY: the memory has the layout of `T`.
        unsafe { at.as_ptr().write(value) };
        Ok(Owned { value: at, owns: PhantomData })
    }

    /// The address, for those who outlive borrows of the owner.
    #[inline]
    pub fn as_ptr(&self) -> *mut T {
        self.value.as_ptr()
    }

    /// Gives the value up; [`Owned::from_raw`] takes it back.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub fn into_raw(self) -> *mut T {
        let at = self.value.as_ptr();
        core::mem::forget(self);
        at
    }

    /// Takes back what [`Owned::into_raw`] gave up.
    ///
    /// # Safety
    /// `at` comes from there, and is taken back once.
    #[cfg_attr(not(feature = "capi"), allow(dead_code))]
    pub unsafe fn from_raw(at: *mut T) -> Owned<T> {
        // SAFETY: `into_raw` gives no null.
        Owned { value: unsafe { NonNull::new_unchecked(at) }, owns: PhantomData }
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the value is live as long as its owner.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for Owned<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the value is live as long as its owner.
        unsafe { self.value.as_mut() }
    }
}

impl<T> Drop for Owned<T> {
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
    count: AtomicU32,
    value: T,
}

/// One value with several owners; freed with the last of them.
pub struct Shared<T> {
    counted: NonNull<Counted<T>>,
    owns: PhantomData<Counted<T>>,
}

// SAFETY: the count is atomic, and the value is only shared.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Moves the value into memory of its own.
    pub fn new(value: T) -> Result<Shared<T>, OutOfMemory> {
        let owned = Owned::new(Counted { count: AtomicU32::new(1), value })?;
        let counted = owned.value;
        core::mem::forget(owned);
        Ok(Shared { counted, owns: PhantomData })
    }

    /// The value's address, the same for all owners.
    pub fn as_ptr(&self) -> *const T {
        // SAFETY: the value is live as long as one of its owners.
        unsafe { &raw const (*self.counted.as_ptr()).value }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        // SAFETY: live as long as `self`.
        unsafe { self.counted.as_ref() }.count.fetch_add(1, Ordering::Relaxed);
        Shared { counted: self.counted, owns: PhantomData }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: live as long as `self`.
        unsafe { &self.counted.as_ref().value }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: live as long as `self`.
        if unsafe { self.counted.as_ref() }.count.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: this was the last owner.
            drop(unsafe { Owned::from_raw(self.counted.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std_alloc::rc::Rc;

    #[test]
    fn a_list_keeps_its_items_through_growing_and_shrinking() {
        let mut list = List::new();
        for i in 0..100 {
            list.push(i).unwrap();
        }
        list.shrink();
        assert_eq!(list.capacity, 100);
        list.push(100).unwrap();
        assert!(list.iter().copied().eq(0..=100));
        assert_eq!(list.pop(), Some(100));
        list.truncate(0);
        assert_eq!(list.pop(), None);
        list.shrink();
        assert_eq!(list.capacity, 0);
        assert!(List::<u32>::with_capacity(usize::MAX).is_err());
        assert!(List::<u32>::zeroed(usize::MAX / 2).is_err());
    }

    #[test]
    fn owners_drop_their_value_once() {
        let witness = Rc::new(());
        let owned = Owned::new(witness.clone()).unwrap();
        let shared = Shared::new(witness.clone()).unwrap();
        let again = shared.clone();
        assert_eq!(shared.as_ptr(), again.as_ptr());
        let mut list = List::new();
        list.push(witness.clone()).unwrap();
        assert_eq!(Rc::strong_count(&witness), 4);
        drop((owned, shared));
        assert_eq!(Rc::strong_count(&witness), 3);
        drop((again, list));
        assert_eq!(Rc::strong_count(&witness), 1);
    }
}
