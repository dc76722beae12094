//! SysTick, interrupted by PendSV, interrupted by NMI (Armv7-M ARM, B1.5; Armv6-M ARM, B1.5): the
//! core has them all, on each board.

use super::count;
use cortex_m_rt::exception;

const CSR: *mut u32 = 0xE000_E010 as *mut u32;
const RVR: *mut u32 = 0xE000_E014 as *mut u32;
const CVR: *mut u32 = 0xE000_E018 as *mut u32;
const ICSR: *mut u32 = 0xE000_ED04 as *mut u32;
const SHPR3: *mut u32 = 0xE000_ED20 as *mut u32;

/// Clock of the core, interrupt, enabled.
const CSR_RUN: u32 = 0b111;
const ICSR_NMIPENDSET: u32 = 1 << 31;
const ICSR_PENDSVSET: u32 = 1 << 28;
const ICSR_PENDSTCLR: u32 = 1 << 25;
/// SysTick at 0xC0, PendSV at 0x40, which is above it.
const PRIORITIES: u32 = 0xC040_0000;
/// A prime, so that interrupts do not fall into step with a loop.
const PERIOD: u32 = 1009;

/// Makes the frame of the next interrupt one with the FPU's registers.
#[inline(always)]
fn use_fpu() {
    #[cfg(target_abi = "eabihf")]
    // SAFETY: changes a register that is declared.
    unsafe {
        core::arch::asm!("vmov s0, {0}", in(reg) 1, out("s0") _, options(nomem, nostack))
    };
}

pub fn start() {
    use_fpu();
    // SAFETY: registers of the core that only this file uses; the handlers are in the vector table.
    unsafe {
        SHPR3.write_volatile(PRIORITIES);
        RVR.write_volatile(PERIOD);
        CVR.write_volatile(0);
        CSR.write_volatile(CSR_RUN);
    }
}

pub fn stop() {
    // SAFETY: registers of the core that only this file uses.
    unsafe {
        CSR.write_volatile(0);
        ICSR.write_volatile(ICSR_PENDSTCLR);
    }
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

/// Pends an exception that preempts the running one, and waits for it.
#[inline(always)]
fn pend(bit: u32) {
    // SAFETY: writing a set bit pends an exception, writing zeros has no effect.
    unsafe { ICSR.write_volatile(bit) };
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

#[exception]
fn SysTick() {
    use_fpu();
    count(0);
    pend(ICSR_PENDSVSET);
    use_fpu();
}

#[exception]
fn PendSV() {
    use_fpu();
    count(1);
    pend(ICSR_NMIPENDSET);
    use_fpu();
}

#[exception]
unsafe fn NonMaskableInt() {
    use_fpu();
    count(2);
}
