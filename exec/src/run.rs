//! A call by the host: makes the first frame, and runs the loop of whatever mode the running instance has until the call has ended.

use crate::bounds;
use crate::frame::{Boundary, Context, Exit, Header, Host, Place, BOUNDARY, HEADER, OTHER_MODE};
use crate::instance::ExecInstance;
use crate::mode::Mode;
use crate::TrapCode;

/// Calls a function that `instance` defines for the host, whose arguments lie at `fp`; runs until it returns or traps. Inlined, so that
/// the context is put together in one place: a call by the host is short.
///
/// # Safety
/// `func` is inside the index space of `instance`, whose invariants hold, and not imported; the arguments are of its type; `host` is complete.
#[inline(always)]
pub unsafe fn call(host: Host, fp: *mut u32, func: u32, instance: *const ExecInstance) -> Exit {
    // SAFETY: the caller's promise; as in `Context::enter`, whose work this is for a caller of which nothing has to be found again.
    unsafe {
        // The mode is looked at once.
        let (to, run) = (*instance).mode.entry(&*instance, func);
        let callee = &*to.layout;
        let first = fp.add(callee.params as usize);
        if !bounds::has_slots(first.addr(), callee.frame, host.stack_end.addr()) {
            return Exit::Refused(TrapCode::StackOverflow);
        }
        let header = fp.add(callee.locals as usize);
        // Locals that are not parameters; many functions have none.
        if callee.locals != callee.params {
            zero(first, header);
        }
        (&raw mut (*header.cast::<Header>()).pc).write_unaligned(core::ptr::null());
        let boundary = header.add(HEADER);
        (&raw mut (*boundary.cast::<Boundary>()).instance).write_unaligned(core::ptr::null());
        let mut context = Context {
            pc: to.code,
            sp: boundary.add(BOUNDARY),
            fp,
            stp: to.side_table,
            func: to.layout,
            instance,
            memory: (*instance).memory,
            stack_end: host.stack_end,
            meter: host.meter,
            runtime: host.runtime,
            store: host.store,
            host: host.host,
        };
        let mut code = run(&mut context);
        if code == 0 {
            return Exit::Returned;
        }
        if Mode::ALL.len() > 1 && code == OTHER_MODE {
            code = go_on(&mut context);
            if code == 0 {
                return Exit::Returned;
            }
        }
        let place = Place { pc: context.pc, func: context.func, instance: context.instance };
        Exit::Trapped(TrapCode::from_code(code).unwrap_or(TrapCode::Host), place)
    }
}

/// Goes on in the loop of the running instance's mode, and of the next one's, until the call has ended.
///
/// # Safety
/// The context is complete, and its loop was left with [`OTHER_MODE`].
#[cold]
#[inline(never)]
unsafe fn go_on(context: &mut Context) -> u32 {
    loop {
        // SAFETY: the context is complete, so its instance is live; the mode is the instance's own.
        let code = unsafe { (*context.instance).mode.run(context) };
        if code != OTHER_MODE {
            return code;
        }
    }
}

/// Makes slots 0.
///
/// # Safety
/// They are inside of the value stack.
#[inline(never)]
unsafe fn zero(mut from: *mut u32, to: *mut u32) {
    while from < to {
        // SAFETY: the caller's promise.
        unsafe {
            *from = 0;
            from = from.add(1);
        }
    }
}
