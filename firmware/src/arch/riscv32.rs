//! RISC-V, machine mode, one hart.

use core::arch::{asm, global_asm};

// Sets the stack and the trap vector and zeroes .bss. `.data` is loaded where it is used
// (build.rs).
global_asm!(
    ".section .init, \"ax\"",
    ".globl _start",
    "_start:",
    "la sp, _stack_start",
    "la t0, 3f",
    "csrw mtvec, t0",
    "la t0, _bss_start",
    "la t1, _bss_end",
    "1: bgeu t0, t1, 2f",
    "sw zero, (t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: call zonda_firmware_start",
    // `mtvec` takes multiples of 4.
    ".balign 4",
    "3: la sp, _stack_start",
    "j {fault}",
    fault = sym fault,
);

/// Every trap is a fault: interrupts stay disabled.
extern "C" fn fault() -> ! {
    let (cause, at, value): (usize, usize, usize);
    // SAFETY: reads registers.
    unsafe {
        asm!(
            "csrr {}, mcause",
            "csrr {}, mepc",
            "csrr {}, mtval",
            out(reg) cause,
            out(reg) at,
            out(reg) value,
            options(nomem, nostack),
        )
    };
    crate::console::line(format_args!("trap: cause {cause}, pc {at:#x}, value {value:#x}"));
    crate::console::exit(false)
}

/// Calls the debugger, which QEMU plays.
///
/// # Safety
/// `argument` is what the operation requires ("RISC-V Semihosting", which refers to Arm's).
pub unsafe fn semihosting(operation: u32, argument: usize) -> usize {
    let result;
    // SAFETY: the debugger reads and writes only the memory that `argument` points at, which the
    // caller vouches for. The three instructions are uncompressed and in one page, as the
    // specification wants.
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            ".balign 16",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inout("a0") operation as usize => result,
            in("a1") argument,
            options(nostack),
        )
    };
    result
}

pub fn wait_for_interrupt() {
    // SAFETY: waits.
    unsafe { asm!("wfi", options(nomem, nostack)) };
}

#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) sp, options(nomem, nostack)) };
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
            "2: sw {pattern}, ({at})",
            "addi {at}, {at}, 4",
            "bltu {at}, {end}, 2b",
            at = inout(reg) start => _,
            end = in(reg) end,
            pattern = in(reg) pattern,
            options(nostack),
        )
    };
}

/// Makes `$main`, a `fn() -> !`, the start of the image.
#[macro_export]
macro_rules! entry {
    ($main:ident) => {
        #[no_mangle]
        extern "C" fn zonda_firmware_start() -> ! {
            $main()
        }
    };
}
