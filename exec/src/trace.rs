//! The frames of a call, from the innermost one outwards (feature `trace`).

use crate::frame::{Boundary, Context, FuncLayout, Header, Place, HEADER};
use crate::instance::ExecInstance;

/// What a [`Place`] keeps of the frame in which execution stopped.
#[derive(Clone, Copy)]
pub struct Trace(*mut u32);

impl Trace {
    /// Of the running frame.
    pub(crate) fn of(context: &Context) -> Trace {
        Trace(context.fp)
    }
}

/// Notes the running frame in the context of a call that stops.
#[allow(dead_code)]
pub(crate) fn stop(context: &mut Context, fp: *mut u32) {
    context.fp = fp;
}

/// An active call.
#[derive(Clone, Copy)]
pub struct Frame {
    pub func: *const FuncLayout,
    /// Where it runs, or continues.
    pub pc: *const u8,
    pub instance: *const ExecInstance,
    pub fp: *mut u32,
}

impl Frame {
    /// The running frame; `None` when no code runs.
    pub fn running(context: &Context) -> Option<Frame> {
        let Context { func, pc, instance, fp, .. } = *context;
        (!func.is_null()).then_some(Frame { func, pc, instance, fp })
    }

    /// The frame in which execution stopped.
    pub fn stopped(place: &Place) -> Frame {
        let Place { func, pc, instance, trace } = *place;
        Frame { func, pc, instance, fp: trace.0 }
    }

    /// The locals, parameters first, and how many slots they take; `None` for native code, whose
    /// locals lie elsewhere.
    ///
    /// # Safety
    /// As for [`Frame::caller`].
    pub unsafe fn locals(&self) -> Option<(*const u32, usize)> {
        // SAFETY: a frame's instance and its function's record are live.
        unsafe {
            if (*self.instance).mode.is_native() {
                return None;
            }
            Some((self.start(), (*self.func).locals as usize))
        }
    }

    /// Slot 0 of the frame. The frame pointer of a large function in fast mode is elsewhere.
    ///
    /// # Safety
    /// As for [`Frame::caller`], and the frame is not one of native code.
    unsafe fn start(&self) -> *mut u32 {
        #[cfg(feature = "fast")]
        // SAFETY: the contract of this function: instance and record are live, and the frame is one
        // of its mode.
        unsafe {
            if (*self.instance).mode == crate::Mode::Fast {
                let moved = crate::fast::moved(&*self.instance, self.func.cast(), self.pc);
                return self.fp.wrapping_offset(-moved);
            }
        }
        self.fp
    }

    /// The caller's frame; `None` when the host is the caller, and for native code, whose frames
    /// lie elsewhere.
    ///
    /// # Safety
    /// The frame is active, or execution has stopped in it or in one that it called, and nothing
    /// has used the operand stack since. Its function's record is live.
    pub unsafe fn caller(&self) -> Option<Frame> {
        // SAFETY: a frame's instance is live.
        if unsafe { (*self.instance).mode.is_native() } {
            return None;
        }
        // SAFETY: every frame has its header behind its locals, and a boundary behind that when its
        // `pc` is null; when the host is the caller, the boundary's instance is null.
        unsafe {
            let at = self.start().add((*self.func).locals as usize);
            let header = Header::read(at);
            let (pc, instance) = if header.pc.is_null() {
                let boundary = at.add(HEADER).cast::<Boundary>().read_unaligned();
                if boundary.instance.is_null() {
                    return None;
                }
                (boundary.pc, boundary.instance)
            } else {
                (header.pc, self.instance)
            };
            Some(Frame { func: header.func, pc, instance, fp: header.fp })
        }
    }
}
