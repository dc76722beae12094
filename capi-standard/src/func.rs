//! Functions: those that the application makes, and calls in both directions.

use crate::object::{self, address, live, Finalizer, Object, What};
use crate::store::{wasm_store_t, Owner};
use crate::trap::{self, Text};
use crate::types::*;
use crate::value::{from_val, referred, to_val, zero, NO_VECTORS};
use crate::vector::{wasm_val_vec_t, Vector};
use crate::{wasm_func_t, wasm_trap_t};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::null_mut;
use zonda::capi::{stack_suffices_to_call, wasm_val_t};
use zonda::{
    AsStoreMut, Caller, Error, Extern, Func, Trap, TrapCode, TryBox, TryVec, Val, ValType,
};

type Callback =
    unsafe extern "C" fn(args: *const wasm_val_vec_t, results: *mut wasm_val_vec_t) -> *mut Object;
type CallbackWithEnv = unsafe extern "C" fn(
    env: *mut c_void,
    args: *const wasm_val_vec_t,
    results: *mut wasm_val_vec_t,
) -> *mut Object;

/// What a trap of the runtime carries whose reason is `wasm_store_t::thrown`.
const THROWN: u32 = u32::MAX;

#[derive(Clone, Copy)]
enum Function {
    Plain(Callback),
    WithEnv(CallbackWithEnv, *mut c_void),
}

/// A function of the application. Ends its environment when it is dropped: with the runtime's
/// store.
struct HostFunction {
    function: Function,
    finalizer: Option<Finalizer>,
    /// Whether the application has the function: until then the environment is the application's.
    owned: Cell<bool>,
}

impl Drop for HostFunction {
    fn drop(&mut self) {
        if let (Function::WithEnv(_, env), Some(end), true) =
            (self.function, self.finalizer, self.owned.get())
        {
            // SAFETY: the application has said that this function takes this environment, and it is
            // called once.
            unsafe { end(env) }
        }
    }
}

/// The closure's share of a [`HostFunction`].
struct Shared(TryBox<HostFunction>);

// SAFETY: the store that has the function, and with it the function, is used by one thread at a
// time, as the header demands. The runtime's store of this crate never leaves its `wasm_store_t`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// Values on the native stack, as most functions have few, or else on the heap.
struct Values<T: Copy> {
    few: [T; FEW],
    /// Room for `len` values and what their alignment takes: on some hosts it is larger than that of
    /// a list's memory.
    many: TryVec<u64>,
    len: usize,
}

const FEW: usize = 4;

impl<T: Copy> Values<T> {
    fn new(len: usize, value: T) -> Result<Values<T>, TrapCode> {
        let mut many = TryVec::new();
        if len > FEW {
            let slack = align_of::<T>().saturating_sub(align_of::<u64>());
            let bytes = len.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_add(slack));
            let words = bytes.ok_or(TrapCode::OutOfMemory)?.div_ceil(size_of::<u64>());
            many.resize(words, 0).map_err(|_| TrapCode::OutOfMemory)?;
        }
        let mut values = Values { few: [value; FEW], many, len };
        let first = values.first();
        for at in 0..if len > FEW { len } else { 0 } {
            // SAFETY: `many` has room for `len` values from there on, aligned.
            unsafe { first.add(at).write(value) };
        }
        Ok(values)
    }

    /// Where the first value on the heap is.
    fn first(&mut self) -> *mut T {
        let start: *mut u64 = self.many.as_mut_ptr();
        start.map_addr(|address| address.next_multiple_of(align_of::<T>())).cast()
    }

    fn as_mut(&mut self) -> &mut [T] {
        if self.len > FEW {
            // SAFETY: `new` has written `len` values there, and the list is borrowed as long.
            return unsafe { core::slice::from_raw_parts_mut(self.first(), self.len) };
        }
        self.few.get_mut(..self.len).unwrap_or(&mut [])
    }
}

fn vec_of(values: &mut [wasm_val_t]) -> wasm_val_vec_t {
    Vector {
        size: values.len(),
        data: values.as_mut_ptr(),
        num_elems: values.len(),
        size_of_elem: size_of::<wasm_val_t>(),
        lock: null_mut(),
    }
}

impl Shared {
    /// Runs the function of the application for a module.
    fn run(
        &self,
        mut caller: Caller<'_, '_, Owner>,
        args: &[Val],
        results: &mut [Val],
    ) -> Result<(), Trap> {
        // SAFETY: the runtime's store is owned by it, and runs.
        let store = unsafe { &*caller.data().0 };
        let mut args_out = Values::new(args.len(), zero(ValType::I32))?;
        let mut results_in = Values::new(results.len(), zero(ValType::I32))?;
        let args_out = args_out.as_mut();
        let results_in = results_in.as_mut();
        for (result, ty) in results_in.iter_mut().zip(results.iter().map(Val::ty)) {
            *result = zero(ty);
        }
        let mut made = Ok(());
        for (place, &arg) in args_out.iter_mut().zip(args) {
            match from_val(arg, store) {
                Some(value) => *place = value,
                None => made = Err(Trap::new(TrapCode::OutOfMemory)),
            }
        }
        let outcome = made.and_then(|()| {
            let thrown = store.lend(&mut caller, || self.call(args_out, results_in));
            if thrown.is_null() {
                Ok(())
            } else {
                Err(thrown_trap(store, thrown))
            }
        });
        let outcome = outcome.and_then(|()| {
            for (result, value) in results.iter_mut().zip(results_in.iter()) {
                // SAFETY: the application stores references that are null or live.
                *result = unsafe { to_val(value, result.ty(), store) }.map_err(|text| {
                    let trap =
                        trap::make(store, true, Text::of("result of a host function: ", &[text]));
                    thrown_trap(store, trap)
                })?;
            }
            Ok(())
        });
        // SAFETY: the references of the arguments are live: they were made above, and the
        // application only borrows them.
        unsafe { release(args_out, results_in) };
        outcome
    }

    fn call(&self, args: &mut [wasm_val_t], results: &mut [wasm_val_t]) -> *mut Object {
        let args = vec_of(args);
        let mut results = vec_of(results);
        // SAFETY: the application has said that the function is one of this type.
        unsafe {
            match self.0.function {
                Function::Plain(function) => function(&args, &mut results),
                Function::WithEnv(function, env) => function(env, &args, &mut results),
            }
        }
    }
}

/// Releases the references of a host function's arguments. Those of its results stay with the
/// store: an application that was written for WAMR stores references that it does not own. (WAMR
/// has no functions as results, so these are released.)
///
/// # Safety
/// The references are null or live.
unsafe fn release(args: &mut [wasm_val_t], results: &mut [wasm_val_t]) {
    // SAFETY: the contract.
    unsafe {
        for result in results.iter().filter(|result| result.kind == WASM_FUNCREF) {
            let function = referred(result);
            let is_arg =
                args.iter().any(|arg| core::ptr::eq(address(referred(arg)), address(function)));
            if let Some(object) = live(function) {
                // An argument that was stored without a copy has one reference, which the next loop
                // takes.
                if object.refs() > is_arg as usize {
                    object::delete(function);
                }
            }
        }
        for arg in args.iter() {
            object::delete(referred(arg));
        }
    }
}

/// Keeps a trap for the caller of the module.
fn thrown_trap(store: &wasm_store_t, thrown: *mut wasm_trap_t) -> Trap {
    // SAFETY: null, or a handle that the store owns.
    unsafe { object::delete(store.thrown.replace(thrown)) };
    Trap::host(THROWN)
}

fn new_func(
    store: &wasm_store_t,
    ty: &wasm_functype_t,
    function: Function,
    finalizer: Option<Finalizer>,
) -> *mut wasm_func_t {
    let mut buffer = [ValType::I32; MOST_TYPES];
    let Some((params, results)) = ty.val_types(&mut buffer) else { return null_mut() };
    let Ok(host) = TryBox::new(HostFunction { function, finalizer, owned: Cell::new(false) })
    else {
        return null_mut();
    };
    let host_at = host.as_ptr();
    let shared = Shared(host);
    let made = store.with(|store| {
        Func::new(&mut *store, params, results, move |caller, args, results| {
            shared.run(caller, args, results)
        })
    });
    let Some(Ok(func)) = made else { return null_mut() };
    let object = Object::new(store, What::Extern(Extern::Func(func)));
    if !object.is_null() {
        // SAFETY: the runtime's store has the function now, which lasts as long as that.
        unsafe { (*host_at).owned.set(true) };
    }
    object
}

#[no_mangle]
pub unsafe extern "C" fn wasm_func_new(
    store: *mut wasm_store_t,
    ty: *const wasm_functype_t,
    callback: Option<Callback>,
) -> *mut wasm_func_t {
    // SAFETY: null or live.
    match unsafe { (store.as_ref(), ty.as_ref(), callback) } {
        (Some(store), Some(ty), Some(callback)) => {
            new_func(store, ty, Function::Plain(callback), None)
        }
        _ => null_mut(),
    }
}

/// As `wasm_func_new`, with an environment for the function. The finalizer is called when the store
/// ends.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_new_with_env(
    store: *mut wasm_store_t,
    ty: *const wasm_functype_t,
    callback: Option<CallbackWithEnv>,
    env: *mut c_void,
    finalizer: Option<Finalizer>,
) -> *mut wasm_func_t {
    // SAFETY: null or live.
    match unsafe { (store.as_ref(), ty.as_ref(), callback) } {
        (Some(store), Some(ty), Some(callback)) => {
            new_func(store, ty, Function::WithEnv(callback, env), finalizer)
        }
        _ => null_mut(),
    }
}

/// The store and the function of a handle.
///
/// # Safety
/// `func` is null or live.
unsafe fn parts<'o>(func: *const wasm_func_t) -> Option<(&'o wasm_store_t, Func)> {
    // SAFETY: the contract.
    let object = unsafe { live(func) }?;
    Some((object.store(), object.item()?.into_func()?))
}

#[no_mangle]
pub unsafe extern "C" fn wasm_func_type(func: *const wasm_func_t) -> *mut wasm_functype_t {
    // SAFETY: null or live.
    let Some((store, func)) = (unsafe { parts(func) }) else { return null_mut() };
    let ty = store.with(|store| func.ty(&*store).map_or(null_mut(), func_type));
    ty.unwrap_or(null_mut())
}

#[no_mangle]
pub unsafe extern "C" fn wasm_func_param_arity(func: *const wasm_func_t) -> usize {
    // SAFETY: null or live.
    let Some((store, func)) = (unsafe { parts(func) }) else { return 0 };
    store.with(|store| func.ty(&*store).map_or(0, |ty| ty.params().len())).unwrap_or(0)
}

#[no_mangle]
pub unsafe extern "C" fn wasm_func_result_arity(func: *const wasm_func_t) -> usize {
    // SAFETY: null or live.
    let Some((store, func)) = (unsafe { parts(func) }) else { return 0 };
    store.with(|store| func.ty(&*store).map_or(0, |ty| ty.results().len())).unwrap_or(0)
}

/// Why a call did not return.
enum Failure {
    Trap(Trap),
    Text(&'static str),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Trap(trap) => Failure::Trap(trap),
            _ => Failure::Trap(Trap::new(TrapCode::OutOfMemory)),
        }
    }
}

impl From<TrapCode> for Failure {
    fn from(code: TrapCode) -> Failure {
        Failure::Trap(Trap::new(code))
    }
}

impl From<&'static str> for Failure {
    fn from(text: &'static str) -> Failure {
        Failure::Text(text)
    }
}

/// Calls a function. Returns NULL, or why it did not return.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_call(
    func: *const wasm_func_t,
    args: *const wasm_val_vec_t,
    results: *mut wasm_val_vec_t,
) -> *mut wasm_trap_t {
    // SAFETY: null or live; vectors have the elements that they say. The handle lasts until the
    // call ends, whatever the functions that it calls delete.
    unsafe {
        let Some(object) = live(func) else { return null_mut() };
        object.add_handle();
        let trap = call(object, args.as_ref().map_or(&[], |args| args.as_slice()), results);
        object::delete(address(func));
        trap
    }
}

/// # Safety
/// `results` is null or a vector; references are null or live.
unsafe fn call(
    object: &Object,
    args: &[wasm_val_t],
    results: *mut wasm_val_vec_t,
) -> *mut wasm_trap_t {
    let store = object.store();
    let Some(func) = object.item().and_then(Extern::into_func) else {
        return trap::make(store, false, Text::Constant("failed to call unlinked function"));
    };
    // SAFETY: null or a vector, of which nobody has a reference.
    let out = match unsafe { results.as_mut() } {
        // SAFETY: it has as many elements as it says.
        Some(out) if !out.data.is_null() => unsafe {
            core::slice::from_raw_parts_mut(out.data, out.size)
        },
        _ => &mut [],
    };
    let called = store.with(|entered| -> Result<usize, Failure> {
        if !stack_suffices_to_call() {
            return Err("native stack overflow".into());
        }
        let ty = func.ty(&*entered)?;
        let (params, count) = (ty.params(), ty.results().len());
        if args.len() < params.len() {
            return Err("fewer arguments than parameters".into());
        }
        if ty.results().any(|ty| ty.slots() > 2) {
            return Err(NO_VECTORS.into());
        }
        let mut values = Values::new(params.len(), Val::I32(0))?;
        let mut returned = Values::new(count, Val::I32(0))?;
        let values = values.as_mut();
        for ((value, arg), ty) in values.iter_mut().zip(args).zip(params) {
            // SAFETY: the contract.
            *value = unsafe { to_val(arg, ty, store) }?;
        }
        let returned = returned.as_mut();
        func.call(entered.as_store_mut(), values, returned)?;
        // Not before: WAMR's samples leave no room where they expect a trap.
        if out.len() < count {
            return Err("no room for the results".into());
        }
        for (at, &value) in returned.iter().enumerate() {
            match (out.get_mut(at), from_val(value, store)) {
                (Some(place), Some(value)) => *place = value,
                _ => {
                    for place in out.iter_mut().take(at) {
                        // SAFETY: stored by this loop.
                        unsafe { crate::value::wasm_val_delete(place) };
                    }
                    return Err(TrapCode::OutOfMemory.into());
                }
            }
        }
        Ok(count)
    });
    match called {
        Some(Ok(count)) => {
            // SAFETY: as above.
            if let Some(results) = unsafe { results.as_mut() } {
                results.num_elems = count;
            }
            null_mut()
        }
        Some(Err(Failure::Trap(trap))) => trap::of_call(store, trap),
        Some(Err(Failure::Text(text))) => trap::make(store, true, Text::Constant(text)),
        None => trap::make(store, false, Text::Constant("the store was deleted")),
    }
}
