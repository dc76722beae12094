//! The CPU: how an image starts, what happens on a fault, calls to the debugger, waiting for an
//! interrupt.
//!
//! Each architecture is one file with `semihosting`, `wait_for_interrupt`, `stack_pointer`, `fill`
//! and the macro `entry!`, which defines where an image starts.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "riscv32")]
mod riscv32;

#[cfg(target_arch = "arm")]
pub use cortex_m::*;
#[cfg(target_arch = "riscv32")]
pub use riscv32::*;

/// Defines the panic handler: it prints the message and ends QEMU with an error.
#[macro_export]
macro_rules! on_panic {
    () => {
        #[panic_handler]
        fn panic(info: &core::panic::PanicInfo) -> ! {
            $crate::console::line(format_args!("panic: {info}"));
            $crate::console::exit(false)
        }
    };
}
