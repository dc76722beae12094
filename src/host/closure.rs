//! Host functions: Rust closures that modules can call.

use super::store::{AsStore, AsStoreMut, Store, StoreMut};
use super::val::{sealed, Results, Val, Value};
use crate::alloc::{OutOfMemory, TryArc, TryBox, TryVec};
use crate::binary::types::{Code, ValType};
use crate::error::{Error, Trap};
use crate::host::{Extern, Instance};
use crate::limits::{MAX_PARAMS, MAX_RESULTS};
use crate::module::FuncType;
use crate::store::func::HostClosure;
use crate::store::instance::StoreInstance;
use crate::store::trap_record::Calls;
use zonda_exec::frame::Context;
use zonda_exec::{vector, HostCall, ImportedFunc, TrapCode};

/// What a host function receives of its caller: the store, and the calling instance.
pub struct Caller<'c, 'a, T> {
    store: &'c mut Store<'a, T>,
    instance: Option<Instance>,
    #[cfg_attr(not(feature = "trap-record"), allow(dead_code))]
    calls: Calls,
}

impl<'c, 'a, T> Caller<'c, 'a, T> {
    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// What the calling instance exports under this name; `None` when the host called directly.
    pub fn get_export(&self, name: &str) -> Option<Extern> {
        self.instance?.get_export(&*self.store, name)
    }

    /// Calls `each` with the index of each function whose call led to this host function, the
    /// innermost first, up to the host or to a native module.
    #[cfg(feature = "trap-record")]
    pub fn for_each_call(&self, each: impl FnMut(u32)) {
        // SAFETY: the host function runs, so the code that has called it waits with its frames.
        unsafe { self.calls.for_each(each) }
    }

    /// Runs `f` as the caller, with the operand stack free from `args` + `slots` on. Fails when too
    /// many calls are nested.
    ///
    /// # Safety
    /// `context.host` is a `Store<T>`, and `args` points into the operand stack that this store's
    /// context uses.
    unsafe fn with<R>(
        context: &mut Context,
        args: *mut u32,
        slots: usize,
        f: impl FnOnce(Caller<'_, 'a, T>) -> R,
    ) -> Result<R, TrapCode> {
        // SAFETY: `context.host` was set at the call by the host to the store, which is borrowed by
        // nobody else while code runs.
        let store: &mut Store<'a, T> = unsafe { &mut *context.host.cast() };
        let instance = if context.instance.is_null() {
            None
        } else {
            // SAFETY: the running instance is live and published.
            let running = unsafe { StoreInstance::of(context.instance) };
            store.inner.check_globals(running);
            Some(Instance::from_base(running.func_base, store.id))
        };
        store.inner.enter_host()?;
        let top = store.inner.set_stack_top(args.wrapping_add(slots));
        let calls = Calls::of(context);
        let result = f(Caller { store: &mut *store, instance, calls });
        store.inner.set_stack_top(top);
        store.inner.leave_host();
        Ok(result)
    }
}

impl<'a, T> AsStore<'a> for Caller<'_, 'a, T> {
    type Data = T;
    fn as_store(&self) -> &Store<'a, T> {
        self.store
    }
}

impl<'a, T> AsStoreMut<'a> for Caller<'_, 'a, T> {
    fn as_store_mut(&mut self) -> StoreMut<'_, 'a, T> {
        StoreMut::new(self.store)
    }
}

/// What a host function may return: nothing, values, or a `Result` of these with a [`Trap`].
pub trait HostResult: sealed::HostResult {
    #[doc(hidden)]
    const CODES: &'static [Code];
    #[doc(hidden)]
    const SLOTS: usize;
    /// # Safety
    /// `at` points at as many slots.
    #[doc(hidden)]
    unsafe fn put(self, at: *mut u32) -> Result<(), Trap>;
}

macro_rules! host_results {
    ($(($($v:ident)*))*) => { $(
        impl<$($v: Value),*> sealed::HostResult for ($($v,)*) {}
        impl<$($v: Value),*> HostResult for ($($v,)*) {
            const CODES: &'static [Code] = <Self as Results>::CODES;
            const SLOTS: usize = <Self as Results>::SLOTS;
            #[inline(always)]
            unsafe fn put(self, at: *mut u32) -> Result<(), Trap> {
                // SAFETY: `at` points at the slots of all values, by the contract of this function.
                unsafe { super::val::Params::put(self, at) };
                Ok(())
            }
        }
    )* };
}
host_results! { () (A) (A B) (A B C) (A B C D) }

impl<V: Value> sealed::HostResult for V {}

impl<V: Value> HostResult for V {
    const CODES: &'static [Code] = &[V::CODE];
    const SLOTS: usize = V::SLOTS;
    #[inline(always)]
    unsafe fn put(self, at: *mut u32) -> Result<(), Trap> {
        // SAFETY: `at` points at the slots of the value, by the contract of this function.
        unsafe { Value::put(self, at) };
        Ok(())
    }
}

impl<R: HostResult> sealed::HostResult for Result<R, Trap> {}

impl<R: HostResult> HostResult for Result<R, Trap> {
    const CODES: &'static [Code] = R::CODES;
    const SLOTS: usize = R::SLOTS;
    #[inline(always)]
    unsafe fn put(self, at: *mut u32) -> Result<(), Trap> {
        // SAFETY: `at` points at the slots of the result, by the contract of this function.
        unsafe { self?.put(at) }
    }
}

/// Ends a host function: 0, or the number of the trap, with what else the trap says kept in the
/// store.
///
/// # Safety
/// `context.store` is the store that runs.
unsafe fn finish(context: &mut Context, result: Result<(), Trap>) -> u32 {
    match result {
        Ok(()) => 0,
        Err(trap) => {
            // SAFETY: set at the call by the host.
            unsafe { (*context.store.cast::<crate::store::StoreData>()).host_code = trap.host };
            trap.code as u32
        }
    }
}

/// A host function that was made from a closure.
pub struct Closure(pub(super) TryArc<HostClosure>);

/// A closure or `fn` that can be a host function: up to eight numbers as parameters, with a
/// [`Caller`] before them or not, and a result as in [`HostResult`].
pub trait IntoHostFunc<T, Args>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_closure(self) -> Result<Closure, Error>;
}

/// Boxes a closure, type-erased.
fn erase<F>(
    f: F,
    call: HostCall,
    params: &[Code],
    results: &[Code],
) -> Result<TryArc<HostClosure>, OutOfMemory> {
    /// # Safety
    /// `data` comes from `TryBox::<F>::into_raw`, and is dropped once.
    unsafe fn drop<F>(data: *mut ()) {
        // SAFETY: `data` comes from `into_raw` of such a box and is dropped once, by the contract
        // of this function.
        core::mem::drop(unsafe { TryBox::<F>::from_raw(data.cast()) });
    }
    let mut codes = TryVec::with_capacity(params.len() + results.len())?;
    for &code in params.iter().chain(results) {
        codes.push(code)?;
    }
    let data = TryBox::new(f)?.into_raw().cast();
    // Should this fail, the closure is dropped with the record that could not be moved.
    TryArc::new(HostClosure { call, data, drop: drop::<F>, codes, param_count: params.len() })
}

macro_rules! host_funcs {
    ($(($($v:ident)*))*) => { $(
        impl<T: 'static, F, R, $($v),*> IntoHostFunc<T, (R, $($v,)*)> for F
        where
            F: Fn($($v),*) -> R + Send + Sync + 'static,
            R: HostResult,
            $($v: Value,)*
        {
            #[allow(non_snake_case, unused_mut, unused_variables, unused_assignments)]
            fn into_closure(self) -> Result<Closure, Error> {
                /// # Safety
                /// As for [`ImportedFunc::call`], with a closure of type `F` as its data.
                unsafe extern "C" fn call<F: Fn($($v),*) -> R, R: HostResult, $($v: Value),*>(context: &mut Context, import: &ImportedFunc, args: *mut u32) -> u32 {
                    // SAFETY: the closure lives as long as the instance that imports it; linking
                    // matched the types, so the slots are there.
                    unsafe {
                        let f: &F = &*import.data.cast();
                        let mut at = args;
                        $(let $v = <$v as Value>::get(at); at = at.add($v::SLOTS);)*
                        match f($($v),*).put(args) {
                            Ok(()) => 0,
                            failed => finish(context, failed),
                        }
                    }
                }
                Ok(Closure(erase(self, call::<F, R, $($v),*>, &[$($v::CODE),*], R::CODES)?))
            }
        }

        impl<T: 'static, F, R, $($v),*> IntoHostFunc<T, (Caller<'static, 'static, T>, R, $($v,)*)> for F
        where
            F: Fn(Caller<'_, '_, T>, $($v),*) -> R + Send + Sync + 'static,
            R: HostResult,
            $($v: Value,)*
        {
            #[allow(non_snake_case, unused_mut, unused_variables, unused_assignments)]
            fn into_closure(self) -> Result<Closure, Error> {
                /// # Safety
                /// As for [`ImportedFunc::call`], with a closure of type `F` as its data, in a
                /// store with data of type `T`.
                unsafe extern "C" fn call<T, F: Fn(Caller<'_, '_, T>, $($v),*) -> R, R: HostResult, $($v: Value),*>(context: &mut Context, import: &ImportedFunc, args: *mut u32) -> u32 {
                    // SAFETY: as above; a linker for `T` links into stores with `T` only.
                    unsafe {
                        let f: &F = &*import.data.cast();
                        let mut at = args;
                        $(let $v = <$v as Value>::get(at); at = at.add($v::SLOTS);)*
                        let slots = import.params().max(import.results()) as usize;
                        match Caller::<T>::with(context, args, slots, |caller| f(caller, $($v),*)) {
                            Ok(result) => match result.put(args) {
                                Ok(()) => 0,
                                failed => finish(context, failed),
                            },
                            Err(code) => code as u32,
                        }
                    }
                }
                Ok(Closure(erase(self, call::<T, F, R, $($v),*>, &[$($v::CODE),*], R::CODES)?))
            }
        }
    )* };
}

host_funcs! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E G) (A B C D E G H) (A B C D E G H I) }

/// Maximum number of parameters and results of a dynamically typed host function.
const MOST_VALUES: usize = 32;

/// Creates a host function of any type from a closure over values.
pub(super) fn dynamic<T: 'static, F>(
    params: &[ValType],
    results: &[ValType],
    f: F,
) -> Result<TryArc<HostClosure>, Error>
where
    F: Fn(Caller<'_, '_, T>, &[Val], &mut [Val]) -> Result<(), Trap> + Send + Sync + 'static,
{
    /// # Safety
    /// As for [`ImportedFunc::call`], with a closure of type `F` as its data, in a store with data
    /// of type `T`.
    unsafe extern "C" fn call<T, F>(
        context: &mut Context,
        import: &ImportedFunc,
        args: *mut u32,
    ) -> u32
    where
        F: Fn(Caller<'_, '_, T>, &[Val], &mut [Val]) -> Result<(), Trap>,
    {
        // SAFETY: the closure and its record live as long as the instance that imports it; the
        // slots are those of the types.
        unsafe {
            let f: &F = &*import.data.cast();
            let closure: &HostClosure = &*import.extra.cast();
            let ty: FuncType = closure.ty();
            let slots = import.params().max(import.results()) as usize;
            let result = Caller::<T>::with(context, args, slots, |caller| {
                let (id, inner) = (caller.store.id, caller.store.inner.as_ptr());
                let mut values = [Val::I32(0); MOST_VALUES];
                let (values_in, values_out) =
                    values.split_at_mut_checked(closure.param_count).ok_or(Trap::host(0))?;
                let mut at = args;
                for (value, ty) in values_in.iter_mut().zip(ty.params()) {
                    let (bits, slots) = Val::take(ty, at);
                    caller.store.inner.check_reference(ty, vector::low(bits));
                    *value = Val::from_bits(ty, bits, id);
                    at = at.add(slots);
                }
                let values_out = values_out.get_mut(..ty.results().len()).ok_or(Trap::host(0))?;
                for (value, ty) in values_out.iter_mut().zip(ty.results()) {
                    *value = Val::zero(ty);
                }
                f(caller, values_in, values_out)?;
                let mut at = args;
                for (value, ty) in values_out.iter().zip(ty.results()) {
                    let bits = value
                        .to_bits(id)
                        .filter(|_| value.has_type(&*inner, id, ty))
                        .ok_or(Trap::host(0))?;
                    (*inner).check_reference(ty, vector::low(bits));
                    at = at.add(Val::put(ty, bits, at));
                }
                Ok(())
            });
            match result {
                Ok(result) => finish(context, result),
                Err(code) => code as u32,
            }
        }
    }
    if params.len() + results.len() > MOST_VALUES.min(MAX_PARAMS as usize).min(MAX_RESULTS as usize)
    {
        return Err(Error::TooLarge);
    }
    let mut codes = [0 as Code; MOST_VALUES];
    for (code, ty) in codes.iter_mut().zip(params.iter().chain(results)) {
        *code = ty.code();
    }
    let (param_codes, rest) = codes.split_at_checked(params.len()).ok_or(Error::TooLarge)?;
    let result_codes = rest.get(..results.len()).ok_or(Error::TooLarge)?;
    Ok(erase(f, call::<T, F>, param_codes, result_codes)?)
}
