//! For WebAssembly programs in Rust that run on Zonda, without the standard library: safe names for
//! what a firmware provides, and a panic that is a trap.
#![no_std]

use core::fmt::{self, Write};

mod env {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub safe fn led_set(on: i32);
        pub safe fn sleep_ms(ms: i32);
        pub fn print(text: *const u8, len: usize);
    }
}

/// Switches the LED.
pub fn led_set(on: bool) {
    env::led_set(on.into());
}

/// Sleeps.
pub fn sleep_ms(ms: u16) {
    env::sleep_ms(ms.into());
}

/// Prints a text.
pub fn print(text: &str) {
    // SAFETY: the firmware reads the text, which has this length.
    unsafe { env::print(text.as_ptr(), text.len()) }
}

/// Prints what is written to it.
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(text);
        Ok(())
    }
}

/// Prints with a format. [`print()`] makes a smaller program.
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
