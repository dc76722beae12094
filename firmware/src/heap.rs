//! The allocator of images that use the Rust API: a first-fit list over the board's heap that counts what is in use. An image names it
//! with [`use_heap!`](crate::use_heap).

use crate::board;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use linked_list_allocator::Heap;

/// The allocator; its state is the one of this file.
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

// SAFETY: the images have one thread, and no interrupt handler allocates.
unsafe impl Sync for Owned {}

static STATE: Owned = Owned(UnsafeCell::new(State { heap: Heap::empty(), peak: 0 }));

fn state() -> *mut State {
    STATE.0.get()
}

/// Gives the allocator the board's heap. Called once, before the first allocation.
pub fn init() {
    // SAFETY: memory that nobody else uses; one thread.
    unsafe { (*state()).heap.init(board::heap_start(), board::HEAP_BYTES) }
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
        let state = unsafe { &mut *state() };
        let block = state.heap.allocate_first_fit(layout).map_or(ptr::null_mut(), NonNull::as_ptr);
        state.peak = state.peak.max(state.heap.used());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller returns what `alloc` gave for this layout, which is not null.
        unsafe { (*state()).heap.deallocate(NonNull::new_unchecked(block), layout) }
    }
}
