//! Execution environments: operand stacks, and calls on them.
//!
//! Invariant: while a native function runs, `import` and `args` of its environment say which one
//! and where its arguments lie, so a call that it makes goes on above them.

use super::diagnostics::{self, Running};
use super::exception_stacks::Owner;
use super::exec_time::{self, Start};
use super::externref::{from_module, to_module, WIDE};
use super::instance::WASMModuleInstanceCommon;
use super::native_code;
use super::prepared::{self, Kept};
use super::spawn;
use super::types::*;
use crate::alloc::{OutOfMemory, TryBox, TryVec};
use crate::binary::types::{Code, ValType};
use crate::error::Trap;
use crate::module::FuncType;
use crate::platform::{self, interface};
use crate::store::again;
use crate::store::func::{call, context, import_target, Stack, Target};
use crate::store::instance::StoreInstance;
use core::ffi::c_void;
use core::ptr::{null, null_mut};
use zonda_exec::frame::{read64, write64, Context};
use zonda_exec::{ImportedFunc, TrapCode};

/// Whether the place of a trap is looked for: nobody sees it but the log.
pub(super) const PLACES: bool = cfg!(feature = "log");
/// Slots behind the operand stack that `native::words` may read: all but the first of the words
/// that it passes.
pub(super) const SPARE: usize = super::native::WORDS - 1;

// The layout is that which `native_arm` relies on. Always; as an attribute that cbindgen does not
// read, so that the type is opaque in the header.
#[cfg_attr(all(), repr(C))]
pub struct WASMExecEnv {
    pub(super) instance: wasm_module_inst_t,
    stack: TryVec<u32>,
    user_data: *mut c_void,
    /// The native function that runs on this environment; null when none does.
    pub(super) import: *const ImportedFunc,
    pub(super) args: *mut u32,
    /// What a native function that runs on this environment returns to the loop: 0, or a trap
    /// while the instance has an exception.
    pub(super) trap: u32,
    /// Below this address no call may begin; 0 for none.
    pub(super) native_boundary: usize,
    /// Whether there is such an address, or the environment was given another instance: then calls
    /// take the long path.
    pub(super) special: bool,
    /// The code that has called the native function which runs.
    pub(super) running: Running,
    /// For the common case of a call, [`super::prepared`]. The store does not change: another
    /// instance makes the environment special.
    context: Context,
    pub(super) kept: Kept,
    /// Where the stack holds references.
    owner: Owner,
}

impl WASMExecEnv {
    /// The context that it keeps.
    #[inline(always)]
    pub(super) fn context(&mut self) -> *mut Context {
        &raw mut self.context
    }

    /// The first slot of its operand stack.
    pub(super) fn first_slot(&self) -> *mut u32 {
        self.stack.as_mut_ptr()
    }

    pub(super) fn new(
        instance: wasm_module_inst_t,
        stack_size: u32,
    ) -> Result<TryBox<WASMExecEnv>, OutOfMemory> {
        let size = if stack_size == 0 { platform::defaults().stack_size } else { stack_size };
        // The address behind the first slot, where arguments begin, is not beyond the end.
        let stack: TryVec<u32> = TryVec::zeroed((size as usize / 4).max(1) + SPARE)?;
        let end = stack.as_mut_ptr().wrapping_add(stack.len() - SPARE);
        // SAFETY: the application passes a live instance; the context is used while it lives.
        let context = unsafe { context((*instance).store.as_ptr(), null_mut(), end) };
        // SAFETY: the instance is live, as above; the stack goes with the environment.
        let owner = unsafe { Owner::new(instance, &stack)? };
        let mut env = TryBox::new(WASMExecEnv {
            instance,
            stack,
            user_data: null_mut(),
            import: null(),
            args: null_mut(),
            trap: 0,
            native_boundary: 0,
            special: false,
            running: Running::NONE,
            context,
            kept: Kept::NONE,
            owner,
        })?;
        // A prepared call may be of an environment that had the address of this one.
        // SAFETY: as above.
        unsafe { (*instance).forget() };
        env.context.host = env.as_ptr().cast();
        Ok(env)
    }

    /// Bytes of the operand stack.
    #[cfg_attr(not(any(feature = "diagnostics", feature = "spawn")), allow(dead_code))]
    pub(super) fn stack_bytes(&self) -> usize {
        self.stack.len() * 4
    }

    /// Bytes of the operand stack up to the last slot that something but 0 was written to.
    #[cfg(feature = "diagnostics")]
    pub(super) fn stack_peak(&self) -> usize {
        let slots = self.stack.iter().enumerate().rev().find(|(_, &slot)| slot != 0);
        slots.map_or(0, |(number, _)| (number + 1) * 4)
    }

    /// The free part of the operand stack. Its base is not above its end: whoever calls a host
    /// function has reserved slots for its parameters and its results, the validator for Wasm code
    /// (also of a tail call) and [`Stack::args`] for the host.
    #[inline(always)]
    fn free_stack(&mut self) -> Stack {
        let start = self.stack.as_mut_ptr();
        let end = start.wrapping_add(self.stack.len() - SPARE);
        // SAFETY: `import` is null or that of the native function that runs, which lives as long as
        // the instance.
        let base = match unsafe { self.import.as_ref() } {
            Some(import) => self.args.wrapping_add(import.params().max(import.results()) as usize),
            None => start,
        };
        debug_assert!(base <= end);
        Stack { base, end }
    }
}

/// A function that is to be called, and how many slots its parameters and results take.
pub(super) struct Callee {
    target: Target,
    params: u32,
    results: u32,
}

/// The function with an index; the exception is set when there is none.
///
/// # Safety
/// `instance` is live, and outlives the callee.
#[inline(always)]
unsafe fn callee(instance: wasm_module_inst_t, func: u32) -> Option<Callee> {
    // SAFETY: `instance` is live by the contract of this function, and its data and imports live as
    // long.
    unsafe {
        let data = &*(*instance).data;
        if let Some(defined) = data.defined(func) {
            let target = Target::Wasm(data.twin.runner(&raw const data.seen, func), func);
            return Some(Callee {
                target,
                params: defined.params as u32,
                results: defined.results as u32,
            });
        }
        match data.imports.get(func as usize) {
            Some(import) => Some(Callee {
                target: import_target(import),
                params: import.params(),
                results: import.results(),
            }),
            None => {
                (*instance).fail("unknown function");
                None
            }
        }
    }
}

/// Calls a function of the environment's instance. `write` stores the arguments on the operand
/// stack, or sets the exception and returns false. Returns where the results are; `None` with the
/// exception set when the call fails.
///
/// A native function may call while its own exception is pending, for example to free what it has
/// allocated: the exception stays unless this call traps with one of its own, and the call fails.
/// A call that no other call of the instance encloses is refused while an exception is pending.
///
/// # Safety
/// `env` is live, `callee` is a function of its instance, and `write` fills as many slots as
/// `callee` has of parameters with values of their types.
#[inline(always)]
unsafe fn call_callee(
    env: wasm_exec_env_t,
    callee: Callee,
    write: impl FnOnce(*mut u32) -> bool,
) -> Option<*mut u32> {
    // SAFETY: `env` is live by this function's contract, and instance and store outlive their
    // environments. No reference into them is held during the call. The slots that `write` fills
    // were reserved by `Stack::args`.
    unsafe {
        let instance = (*env).instance;
        let stack = (*env).free_stack();
        let (outer, outer_args, running) = ((*env).import, (*env).args, (*env).running);
        let current = (*instance).current;
        let here = 0u8;
        if (&raw const here).addr() < (*env).native_boundary
            || !platform::stack_suffices(interface::ZONDA_STACK_CALL)
        {
            (*instance).fail("native stack overflow");
            return None;
        }
        if current.is_null() {
            if (*instance).failed || spawn::take(&mut *instance) {
                return None;
            }
            (*env).trap = 0;
            native_code::give_stack(&(*instance).store, (*env).native_boundary);
        } else {
            // A native function calls: the native stack grows.
            if (*instance).store.enter_host().is_err() {
                (*instance).fail("native stack overflow");
                return None;
            }
            (*env).trap = (*current).trap;
        }
        (*instance).current = env;
        let start = Start::now();
        let done = match stack.args(callee.params.max(callee.results) as usize) {
            // `write` has set the exception.
            Ok(args) if !write(args) => Err(Trap::new(TrapCode::Host)),
            Ok(args) => {
                call::<PLACES>((*instance).store.as_ptr(), env.cast(), stack, callee.target)
                    .map(|()| args)
            }
            Err(code) => Err(Trap::new(code)),
        };
        (*env).import = outer;
        (*env).args = outer_args;
        (*env).running = running;
        (*instance).current = current;
        if let (Target::Wasm(_, func), true) = (callee.target, current.is_null()) {
            exec_time::ended(&mut *instance, func, start);
        }
        if !current.is_null() {
            // The calling native function may run on another environment, which has no mark of the
            // exception yet.
            (*instance).set_failed((*instance).failed);
            (*instance).store.leave_host();
            if (*instance).failed && done.is_ok() {
                return None;
            }
        }
        match done {
            // As in `prepared::call`.
            Ok(_) if spawn::take(&mut *instance) => None,
            Ok(results) => Some(results),
            Err(trap) => {
                (*instance).trapped(trap.code);
                None
            }
        }
    }
}

/// The function with an address: any of the store.
///
/// # Safety
/// `instance` is live, and outlives the callee.
unsafe fn callee_at(instance: wasm_module_inst_t, address: u32) -> Option<Callee> {
    // SAFETY: `instance` is live by the contract of this function; what a target points at lives as
    // long as its store.
    unsafe {
        let target = (*instance).store.target(address)?;
        let (params, results) = match target {
            Target::Wasm(owner, func) => {
                let layout = StoreInstance::of(owner).defined(func)?;
                (layout.params as u32, layout.results as u32)
            }
            Target::Host(import) => ((*import).params(), (*import).results()),
        };
        Some(Callee { target, params, results })
    }
}

/// Calls the function with an address, as wasm_runtime_call_wasm() does.
///
/// # Safety
/// `env` is live, and `argv` has `argc` cells, and as many as there are results.
pub(super) unsafe fn call_at(
    env: wasm_exec_env_t,
    address: u32,
    argc: u32,
    argv: *mut u32,
) -> bool {
    // SAFETY: handed on.
    unsafe {
        match callee_at((*env).instance, address) {
            Some(callee) => call_callee_cells(env, callee, argc, argv),
            None => {
                (*(*env).instance).fail("undefined element");
                false
            }
        }
    }
}

/// Calls the function with an index, as [`call_callee`] does.
///
/// # Safety
/// As there.
pub(super) unsafe fn call_func(
    env: wasm_exec_env_t,
    func: u32,
    write: &mut dyn FnMut(*mut u32) -> bool,
) -> Option<*mut u32> {
    // SAFETY: `env` is live and `write` fills the slots of the parameters, by the contract of this
    // function.
    unsafe { call_callee(env, callee((*env).instance, func)?, write) }
}

/// The index of a function.
pub(super) fn index(function: wasm_function_inst_t) -> u32 {
    (function.addr() as u32).wrapping_sub(1)
}

/// The function with an index.
pub(super) fn function(index: u32) -> wasm_function_inst_t {
    core::ptr::without_provenance_mut(index as usize + 1)
}

/// The type of a function.
///
/// # Safety
/// `instance` is live.
pub(super) unsafe fn func_type<'t>(
    instance: wasm_module_inst_t,
    func: u32,
) -> Option<FuncType<'t>> {
    // SAFETY: `instance` is live by the contract of this function; the type stays in the module's
    // bytes.
    let data = unsafe { &*(*(*instance).data).module.data.as_ptr() };
    data.func_type(func).map(|ty| FuncType::of(data.value_types(), ty))
}

/// Creates an execution environment with an operand stack of `stack_size` bytes, 0 for the
/// firmware's default. It is used by the thread that uses the instance. Returns NULL if there is no
/// memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_create_exec_env(
    module_inst: wasm_module_inst_t,
    stack_size: u32,
) -> wasm_exec_env_t {
    WASMExecEnv::new(module_inst, stack_size).map_or(null_mut(), TryBox::into_raw)
}

/// Frees an execution environment that no call uses. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_destroy_exec_env(exec_env: wasm_exec_env_t) {
    if !exec_env.is_null() {
        // SAFETY: made by `wasm_runtime_create_exec_env`.
        drop(unsafe { TryBox::from_raw(exec_env) });
    }
}

/// Returns the execution environment that belongs to the instance. The first call creates it, with
/// the stack size of wasm_runtime_instantiate(). Returns NULL if there is no memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_exec_env_singleton(
    module_inst: wasm_module_inst_t,
) -> wasm_exec_env_t {
    // SAFETY: the application passes a live instance.
    let instance = unsafe { &mut *module_inst };
    if instance.singleton.is_none() {
        instance.singleton = WASMExecEnv::new(module_inst, instance.default_stack).ok();
    }
    instance.singleton.as_ref().map_or(null_mut(), TryBox::as_ptr)
}

/// Returns the instance of an execution environment.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_module_inst(
    exec_env: wasm_exec_env_t,
) -> wasm_module_inst_t {
    // SAFETY: the application passes a live environment.
    unsafe { (*exec_env).instance }
}

/// Makes an execution environment that of another instance, for a native function that calls that
/// one; it restores the first one before it returns. Pointers of native functions are then checked
/// against the memory of the other instance.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_module_inst(
    exec_env: wasm_exec_env_t,
    module_inst: wasm_module_inst_t,
) {
    // SAFETY: the application passes a live environment and a live instance.
    unsafe {
        // A call that the store has prepared may be of an environment that had the address of this
        // one. The instance that the environment had may be gone.
        (*module_inst).forget();
        (*exec_env).owner.change(module_inst, &(*exec_env).stack);
        (*exec_env).special = true;
        (*exec_env).instance = module_inst;
    }
}

/// Stores a pointer of the application with the execution environment.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_user_data(
    exec_env: wasm_exec_env_t,
    user_data: *mut c_void,
) {
    // SAFETY: the application passes a live environment.
    unsafe { (*exec_env).user_data = user_data }
}

/// Returns the pointer of wasm_runtime_set_user_data(), NULL before.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_user_data(exec_env: wasm_exec_env_t) -> *mut c_void {
    // SAFETY: the application passes a live environment.
    unsafe { (*exec_env).user_data }
}

/// Returns the `attachment` of the native function that runs in the execution environment, or NULL
/// if none does.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_function_attachment(
    exec_env: wasm_exec_env_t,
) -> *mut c_void {
    // SAFETY: the application passes a live environment; `data` of its import is a registered
    // symbol, or null.
    unsafe {
        let symbol = (*exec_env)
            .import
            .as_ref()
            .and_then(|import| import.data.cast::<NativeSymbol>().as_ref());
        symbol.map_or(null_mut(), |symbol| symbol.attachment)
    }
}

/// Calls a function. `argv` has `argc` arguments in cells of 32 bits, two cells for i64 and f64,
/// and receives the results, so it must be large enough for either. A module decides how many
/// results its functions have: for a module that is not trusted, check wasm_func_get_result_count()
/// and wasm_func_get_result_types(), or use wasm_runtime_call_wasm_a(). Returns false if the call
/// fails; wasm_runtime_get_exception() returns the reason. While an exception is pending, a call
/// fails and changes nothing: wasm_runtime_clear_exception() clears it. An externref is a pointer
/// of the application: on a 64-bit host it takes two cells.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_call_wasm(
    exec_env: wasm_exec_env_t,
    function: wasm_function_inst_t,
    argc: u32,
    argv: *mut u32,
) -> bool {
    // SAFETY: the application passes a live environment, a function of its instance and `argc`
    // cells.
    unsafe {
        let sp = again::here();
        match native_code::call_again(exec_env, function, argc, argv, sp) {
            Some(done) => done,
            None => call_anew(exec_env, function, argc, argv, sp),
        }
    }
}

/// [`wasm_runtime_call_wasm`] of a call of native code that is not prepared, and of other code.
///
/// # Safety
/// As for [`call_cells`].
#[cfg_attr(feature = "native", inline(never))]
#[cfg_attr(not(feature = "native"), inline(always))]
unsafe fn call_anew(
    exec_env: wasm_exec_env_t,
    function: wasm_function_inst_t,
    argc: u32,
    argv: *mut u32,
    sp: again::Here,
) -> bool {
    // SAFETY: the contract of this function.
    unsafe {
        if let Some(done) = prepared::call(exec_env, function, argc, argv) {
            return done;
        }
        let done = call_cells(exec_env, function, argc, argv);
        if done {
            native_code::note(exec_env, function, sp);
        }
        done
    }
}

/// [`wasm_runtime_call_wasm`] in every case.
///
/// # Safety
/// `exec_env` is live, and `argv` has `argc` cells and room for the results.
#[inline(never)]
unsafe fn call_cells(
    exec_env: wasm_exec_env_t,
    function: wasm_function_inst_t,
    argc: u32,
    argv: *mut u32,
) -> bool {
    // SAFETY: the contract of this function.
    unsafe {
        let Some(callee) = callee((*exec_env).instance, index(function)) else { return false };
        let func = index(function);
        if WIDE && has_objects((*exec_env).instance, func) {
            if let Some(ty) = func_type((*exec_env).instance, func) {
                return call_wide(exec_env, callee, ty.codes(), argc, argv);
            }
        }
        call_callee_cells(exec_env, callee, argc, argv)
    }
}

/// Whether a function has parameters or results that are objects of the application.
///
/// # Safety
/// `instance` is live.
pub(super) unsafe fn has_objects(instance: wasm_module_inst_t, func: u32) -> bool {
    // SAFETY: handed on.
    let ty = unsafe { func_type(instance, func) };
    let (params, results) = ty.map_or((&[][..], &[][..]), |ty| ty.codes());
    params.iter().chain(results).any(|&code| code == ValType::ExternRef.code())
}

/// Calls a function with references to objects, whose pointers take two cells each, as in WAMR on a
/// 64-bit host. `argc` is the number of parameters or that of cells.
///
/// # Safety
/// `env` is live, `callee` a function of its store with parameters and results of these types, and
/// `argv` has as many cells as either take.
#[cold]
unsafe fn call_wide(
    env: wasm_exec_env_t,
    callee: Callee,
    (params, results): (&[Code], &[Code]),
    argc: u32,
    argv: *mut u32,
) -> bool {
    const REF: Code = ValType::ExternRef.code();
    // SAFETY: by the contract of this function; a value is at its place behind those before.
    unsafe {
        let instance = (*env).instance;
        let count = callee.params;
        if argc < count {
            let mut text = (*instance).exception_text();
            text.str("invalid argument count ").number(argc);
            text.str(", must be no smaller than ").number(count);
            return false;
        }
        let mut given = argv;
        let done = call_callee(env, callee, |mut to| {
            for &code in params {
                let slots = slots(func_kind(code));
                if code == REF {
                    let Some(reference) = to_module(instance, read64(given) as usize) else {
                        (*instance).fail("allocate memory failed");
                        return false;
                    };
                    *to = reference;
                    given = given.add(1);
                } else {
                    copy_cells(to, given, slots as u32);
                }
                (to, given) = (to.add(slots), given.add(slots));
            }
            true
        });
        let Some(mut from) = done else { return false };
        let mut to = argv;
        for &code in results {
            let slots = slots(func_kind(code));
            if code == REF {
                write64(to, from_module(*from) as u64);
                to = to.add(1);
            } else {
                copy_cells(to, from, slots as u32);
            }
            (to, from) = (to.add(slots), from.add(slots));
        }
        true
    }
}

/// Calls with arguments and results in cells.
///
/// # Safety
/// `env` is live, `callee` a function of its store, and `argv` has `argc` cells, and as many as
/// there are results.
#[inline(always)]
unsafe fn call_callee_cells(
    env: wasm_exec_env_t,
    callee: Callee,
    argc: u32,
    argv: *mut u32,
) -> bool {
    // SAFETY: by the contract of this function; no more cells than `argc` are read.
    unsafe {
        let (params, results) = (callee.params, callee.results);
        if argc < params {
            let mut text = (*(*env).instance).exception_text();
            text.str("invalid argument count ").number(argc);
            text.str(", must be no smaller than ").number(params);
            return false;
        }
        let write = |to| {
            copy_cells(to, argv, params);
            true
        };
        match call_callee(env, callee, write) {
            Some(from) => copy_cells(argv, from, results),
            None => return false,
        }
        true
    }
}

/// # Safety
/// Both places have `count` cells, or `count` is 0.
#[inline(always)]
pub(super) unsafe fn copy_cells(mut to: *mut u32, mut from: *const u32, count: u32) {
    if count == 0 {
        return;
    }
    let mut left = count;
    loop {
        // SAFETY: cells below `count` are in both places, by the contract of this function. The
        // read is volatile so that the loop does not become a call of `memcpy`, which takes longer
        // than the few cells of most functions.
        unsafe {
            *to = from.read_volatile();
            (to, from) = (to.add(1), from.add(1));
        }
        left -= 1;
        if left == 0 {
            return;
        }
    }
}

impl WASMModuleInstanceCommon {
    /// Sets the exception for a call that stopped. What a native function has set stays.
    #[cold]
    pub(super) fn trapped(&mut self, code: TrapCode) {
        diagnostics::trapped(self);
        match code {
            TrapCode::Host if self.failed => self.set_failed(true),
            code if spawn::cause(self, code) => {}
            code => self.fail(exception(code)),
        }
        spawn::failed(self);
    }
}

/// WAMR's text for a trap, which applications compare. Where WAMR says the same as the
/// specification, it is that.
pub fn exception(code: TrapCode) -> &'static str {
    match code {
        TrapCode::StackOverflow => "wasm operand stack overflow",
        TrapCode::OutOfFuel => "instruction limit exceeded",
        TrapCode::Terminated => "terminated by user",
        TrapCode::OutOfMemory => "allocate memory failed",
        code => code.message(),
    }
}
