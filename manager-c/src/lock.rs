//! A lock of the platform around a value.

use core::cell::{Cell, UnsafeCell};

use zonda_manager::platform::Mutex;

use crate::system::{zonda_apps_lock, zonda_apps_new_lock, zonda_apps_unlock};

/// A lock of the platform. The locks of Zephyr let the thread that has one take it again, so
/// `is_taken` tells whether the value is in use.
pub struct Lock<T> {
    number: u32,
    is_taken: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: `with` touches `is_taken` and `value` only while it has the platform's lock of this
// number, which one thread has at a time; `T` is `Send`, so that one thread after another may use
// it.
unsafe impl<T: Send> Sync for Lock<T> {}
// SAFETY: number, flag and value belong to nobody else, and `T` is `Send`.
unsafe impl<T: Send> Send for Lock<T> {}

impl<T: Send> Mutex<T> for Lock<T> {
    fn new(value: T) -> Lock<T> {
        // SAFETY: the function has no precondition.
        let number = unsafe { zonda_apps_new_lock() };
        Lock { number, is_taken: Cell::new(false), value: UnsafeCell::new(value) }
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the number is that of a lock, which `guard` opens.
        unsafe { zonda_apps_lock(self.number) };
        if self.is_taken.replace(true) {
            // The manager takes no lock twice: going on would make two references to the value.
            zonda::capi::abort("zonda: a lock of the application manager is taken twice");
        }
        // SAFETY: this thread has the lock, so no other one uses the value, and `is_taken` was
        // false, so this one does not either. The reference ends with `f`.
        let result = f(unsafe { &mut *self.value.get() });
        self.is_taken.set(false);
        // SAFETY: this thread has locked it above. Code of the firmware does not unwind (panic =
        // "abort").
        unsafe { zonda_apps_unlock(self.number) };
        result
    }
}
