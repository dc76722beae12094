//! A call by the host: makes the first frame and runs the loop of the running instance's mode until
//! the call ends.

use crate::bounds;
use crate::debug;
use crate::frame::{
    Boundary, Context, Exit, FuncLayout, Header, Host, Place, BOUNDARY, HEADER, OTHER_MODE,
    SWITCHED,
};
use crate::instance::ExecInstance;
use crate::linear_memory::Memory;
use crate::meter::Meter;
use crate::mode::{Loop, Mode};
use crate::trace::Trace;
use crate::unwind::{is_thrown, UNWIND_CODE};
use crate::TrapCode;

/// Calls a function that `instance` defines. The arguments are at `fp`. Returns when the function
/// has returned or trapped. Inlined, so that the context is built in one place.
///
/// # Safety
/// `func` is a defined function of the live `instance`; the slots from `fp` on hold arguments of
/// its type, and belong to the operand stack that ends at `host.stack_end`.
#[inline(always)]
pub unsafe fn call(host: Host, fp: *mut u32, func: u32, instance: *const ExecInstance) -> Exit {
    let mut context = Context::new(&host, fp);
    // SAFETY: the contract of this function; the context has what the host provides.
    unsafe { call_in(&mut context, fp, func, instance) }
}

/// A call of a function, laid out on an operand stack: what a call by the host works out before it
/// enters the loop. It can be made again, as long as what [`Entry::call`] names stays.
#[derive(Clone, Copy)]
pub struct Entry {
    start: Start,
    run: Loop,
    params: u16,
    results: u16,
    /// Slots of locals that are not parameters.
    cleared: u16,
}

/// What a [`Context`] has of the function when it begins.
#[derive(Clone, Copy)]
#[repr(C)]
struct Start {
    pc: *const u8,
    sp: *mut u32,
    fp: *mut u32,
    stp: *const u16,
    func: *const FuncLayout,
    instance: *const ExecInstance,
    memory: *const Memory,
}

impl Entry {
    /// Lays out the call of a function with arguments at `fp`, on the operand stack that ends at
    /// `stack_end`; the error is that its frame does not fit. Native code has no such calls.
    ///
    /// # Safety
    /// `func` is a defined function of the live `instance`, and `fp` on the operand stack, at its end
    /// or before.
    #[inline(always)]
    pub unsafe fn new(
        stack_end: *mut u32,
        fp: *mut u32,
        func: u32,
        instance: *const ExecInstance,
    ) -> Result<Entry, TrapCode> {
        // SAFETY: the record of a defined function is live; the frame lies inside of the operand
        // stack, as `has_slots` checks.
        unsafe {
            #[cfg(feature = "native")]
            if (*instance).mode == Mode::Native {
                return Err(TrapCode::Host);
            }
            // The mode is read once.
            let (to, run) = (*instance).mode.entry(&*instance, func);
            let FuncLayout { params, locals, results, frame, .. } = *to.layout;
            // Neither number is near the largest one: see `FuncLayout`.
            if !bounds::has_slots(fp.addr(), params as u32 + frame, stack_end.addr()) {
                return Err(TrapCode::StackOverflow);
            }
            let sp = fp.add(locals as usize + HEADER + BOUNDARY);
            let (pc, stp, func) = (to.code, to.side_table, to.layout);
            let memory = (*instance).memory;
            let start = Start { pc, sp, fp, stp, func, instance, memory };
            Ok(Entry { start, run, params, results, cleared: locals - params })
        }
    }

    /// Where the arguments lie, and the results of a call that has returned.
    #[inline(always)]
    pub fn slots(&self) -> *mut u32 {
        self.start.fp
    }

    /// Slots of the parameters.
    #[inline(always)]
    pub fn params(&self) -> u32 {
        self.params as u32
    }

    /// Slots of the results.
    #[inline(always)]
    pub fn results(&self) -> u32 {
        self.results as u32
    }

    /// Makes the call at `this`, which is not read after the function has begun. Returns 0 when the
    /// function has returned, or why the loop was left: then [`Entry::stopped`] has to be called.
    ///
    /// # Safety
    /// `this` is valid; the instance is live and has been in the same mode since the call was laid
    /// out, and the operand stack, where the arguments are, is that of the context, in which nothing
    /// runs.
    #[inline(always)]
    pub unsafe fn call(this: *const Entry, context: &mut Context) -> u32 {
        // SAFETY: the contract of this function: the function's record and the operand stack are
        // the same as for `new`, which has found the slots of the frame: locals, header and
        // boundary, in this order.
        unsafe {
            // Many functions have no such locals.
            if (*this).cleared != 0 {
                let first = (*this).start.fp.add((*this).params as usize);
                zero(first, first.add((*this).cleared as usize));
            }
            let boundary = (*this).start.sp.sub(BOUNDARY);
            let header = boundary.sub(HEADER);
            (&raw mut (*header.cast::<Header>()).pc).write_unaligned(core::ptr::null());
            (&raw mut (*boundary.cast::<Boundary>()).instance).write_unaligned(core::ptr::null());
            // Field by field: for all at once the compiler calls `memcpy`, which takes longer.
            let Start { pc, sp, fp, stp, func, instance, memory } = (*this).start;
            (context.pc, context.sp, context.fp, context.stp) = (pc, sp, fp, stp);
            (context.func, context.instance, context.memory) = (func, instance, memory);
            let running = &(*context.meter).running;
            context.before = running.begin();
            let code = ((*this).run)(context);
            if code == 0 {
                running.end(context.before);
            }
            code
        }
    }

    /// Goes on after [`Entry::call`] has returned what is not 0, until the call ends.
    ///
    /// # Safety
    /// The call has been made in this context with this end, and nothing has been since.
    #[inline(always)]
    pub unsafe fn stopped(context: &mut Context, mut code: u32) -> Exit {
        // SAFETY: the contract of this function: the context is complete.
        unsafe {
            if (Mode::BUILT_IN.len() > 1 || debug::ON) && code == OTHER_MODE || is_thrown(code) {
                code = go_on(context, code);
                if code == 0 {
                    (*context.meter).running.end(context.before);
                    return Exit::Returned;
                }
            }
            (*context.meter).running.end(context.before);
            debug::trapped(context, code);
            let Context { pc, func, instance, .. } = *context;
            let place = Place { pc, func, instance, trace: Trace::of(context) };
            Exit::Trapped(TrapCode::from_code(code).unwrap_or(TrapCode::Host), place)
        }
    }
}

/// The same as [`call`] in a context that has what the host provides, and in which nothing runs.
///
/// # Safety
/// As for [`call`], with the end of the stack and the records that the context names.
#[inline(always)]
unsafe fn call_in(
    context: &mut Context,
    fp: *mut u32,
    func: u32,
    instance: *const ExecInstance,
) -> Exit {
    // SAFETY: the contract of this function: the instance is live, and stays as it is until the
    // call is made; the context belongs to the operand stack.
    unsafe {
        #[cfg(feature = "native")]
        if (*instance).mode == Mode::Native {
            return crate::native::call_in(context, fp, func, &*instance);
        }
        let entry = match Entry::new(context.stack_end, fp, func, instance) {
            Ok(entry) => entry,
            Err(code) => return Exit::Refused(code),
        };
        match Entry::call(&raw const entry, context) {
            0 => Exit::Returned,
            code => Entry::stopped(context, code),
        }
    }
}

/// Whether a call by the host has to be made by [`call_noticed`].
///
/// # Safety
/// The meter is live.
#[inline(always)]
pub unsafe fn is_noticed(meter: *const Meter) -> bool {
    // SAFETY: the contract of this function.
    unsafe { notices(meter) != 0 }
}

/// Whether [`is_noticed`] can be true at all.
pub const NOTICES: bool = debug::ON;

/// Not 0 where [`is_noticed`] is true: for who tests something else at the same time.
///
/// # Safety
/// The meter is live.
#[inline(always)]
pub unsafe fn notices(meter: *const Meter) -> u32 {
    // SAFETY: the contract of this function.
    unsafe { debug::notices(meter) }
}

/// [`call`] while a debugger is attached, or while somebody asks for something. A function of its
/// own, so that nothing of it is part of a usual call.
///
/// # Safety
/// As for [`call`].
#[cold]
#[inline(never)]
pub unsafe fn call_noticed(
    host: Host,
    fp: *mut u32,
    func: u32,
    instance: *const ExecInstance,
) -> Exit {
    let mut context = Context::new(&host, fp);
    // SAFETY: the contract of this function; the instance and the meter are live, and the context
    // is that of the innermost call.
    unsafe {
        // The frames of native code are not seen.
        let seen = Mode::ALL.contains(&(*instance).mode);
        if seen {
            debug::begin(&mut context, instance);
        }
        let exit = call_in(&mut context, fp, func, instance);
        if seen {
            debug::end(&context);
        }
        exit
    }
}

/// Continues in the loop of the running instance's mode until the call ends. What was thrown is
/// caught first.
///
/// # Safety
/// The context is complete, and its loop was left with `code`: [`OTHER_MODE`], or what says that
/// something was thrown.
#[cold]
#[inline(never)]
unsafe fn go_on(context: &mut Context, mut code: u32) -> u32 {
    loop {
        if is_thrown(code) {
            // SAFETY: the contract of `RuntimeFn`: the loop has stopped with a trap.
            code = unsafe { (context.runtime)(context, UNWIND_CODE) };
            if code != SWITCHED {
                return code;
            }
        }
        // SAFETY: the context is complete, so its instance is live; the mode is the instance's own.
        code = unsafe { (*context.instance).mode.run(context) };
        if code != OTHER_MODE && !is_thrown(code) {
            return code;
        }
    }
}

/// Clears slots.
///
/// # Safety
/// They are inside of the operand stack.
#[inline(never)]
unsafe fn zero(mut from: *mut u32, to: *mut u32) {
    while from < to {
        // SAFETY: `from` is before `to`, and all slots between are inside of the operand stack.
        unsafe {
            *from = 0;
            from = from.add(1);
        }
    }
}
