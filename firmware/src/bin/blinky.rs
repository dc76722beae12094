//! The demo: samples/blinky's module blinks the board's LED, in 64 KB of RAM.
#![no_std]
#![no_main]

use firmware::{board, console, heap, say};
use zonda::{Engine, Linker, Module, Store};

firmware::on_panic!();
firmware::entry!(main);
firmware::use_heap!();

static MODULE: &[u8] = include_bytes!("../../../samples/blinky/wasm-app/blinky.wasm");

fn blink() -> Result<(), zonda::Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, MODULE)?;
    let mut store = Store::new(&engine, ())?;
    let mut linker = Linker::new();
    linker.func_wrap("env", "led_set", |on: i32| {
        board::led_set(on != 0);
        // What the register says, not what was asked for.
        say!("led0: {}", if board::led_is_on() { "on" } else { "off" });
    })?;
    linker.func_wrap("env", "sleep_ms", |duration: i32| board::sleep_ms(duration as u32))?;
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), i32>(&store, "main")?.call(&mut store, ())?;
    Ok(())
}

fn main() -> ! {
    heap::init();
    board::led_init();
    if let Some(mut core) = cortex_m::Peripherals::take() {
        board::wait_init(&mut core.SYST);
    }
    match blink() {
        Ok(()) => console::exit(true),
        Err(error) => {
            say!("{error:?}");
            console::exit(false)
        }
    }
}
