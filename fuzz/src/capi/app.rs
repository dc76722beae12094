//! The application's native functions, which call the runtime again in any way that it allows.

use std::ffi::{c_char, c_void, CStr};
use std::ptr::{null, null_mut};

use zonda::capi::*;

/// What `back` does for the number that it is called with.
pub const BACKS: u32 = 12;

/// (i)i
unsafe extern "C" fn twice(_: wasm_exec_env_t, value: u32) -> u32 {
    value.wrapping_mul(2)
}

/// (*~)i: the sum of the bytes, each of which is written as well.
unsafe extern "C" fn sum(env: wasm_exec_env_t, at: *mut u8, len: u32) -> u32 {
    // SAFETY: the environment is live; the runtime has checked pointer and length, which is what is
    // tested.
    unsafe {
        let instance = wasm_runtime_get_module_inst(env);
        assert!(wasm_runtime_validate_native_addr(instance, at.cast(), u64::from(len)));
        let bytes = std::slice::from_raw_parts_mut(at, len as usize);
        bytes.iter_mut().fold(0u32, |sum, byte| {
            let value = *byte;
            // SAFETY: a byte of the slice.
            std::ptr::from_mut(byte).write_volatile(value);
            sum.wrapping_add(u32::from(value))
        })
    }
}

/// (i)i: calls the runtime. Gives its argument, or what it was told to.
unsafe extern "C" fn back(env: wasm_exec_env_t, what: u32) -> u32 {
    // SAFETY: the environment is live, as is its instance, whose functions are called on
    // environments of its own.
    unsafe {
        let instance = wasm_runtime_get_module_inst(env);
        let add = wasm_runtime_lookup_function(instance, c"add".as_ptr());
        let mut cells = [what, 2];
        match what % BACKS {
            1 => wasm_runtime_set_exception(instance, c"from native".as_ptr()),
            2 if wasm_runtime_call_wasm(env, add, 2, cells.as_mut_ptr()) => return cells[0],
            3 => wasm_runtime_terminate(instance),
            4 => {
                let mut pointer = null_mut();
                let at = wasm_runtime_module_malloc(instance, 16, &mut pointer);
                if at != 0 {
                    pointer.cast::<[u8; 16]>().write([what as u8; 16]);
                }
                wasm_runtime_module_free(instance, at);
            }
            // The failure of the inner call is forgotten.
            5 => {
                let trap = wasm_runtime_lookup_function(instance, c"trap".as_ptr());
                if !trap.is_null() {
                    assert!(!wasm_runtime_call_wasm(env, trap, 0, null_mut()));
                    assert!(!wasm_runtime_get_exception(instance).is_null());
                }
                wasm_runtime_clear_exception(instance);
            }
            // The failure of the inner call is the outer one's.
            6 => {
                let trap = wasm_runtime_lookup_function(instance, c"trap".as_ptr());
                if !trap.is_null() {
                    assert!(!wasm_runtime_call_wasm(env, trap, 0, null_mut()));
                } else {
                    wasm_runtime_set_exception(instance, c"no trap".as_ptr());
                }
            }
            7 => assert!(
                !wasm_runtime_set_running_mode(instance, Mode_Interp),
                "the mode changed while a function runs"
            ),
            8 => {
                let other = wasm_runtime_create_exec_env(instance, 2048);
                if !other.is_null() {
                    let done = wasm_runtime_call_wasm(other, add, 2, cells.as_mut_ptr());
                    wasm_runtime_destroy_exec_env(other);
                    if done {
                        return cells[0];
                    }
                }
                wasm_runtime_clear_exception(instance);
            }
            9 => {
                // Calls itself, until the stack is used up.
                let again = wasm_runtime_lookup_function(instance, c"back".as_ptr());
                if !again.is_null() && (BACKS..100 * BACKS).contains(&what) {
                    cells[0] = what - BACKS;
                    if !wasm_runtime_call_wasm(env, again, 1, cells.as_mut_ptr()) {
                        wasm_runtime_clear_exception(instance);
                    }
                }
            }
            10 => {
                assert_eq!(wasm_runtime_get_function_attachment(env), ATTACHMENT);
                // Sets an exception, and forgets it.
                wasm_runtime_validate_app_addr(instance, u64::MAX, 2);
                assert!(!wasm_runtime_get_exception(instance).is_null());
                wasm_runtime_set_exception(instance, null());
            }
            11 => {
                // The singleton is another environment, or the one that runs.
                let single = wasm_runtime_get_exec_env_singleton(instance);
                if !single.is_null() && wasm_runtime_call_wasm(single, add, 2, cells.as_mut_ptr()) {
                    return cells[0];
                }
                wasm_runtime_clear_exception(instance);
            }
            _ => {}
        }
    }
    what
}

pub const ATTACHMENT: *mut c_void = std::ptr::without_provenance_mut(0x1234);
pub const MODULE: &CStr = c"env";

/// ()
unsafe extern "C" fn missing(env: wasm_exec_env_t, _: *mut u64) {
    // SAFETY: the environment is live, as is its instance; the buffers have these sizes.
    unsafe {
        let instance = wasm_runtime_get_module_inst(env);
        assert_eq!(wasm_runtime_get_function_attachment(env), ATTACHMENT);
        wasm_runtime_begin_blocking_op(env);
        wasm_runtime_end_blocking_op(env);
        assert!(wasm_runtime_detect_native_stack_overflow(env));
        assert!(!wasm_runtime_get_module(instance).is_null());
        #[cfg(feature = "diagnostics")]
        {
            let mut frames: [WASMCApiFrame; 3] = std::mem::zeroed();
            let mut text = [0xa5u8; 8];
            let frames_at = frames.as_mut_ptr();
            let count = wasm_copy_callstack(env, frames_at, 2, 0, text.as_mut_ptr().cast(), 8);
            // The export has called, or a table did.
            assert!((1..=2).contains(&count) && text[0] == 0);
            assert!(frames[..count as usize].iter().all(|frame| frame.instance == instance.cast()));
            assert!(frames[2].instance.is_null(), "more frames than there is room for");
            assert_eq!(wasm_copy_callstack(env, frames_at, 2, 99, text.as_mut_ptr().cast(), 8), 0);
        }
    }
}

/// A table; it is never written.
pub struct Natives<const N: usize>(pub [NativeSymbol; N]);
// SAFETY: constant.
unsafe impl<const N: usize> Sync for Natives<N> {}

const fn symbol(
    name: &'static CStr,
    func_ptr: *mut c_void,
    signature: *const c_char,
) -> NativeSymbol {
    NativeSymbol { symbol: name.as_ptr(), func_ptr, signature, attachment: ATTACHMENT }
}

pub static NATIVES: Natives<3> = Natives([
    symbol(c"twice", twice as *mut c_void, c"(i)i".as_ptr()),
    symbol(c"sum", sum as *mut c_void, c"(*~)i".as_ptr()),
    symbol(c"back", back as *mut c_void, c"(i)i".as_ptr()),
]);

/// What `missing` is linked to, as a raw function.
pub static RAW: Natives<1> = Natives([symbol(c"missing", missing as *mut c_void, c"()".as_ptr())]);
