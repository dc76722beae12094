//! The machine timer, interrupted by the machine software interrupt (RISC-V Privileged
//! Architecture, 3.1.6 and 3.1.9; QEMU's `virt` has a CLINT). There are no priorities among them:
//! the timer's handler enables interrupts again, as nesting needs it on this CPU.

use super::count;
use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicBool, Ordering};

const MSIP: *mut u32 = 0x0200_0000 as *mut u32;
const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
const MTIME: *const u32 = 0x0200_BFF8 as *const u32;
/// Ticks of 100 ns. A prime, so that interrupts do not fall into step with a loop.
const PERIOD: u32 = 37;
/// mie.MSIE and mie.MTIE.
const ENABLED: usize = 1 << 3 | 1 << 7;
const TIMER: usize = 7;

static RUNS: AtomicBool = AtomicBool::new(false);

// Saves what a call may change, the place of return and the state before, and calls `interrupt`.
global_asm!(
    ".balign 4",
    "zonda_interrupt:",
    "addi sp, sp, -80",
    "sw ra, 0(sp); sw t0, 4(sp); sw t1, 8(sp); sw t2, 12(sp); sw t3, 16(sp); sw t4, 20(sp)",
    "sw t5, 24(sp); sw t6, 28(sp); sw a0, 32(sp); sw a1, 36(sp); sw a2, 40(sp); sw a3, 44(sp)",
    "sw a4, 48(sp); sw a5, 52(sp); sw a6, 56(sp); sw a7, 60(sp)",
    "csrr t0, mepc; sw t0, 64(sp); csrr t0, mstatus; sw t0, 68(sp)",
    "csrr a0, mcause",
    "call {interrupt}",
    "csrci mstatus, 8",
    "lw t0, 64(sp); csrw mepc, t0; lw t0, 68(sp); csrw mstatus, t0",
    "lw ra, 0(sp); lw t0, 4(sp); lw t1, 8(sp); lw t2, 12(sp); lw t3, 16(sp); lw t4, 20(sp)",
    "lw t5, 24(sp); lw t6, 28(sp); lw a0, 32(sp); lw a1, 36(sp); lw a2, 40(sp); lw a3, 44(sp)",
    "lw a4, 48(sp); lw a5, 52(sp); lw a6, 56(sp); lw a7, 60(sp)",
    "addi sp, sp, 80",
    "mret",
    interrupt = sym interrupt,
);

extern "C" {
    fn zonda_interrupt();
}

/// Lets the timer interrupt after [`PERIOD`].
fn arm_timer() {
    // SAFETY: registers of the CLINT, which only this file uses. The upper half of the counter is 0
    // for seven minutes.
    unsafe {
        MTIMECMP.add(1).write_volatile(0);
        MTIMECMP.write_volatile(MTIME.read_volatile().wrapping_add(PERIOD));
    }
}

extern "C" fn interrupt(cause: usize) {
    if cause >> 31 == 0 {
        crate::console::line(format_args!("trap: cause {cause}"));
        crate::console::exit(false)
    }
    if cause & 0xff == TIMER {
        count(0);
        // SAFETY: registers of the CLINT and of the CPU. The timer is armed when the other
        // interrupt is over, so this handler is not interrupted by itself.
        unsafe {
            MTIMECMP.add(1).write_volatile(u32::MAX);
            MSIP.write_volatile(1);
            asm!("csrsi mstatus, 8", "nop", "nop", "csrci mstatus, 8");
        }
        if RUNS.load(Ordering::Relaxed) {
            arm_timer();
        }
    } else {
        count(1);
        // SAFETY: a register of the CLINT.
        unsafe { MSIP.write_volatile(0) };
    }
}

pub fn start() {
    RUNS.store(true, Ordering::Relaxed);
    arm_timer();
    // SAFETY: the vector is aligned and saves what it changes.
    unsafe {
        asm!(
            "csrw mtvec, {vector}",
            "csrw mie, {enabled}",
            "csrsi mstatus, 8",
            vector = in(reg) zonda_interrupt as *const () as usize,
            enabled = in(reg) ENABLED,
        )
    };
}

pub fn stop() {
    RUNS.store(false, Ordering::Relaxed);
    // SAFETY: interrupts may be disabled at any time.
    unsafe { asm!("csrci mstatus, 8", "csrw mie, zero") };
}
