//! Records of traps, for a host to read: `zonda postmortem`.

use super::text::{with_line, Text};
use super::types::*;
use crate::platform;
use core::ffi::c_void;

/// Bytes of a record in one line of the log.
const LINE: usize = 32;

/// Has a record of each trap of the instance written to `buf`, of at most `size` bytes, with at
/// most `memory_size` bytes of the linear memory that a C or Rust program uses as its stack, a
/// quarter of them below the stack pointer; `NULL` ends that. 256 bytes are enough for some twenty
/// calls, with locals 512. The runtime writes to the buffer when a call traps, and allocates nothing
/// then. A trap of a start function is not recorded. docs/traps.md specifies the record.
#[no_mangle]
pub unsafe extern "C" fn zonda_set_trap_record(
    module_inst: wasm_module_inst_t,
    buf: *mut c_void,
    size: u32,
    memory_size: u32,
) {
    // SAFETY: the application passes a live instance, and NULL or a buffer of that size, which
    // stays until another one is set or the instance is freed, and which it does not use while the
    // instance runs.
    unsafe {
        let store = (*module_inst).store.as_ptr();
        (*store).recorder.set(buf.cast(), size as usize, memory_size as usize);
    }
}

/// Returns how many bytes of the buffer of zonda_set_trap_record() are a record; 0 until a call
/// traps, or if the buffer is too small for the least record. The record stays until the next trap.
#[no_mangle]
pub unsafe extern "C" fn zonda_get_trap_record(module_inst: wasm_module_inst_t) -> u32 {
    // SAFETY: the application passes a live instance.
    unsafe {
        let store = (*module_inst).store.as_ptr();
        (*store).recorder.last().len() as u32
    }
}

/// Logs a record, or other bytes, as lines that `zonda symbolize` and `zonda postmortem` read: an
/// offset and 32 bytes in hexadecimal each.
#[no_mangle]
pub unsafe extern "C" fn zonda_log_trap_record(record: *const c_void, size: u32) {
    if record.is_null() {
        return;
    }
    // SAFETY: the application passes so many bytes.
    let record = unsafe { core::slice::from_raw_parts(record.cast::<u8>(), size as usize) };
    for (number, bytes) in record.chunks(LINE).enumerate() {
        let line = |text: &mut Text| {
            text.str("zonda-trap ");
            hexadecimal(text, (number * LINE) as u32, 4);
            text.str(": ");
            bytes.iter().for_each(|&byte| hexadecimal(text, byte as u32, 2));
        };
        with_line(line, |line| platform::log(1, line));
    }
}

/// A number with this many digits.
fn hexadecimal(text: &mut Text, number: u32, digits: u32) {
    (0..digits).rev().for_each(|digit| {
        text.hexadecimal((number >> (4 * digit) & 15) as u64);
    });
}
