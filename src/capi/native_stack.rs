//! What a native function asks and says while it runs: the native stack, and blocking.

use super::types::*;
use crate::platform;

/// Sets the lowest address of the native stack that calls on the execution environment may use. A
/// call that begins below it fails with "native stack overflow". NULL, the initial value, leaves
/// the check to the platform. Native code that was made ahead of time uses the stack down to there
/// as well: what native functions need lies below.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_native_stack_boundary(
    exec_env: wasm_exec_env_t,
    native_stack_boundary: *mut u8,
) {
    // SAFETY: the application passes a live environment.
    unsafe {
        (*(*exec_env).instance).forget();
        (*exec_env).native_boundary = native_stack_boundary.addr();
        (*exec_env).special = true;
    }
}

/// Returns whether the native stack suffices for a call; if not, sets the exception "native stack
/// overflow".
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_detect_native_stack_overflow(
    exec_env: wasm_exec_env_t,
) -> bool {
    // SAFETY: handed on.
    unsafe { wasm_runtime_detect_native_stack_overflow_size(exec_env, 0) }
}

/// The same for a native function that needs `required_size` bytes itself. On a device where
/// wasm_runtime_set_native_stack_boundary() has set no boundary, the size is not considered.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_detect_native_stack_overflow_size(
    exec_env: wasm_exec_env_t,
    required_size: u32,
) -> bool {
    let here = 0u8;
    // SAFETY: the application passes a live environment with a live instance.
    unsafe {
        let left = (&raw const here).addr().saturating_sub((*exec_env).native_boundary);
        let suffices = left > required_size as usize
            && platform::stack_suffices_beside(required_size as usize);
        if !suffices {
            (*(*exec_env).instance).fail("native stack overflow");
        }
        suffices
    }
}

/// Says that the calling native function is about to block. Returns false if a termination request
/// is pending: then it should return instead. A request that comes while it blocks is served when
/// the native function returns; nothing wakes it up.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_begin_blocking_op(exec_env: wasm_exec_env_t) -> bool {
    // SAFETY: the application passes a live environment; the request is atomic.
    unsafe { !(*(*(*(*exec_env).instance).store.as_ptr()).meter.as_ptr()).termination.is_pending() }
}

/// Says that the native function has blocked.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_end_blocking_op(exec_env: wasm_exec_env_t) {
    let _ = exec_env;
}
