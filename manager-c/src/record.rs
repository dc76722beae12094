//! `zonda_app_trap_record` of `zonda_apps.h` (feature `trap-record`).

use core::ffi::{c_char, c_void};

use crate::state::started;
use crate::system::{Outcome, NOT_STARTED, OK, UNKNOWN};
use crate::text;

#[no_mangle]
pub unsafe extern "C" fn zonda_app_trap_record(
    name: *const c_char,
    from: u32,
    buf: *mut c_void,
    size: *mut u32,
    len: *mut u32,
) -> Outcome {
    let Some(started) = started() else { return NOT_STARTED };
    // SAFETY: the caller passes a text that ends with NUL.
    let Some(name) = (unsafe { text::read(name) }) else { return UNKNOWN };
    let copied = started.manager.trap_record(name, |record| {
        let rest = record.get(from as usize..).unwrap_or(&[]);
        // SAFETY: the caller passes places for both numbers, and a buffer of `size` bytes, of which
        // at most as many are written.
        unsafe {
            let part = rest.get(..*size as usize).unwrap_or(rest);
            core::ptr::copy_nonoverlapping(part.as_ptr(), buf.cast(), part.len());
            (*size, *len) = (part.len() as u32, record.len() as u32);
        }
    });
    copied.map_or(UNKNOWN, |()| OK)
}
