//! Printing by the C library of the application manager.

#[cfg(target_arch = "wasm32")]
mod env {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub safe fn putchar(byte: i32) -> i32;
    }
}

// On another machine nothing is printed, so that applications can be compiled for tests.
#[cfg(not(target_arch = "wasm32"))]
mod env {
    pub fn putchar(_: i32) -> i32 {
        0
    }
}

/// Prints a text.
pub fn print(text: &str) {
    for &byte in text.as_bytes() {
        env::putchar(byte.into());
    }
}
