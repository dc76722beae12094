//! What stops running code: a termination request of the embedder, and the end of the fuel.
//!
//! Depends on [`crate::sampling`]. The loops check the meter at each call and at each branch to a loop; the
//! code between two of these is finite. One unit of fuel pays for one call or one such branch.
//!
//! Owns the rule who may access what: other threads and interrupt handlers reach a
//! [`TerminationRequest`] and what [`crate::sampling`] says of [`Running`], which are atomic. A [`Meter`] is not `Sync`, so its fuel belongs to
//! the thread that runs the store.

use crate::sampling::Running;
use core::cell::Cell;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};

/// A request to stop the running call, from any thread or interrupt handler.
#[repr(transparent)]
pub struct TerminationRequest(AtomicU32);

impl TerminationRequest {
    /// Stops the running call at its next call or loop iteration. Pending requests coalesce.
    pub fn raise(&self) {
        self.set(TERMINATE);
    }

    /// Clears a pending request.
    pub fn clear(&self) {
        self.unset(TERMINATE);
    }

    /// Whether a request is pending.
    #[inline(always)]
    pub fn is_pending(&self) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        if cfg!(feature = "debug") {
            word & TERMINATE != 0
        } else {
            word != 0
        }
    }

    /// Whether the loops have to look closer.
    #[inline(always)]
    pub(crate) fn is_set(&self) -> bool {
        self.word() != 0
    }

    /// 0 unless the loops have to look closer.
    #[inline(always)]
    pub(crate) fn word(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The bit of a termination request. A debugger has others.
const TERMINATE: u32 = 1;

#[cfg(not(feature = "debug"))]
impl TerminationRequest {
    /// Sets the only bit.
    fn set(&self, bit: u32) {
        self.0.store(bit, Ordering::Relaxed);
    }

    fn unset(&self, _: u32) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(feature = "debug")]
impl TerminationRequest {
    /// Sets a bit, that of a request or another.
    pub(crate) fn set(&self, bit: u32) {
        self.0.fetch_or(bit, Ordering::Relaxed);
    }

    pub(crate) fn unset(&self, bit: u32) {
        self.0.fetch_and(!bit, Ordering::Relaxed);
    }
}

/// Counts down the fuel of a store and holds its termination request.
///
/// It is not `Sync`: what other threads may do with it, they do with its [`TerminationRequest`].
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<zonda_exec::Meter>();
/// ```
#[repr(C)]
pub struct Meter {
    /// Stops the running call.
    pub termination: TerminationRequest,
    /// Fuel that is counted down next. Native code that is metered counts in every build.
    #[cfg(any(feature = "fuel", feature = "native"))]
    slice: Cell<u32>,
    /// Fuel beyond `slice`.
    #[cfg(feature = "fuel")]
    rest: Cell<u64>,
    /// The native stack that native code may use.
    #[cfg(feature = "native")]
    pub native: NativeStack,
    /// The function that runs.
    pub(crate) running: Running,
    /// For a debugger.
    #[cfg(feature = "debug")]
    pub debug: crate::debug::Debug,
    /// Not `Sync`, also without fuel.
    one_thread: PhantomData<Cell<u64>>,
}

/// The offset at which the loops in Thumb-2 instructions read the termination request; the fuel
/// slice follows it.
#[cfg_attr(not(thumb2), allow(dead_code))]
pub(crate) const TERMINATION: usize = core::mem::offset_of!(Meter, termination);

/// The offset of the fuel slice, which native code counts down.
#[cfg(any(feature = "fuel", feature = "native"))]
pub(crate) const SLICE: usize = core::mem::offset_of!(Meter, slice);

/// The offset of the function that runs, which the loops write where a sampler reads it.
#[cfg_attr(not(thumb2), allow(dead_code))]
pub(crate) const RUNNING: usize = core::mem::offset_of!(Meter, running);

#[cfg(feature = "fuel")]
const _: () = assert!(SLICE == TERMINATION + 4);

/// How much native stack native code may use.
#[cfg(feature = "native")]
pub struct NativeStack {
    /// Bytes for a call by the host and everything that it calls.
    pub bytes: Cell<usize>,
    /// The lowest address for the running call; 0 where none runs.
    pub(crate) limit: Cell<usize>,
}

#[cfg(feature = "native")]
impl NativeStack {
    /// 256 KB on a host, 2 KB on a device.
    pub const DEFAULT: usize = if cfg!(target_os = "none") { 2 << 10 } else { 256 << 10 };

    const fn new() -> NativeStack {
        NativeStack { bytes: Cell::new(NativeStack::DEFAULT), limit: Cell::new(0) }
    }
}

impl Default for Meter {
    fn default() -> Meter {
        Meter::new()
    }
}

impl Meter {
    /// A meter without a termination request and with unlimited fuel.
    pub const fn new() -> Meter {
        Meter {
            termination: TerminationRequest(AtomicU32::new(0)),
            #[cfg(any(feature = "fuel", feature = "native"))]
            slice: Cell::new(u32::MAX),
            #[cfg(feature = "fuel")]
            rest: Cell::new(u64::MAX - u32::MAX as u64),
            #[cfg(feature = "native")]
            native: NativeStack::new(),
            running: Running::new(),
            #[cfg(feature = "debug")]
            debug: crate::debug::Debug::new(),
            one_thread: PhantomData,
        }
    }

    /// Why [`Meter::pass`] returned false.
    #[cold]
    pub fn reason(&self) -> crate::TrapCode {
        if self.termination.is_pending() || cfg!(not(feature = "fuel")) {
            crate::TrapCode::Terminated
        } else {
            crate::TrapCode::OutOfFuel
        }
    }

    /// Accounts for one call or one loop iteration. Returns false when execution has to stop.
    #[cfg(not(feature = "fuel"))]
    #[inline(always)]
    pub fn pass(&self) -> bool {
        !self.termination.is_set()
    }

    /// What is left of it behind the termination request.
    #[cfg(not(feature = "fuel"))]
    #[allow(dead_code)]
    pub(crate) fn pass_fuel(&self) -> bool {
        true
    }

    /// Accounts for one call or one loop iteration. Returns false when execution has to stop.
    #[cfg(feature = "fuel")]
    #[inline(always)]
    pub fn pass(&self) -> bool {
        !self.termination.is_set() && self.pass_fuel()
    }

    /// What native code asks where a request is pending or the slice is used up: accounts for one
    /// call or one loop iteration, which it has not counted.
    #[cfg(all(feature = "fuel", feature = "native"))]
    pub(crate) fn pass_native(&self) -> bool {
        self.pass()
    }

    /// The same in a build that counts no fuel: what native code counts down never ends.
    #[cfg(all(not(feature = "fuel"), feature = "native"))]
    pub(crate) fn pass_native(&self) -> bool {
        self.slice.set(u32::MAX);
        self.pass()
    }

    /// Uses one unit of fuel.
    #[cfg(feature = "fuel")]
    #[inline(always)]
    pub(crate) fn pass_fuel(&self) -> bool {
        // Written in any case: many CPUs decrement memory in one instruction.
        let (left, was_empty) = self.slice.get().overflowing_sub(1);
        self.slice.set(left);
        !was_empty || self.refill()
    }

    /// Moves fuel from `rest` to `slice` and uses one unit of it. Returns false when no fuel is
    /// left.
    #[cfg(feature = "fuel")]
    #[cold]
    fn refill(&self) -> bool {
        let slice = self.rest.get().min(u32::MAX as u64);
        self.rest.set(self.rest.get() - slice);
        self.slice.set((slice as u32).saturating_sub(1));
        slice != 0
    }

    /// Fuel that is left, in calls and loop iterations; `u64::MAX` at the start.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_termination_request_of_another_thread_stops_the_meter() {
        let meter = Meter::new();
        assert!(meter.pass());
        std::thread::scope(|scope| {
            let request = &meter.termination;
            scope.spawn(|| request.raise());
        });
        assert!(!meter.pass());
        assert_eq!(meter.reason(), crate::TrapCode::Terminated);
        meter.termination.clear();
        assert!(meter.pass());
    }

    #[cfg(feature = "fuel")]
    #[test]
    fn fuel_is_counted_across_slices() {
        let meter = Meter::new();
        assert_eq!(meter.fuel(), u64::MAX);
        meter.set_fuel(u32::MAX as u64 + 2);
        meter.slice.set(1);
        assert!(meter.pass() && meter.pass() && meter.pass());
        assert!(!meter.pass());
        assert_eq!((meter.fuel(), meter.reason()), (0, crate::TrapCode::OutOfFuel));
        meter.termination.raise();
        assert_eq!(meter.reason(), crate::TrapCode::Terminated);
    }
}
