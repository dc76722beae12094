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

/// A key.
#[derive(Clone, Copy)]
struct Key {
    /// What the application has as the key; 0 for none.
    number: usize,
    destructor: Destructor,
}

impl Key {
    const FREE: Key = Key { number: 0, destructor: None };
}

/// Which keys exist. A number is not given twice: an instance may still have a pointer under a key
/// that was destroyed.
struct Keys {
    last: usize,
    keys: [Key; KEYS],
}

impl Keys {
    fn find(&mut self, number: usize) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.number == number)
    }
}

struct Shared(UnsafeCell<Keys>);
// SAFETY: touched under the platform's lock only.
unsafe impl Sync for Shared {}

static KEYS_IN_USE: Shared = Shared(UnsafeCell::new(Keys { last: 0, keys: [Key::FREE; KEYS] }));

/// Runs with the keys.
fn with_keys<R>(body: impl FnOnce(&mut Keys) -> R) -> R {
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
        let destructor = with_keys(|keys| keys.find(self.key).and_then(|key| key.destructor));
        if let Some(destructor) = destructor {
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
        let number = keys.last.wrapping_add(1).max(1);
        let Some(free) = keys.find(0) else { return null_mut() };
        *free = Key { number, destructor: dtor };
        keys.last = number;
        without_provenance_mut(number)
    })
}

/// Frees a key. Pointers that instances have under it are forgotten: nothing is called for them.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_destroy_context_key(key: *mut c_void) {
    with_keys(|keys| {
        if let Some(key) = keys.find(key.addr()) {
            *key = Key::FREE;
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
