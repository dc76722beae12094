//! QEMU's `virt` machine for riscv32. All its memory is RAM; docs: "'virt' Generic Virtual
//! Platform".

pub const NAME: &str = "virt";
/// Behind the image (build.rs) and the memory for jobs.
const HEAP: usize = 0x8080_0000;
pub const HEAP_BYTES: usize = 16 << 20;
pub const JOB: usize = 0x8020_0000;
pub const JOB_BYTES: usize = 2 << 20;
pub const STACK_PAINT: usize = 16 << 10;
/// The host's, so that the same calls exhaust it.
pub const WASM_STACK_BYTES: u32 = 64 << 10;
/// Bytes of the heap of structures and arrays.
pub const OBJECT_BYTES: u32 = 1 << 20;
pub const WASM_MEMORY_LIMIT: Option<u64> = None;

pub fn heap_start() -> *mut u8 {
    HEAP as *mut u8
}

/// The counter runs from reset.
pub fn ticks_init() {}

/// Instructions since reset, modulo 2^32.
#[inline(always)]
pub fn ticks() -> u32 {
    let count;
    // SAFETY: reads a counter.
    unsafe { core::arch::asm!("csrr {}, minstret", out(reg) count, options(nomem, nostack)) };
    count
}

/// A tick is an instruction.
pub fn instructions(ticks: u32) -> u64 {
    ticks.into()
}
