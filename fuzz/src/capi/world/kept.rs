//! What the application keeps with an instance: custom data, pointers under keys, objects behind
//! references. What is freed with an instance, and what is called for it then, is counted.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::ptr::null_mut;

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::super::memory::{enter, failures};
use super::{index, Instance, World};

thread_local! {
    /// Calls of the two functions below.
    static DESTROYED: Cell<usize> = const { Cell::new(0) };
    static CLEANED: Cell<usize> = const { Cell::new(0) };
}

/// The destructor of every key.
unsafe extern "C" fn destroy(instance: wasm_module_inst_t, _: *mut c_void) {
    assert!(!instance.is_null());
    DESTROYED.set(DESTROYED.get() + 1);
}

/// What is called with an object that is deleted.
unsafe extern "C" fn clean(object: *mut c_void) {
    assert!(object.addr() & OBJECTS != 0);
    CLEANED.set(CLEANED.get() + 1);
}

/// Objects here and above are those that `objects` makes; each is another one.
pub(super) const OBJECTS: usize = 1 << (usize::BITS - 1);

/// What an instance was given.
#[derive(Default)]
pub(super) struct Kept {
    /// Its pointers: keys and values.
    pub(super) contexts: Vec<(usize, usize)>,
    /// Objects that are cleaned up with the instance.
    objects: Vec<usize>,
    pub(super) data: usize,
}

/// An object that stays when its instance goes.
pub(super) struct Retained(wasm_module_inst_t, usize, u32);

impl Kept {
    /// Notes that a pointer is kept.
    pub(super) fn set(&mut self, key: usize, value: usize) {
        self.contexts.retain(|&(other, _)| other != key);
        self.contexts.push((key, value));
    }

    fn get(&self, key: usize) -> usize {
        self.contexts.iter().find(|&&(other, _)| other == key).map_or(0, |&(_, value)| value)
    }
}

/// Instantiates with arguments as an object; the custom data is the limit. NULL without memory for
/// the object, with a message as for other failures.
///
/// # Safety
/// As for wasm_runtime_instantiate_ex().
pub(super) unsafe fn instantiate(
    module: wasm_module_t,
    sizes: &InstantiationArgs,
    message: *mut c_char,
    size: u32,
) -> wasm_module_inst_t {
    let mut args = null_mut();
    let data: *mut c_void = std::ptr::without_provenance_mut(sizes.max_memory_pages as usize);
    // SAFETY: the contract of this function; the object is live until it is destroyed.
    unsafe {
        if !wasm_runtime_instantiation_args_create(&mut args) {
            // As if the runtime had said so.
            if size > 0 {
                message.write(0);
            }
            if size > 1 {
                message.cast::<[u8; 2]>().write(*b"-\0");
            }
            return null_mut();
        }
        wasm_runtime_instantiation_args_set_default_stack_size(args, sizes.default_stack_size);
        let heap = sizes.host_managed_heap_size;
        wasm_runtime_instantiation_args_set_host_managed_heap_size(args, heap);
        wasm_runtime_instantiation_args_set_max_memory_pages(args, sizes.max_memory_pages);
        wasm_runtime_instantiation_args_set_custom_data(args, data);
        let made = wasm_runtime_instantiate_ex2(module, args, message, size);
        wasm_runtime_instantiation_args_destroy(args);
        made
    }
}

impl World {
    /// One operation with what is kept.
    pub(super) fn keep(&mut self, u: &mut Unstructured) -> Result<()> {
        match u.int_in_range(0..=4)? {
            0 => self.keys(u),
            1 | 2 => self.pointers(u),
            _ => self.objects(u),
        }
    }

    /// Creates and destroys keys.
    fn keys(&mut self, u: &mut Unstructured) -> Result<()> {
        // SAFETY: the destructor may be called at any time; keys that are destroyed exist.
        unsafe {
            if self.keys.is_empty() || u.arbitrary()? {
                let key = enter(|| wasm_runtime_create_context_key(Some(destroy)));
                assert_eq!(key.is_null(), self.keys.len() == 8, "there are 8 keys");
                assert!(self.keys.iter().all(|&other| other != key.addr()), "a key is given twice");
                if !key.is_null() {
                    let unknown = |instance: &Instance| {
                        enter(|| wasm_runtime_get_context(instance.handle, key)).is_null()
                    };
                    assert!(self.instances.iter().all(unknown), "a new key has a pointer");
                    self.keys.push(key.addr());
                }
            } else if let Some(at) = index(u, &self.keys)? {
                let key = self.keys.swap_remove(at);
                let key = std::ptr::without_provenance_mut(key);
                enter(|| wasm_runtime_destroy_context_key(key));
            }
        }
        Ok(())
    }

    /// Pointers under keys, and the one without.
    fn pointers(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.instances)? else { return Ok(()) };
        let key = index(u, &self.keys)?.map(|key| self.keys[key]);
        let (value, before) = (u.arbitrary::<usize>()?, failures());
        let tight = self.tight;
        let Instance { handle, kept, .. } = &mut self.instances[at];
        let handle = *handle;
        let pointer: *mut c_void = std::ptr::without_provenance_mut(value);
        // SAFETY: the instance is live.
        unsafe {
            assert_eq!(enter(|| wasm_runtime_get_custom_data(handle)).addr(), kept.data);
            let Some(key) = key else {
                enter(|| wasm_runtime_set_custom_data(handle, pointer));
                kept.data = value;
                return Ok(());
            };
            let at: *mut c_void = std::ptr::without_provenance_mut(key);
            assert_eq!(enter(|| wasm_runtime_get_context(handle, at)).addr(), kept.get(key));
            enter(|| wasm_runtime_set_context_spread(handle, at, pointer));
            let got = enter(|| wasm_runtime_get_context(handle, at)).addr();
            let lost = got == kept.get(key) && (tight || failures() > before);
            assert!(got == value || lost, "a pointer under a key");
            if got == value && (value != 0 || kept.get(key) != 0 || !tight && failures() == before)
            {
                kept.set(key, value);
            } else if got == value {
                // Whether there is an entry with NULL cannot be seen: make one.
                let mark: *mut c_void = std::ptr::without_provenance_mut(1);
                enter(|| wasm_runtime_set_context(handle, at, mark));
                if !enter(|| wasm_runtime_get_context(handle, at)).is_null() {
                    kept.set(key, 1);
                }
            }
        }
        Ok(())
    }

    /// Objects with a function that cleans up, some of which outlive their instance.
    fn objects(&mut self, u: &mut Unstructured) -> Result<()> {
        let Some(at) = index(u, &self.instances)? else { return Ok(()) };
        let (tight, before) = (self.tight, failures());
        self.made += 1;
        let object = OBJECTS | self.made;
        let Instance { handle, kept, .. } = &mut self.instances[at];
        let handle = *handle;
        let pointer: *mut c_void = std::ptr::without_provenance_mut(object);
        let cleaned = CLEANED.get();
        // SAFETY: the instance is live, and the function may be called at any time.
        unsafe {
            assert!(!enter(|| wasm_externref_set_cleanup(handle, pointer, Some(clean))));
            let mut reference = 0;
            if !enter(|| wasm_externref_obj2ref(handle, pointer, &mut reference)) {
                assert!(tight || failures() > before, "an object is refused");
                return Ok(());
            }
            assert!(reference != 0);
            assert!(enter(|| wasm_externref_set_cleanup(handle, pointer, Some(clean))));
            match u.int_in_range(0..=2)? {
                0 => {
                    assert!(enter(|| wasm_externref_objdel(handle, pointer)));
                    assert!(!enter(|| wasm_externref_objdel(handle, pointer)));
                    assert_eq!(CLEANED.get(), cleaned + 1, "one object is cleaned up");
                    assert!(!enter(|| wasm_externref_retain(reference)));
                }
                1 => {
                    assert!(enter(|| wasm_externref_retain(reference)));
                    self.retained.push(Retained(handle, object, reference));
                }
                _ => kept.objects.push(object),
            }
        }
        Ok(())
    }

    /// Frees an instance: its pointers whose keys are there are destroyed, and its objects.
    pub(super) fn free(&mut self, instance: Instance) {
        let (destroyed, cleaned) = (DESTROYED.get(), CLEANED.get());
        // SAFETY: it is live, and none of its functions runs.
        unsafe { enter(|| wasm_runtime_deinstantiate(instance.handle)) };
        let known = |&(key, _): &(usize, usize)| self.keys.contains(&key);
        let pointers = instance.kept.contexts.iter().copied().filter(known).count();
        assert_eq!(DESTROYED.get() - destroyed, pointers, "pointers that are destroyed");
        assert_eq!(CLEANED.get() - cleaned, instance.kept.objects.len(), "objects that go");
    }

    /// Forgets what outlives instances.
    pub(super) fn forget_kept(&mut self) {
        let cleaned = CLEANED.get();
        let count = self.retained.len();
        // SAFETY: objects are named by the address of their instance, which is not read.
        unsafe {
            for Retained(instance, object, reference) in self.retained.drain(..) {
                let (pointer, mut found): (*mut c_void, _) =
                    (std::ptr::without_provenance_mut(object), null_mut());
                assert!(enter(|| wasm_externref_ref2obj(reference, &mut found)));
                assert_eq!(found, pointer, "an object that stays");
                assert!(enter(|| wasm_externref_objdel(instance, pointer)));
            }
            for key in self.keys.drain(..) {
                let key = std::ptr::without_provenance_mut(key);
                enter(|| wasm_runtime_destroy_context_key(key));
            }
        }
        assert_eq!(CLEANED.get() - cleaned, count, "objects that stayed are cleaned up");
    }
}
