//! Runs the specification script that the host placed in memory and reports its counts.
#![no_std]
#![no_main]

use firmware::{board, console, heap, job, say};
use zonda_script::{run, Options, Script};

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
    options.store.stack_bytes = board::WASM_STACK_BYTES;
    if let Some(limit) = board::WASM_MEMORY_LIMIT {
        options.store.memory_limit = limit;
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
