//! A call by the host: makes the first frame, and runs the loop of whatever mode the running instance has until the call has ended.

use crate::frame::{Boundary, Context, Exit, Header, Host, Place, BOUNDARY, HEADER, OTHER_MODE};
use crate::instance::{Instance, Mode};
use crate::TrapCode;

/// Calls a function that `instance` defines for the host, whose arguments lie at `fp`; runs until it returns or traps, and says in
/// the second case where.
///
/// # Safety
/// `func` is inside the index space of `instance`, whose invariants hold, and not imported; the arguments are of its type; `host` is complete.
#[inline(never)]
pub unsafe fn call(host: &Host, fp: *mut u32, func: u32, instance: *const Instance, place: &mut Place) -> Exit {
    // SAFETY: the caller's promise; as in `Context::enter`, whose work this is for a caller of which nothing has to be found again.
    unsafe {
        let to = (*instance).callee(func);
        let callee = &*to.shape;
        let first = fp.add(callee.params as usize);
        if callee.frame as usize > (host.stack_end.addr() - first.addr()) / 4 {
            return Exit::Refused(TrapCode::StackOverflow);
        }
        let header = fp.add(callee.locals as usize);
        let mut local = first;
        while local != header {
            *local = 0;
            local = local.add(1);
        }
        (&raw mut (*header.cast::<Header>()).pc).write_unaligned(core::ptr::null());
        let boundary = header.add(HEADER);
        (&raw mut (*boundary.cast::<Boundary>()).instance).write_unaligned(core::ptr::null());
        let mut context = Context {
            pc: to.code,
            sp: boundary.add(BOUNDARY),
            fp,
            stp: to.side_table,
            func: to.shape,
            instance,
            memory: (*instance).memory,
            stack_end: host.stack_end,
            meter: host.meter,
            slow: host.slow,
            store: host.store,
            host: host.host,
        };
        loop {
            let code = match (*context.instance).mode {
                #[cfg(feature = "classic")]
                Mode::Classic => crate::classic::run(&mut context),
                #[cfg(feature = "fast")]
                Mode::Fast => crate::fast::run(&mut context),
            };
            match code {
                0 => return Exit::Returned,
                OTHER_MODE => {}
                trap => {
                    *place = Place { pc: context.pc, func: context.func, instance: context.instance };
                    return Exit::Trapped(TrapCode::from_code(trap).unwrap_or(TrapCode::Host));
                }
            }
        }
    }
}
