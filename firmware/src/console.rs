//! Text to the host and the end of the run, by semihosting (Arm "Semihosting for AArch32 and
//! AArch64").

use crate::arch;
use core::fmt::{self, Write};

const SYS_OPEN: u32 = 0x01;
const SYS_WRITE: u32 = 0x05;
const SYS_EXIT: u32 = 0x18;

/// Writes bytes to the standard output of the host. A host that does not listen is not an error.
pub fn bytes(text: &[u8]) {
    /// The name of the console, and the mode "w".
    const CONSOLE: &[u8] = b":tt\0";
    const WRITE: usize = 4;
    let open = [CONSOLE.as_ptr().expose_provenance(), WRITE, CONSOLE.len() - 1];
    // SAFETY: a block of the address of a string with its zero, a mode, and the length of the
    // string.
    let console = unsafe { arch::semihosting(SYS_OPEN, (&raw const open).expose_provenance()) };
    let write = [console, text.as_ptr().expose_provenance(), text.len()];
    // SAFETY: a block of a handle, an address, and the number of bytes there.
    unsafe { arch::semihosting(SYS_WRITE, (&raw const write).expose_provenance()) };
}

/// Collects a line, so that it reaches the host in one call.
struct Line {
    text: [u8; 256],
    len: usize,
}

impl Line {
    fn flush(&mut self) {
        bytes(&self.text[..self.len]);
        self.len = 0;
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.len == self.text.len() {
                self.flush();
            }
            self.text[self.len] = byte;
            self.len += 1;
        }
        Ok(())
    }
}

/// Writes one line to the host.
#[inline(never)]
pub fn line(text: fmt::Arguments) {
    let mut line = Line { text: [0; 256], len: 0 };
    let _ = line.write_fmt(text);
    let _ = line.write_str("\n");
    line.flush();
}

/// Ends QEMU, with status 0 on success, else 1.
pub fn exit(success: bool) -> ! {
    const APPLICATION_EXIT: usize = 0x2_0026;
    const RUN_TIME_ERROR: usize = 0x2_0023;
    let reason = if success { APPLICATION_EXIT } else { RUN_TIME_ERROR };
    // SAFETY: on 32-bit CPUs the argument is the reason itself.
    unsafe { arch::semihosting(SYS_EXIT, reason) };
    // Nobody answers on a board without a debugger.
    loop {
        arch::wait_for_interrupt();
    }
}

/// Writes one line to the host, as `println!` does.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::console::line(format_args!($($text)*)) };
}
