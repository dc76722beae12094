//! Calls a module that traps, in each mode, and writes the record of the trap to the console as a
//! firmware writes it to its log. `cargo xtask test --part trap` reads it with `zonda symbolize`.
#![no_std]
#![no_main]

use core::ffi::{c_char, CStr};
use firmware::{board, console, say};
use zonda::capi::*;

firmware::on_panic!();
firmware::entry!(main);

#[global_allocator]
static ALLOCATOR: RuntimeAllocator = RuntimeAllocator;

static MODULE: &[u8] = include_bytes!("../../../tests/modules/divide.wasm");

/// Bytes of a record, and of memory in it.
const RECORD: usize = 512;
const MEMORY: u32 = 64;

fn fail(what: &str, text: &[c_char]) -> ! {
    // SAFETY: the runtime stores a string in the buffer, which is zero before.
    let text = unsafe { CStr::from_ptr(text.as_ptr()) };
    say!("{what}: {}", text.to_str().unwrap_or("?"));
    console::exit(false)
}

/// Lets the module trap in this mode.
///
/// # Safety
/// The pool is the board's heap, which nobody else uses.
unsafe fn run(mode: RunningMode) {
    let mut error = [0 as c_char; 96];
    let mut record = [0u8; RECORD];
    // SAFETY: every call does what wasm_export.h asks: valid pointers, in this order. The record
    // stays until the instance is freed.
    unsafe {
        let mut args: RuntimeInitArgs = core::mem::zeroed();
        args.mem_alloc_type = Alloc_With_Pool;
        args.mem_alloc_option.pool = MemAllocPool {
            heap_buf: board::heap_start().cast(),
            heap_size: board::HEAP_BYTES as u32,
        };
        args.running_mode = mode;
        if !wasm_runtime_full_init(&mut args) {
            fail("the runtime does not start", &error);
        }
        let (bytes, size) = (MODULE.as_ptr().cast_mut(), MODULE.len() as u32);
        let module = wasm_runtime_load(bytes, size, error.as_mut_ptr(), 96);
        if module.is_null() {
            fail("load", &error);
        }
        let instance = wasm_runtime_instantiate(module, 4096, 0, error.as_mut_ptr(), 96);
        if instance.is_null() {
            fail("instantiate", &error);
        }
        zonda_set_trap_record(instance, record.as_mut_ptr().cast(), RECORD as u32, MEMORY);
        let env = wasm_runtime_create_exec_env(instance, 4096);
        let function = wasm_runtime_lookup_function(instance, c"run".as_ptr());
        if env.is_null() || function.is_null() {
            fail("run", &error);
        }
        let mut cells = [5];
        if wasm_runtime_call_wasm(env, function, 1, cells.as_mut_ptr()) {
            fail("the call has not trapped", &error);
        }
        let used = zonda_get_trap_record(instance);
        zonda_log_trap_record(record.as_ptr().cast(), used);
        wasm_runtime_destroy_exec_env(env);
        wasm_runtime_deinstantiate(instance);
        wasm_runtime_unload(module);
        wasm_runtime_destroy();
    }
}

fn main() -> ! {
    // SAFETY: the pool is used by one runtime after the other.
    unsafe {
        run(Mode_Zonda_Classic);
        run(Mode_Zonda_Fast);
    }
    console::exit(true)
}
