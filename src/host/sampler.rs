//! Says which function runs, for a profile (feature `sampling`).

use super::linker::Instance;
use super::store::Store;
use crate::alloc::TryArc;
use crate::Error;
use zonda_exec::sampling::Records;
use zonda_exec::Meter;

/// Finds out which function of an instance runs, while another thread runs it, or from the
/// interrupt handler that has interrupted it. Which function it is takes one atomic load; the
/// program does not notice.
#[derive(Clone)]
pub struct Sampler {
    meter: TryArc<Meter>,
    records: Option<Records>,
}

// SAFETY: a sampler reads of the meter what is atomic, and follows no pointer. Owners of the meter
// are counted atomically, and a `Meter` is `Send`.
unsafe impl Send for Sampler {}
// SAFETY: as for `Send`.
unsafe impl Sync for Sampler {}

impl Sampler {
    /// The index of the function that runs, imported ones counted. `None` if no function of the
    /// instance runs, or it runs native code, or its mode has changed since the sampler was made. A
    /// host function runs as a part of the one that has called it.
    pub fn function(&self) -> Option<u32> {
        self.records?.running(&self.meter)
    }
}

impl Instance {
    /// A sampler of the instance.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn sampler<T>(&self, store: &Store<'_, T>) -> Result<Sampler, Error> {
        let data = self.data(store)?;
        // SAFETY: the instance is one of the store.
        let records = unsafe { Records::of(&raw const data.seen, data.func_count()) };
        Ok(Sampler { meter: store.inner.meter.clone(), records })
    }
}
