//! An allocator that counts and can fail, for the tests that prove "every allocation can fail, and
//! nothing leaks".
//!
//! A test binary that uses it names it as its global allocator:
//! ```ignore
//! #[global_allocator]
//! static ALLOCATOR: failing::Failing = failing::Failing;
//! ```
//! Counting happens only inside of [`watch`], and only on the thread that called it, so the test
//! harness and other tests are not disturbed.

#![allow(dead_code)] // Every test binary compiles this file for itself, and not all use all of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Which allocations of a [`watch`] fail, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fail {
    Never,
    /// Only this one.
    Only(u64),
    /// This one and all that follow.
    From(u64),
}

/// What happened during a [`watch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Allocations, and reallocations to a larger size, that were asked for.
    pub allocations: u64,
    /// How many of them were refused.
    pub failed: u64,
    /// Bytes that were allocated and not freed.
    pub leaked: i64,
    /// Blocks that were allocated and not freed.
    pub leaked_blocks: i64,
    /// The most bytes that were allocated at once.
    pub peak: i64,
}

#[derive(Clone, Copy)]
struct State {
    fail: Option<Fail>,
    watched: Watched,
    live: i64,
    live_blocks: i64,
}

const IDLE: State = State {
    fail: None,
    watched: Watched { allocations: 0, failed: 0, leaked: 0, leaked_blocks: 0, peak: 0 },
    live: 0,
    live_blocks: 0,
};

thread_local! {
    // `const`, and without a destructor: reading it never allocates.
    static STATE: Cell<State> = const { Cell::new(IDLE) };
}

/// Runs `body` with these failures and says what it allocated. What it makes it also has to drop,
/// or return.
pub fn watch<R>(fail: Fail, body: impl FnOnce() -> R) -> (R, Watched) {
    STATE.with(|state| state.set(State { fail: Some(fail), ..IDLE }));
    let result = body();
    let state = STATE.with(|state| state.replace(IDLE));
    (result, Watched { leaked: state.live, leaked_blocks: state.live_blocks, ..state.watched })
}

/// The system's allocator, watched.
pub struct Failing;

impl Failing {
    /// Counts a request that changes the live bytes by `change`, and the live blocks by `blocks`,
    /// when it succeeds; returns whether it must fail.
    fn refuses(&self, change: i64, blocks: i64) -> bool {
        STATE.with(|cell| {
            let mut state = cell.get();
            let Some(fail) = state.fail else { return false };
            let number = state.watched.allocations;
            state.watched.allocations += 1;
            let refused = match fail {
                Fail::Never => false,
                Fail::Only(nth) => number == nth,
                Fail::From(nth) => number >= nth,
            };
            if refused {
                state.watched.failed += 1;
            } else {
                state.live += change;
                state.live_blocks += blocks;
                state.watched.peak = state.watched.peak.max(state.live);
            }
            cell.set(state);
            refused
        })
    }

    fn freed(&self, bytes: usize, blocks: i64) {
        STATE.with(|cell| {
            let mut state = cell.get();
            if state.fail.is_some() {
                state.live -= bytes as i64;
                state.live_blocks -= blocks;
                cell.set(state);
            }
        });
    }
}

// SAFETY: every request is passed to the system's allocator as it came, or refused with null, which
// the trait allows.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.refuses(layout.size() as i64, 1) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.refuses(layout.size() as i64, 1) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let more = size as i64 - layout.size() as i64;
        if more <= 0 {
            // Giving back asks for nothing, so it cannot fail.
            self.freed(more.unsigned_abs() as usize, 0);
        } else if self.refuses(more, 0) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.freed(layout.size(), 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
