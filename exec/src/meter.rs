//! What can stop code that runs: the embedder's wish, and fuel.
//!
//! Both are looked at where control can come back to the same place: at each call and at each branch to a
//! loop. One unit of fuel is one call or one such branch; code between two of them is finite.

#[cfg(feature = "fuel")]
use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

/// Shared by all calls into one store. `interrupt` may be written by other threads and by interrupt handlers.
#[repr(C)]
pub struct Meter {
    interrupt: AtomicU32,
    /// What is left of the part of the fuel that is counted down next.
    #[cfg(feature = "fuel")]
    slice: Cell<u32>,
    /// The fuel beyond that.
    #[cfg(feature = "fuel")]
    rest: Cell<u64>,
}

/// Where the loops find the fields.
#[cfg_attr(not(thumb2), allow(dead_code))]
pub(crate) const INTERRUPT: usize = core::mem::offset_of!(Meter, interrupt);

// SAFETY: fuel is touched only by the thread that owns the store; other threads reach a meter through
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
            slice: Cell::new(u32::MAX),
            #[cfg(feature = "fuel")]
            rest: Cell::new(u64::MAX - u32::MAX as u64),
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
        // Written in any case, which on many CPUs is one instruction on memory.
        let (left, was_empty) = self.slice.get().overflowing_sub(1);
        self.slice.set(left);
        !was_empty || self.refill()
    }

    /// Takes the next slice and one unit of it.
    #[cfg(feature = "fuel")]
    #[cold]
    fn refill(&self) -> bool {
        let slice = self.rest.get().min(u32::MAX as u64);
        self.rest.set(self.rest.get() - slice);
        self.slice.set((slice as u32).saturating_sub(1));
        slice != 0
    }

    /// Fuel that is left, in calls and turns of loops; `u64::MAX` at the start.
    #[cfg(feature = "fuel")]
    pub fn fuel(&self) -> u64 {
        self.rest.get() + self.slice.get() as u64
    }

    /// Sets the fuel that is left.
    #[cfg(feature = "fuel")]
    pub fn set_fuel(&self, fuel: u64) {
        let slice = fuel.min(u32::MAX as u64);
        self.slice.set(slice as u32);
        self.rest.set(fuel - slice);
    }
}

#[cfg(all(test, feature = "fuel"))]
mod tests {
    use super::*;

    #[test]
    fn fuel_is_counted_across_slices() {
        let meter = Meter::new();
        assert_eq!(meter.fuel(), u64::MAX);
        meter.set_fuel(u32::MAX as u64 + 2);
        meter.slice.set(1);
        assert!(meter.pass() && meter.pass() && meter.pass());
        assert!(!meter.pass());
        assert_eq!((meter.fuel(), meter.reason()), (0, crate::TrapCode::OutOfFuel));
        meter.interrupt();
        assert_eq!(meter.reason(), crate::TrapCode::Terminated);
    }
}
