//! What the firmware images share: the board, the heap, the measure of the native stack, the job that QEMU's loader brings.
//!
//! | room | owns |
//! |---|---|
//! | [`board`] | the registers of the chosen board: LED, clock, waiting |
//! | [`console`] | lines of text to the host, and the end of the run |
//! | [`heap`] | the global allocator, which counts |
//! | [`platform`] | what the C API needs of the system |
//! | [`stack`] | how much native stack a piece of code used, by painting |
//! | [`report`] | what a run cost, as the host reads it |
//! | [`job`] | module and call, as the host put them into memory |
#![no_std]

pub mod board;
pub mod console;
pub mod heap;
pub mod job;
#[cfg(feature = "capi")]
pub mod platform;
#[cfg(feature = "mps2")]
pub mod report;
pub mod stack;

/// What every image does when Rust or the processor gives up: it says why, and ends QEMU with an error.
#[macro_export]
macro_rules! on_panic {
    () => {
        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo) -> ! {
            $crate::console::line(format_args!("panic: {info}"));
            $crate::console::exit(false)
        }

        #[cortex_m_rt::exception]
        unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
            $crate::console::line(format_args!("hard fault: {frame:?}"));
            $crate::console::exit(false)
        }
    };
}
