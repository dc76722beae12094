//! Blocks that the application takes: in the linear memory of an instance, and of the runtime's own
//! memory. They keep their contents, and lie where they may.

use std::ffi::c_void;
use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::memory::{enter, failures};
use super::super::modules;
use super::{index, memory_len, World};

impl World {
    pub(super) fn module_heap(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.instances)? else { return Ok(()) };
        let instance = &mut self.instances[at];
        let handle = instance.handle;
        // SAFETY: the instance is live. With an exception the module's own malloc would be refused.
        unsafe { enter(|| wasm_runtime_clear_exception(handle)) };
        let fill: u8 = u.arbitrary()?;
        let size = match u.int_in_range(0..=4)? {
            0 => u.arbitrary::<u64>()?,
            1 => u.int_in_range(0..=u64::from(u32::MAX) + 9)?,
            _ => u.int_in_range(0..=600)?,
        };
        if instance.number != Some(modules::RICH) && instance.stopped == Some(true) {
            // The module's own malloc may be what is stopped.
            instance.stopped = None;
        }
        // The functions of a module of which nothing is known may not end.
        if instance.number.is_none() {
            // SAFETY: the instance is live.
            unsafe {
                let env = enter(|| wasm_runtime_get_exec_env_singleton(handle));
                if env.is_null() {
                    return Ok(());
                }
                enter(|| wasm_runtime_set_instruction_count_limit(env, 1000));
            }
            instance.fuel = Some(1000);
        }
        let before = failures();
        let tight = self.tight;
        let short = |before| tight || failures() > before;
        // SAFETY: the instance is live, and the pointer is used at once.
        unsafe {
            let mut pointer: *mut c_void = null_mut();
            let at = match u.int_in_range(0..=2)? {
                0 if size <= 600 => {
                    let from = vec![fill; size as usize];
                    enter(|| wasm_runtime_module_dup_data(handle, from.as_ptr().cast(), size))
                }
                1 if !instance.blocks.is_empty() => {
                    let (at, len, fill) =
                        instance.blocks.swap_remove(u.choose_index(instance.blocks.len())?);
                    let pointer =
                        enter(|| wasm_runtime_addr_app_to_native(handle, at)).cast::<u8>();
                    let bytes = std::slice::from_raw_parts(pointer, len as usize);
                    assert!(
                        bytes.iter().all(|&byte| byte == fill),
                        "a block of the heap has changed"
                    );
                    enter(|| wasm_runtime_module_free(handle, at));
                    // What was freed can be had again.
                    let again =
                        enter(|| wasm_runtime_module_malloc(handle, u64::from(len), null_mut()));
                    assert!(again != 0 || short(before), "a freed block is lost");
                    enter(|| wasm_runtime_module_free(handle, again));
                    return Ok(());
                }
                2 if u.ratio(1, 3)? => {
                    // What was never given is not freed.
                    let at = u.arbitrary()?;
                    if !instance.blocks.iter().any(|block| block.0 == u64::from(at as u32)) {
                        enter(|| wasm_runtime_module_free(handle, at));
                    }
                    return Ok(());
                }
                _ => enter(|| wasm_runtime_module_malloc(handle, size, &mut pointer)),
            };
            if at == 0 {
                return Ok(());
            }
            let len = memory_len(handle);
            assert!(
                at.checked_add(size).is_some_and(|end| end <= len),
                "a block of {size} bytes at {at} in a memory of {len}"
            );
            let native = enter(|| wasm_runtime_addr_app_to_native(handle, at)).cast::<u8>();
            assert!(pointer.is_null() || native.cast() == pointer);
            if !native.is_null() {
                native.write_bytes(fill, size as usize);
            }
            // The heap that the runtime keeps; a module's own malloc may give anything.
            if instance.number == Some(modules::RICH) {
                assert!(at % 8 == 0);
                let apart = |other: &(u64, u32, u8)| {
                    at + size <= other.0 || other.0 + u64::from(other.1) <= at
                };
                assert!(instance.blocks.iter().all(apart), "blocks of the heap overlap");
                instance.blocks.push((at, size as u32, fill));
            }
        }
        Ok(())
    }

    /// Blocks of the runtime's heap.
    pub(super) fn heap(&mut self, u: &mut Unstructured) -> Result<()> {
        let fill: u8 = u.arbitrary()?;
        let size: u32 =
            if u.ratio(1, 8)? { u.arbitrary::<u32>()? | 1 << 27 } else { u.int_in_range(0..=900)? };
        // SAFETY: blocks are live, of the size that was asked for, and freed once.
        unsafe {
            let written = |at: *mut u8, len: u32, fill: u8| {
                std::slice::from_raw_parts(at, len as usize).iter().all(|&byte| byte == fill)
            };
            let known = index(u, &self.blocks)?.filter(|_| u.arbitrary().unwrap_or(false));
            let at = match known {
                None if size < 1 << 27 => enter(|| wasm_runtime_malloc(size)).cast::<u8>(),
                None => return Ok(()),
                Some(place) => {
                    let (at, len, old) = self.blocks.swap_remove(place);
                    assert!(written(at, len, old), "a block has changed");
                    if size.is_multiple_of(3) || size >= 1 << 27 {
                        enter(|| wasm_runtime_free(at.cast()));
                        return Ok(());
                    }
                    let new = enter(|| wasm_runtime_realloc(at.cast(), size)).cast::<u8>();
                    if new.is_null() {
                        assert!(written(at, len, old), "a block has changed");
                        self.blocks.push((at, len, old));
                    } else {
                        assert!(written(new, len.min(size), old), "a block has lost its contents");
                    }
                    new
                }
            };
            if !at.is_null() {
                assert!(at.addr().is_multiple_of(8));
                at.write_bytes(fill, size as usize);
                self.blocks.push((at, size, fill));
            }
        }
        Ok(())
    }
}
