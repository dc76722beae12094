//! For WebAssembly programs in Rust that run on Zonda, without the standard library: safe names for
//! what a firmware provides, and a panic that is a trap. The crate `zonda-application` is built on
//! it, for applications of the application manager.
//!
//! - `board`: functions of a firmware (without the feature `libc`)
//! - `libc`: printing by the C library (feature `libc`)
#![no_std]

#[cfg(not(feature = "libc"))]
mod board;
#[cfg(feature = "libc")]
mod libc;

use core::fmt::{self, Write};

#[cfg(not(feature = "libc"))]
pub use board::{led_set, print, sleep_ms};
#[cfg(feature = "libc")]
pub use libc::print;

/// Prints what is written to it.
pub struct Console;

impl Console {
    /// Prints a text.
    pub fn text(text: &str) {
        print(text);
    }
}

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(text);
        Ok(())
    }
}

/// Prints a line with a format. Costs some kilobytes of code, which formats of Rust take;
/// [`print()`] prints a text.
#[macro_export]
macro_rules! println {
    ($($arg:tt)*) => {{
        use core::fmt::Write as _;
        let _ = core::writeln!($crate::Console, $($arg)*);
    }};
}

/// A panic stops the program with the trap "unreachable".
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
