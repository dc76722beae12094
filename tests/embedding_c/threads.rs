//! The C API from many threads: one runtime, in a pool and with the system's memory. As
//! tests/zephyr/threads, on the host.

use crate::plan::{self, Alive, Work, Worker, ROUNDS, WORKERS};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::{c_void, CStr};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zonda::capi::*;

const POOL: usize = 256 * 1024;
const STACK: u32 = 4096;

/// The runtime's allocator inside of the runtime, as in a firmware, and the system's elsewhere.
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// Where the pool is.
static POOL_AT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Calls the runtime.
fn inside<R>(call: impl FnOnce() -> R) -> R {
    let outer = INSIDE.replace(true);
    let result = call();
    INSIDE.set(outer);
    result
}

fn is_of_pool(at: *mut u8) -> bool {
    at.addr().wrapping_sub(POOL_AT.load(Ordering::Relaxed)) < POOL
        && POOL_AT.load(Ordering::Relaxed) != 0
}

// SAFETY: what comes from the pool goes back there, as the addresses say; all other blocks are of
// the C library, whichever of the two gave them.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            if INSIDE.get() {
                RuntimeAllocator.alloc(layout)
            } else {
                System.alloc(layout)
            }
        }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe {
            if is_of_pool(at) {
                RuntimeAllocator.dealloc(at, layout)
            } else {
                System.dealloc(at, layout)
            }
        }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            if is_of_pool(at) {
                RuntimeAllocator.realloc(at, layout, size)
            } else {
                System.realloc(at, layout, size)
            }
        }
    }
}

/// A pointer that goes to other threads, which keep the rules of docs/threads.md.
struct Handle<T>(*mut T);
// SAFETY: what the threads do with it is what this test is about.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Handle<T> {}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

struct Natives([NativeSymbol; 2]);
// SAFETY: constant.
unsafe impl Sync for Natives {}

static NATIVES: Natives = Natives([
    NativeSymbol {
        symbol: c"pause".as_ptr(),
        func_ptr: pause as *mut c_void,
        signature: c"(i)i".as_ptr(),
        attachment: null_mut(),
    },
    NativeSymbol {
        symbol: c"sum".as_ptr(),
        func_ptr: sum as *mut c_void,
        signature: c"(*~)i".as_ptr(),
        attachment: null_mut(),
    },
]);

/// Names under which each worker registers the table once more.
const OWN: [&CStr; WORKERS as usize] = [c"w0", c"w1", c"w2", c"w3", c"w4", c"w5", c"w6", c"w7"];

fn register(name: &CStr) -> bool {
    // SAFETY: the table is constant.
    inside(|| unsafe {
        wasm_runtime_register_natives(
            name.as_ptr(),
            NATIVES.0.as_ptr().cast_mut(),
            NATIVES.0.len() as u32,
        )
    })
}

fn unregister(name: &CStr) -> bool {
    // SAFETY: the table is constant.
    inside(|| unsafe {
        wasm_runtime_unregister_natives(name.as_ptr(), NATIVES.0.as_ptr().cast_mut())
    })
}

/// What may be terminated, as in the Rust API's test.
struct Slot {
    target: Handle<WASMModuleInstanceCommon>,
    requested: bool,
    requests: u32,
}

struct Job<'w> {
    slot: &'w Mutex<Slot>,
    instance: wasm_module_inst_t,
    env: wasm_exec_env_t,
    natives: Cell<u32>,
    terminated: Cell<u32>,
}

/// The job whose code calls a native function.
///
/// # Safety
/// The environment is one of this test's.
unsafe fn job_of<'j>(env: wasm_exec_env_t) -> &'j Job<'j> {
    // SAFETY: the user data was set to the job, which lives longer than its calls.
    let job = unsafe { &*wasm_runtime_get_user_data(env).cast::<Job>() };
    assert!(job.env == env);
    job.natives.set(job.natives.get() + 1);
    job
}

unsafe extern "C" fn pause(env: wasm_exec_env_t, number: i32) -> i32 {
    // SAFETY: called by code of a job. What Rust allocates here is not the runtime's.
    unsafe { job_of(env) };
    INSIDE.set(false);
    std::thread::yield_now();
    INSIDE.set(true);
    number + 1
}

unsafe extern "C" fn sum(env: wasm_exec_env_t, bytes: *const u8, len: u32) -> i32 {
    // SAFETY: called by code of a job, with a checked range of its memory.
    unsafe {
        job_of(env);
        std::slice::from_raw_parts(bytes, len as usize).iter().map(|&byte| byte as i32).sum()
    }
}

impl Job<'_> {
    fn acknowledged(&self) {
        assert!(
            std::mem::take(&mut self.slot.lock().unwrap().requested),
            "terminated without a termination request"
        );
        self.terminated.set(self.terminated.get() + 1);
    }

    /// Calls an export: its result, or the exception.
    fn call_once(&self, name: &CStr, args: &[u32]) -> Result<u32, &str> {
        let mut cells = [0; 2];
        cells[..args.len()].copy_from_slice(args);
        // SAFETY: the instance is live and this thread's; no export has more than two cells of
        // parameters or results.
        unsafe {
            let done = inside(|| {
                let func = wasm_runtime_lookup_function(self.instance, name.as_ptr());
                wasm_runtime_clear_exception(self.instance);
                wasm_runtime_call_wasm(self.env, func, args.len() as u32, cells.as_mut_ptr())
            });
            let exception = wasm_runtime_get_exception(self.instance);
            assert_eq!(done, exception.is_null());
            match done {
                true => Ok(cells[0]),
                false => Err(CStr::from_ptr(exception)
                    .to_str()
                    .unwrap()
                    .strip_prefix("Exception: ")
                    .unwrap()),
            }
        }
    }

    fn endless(&self, name: &CStr) {
        assert_eq!(self.call_once(name, &[]), Err("terminated by user"), "{name:?}");
        self.acknowledged();
    }

    fn work(&self, work: Work) {
        let (name, args, expected) = match work {
            Work::Endless("spin") => return self.endless(c"spin"),
            Work::Endless("spin_indirect") => return self.endless(c"spin_indirect"),
            Work::Endless(_) => return self.endless(c"spin_and_pause"),
            Work::Mix(seed, turns) => (c"mix", &[seed, turns][..], Ok(plan::mix(seed, turns))),
            Work::Triangle(n) => (c"triangle", &[n][..], Ok(n * (n + 1) / 2)),
            Work::TooDeep => (c"triangle", &[1_000_000][..], Err("wasm operand stack overflow")),
            Work::Divide => (c"divide", &[7][..], Err("integer divide by zero")),
            Work::Unreachable => (c"unreachable", &[][..], Err("unreachable")),
            Work::Beyond => (c"beyond", &[][..], Err("out of bounds memory access")),
            Work::SumBeyond => (c"sum_beyond", &[][..], Err("out of bounds memory access")),
            Work::Sum(byte) => (c"sum", &[byte][..], Ok(64 * byte)),
            Work::Pause(number) => (c"pause", &[number][..], Ok(number + 1)),
        };
        loop {
            let result = self.call_once(name, args);
            if result != Err("terminated by user") {
                assert_eq!(result, expected, "{name:?}");
                break;
            }
            self.acknowledged();
        }
    }

    /// As in the Rust API's test.
    fn retire(&self) {
        let requested = {
            let mut slot = self.slot.lock().unwrap();
            slot.target = Handle(null_mut());
            slot.requested
        };
        if requested {
            self.endless(c"spin");
        }
        let terminated = self.terminated.get();
        self.work(Work::Mix(5, 100));
        assert_eq!(self.terminated.get(), terminated, "terminated by nobody");
    }
}

/// The reason why there is no module or instance.
fn reason(error: &[u8]) -> &str {
    CStr::from_bytes_until_nul(error).unwrap().to_str().unwrap()
}

fn load() -> Handle<WASMModuleCommon> {
    let mut error = [0u8; 96];
    // SAFETY: the bytes are constant, and the buffer has that size.
    let module = inside(|| unsafe {
        wasm_runtime_load(
            plan::WORK.as_ptr().cast_mut(),
            plan::WORK.len() as u32,
            error.as_mut_ptr().cast(),
            error.len() as u32,
        )
    });
    assert!(!module.is_null(), "{}", reason(&error));
    Handle(module)
}

/// Returns how many calls were terminated, and how many native functions called.
fn run(
    alive: Alive,
    number: u32,
    slot: &Mutex<Slot>,
    shared: Handle<WASMModuleCommon>,
) -> (u32, u32) {
    let _alive = alive;
    let mut worker = Worker::new(number);
    let (mut terminated, mut natives) = (0, 0);
    for _ in 0..ROUNDS {
        let own = worker.below(3) == 2;
        let mode = [Mode_Zonda_Classic, Mode_Zonda_Fast][worker.below(2) as usize];
        if own {
            assert!(register(OWN[number as usize]));
        }
        let module = if own { load() } else { shared };
        let mut error = [0u8; 96];
        // SAFETY: the module is live, and the instance is this thread's but for being terminated.
        unsafe {
            let instance = inside(|| {
                wasm_runtime_instantiate(
                    module.0,
                    STACK,
                    0,
                    error.as_mut_ptr().cast(),
                    error.len() as u32,
                )
            });
            assert!(!instance.is_null(), "{}", reason(&error));
            assert!(inside(|| wasm_runtime_set_running_mode(instance, mode)));
            let env = inside(|| {
                if own {
                    wasm_runtime_create_exec_env(instance, STACK)
                } else {
                    wasm_runtime_get_exec_env_singleton(instance)
                }
            });
            assert!(!env.is_null());
            let job = Job { slot, instance, env, natives: Cell::new(0), terminated: Cell::new(0) };
            wasm_runtime_set_user_data(env, (&raw const job).cast_mut().cast());
            slot.lock().unwrap().target = Handle(instance);
            worker.plan().into_iter().for_each(|work| job.work(work));
            job.retire();
            inside(|| {
                if own {
                    wasm_runtime_destroy_exec_env(env);
                }
                wasm_runtime_deinstantiate(instance);
                if own {
                    wasm_runtime_unload(module.0);
                }
            });
            terminated += job.terminated.get();
            natives += job.natives.get();
        }
        if own {
            assert!(unregister(OWN[number as usize]));
        }
    }
    (terminated, natives)
}

/// Terminates workers in turn until none is alive; an instance only while the lock says that it
/// lives.
fn terminate(slots: &[Mutex<Slot>], alive: &AtomicU32) {
    let mut next = 0;
    while alive.load(Ordering::Relaxed) != 0 {
        std::thread::sleep(Duration::from_micros(200));
        next = (next + 1) % slots.len();
        let mut slot = slots[next].lock().unwrap_or_else(PoisonError::into_inner);
        if !slot.target.0.is_null() && !slot.requested {
            // SAFETY: the worker takes it back under this lock before it is freed.
            unsafe { wasm_runtime_terminate(slot.target.0) };
            (slot.requested, slot.requests) = (true, slot.requests + 1);
        }
    }
}

/// Bytes of the pool that are free; 0 without a pool.
fn pool_free() -> u32 {
    let mut info = mem_alloc_info_t { total_size: 0, total_free_size: 0, highmark_size: 0 };
    // SAFETY: the place is there.
    unsafe { wasm_runtime_get_mem_alloc_info(&mut info) };
    info.total_free_size
}

fn instances_of_eight_threads(memory: &str) {
    assert!(register(c"env"));
    let shared = load();
    let before = pool_free();
    let slots: Vec<_> = (0..WORKERS)
        .map(|_| Mutex::new(Slot { target: Handle(null_mut()), requested: false, requests: 0 }))
        .collect();
    let alive = AtomicU32::new(WORKERS);
    let mut sum = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| terminate(&slots, &alive));
        let numbered = (0..WORKERS).zip(&slots);
        let workers: Vec<_> = numbered
            .map(|(number, slot)| {
                let alive = Alive::new(&alive);
                scope.spawn(move || run(alive, number, slot, shared))
            })
            .collect();
        for (number, worker) in workers.into_iter().enumerate() {
            let (terminated, natives) = worker.join().unwrap();
            assert_eq!(
                terminated,
                slots[number].lock().unwrap().requests,
                "each termination request stops one call, of worker {number}"
            );
            assert!(terminated >= Worker::new(number as u32).endless_calls() && natives > 0);
            sum += terminated;
        }
    });
    assert_eq!(pool_free(), before);
    // SAFETY: no instance is left.
    inside(|| unsafe { wasm_runtime_unload(shared.0) });
    assert!(unregister(c"env"));
    println!("C API, {memory}: {} instances, {sum} calls terminated", WORKERS * ROUNDS);
}

#[test]
fn instances_of_eight_threads_in_a_pool_and_with_the_systems_memory() {
    let _alone = crate::RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let layout = Layout::from_size_align(POOL, 8).unwrap();
    // SAFETY: the pool lives until the runtime no longer has it; all zeros are a value of the
    // arguments.
    unsafe {
        let pool = System.alloc(layout);
        POOL_AT.store(pool.addr(), Ordering::Relaxed);
        let mut args: RuntimeInitArgs = std::mem::zeroed();
        args.mem_alloc_type = Alloc_With_Pool;
        args.mem_alloc_option.pool = MemAllocPool { heap_buf: pool.cast(), heap_size: POOL as u32 };
        assert!(wasm_runtime_full_init(&mut args));
        let empty = pool_free();
        instances_of_eight_threads("pool");
        assert_eq!(pool_free(), empty);
        // Not in pieces either.
        let all = wasm_runtime_malloc(empty - 32);
        assert!(!all.is_null());
        wasm_runtime_free(all);
        wasm_runtime_destroy();
        POOL_AT.store(0, Ordering::Relaxed);
        System.dealloc(pool, layout);

        assert!(wasm_runtime_init());
        instances_of_eight_threads("system");
        wasm_runtime_destroy();
    }
}
