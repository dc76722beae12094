//! The global allocator: a first-fit list over the board's heap that counts what is in use.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use linked_list_allocator::Heap;

struct Counting(UnsafeCell<State>);

struct State {
    heap: Heap,
    peak: usize,
}

// SAFETY: the images have one thread, and no interrupt handler allocates.
unsafe impl Sync for Counting {}

#[global_allocator]
static ALLOCATOR: Counting = Counting(UnsafeCell::new(State { heap: Heap::empty(), peak: 0 }));

fn state() -> *mut State {
    ALLOCATOR.0.get()
}

/// Gives the allocator its memory. Called once, before the first allocation.
pub fn init(start: *mut u8, bytes: usize) {
    // SAFETY: the one call, with memory that nobody else uses.
    unsafe { (*state()).heap.init(start, bytes) }
}

/// Bytes in use, as the allocator rounds them.
pub fn used() -> usize {
    // SAFETY: one thread, no borrow lives on.
    unsafe { (*state()).heap.used() }
}

/// The most bytes that were in use at once since [`reset_peak`].
pub fn peak() -> usize {
    // SAFETY: as above.
    unsafe { (*state()).peak }
}

pub fn reset_peak() {
    // SAFETY: as above.
    unsafe { (*state()).peak = used() }
}

// SAFETY: `Heap` hands out memory that fits the layout and is in use nowhere else.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, no borrow lives on.
        let state = unsafe { &mut *self.0.get() };
        let block = state.heap.allocate_first_fit(layout).map_or(ptr::null_mut(), NonNull::as_ptr);
        state.peak = state.peak.max(state.heap.used());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller returns what `alloc` gave for this layout, which is not null.
        unsafe { (*self.0.get()).heap.deallocate(NonNull::new_unchecked(block), layout) }
    }
}
