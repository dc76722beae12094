//! Environments for other threads, with instances of their own, which end together.

use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::super::calls::count;
use super::super::memory::{enter, failures};
use super::super::modules;
use super::{exception, World, ENOUGH_STACK};

impl World {
    /// Spawns an environment, uses it, and destroys it.
    pub(super) fn spawn(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, stack)) = self.callee(u)? else { return Ok(()) };
        let (tight, before) = (self.tight, failures());
        let instance = &mut self.instances[at];
        if instance.number != Some(modules::RICH) {
            return Ok(());
        }
        let (handle, stopped) = (instance.handle, instance.stopped);
        // From now on, clearing the exception also takes a termination request back.
        (instance.clustered, instance.stopped) = (true, None);
        let short = || tight || failures() > before;
        // SAFETY: environment and instance are live. What is spawned is destroyed below.
        unsafe {
            // One that was not spawned is left alone.
            enter(|| wasm_runtime_destroy_spawned_exec_env(env));
            enter(|| wasm_runtime_destroy_spawned_exec_env(null_mut()));
            let spawned = enter(|| wasm_runtime_spawn_exec_env(env));
            count("spawn_exec_env", !spawned.is_null());
            if spawned.is_null() {
                assert!(short() || stopped != Some(false), "no environment is spawned");
                return Ok(());
            }
            let other = enter(|| wasm_runtime_get_module_inst(spawned));
            assert!(other != handle && stopped != Some(true));
            assert_eq!(enter(|| wasm_runtime_get_module(other)), instance.module);
            assert_eq!(enter(|| wasm_runtime_get_custom_data(other)).addr(), instance.kept.data);
            for &(key, value) in &instance.kept.contexts {
                let key = std::ptr::without_provenance_mut(key);
                assert_eq!(enter(|| wasm_runtime_get_context(other, key)).addr(), value);
            }
            let small = stack != 0 && stack < ENOUGH_STACK;
            let (done, cells) = call(spawned, c"add", [7, 9]);
            assert!(done && cells[0] == 16 || small || short(), "a spawned instance adds");
            enter(|| wasm_runtime_clear_exception(other));
            // Its global is its own.
            let (done, cells) = call(spawned, c"count", [5, 0]);
            assert!(done && cells[0] == 12 || small || short(), "a spawned instance counts");
            enter(|| wasm_runtime_clear_exception(other));
            match u.int_in_range(0..=2)? {
                // It fails, and with it the one that has spawned it; or the other way round.
                0 => {
                    let first = u.arbitrary()?;
                    let (done, _) = call(if first { env } else { spawned }, c"trap", [0; 2]);
                    assert!(!done);
                    let both = [handle, other].map(exception);
                    assert!(both[0].is_some() && both[0] == both[1], "{both:?}");
                    assert!(enter(|| wasm_runtime_spawn_exec_env(env)).is_null());
                }
                1 => {
                    let which = if u.arbitrary()? { handle } else { other };
                    enter(|| wasm_runtime_terminate(which));
                    for env in [env, spawned] {
                        let (done, _) = call(env, c"spin", [100, 0]);
                        assert!(!done, "one of those that end together goes on");
                    }
                    assert!(exception(other)
                        .is_some_and(|said| small || short() || said.contains("terminated")));
                }
                _ => {}
            }
            for instance in [handle, other] {
                enter(|| wasm_runtime_clear_exception(instance));
            }
            assert_eq!([handle, other].map(exception), [None, None]);
            enter(|| wasm_runtime_destroy_spawned_exec_env(spawned));
            if instance.fuel.is_some() {
                // What ran on this instance has taken some.
                instance.fuel = Some(u32::MAX);
            }
        }
        Ok(())
    }
}

/// Calls an export with two cells.
///
/// # Safety
/// The environment is live, with an instance of `modules::RICH`.
unsafe fn call(env: wasm_exec_env_t, name: &std::ffi::CStr, cells: [u32; 2]) -> (bool, [u32; 2]) {
    let mut cells = cells;
    // SAFETY: the contract of this function; no function that is called has more than two cells.
    unsafe {
        let instance = enter(|| wasm_runtime_get_module_inst(env));
        let func = enter(|| wasm_runtime_lookup_function(instance, name.as_ptr()));
        let count = enter(|| wasm_func_get_param_count(func, instance));
        let done = enter(|| wasm_runtime_call_wasm(env, func, count, cells.as_mut_ptr()));
        (done, cells)
    }
}
