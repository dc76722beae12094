//! Text to the host and the end of the run, by semihosting.

use core::fmt::{self, Write};
use cortex_m_semihosting::{debug, hio};

/// Collects a line, so that it reaches the host in one semihosting call instead of one for each piece.
struct Line {
    text: [u8; 256],
    len: usize,
}

impl Line {
    fn flush(&mut self) {
        if let Ok(mut host) = hio::hstdout() {
            // A host that does not listen is no reason to stop.
            let _ = host.write_all(&self.text[..self.len]);
        }
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

/// Writes bytes to the host as they are.
pub fn bytes(text: &[u8]) {
    if let Ok(mut host) = hio::hstdout() {
        let _ = host.write_all(text);
    }
}

/// Ends QEMU, with status 0 if all is well, else 1.
pub fn exit(well: bool) -> ! {
    debug::exit(if well { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    // On a board without a debugger nobody answers.
    loop {
        cortex_m::asm::wfi();
    }
}

/// Writes one line to the host, as `println!` does.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => { $crate::console::line(format_args!($($text)*)) };
}
