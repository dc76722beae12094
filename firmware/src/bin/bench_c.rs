//! Runs the job that the host brought through the C API, as an application in C would, and reports
//! what it cost.
#![no_std]
#![no_main]

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_void, CStr};
use core::ptr::null_mut;
use firmware::job::{Argument, Job};
use firmware::report::{Clock, Costs};
use firmware::{board, console, platform, say, stack};
use zonda::capi::*;

firmware::on_panic!();
firmware::entry!(main);

#[global_allocator]
static ALLOCATOR: RuntimeAllocator = RuntimeAllocator;

/// What the native functions touch. The image has one thread.
struct Host(UnsafeCell<(Clock, (u32, u32))>);
// SAFETY: one thread.
unsafe impl Sync for Host {}
static HOST: Host = Host(UnsafeCell::new((Clock::new(), (0, 0))));

fn host() -> &'static mut (Clock, (u32, u32)) {
    // SAFETY: one thread, and no borrow lives beyond the statement that asks for it.
    unsafe { &mut *HOST.0.get() }
}

extern "C" fn nop(_: wasm_exec_env_t) {}

/// What gcc makes of a function in C. Rust's compiler adds a frame pointer to it on this target.
// SAFETY: adds 1 to the second argument and returns it, as the AAPCS says.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
extern "C" fn inc(_: wasm_exec_env_t, _: i32) -> i32 {
    core::arch::naked_asm!("adds r0, r1, #1", "bx lr")
}

#[cfg(not(target_arch = "arm"))]
extern "C" fn inc(_: wasm_exec_env_t, x: i32) -> i32 {
    x.wrapping_add(1)
}

extern "C" fn print(_: wasm_exec_env_t, text: *const u8, len: u32) {
    host().1 = (text as u32, len);
}

extern "C" fn t_start(_: wasm_exec_env_t) {
    host().0.start();
}

extern "C" fn t_stop(_: wasm_exec_env_t) {
    host().0.stop();
}

const fn native(
    name: &'static CStr,
    function: *const (),
    signature: &'static CStr,
) -> NativeSymbol {
    NativeSymbol {
        symbol: name.as_ptr(),
        func_ptr: function as *mut c_void,
        signature: signature.as_ptr(),
        attachment: null_mut(),
    }
}

struct Natives([NativeSymbol; 8]);
// SAFETY: constant.
unsafe impl Sync for Natives {}
static NATIVES: Natives = Natives([
    native(c"nop", nop as *const (), c"()"),
    native(c"inc", inc as *const (), c"(i)i"),
    native(c"print", print as *const (), c"(*~)"),
    native(c"t_start", t_start as *const (), c"()"),
    native(c"t_stop", t_stop as *const (), c"()"),
    // Embench's names.
    native(c"initialise_board", nop as *const (), c"()"),
    native(c"start_trigger", t_start as *const (), c"()"),
    native(c"stop_trigger", t_stop as *const (), c"()"),
]);

fn used() -> usize {
    let mut info = mem_alloc_info_t { total_size: 0, total_free_size: 0, highmark_size: 0 };
    // SAFETY: the runtime fills it in.
    unsafe { wasm_runtime_get_mem_alloc_info(&mut info) };
    (info.total_size - info.total_free_size) as usize
}

#[cfg(not(feature = "native"))]
use wasm_runtime_load as load;
#[cfg(not(feature = "native"))]
fn running_mode(job: &Job) -> RunningMode {
    Mode_Zonda_Classic + job.mode
}
/// The code of the module decides.
#[cfg(feature = "native")]
fn running_mode(_: &Job) -> RunningMode {
    0
}
/// `cargo xtask bench` has compiled the module for this board.
#[cfg(feature = "native")]
use zonda_load_trusted as load;

/// Fails with the text that the runtime left. Not inlined: its buffers would be counted as the
/// stack that a measured call uses.
#[cold]
#[inline(never)]
fn fail(what: &str, text: *const c_char) -> ! {
    let text = if text.is_null() {
        ""
    } else {
        // SAFETY: the runtime's texts are strings.
        unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("?")
    };
    say!("{what}: {text}");
    console::exit(false)
}

/// # Safety
/// Called once: the pool is the board's heap.
unsafe fn run(job: &Job) {
    let mut costs = Costs::default();
    let mut error = [0 as c_char; 96];
    let mut name = [0u8; 64];
    name[..job.name.len()].copy_from_slice(job.name.as_bytes());
    // SAFETY: every call does what wasm_export.h asks: valid pointers, in this order.
    unsafe {
        let mut args: RuntimeInitArgs = core::mem::zeroed();
        args.mem_alloc_type = Alloc_With_Pool;
        args.mem_alloc_option.pool = MemAllocPool {
            heap_buf: board::heap_start().cast(),
            heap_size: board::HEAP_BYTES as u32,
        };
        args.running_mode = running_mode(job);
        platform::limit_memory(job.memory_limit);
        if !wasm_runtime_full_init(&mut args) {
            fail("the runtime does not start", core::ptr::null());
        }
        let before = used();
        if !wasm_runtime_register_natives(
            c"env".as_ptr(),
            NATIVES.0.as_ptr().cast_mut(),
            NATIVES.0.len() as u32,
        ) {
            fail("natives are refused", core::ptr::null());
        }
        costs.linker = used() - before;

        let before = used();
        let start = board::ticks();
        let ((module, module_heap, instance, env), load_stack) = stack::measure_calls(|| {
            let start = board::ticks();
            let module = load(
                job.module.as_ptr().cast_mut(),
                job.module.len() as u32,
                error.as_mut_ptr(),
                error.len() as u32,
            );
            if module.is_null() {
                fail("load", error.as_ptr());
            }
            costs.load_module = board::ticks().wrapping_sub(start);
            let module_heap = used() - before;
            let instance = wasm_runtime_instantiate(
                module,
                job.stack_bytes,
                0,
                error.as_mut_ptr(),
                error.len() as u32,
            );
            if instance.is_null() {
                fail("instantiate", error.as_ptr());
            }
            let env = wasm_runtime_create_exec_env(instance, job.stack_bytes);
            if env.is_null() {
                fail("exec env", core::ptr::null());
            }
            (module, module_heap, instance, env)
        });
        costs.load = board::ticks().wrapping_sub(start);
        costs.load_stack = load_stack;
        costs.module = module_heap;
        costs.operand_stack = job.stack_bytes as usize;
        let (mut first, mut last) = (0u64, 0u64);
        if wasm_runtime_get_app_addr_range(instance, 0, &mut first, &mut last) {
            costs.memory = (last - first) as usize;
        }
        costs.heap =
            (used() - before) as isize - costs.operand_stack as isize - costs.memory as isize;

        let function = wasm_runtime_lookup_function(instance, name.as_ptr().cast());
        if function.is_null() {
            fail("there is no such function", core::ptr::null());
        }
        let mut cells = [0u32; 16];
        let start = board::ticks();
        let (well, used) = if job.repeat != 0 {
            stack::measure_calls(|| {
                let mut well = true;
                for i in 0..job.repeat {
                    // The result is the first parameter of the next call.
                    cells[1] = i;
                    well &= wasm_runtime_call_wasm(env, function, 2, cells.as_mut_ptr());
                }
                well
            })
        } else {
            let mut count = 0;
            for argument in job.arguments() {
                let (low, high) = match argument {
                    Argument::I32(bits) | Argument::F32(bits) => (bits, None),
                    Argument::I64(bits) | Argument::F64(bits) => {
                        (bits as u32, Some((bits >> 32) as u32))
                    }
                };
                for cell in [Some(low), high].into_iter().flatten() {
                    cells[count] = cell;
                    count += 1;
                }
            }
            stack::measure_calls(|| {
                wasm_runtime_call_wasm(env, function, count as u32, cells.as_mut_ptr())
            })
        };
        costs.call = board::ticks().wrapping_sub(start);
        costs.stack = used;
        if !well {
            fail("call", wasm_runtime_get_exception(instance));
        }
        let (text, len) = host().1;
        console::bytes(core::slice::from_raw_parts(
            if len == 0 { 4 } else { text } as *const u8,
            len as usize,
        ));
        costs.timed = host().0.ticks();
        say!("zonda-bench result={}", cells[0] as i32);
        costs.report();
        wasm_runtime_destroy_exec_env(env);
        wasm_runtime_deinstantiate(instance);
        wasm_runtime_unload(module);
        wasm_runtime_destroy();
    }
}

fn main() -> ! {
    board::ticks_init();
    let Some(job) = Job::load() else {
        say!("there is no job at {:#x}", board::JOB);
        console::exit(false)
    };
    // SAFETY: the one call.
    unsafe { run(&job) };
    console::exit(true)
}
