//! The image without the runtime, from which `cargo xtask size` measures: start-up, heap, panic handler, exit, and the memory
//! functions that any application links.
#![no_std]
#![no_main]

use core::hint::black_box;
use firmware::{board, console, heap};

firmware::on_panic!(quiet);

extern crate alloc;

#[cortex_m_rt::entry]
fn main() -> ! {
    heap::init(board::heap_start(), board::HEAP_BYTES);
    let block = black_box(alloc::boxed::Box::new([0u32; 16]));
    let mut copy = [0u32; 16];
    copy[..black_box(9)].copy_from_slice(&block[..black_box(9)]);
    black_box(&mut copy);
    drop(block);
    console::exit(true)
}
