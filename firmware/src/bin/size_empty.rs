//! The image without the runtime, from which `cargo xtask size` measures: start-up, panic handler, exit.
#![no_std]
#![no_main]

use firmware::console;

firmware::on_panic!(quiet);

#[cortex_m_rt::entry]
fn main() -> ! {
    console::exit(true)
}
