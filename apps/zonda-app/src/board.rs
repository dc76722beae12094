//! Functions of a firmware like those of samples/blinky.

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
