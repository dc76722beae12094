//! How much native stack the current thread of a Linux system has left.

extern crate std;

use core::cell::Cell;
use core::mem::MaybeUninit;

/// Where a stack lies: its lowest address and its size in bytes.
#[derive(Clone, Copy)]
pub(super) struct Stack {
    lowest: usize,
    size: usize,
}

std::thread_local! {
    /// The stack of this thread: the system takes microseconds to tell, and reads a file for the main thread.
    static STACK: Cell<Option<Stack>> = const { Cell::new(None) };
}

/// Where the stack of this thread is, from the system.
pub(super) fn ask() -> Option<Stack> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut lowest, mut size) = (core::ptr::null_mut(), 0);
    // SAFETY: stores the attributes of a thread that runs. They are read and destroyed only if that
    // succeeds, and not used any more.
    let found = unsafe {
        libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) == 0 && {
            let found =
                libc::pthread_attr_getstack(attributes.as_ptr(), &mut lowest, &mut size) == 0;
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            found
        }
    };
    found.then_some(Stack { lowest: lowest.addr(), size })
}

/// Bytes that are left of the current thread's stack; `None` if the system does not tell, or on a
/// stack that it does not know, as a coroutine's.
pub(super) fn left() -> Option<usize> {
    let here = 0u8;
    let stack = STACK.get().or_else(|| {
        let stack = ask();
        STACK.set(stack);
        stack
    })?;
    let left = (&raw const here).addr().wrapping_sub(stack.lowest);
    (left < stack.size).then_some(left)
}
