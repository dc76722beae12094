//! What a program without `std` brings itself.

use core::panic::PanicInfo;
use zonda::capi::RuntimeAllocator;

#[global_allocator]
static ALLOCATOR: RuntimeAllocator = RuntimeAllocator;

/// Nothing reaches this: it is there because the language wants it. Says nothing of `info`, as
/// formatting would cost flash. `cargo xtask size` knows by the text whether it is linked.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    zonda::capi::abort("zonda: panic")
}
