//! Parts of the C API that are options: environments for other threads, times of calls, a heap that
//! instances share; and an environment that is given another instance.

use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::memory::{enter, failures};
use super::super::modules;
use super::{exception, index, World, ENOUGH_STACK};

/// Calls `add`; `None` when it fails.
///
/// # Safety
/// `env` is live, as is the instance that it has, whose module has the function.
unsafe fn add(env: wasm_exec_env_t, a: u32, b: u32) -> Option<u32> {
    let mut cells = [a, b];
    // SAFETY: by the contract of this function; there are two cells, as many as the function has
    // parameters.
    unsafe {
        let instance = enter(|| wasm_runtime_get_module_inst(env));
        let func = enter(|| wasm_runtime_lookup_function(instance, c"add".as_ptr()));
        assert!(!func.is_null());
        enter(|| wasm_runtime_call_wasm(env, func, 2, cells.as_mut_ptr())).then_some(cells[0])
    }
}

impl World {
    pub(super) fn options(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=4)? {
            0 | 1 => self.spawn(u),
            2 => self.other_instance(u),
            3 => self.times(u),
            _ => self.share(u),
        }
    }

    /// Spawns an environment, and one from that; calls on them; what ends one of their instances
    /// ends all.
    fn spawn(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, stack)) = self.callee(u)? else { return Ok(()) };
        let (tight, before) = (self.tight, failures());
        let instance = &mut self.instances[at];
        let own = instance.handle;
        let (Some(_), Some(false)) = (instance.number, instance.stopped) else { return Ok(()) };
        let calls_at_start = instance.number == Some(modules::CALLS_AT_START);
        let (a, b, what) = (u.arbitrary()?, u.arbitrary()?, u.int_in_range(0..=5)?);
        let first_goes_first: bool = u.arbitrary()?;
        // SAFETY: instance and environment are live; what is spawned is used until it is destroyed.
        unsafe {
            let first = enter(|| wasm_runtime_spawn_exec_env(env));
            instance.together = true;
            let short = || tight || failures() > before;
            if first.is_null() {
                assert!(short() || calls_at_start, "nothing is spawned");
                return Ok(());
            }
            let second = enter(|| wasm_runtime_spawn_exec_env(first));
            let others: Vec<wasm_exec_env_t> =
                [first, second].into_iter().filter(|env| !env.is_null()).collect();
            for &env in &others {
                let other = enter(|| wasm_runtime_get_module_inst(env));
                assert_ne!(other, own);
                assert_eq!(enter(|| wasm_runtime_get_module(other)), instance.module);
                match add(env, a, b) {
                    Some(sum) => assert_eq!(sum, a.wrapping_add(b)),
                    None => {
                        let said = exception(other).expect("a call has failed");
                        assert!(short() || stack != 0 && stack < ENOUGH_STACK, "{said}");
                        // For all of them.
                        assert_eq!(exception(own), Some(said));
                        enter(|| wasm_runtime_clear_exception(other));
                        enter(|| wasm_runtime_clear_exception(own));
                    }
                }
            }
            let other = enter(|| wasm_runtime_get_module_inst(first));
            let all = others.iter().map(|&env| enter(|| wasm_runtime_get_module_inst(env)));
            let all: Vec<_> = all.chain([own]).collect();
            all.iter().for_each(|&instance| enter(|| wasm_runtime_clear_exception(instance)));
            let said = match what {
                0 => {
                    enter(|| wasm_runtime_terminate(own));
                    Some("terminated by user")
                }
                1 => {
                    enter(|| wasm_runtime_terminate(other));
                    Some("terminated by user")
                }
                2 => {
                    enter(|| wasm_runtime_set_exception(other, c"of one".as_ptr()));
                    Some("of one")
                }
                3 => {
                    enter(|| wasm_runtime_set_exception(own, c"of the first".as_ptr()));
                    Some("of the first")
                }
                _ => None,
            };
            if said.is_some() {
                assert!(enter(|| wasm_runtime_spawn_exec_env(first)).is_null());
                assert_eq!(add(env, 1, 1), None, "the call is refused");
            }
            all.iter().for_each(|&instance| assert_eq!(exception(instance).as_deref(), said));
            all.iter().for_each(|&instance| enter(|| wasm_runtime_clear_exception(instance)));
            let order: Vec<_> = match first_goes_first {
                true => others,
                false => others.into_iter().rev().collect(),
            };
            order.into_iter().for_each(|env| {
                enter(|| wasm_runtime_destroy_spawned_exec_env(env));
            });
            // One that was not spawned is left alone.
            enter(|| wasm_runtime_destroy_spawned_exec_env(env));
            assert_eq!(exception(own), None);
        }
        Ok(())
    }

    /// An environment calls a function of another instance, and has its own again.
    fn other_instance(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, stack)) = self.callee(u)? else { return Ok(()) };
        let Some(other) = index(u, &self.instances)? else { return Ok(()) };
        let (before, tight) = (failures(), self.tight);
        let (own, other) = (self.instances[at].handle, &self.instances[other]);
        if other.number.is_none() {
            return Ok(());
        }
        // SAFETY: all of it is live, and nothing runs.
        unsafe {
            enter(|| wasm_runtime_clear_exception(other.handle));
            enter(|| wasm_runtime_set_module_inst(env, other.handle));
            assert_eq!(enter(|| wasm_runtime_get_module_inst(env)), other.handle);
            match add(env, 40, 2) {
                Some(sum) => assert_eq!(sum, 42),
                None => {
                    let said = exception(other.handle).expect("a call has failed");
                    let small = stack != 0 && stack < ENOUGH_STACK;
                    let bounded = other.fuel.is_some() || other.stopped != Some(false);
                    assert!(small || bounded || tight || failures() > before, "{said}");
                    enter(|| wasm_runtime_clear_exception(other.handle));
                }
            }
            enter(|| wasm_runtime_set_module_inst(env, own));
        }
        self.instances.iter_mut().for_each(|instance| instance.stopped = None);
        Ok(())
    }

    fn times(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.instances)? else { return Ok(()) };
        let instance = self.instances[at].handle;
        // SAFETY: the instance is live.
        unsafe {
            let one = enter(|| wasm_runtime_get_wasm_func_exec_time(instance, c"add".as_ptr()));
            let none = enter(|| wasm_runtime_get_wasm_func_exec_time(instance, c"no".as_ptr()));
            let all = enter(|| wasm_runtime_sum_wasm_exec_time(instance));
            assert!(one >= 0.0 && none == 0.0 && all >= one, "{one} of {all}");
        }
        Ok(())
    }

    /// One heap for all instances, made when it is first wanted; a block of it, which the program
    /// reads.
    fn share(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, _)) = self.callee(u)? else { return Ok(()) };
        let instance = &self.instances[at];
        let (own, known) = (instance.handle, instance.number == Some(modules::RICH));
        let size = u.int_in_range(0..=5000)?;
        let (fill, detach): (u8, bool) = (u.arbitrary()?, u.arbitrary()?);
        let from: u64 = u.arbitrary()?;
        // SAFETY: instance, environment and heap are live; a block has as many bytes as were asked
        // for; there is a cell for the parameter and the result.
        unsafe {
            if self.shared.is_null() {
                let mut args = SharedHeapInitArgs { size: 4096, pre_allocated_addr: null_mut() };
                self.shared = enter(|| wasm_runtime_create_shared_heap(&mut args));
            }
            if self.shared.is_null() {
                return Ok(());
            }
            enter(|| wasm_runtime_attach_shared_heap(own, self.shared));
            // What is no block is not freed.
            enter(|| wasm_runtime_shared_heap_free(own, from));
            let mut pointer = null_mut();
            let block = enter(|| wasm_runtime_shared_heap_malloc(own, size, &mut pointer));
            if block != 0 {
                std::slice::from_raw_parts_mut(pointer.cast::<u8>(), size as usize).fill(fill);
                if known && size != 0 {
                    let load = enter(|| wasm_runtime_lookup_function(own, c"load".as_ptr()));
                    let mut cell = [block as u32 + size as u32 - 1];
                    if enter(|| wasm_runtime_call_wasm(env, load, 1, cell.as_mut_ptr())) {
                        assert_eq!(cell, [u32::from(fill)]);
                    }
                    enter(|| wasm_runtime_clear_exception(own));
                }
                enter(|| wasm_runtime_shared_heap_free(own, block));
            }
            if detach {
                enter(|| wasm_runtime_detach_shared_heap(own));
            }
        }
        self.instances[at].stopped = None;
        Ok(())
    }
}
