//! The allocator of images that use the Rust API: a first-fit list over the board's heap that
//! counts the bytes in use. [`use_heap!`](crate::use_heap) makes it the image's global allocator.

use crate::board;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use linked_list_allocator::Heap;

/// The allocator. Its state is `STATE`.
pub struct Counting;

/// Makes [`Counting`] the image's global allocator.
#[macro_export]
macro_rules! use_heap {
    () => {
        #[global_allocator]
        static ALLOCATOR: $crate::heap::Counting = $crate::heap::Counting;
    };
}

struct State {
    heap: Heap,
    peak: usize,
}

struct Owned(UnsafeCell<State>);

// SAFETY: the images have one thread, and no interrupt handler allocates, so nothing is shared.
unsafe impl Sync for Owned {}

static STATE: Owned = Owned(UnsafeCell::new(State { heap: Heap::empty(), peak: 0 }));

fn state() -> *mut State {
    STATE.0.get()
}

/// Hands the board's heap to the allocator. Called once, before the first allocation.
pub fn init() {
    // SAFETY: the board reserves this memory for the heap; `init` of every image is the only
    // caller; one thread.
    unsafe { (*state()).heap.init(board::heap_start(), board::HEAP_BYTES) }
}

/// Bytes in use, as the allocator rounds them.
pub fn used() -> usize {
    // SAFETY: one thread, and no borrow of the state outlives a function of this file.
    unsafe { (*state()).heap.used() }
}

/// The largest number of bytes in use since [`reset_peak`].
pub fn peak() -> usize {
    // SAFETY: one thread, and no borrow of the state outlives a function of this file.
    unsafe { (*state()).peak }
}

pub fn reset_peak() {
    // SAFETY: one thread, and no borrow of the state outlives a function of this file.
    unsafe { (*state()).peak = used() }
}

// SAFETY: `Heap` returns memory that fits the layout and that it has not returned to anybody else,
// or an error, which becomes null.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and no borrow of the state outlives a function of this file.
        let state = unsafe { &mut *state() };
        let block = state.heap.allocate_first_fit(layout).map_or(ptr::null_mut(), NonNull::as_ptr);
        state.peak = state.peak.max(state.heap.used());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one thread, as above. The contract of `GlobalAlloc`: `alloc` returned `block` for
        // this layout, and it was not null.
        unsafe { (*state()).heap.deallocate(NonNull::new_unchecked(block), layout) }
    }
}
