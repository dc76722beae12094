//! Setting the runtime up, and its log.

use super::text::{with_line, Text};
use super::types::*;
use super::{diagnostics, heap, host_modules, modules, natives, shared_heap};
use crate::platform::interface;
use crate::store::StoreConfig;
use crate::{platform, Engine};
use core::ptr::null;
use core::sync::atomic::{AtomicU32, AtomicU8, Ordering};
use zonda_exec::Mode;

/// The lowest importance of messages that are logged.
static LEVEL: AtomicU8 = AtomicU8::new(WASM_LOG_LEVEL_WARNING as u8);

/// The running mode of modules and instances from now on.
static DEFAULT_MODE: AtomicU32 = AtomicU32::new(0);

/// The default running mode, which is always supported.
pub(super) fn default_running_mode() -> RunningMode {
    DEFAULT_MODE.load(Ordering::Relaxed)
}

/// The mode that is meant, if it is built in.
pub(super) fn mode(running_mode: RunningMode) -> Option<Mode> {
    let mut chosen = running_mode;
    if chosen <= Mode_Interp {
        chosen = platform::defaults().running_mode;
    }
    if chosen <= Mode_Interp {
        return Some(Engine::default().mode());
    }
    Mode::ALL.iter().copied().find(|mode| chosen == Mode_Zonda_Classic + *mode as u32)
}

/// The engine for what is loaded.
pub fn engine() -> Engine {
    mode(default_running_mode()).map_or(Engine::default(), Engine::new)
}

/// Whether this thread has the native stack that loading and instantiating a module take.
pub fn stack_suffices_to_load() -> bool {
    platform::stack_suffices(interface::ZONDA_STACK_LOAD)
}

/// Whether this thread has the native stack that a call of a WebAssembly function takes.
pub fn stack_suffices_to_call() -> bool {
    platform::stack_suffices(interface::ZONDA_STACK_CALL)
}

/// The configuration of a store as the firmware's defaults say.
pub fn store_config() -> StoreConfig {
    let defaults = platform::defaults();
    let limit = |bytes: u32| if bytes == 0 { u64::MAX } else { bytes as u64 };
    StoreConfig {
        stack_bytes: defaults.stack_size,
        memory_limit: limit(defaults.memory_limit),
        total_limit: limit(defaults.total_limit),
        nested_calls: defaults.nested_calls,
        #[cfg(feature = "gc")]
        object_bytes: StoreConfig::OBJECT_BYTES,
    }
}

fn log(level: log_level_t, platform_level: i32, write: impl FnOnce(&mut Text)) {
    if LEVEL.load(Ordering::Relaxed) as u32 >= level {
        with_line(write, |line| platform::log(platform_level, line));
    }
}

pub(super) fn log_error(write: impl FnOnce(&mut Text)) {
    log(WASM_LOG_LEVEL_ERROR, 1, write);
}

pub(super) fn log_warning(write: impl FnOnce(&mut Text)) {
    log(WASM_LOG_LEVEL_WARNING, 2, write);
}

/// Initializes the runtime with memory from the system. Returns true. No other thread may use the
/// runtime during the call.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_init() -> bool {
    heap::reset();
    true
}

/// Initializes the runtime: where its memory comes from, the default running mode, and a first
/// table of native functions. Returns false if the memory is too small, the mode is not supported,
/// or the table is refused. No other thread may use the runtime during the call.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_full_init(init_args: *mut RuntimeInitArgs) -> bool {
    // SAFETY: the application passes arguments, with memory as their type says.
    unsafe {
        let args = &*init_args;
        if mode(args.running_mode).is_none() || !heap::choose(args) {
            return false;
        }
        if args.n_native_symbols != 0
            && !natives::wasm_runtime_register_natives(
                args.native_module_name,
                args.native_symbols,
                args.n_native_symbols,
            )
        {
            heap::reset();
            return false;
        }
        DEFAULT_MODE.store(args.running_mode, Ordering::Relaxed);
    }
    true
}

/// Ends the use of the runtime. All modules must be unloaded and all instances freed before.
/// Unregisters all native functions and resets the memory and the default running mode. No other
/// thread may use the runtime during the call.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_destroy() {
    // SAFETY: null stands for any table.
    while unsafe { natives::unregister(null(), null()) } {}
    host_modules::forget();
    shared_heap::forget();
    modules::forget();
    diagnostics::forget();
    DEFAULT_MODE.store(0, Ordering::Relaxed);
    heap::reset();
}

/// Sets the lowest importance of messages that are logged. The initial level is
/// WASM_LOG_LEVEL_WARNING.
#[no_mangle]
pub extern "C" fn wasm_runtime_set_log_level(level: log_level_t) {
    LEVEL.store(level.min(WASM_LOG_LEVEL_VERBOSE) as u8, Ordering::Relaxed);
}

const fn number(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut value = 0;
    let mut at = 0;
    while at < bytes.len() {
        value = value * 10 + (bytes[at] - b'0') as u32;
        at += 1;
    }
    value
}

/// Stores the version of the runtime.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_version(
    major: *mut u32,
    minor: *mut u32,
    patch: *mut u32,
) {
    // SAFETY: the application passes three places.
    unsafe {
        *major = const { number(env!("CARGO_PKG_VERSION_MAJOR")) };
        *minor = const { number(env!("CARGO_PKG_VERSION_MINOR")) };
        *patch = const { number(env!("CARGO_PKG_VERSION_PATCH")) };
    }
}

/// Returns whether this running mode is built in.
#[no_mangle]
pub extern "C" fn wasm_runtime_is_running_mode_supported(running_mode: RunningMode) -> bool {
    mode(running_mode).is_some()
}

/// Sets the running mode of modules and instances that are loaded and instantiated from now on. A
/// module gets code for the mode that is the default when it is loaded; an instance in another mode
/// gets code of its own, which takes memory. Returns false if the mode is not supported.
#[no_mangle]
pub extern "C" fn wasm_runtime_set_default_running_mode(running_mode: RunningMode) -> bool {
    let supported = mode(running_mode).is_some();
    if supported {
        DEFAULT_MODE.store(running_mode, Ordering::Relaxed);
    }
    supported
}

/// For compatibility: threads need no preparation. Returns true.
#[no_mangle]
pub extern "C" fn wasm_runtime_init_thread_env() -> bool {
    true
}

/// For compatibility: does nothing.
#[no_mangle]
pub extern "C" fn wasm_runtime_destroy_thread_env() {}

/// For compatibility: returns true.
#[no_mangle]
pub extern "C" fn wasm_runtime_thread_env_inited() -> bool {
    true
}
