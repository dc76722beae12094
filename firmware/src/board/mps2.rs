//! Arm MPS2 with the FPGA images AN385 (Cortex-M3) and AN386 (Cortex-M4), as QEMU imitates them. Application note AN385, section 3.

pub const NAME: &str = "mps2";
pub const CORE_HZ: u32 = 25_000_000;
/// QEMU's `-icount shift=0` executes one instruction in a nanosecond, and the timer ticks at 25 MHz.
pub const INSTRUCTIONS_PER_TICK: u32 = 40;
/// The 16 MB of PSRAM.
pub const HEAP_BYTES: usize = 16 << 20;

const PSRAM: usize = 0x2100_0000;
/// CMSDK APB timer 0: CTRL, VALUE, RELOAD.
const TIMER_CTRL: *mut u32 = 0x4000_0000 as *mut u32;
const TIMER_VALUE: *mut u32 = 0x4000_0004 as *mut u32;
const TIMER_RELOAD: *mut u32 = 0x4000_0008 as *mut u32;
/// FPGAIO: user LEDs.
const LEDS: *mut u32 = 0x4002_8000 as *mut u32;

pub fn heap_start() -> *mut u8 {
    PSRAM as *mut u8
}

pub fn led_init() {
    led_set(false);
}

pub fn led_set(on: bool) {
    // SAFETY: the LED register of this board; bit 0 is USERLED0.
    unsafe { LEDS.write_volatile(on as u32) }
}

pub fn led_is_on() -> bool {
    // SAFETY: as above.
    unsafe { LEDS.read_volatile() & 1 != 0 }
}

/// Starts the timer that [`ticks`] reads.
pub fn ticks_init() {
    // SAFETY: registers of the timer of this board; writing VALUE and then CTRL.EN makes it count down from there.
    unsafe {
        TIMER_RELOAD.write_volatile(u32::MAX);
        TIMER_VALUE.write_volatile(u32::MAX);
        TIMER_CTRL.write_volatile(1);
    }
}

/// Ticks since [`ticks_init`], modulo 2^32 (171 seconds).
#[inline(always)]
pub fn ticks() -> u32 {
    // SAFETY: the timer's register; reading has no effect.
    u32::MAX - unsafe { TIMER_VALUE.read_volatile() }
}
