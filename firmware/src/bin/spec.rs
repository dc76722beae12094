//! Runs the specification script that the host placed in memory and reports its counts.
#![no_std]
#![no_main]

use firmware::{board, console, heap, job, say};
use zonda_script::{run, Options, Script};

/// With native code the script's modules are native modules; those that shall be refused are not.
#[cfg(feature = "native")]
mod native {
    use zonda::{Engine, Error, Module, Store};
    use zonda_script::PAD;

    /// More than a device gives native code by default: the suite recurses as deeply as on a host.
    const STACK: usize = 256 << 10;

    pub fn load<'a>(engine: &Engine, bytes: &'a [u8]) -> Result<Module<'a>, Error> {
        let pad = bytes.iter().take_while(|&&byte| byte == PAD).count();
        // SAFETY: `cargo xtask spec` has compiled the module for this board.
        unsafe { Module::new_trusted(engine, bytes.get(pad..).unwrap_or(&[])) }
    }

    pub fn configure(store: &mut Store<()>) {
        // SAFETY: the linker gives the native stack what is left of 4 MB of RAM, and the images of
        // boards that run native code use little of it.
        unsafe { store.set_native_stack(STACK) }
    }
}

firmware::on_panic!();
firmware::use_heap!();
firmware::entry!(main);

fn main() -> ! {
    heap::init();
    let Ok(script) = Script::new(job::loaded()) else {
        say!("there is no script at {:#x}", board::JOB);
        console::exit(false)
    };
    let mut options = Options::default();
    options.store.total_limit = u64::MAX;
    options.store.object_bytes = board::OBJECT_BYTES;
    options.store.stack_bytes = board::WASM_STACK_BYTES;
    if let Some(limit) = board::WASM_MEMORY_LIMIT {
        options.store.memory_limit = limit;
    }
    #[cfg(feature = "native")]
    {
        options.load = Some(native::load);
        options.configure = Some(native::configure);
    }
    match run(&script, &options, &mut |message| console::line(message)) {
        Ok(counts) => say!("zonda-script: {counts}"),
        Err(error) => {
            say!("the script is damaged: {error:?}");
            console::exit(false)
        }
    }
    console::exit(true)
}
