//! Memory for the runtime while the C API is called, counted, from where RuntimeInitArgs says; and
//! an allocator of the application's that fails when it is told to.
//!
//! In a firmware all of Rust's memory is the runtime's. Here the fuzzer shares the process, so the
//! global allocator asks on which side of the API it is called.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::c_void;

use zonda::capi::RuntimeAllocator;

thread_local! {
    /// Whether this thread is in the runtime.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Blocks that the runtime has.
    static BLOCKS: Cell<usize> = const { Cell::new(0) };
    /// Blocks that the application's allocator gave.
    static GIVEN: Cell<usize> = const { Cell::new(0) };
    /// How many allocations succeed before one fails; 0 for all.
    static FAIL_AT: Cell<u32> = const { Cell::new(0) };
    static FAILURES: Cell<u32> = const { Cell::new(0) };
}

fn inside() -> bool {
    INSIDE.try_with(Cell::get).unwrap_or(false)
}

struct Sides;

#[global_allocator]
static SIDES: Sides = Sides;

// SAFETY: both allocators are ones; a block is freed on the side where it was allocated, as no
// memory changes hands through the C API.
unsafe impl GlobalAlloc for Sides {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !inside() {
            // SAFETY: handed on.
            return unsafe { System.alloc(layout) };
        }
        // SAFETY: handed on.
        let at = unsafe { RuntimeAllocator.alloc(layout) };
        BLOCKS.set(BLOCKS.get() + usize::from(!at.is_null()));
        at
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if !inside() {
            // SAFETY: handed on.
            return unsafe { System.dealloc(at, layout) };
        }
        BLOCKS.set(BLOCKS.get() - 1);
        // SAFETY: handed on.
        unsafe { RuntimeAllocator.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: handed on.
        unsafe {
            if inside() {
                RuntimeAllocator.realloc(at, layout, size)
            } else {
                System.realloc(at, layout, size)
            }
        }
    }
}

struct Back(bool);

impl Drop for Back {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// Calls the runtime.
pub fn enter<R>(body: impl FnOnce() -> R) -> R {
    let _back = Back(INSIDE.replace(true));
    body()
}

/// What a native function does that is not a call of the runtime.
pub fn leave<R>(body: impl FnOnce() -> R) -> R {
    let _back = Back(INSIDE.replace(false));
    body()
}

/// Blocks that the runtime has allocated through Rust, and those that the application's allocator
/// gave.
pub fn live() -> (usize, usize) {
    (BLOCKS.get(), GIVEN.get())
}

/// Has the n-th allocation from now on fail; 0: none.
pub fn fail_at(number: u32) {
    FAIL_AT.set(number);
}

/// How many have failed.
pub fn failures() -> u32 {
    FAILURES.get()
}

/// Bytes before a block that hold its size.
const HEADER: usize = 16;

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEADER)?, HEADER).ok()
}

/// The application's malloc.
pub unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    let left = FAIL_AT.get();
    FAIL_AT.set(left.saturating_sub(1));
    let Some(layout) = layout(size).filter(|_| left != 1 && size < 1 << 22) else {
        FAILURES.set(FAILURES.get() + 1);
        return std::ptr::null_mut();
    };
    // SAFETY: the layout is not empty, and the block holds the header.
    unsafe {
        let at = System.alloc(layout);
        assert!(!at.is_null());
        at.cast::<usize>().write(size);
        GIVEN.set(GIVEN.get() + 1);
        at.add(HEADER).cast()
    }
}

/// The application's free.
pub unsafe extern "C" fn free(at: *mut c_void) {
    if at.is_null() {
        return;
    }
    // SAFETY: the header stands before the block.
    unsafe {
        let at = at.cast::<u8>().sub(HEADER);
        let layout = layout(at.cast::<usize>().read()).expect("it was allocated with it");
        GIVEN.set(GIVEN.get() - 1);
        System.dealloc(at, layout);
    }
}

/// The application's realloc, which always moves the block.
pub unsafe extern "C" fn realloc(at: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the header stands before the block; both are as long as what is copied.
    unsafe {
        let new = malloc(size);
        if !new.is_null() && !at.is_null() {
            let before = at.cast::<u8>().sub(HEADER).cast::<usize>().read();
            new.cast::<u8>().copy_from_nonoverlapping(at.cast(), before.min(size));
            free(at);
        }
        new
    }
}
