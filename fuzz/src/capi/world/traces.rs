//! What is known of a call that has trapped: its call stack as text, and its record.

use std::ffi::c_char;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::super::calls::count;
use super::super::memory::enter;
use super::super::modules;
use super::{exception, World};

/// Bytes behind a buffer, which nothing writes.
const GUARD: [u8; 32] = [0xa5; 32];

impl World {
    /// Has an instance write records, or not any more; traps, and looks at what is left of it.
    pub(super) fn trace(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some((at, env, _)) = self.callee(u)? else { return Ok(()) };
        let instance = &mut self.instances[at];
        if instance.number != Some(modules::RICH) {
            return Ok(());
        }
        let handle = instance.handle;
        #[cfg(feature = "trap-record")]
        if u.ratio(1, 3)? {
            let size: u32 = u.int_in_range(0..=600)?;
            let memory = if u.arbitrary()? { u.arbitrary()? } else { u.int_in_range(0..=200)? };
            let mut buffer = [vec![0; size as usize], GUARD.to_vec()].concat().into_boxed_slice();
            // SAFETY: the instance is live; the buffer stays with it until there is another one.
            unsafe {
                let to = buffer.as_mut_ptr().cast();
                enter(|| zonda_set_trap_record(handle, to, size, memory));
                assert_eq!(enter(|| zonda_get_trap_record(handle)), 0, "a record without a trap");
            }
            instance.record = Some(buffer);
        }
        let (name, argument) = *u.choose(&[
            (c"trap", 0),
            (c"deep", 30),
            (c"deep", 100_000),
            (c"missing", 0),
            (c"back", 1),
            (c"back", 6),
        ])?;
        let mut cells = [argument, 0];
        // SAFETY: environment and instance are live; no function that is called has more cells.
        let done = unsafe {
            let func = enter(|| wasm_runtime_lookup_function(handle, name.as_ptr()));
            let argc = enter(|| wasm_func_get_param_count(func, handle));
            enter(|| wasm_runtime_call_wasm(env, func, argc, cells.as_mut_ptr()))
        };
        count("call_traced", done);
        assert_eq!(done, exception(handle).is_none());
        if name == c"back" {
            instance.stopped = None;
        }
        instance.fuel = instance.fuel.map(|_| u32::MAX);
        if exception(handle).is_some_and(|said| said.contains("terminated")) {
            assert_ne!(instance.stopped, Some(false), "nobody has stopped it");
            instance.stopped = Some(false);
        }
        #[cfg(feature = "trap-record")]
        if let Some(buffer) = &instance.record {
            let size = buffer.len() - GUARD.len();
            // SAFETY: the instance is live.
            let record = unsafe { enter(|| zonda_get_trap_record(handle)) };
            assert!(record as usize <= size, "a record of {record} bytes in {size}");
            assert_eq!(buffer[size..], GUARD, "a record was written beyond its buffer");
        }
        #[cfg(feature = "diagnostics")]
        call_stack(u, env, done)?;
        // SAFETY: the instance is live.
        unsafe { enter(|| wasm_runtime_clear_exception(handle)) };
        #[cfg(feature = "diagnostics")]
        call_stack(u, env, true)?;
        Ok(())
    }
}

/// The call stack that an instance has kept, as text in a buffer of any size.
#[cfg(feature = "diagnostics")]
fn call_stack(u: &mut Unstructured, env: wasm_exec_env_t, none: bool) -> Result<()> {
    let size: usize = u.int_in_range(0..=400)?;
    let mut buffer = vec![b'x'; size];
    buffer.extend(GUARD);
    // SAFETY: the environment is live, and so is its instance.
    unsafe {
        let whole = enter(|| wasm_runtime_get_call_stack_buf_size(env)) as usize;
        let to: *mut c_char = buffer.as_mut_ptr().cast();
        let len = enter(|| wasm_runtime_dump_call_stack_to_buf(env, to, size as u32)) as usize;
        assert!(!none || whole == 0, "a call stack of a call that has not trapped");
        assert_eq!(len, whole.min(size).saturating_sub(1), "the length of a call stack");
        let (text, guard) = buffer.split_at(size);
        assert_eq!(guard, GUARD, "a call stack was written beyond its buffer");
        if size > 0 {
            assert_eq!(text[len], 0, "a call stack does not end with NUL");
            assert!(text[..len].iter().all(|&byte| byte == b'\n' || (32..127).contains(&byte)));
        }
    }
    Ok(())
}
