//! Cortex-M. The crate cortex-m-rt has the vector table and the start, and enables the FPU on
//! targets with one.

use core::arch::asm;

/// Calls the debugger, which QEMU plays.
///
/// # Safety
/// `argument` is what the operation requires (Arm "Semihosting for AArch32 and AArch64").
pub unsafe fn semihosting(operation: u32, argument: usize) -> usize {
    let result;
    // SAFETY: the debugger reads and writes only the memory that `argument` points at, which the
    // caller vouches for.
    unsafe {
        asm!(
            "bkpt 0xab",
            inout("r0") operation as usize => result,
            in("r1") argument,
            options(nostack),
        )
    };
    result
}

pub fn wait_for_interrupt() {
    cortex_m::asm::wfi();
}

#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// Fills the words from `start` to `end` with `pattern`.
///
/// # Safety
/// The memory is not in use, both addresses are multiples of 4, and `start` is below `end`.
#[inline(always)]
pub unsafe fn fill(start: usize, end: usize, pattern: u32) {
    // SAFETY: writes only the range that the caller vouches for.
    unsafe {
        asm!(
            // Armv6-M has no `str` with post-increment.
            "2: stm r0!, {{r1}}",
            "cmp r0, r2",
            "blo 2b",
            inout("r0") start => _,
            in("r1") pattern,
            in("r2") end,
            options(nostack),
        )
    };
}

/// Prepares the CPU for the features of the image.
pub fn init() {
    #[cfg(feature = "align-trap")]
    trap_unaligned();
}

/// Sets CCR.UNALIGN_TRP (Armv7-M B3.2.8).
#[cfg(feature = "align-trap")]
fn trap_unaligned() {
    const CCR: *mut u32 = 0xE000_ED14 as *mut u32;
    const UNALIGN_TRP: u32 = 1 << 3;
    // SAFETY: the configuration and control register; no other bit changes.
    unsafe { CCR.write_volatile(CCR.read_volatile() | UNALIGN_TRP) };
}

/// Makes `$main`, a `fn() -> !`, the start of the image.
#[macro_export]
macro_rules! entry {
    ($main:ident) => {
        #[cortex_m_rt::entry]
        fn start() -> ! {
            $crate::arch::init();
            $main()
        }

        #[cortex_m_rt::exception]
        unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
            $crate::console::line(format_args!("hard fault: {frame:?}"));
            $crate::console::exit(false)
        }
    };
}
