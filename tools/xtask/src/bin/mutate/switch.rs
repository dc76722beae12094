//! Which mutants this process has. Written by `cargo xtask mutants` into a copy of the crate; no part of it otherwise.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether the environment was asked.
static ASKED: AtomicBool = AtomicBool::new(false);
static CHOSEN: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
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

/// `ZONDA_MUTANT` has numbers with commas between them: one mutant, or several at once.
#[cold]
fn ask() {
    // SAFETY: the names end with a NUL, and so do values of the environment.
    unsafe {
        if !getenv(c"ZONDA_MUTANTS_REACHED".as_ptr()).is_null() {
            atexit(dump);
        }
        let text = getenv(c"ZONDA_MUTANT".as_ptr());
        let text = if text.is_null() { c"" } else { core::ffi::CStr::from_ptr(text) };
        for number in text.to_bytes().split(|byte| *byte == b',').filter(|digits| !digits.is_empty()) {
            let number = number.iter().fold(0, |number, digit| number * 10 + (digit - b'0') as usize);
            if let Some(chosen) = CHOSEN.get(number) {
                chosen.store(true, Relaxed);
            }
        }
    }
    ASKED.store(true, Relaxed);
}

/// What the harness looks for in what was built: that a switch was compiled, that its function has
/// code, and that the switch itself has. The second word is of this job alone, so that no older file
/// counts.
const COMPILED: u32 = 0x7a6d_7501;
const FUNCTION: u32 = 0x7a6d_7502;
const SWITCH: u32 = 0x7a6d_7503;
const JOB: u32 = NONCE;

/// What a static of the switch's own has, which is there whatever becomes of the code.
pub const fn compiled(number: u32) -> [u32; 3] {
    [COMPILED, JOB, number]
}

/// Leaves three words in the code, which nothing executes.
macro_rules! leave {
    ($kind:ident, $number:ident) => {
        // SAFETY: a jump over data; nothing else changes.
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        unsafe {
            #[cfg(target_arch = "x86_64")]
            core::arch::asm!("jmp 2f", ".4byte {kind}, {job}, {number}", "2:", kind = const $kind, job = const JOB,
                number = const $number, options(nomem, nostack, preserves_flags));
            #[cfg(target_arch = "aarch64")]
            core::arch::asm!("b 2f", ".4byte {kind}, {job}, {number}", "2:", kind = const $kind, job = const JOB,
                number = const $number, options(nomem, nostack, preserves_flags));
        }
    };
}

/// At the beginning of the function that has this mutant.
#[inline(always)]
pub fn function<const NUMBER: u32>() {
    leave!(FUNCTION, NUMBER);
}

/// Whether this process has the mutant with this number.
#[inline(always)]
pub fn is<const NUMBER: u32>() -> bool {
    leave!(SWITCH, NUMBER);
    if !ASKED.load(Relaxed) {
        ask();
    }
    REACHED[NUMBER as usize].store(true, Relaxed);
    CHOSEN[NUMBER as usize].load(Relaxed)
}
