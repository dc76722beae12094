//! Blinks three times and prints each time.
#![no_std]

use zonda_app::{led_set, print, sleep_ms};

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    for line in ["blink 1\n", "blink 2\n", "blink 3\n"] {
        led_set(true);
        sleep_ms(500);
        led_set(false);
        sleep_ms(500);
        print(line);
    }
    0
}
