//! The board's own registers: an LED, a clock, waiting.
//!
//! A board is one file with `HEAP_BYTES`, `heap_start`, `led_init`, `led_set`, `led_is_on` and, where instructions are measured,
//! `cycles_init` and `ticks` with `INSTRUCTIONS_PER_TICK`.

#[cfg(feature = "lm3s6965")]
mod lm3s6965;
#[cfg(feature = "mps2")]
mod mps2;

#[cfg(feature = "lm3s6965")]
pub use lm3s6965::*;
#[cfg(feature = "mps2")]
pub use mps2::*;
#[cfg(any(feature = "mps2", feature = "lm3s6965"))]
pub use wait::*;

#[cfg(all(feature = "mps2", feature = "lm3s6965"))]
compile_error!("choose one board: mps2 or lm3s6965");

#[cfg(any(feature = "mps2", feature = "lm3s6965"))]
mod wait {
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

    /// Starts the clock that [`sleep_ms`] waits for.
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
}
