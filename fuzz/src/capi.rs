//! Sequences of calls of the C API, in any order that the header allows an application. Looked for
//! are crashes, results that are not those of `model`, messages that are no strings, and memory
//! that is not given back.

mod app;
pub mod memory;
mod model;
mod modules;
mod world;

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard};

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

pub(crate) use memory::{enter, leave};

/// There is one runtime in a process, so tests that use it take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // Standard output takes memory when it is first used, and keeps it.
    print!("");
    wasm_runtime_set_log_level(WASM_LOG_LEVEL_FATAL);
    alone
}

/// Sets the runtime up, uses it, ends it; once or twice.
pub fn capi(data: &[u8]) {
    let _alone = alone();
    let mut u = Unstructured::new(data);
    // An error is the end of the input.
    let _ = session(&mut u).and_then(|()| session(&mut u));
}

fn session(u: &mut Unstructured) -> Result<()> {
    let mut pool = Vec::new();
    let kind = u.int_in_range(0..=3)?;
    let mem_alloc_option = match kind {
        0 => {
            let size: u32 = u.int_in_range(0..=400_000)?;
            pool.resize(size as usize + 8, 0u8);
            let start = u.int_in_range(0..=7)?;
            MemAllocOption {
                pool: MemAllocPool { heap_buf: pool[start..].as_mut_ptr().cast(), heap_size: size },
            }
        }
        _ => {
            let realloc_func =
                if u.arbitrary()? { memory::realloc as *mut c_void } else { null_mut() };
            let functions = MemAllocFunctions {
                malloc_func: memory::malloc as *mut c_void,
                realloc_func,
                free_func: memory::free as *mut c_void,
                user_data: null_mut(),
            };
            MemAllocOption { allocator: functions }
        }
    };
    let mem_alloc_type =
        [Alloc_With_Pool, Alloc_With_Allocator, Alloc_With_Allocator, Alloc_With_System_Allocator]
            [kind];
    let running_mode =
        *u.choose(&[0, Mode_Interp, Mode_Zonda_Classic, Mode_Zonda_Fast, Mode_LLVM_JIT])?;
    // SAFETY: zero is a value of every member, and the rest is written.
    let mut args: RuntimeInitArgs = unsafe { std::mem::zeroed() };
    (args.mem_alloc_type, args.mem_alloc_option, args.running_mode) =
        (mem_alloc_type, mem_alloc_option, running_mode);
    let before = memory::live();
    // SAFETY: the memory stays until the runtime is destroyed; nothing is in use.
    unsafe {
        if !enter(|| wasm_runtime_full_init(&raw mut args)) {
            assert!(
                running_mode == Mode_LLVM_JIT || kind == 0 && pool.len() < 64,
                "the runtime is not set up"
            );
            enter(|| wasm_runtime_destroy());
            return Ok(());
        }
        let mut world = world::World::default();
        (world.tight, world.system) = (kind == 0, kind == 3);
        let mut info = mem_alloc_info_t { total_size: 0, total_free_size: 0, highmark_size: 0 };
        assert_eq!(enter(|| wasm_runtime_get_mem_alloc_info(&mut info)), kind == 0);
        assert_eq!(info.total_size, info.total_free_size);
        let mut result = Ok(());
        for _ in 0..200 {
            result = world.step(u);
            if result.is_err() {
                break;
            }
        }
        // Shared heaps live until the runtime is destroyed.
        let shares = world.shares();
        let heaps = world.end();
        if !shares && enter(|| wasm_runtime_get_mem_alloc_info(&mut info)) {
            assert_eq!(
                info.total_size, info.total_free_size,
                "the pool has not got everything back"
            );
            assert!(info.highmark_size <= info.total_size);
        }
        assert!(shares || memory::live() == before, "blocks are left that nobody has");
        enter(|| wasm_runtime_destroy());
        assert_eq!(memory::live(), before, "blocks are left when the runtime is gone");
        heaps.free();
        result
    }
}
