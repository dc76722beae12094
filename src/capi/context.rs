//! Pointers of the application that belong to an instance, each under a key of its own.

use super::extras::{Extra, Part};
use super::instance::WASMModuleInstanceCommon;
use super::runtime::log_error;
use super::types::*;
use crate::platform;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::{null_mut, without_provenance_mut};

/// As many as WAMR has.
const KEYS: usize = 8;

/// What a key's values are passed to when their instance goes.
type Destructor = Option<unsafe extern "C" fn(inst: wasm_module_inst_t, ctx: *mut c_void)>;

/// Which keys exist, with their destructors.
struct Keys(UnsafeCell<[Option<Destructor>; KEYS]>);
// SAFETY: touched under the platform's lock only.
unsafe impl Sync for Keys {}

static KEYS_IN_USE: Keys = Keys(UnsafeCell::new([None; KEYS]));

/// Runs with the keys.
fn with_keys<R>(body: impl FnOnce(&mut [Option<Destructor>; KEYS]) -> R) -> R {
    // SAFETY: the lock makes this the only borrow.
    platform::locked(|| body(unsafe { &mut *KEYS_IN_USE.0.get() }))
}

/// A pointer under a key.
struct Context {
    key: usize,
    ctx: *mut c_void,
}

impl Extra for Context {
    const PART: Part = Part::Context;
    unsafe fn end(&mut self, owner: *mut ()) {
        // SAFETY: the owner is a live instance, by the contract of this function.
        if unsafe { (*owner.cast::<WASMModuleInstanceCommon>()).family.is_spawned() } {
            // The pointer is that of the instance which has spawned it.
            return;
        }
        let destructor = with_keys(|keys| keys.get(self.key.wrapping_sub(1)).copied().flatten());
        if let Some(Some(destructor)) = destructor {
            // SAFETY: the application gave the function with the key; the instance is live, by the
            // contract of this function.
            unsafe { destructor(owner.cast(), self.ctx) };
        }
    }
}

/// Gives an instance the pointers of another one.
///
/// # Safety
/// Both are live, and this thread has them.
#[cfg(feature = "spawn")]
pub(super) unsafe fn inherit(
    to: wasm_module_inst_t,
    from: wasm_module_inst_t,
) -> Result<(), crate::alloc::OutOfMemory> {
    // SAFETY: by the contract of this function; the lists are those of two instances.
    unsafe {
        let mut done = Ok(());
        (*from).extras.find(|&Context { key, ctx }: &Context| {
            done = (*to).extras.add(Context { key, ctx }).map(|_| ());
            done.is_err()
        });
        done
    }
}

/// Creates a key for pointers of instances. `dtor`, unless it is NULL, is called with each pointer
/// that was set under the key when its instance is freed. Returns NULL if all 8 keys are in use.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_create_context_key(
    dtor: Option<unsafe extern "C" fn(inst: wasm_module_inst_t, ctx: *mut c_void)>,
) -> *mut c_void {
    with_keys(|keys| {
        let free = keys.iter_mut().zip(1..).find(|(key, _)| key.is_none());
        let Some((key, number)) = free else { return null_mut() };
        *key = Some(dtor);
        without_provenance_mut(number)
    })
}

/// Frees a key. Pointers that instances have under it are forgotten: nothing is called for them.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_destroy_context_key(key: *mut c_void) {
    with_keys(|keys| {
        if let Some(key) = keys.get_mut(key.addr().wrapping_sub(1)) {
            *key = None;
        }
    });
}

/// Stores a pointer of the application with the instance, under a key. The first pointer under a
/// key needs memory; without it, nothing is stored and the log says so.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_context(
    inst: wasm_module_inst_t,
    key: *mut c_void,
    ctx: *mut c_void,
) {
    let key = key.addr();
    // SAFETY: the application passes a live instance, which its own thread uses.
    unsafe {
        let extras = &mut (*inst).extras;
        match extras.find(|context: &Context| context.key == key) {
            Some(context) => (*context).ctx = ctx,
            None if extras.add(Context { key, ctx }).is_err() => {
                log_error(|text| {
                    text.str("a context is lost: allocate memory failed");
                });
            }
            None => {}
        }
    }
}

/// The same. Environments that are spawned later have it as well.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_context_spread(
    inst: wasm_module_inst_t,
    key: *mut c_void,
    ctx: *mut c_void,
) {
    // SAFETY: handed on.
    unsafe { wasm_runtime_set_context(inst, key, ctx) }
}

/// Returns the pointer that the instance has under a key, or NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_context(
    inst: wasm_module_inst_t,
    key: *mut c_void,
) -> *mut c_void {
    // SAFETY: the application passes a live instance, which its own thread uses.
    unsafe {
        let context = (*inst).extras.find(|context: &Context| context.key == key.addr());
        context.map_or(null_mut(), |context| (*context).ctx)
    }
}
