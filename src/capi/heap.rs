//! The source of the runtime's memory, as RuntimeInitArgs chooses it, behind Rust's global
//! allocator and wasm_runtime_malloc().
//!
//! Invariant: the source changes only while nothing is allocated; the application guarantees that,
//! as with WAMR.

use super::pool::{Pool, UNIT};
use super::types::*;
use crate::platform;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ffi::{c_uint, c_void};
use core::mem::transmute;
use core::ptr::null_mut;

type Malloc = unsafe extern "C" fn(usize) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void);

#[derive(Clone, Copy)]
enum Mode {
    System,
    Pool,
    Callbacks { malloc: Malloc, realloc: Option<Realloc>, free: Free },
}

struct State {
    mode: Mode,
    pool: Pool,
}

struct Heap(UnsafeCell<State>);
// SAFETY: the mode is written while nobody else is in the runtime, the pool is used under the
// platform's lock.
unsafe impl Sync for Heap {}

static HEAP: Heap = Heap(UnsafeCell::new(State { mode: Mode::System, pool: Pool::new() }));

fn mode() -> Mode {
    // SAFETY: written only by `choose` and `reset`, while nobody else is in the runtime.
    unsafe { (*HEAP.0.get()).mode }
}

fn with_pool<R>(body: impl FnOnce(&mut Pool) -> R) -> R {
    // SAFETY: the lock makes this the only borrow.
    platform::locked(|| body(unsafe { &mut (*HEAP.0.get()).pool }))
}

/// Chooses the mode.
///
/// # Safety
/// The option has what its type says: a pool that is nobody else's, or functions that allocate.
pub(super) unsafe fn choose(args: &RuntimeInitArgs) -> bool {
    // SAFETY: which member of the union was written is what the type says; addresses of functions
    // are those of C functions with these parameters, by the contract of this function.
    unsafe {
        let mode = match args.mem_alloc_type {
            Alloc_With_Pool => {
                let pool = args.mem_alloc_option.pool;
                if !with_pool(|own| own.init(pool.heap_buf.cast(), pool.heap_size as usize)) {
                    return false;
                }
                Mode::Pool
            }
            Alloc_With_Allocator => {
                let functions = args.mem_alloc_option.allocator;
                if functions.malloc_func.is_null() || functions.free_func.is_null() {
                    return false;
                }
                Mode::Callbacks {
                    malloc: transmute::<*mut c_void, Malloc>(functions.malloc_func),
                    realloc: transmute::<*mut c_void, Option<Realloc>>(functions.realloc_func),
                    free: transmute::<*mut c_void, Free>(functions.free_func),
                }
            }
            Alloc_With_System_Allocator => Mode::System,
            _ => return false,
        };
        (*HEAP.0.get()).mode = mode;
    }
    true
}

/// Goes back to the system's memory.
pub(super) fn reset() {
    // SAFETY: the application destroys the runtime while nobody else is in it.
    unsafe { (*HEAP.0.get()).mode = Mode::System };
}

fn allocate(size: usize) -> *mut u8 {
    match mode() {
        Mode::System => platform::allocate(size, UNIT),
        Mode::Pool => with_pool(|pool| pool.allocate(size)),
        // SAFETY: a malloc function accepts any size.
        Mode::Callbacks { malloc, .. } => unsafe { malloc(size).cast() },
    }
}

/// # Safety
/// `at` comes from [`allocate`] and is freed once.
unsafe fn free(at: *mut u8) {
    // SAFETY: `at` comes from `allocate` in this mode, and is freed once, by the contract of this
    // function.
    unsafe {
        match mode() {
            Mode::System => platform::free(at),
            Mode::Pool => with_pool(|pool| pool.free(at)),
            Mode::Callbacks { free, .. } => free(at.cast()),
        }
    }
}

/// # Safety
/// `at` comes from [`allocate`] and held `before` bytes.
unsafe fn reallocate(at: *mut u8, before: usize, size: usize) -> *mut u8 {
    // SAFETY: `at` is a block of `before` bytes of `allocate`, by the contract of this function;
    // the new one has `size`. Of both, the smaller number of bytes is copied.
    unsafe {
        match mode() {
            Mode::Pool if with_pool(|pool| pool.resize(at, size)) => return at,
            Mode::Callbacks { realloc: Some(realloc), .. } => {
                return realloc(at.cast(), size).cast()
            }
            _ => {}
        }
        let new = allocate(size);
        if !new.is_null() {
            new.copy_from_nonoverlapping(at, before.min(size));
            free(at);
        }
        new
    }
}

/// Rust's allocator for an application in C, over the memory that RuntimeInitArgs chooses.
/// Alignments of more than 8 bytes fail.
pub struct RuntimeAllocator;

// SAFETY: `allocate`, `free` and `reallocate` do what the trait asks for, and none of them unwinds.
unsafe impl GlobalAlloc for RuntimeAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > UNIT {
            return null_mut();
        }
        allocate(layout.size())
    }

    unsafe fn dealloc(&self, at: *mut u8, _: Layout) {
        // SAFETY: a block of `alloc` is one of `allocate`, and `GlobalAlloc`'s contract says that
        // it is freed once.
        unsafe { free(at) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: a block of `alloc` is one of `allocate`, with the layout's size by
        // `GlobalAlloc`'s contract.
        unsafe { reallocate(at, layout.size(), size) }
    }
}

/// Blocks of wasm_runtime_malloc() begin with their size, as only a pool knows it, and with the
/// distance from where they were allocated.
#[repr(C)]
struct Prefix {
    size: u32,
    before: u32,
}

const PREFIX: usize = UNIT;
const _: () = assert!(size_of::<Prefix>() == PREFIX);

/// Allocates a block of `size` bytes at a multiple of `align`, a power of two.
fn allocate_block(size: c_uint, align: usize) -> *mut c_void {
    // An allocation is aligned to `UNIT`.
    let room = PREFIX + align.saturating_sub(UNIT);
    let total = (size as usize).max(1).checked_add(room);
    let Some(total) = total.filter(|&total| u32::try_from(total).is_ok()) else {
        return null_mut();
    };
    let at = allocate(total);
    if at.is_null() {
        return null_mut();
    }
    let payload = at.addr().wrapping_add(PREFIX).next_multiple_of(align.max(UNIT));
    let before = payload.wrapping_sub(at.addr());
    // SAFETY: `before` is at least `PREFIX` and at most `room`, since `at` is aligned to `UNIT`;
    // the block holds the prefix in front of the payload, and the payload.
    unsafe {
        let payload = at.add(before);
        let size = (total - before) as u32;
        payload.sub(PREFIX).cast::<Prefix>().write(Prefix { size, before: before as u32 });
        payload.cast()
    }
}

/// Allocates `size` bytes from the runtime's heap, aligned to 8 bytes. Returns NULL if there is no
/// memory. Any thread may call this, and may free a block of another thread.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_malloc(size: c_uint) -> *mut c_void {
    allocate_block(size, UNIT)
}

/// The same at a multiple of `alignment`, a power of two. Returns NULL also for any other
/// `alignment`, and for a `size` that is 0 or no multiple of it. wasm_runtime_realloc() does not
/// keep the alignment.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_aligned_alloc(
    size: c_uint,
    alignment: c_uint,
) -> *mut c_void {
    if !alignment.is_power_of_two() || size == 0 || size & (alignment - 1) != 0 {
        return null_mut();
    }
    allocate_block(size, alignment as usize)
}

/// Changes the size of a block of wasm_runtime_malloc() to `size` bytes and returns its new
/// address. With a NULL `ptr` it allocates. Returns NULL if there is no memory; then the block is
/// unchanged.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_realloc(ptr: *mut c_void, size: c_uint) -> *mut c_void {
    // SAFETY: the prefix was written by `allocate_block`.
    unsafe {
        if ptr.is_null() {
            return wasm_runtime_malloc(size);
        }
        let Prefix { size: held, before } = ptr.cast::<u8>().sub(PREFIX).cast::<Prefix>().read();
        let total = (size as usize).max(1).checked_add(PREFIX);
        let Some(total) = total.filter(|&total| u32::try_from(total).is_ok()) else {
            return null_mut();
        };
        if before as usize != PREFIX {
            // The allocation begins elsewhere: only what the application has is copied.
            let new = wasm_runtime_malloc(size);
            if !new.is_null() {
                let both = (held as usize).min(size as usize);
                new.cast::<u8>().copy_from_nonoverlapping(ptr.cast(), both);
                wasm_runtime_free(ptr);
            }
            return new;
        }
        let at = ptr.cast::<u8>().sub(PREFIX);
        let new = reallocate(at, held as usize + PREFIX, total);
        if new.is_null() {
            return null_mut();
        }
        let size = (total - PREFIX) as u32;
        new.cast::<Prefix>().write(Prefix { size, before: PREFIX as u32 });
        new.add(PREFIX).cast()
    }
}

/// Whether a block can begin at an address; known of the pool only, as in WAMR.
fn may_be_block(at: usize) -> bool {
    !matches!(mode(), Mode::Pool) || with_pool(|pool| pool.contains(at))
}

/// Frees a block of wasm_runtime_malloc() or wasm_runtime_aligned_alloc(). NULL is ignored, and
/// with a pool any address outside of it.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_free(ptr: *mut c_void) {
    if !ptr.is_null() && may_be_block(ptr.addr()) {
        // SAFETY: the prefix was written by `allocate_block`.
        unsafe {
            let before = (*ptr.cast::<u8>().sub(PREFIX).cast::<Prefix>()).before;
            free(ptr.cast::<u8>().sub(before as usize));
        }
    }
}

/// Stores the size and the use, in bytes, of the pool, or of the platform's heap if the memory
/// comes from there. Returns false if neither is known.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_mem_alloc_info(
    mem_alloc_info: *mut mem_alloc_info_t,
) -> bool {
    let info = match mode() {
        Mode::Pool => with_pool(|pool| mem_alloc_info_t {
            total_size: pool.total as u32,
            total_free_size: pool.free as u32,
            highmark_size: (pool.total - pool.least_free) as u32,
        }),
        Mode::System => match platform::heap_info() {
            Some(info) => mem_alloc_info_t {
                total_size: info.total,
                total_free_size: info.free,
                highmark_size: info.peak,
            },
            None => return false,
        },
        Mode::Callbacks { .. } => return false,
    };
    // SAFETY: the application gives a place for it.
    unsafe { *mem_alloc_info = info };
    true
}
