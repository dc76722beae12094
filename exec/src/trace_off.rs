//! What stands for `trace` where it is not built.

use crate::frame::Context;

/// Nothing.
#[derive(Clone, Copy)]
pub struct Trace;

impl Trace {
    #[inline(always)]
    pub(crate) fn of(_: &Context) -> Trace {
        Trace
    }
}

#[cfg(not(feature = "exceptions"))]
#[inline(always)]
#[allow(dead_code)]
pub(crate) fn stop(_: &mut Context, _: *mut u32) {}

/// Notes the frame in which an exception may have been thrown.
#[cfg(feature = "exceptions")]
#[allow(dead_code)]
pub(crate) fn stop(context: &mut Context, fp: *mut u32) {
    context.fp = fp;
}
