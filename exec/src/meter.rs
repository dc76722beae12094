//! What can stop code that runs: the embedder's wish, and fuel.
//!
//! Both are looked at where control can come back to the same place: at each call and at each branch to a
//! loop. One unit of fuel is one call or one such branch; code between two of them is finite.

use core::sync::atomic::{AtomicU32, Ordering};

/// Shared by all calls into one store. `interrupt` may be written by other threads and by interrupt handlers.
#[repr(C)]
pub struct Meter {
    interrupt: AtomicU32,
    #[cfg(feature = "fuel")]
    fuel: core::cell::Cell<u64>,
}

// SAFETY: `fuel` is touched only by the thread that owns the store; other threads reach a meter through
// `interrupt`, which is atomic.
unsafe impl Sync for Meter {}

impl Default for Meter {
    fn default() -> Meter {
        Meter::new()
    }
}

impl Meter {
    /// Without a wish to stop, and with unlimited fuel.
    pub const fn new() -> Meter {
        Meter {
            interrupt: AtomicU32::new(0),
            #[cfg(feature = "fuel")]
            fuel: core::cell::Cell::new(u64::MAX),
        }
    }

    /// Asks running code to stop at its next call or loop. May be called from any thread.
    pub fn interrupt(&self) {
        self.interrupt.store(1, Ordering::Relaxed);
    }

    /// Takes the wish back.
    pub fn clear_interrupt(&self) {
        self.interrupt.store(0, Ordering::Relaxed);
    }

    /// Whether the embedder asked to stop.
    #[inline(always)]
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed) != 0
    }

    /// Why [`Meter::pass`] said no.
    #[cold]
    pub fn reason(&self) -> crate::TrapCode {
        if self.is_interrupted() || cfg!(not(feature = "fuel")) {
            crate::TrapCode::Terminated
        } else {
            crate::TrapCode::OutOfFuel
        }
    }

    /// Accounts for one call or one turn of a loop: false when execution has to stop.
    #[cfg(not(feature = "fuel"))]
    #[inline(always)]
    pub fn pass(&self) -> bool {
        !self.is_interrupted()
    }

    /// Accounts for one call or one turn of a loop: false when execution has to stop.
    #[cfg(feature = "fuel")]
    #[inline(always)]
    pub fn pass(&self) -> bool {
        if self.is_interrupted() {
            return false;
        }
        let fuel = self.fuel.get();
        if fuel == 0 {
            return false;
        }
        // Unlimited is a number that nobody lives to see used up.
        self.fuel.set(fuel - 1);
        true
    }

    /// Fuel that is left, in calls and turns of loops; `u64::MAX` at the start.
    #[cfg(feature = "fuel")]
    pub fn fuel(&self) -> u64 {
        self.fuel.get()
    }

    /// Sets the fuel that is left.
    #[cfg(feature = "fuel")]
    pub fn set_fuel(&self, fuel: u64) {
        self.fuel.set(fuel);
    }
}
