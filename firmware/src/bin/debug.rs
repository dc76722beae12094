//! A program under the GDB remote stub without an operating system: the debugger is at the second
//! UART of the MPS2 boards. It waits for a debugger, calls `run` and `trap`, then `spin`, which runs
//! until a debugger ends it, and prints what comes of it, as `tests/zephyr/debug` does. `cargo xtask test --part "LLDB, bare metal"` runs a session.
#![no_std]
#![no_main]

use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use firmware::{console, heap, say};
use zonda::debug::StopHandle;
use zonda::{Engine, Error, Linker, Mode, Module, Store};
use zonda_debug::{Link, Names, Stub, PACKET};

firmware::on_panic!();
firmware::entry!(main);
firmware::use_heap!();

extern crate alloc;
use alloc::vec;
use alloc::vec::Vec;

static STORY: &[u8] = include_bytes!("../../../tests/debug/story-O0.wasm");

/// UART 1, a CMSDK APB UART, and the number of its interrupt for received bytes.
const UART: usize = 0x4000_5000;
const DATA: *mut u32 = UART as *mut u32;
const STATE: *mut u32 = (UART + 0x4) as *mut u32;
const CTRL: *mut u32 = (UART + 0x8) as *mut u32;
const INTERRUPT: *mut u32 = (UART + 0xc) as *mut u32;
const BAUD: *mut u32 = (UART + 0x10) as *mut u32;
const RECEIVED: u32 = 2;
/// Bits of STATE: whether there is no room to send, and whether a byte was received.
const FULL: u32 = 1;
const ARRIVED: u32 = 2;
/// Bits of CTRL: send, receive, interrupt for a received byte; and the bit of the latter.
const CTRL_RUN: u32 = 0b1011;
const RX_INTERRUPT: u32 = 2;
/// Enables interrupts (Armv7-M ARM, B3.4.4).
const ISER: *mut u32 = 0xE000_E100 as *mut u32;

/// What was received and not read: the interrupt handler changes `LAST`, the program `FIRST`.
static BYTES: [AtomicU8; 256] = [const { AtomicU8::new(0) }; 256];
static FIRST: AtomicUsize = AtomicUsize::new(0);
static LAST: AtomicUsize = AtomicUsize::new(0);
static CONNECTED: AtomicBool = AtomicBool::new(false);
static RUNNING: AtomicBool = AtomicBool::new(false);
/// Stops the program. Null, or a handle that lives for ever.
static HANDLE: AtomicPtr<StopHandle> = AtomicPtr::new(null_mut());

fn stop() {
    // SAFETY: `main` has stored the address of a handle that it keeps until the image ends.
    if let Some(handle) = unsafe { HANDLE.load(Ordering::Acquire).as_ref() } {
        handle.stop();
    }
}

/// The only device whose interrupt is enabled is the UART.
#[cortex_m_rt::exception]
unsafe fn DefaultHandler(_: i16) {
    // SAFETY: registers of the UART, from which this handler alone reads bytes.
    unsafe {
        INTERRUPT.write_volatile(RX_INTERRUPT);
        while STATE.read_volatile() & ARRIVED != 0 {
            let byte = DATA.read_volatile() as u8;
            let last = LAST.load(Ordering::Relaxed);
            // A debugger sends one packet, and waits: less than there is room for.
            if let Some(place) = BYTES.get(last % BYTES.len()) {
                place.store(byte, Ordering::Relaxed);
            }
            LAST.store(last.wrapping_add(1), Ordering::Release);
        }
    }
    CONNECTED.store(true, Ordering::Release);
    if RUNNING.load(Ordering::Acquire) {
        stop();
    }
}

/// Some time goes by. Not `spin_loop`, an instruction `yield`: with it QEMU stopped reading the UART.
fn wait() {
    cortex_m::asm::delay(100);
}

/// The UART.
#[derive(Clone)]
struct Line;

impl Link for Line {
    fn is_connected(&self) -> bool {
        CONNECTED.load(Ordering::Acquire)
    }

    fn read(&self) -> Option<u8> {
        loop {
            if let Some(byte) = self.try_read() {
                return Some(byte);
            }
            wait();
        }
    }

    fn try_read(&self) -> Option<u8> {
        let first = FIRST.load(Ordering::Relaxed);
        if first == LAST.load(Ordering::Acquire) {
            return None;
        }
        let byte = BYTES.get(first % BYTES.len())?.load(Ordering::Relaxed);
        FIRST.store(first.wrapping_add(1), Ordering::Release);
        Some(byte)
    }

    fn write(&self, byte: u8) {
        // SAFETY: registers of the UART; a byte is written when there is room for it.
        unsafe {
            while STATE.read_volatile() & FULL != 0 {}
            DATA.write_volatile(u32::from(byte));
        }
    }

    fn flush(&self) {}

    fn close(&self) {
        CONNECTED.store(false, Ordering::Release);
        self.set_running(true);
    }

    fn set_running(&self, running: bool) {
        RUNNING.store(running, Ordering::Release);
        // What has come before is noticed now.
        if running && FIRST.load(Ordering::Relaxed) != LAST.load(Ordering::Acquire) {
            CONNECTED.store(true, Ordering::Release);
            stop();
        }
    }
}

struct File;

impl Names for File {
    fn name(&self, instance: u32) -> Option<&[u8]> {
        (instance == 0).then_some(b"story-O0.wasm")
    }
}

fn story() -> Result<(), Error> {
    let engine = Engine::new(Mode::DEFAULT);
    let module = Module::new(&engine, STORY)?;
    let packet = Vec::leak(vec![0; PACKET]);
    let mut stub = Stub::new(Line, File, packet);
    let mut store = Store::new(&engine, ())?;
    store.set_debugger(&mut stub);
    let handle = store.stop_handle();
    HANDLE.store((&raw const handle).cast_mut(), Ordering::Release);
    // SAFETY: registers of the UART and of the interrupt controller, which nothing else uses.
    unsafe {
        BAUD.write_volatile(16);
        CTRL.write_volatile(CTRL_RUN);
        ISER.write_volatile(1 << RECEIVED);
    }
    let instance = Linker::new().instantiate(&mut store, &module)?;
    say!("waiting for a debugger");
    while !Line.is_connected() {
        wait();
    }
    // The program stops before its first instruction.
    RUNNING.store(true, Ordering::Release);
    handle.stop();
    for (name, argument) in [("run", 3), ("trap", 2), ("run", 4)] {
        let func = instance.get_typed_func::<i32, i32>(&store, name)?;
        match func.call(&mut store, argument) {
            Ok(result) => say!("{name}({argument}) = {result}"),
            Err(error) => say!("{name}({argument}): {error}"),
        }
    }
    // Its loop stops for a debugger in classic mode only (docs/debugging.md, "Modes").
    instance.set_mode(&mut store, Mode::Classic)?;
    let spin = instance.get_typed_func::<(), i32>(&store, "spin")?;
    match spin.call(&mut store, ()) {
        Ok(result) => say!("spin() = {result}"),
        Err(error) => say!("spin(): {error}"),
    }
    say!("done");
    RUNNING.store(false, Ordering::Release);
    // SAFETY: the register of the interrupt controller; the handle is used no more.
    unsafe { CTRL.write_volatile(0) };
    HANDLE.store(null_mut(), Ordering::Release);
    Ok(())
}

fn main() -> ! {
    heap::init();
    match story() {
        Ok(()) => console::exit(true),
        Err(error) => {
            say!("{error}");
            console::exit(false)
        }
    }
}
