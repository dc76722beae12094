//! A call by the host that is made again and again, of one function at one place.
//!
//! The first call prepares the state of the instance; what it leaves there holds for the next one,
//! as long as nothing else uses the state ([`Again::call`] says what that is). So the next call
//! writes arguments, enters the code, and reads results.

use super::{address, entry, stack_pointer, NativeFunc, State};
use crate::bounds;
use crate::frame::{Context, Exit, Place, OVERHEAD};
use crate::instance::ExecInstance;
use crate::meter::Meter;
use crate::trace::Trace;
use crate::TrapCode;

/// A prepared call.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Again {
    /// Where arguments and results may lie.
    slots: *mut u32,
    entry: *const u8,
    state: *const State,
    body: *const u8,
    /// The lowest address of native stack that the call may use.
    limit: usize,
    context: *mut Context,
    meter: *const Meter,
    /// Slots of the parameters.
    params: u32,
}

impl Again {
    /// Stands for one. It is not called.
    pub const NONE: Again = Again {
        body: core::ptr::null(),
        entry: core::ptr::null(),
        state: core::ptr::null(),
        slots: core::ptr::null_mut(),
        limit: 0,
        context: core::ptr::null_mut(),
        meter: core::ptr::null(),
        params: 0,
    };

    /// Prepares the call of a function that `instance` defines, with arguments at `slots`, by a
    /// caller whose native stack reaches down to `sp`. `None` where an ordinary call has to refuse
    /// it.
    ///
    /// # Safety
    /// `func` is a defined function of the live `instance`, which is in native mode; no code of the
    /// store is running. `context` has what the host provides, and outlives the value; `slots` is
    /// on its operand stack, at the end or before.
    #[inline(never)]
    pub unsafe fn prepare(
        context: *mut Context,
        slots: *mut u32,
        func: u32,
        instance: *const ExecInstance,
        sp: usize,
    ) -> Option<Again> {
        // SAFETY: the contract of this function: context and instance are live, and `func` is a
        // defined function, whose record is one of native mode.
        let (running, instance, func) = unsafe {
            let instance = &*instance;
            let func = &*instance.funcs.cast::<NativeFunc>().wrapping_add(func as usize);
            (&mut *context, instance, func)
        };
        let layout = &func.layout;
        let args = slots.wrapping_add(layout.params as usize + OVERHEAD);
        let frame = layout.params as u32 + layout.frame;
        if !bounds::has_slots(slots.addr(), frame, running.stack_end.addr()) {
            return None;
        }
        let state = &instance.native;
        // SAFETY: the meter of a context is live. STATE: the instance is live and published.
        let limit = unsafe {
            state.refresh();
            sp.saturating_sub((*running.meter).native.bytes.get()).max(1)
        };
        let own_limit = limit.saturating_add(state.reserve);
        // The caller's frame ends above the one of this function.
        if state.memory_size.get() < state.least_memory || stack_pointer() < own_limit {
            return None;
        }
        running.pc = address(instance, func.body);
        (running.sp, running.fp, running.func) = (args, slots, layout);
        (running.instance, running.memory) = (instance, instance.memory);
        state.stack_limit.set(own_limit);
        state.context.set(context);
        state.args.set(args);
        state.meter.set(running.meter);
        Some(Again {
            body: address(instance, func.body),
            entry: address(instance, func.entry),
            state,
            slots,
            limit,
            context,
            meter: running.meter,
            params: layout.params as u32,
        })
    }

    /// Slots of the operand stack for the arguments and the results.
    #[inline(always)]
    pub fn slots(self) -> *mut u32 {
        self.slots
    }

    /// Slots of the parameters.
    #[inline(always)]
    pub fn params(self) -> u32 {
        self.params
    }

    /// The context that it was prepared with.
    #[inline(always)]
    pub fn context(self) -> *mut Context {
        self.context
    }

    /// Reads memory 0 again, which the host may have changed.
    ///
    /// # Safety
    /// The instance is live.
    #[inline(always)]
    pub unsafe fn refresh(self) {
        // SAFETY: STATE: the contract of this function; the instance is published.
        unsafe { (*self.state).refresh() }
    }

    /// Makes the call. Returns 0 or the number of a trap; after a trap it is not made again.
    ///
    /// # Safety
    /// Since it was prepared, by a caller with the same `sp`, on the same thread, no call of the
    /// store was made but by this function, no memory was changed but by code that such a call ran,
    /// and neither the mode of an instance nor its native stack was changed. No code of the store
    /// is running. The arguments lie at `slots`, which has room for the results.
    #[inline(always)]
    pub unsafe fn call(self, slots: *mut u32) -> u32 {
        // SAFETY: the contract of this function: the store is live, and so is its meter.
        let meter = unsafe { &*self.meter };
        meter.native.limit.set(self.limit);
        // SAFETY: STATE: `prepare` has set the dynamic fields, and the contract of this function
        // says that they are what it has set: nested calls restore what they change
        // (`enter_nested`), and code that grows a memory has read it again. CODE: `prepare` has
        // taken code and entry from the function's record.
        let code = unsafe { entry::enter(self.entry, &*self.state, self.body, slots) };
        meter.native.limit.set(0);
        code
    }

    /// How a call ended that trapped with this number.
    ///
    /// # Safety
    /// [`Again::call`] has just returned it.
    #[cold]
    pub unsafe fn stopped(self, code: u32) -> Exit {
        // SAFETY: the context outlives this value, and no code runs in it any more.
        let context = unsafe { &*self.context };
        let place = Place {
            pc: context.pc,
            func: context.func,
            instance: context.instance,
            trace: Trace::of(context),
        };
        Exit::Trapped(TrapCode::from_code(code).unwrap_or(TrapCode::Host), place)
    }
}
