//! A call by the host: makes the first frame and runs the loop of the running instance's mode until
//! the call ends.

use crate::bounds;
use crate::debug;
use crate::frame::{
    Boundary, Context, Exit, FuncLayout, Header, Host, Place, BOUNDARY, HEADER, OTHER_MODE,
    SWITCHED,
};
use crate::instance::ExecInstance;
use crate::meter::Meter;
use crate::mode::Mode;
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
    // SAFETY: the contract of this function; the arguments are there already.
    unsafe { call_with(host, fp, func, instance, |_| Ok(())) }
}

/// The same for a caller that does not know the function's layout yet: `write` stores the arguments
/// at `fp`, or refuses the call.
///
/// # Safety
/// As for [`call`], except that only `fp` has to be on the operand stack, at its end or before, and
/// that the slots of the arguments hold values of their types when `write` has returned `Ok`. The
/// whole frame is inside the stack when `write` is called.
#[inline(always)]
pub unsafe fn call_with(
    host: Host,
    fp: *mut u32,
    func: u32,
    instance: *const ExecInstance,
    write: impl FnOnce(&FuncLayout) -> Result<(), TrapCode>,
) -> Exit {
    let mut context = Context::new(&host, fp);
    // SAFETY: the contract of this function; the context has what the host provides.
    unsafe { call_in(&mut context, fp, func, instance, write) }
}

/// The same in a context that the caller keeps: what the host provides is in it, and nothing runs.
///
/// # Safety
/// As for `call_with`, with the end of the stack and the records that the context names.
#[inline(always)]
pub unsafe fn call_in(
    context: &mut Context,
    fp: *mut u32,
    func: u32,
    instance: *const ExecInstance,
    write: impl FnOnce(&FuncLayout) -> Result<(), TrapCode>,
) -> Exit {
    // SAFETY: the record of a defined function is live; the frame lies inside of the operand stack,
    // as `has_slots` checks before anything of it but the arguments is written.
    unsafe {
        #[cfg(feature = "native")]
        if (*instance).mode == Mode::Native {
            return crate::native::call_in(context, fp, func, &*instance, write);
        }
        // The mode is read once.
        let (to, run) = (*instance).mode.entry(&*instance, func);
        let callee = &*to.layout;
        (context.pc, context.stp, context.func) = (to.code, to.side_table, to.layout);
        // Neither number is near the largest one: see `FuncLayout`.
        let slots = callee.params as u32 + callee.frame;
        if !bounds::has_slots(fp.addr(), slots, context.stack_end.addr()) {
            return Exit::Refused(TrapCode::StackOverflow);
        }
        if let Err(code) = write(callee) {
            return Exit::Refused(code);
        }
        let first = fp.wrapping_add(callee.params as usize);
        let header = fp.add(callee.locals as usize);
        // Locals that are not parameters; many functions have none.
        if callee.locals != callee.params {
            zero(first, header);
        }
        (&raw mut (*header.cast::<Header>()).pc).write_unaligned(core::ptr::null());
        let boundary = header.add(HEADER);
        (&raw mut (*boundary.cast::<Boundary>()).instance).write_unaligned(core::ptr::null());
        (context.sp, context.fp) = (boundary.add(BOUNDARY), fp);
        (context.instance, context.memory) = (instance, (*instance).memory);
        let mut code = run(context);
        if code == 0 {
            return Exit::Returned;
        }
        if (Mode::BUILT_IN.len() > 1 || debug::ON) && code == OTHER_MODE || is_thrown(code) {
            code = go_on(context, code);
            if code == 0 {
                return Exit::Returned;
            }
        }
        debug::trapped(context, code);
        let Context { pc, func, instance, .. } = *context;
        let place = Place { pc, func, instance, trace: Trace::of(context) };
        Exit::Trapped(TrapCode::from_code(code).unwrap_or(TrapCode::Host), place)
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
        let exit = call_in(&mut context, fp, func, instance, |_| Ok(()));
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
