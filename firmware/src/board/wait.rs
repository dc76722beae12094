//! Waiting by SysTick, asleep, so that an idle board costs the host nothing.

use super::CORE_HZ;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::SYST;

static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

#[cortex_m_rt::exception]
fn SysTick() {
    MILLISECONDS.fetch_add(1, Ordering::Relaxed);
}

/// Starts the clock of [`sleep_ms`].
pub fn wait_init(systick: &mut SYST) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(CORE_HZ / 1000 - 1);
    systick.clear_current();
    systick.enable_counter();
    systick.enable_interrupt();
}

pub fn sleep_ms(duration: u32) {
    let start = MILLISECONDS.load(Ordering::Relaxed);
    while MILLISECONDS.load(Ordering::Relaxed).wrapping_sub(start) < duration {
        cortex_m::asm::wfi();
    }
}
