//! Instances of the C API under a debugger, which the library around the C API defines (feature
//! `debug-instances`).
//!
//! Each instance has a store of its own. The debugger learns of it before its first function runs,
//! and before it is freed.

use crate::debug::{hook, Debugger, Program, Resume, Stop, StopHandle};
use crate::store::StoreData;

/// The debugger of a firmware.
pub trait Debugging: Sync {
    /// There is an instance, whose program `handle` stops. `store` identifies it. Returns whether
    /// the debugger wants it.
    fn added(&self, store: *const (), handle: StopHandle) -> bool;
    /// The program of an instance has stopped, on this thread.
    fn stopped(&self, program: &mut Program, stop: Stop) -> Resume;
    /// No function of the instance runs any more. What `added` has got is not used after this
    /// returns.
    fn removed(&self, store: *const ());
}

// The debugger that the program defines.
extern "Rust" {
    static zonda_debugging: &'static dyn Debugging;
}

/// The debugger that is built in.
fn debugging() -> &'static dyn Debugging {
    // SAFETY: the program defines a constant with this name and type, for it switched the feature
    // on.
    unsafe { zonda_debugging }
}

struct BuiltIn;

impl Debugger for BuiltIn {
    fn stopped(&mut self, program: &mut Program, stop: Stop) -> Resume {
        debugging().stopped(program, stop)
    }
}

pub(super) fn add(store: &StoreData) {
    let handle = StopHandle::of(&store.meter);
    if debugging().added(core::ptr::from_ref(store).cast(), handle) {
        // SAFETY: `BuiltIn` has no fields, so that any pointer is one to a value.
        unsafe {
            let data = core::ptr::NonNull::<BuiltIn>::dangling().as_ptr().cast();
            store.meter.debug.set_hook(Some(hook::<BuiltIn>), data);
        }
    }
}

pub(super) fn remove(store: &StoreData) {
    debugging().removed(core::ptr::from_ref(store).cast());
}
