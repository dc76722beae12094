//! BBC micro:bit, an nRF51822 with a Cortex-M0, as QEMU emulates it: 256 KB of flash, 16 KB of RAM.
//! nRF51 Series Reference Manual, chapter 18 (TIMER).

pub const NAME: &str = "microbit";
/// What static data and 4 KB of native stack leave of the RAM.
pub const HEAP_BYTES: usize = 11 << 10;
/// The last 64 KB of flash.
pub const JOB: usize = 0x0003_0000;
pub const JOB_BYTES: usize = 64 << 10;
pub const STACK_PAINT: usize = 3 << 10;
pub const WASM_STACK_BYTES: u32 = 2 << 10;
/// Bytes of the heap of structures and arrays.
pub const OBJECT_BYTES: u32 = 4 << 10;
/// Far less than the page that most scripts declare: what lies beyond traps.
pub const WASM_MEMORY_LIMIT: Option<u64> = Some(1 << 10);

/// TIMER0 counts 16 MHz, without a prescaler.
const TIMER0: usize = 0x4000_8000;
const TASKS_START: *mut u32 = TIMER0 as *mut u32;
const TASKS_CAPTURE_0: *mut u32 = (TIMER0 + 0x040) as *mut u32;
const BITMODE: *mut u32 = (TIMER0 + 0x508) as *mut u32;
const BITMODE_32: u32 = 3;
const PRESCALER: *mut u32 = (TIMER0 + 0x510) as *mut u32;
const CC_0: *mut u32 = (TIMER0 + 0x540) as *mut u32;

#[repr(align(8))]
struct Heap(#[allow(dead_code)] [u8; HEAP_BYTES]);
static mut HEAP: Heap = Heap([0; HEAP_BYTES]);

pub fn heap_start() -> *mut u8 {
    &raw mut HEAP as *mut u8
}

/// Starts the timer that [`ticks`] reads.
pub fn ticks_init() {
    // SAFETY: registers of TIMER0, which only this file uses.
    unsafe {
        BITMODE.write_volatile(BITMODE_32);
        PRESCALER.write_volatile(0);
        TASKS_START.write_volatile(1);
    }
}

/// Ticks since [`ticks_init`], modulo 2^32 (268 seconds).
pub fn ticks() -> u32 {
    // SAFETY: registers of TIMER0; the capture task copies the counter to CC[0].
    unsafe {
        TASKS_CAPTURE_0.write_volatile(1);
        CC_0.read_volatile()
    }
}

/// Instructions in some ticks: one takes a nanosecond, a tick 62.5.
pub fn instructions(ticks: u32) -> u64 {
    u64::from(ticks) * 125 / 2
}
