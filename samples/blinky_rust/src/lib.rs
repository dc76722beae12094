//! Blinks an LED from a WebAssembly program, like `samples/blinky`, as an application written in Rust.

#![no_std]
// Devicetree conditions are not known to the compiler in advance.
#![allow(unexpected_cfgs)]

use zephyr::printkln;

#[cfg(dt = "aliases::led0")]
mod blink {
    use zephyr::device::gpio::GpioPin;
    use zephyr::printkln;
    use zephyr::raw::ZR_GPIO_OUTPUT_ACTIVE;
    use zephyr::time::{sleep, Duration};
    use zonda::{Caller, Engine, Error, Linker, Module, Store, StoreConfig};

    /// The same program as in `samples/blinky`; it stays in flash.
    static BLINKY: &[u8] = include_bytes!("../../blinky/wasm-app/blinky.wasm");

    fn led_set(mut caller: Caller<'_, '_, GpioPin>, on: i32) {
        caller.data_mut().set(on != 0);
        printkln!("led0: {}", if on != 0 { "on" } else { "off" });
    }

    fn sleep_ms(ms: i32) {
        sleep(Duration::millis_at_least(ms.max(0) as u64));
    }

    /// Returns when the program's main does, which blinky's never does.
    pub fn run() -> Result<(), Error> {
        let mut led =
            zephyr::devicetree::aliases::led0::get_instance().expect("nobody else has led0");
        led.configure(ZR_GPIO_OUTPUT_ACTIVE);

        let engine = Engine::default();
        let module = Module::new(&engine, BLINKY)?;
        // The program has no memory, and gets none.
        let config = StoreConfig { stack_bytes: 1024, memory_limit: 0, ..StoreConfig::default() };
        let mut store = Store::with_config(&engine, led, config)?;

        let mut linker = Linker::new();
        linker.func_wrap("env", "led_set", led_set)?;
        linker.func_wrap("env", "sleep_ms", sleep_ms)?;

        let instance = linker.instantiate(&mut store, &module)?;
        let main = instance.get_typed_func::<(), i32>(&store, "main")?;
        main.call(&mut store, ())?;
        Ok(())
    }
}

#[cfg(not(dt = "aliases::led0"))]
mod blink {
    pub fn run() -> Result<(), &'static str> {
        Err("the board has no led0")
    }
}

#[no_mangle]
extern "C" fn rust_main() {
    if let Err(error) = blink::run() {
        printkln!("{error:?}");
    }
}
