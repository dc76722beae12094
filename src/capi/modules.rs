//! Modules that import from modules: the modules that have a name, the application's function that
//! reads what is missing, and the instances of dependencies.
//!
//! Loading a module loads what it imports from, through the reader, and notes all of it in the
//! order in which it can be instantiated ([`Dependencies`]). Instantiation makes an instance of
//! each, once, in the store of the instance, and links imports to their exports: an instance and
//! what it depends on share nothing with others.
//!
//! Invariant: a name stays in the list until its module is unloaded; modules that the reader has
//! read are unloaded by wasm_runtime_destroy().

#![allow(non_camel_case_types)]

use super::exec_env::call_at;
use super::extras::{Extra, Part};
use super::instance::{first_funcs, imports_wasi};
use super::module::{wasm_runtime_load, wasm_runtime_unload, WASMModuleCommon};
use super::package::{is_linked, terminated, wasm_runtime_get_module_package_type};
use super::text::{c_bytes, Text};
use super::types::*;
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::binary::types::ExternKind;
use crate::error::Error;
use crate::module::ModuleData;
use crate::platform;
use crate::store::fault::{Fault, Made};
use crate::store::instance::StoreInstance;
use crate::store::link::{add, copy_segments, instantiate, Provided, Wanted};
use crate::store::StoreData;
use core::cell::UnsafeCell;
use core::ffi::c_char;
use core::ptr::null_mut;

/// Reads the module with a name: stores its bytes and their number, which stay until the
/// module_destroyer gets them, and returns true.
pub type module_reader = Option<
    unsafe extern "C" fn(
        module_type: package_type_t,
        module_name: *const c_char,
        p_buffer: *mut *mut u8,
        p_size: *mut u32,
    ) -> bool,
>;

/// Gets back what a module_reader has stored.
pub type module_destroyer = Option<unsafe extern "C" fn(buffer: *mut u8, size: u32)>;

/// A module with a name.
struct Named {
    next: *mut Named,
    /// With its NUL.
    name: TryVec<u8>,
    /// Null while it is loaded.
    module: *mut WASMModuleCommon,
    /// Of a module that the reader has read, its bytes.
    buffer: *mut u8,
    size: u32,
}

struct Registry {
    first: *mut Named,
    reader: module_reader,
    destroyer: module_destroyer,
}

struct Modules(UnsafeCell<Registry>);
// SAFETY: touched under the platform's lock only.
unsafe impl Sync for Modules {}

static MODULES: Modules =
    Modules(UnsafeCell::new(Registry { first: null_mut(), reader: None, destroyer: None }));

/// Runs with the list.
fn with_registry<R>(body: impl FnOnce(&mut Registry) -> R) -> R {
    // SAFETY: the lock makes this the only borrow.
    platform::locked(|| body(unsafe { &mut *MODULES.0.get() }))
}

impl Registry {
    /// The link to the first entry that `wanted` accepts, or the last link, which is null.
    fn find(&mut self, mut wanted: impl FnMut(&Named) -> bool) -> &mut *mut Named {
        let mut link = &mut self.first;
        // SAFETY: entries of the list are live, and the lock is held as long as `self` is borrowed.
        unsafe {
            while link.as_ref().is_some_and(|entry| !wanted(entry)) {
                link = &mut (**link).next;
            }
        }
        link
    }

    /// The module under a name: null while it is loaded.
    fn module(&mut self, name: &[u8]) -> Option<*mut WASMModuleCommon> {
        let entry = *self.find(|entry| entry.name.split_last() == Some((&0, name)));
        // SAFETY: as in `find`.
        unsafe { entry.as_ref() }.map(|entry| entry.module)
    }
}

/// Adds a name.
fn enter(name: &[u8], module: *mut WASMModuleCommon) -> Result<(), OutOfMemory> {
    let entry =
        Named { next: null_mut(), name: terminated(name)?, module, buffer: null_mut(), size: 0 };
    let entry = TryBox::new(entry)?.into_raw();
    with_registry(|registry| {
        // SAFETY: the entry was just made.
        unsafe { (*entry).next = registry.first };
        registry.first = entry;
    });
    Ok(())
}

/// Takes the first entry out that `wanted` accepts.
fn take_out(wanted: impl FnMut(&Named) -> bool) -> Option<TryBox<Named>> {
    with_registry(|registry| {
        let link = registry.find(wanted);
        let entry = *link;
        // SAFETY: entries were made by `enter`; the list does not have this one any more.
        unsafe {
            *link = entry.as_ref()?.next;
            Some(TryBox::from_raw(entry))
        }
    })
}

/// The module is about to be unloaded.
pub(super) fn unloaded(module: *mut WASMModuleCommon) {
    while take_out(|entry| entry.module == module && entry.buffer.is_null()).is_some() {}
}

/// Unloads what the reader has read, and forgets names and reader: no instance is left.
pub(super) fn forget() {
    let destroyer = with_registry(|registry| {
        registry.reader = None;
        registry.destroyer.take()
    });
    while let Some(entry) = take_out(|_| true) {
        if !entry.buffer.is_null() {
            // SAFETY: the runtime has loaded the module from the buffer, and nobody else unloads
            // it; the buffer is the reader's.
            unsafe {
                wasm_runtime_unload(entry.module);
                if let Some(destroyer) = destroyer {
                    destroyer(entry.buffer, entry.size);
                }
            }
        }
    }
}

/// Sets the function that reads modules from which others import, and the one that gets their bytes
/// back. The reader is called when a module is loaded, for each module that it imports from and
/// that has neither native functions nor been registered; if it returns false, loading fails.
/// Modules that are read so are loaded once, and unloaded by wasm_runtime_destroy(). Modules that
/// import from modules are loaded by one thread at a time.
#[no_mangle]
pub extern "C" fn wasm_runtime_set_module_reader(
    reader: module_reader,
    destroyer: module_destroyer,
) {
    with_registry(|registry| (registry.reader, registry.destroyer) = (reader, destroyer));
}

/// Gives a module a name from which modules can import that are loaded afterwards. Returns false if
/// the name or the module is registered already, with a reason in `error_buf`; true if both are
/// together. wasm_runtime_unload() removes the name; modules that import from it must be unloaded
/// before.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_register_module(
    module_name: *const c_char,
    module: wasm_module_t,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> bool {
    // SAFETY: the application passes a string, a live module, and a buffer of that size.
    unsafe {
        let name = c_bytes(module_name);
        let known = with_registry(|registry| {
            let named = (*registry.find(|entry| entry.module == module)).is_null();
            (registry.module(name), !named)
        });
        let reason = match known {
            (Some(other), _) if other == module => return true,
            _ if module.is_null() || name.is_empty() => "module or name is missing",
            (Some(_), _) => "another module has the name",
            (_, true) => "the module has another name",
            (None, false) if enter(name, module).is_err() => "allocate memory failed",
            (None, false) => return true,
        };
        let mut text = Text::new(error_buf.cast(), error_buf_size as usize);
        text.str("Register module failed: ").str(reason);
        false
    }
}

/// Returns the module that has a name, or NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_find_module_registered(
    module_name: *const c_char,
) -> wasm_module_t {
    // SAFETY: the application passes a string.
    let name = unsafe { c_bytes(module_name) };
    with_registry(|registry| registry.module(name)).unwrap_or(null_mut())
}

/// What a module imports from, directly or not, in the order in which it can be instantiated.
struct Dependencies(TryVec<*mut WASMModuleCommon>);

impl Extra for Dependencies {
    const PART: Part = Part::Dependencies;
    unsafe fn end(&mut self, _: *mut ()) {}
}

impl Dependencies {
    /// Those of a module.
    ///
    /// # Safety
    /// `module` is live, and nobody changes it while the result is used.
    unsafe fn of<'d>(module: *mut WASMModuleCommon) -> &'d [*mut WASMModuleCommon] {
        // SAFETY: the contract of this function; entries of the list stay as long as the module.
        unsafe { (*module).extras.find(|_: &Dependencies| true).map_or(&[], |own| &(*own).0) }
    }

    fn add(&mut self, module: *mut WASMModuleCommon) -> Result<(), OutOfMemory> {
        if self.0.contains(&module) {
            return Ok(());
        }
        self.0.push(module)
    }
}

/// Whether a module of this name is never read.
fn is_built_in(name: &str) -> bool {
    matches!(name, "" | "env" | "wasi_unstable" | "wasi_snapshot_preview1")
}

/// Loads what a module imports from that was just loaded. False if that fails, with the reason.
///
/// # Safety
/// `module` is live, and nobody else has it yet. `error_buf` is null or has its size.
pub(super) unsafe fn load_dependencies(
    module: *mut WASMModuleCommon,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> bool {
    let fail = |module: &str, reason: &str| {
        // SAFETY: `error_buf` is null or has its size.
        let mut text = unsafe { Text::new(error_buf.cast(), error_buf_size as usize) };
        text.str("WASM module load failed: module ").str(module).str(": ").str(reason);
        false
    };
    // SAFETY: the contract of this function.
    unsafe {
        let data = &*(*module).module.data.as_ptr();
        let mut all = Dependencies(TryVec::new());
        for import in data.imports.iter() {
            let (from, name) = data.import_names(import.offset);
            if is_built_in(from)
                || import.kind == ExternKind::Func && is_linked(from.as_bytes(), name.as_bytes())
            {
                continue;
            }
            let (known, reader) =
                with_registry(|registry| (registry.module(from.as_bytes()), registry.reader));
            let found = match (known, reader) {
                (Some(known), _) if known.is_null() => Err("circular dependency"),
                (Some(known), _) => Ok(known),
                (None, None) => continue,
                (None, Some(_)) => read(module, from.as_bytes()),
            };
            let added = found.and_then(|found| {
                let below = Dependencies::of(found).iter().chain([&found]);
                let mut below = below.map(|&module| all.add(module));
                below.find_map(Result::err).map_or(Ok(()), |_| Err("allocate memory failed"))
            });
            if let Err(reason) = added {
                return fail(from, reason);
            }
        }
        if !all.0.is_empty() && (*module).extras.add(all).is_err() {
            return fail("", "allocate memory failed");
        }
        true
    }
}

/// Reads and loads a module that `by` imports from.
///
/// # Safety
/// `by` is live.
unsafe fn read(
    by: *mut WASMModuleCommon,
    name: &[u8],
) -> Result<*mut WASMModuleCommon, &'static str> {
    const MEMORY: &str = "allocate memory failed";
    enter(name, null_mut()).map_err(|_| MEMORY)?;
    let is_it = |entry: &Named| entry.name.split_last() == Some((&0, name));
    // SAFETY: the entry that was just made stays: only this thread loads modules that import from
    // modules. The reader gets a string, and stores a buffer that stays.
    unsafe {
        let (entry, reader, destroyer) =
            with_registry(|registry| (*registry.find(is_it), registry.reader, registry.destroyer));
        let (mut buffer, mut size) = (null_mut(), 0);
        let ty = wasm_runtime_get_module_package_type(by);
        let was_read = reader.is_some_and(|reader| {
            reader(ty, (*entry).name.as_ptr().cast(), &mut buffer, &mut size)
        });
        let module = match was_read && !buffer.is_null() {
            false => null_mut(),
            true => wasm_runtime_load(buffer, size, null_mut(), 0),
        };
        if !module.is_null() {
            with_registry(|_| {
                ((*entry).module, (*entry).buffer, (*entry).size) = (module, buffer, size);
            });
            return Ok(module);
        }
        drop(take_out(is_it));
        match destroyer {
            _ if !was_read => Err("the module reader has not found it"),
            Some(destroyer) if !buffer.is_null() => {
                destroyer(buffer, size);
                Err("it cannot be loaded")
            }
            _ => Err("it cannot be loaded"),
        }
    }
}

/// Whether a module that a module depends on imports functions of WASI.
///
/// # Safety
/// `module` is live.
pub(super) unsafe fn import_wasi(module: *mut WASMModuleCommon) -> bool {
    // SAFETY: the contract of this function; dependencies outlive the module.
    unsafe { Dependencies::of(module).iter().any(|&module| imports_wasi(&(*module).module.data)) }
}

/// Makes instances of what a module depends on, in a new store. `resolve` links native functions.
///
/// # Safety
/// `module` is live and stays as long as the store.
pub(super) unsafe fn instantiate_dependencies(
    store: &mut StoreData<'static>,
    module: *mut WASMModuleCommon,
    memory_limit: u64,
    resolve: &mut dyn FnMut(&StoreData, &mut StoreInstance, &Wanted) -> Made<()>,
) -> Result<(), Error> {
    // SAFETY: the contract of this function; dependencies outlive the module. The store's instances
    // do not run yet.
    unsafe {
        let (appended, limit) = (core::mem::take(&mut store.appended), store.memory_limit);
        store.memory_limit = memory_limit;
        for &dependency in Dependencies::of(module) {
            let index = match instantiate(store, &(*dependency).module, resolve) {
                Ok(index) => index,
                Err(fault) => {
                    // Named is the import of the module itself, of what it depends on the first.
                    let data = &(*module).module.data;
                    let mut names = data.imports.iter().map(|at| data.import_names(at.offset).0);
                    let is_named = |name: &str| {
                        with_registry(|registry| registry.module(name.as_bytes())).is_some()
                    };
                    store.failed_import = names.position(is_named).unwrap_or(0) as u32;
                    return Err(store.error(fault));
                }
            };
            let at = store.instances.get(index as usize).map_or(null_mut(), TryBox::as_ptr);
            copy_segments(&*at).map_err(|fault| store.error(fault))?;
        }
        (store.appended, store.memory_limit) = (appended, limit);
    }
    Ok(())
}

/// Links an import to an export of an instance of the store, if its module is one that has a name
/// and no native function is registered for it.
pub(super) fn provide(
    store: &StoreData,
    instance: &mut StoreInstance,
    wanted: &Wanted,
) -> Option<Made<()>> {
    let (module, name) = (wanted.module.as_bytes(), wanted.name.as_bytes());
    let found = with_registry(|registry| registry.module(module))?;
    if wanted.kind == ExternKind::Func && is_linked(module, name) {
        return None;
    }
    // SAFETY: a module with a name is live; null is no dependency of a module that is loaded.
    let data = unsafe { found.as_ref() }?.module.data.as_ptr();
    let owner = store.instances.iter().find(|owner| owner.module.data.as_ptr() == data)?;
    let export = owner.module.data.export(wanted.name).filter(|export| export.kind == wanted.kind);
    let provided = export.and_then(|export| exported(store, owner, export.kind, export.index));
    Some(match provided {
        Some(provided) => add(store, instance, wanted, provided, &mut None),
        None => Err(Fault::UNKNOWN_IMPORT),
    })
}

/// What an instance has in an index space.
fn exported<'s>(
    store: &'s StoreData,
    owner: &StoreInstance,
    kind: ExternKind,
    index: u32,
) -> Option<Provided<'s>> {
    let at = index as usize;
    Some(match kind {
        ExternKind::Func => Provided::Func(owner.func_base + index),
        ExternKind::Table => {
            let table = *owner.tables.get(at)?;
            Provided::Table(store.tables.iter().find(|own| own.as_ptr() == table)?)
        }
        ExternKind::Memory => {
            let memory = *owner.memories.get(at)?;
            Provided::Memory(store.memories.iter().find(|own| own.as_ptr() == memory)?)
        }
        ExternKind::Global => {
            Provided::Global(*owner.globals.get(at)?, owner.module.data.globals.get(at)?.ty)
        }
        #[cfg(feature = "exceptions")]
        ExternKind::Tag => Provided::Tag(*owner.tags.0.get(at)?),
    })
}

/// Runs the start functions of what an instance depends on, and the others that WAMR calls. False
/// when one has failed, with an exception.
///
/// # Safety
/// `env` is an environment of the instance, on which nothing runs.
pub(super) unsafe fn start_dependencies(env: wasm_exec_env_t) -> bool {
    // SAFETY: the contract of this function: the instance is live, and its own record is the last
    // of its store. The functions have neither parameters nor results.
    unsafe {
        let instance = (*env).instance;
        let nth = |index: usize| {
            let store: &StoreData = &(*instance).store;
            let own = store.instances.len().saturating_sub(1);
            store.instances.get(index).filter(|_| index < own).map(TryBox::as_ptr)
        };
        let mut index = 0;
        while let Some(at) = nth(index) {
            index += 1;
            let data: *const ModuleData = (*at).module.data.as_ptr();
            let funcs = first_funcs(&*data);
            let start = |&func: &u32| call_at(env, (*at).func_base + func, 0, null_mut());
            if !funcs.iter().flatten().all(start) {
                return false;
            }
        }
        true
    }
}

/// Whether an instance has dependencies with functions that run at instantiation.
///
/// # Safety
/// `instance` is live.
pub(super) unsafe fn have_start(module: *mut WASMModuleCommon) -> bool {
    // SAFETY: the contract of this function; dependencies outlive the module.
    unsafe {
        let all = Dependencies::of(module);
        all.iter().any(|&module| first_funcs(&(*module).module.data).iter().any(Option::is_some))
    }
}

/// The memory of the instance whose code calls a native function.
///
/// # Safety
/// The context is that of the call.
pub(super) unsafe fn caller_memory<'m>(
    context: &zonda_exec::frame::Context,
    instance: wasm_module_inst_t,
) -> &'m zonda_exec::Memory {
    // SAFETY: a running instance is live and published, and memories live as long as their store.
    unsafe {
        if context.instance.is_null() {
            return super::app_memory::memory(instance);
        }
        match StoreInstance::of(context.instance).memories.first() {
            Some(&memory) => &(*memory).seen,
            None => const { &zonda_exec::Memory::empty() },
        }
    }
}
