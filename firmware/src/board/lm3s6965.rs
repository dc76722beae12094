//! TI (Luminary) LM3S6965 evaluation board, as QEMU imitates it. LM3S6965 data sheet, chapter 8
//! (GPIO).

pub const NAME: &str = "lm3s6965evb";
/// After reset the PLL is bypassed and QEMU counts 80 ns for a clock cycle.
pub const CORE_HZ: u32 = 12_500_000;
/// What is left of 64 KB after static data and a generous native stack.
pub const HEAP_BYTES: usize = 40 << 10;

/// Run-mode clock gating of the ports.
const RCGC2: *mut u32 = 0x400F_E108 as *mut u32;
const PORT_F_CLOCK: u32 = 1 << 5;
/// Port F. Bits 2..9 of the address of GPIODATA mask the pins; STATUS_LED is pin 0.
const PORT_F: usize = 0x4002_5000;
const LED_DATA: *mut u32 = (PORT_F + (1 << 2)) as *mut u32;
const DIRECTION: *mut u32 = (PORT_F + 0x400) as *mut u32;
const DIGITAL_ENABLE: *mut u32 = (PORT_F + 0x51C) as *mut u32;

#[repr(align(8))]
struct Heap(#[allow(dead_code)] [u8; HEAP_BYTES]);
static mut HEAP: Heap = Heap([0; HEAP_BYTES]);

pub fn heap_start() -> *mut u8 {
    &raw mut HEAP as *mut u8
}

pub fn led_init() {
    // SAFETY: registers of this board; no one else uses port F.
    unsafe {
        RCGC2.write_volatile(RCGC2.read_volatile() | PORT_F_CLOCK);
        DIRECTION.write_volatile(DIRECTION.read_volatile() | 1);
        DIGITAL_ENABLE.write_volatile(DIGITAL_ENABLE.read_volatile() | 1);
    }
    led_set(false);
}

pub fn led_set(on: bool) {
    // SAFETY: the masked data register of port F, pin 0.
    unsafe { LED_DATA.write_volatile(on as u32) }
}

pub fn led_is_on() -> bool {
    // SAFETY: as above.
    unsafe { LED_DATA.read_volatile() & 1 != 0 }
}
