//! Configurations and the engine.
//!
//! There is one runtime, so there is one engine, which is counted, and one configuration. A
//! configuration that chooses a source of memory applies to the first engine; one that does not
//! leaves the runtime's memory as it is, so that an application can call `wasm_runtime_init()` of
//! `wasm_export.h` before and use both APIs side by side.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::null_mut;
#[cfg(target_has_atomic = "32")]
use core::sync::atomic::AtomicU32;
use core::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(target_has_atomic = "32"))]
use portable_atomic::AtomicU32;
use zonda::capi::{
    mem_alloc_type_t, wasm_runtime_destroy, wasm_runtime_full_init, Alloc_With_System_Allocator,
    MemAllocOption, RuntimeInitArgs,
};

/// The source of the runtime's memory.
#[repr(C)]
pub struct wasm_config_t {
    pub mem_alloc_type: mem_alloc_type_t,
    pub mem_alloc_option: MemAllocOption,
    /// Not used.
    pub segue_flags: u32,
    /// Not used.
    pub enable_linux_perf: bool,
}

struct Config(UnsafeCell<MaybeUninit<wasm_config_t>>);
// SAFETY: the application makes the engine, and its configuration, before other threads use the
// runtime.
unsafe impl Sync for Config {}

/// Not in the runtime's memory, which the configuration chooses.
static CONFIG: Config = Config(UnsafeCell::new(MaybeUninit::uninit()));

/// Resets the configuration, which there is one of, and returns it.
#[no_mangle]
pub unsafe extern "C" fn wasm_config_new() -> *mut wasm_config_t {
    let config: *mut wasm_config_t = CONFIG.0.get().cast();
    // SAFETY: a static place of this type; zero bytes are null pointers, numbers of 0 and false.
    unsafe {
        config.write_bytes(0, 1);
        (*config).mem_alloc_type = Alloc_With_System_Allocator;
    }
    config
}

#[no_mangle]
pub extern "C" fn wasm_config_delete(_config: *mut wasm_config_t) {}

/// Sets the source of memory; returns the configuration.
#[no_mangle]
pub unsafe extern "C" fn wasm_config_set_mem_alloc_opt(
    config: *mut wasm_config_t,
    kind: mem_alloc_type_t,
    option: *const MemAllocOption,
) -> *mut wasm_config_t {
    // SAFETY: null or live.
    unsafe {
        let Some(to) = config.as_mut() else { return null_mut() };
        to.mem_alloc_type = kind;
        if !option.is_null() {
            to.mem_alloc_option = *option;
        }
    }
    config
}

/// For compatibility: has no effect. Returns the configuration.
#[no_mangle]
pub unsafe extern "C" fn wasm_config_set_linux_perf_opt(
    config: *mut wasm_config_t,
    enable: bool,
) -> *mut wasm_config_t {
    // SAFETY: null or live.
    if let Some(config) = unsafe { config.as_mut() } {
        config.enable_linux_perf = enable;
    }
    config
}

/// For compatibility: has no effect. Returns the configuration.
#[no_mangle]
pub unsafe extern "C" fn wasm_config_set_segue_flags(
    config: *mut wasm_config_t,
    segue_flags: u32,
) -> *mut wasm_config_t {
    // SAFETY: null or live.
    if let Some(config) = unsafe { config.as_mut() } {
        config.segue_flags = segue_flags;
    }
    config
}

/// The engine, which has an address and nothing else.
pub struct wasm_engine_t {
    _address: UnsafeCell<u8>,
}

// SAFETY: nobody accesses what it has.
unsafe impl Sync for wasm_engine_t {}

static ENGINE: wasm_engine_t = wasm_engine_t { _address: UnsafeCell::new(0) };

/// How often the application has the engine.
static ENGINES: AtomicU32 = AtomicU32::new(0);

/// Whether the first engine's configuration has chosen the source of memory.
static CHOSEN: AtomicBool = AtomicBool::new(false);

/// # Safety
/// The option has what its type says, and no other thread uses the runtime if this is the first
/// engine.
unsafe fn engine(kind: mem_alloc_type_t, option: Option<&MemAllocOption>) -> *mut wasm_engine_t {
    if ENGINES.fetch_add(1, Ordering::AcqRel) == 0 && kind != Alloc_With_System_Allocator {
        // SAFETY: zero bytes are null pointers, numbers of 0 and false; the option is what the
        // contract says.
        let initialized = unsafe {
            let mut args: RuntimeInitArgs = MaybeUninit::zeroed().assume_init();
            args.mem_alloc_type = kind;
            if let Some(option) = option {
                args.mem_alloc_option = *option;
            }
            wasm_runtime_full_init(&raw mut args)
        };
        if !initialized {
            ENGINES.fetch_sub(1, Ordering::AcqRel);
            return null_mut();
        }
        CHOSEN.store(true, Ordering::Release);
    }
    (&raw const ENGINE).cast_mut()
}

#[no_mangle]
pub unsafe extern "C" fn wasm_engine_new() -> *mut wasm_engine_t {
    // SAFETY: the system's memory needs no option.
    unsafe { engine(Alloc_With_System_Allocator, None) }
}

/// The engine with the source of memory that the configuration chooses, if it is the first. NULL if
/// the memory is too small.
#[no_mangle]
pub unsafe extern "C" fn wasm_engine_new_with_config(
    config: *mut wasm_config_t,
) -> *mut wasm_engine_t {
    // SAFETY: null, or a configuration, whose option is what its type says.
    unsafe {
        match config.as_ref() {
            Some(config) => engine(config.mem_alloc_type, Some(&config.mem_alloc_option)),
            None => wasm_engine_new(),
        }
    }
}

/// The same without a configuration.
#[no_mangle]
pub unsafe extern "C" fn wasm_engine_new_with_args(
    kind: mem_alloc_type_t,
    option: *const MemAllocOption,
) -> *mut wasm_engine_t {
    // SAFETY: null, or what the type says.
    unsafe { engine(kind, option.as_ref()) }
}

/// Ends the use of the engine. All stores and modules must be deleted before the last one.
#[no_mangle]
pub unsafe extern "C" fn wasm_engine_delete(engine: *mut wasm_engine_t) {
    if engine.is_null() {
        return;
    }
    let before = ENGINES.load(Ordering::Acquire);
    if before == 0 || ENGINES.fetch_sub(1, Ordering::AcqRel) != 1 {
        return;
    }
    if CHOSEN.swap(false, Ordering::AcqRel) {
        // SAFETY: the last owner of the engine ends the runtime.
        unsafe { wasm_runtime_destroy() };
    }
}
