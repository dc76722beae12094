//! What the C API learns of calls that stop and of memories that do not grow (feature
//! `diagnostics`).

use zonda_exec::frame::Place;
use zonda_exec::trace::Frame;

/// Called when `memory.grow` fails: with [`Context::host`](zonda_exec::frame::Context::host), the
/// pages, the size of the memory in bytes, its index, and whether its maximum is the reason.
pub(crate) type GrowFailed = unsafe fn(*mut (), u32, usize, u32, bool);

pub(crate) struct Observer {
    /// Where the last call stopped, until somebody takes it.
    pub(crate) stopped: Option<Frame>,
    pub(crate) grow_failed: Option<GrowFailed>,
}

impl Observer {
    pub(super) const NEW: Observer = Observer { stopped: None, grow_failed: None };

    /// A call has stopped; without a place, before it began.
    pub(super) fn stop(&mut self, place: Option<&Place>) {
        self.stopped = place.map(Frame::stopped);
    }

    /// `memory.grow` has failed.
    ///
    /// # Safety
    /// `host` is that of the running call.
    pub(super) unsafe fn fail_to_grow(
        &self,
        host: *mut (),
        delta: u32,
        size: usize,
        index: u32,
        limit: bool,
    ) {
        if let Some(grow_failed) = self.grow_failed {
            // SAFETY: the contract of this function is that of the callback.
            unsafe { grow_failed(host, delta, size, index, limit) }
        }
    }
}
