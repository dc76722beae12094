//! Runs the specification script that the host brought and reports its counts.
#![no_std]
#![no_main]

use firmware::{console, heap, job, say};
use zonda_script::{run, Options, Script};

firmware::on_panic!();
firmware::use_heap!();

/// The loader's half of the code memory.
const BYTES: usize = 2 << 20;

#[cortex_m_rt::entry]
fn main() -> ! {
    heap::init();
    // SAFETY: memory of the board that nobody writes; it has some value at every byte.
    let bytes = unsafe { core::slice::from_raw_parts(job::ADDRESS as *const u8, BYTES) };
    let Ok(script) = Script::new(bytes) else {
        say!("there is no script at {:#x}", job::ADDRESS);
        console::exit(false)
    };
    let mut options = Options::default();
    // What the host gives too, so that the same calls exhaust it.
    options.store.stack_bytes = 64 << 10;
    options.store.total_limit = u64::MAX;
    match run(&script, &options, &mut |message| console::line(message)) {
        Ok(counts) => say!("zonda-script: {counts}"),
        Err(error) => {
            say!("the script is damaged: {error:?}");
            console::exit(false)
        }
    }
    console::exit(true)
}
