//! Spawned execution environments: each has an instance of its own, so that threads run a module
//! beside each other. The instances share nothing but their end: they are a cluster.
//!
//! Invariants, under the platform's lock: a cluster lists each of its instances once, and lives
//! until the last one leaves it. An instance's pointer to its cluster is set once, before another
//! instance is in it. Of an instance that another thread uses, its termination request is touched,
//! and nothing else.

use super::context;
use super::exec_env::{WASMExecEnv, SPARE};
use super::instance::{
    make_instance, wasm_runtime_get_module, WASMModuleInstanceCommon, EXCEPTION,
};
use super::instantiation::Given;
use super::runtime::log_error;
use super::types::*;
use crate::alloc::TryBox;
use crate::platform;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use zonda_exec::meter::TerminationRequest;
use zonda_exec::TrapCode;

/// What instances have in common that were spawned by each other's environments.
struct Cluster {
    first: wasm_module_inst_t,
    /// Whether one of them has an exception which the others have not seen yet.
    failed: bool,
    exception: [u8; EXCEPTION],
}

/// An instance's place among others, and what it was made from.
pub(super) struct Family {
    cluster: AtomicPtr<Cluster>,
    next: wasm_module_inst_t,
    /// The environment that it was spawned with; null for one that the application has made.
    env: wasm_exec_env_t,
    args: InstantiationArgs,
    given: Given,
}

impl Family {
    pub(super) fn new(args: &InstantiationArgs, given: &Given) -> Family {
        let &InstantiationArgs { default_stack_size, host_managed_heap_size, max_memory_pages } =
            args;
        Family {
            cluster: AtomicPtr::new(null_mut()),
            next: null_mut(),
            env: null_mut(),
            args: InstantiationArgs {
                default_stack_size,
                host_managed_heap_size,
                max_memory_pages,
            },
            given: *given,
        }
    }

    /// Whether the instance was spawned.
    pub(super) fn is_spawned(&self) -> bool {
        !self.env.is_null()
    }
}

/// The termination request of an instance.
///
/// # Safety
/// `instance` is live; nothing borrows the request for longer than that.
unsafe fn request<'i>(instance: wasm_module_inst_t) -> &'i TerminationRequest {
    // SAFETY: the store is the instance's and the meter the store's, which do not move. The
    // request is atomic, so that other threads may use it meanwhile.
    unsafe { &(*(*(*instance).store.as_ptr()).meter.as_ptr()).termination }
}

/// Runs with the cluster of an instance, if there is one.
///
/// # Safety
/// `instance` is live.
unsafe fn in_cluster<R>(
    instance: wasm_module_inst_t,
    body: impl FnOnce(&mut Cluster) -> R,
) -> Option<R> {
    // SAFETY: `instance` is live by this function's contract; a cluster lives as long as one of its
    // instances is in it, and this one is. The lock makes it the only borrow.
    unsafe {
        let cluster = (*instance).family.cluster.load(Ordering::Acquire);
        (!cluster.is_null()).then(|| platform::locked(|| body(&mut *cluster)))
    }
}

impl Cluster {
    /// Calls `each` with every instance.
    fn for_each(&self, mut each: impl FnMut(wasm_module_inst_t)) {
        let mut at = self.first;
        while !at.is_null() {
            each(at);
            // SAFETY: an instance leaves the list before it is freed, and the list is changed under
            // the lock only, which whoever has the cluster holds.
            at = unsafe { (*at).family.next };
        }
    }

    /// Stops what the instances run, but for one.
    fn stop(&self, except: wasm_module_inst_t) {
        self.for_each(|instance| {
            if instance != except {
                // SAFETY: instances of the list are live, as above.
                unsafe { request(instance) }.raise();
            }
        });
    }

    /// Notes the first exception.
    fn note(&mut self, exception: &[u8]) {
        if !self.failed {
            self.failed = true;
            self.exception = [0; EXCEPTION];
            // The last byte stays NUL.
            let to = self.exception.iter_mut().take(EXCEPTION - 1);
            to.zip(exception).for_each(|(to, from)| *to = *from);
        }
    }
}

/// The running call of every instance of the cluster ends, and their exception is "terminated by
/// user".
///
/// # Safety
/// `instance` is live.
pub(super) unsafe fn terminate(instance: wasm_module_inst_t) {
    // SAFETY: handed on.
    unsafe {
        let all = in_cluster(instance, |cluster| {
            cluster.note(b"Exception: terminated by user");
            cluster.stop(null_mut());
        });
        if all.is_none() {
            request(instance).raise();
        }
    }
}

/// The instance has an exception: the others end with the same.
pub(super) fn failed(instance: &mut WASMModuleInstanceCommon) {
    let own: wasm_module_inst_t = instance;
    // The exception of proc_exit is no failure of the others.
    let exited = instance.wasi.exit_code().is_some();
    // SAFETY: a reference's instance is live, and its own thread has it; only `family.next` of it is
    // read in the cluster.
    unsafe {
        in_cluster(own, |cluster| {
            if !exited {
                cluster.note(&(*own).exception);
            }
            cluster.stop(own);
        });
    }
}

/// Gives the instance the exception of another one, if there is one that it has not seen. Returns
/// whether there was.
pub(super) fn take(instance: &mut WASMModuleInstanceCommon) -> bool {
    let own: wasm_module_inst_t = instance;
    // SAFETY: as in `failed`.
    let taken = unsafe {
        in_cluster(own, |cluster| {
            if cluster.failed {
                (*own).exception = cluster.exception;
            }
            cluster.failed
        })
    };
    let taken = taken == Some(true);
    if taken {
        instance.set_failed(true);
    }
    taken
}

/// A call has stopped: one that another instance has stopped has the exception of that one.
pub(super) fn cause(instance: &mut WASMModuleInstanceCommon, code: TrapCode) -> bool {
    code == TrapCode::Terminated && take(instance)
}

/// The application has cleared the exception: for all.
pub(super) fn cleared(instance: &mut WASMModuleInstanceCommon) {
    // SAFETY: as in `failed`; instances of the list are live.
    unsafe {
        in_cluster(instance, |cluster| {
            cluster.failed = false;
            cluster.for_each(|instance| request(instance).clear());
        });
    }
}

/// The instance goes.
pub(super) fn leave(instance: &mut WASMModuleInstanceCommon) {
    let own: wasm_module_inst_t = instance;
    // SAFETY: as in `failed`. The instance is taken out of the list; the last one frees the
    // cluster, which nobody else can reach then.
    unsafe {
        let next = (*own).family.next;
        let empty = in_cluster(own, |cluster| {
            if cluster.first == own {
                cluster.first = (*own).family.next;
            } else {
                cluster.for_each(|other| {
                    if (*other).family.next == own {
                        (*other).family.next = next;
                    }
                });
            }
            cluster.first.is_null()
        });
        if empty == Some(true) {
            drop(TryBox::from_raw((*own).family.cluster.load(Ordering::Acquire)));
        }
    }
}

/// Makes the instance the first one of a cluster, unless it is in one. False without memory.
///
/// # Safety
/// `instance` is live, and its own thread has it.
unsafe fn found(instance: wasm_module_inst_t) -> bool {
    // SAFETY: `instance` is live by the contract of this function; only its own thread makes it the
    // first one of a cluster.
    unsafe {
        if (*instance).family.cluster.load(Ordering::Acquire).is_null() {
            let cluster = Cluster { first: instance, failed: false, exception: [0; EXCEPTION] };
            let Ok(cluster) = TryBox::new(cluster) else { return false };
            (*instance).family.cluster.store(cluster.into_raw(), Ordering::Release);
        }
        true
    }
}

/// Creates an execution environment for another thread, with an instance of its own: of the module
/// and from the arguments of the environment's instance, with its custom data, contexts and running
/// mode. It has memory, globals and WASI descriptors of its own, and what instantiation calls runs
/// in it. The strings that were given for WASI must still be there. wasm_runtime_terminate(), and
/// an exception, of one of the instances stops all of them, and wasm_runtime_get_exception() returns
/// it of each; while an exception is pending, nothing can be spawned. From the first spawned
/// environment on, wasm_runtime_terminate() takes a lock: interrupt handlers must not call it.
/// Returns NULL on failure. wasm_runtime_destroy_spawned_exec_env() frees the environment.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_spawn_exec_env(exec_env: wasm_exec_env_t) -> wasm_exec_env_t {
    // SAFETY: the application passes a live environment, on whose thread this runs; its instance is
    // live. The new instance is nobody else's until it is in the list.
    unsafe {
        let parent = (*exec_env).instance;
        if (*parent).failed || request(parent).is_pending() || !found(parent) {
            return null_mut();
        }
        let (module, origin) = (wasm_runtime_get_module(parent), &(*parent).family);
        let mut given = origin.given;
        given.custom_data = (*parent).custom_data;
        let instance = make_instance(module, &origin.args, &given, null_mut(), 0);
        if instance.is_null() {
            log_error(|text| {
                text.str("no environment is spawned: its instance cannot be made");
            });
            return null_mut();
        }
        let instance = TryBox::from_raw(instance);
        let own = instance.as_ptr();
        let mode = (*(*parent).data).seen.mode;
        let stack_size = ((*exec_env).stack_bytes() - SPARE * 4) as u32;
        let Ok(env) = WASMExecEnv::new(own, stack_size) else { return null_mut() };
        (*own).family.env = env.as_ptr();
        if (*(*own).data).set_mode(mode).is_err() || context::inherit(own, parent).is_err() {
            return null_mut();
        }
        (*own).chose_mode = (*parent).chose_mode;
        let joined = in_cluster(parent, |cluster| {
            if !cluster.failed {
                let family = &mut (*own).family;
                family.cluster.store(cluster, Ordering::Release);
                family.next = cluster.first;
                cluster.first = own;
            }
            !cluster.failed
        });
        if joined != Some(true) {
            return null_mut();
        }
        let _ = instance.into_raw();
        env.into_raw()
    }
}

/// Frees a spawned execution environment and its instance. Nothing may use them; the thread that has
/// used them may call this. Any other environment is left alone, and NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_destroy_spawned_exec_env(exec_env: wasm_exec_env_t) {
    if exec_env.is_null() {
        return;
    }
    // SAFETY: the application passes a live environment with a live instance. One that was spawned
    // with its instance was made by `wasm_runtime_spawn_exec_env`, as was the instance.
    unsafe {
        let instance = (*exec_env).instance;
        if (*instance).family.env != exec_env {
            log_error(|text| {
                text.str("an environment is not destroyed: it was not spawned");
            });
            return;
        }
        drop(TryBox::from_raw(exec_env));
        drop(TryBox::from_raw(instance));
    }
}
