//! Calls native functions in C through the C API, and compares what they get: a file that
//! tests/common/signatures.rs generates has them, and `cargo xtask natives` compiles it and links
//! it with this image.
#![no_std]
#![no_main]

use core::ffi::{c_char, c_void, CStr};
use core::fmt::Write;
use firmware::{board, console, say};
use zonda::capi::*;

firmware::on_panic!();
firmware::entry!(main);

#[global_allocator]
static ALLOCATOR: RuntimeAllocator = RuntimeAllocator;

extern "C" {
    static signature_natives: [NativeSymbol; 0];
    static signature_count: u32;
    static signature_module: [u8; 0];
    static signature_module_size: u32;
    fn signature_check(number: u32, env: *const c_void, cells: *const u32) -> u32;
}

/// A name with a NUL behind.
#[derive(Default)]
struct Name {
    bytes: [u8; 16],
    len: usize,
}

impl Write for Name {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.len + text.len();
        let place =
            self.bytes.get_mut(self.len..end).filter(|_| end < 16).ok_or(core::fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

fn fail(what: &str, text: &[c_char]) -> ! {
    // SAFETY: the runtime stores a string in the buffer, which is zero before.
    let text = unsafe { CStr::from_ptr(text.as_ptr()) };
    say!("{what}: {}", text.to_str().unwrap_or("?"));
    console::exit(false)
}

/// Calls each function once in this mode; returns how many were wrong.
///
/// # Safety
/// The pool is the board's heap, which nobody else uses.
unsafe fn run(mode: RunningMode, count: u32) -> u32 {
    let mut error = [0 as c_char; 96];
    let mut wrong = 0;
    // SAFETY: every call does what wasm_export.h asks: valid pointers, in this order. The symbols
    // of the C file are the table, the module, and their sizes.
    unsafe {
        let mut args: RuntimeInitArgs = core::mem::zeroed();
        args.mem_alloc_type = Alloc_With_Pool;
        args.mem_alloc_option.pool = MemAllocPool {
            heap_buf: board::heap_start().cast(),
            heap_size: board::HEAP_BYTES as u32,
        };
        args.running_mode = mode;
        let natives = (&raw const signature_natives).cast::<NativeSymbol>().cast_mut();
        if !wasm_runtime_full_init(&mut args)
            || !wasm_runtime_register_natives(c"env".as_ptr(), natives, count)
        {
            fail("the runtime does not start", &error);
        }
        let (bytes, size) = ((&raw const signature_module).cast::<u8>(), signature_module_size);
        let module = wasm_runtime_load(bytes.cast_mut(), size, error.as_mut_ptr(), 96);
        if module.is_null() {
            fail("load", &error);
        }
        let instance = wasm_runtime_instantiate(module, 8192, 0, error.as_mut_ptr(), 96);
        if instance.is_null() {
            fail("instantiate", &error);
        }
        let env = wasm_runtime_create_exec_env(instance, 8192);
        for number in 0..count {
            let mut name = Name::default();
            let _ = write!(name, "r{number}");
            let function = wasm_runtime_lookup_function(instance, name.bytes.as_ptr().cast());
            let mut cells = [0u32; 4];
            let called = !env.is_null()
                && !function.is_null()
                && wasm_runtime_call_wasm(env, function, 0, cells.as_mut_ptr());
            let what = if called {
                signature_check(number, env.cast(), cells.as_ptr())
            } else {
                wasm_runtime_clear_exception(instance);
                103
            };
            if what != 0 {
                let signature = CStr::from_ptr((*natives.add(number as usize)).signature);
                let signature = signature.to_str().unwrap_or("?");
                say!("function {number}, {signature}: {what} is wrong");
                wrong += 1;
            }
        }
        wasm_runtime_destroy_exec_env(env);
        wasm_runtime_deinstantiate(instance);
        wasm_runtime_unload(module);
        wasm_runtime_destroy();
    }
    wrong
}

fn main() -> ! {
    // SAFETY: a constant of the C file; the pool is used by one runtime after the other.
    unsafe {
        let count = signature_count;
        let wrong = run(Mode_Zonda_Classic, count) + run(Mode_Zonda_Fast, count);
        if wrong == 0 {
            say!("{count} functions well");
        }
        console::exit(wrong == 0)
    }
}
