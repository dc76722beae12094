//! The heap of an application: an array in its linear memory, so that its size is known, with a
//! list of free blocks by their addresses. Neighbours that are free become one.

use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, UnsafeCell};

use core::ptr::null_mut;

/// Blocks are multiples of this, and lie at multiples of it.
const UNIT: usize = 8;

/// A free block: its bytes, and the next one.
struct Free {
    len: usize,
    next: *mut Free,
}

#[repr(C, align(8))]
struct Area<const N: usize> {
    bytes: [u8; N],
    first: *mut Free,
    is_ready: bool,
}

/// An allocator over `N` bytes, a multiple of 16.
pub struct Heap<const N: usize>(UnsafeCell<Area<N>>);

// SAFETY: an application has one thread, and handlers of it do not interrupt each other.
unsafe impl<const N: usize> Sync for Heap<N> {}

impl<const N: usize> Heap<N> {
    /// An empty heap.
    pub const fn new() -> Heap<N> {
        assert!(N >= 64 && N % 16 == 0, "the heap of an application is a multiple of 16 bytes");
        Heap(UnsafeCell::new(Area { bytes: [0; N], first: null_mut(), is_ready: false }))
    }
}

impl<const N: usize> Default for Heap<N> {
    fn default() -> Self {
        Heap::new()
    }
}

/// Bytes of the block for a layout: room for what stands in a free block, whole units.
fn block(layout: Layout) -> usize {
    layout.size().max(size_of::<Free>()).next_multiple_of(UNIT)
}

// SAFETY: blocks come from the area, are disjoint, and go back once, with the layout that they
// were allocated with; that is what callers of `GlobalAlloc` promise.
unsafe impl<const N: usize> GlobalAlloc for Heap<N> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let area = self.0.get();
        let len = block(layout);
        // SAFETY: one thread uses the area, and no reference into it is kept. Free blocks are in
        // the area, at multiples of `UNIT`, and have room for a `Free`.
        unsafe {
            if !(*area).is_ready {
                (*area).is_ready = true;
                (*area).first = (&raw mut (*area).bytes).cast();
                (*area).first.write(Free { len: N, next: null_mut() });
            }
            if layout.align() > UNIT {
                return null_mut();
            }
            let mut link = &raw mut (*area).first;
            while !(*link).is_null() {
                let free = *link;
                let rest = (*free).len.wrapping_sub(len);
                if (*free).len == len || (*free).len > len && rest >= size_of::<Free>() {
                    *link = if rest == 0 {
                        (*free).next
                    } else {
                        let behind: *mut Free = free.byte_add(len);
                        behind.write(Free { len: rest, next: (*free).next });
                        behind
                    };
                    return free.cast();
                }
                link = &raw mut (*free).next;
            }
            null_mut()
        }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let area = self.0.get();
        let len = block(layout);
        let freed: *mut Free = at.cast();
        // SAFETY: as in `alloc`; the block is of `len` bytes and nobody uses it any more.
        unsafe {
            let mut before: *mut Free = null_mut();
            let mut next = (*area).first;
            while !next.is_null() && next < freed {
                before = next;
                next = (*next).next;
            }
            freed.write(Free { len, next });
            if !next.is_null() && freed.byte_add(len) == next {
                freed.write(Free { len: len + (*next).len, next: (*next).next });
            }
            if before.is_null() {
                (*area).first = freed;
            } else if before.byte_add((*before).len) == freed {
                (*before).len += (*freed).len;
                (*before).next = (*freed).next;
            } else {
                (*before).next = freed;
            }
        }
    }
}

/// A value that one thread uses, which an application has.
pub struct OneThread<T>(Cell<T>);

// SAFETY: an application has one thread, and handlers of it do not interrupt each other.
unsafe impl<T> Sync for OneThread<T> {}

impl<T: Default> OneThread<T> {
    pub const fn new(value: T) -> OneThread<T> {
        OneThread(Cell::new(value))
    }

    pub fn take(&self) -> T {
        self.0.take()
    }

    pub fn set(&self, value: T) {
        self.0.set(value);
    }
}

/// What the manager has allocated for what it passes.
static BUFFERS: OneThread<Vec<Vec<u8>>> = OneThread::new(Vec::new());

fn address(bytes: &[u8]) -> u32 {
    bytes.as_ptr().expose_provenance() as u32
}

/// Memory for what the manager passes to the application; 0 if there is none.
pub fn allocate(len: u32) -> u32 {
    let mut buffers = BUFFERS.take();
    let mut bytes = Vec::new();
    let has_room = bytes.try_reserve_exact(len as usize).and_then(|()| buffers.try_reserve(1));
    let mut at = 0;
    if has_room.is_ok() {
        bytes.resize(len as usize, 0);
        at = address(&bytes);
        buffers.push(bytes);
    }
    BUFFERS.set(buffers);
    at
}

/// Frees it.
pub fn free(at: u32) {
    let mut buffers = BUFFERS.take();
    buffers.retain(|bytes| address(bytes) != at);
    BUFFERS.set(buffers);
}

/// Calls `f` with what the manager has passed there.
pub fn buffer(at: u32, len: u32, f: impl FnOnce(&[u8])) {
    let buffers = BUFFERS.take();
    // What the manager wrote since `allocate`, the compiler does not know of.
    let found = core::hint::black_box(&buffers).iter().find(|bytes| address(bytes) == at);
    if let Some(bytes) = found.and_then(|bytes| bytes.get(..len as usize)) {
        f(bytes);
    }
    BUFFERS.set(buffers);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_disjoint_and_come_back() {
        let heap = Heap::<1024>::new();
        let sizes = [1, 8, 20, 40, 100, 3, 64];
        for round in 0..50usize {
            let mut held = alloc::vec::Vec::new();
            for turn in 0..30 {
                let size = sizes[(round * 7 + turn * 3) % sizes.len()];
                let layout = Layout::from_size_align(size, 8).unwrap();
                // SAFETY: the layout has a size.
                let at = unsafe { heap.alloc(layout) };
                if at.is_null() {
                    break;
                }
                // SAFETY: the block has this size.
                unsafe { at.write_bytes(turn as u8, size) };
                held.push((at, layout, turn as u8));
            }
            assert!(held.len() >= 8);
            // In another order than they came.
            while !held.is_empty() {
                let (at, layout, value) = held.swap_remove(round * 5 % held.len());
                // SAFETY: the block is live, and freed once.
                unsafe {
                    for index in 0..layout.size() {
                        assert_eq!(at.add(index).read(), value);
                    }
                    heap.dealloc(at, layout);
                }
            }
        }
        // All of it is one block again.
        let all = Layout::from_size_align(1024, 8).unwrap();
        // SAFETY: the layout has a size; what is allocated is freed.
        unsafe {
            let at = heap.alloc(all);
            assert!(!at.is_null());
            assert!(heap.alloc(Layout::new::<u64>()).is_null());
            heap.dealloc(at, all);
        }
    }
}
