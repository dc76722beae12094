//! Instances: each has a store of its own. What a module's instance owns is freed with it.

use super::app_heap::AppHeap;
use super::debug;
use super::diagnostics;
use super::exec_env::{function, wasm_runtime_call_wasm, WASMExecEnv};
use super::exec_time::Times;
use super::extras::Extras;
use super::fuel;
use super::imports;
use super::instantiation::Given;
use super::module::{describe, WASMModuleCommon};
use super::modules;
use super::native::provide;
use super::native_code;
use super::prepared::Prepared;
use super::runtime::{default_running_mode, log_warning, mode};
use super::spawn::{self, Family};
use super::text::{c_bytes, Text};
use super::types::*;
use super::wasi::{Program, WasiArguments};
use crate::alloc::TryBox;
use crate::binary::types::{Code, ExternKind, ValType};
use crate::error::{Error, LinkErrorKind};
use crate::module::{FuncType, ModuleData};
use crate::platform::{self, interface};
use crate::store::fault::Fault;
use crate::store::instance::StoreInstance;
use crate::store::link::{copy_segments, instantiate, Wanted};
use crate::store::{StoreConfig, StoreData};
use core::ffi::{c_char, c_void};
use core::ptr::null_mut;
use zonda_exec::{ImportedFunc, TrapCode};

/// Bytes of an exception's text, with "Exception: " and the NUL; what is longer is cut off.
pub(super) const EXCEPTION: usize = 96;
const PREFIX: &str = "Exception: ";

pub struct WASMModuleInstanceCommon {
    /// Whether there is an exception.
    pub(super) failed: bool,
    /// Whether the application chose between the interpreters.
    pub(super) chose_mode: bool,
    pub(super) exception: [u8; EXCEPTION],
    pub(super) store: TryBox<StoreData<'static>>,
    /// Belongs to the store.
    pub(super) data: *mut StoreInstance<'static>,
    module: *mut WASMModuleCommon,
    pub(super) custom_data: *mut c_void,
    pub(super) default_stack: u32,
    /// The environment on which a call runs.
    pub(super) current: wasm_exec_env_t,
    pub(super) prepared: Prepared,
    pub(super) singleton: Option<TryBox<WASMExecEnv>>,
    pub(super) heap: AppHeap,
    /// The module's own allocator: the functions `malloc` and `free`.
    pub(super) allocator: Option<(u32, u32)>,
    /// The state of a program with WASI.
    pub(super) wasi: Program,
    /// What parts of the API keep for it.
    pub(super) extras: Extras,
    /// How long calls have taken.
    #[cfg_attr(not(feature = "exec-time"), allow(dead_code))]
    pub(super) times: Times,
    /// The instances that were spawned by this one, or with it.
    pub(super) family: Family,
}

impl Drop for WASMModuleInstanceCommon {
    fn drop(&mut self) {
        debug::remove(&self.store);
        spawn::leave(self);
        let owner: *mut WASMModuleInstanceCommon = self;
        // SAFETY: the list is the instance's, which is live until this returns; `self` is not used
        // any more.
        unsafe { Extras::end(&raw mut (*owner).extras, owner.cast()) };
    }
}

/// Whether a type's code is that of an i32.
pub(super) fn is_i32(code: &Code) -> bool {
    *code == ValType::I32.code()
}

/// The index of the exported function with this name.
pub(super) fn exported_func(data: &ModuleData, name: &[u8]) -> Option<u32> {
    let mut exports = data.exports();
    let export =
        exports.find(|export| export.kind == ExternKind::Func && export.name.as_bytes() == name);
    export.map(|export| export.index)
}

/// The exported function with this name that the module defines, if it has one i32 parameter and as
/// many i32 results. No other type of one cell is accepted: a module could turn numbers into
/// references.
fn allocator(data: &ModuleData, name: &[u8], results: usize) -> Option<u32> {
    let func = exported_func(data, name).filter(|&func| func >= data.imported_funcs)?;
    let (given, own) = FuncType::of(data.value_types(), data.func_type(func)?).codes();
    (given.len() == 1 && own.len() == results && given.iter().chain(own).all(is_i32))
        .then_some(func)
}

/// The exported function with this name, if it has neither parameters nor results.
pub(super) fn plain_func(data: &ModuleData, name: &[u8]) -> Option<u32> {
    let func = exported_func(data, name)?;
    let (params, results) = FuncType::of(data.value_types(), data.func_type(func)?).codes();
    (params.is_empty() && results.is_empty()).then_some(func)
}

/// Whether a module imports functions of WASI.
pub(super) fn imports_wasi(data: &ModuleData) -> bool {
    let mut names = data.imports.iter().map(|entry| data.import_names(entry.offset).0.as_bytes());
    names.any(|name| name == b"wasi_snapshot_preview1" || name == b"wasi_unstable")
}

/// What instantiation calls, in WAMR's order: the start function, the initialization of a WASI
/// reactor, that of old emscripten output, the constructors of a module without WASI.
pub(super) fn first_funcs(data: &ModuleData) -> [Option<u32>; 3] {
    let wasi = imports_wasi(data);
    let own: &[u8] = if wasi { b"_initialize" } else { b"__wasm_call_ctors" };
    let (own, post) = (plain_func(data, own), plain_func(data, b"__post_instantiate"));
    let own = own.filter(|_| own != data.start);
    let [second, third] = if wasi { [own, post] } else { [post, own] };
    [data.start, second, third]
}

impl WASMModuleInstanceCommon {
    /// Makes an instance whose start function has not run.
    ///
    /// # Safety
    /// `module` is live, and stays until the instance is freed.
    unsafe fn new(
        module: *mut WASMModuleCommon,
        args: &InstantiationArgs,
        given: &Given,
    ) -> Result<TryBox<WASMModuleInstanceCommon>, Error> {
        // SAFETY: `module` is live by the contract of this function.
        let loaded = unsafe { &(*module).module };
        let data = &*loaded.data;
        // SAFETY: `module` is live by the contract of this function.
        let wasi = unsafe {
            Program::new(
                given.wasi.or(&(*module).wasi),
                imports_wasi(data) || modules::import_wasi(module),
            )?
        };
        let (page_shift, pages) =
            data.memories.first().map_or((16, 0), |memory| (memory.page_shift, memory.limits.min));
        let memory_limit = match (args.max_memory_pages, platform::defaults().memory_limit) {
            (0, 0) => u64::MAX,
            (0, limit) => limit as u64,
            (pages, _) => (pages as u64) << page_shift,
        };
        let used = if platform::defaults().whole_memory {
            None
        } else {
            imports::used_memory(data).map(|used| used.max(native_code::least_memory(data)))
        };
        if (pages as u64) << page_shift > memory_limit {
            log_warning(|text| {
                text.str("memory of ")
                    .number(pages)
                    .str(" pages cut to ")
                    .number(memory_limit as u32)
                    .str(" bytes");
            });
        }
        let allocator = allocator(data, b"malloc", 1).zip(allocator(data, b"free", 0));
        let heap_size = if allocator.is_none() { args.host_managed_heap_size & !7 } else { 0 };
        let mut store = StoreData::new(
            StoreConfig {
                stack_bytes: 0,
                memory_limit: memory_limit.min(used.unwrap_or(u64::MAX)),
                total_limit: match platform::defaults().total_limit {
                    0 => u64::MAX,
                    limit => limit as u64,
                },
                nested_calls: platform::defaults().nested_calls,
                #[cfg(feature = "gc")]
                object_bytes: StoreConfig::OBJECT_BYTES,
            },
            false,
        )?;
        store.appended = heap_size;
        diagnostics::observe(&mut store);
        debug::add(&store);
        imports::make(&mut store, data).map_err(|fault| store.error(fault))?;
        let mut denied = None;
        let mut resolve = |store: &StoreData, instance: &mut StoreInstance, wanted: &Wanted| {
            if let Some(made) = modules::provide(store, instance, wanted) {
                return made;
            }
            match provide(wanted) {
                Ok(Some(import)) => instance.imports.push(import)?,
                Ok(None) => return imports::take(store, instance, wanted),
                Err(capability) => {
                    denied = Some(capability);
                    return Err(Fault::UNKNOWN_IMPORT);
                }
            }
            Ok(())
        };
        // SAFETY: the store was just made, and the module outlives the instance.
        unsafe {
            let resolve =
                &mut |store: &StoreData, instance: &mut StoreInstance, wanted: &Wanted| {
                    match modules::provide(store, instance, wanted) {
                        Some(made) => made,
                        // Of the memory and the table that the module itself imports from `env` its
                        // dependencies get none.
                        None => match provide(wanted) {
                            Ok(Some(import)) => Ok(instance.imports.push(import)?),
                            _ => Err(Fault::UNKNOWN_IMPORT),
                        },
                    }
                };
            modules::instantiate_dependencies(&mut store, module, memory_limit, resolve)?;
        }
        // SAFETY: the store was just made.
        let made = unsafe { instantiate(store.as_ptr(), loaded, &mut resolve) };
        let index = made.map_err(|fault| store.error(fault).denied(denied))?;
        let at = store.instances.get(index as usize).map_or(null_mut(), TryBox::as_ptr);
        // SAFETY: the store's instance, whose code does not run yet.
        unsafe {
            (*at).set_mode(native_code::initial_mode(&(*at).seen))?;
            copy_segments(&*at).map_err(|fault| store.error(fault))?;
        }
        // SAFETY: memories of the store's instance.
        let end = unsafe { (*at).memories.first().map_or(0, |&memory| (*memory).seen.size()) };
        let heap = AppHeap::ending_at(u32::try_from(end).unwrap_or(0), heap_size);
        let mut instance = TryBox::new(WASMModuleInstanceCommon {
            failed: false,
            chose_mode: is_choice(default_running_mode()),
            exception: [0; EXCEPTION],
            store,
            data: at,
            module,
            custom_data: given.custom_data,
            default_stack: args.default_stack_size,
            current: null_mut(),
            prepared: Prepared::NONE,
            singleton: None,
            heap,
            allocator,
            wasi,
            extras: Extras::new(),
            times: Times::NEW,
            family: Family::new(args, given),
        })?;
        diagnostics::prepare(&mut instance)?;
        Ok(instance)
    }

    /// Runs the start function and what WAMR calls behind it, if there is any of it, on an operand
    /// stack of its own: most modules have none. False when it has failed, with an exception.
    ///
    /// # Safety
    /// `this` is live.
    unsafe fn start(this: *mut WASMModuleInstanceCommon) -> Result<bool, Error> {
        // SAFETY: `this` is live by this function's contract; a start function has neither
        // parameters nor results.
        unsafe {
            let data = &(&*(*this).data).module.data;
            let funcs = first_funcs(data);
            if funcs.iter().all(Option::is_none) && !modules::have_start((*this).module) {
                return Ok(true);
            }
            let env = WASMExecEnv::new(this, (*this).default_stack)?;
            // The application has no handle yet that could stop this.
            fuel::bound(&(*this).store, platform::defaults().start_fuel);
            let done = modules::start_dependencies(env.as_ptr());
            let done = done
                && funcs.iter().flatten().all(|&func| {
                    wasm_runtime_call_wasm(env.as_ptr(), function(func), 0, null_mut())
                });
            fuel::bound(&(*this).store, 0);
            Ok(done)
        }
    }

    /// Sets the exception.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&mut self, reason: &str) {
        self.exception_text().str(reason);
    }

    /// Sets the exception; what it says is appended to the result.
    #[cold]
    #[inline(never)]
    pub(super) fn exception_text(&mut self) -> Text {
        self.set_failed(true);
        // SAFETY: the buffer has that size. The text is used within the statement that asks for it.
        let mut text = unsafe { Text::new(self.exception.as_mut_ptr(), EXCEPTION) };
        text.str(PREFIX);
        text
    }

    /// Sets the exception for an argument that is not of its parameter's type.
    #[cold]
    #[inline(never)]
    pub(super) fn fail_argument(&mut self, number: u32, argument: &[u8]) {
        let mut text = self.exception_text();
        text.str("invalid input argument ").number(number).str(": ").bytes(argument);
    }

    /// Sets the exception for a call of an imported function that nobody provides.
    #[cold]
    #[inline(never)]
    pub(super) fn fail_unlinked(&mut self, import: &ImportedFunc) {
        // SAFETY: the store's instance, which lives as long as this one.
        let data = unsafe { &*self.data };
        let loaded = &data.module.data;
        let funcs = loaded.imports.iter().filter(|import| import.kind == ExternKind::Func);
        let mut pairs = funcs.zip(data.imports.iter());
        let Some((entry, _)) = pairs.find(|(_, own)| core::ptr::eq(*own, import)) else { return };
        let (module, name) = loaded.import_names(entry.offset);
        name_import(&mut self.exception_text(), "call unlinked", entry.kind, module, name);
    }

    /// Sets whether there is an exception, and the mark of the execution environment on which a
    /// call runs.
    pub(super) fn set_failed(&mut self, failed: bool) {
        self.failed = failed;
        self.forget();
        if !failed {
            diagnostics::cleared(self);
        }
        // SAFETY: the environment on which a call runs is live.
        if let Some(env) = unsafe { self.current.as_mut() } {
            env.trap = if failed { TrapCode::Host as u32 } else { 0 };
        }
    }
}

/// The text in a buffer, without its NUL.
fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or(text)
}

/// Says for which import something has failed, as WAMR does.
#[cold]
#[inline(never)]
pub(super) fn name_import(
    text: &mut Text,
    failed: &str,
    kind: ExternKind,
    module: &str,
    name: &str,
) {
    let kind = match kind {
        ExternKind::Func => "function",
        ExternKind::Table => "table",
        ExternKind::Memory => "memory",
        ExternKind::Global => "global",
        #[cfg(feature = "exceptions")]
        ExternKind::Tag => "tag",
    };
    for part in ["failed to ", failed, " import ", kind, " (", module, ", ", name, ")"] {
        text.str(part);
    }
}

/// Whether this names an interpreter.
fn is_choice(running_mode: RunningMode) -> bool {
    running_mode >= Mode_Zonda_Classic
}

/// Sets the running mode of an instance from its next call on. If the module was loaded for another
/// mode, code for this one is made now, which takes as long as loading. Returns false, without any
/// change, if the mode is not supported, there is no memory, or a function of the instance is
/// running.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_running_mode(
    module_inst: wasm_module_inst_t,
    running_mode: RunningMode,
) -> bool {
    // SAFETY: the application passes a live instance; no code of it runs when there is no
    // environment on which a call does.
    unsafe {
        let done = match mode(running_mode) {
            Some(mode) if (*module_inst).current.is_null() => {
                (*module_inst).forget();
                (*(*module_inst).data).set_mode(mode).is_ok()
            }
            _ => false,
        };
        if done {
            (*module_inst).chose_mode = is_choice(running_mode);
        }
        done
    }
}

/// Returns the running mode of an instance: Mode_Interp, unless the application has chosen one of
/// the interpreters.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_running_mode(
    module_inst: wasm_module_inst_t,
) -> RunningMode {
    // SAFETY: the application passes a live instance.
    unsafe {
        if (*module_inst).chose_mode {
            Mode_Zonda_Classic + (*(*module_inst).data).seen.mode as u32
        } else {
            Mode_Interp
        }
    }
}

/// Instantiates a module: links its imports to registered functions, copies its segments and runs
/// its start function. `default_stack_size` is the size in bytes of the operand stack of calls
/// without an execution environment of the application, 0 for the firmware's default.
/// `host_managed_heap_size` bytes are appended to linear memory for wasm_runtime_module_malloc(),
/// unless the module exports malloc and free. Returns NULL on failure, with the reason in
/// `error_buf`. An instance and its execution environments are used by one thread at a time; only
/// wasm_runtime_terminate() may be called by others.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiate(
    module: wasm_module_t,
    default_stack_size: u32,
    host_managed_heap_size: u32,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_inst_t {
    let args =
        InstantiationArgs { default_stack_size, host_managed_heap_size, max_memory_pages: 0 };
    // SAFETY: handed on.
    unsafe { wasm_runtime_instantiate_ex(module, &args, error_buf, error_buf_size) }
}

/// The same with a limit for the linear memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiate_ex(
    module: wasm_module_t,
    args: *const InstantiationArgs,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_inst_t {
    // SAFETY: handed on.
    unsafe { make_instance(module, args, const { &Given::NONE }, error_buf, error_buf_size) }
}

/// Makes an instance.
///
/// # Safety
/// `module` and `args` are live, and `error_buf` is null or has its size.
pub(super) unsafe fn make_instance(
    module: wasm_module_t,
    args: *const InstantiationArgs,
    given: &Given,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_inst_t {
    // SAFETY: the contract of this function.
    unsafe {
        if !platform::stack_suffices(interface::ZONDA_STACK_LOAD) {
            Text::new(error_buf.cast(), error_buf_size as usize)
                .str(FAILED)
                .str("native stack overflow");
            return null_mut();
        }
        instantiate_checked(module, args, given, error_buf, error_buf_size)
    }
}

/// On a stack whose size [`make_instance`] has checked before this frame is made.
///
/// # Safety
/// As for [`make_instance`].
#[inline(never)]
unsafe fn instantiate_checked(
    module: wasm_module_t,
    args: *const InstantiationArgs,
    given: &Given,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> wasm_module_inst_t {
    // SAFETY: the application passes a live module, arguments, and a buffer of that size.
    unsafe {
        let error = match WASMModuleInstanceCommon::new(module, &*args, given) {
            Ok(instance) => match WASMModuleInstanceCommon::start(instance.as_ptr()) {
                Ok(true) => {
                    Text::new(error_buf.cast(), error_buf_size as usize);
                    return instance.into_raw();
                }
                Ok(false) => {
                    let text = &mut Text::new(error_buf.cast(), error_buf_size as usize);
                    text.str(FAILED).bytes(until_nul(&instance.exception));
                    return null_mut();
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        let text = Text::new(error_buf.cast(), error_buf_size as usize);
        explain(text, &(*module).module.data, &error, given, &(*module).wasi);
        null_mut()
    }
}

const FAILED: &str = "WASM module instantiate failed: ";

/// Says why there is no instance.
#[cold]
#[inline(never)]
fn explain(
    mut text: Text,
    data: &ModuleData,
    error: &Error,
    given: &Given,
    module_wasi: &WasiArguments,
) {
    text.str(FAILED);
    if let Error::Link(error) = error {
        if let Some(entry) = data.imports.get(error.import as usize) {
            let (module, name) = data.import_names(entry.offset);
            name_import(&mut text, "link", entry.kind, module, name);
        }
        if let LinkErrorKind::Denied(capability) = error.kind {
            text.str(": capability ").str(capability.name()).str(" is not granted");
        }
    } else if !Program::explains(&mut text, given, module_wasi, error) {
        describe(&mut text, error);
    }
}

/// Frees an instance, except for execution environments that the application has created. NULL is
/// ignored.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_deinstantiate(module_inst: wasm_module_inst_t) {
    if !module_inst.is_null() {
        // SAFETY: made by `wasm_runtime_instantiate`.
        drop(unsafe { TryBox::from_raw(module_inst) });
    }
}

/// Returns the module of an instance.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_module(module_inst: wasm_module_inst_t) -> wasm_module_t {
    // SAFETY: the application passes a live instance.
    unsafe { (*module_inst).module }
}

/// Returns the exported function with this name, or NULL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_lookup_function(
    module_inst: wasm_module_inst_t,
    name: *const c_char,
) -> wasm_function_inst_t {
    // SAFETY: the application passes a live instance and a string.
    let (data, name) = unsafe { (&*(*(*module_inst).data).module.data, c_bytes(name)) };
    exported_func(data, name).map_or(null_mut(), function)
}

/// Returns the text of the pending exception, which begins with "Exception: ", or NULL if there is
/// none.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_exception(
    module_inst: wasm_module_inst_t,
) -> *const c_char {
    // SAFETY: the application passes a live instance, which its own thread uses.
    let instance = unsafe { &mut *module_inst };
    if instance.failed || spawn::take(instance) {
        instance.exception.as_ptr().cast()
    } else {
        core::ptr::null()
    }
}

/// Sets the exception. If a native function does that, the call traps when the native function
/// returns. NULL clears the exception. `exception` must not be the text that
/// wasm_runtime_get_exception() returned.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_exception(
    module_inst: wasm_module_inst_t,
    exception: *const c_char,
) {
    // SAFETY: the application passes a live instance, and a string or null.
    unsafe {
        if exception.is_null() {
            wasm_runtime_clear_exception(module_inst);
        } else {
            (*module_inst).exception_text().bytes(c_bytes(exception));
            spawn::failed(&mut *module_inst);
        }
    }
}

/// Clears the exception.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_clear_exception(module_inst: wasm_module_inst_t) {
    // SAFETY: the application passes a live instance.
    unsafe {
        (*module_inst).set_failed(false);
        spawn::cleared(&mut *module_inst);
    }
}

/// Requests that the code which the instance runs stops at its next call or loop iteration, with
/// the exception "terminated by user". May be called by other threads and by interrupt handlers
/// while the instance exists; no other function may. If nothing runs, the next call is stopped.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_terminate(module_inst: wasm_module_inst_t) {
    // SAFETY: the application passes a live instance.
    unsafe { spawn::terminate(module_inst) }
}

/// Stores a pointer of the application with the instance.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_custom_data(
    module_inst: wasm_module_inst_t,
    custom_data: *mut c_void,
) {
    // SAFETY: the application passes a live instance.
    unsafe { (*module_inst).custom_data = custom_data }
}

/// Returns the pointer of wasm_runtime_set_custom_data(), NULL before.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_custom_data(
    module_inst: wasm_module_inst_t,
) -> *mut c_void {
    // SAFETY: the application passes a live instance.
    unsafe { (*module_inst).custom_data }
}
