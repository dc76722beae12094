//! Host functions that are declared in Rust ([`host_module!`](crate::host_module)), offered to the
//! modules of the C API: a firmware sets a constant array of them, and nothing is allocated for it.

use super::types::wasm_exec_env_t;
use super::{shared_heap, wasi};
use crate::platform;
use crate::registry::{Binding, BoundModule, Grants, HostError, HostModule, Offer, Signature};
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use zonda_exec::frame::Context;
use zonda_exec::TrapCode;

struct Modules(UnsafeCell<&'static [BoundModule]>);
// SAFETY: read and written under the platform's lock only.
unsafe impl Sync for Modules {}

static MODULES: Modules = Modules(UnsafeCell::new(&[]));

/// Sets the modules of declared host functions that modules can import which are instantiated from
/// now on. A function that wasm_runtime_register_natives() has registered under the same names
/// comes first. Until wasm_runtime_destroy().
pub fn set_host_modules(modules: &'static [BoundModule]) {
    // SAFETY: the lock is held, and no reference to the list itself is.
    platform::locked(|| unsafe { *MODULES.0.get() = modules });
}

/// Forgets them.
pub(super) fn forget() {
    set_host_modules(&[]);
}

// The modules that the program defines.
#[cfg(feature = "built-in-modules")]
extern "Rust" {
    static zonda_built_in_modules: &'static [BoundModule];
}

/// The modules that are built in.
#[cfg(feature = "built-in-modules")]
fn built_in() -> &'static [BoundModule] {
    // SAFETY: the program defines a constant with this name and type, for it switched the feature
    // on.
    unsafe { zonda_built_in_modules }
}

/// None is built in.
#[cfg(not(feature = "built-in-modules"))]
fn built_in() -> &'static [BoundModule] {
    &[]
}

/// Allocates in the application heap of the instance on which an environment runs, for a declared
/// function; 0 without memory. The module's own malloc is not called.
///
/// # Safety
/// `env` is that of the running call.
pub unsafe fn allocate_in_heap(env: wasm_exec_env_t, size: u32) -> u32 {
    // SAFETY: environment and instance are live, and no reference to the heap is.
    unsafe { (*(*env).instance).heap.allocate(size) }.unwrap_or(0)
}

/// Frees a block of [`allocate_in_heap`]; ignores what is none.
///
/// # Safety
/// As there.
pub unsafe fn free_in_heap(env: wasm_exec_env_t, at: u32) {
    // SAFETY: as above.
    unsafe { (*(*env).instance).heap.free(at) };
}

/// The size of a block of [`allocate_in_heap`].
///
/// # Safety
/// As there.
pub unsafe fn size_in_heap(env: wasm_exec_env_t, at: u32) -> Option<u32> {
    // SAFETY: as above.
    unsafe { (*(*env).instance).heap.size(at) }
}

/// Ends the running call for a declared function with the exception "env.`function`(`code`)", as
/// WAMR's built-in functions do: the result is what the function fails with.
///
/// # Safety
/// `env` is that of the running call.
pub unsafe fn end_program(env: wasm_exec_env_t, function: &str, code: i32) -> HostError {
    // SAFETY: environment and instance are live.
    let mut text = unsafe { (*(*env).instance).exception_text() };
    text.str("env.").str(function).str(if code < 0 { "(-" } else { "(" });
    text.number(code.unsigned_abs()).str(")");
    HostError::Trap(TrapCode::Host)
}

/// Prints what a program prints.
pub fn print(text: &[u8]) {
    platform::console(text);
}

/// The function under these names.
pub(super) fn find(module: &str, name: &str) -> Option<Offer<Signature>> {
    // SAFETY: the lock is held.
    let modules = platform::locked(|| unsafe { *MODULES.0.get() });
    // Two loops: of a program that sets no modules, the first one is no part.
    for bound in modules {
        if let Some(found) = bound.find(module, name) {
            return Some(found);
        }
    }
    for bound in built_in() {
        if let Some(found) = bound.find(module, name) {
            return Some(found);
        }
    }
    wasi::find(module, name).or_else(|| shared_heap::find(module, name))
}

/// A module of host functions with a function that says where its state is, for
/// [`set_host_modules`]. `state` is a `fn` or a closure that captures nothing; it is passed the
/// execution environment of the call.
///
/// # Safety
/// `state` returns a pointer to an `S` that nobody else uses until the host function returns,
/// whichever thread runs it. The functions of the module call no function of the C API that runs
/// code on the environment.
pub const unsafe fn bind_host_module<S: 'static, G>(
    module: HostModule<S>,
    grants: Grants,
    state: G,
) -> BoundModule
where
    G: Fn(wasm_exec_env_t) -> *mut S + Copy + 'static,
{
    /// # Safety
    /// `host` is a live execution environment.
    unsafe fn find<S, G: Fn(wasm_exec_env_t) -> *mut S>(host: *mut ()) -> *mut () {
        // SAFETY: `bind_host_module` has checked that `G` takes no bytes, and has seen a value of
        // it, which is `Copy`.
        let state = unsafe { NonNull::<G>::dangling().read() };
        state(host.cast()).cast()
    }
    /// # Safety
    /// `context` is that of a call of the C API.
    unsafe fn fail(context: &mut Context, _: u32, text: &str) {
        // SAFETY: the host of such a context is the execution environment of the call, which is
        // live.
        unsafe { (*(*context.host.cast::<super::exec_env::WASMExecEnv>()).instance).fail(text) };
    }
    const { assert!(size_of::<G>() == 0, "where the state is, a closure that captures nothing says") };
    let _ = state;
    let binding = const { &Binding { state: find::<S, G>, fail } };
    // SAFETY: `find` returns what `state` does, which points at an `S` by the contract of this
    // function.
    unsafe { BoundModule::new(module, grants, binding) }
}
