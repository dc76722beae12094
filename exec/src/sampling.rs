//! Which function runs, for a profile (feature `sampling`).
//!
//! The loops write the running function to the meter whenever it changes: at calls, at returns, and
//! where they begin. So a timer's interrupt handler finds it with one atomic load, whatever the loop
//! was doing, and no instruction of the program is treated differently from another.
//!
//! Depends on [`crate::frame`], [`crate::instance`] and `crate::mode`. Owns the rule what a handler
//! may read: the word here, and fields of the instance, which it reads one by one and never follows.

use crate::frame::FuncLayout;
use crate::instance::ExecInstance;
use crate::meter::Meter;
use crate::Mode;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

/// The record of the function that runs, in a [`Meter`]; null for none. Only the thread that runs
/// the code writes it.
#[repr(transparent)]
pub struct Running(AtomicPtr<FuncLayout>);

/// What ran before a call by the host.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Before(*mut FuncLayout);

impl Before {
    pub(crate) const NOTHING: Before = Before(null_mut());
}

impl Running {
    pub(crate) const fn new() -> Running {
        Running(AtomicPtr::new(null_mut()))
    }

    /// A function runs from now on.
    #[inline(always)]
    #[cfg_attr(all(thumb2, not(feature = "portable")), allow(dead_code))]
    pub(crate) fn set(&self, func: *const FuncLayout) {
        self.0.store(func.cast_mut(), Ordering::Relaxed);
    }

    /// A call by the host begins.
    #[inline(always)]
    pub(crate) fn begin(&self) -> Before {
        Before(self.0.load(Ordering::Relaxed))
    }

    /// It has ended.
    #[inline(always)]
    pub(crate) fn end(&self, before: Before) {
        self.0.store(before.0, Ordering::Relaxed);
    }
}

/// Bytes of the record of a function; `None` for native code, which does not say what runs.
fn record(mode: Mode) -> Option<usize> {
    match mode {
        #[cfg(feature = "classic")]
        Mode::Classic => Some(size_of::<crate::frame::ClassicFunc>()),
        #[cfg(feature = "fast")]
        Mode::Fast => Some(size_of::<crate::frame::FastFunc>()),
        #[cfg(feature = "native")]
        Mode::Native => None,
    }
}

/// Where the records of an instance's functions lie: turns a record into the index of its function.
#[derive(Clone, Copy)]
pub struct Records {
    /// The address of what would be the record of function 0.
    first: usize,
    size: usize,
    imported: u32,
    /// Functions, imported ones included.
    funcs: u32,
}

impl Records {
    /// Those of an instance that has so many functions, imported ones included; `None` where it runs
    /// native code. May be called by an interrupt handler.
    ///
    /// # Safety
    /// The instance is live.
    pub unsafe fn of(instance: *const ExecInstance, funcs: u32) -> Option<Records> {
        // SAFETY: the contract of this function. The thread that an interrupt handler has stopped
        // may be changing the instance's mode: each field is read once, and none is followed.
        let (first, mode, imported) = unsafe {
            let first = (&raw const (*instance).funcs).read_volatile();
            let mode = (&raw const (*instance).mode).read_volatile();
            (first, mode, (&raw const (*instance).import_count).read_volatile())
        };
        Some(Records { first: first.addr(), size: record(mode)?, imported, funcs })
    }

    /// The index of the function that runs, if it is one of the instance. May be called by an
    /// interrupt handler, and by other threads.
    pub fn running(&self, meter: &Meter) -> Option<u32> {
        self.index(meter.running.0.load(Ordering::Relaxed).addr())
    }

    fn index(&self, func: usize) -> Option<u32> {
        let distance = func.wrapping_sub(self.first);
        let index = u32::try_from(distance / self.size).ok()?;
        let is_record = func != 0 && distance.is_multiple_of(self.size);
        (is_record && (self.imported..self.funcs).contains(&index)).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_index_of_its_function() {
        let records = Records { first: 0x1000, size: 16, imported: 2, funcs: 5 };
        for (address, index) in [
            (0x1020, Some(2)),
            (0x1040, Some(4)),
            // An import has no record; behind the last function; inside of a record; elsewhere.
            (0x1010, None),
            (0x1050, None),
            (0x1028, None),
            (0xff0, None),
            (0, None),
            (usize::MAX, None),
        ] {
            assert_eq!(records.index(address), index, "{address:x}");
        }
        // Records that begin at the end of the address range.
        let records = Records { first: 0usize.wrapping_sub(32), size: 16, imported: 2, funcs: 5 };
        assert_eq!((records.index(16), records.index(0)), (Some(3), None));
    }

    #[test]
    fn a_call_of_the_host_ends_with_what_ran_before() {
        let meter = Meter::new();
        let (outer, inner) = (0x1000 as *const FuncLayout, 0x1010 as *const FuncLayout);
        meter.running.set(outer);
        let before = meter.running.begin();
        meter.running.set(inner);
        assert_eq!(meter.running.0.load(Ordering::Relaxed).addr(), 0x1010);
        meter.running.end(before);
        assert_eq!(meter.running.0.load(Ordering::Relaxed).addr(), 0x1000);
    }
}
