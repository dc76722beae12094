//! An allocator that notices what is written behind the operand stack: without a sanitizer nothing
//! else does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::Ordering;
use zonda_fuzz::program::OVERRUNS;

/// Has bytes that nobody may write behind allocations of slots: see [`OVERRUNS`].
struct Guarded;

/// Bytes behind an allocation, more than the header and boundary of a frame.
const GUARD: usize = 1024;
const PATTERN: u8 = 0xa7;

/// Whether an allocation is guarded: of what has the alignment of slots, the operand stack among
/// it.
fn is_guarded(layout: Layout) -> bool {
    layout.align() == 4 && layout.size() >= 128
}

// SAFETY: the blocks are the system's, as large as they have to be or larger; `alloc` and `dealloc`
// compute the same size from a layout.
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_guarded(layout) {
            // SAFETY: the caller's layout.
            return unsafe { System.alloc(layout) };
        }
        let Ok(larger) = Layout::from_size_align(layout.size() + GUARD, 4) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the size is not 0; the guard lies within it.
        unsafe {
            let block = System.alloc_zeroed(larger);
            if !block.is_null() {
                block.add(layout.size()).write_bytes(PATTERN, GUARD);
            }
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !is_guarded(layout) {
            // SAFETY: it was allocated with this layout.
            return unsafe { System.dealloc(block, layout) };
        }
        // SAFETY: `alloc` reserved as many bytes for this layout and initialized them.
        unsafe {
            let guard = std::slice::from_raw_parts(block.add(layout.size()), GUARD);
            if guard.iter().any(|&byte| byte != PATTERN) {
                OVERRUNS.fetch_add(1, Ordering::Relaxed);
            }
            System.dealloc(block, Layout::from_size_align_unchecked(layout.size() + GUARD, 4));
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_guarded(layout) {
            // SAFETY: the caller's layout; guarded blocks are zeroed.
            return unsafe { self.alloc(layout) };
        }
        // SAFETY: the caller's layout.
        unsafe { System.alloc_zeroed(layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Guarded = Guarded;
