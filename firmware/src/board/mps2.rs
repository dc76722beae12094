//! Arm MPS2 with the FPGA images AN385 (Cortex-M3), AN386 (Cortex-M4), AN500 (Cortex-M7) and AN505
//! (Cortex-M33), as QEMU emulates them (hw/arm/mps2.c, hw/arm/mps2-tz.c).

/// What differs between the FPGA images.
struct Image {
    name: &'static str,
    /// The 16 MB of PSRAM.
    psram: usize,
    /// The memory for jobs and scripts.
    job: usize,
    /// CMSDK APB timer 0, and its clock.
    timer: usize,
    timer_hz: u32,
}

/// Bytes of the memory for jobs and scripts.
pub const JOB_BYTES: usize = 2 << 20;
const PSRAM_BYTES: usize = 16 << 20;

#[cfg(feature = "mps2")]
const IMAGE: Image = Image {
    name: "mps2",
    psram: 0x2100_0000,
    // The upper half of the code memory.
    job: 0x0020_0000,
    timer: 0x4000_0000,
    timer_hz: 25_000_000,
};
#[cfg(feature = "mps2-an500")]
const IMAGE: Image = Image {
    name: "mps2-an500",
    psram: 0x6000_0000,
    job: 0x0020_0000,
    timer: 0x4000_0000,
    timer_hz: 25_000_000,
};
// Secure addresses, but for the PSRAM, which has one address.
#[cfg(feature = "mps2-an505")]
const IMAGE: Image = Image {
    name: "mps2-an505",
    psram: 0x8000_0000,
    job: 0x1020_0000,
    timer: 0x5000_0000,
    timer_hz: 20_000_000,
};

pub const NAME: &str = IMAGE.name;
pub const JOB: usize = IMAGE.job;
pub const HEAP_BYTES: usize = PSRAM_BYTES;
pub const STACK_PAINT: usize = 16 << 10;
/// The host's, so that the same calls exhaust it.
pub const WASM_STACK_BYTES: u32 = 64 << 10;
/// Bytes of the heap of structures and arrays.
pub const OBJECT_BYTES: u32 = 1 << 20;
pub const WASM_MEMORY_LIMIT: Option<u64> = None;

/// Registers of the timer.
const CTRL: *mut u32 = IMAGE.timer as *mut u32;
const VALUE: *mut u32 = (IMAGE.timer + 4) as *mut u32;
const RELOAD: *mut u32 = (IMAGE.timer + 8) as *mut u32;

pub fn heap_start() -> *mut u8 {
    IMAGE.psram as *mut u8
}

/// Starts the timer that [`ticks`] reads.
pub fn ticks_init() {
    // SAFETY: registers of the timer of this board, which only this file uses. After a write to
    // VALUE and CTRL.EN the timer counts down.
    unsafe {
        RELOAD.write_volatile(u32::MAX);
        VALUE.write_volatile(u32::MAX);
        CTRL.write_volatile(1);
    }
}

/// Ticks since [`ticks_init`], modulo 2^32 (171 seconds at 25 MHz).
#[inline(always)]
pub fn ticks() -> u32 {
    // SAFETY: a register of the timer; reading has no effect.
    u32::MAX - unsafe { VALUE.read_volatile() }
}

/// Instructions in some ticks: one takes a nanosecond.
pub fn instructions(ticks: u32) -> u64 {
    u64::from(ticks) * (1_000_000_000 / IMAGE.timer_hz) as u64
}
