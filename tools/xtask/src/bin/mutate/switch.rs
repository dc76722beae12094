//! Which mutant this process has. Written by `cargo xtask mutants` into a copy of the crate; no part of it otherwise.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// Not asked for yet.
const UNKNOWN: u32 = u32::MAX;
static ACTIVE: AtomicU32 = AtomicU32::new(UNKNOWN);
static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

extern "C" {
    fn getenv(name: *const core::ffi::c_char) -> *const core::ffi::c_char;
    fn atexit(function: extern "C" fn()) -> i32;
    fn open(path: *const core::ffi::c_char, flags: i32, mode: i32) -> i32;
    fn pwrite(file: i32, data: *const u8, len: usize, at: i64) -> isize;
}

/// Sets a byte for each place that was reached in the file that `ZONDA_MUTANTS_REACHED` names. Others stay: a test of the C API and the
/// application that it starts write to the same file.
extern "C" fn dump() {
    // SAFETY: the name ends with a NUL; flags are those of Linux to write a file that may exist; one byte is written.
    unsafe {
        let path = getenv(c"ZONDA_MUTANTS_REACHED".as_ptr());
        let file = open(path, 0o101, 0o644);
        for (number, reached) in REACHED.iter().enumerate() {
            if reached.load(Relaxed) {
                pwrite(file, &1, 1, number as i64);
            }
        }
    }
}

#[cold]
fn ask() -> u32 {
    // SAFETY: the names end with a NUL, and so do values of the environment.
    unsafe {
        if !getenv(c"ZONDA_MUTANTS_REACHED".as_ptr()).is_null() {
            atexit(dump);
        }
        let text = getenv(c"ZONDA_MUTANT".as_ptr());
        let mut number = 0;
        if text.is_null() {
            number = UNKNOWN - 1;
        } else {
            for &byte in core::ffi::CStr::from_ptr(text).to_bytes() {
                number = number * 10 + (byte - b'0') as u32;
            }
        }
        ACTIVE.store(number, Relaxed);
        number
    }
}

/// Whether this process has the mutant with this number.
#[inline(always)]
pub fn is(number: u32) -> bool {
    let active = match ACTIVE.load(Relaxed) {
        UNKNOWN => ask(),
        active => active,
    };
    REACHED[number as usize].store(true, Relaxed);
    active == number
}
