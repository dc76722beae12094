//! How instances run: termination requests, fuel, running modes, whole programs.

use std::ffi::c_char;
use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::memory::{enter, failures};
use super::{exception, index, World};

impl World {
    pub(super) fn stop(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, _)) = self.callee(u)? else { return Ok(()) };
        let instance = &mut self.instances[at];
        // SAFETY: instance and environment are live.
        unsafe {
            if u.arbitrary()? {
                enter(|| wasm_runtime_terminate(instance.handle));
                instance.stopped = Some(true);
            } else {
                let count = if u.arbitrary()? { u.int_in_range(0..=6000)? } else { -1 };
                enter(|| wasm_runtime_set_instruction_count_limit(env, count));
                instance.fuel = u32::try_from(count).ok();
            }
        }
        Ok(())
    }

    pub(super) fn modes(&mut self, u: &mut Unstructured) -> Result<()> {
        let mode = *u.choose(&[
            0,
            Mode_Interp,
            Mode_Fast_JIT,
            Mode_Zonda_Classic,
            Mode_Zonda_Fast,
            Mode_Zonda_Fast + 1,
            u32::MAX,
        ])?;
        let supported = enter(|| wasm_runtime_is_running_mode_supported(mode));
        assert_eq!(
            supported,
            mode <= Mode_Interp || mode == Mode_Zonda_Classic || mode == Mode_Zonda_Fast
        );
        let Some(at) = index(u, &self.instances)?.filter(|_| u.arbitrary().unwrap_or(false)) else {
            assert_eq!(enter(|| wasm_runtime_set_default_running_mode(mode)), supported);
            return Ok(());
        };
        let instance = self.instances[at].handle;
        let before = failures();
        // SAFETY: the instance is live.
        unsafe {
            let done = enter(|| wasm_runtime_set_running_mode(instance, mode));
            assert!(!done || supported);
            assert!(
                done || !supported || self.tight || failures() > before,
                "the mode was not changed"
            );
            if done && mode >= Mode_Zonda_Classic {
                assert_eq!(enter(|| wasm_runtime_get_running_mode(instance)), mode);
            }
        }
        Ok(())
    }

    /// The functions for whole programs, with words that are numbers or not.
    pub(super) fn program(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.instances)? else { return Ok(()) };
        let instance = &mut self.instances[at];
        if instance.number.is_none() {
            return Ok(());
        }
        let mut words = Vec::new();
        for _ in 0..u.int_in_range(0..=5)? {
            let mut word = u.arbitrary::<&str>()?.replace('\0', "");
            if u.arbitrary()? {
                word = u.arbitrary::<i64>()?.to_string();
            }
            words.push(std::ffi::CString::new(word).expect("no NUL in it"));
        }
        let mut pointers: Vec<*mut c_char> =
            words.iter().map(|word| word.as_ptr().cast_mut()).collect();
        let name =
            *u.choose(&[c"add", c"add64", c"swap", c"same", c"same_func", c"trap", c"nothing"])?;
        let count = pointers.len() as i32;
        // The result of main may be put where the first pointer was.
        pointers.push(null_mut());
        // SAFETY: the instance is live, and there are as many strings.
        let done = unsafe {
            enter(|| wasm_runtime_clear_exception(instance.handle));
            enter(|| match u.arbitrary().unwrap_or(false) {
                true => {
                    wasm_application_execute_main(instance.handle, count, pointers.as_mut_ptr())
                }
                false => wasm_application_execute_func(
                    instance.handle,
                    name.as_ptr(),
                    count,
                    pointers.as_mut_ptr(),
                ),
            })
        };
        assert_eq!(done, exception(instance.handle).is_none());
        if exception(instance.handle).is_some_and(|said| said.contains("terminated")) {
            assert_ne!(instance.stopped, Some(false));
            instance.stopped = Some(false);
        }
        Ok(())
    }
}
