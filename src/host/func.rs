//! Functions as the embedder sees them.

use super::closure::{dynamic, Caller, IntoHostFunc};
use super::store::{AsStore, AsStoreMut, Store};
use super::val::{Params, Results, Val};
use crate::alloc::{TryArc, TryBox};
use crate::binary::types::ValType;
use crate::error::{Error, Trap};
use crate::module::FuncType;
use crate::store::func::{
    call, call_noticed, call_unnoticed, from_host, HostClosure, HostFunc, Stack, Target, HOST,
};
use crate::store::link::closure_import;
use crate::store::{again, StoreData};
use core::marker::PhantomData;
use zonda_exec::vector;

/// A function in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func {
    address: u32,
    store: u32,
}

impl Func {
    pub(crate) fn from_address(address: u32, store: u32) -> Option<Func> {
        (address != 0).then_some(Func { address, store })
    }

    pub(crate) fn address_in(self, store: u32) -> Option<u32> {
        (self.store == store).then_some(self.address)
    }

    /// See [`again::Key`].
    #[inline(always)]
    fn key(self) -> again::Key {
        [self.address as usize, self.store as usize]
    }

    fn address<T>(self, store: &Store<'_, T>) -> Result<u32, Error> {
        self.address_in(store.id).ok_or(Error::WrongStore)
    }

    /// Creates a host function from a closure: see [`IntoHostFunc`].
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn wrap<'a, S: AsStoreMut<'a>, Args>(
        mut store: S,
        f: impl IntoHostFunc<S::Data, Args>,
    ) -> Result<Func, Error> {
        Func::add(store.as_store_mut().inside(), f.into_closure()?.0)
    }

    /// Creates a host function of any type from a closure over values. It has at most 32 parameters
    /// and results altogether.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::TooLarge`].
    pub fn new<'a, S: AsStoreMut<'a>>(
        mut store: S,
        params: &[ValType],
        results: &[ValType],
        f: impl Fn(Caller<'_, '_, S::Data>, &[Val], &mut [Val]) -> Result<(), Trap>
            + Send
            + Sync
            + 'static,
    ) -> Result<Func, Error>
    where
        S::Data: 'static,
    {
        let closure = dynamic(params, results, f)?;
        Func::add(store.as_store_mut().inside(), closure)
    }

    fn add<T>(store: &mut Store<'_, T>, closure: TryArc<HostClosure>) -> Result<Func, Error> {
        #[cfg(feature = "function-references")]
        let ty = {
            let (params, results) = closure.ty().codes();
            store.inner.types.0.adopt_func(params, results).map_err(|_| Error::OutOfMemory)?
        };
        let func = TryBox::new(HostFunc {
            import: closure_import(&closure),
            closure,
            #[cfg(feature = "function-references")]
            ty,
        })?;
        let funcs = &mut store.inner.host_funcs;
        funcs.push(func)?;
        Ok(Func { address: HOST | (funcs.len() as u32 - 1), store: store.id })
    }

    /// Its type.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn ty<'s, 'a: 's, S: AsStore<'a>>(&self, store: &'s S) -> Result<FuncType<'s>, Error> {
        let store = store.as_store();
        store.inner.func_type(self.address(store)?).ok_or(Error::WrongStore)
    }

    pub(super) fn is_same<T>(&self, store: &Store<'_, T>, other: &Func) -> bool {
        match (self.target(store), other.target(store)) {
            (Ok(Target::Wasm(instance, func)), Ok(Target::Wasm(other, other_func))) => {
                core::ptr::eq(instance, other) && func == other_func
            }
            (Ok(Target::Host(import)), Ok(Target::Host(other))) => {
                // SAFETY: the targets are of this store, which is borrowed.
                let (import, other) = unsafe { (&*import, &*other) };
                core::ptr::eq(import.data, other.data) && core::ptr::eq(import.extra, other.extra)
            }
            _ => false,
        }
    }

    fn target<T>(&self, store: &Store<'_, T>) -> Result<Target, Error> {
        store.inner.target(self.address(store)?).ok_or(Error::WrongStore)
    }

    /// Calls it. `results` has to be as long as the function has results; what it holds before does
    /// not matter.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`] when number or types of the arguments are wrong, [`Error::Trap`]
    /// when execution stops.
    pub fn call<'a>(
        &self,
        mut store: impl AsStoreMut<'a>,
        args: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        let store = store.as_store_mut().inside();
        let id = store.id;
        let stack = store.inner.free_stack();
        let ty = store.inner.func_type(self.address(store)?).ok_or(Error::WrongStore)?;
        if args.len() != ty.params().len() || results.len() != ty.results().len() {
            return Err(Error::TypeMismatch);
        }
        let (params, result_slots) = ty.slots();
        let base = stack.args(params.max(result_slots) as usize)?;
        let mut at = base;
        for (arg, ty) in args.iter().zip(ty.params()) {
            if !arg.has_type(&store.inner, id, ty) {
                return Err(Error::TypeMismatch);
            }
            let bits = arg.to_bits(id).ok_or(Error::WrongStore)?;
            // SAFETY: `Stack::args` has reserved slots for all parameters.
            at = unsafe { at.add(Val::put(ty, bits, at)) };
        }
        let target = self.target(store)?;
        let host = (&raw mut *store).cast();
        // SAFETY: the target is of this store; the arguments were just written with the function's
        // types.
        unsafe { call::<true>(store.inner.as_ptr(), host, stack, target)? };
        let ty = store.inner.func_type(self.address(store)?).ok_or(Error::WrongStore)?;
        let mut at = base;
        for (result, ty) in results.iter_mut().zip(ty.results()) {
            // SAFETY: the call has written all results there.
            let (bits, slots) = unsafe { Val::take(ty, at) };
            store.inner.check_reference(ty, vector::low(bits));
            *result = Val::from_bits(ty, bits, id);
            at = at.wrapping_add(slots);
        }
        Ok(())
    }

    /// The same function with its type known to Rust: calls of it check nothing and convert
    /// nothing.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`] when it has another type.
    pub fn typed<'a, P: Params, R: Results>(
        &self,
        store: impl AsStore<'a>,
    ) -> Result<TypedFunc<P, R>, Error> {
        let store = store.as_store();
        let ty = store.inner.func_type(self.address(store)?).ok_or(Error::WrongStore)?;
        if ty.codes() != (P::CODES, R::CODES) {
            return Err(Error::TypeMismatch);
        }
        // The address cannot change, so it is looked up once; imports of host functions have a
        // fixed place as well.
        Ok(TypedFunc { func: *self, target: self.target(store)?, types: PhantomData })
    }
}

/// Notes that a call has returned: see [`StoreData::note`].
///
/// # Safety
/// The target is of this store.
#[inline(always)]
unsafe fn note<T>(
    store: &mut Store<'_, T>,
    key: again::Key,
    sp: again::Here,
    stack: Stack,
    target: Target,
) {
    // Native code of a call that encloses this one has the store's context.
    if cfg!(feature = "native") && !store.inner.is_running() {
        let (inner, host) = (store.inner.as_ptr(), (&raw mut *store).cast());
        // SAFETY: by the contract of this function; the store is live, and no call of it encloses
        // this one. A store's own context is of no one else.
        unsafe {
            let from = from_host(inner, host, stack);
            StoreData::note(inner, key, sp, from, stack, target, core::ptr::null_mut());
        }
    }
}

/// A function whose parameters and results are known to Rust.
pub struct TypedFunc<P, R> {
    func: Func,
    target: Target,
    types: PhantomData<fn(P) -> R>,
}

// SAFETY: the target is used only together with its store, which is borrowed mutably then.
unsafe impl<P, R> Send for TypedFunc<P, R> {}
// SAFETY: as above.
unsafe impl<P, R> Sync for TypedFunc<P, R> {}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P: Params, R: Results> TypedFunc<P, R> {
    /// Calls it.
    ///
    /// # Errors
    /// [`Error::Trap`] when execution stops.
    #[inline]
    pub fn call<'a>(&self, mut store: impl AsStoreMut<'a>, params: P) -> Result<R, Error> {
        let store = store.as_store_mut().inside();
        let (key, sp) = (self.func.key(), again::here());
        if let Some(prepared) = store.inner.again(key, sp) {
            let host = (&raw mut *store).cast();
            // SAFETY: the key has the number of the store, and the types were compared when the
            // typed function was made; the prepared call has slots for parameters and results.
            return unsafe {
                params.put(prepared.slots());
                again::call_for(store.inner.as_ptr(), prepared, host)?;
                Ok(R::get(prepared.slots()))
            };
        }
        let mut meter = store.inner.meter.as_ptr();
        if zonda_exec::NOTICES {
            // SAFETY: the store's meter is live.
            let notices = unsafe { zonda_exec::notices(meter) };
            // One test, with that of `Func::address`.
            if (self.func.store ^ store.id) | notices != 0 {
                return self.call_noticed(store, params);
            }
        } else {
            self.func.address(store)?;
        }
        let stack = store.inner.free_stack();
        let args = stack.args(if P::SLOTS > R::SLOTS { P::SLOTS } else { R::SLOTS })?;
        let host = (&raw mut *store).cast();
        // SAFETY: the types were compared when the typed function was made; `Stack::args` has
        // reserved slots for parameters and results.
        unsafe {
            params.put(args);
            // Read where it is used, so that writing the arguments has a register more.
            if !zonda_exec::NOTICES {
                meter = store.inner.meter.as_ptr();
            }
            call_unnoticed::<true>(store.inner.as_ptr(), host, stack, self.target, meter)?;
            let results = R::get(args);
            note(store, key, sp, stack, self.target);
            Ok(results)
        }
    }

    /// The same while a debugger is attached, while somebody asks for something, and with another
    /// store. That is found out first, and the call made apart, so that the usual call keeps nothing in
    /// registers for it.
    #[cold]
    #[inline(never)]
    fn call_noticed<T>(&self, store: &mut Store<'_, T>, params: P) -> Result<R, Error> {
        self.func.address(store)?;
        let stack = store.inner.free_stack();
        let args = stack.args(if P::SLOTS > R::SLOTS { P::SLOTS } else { R::SLOTS })?;
        let host = (&raw mut *store).cast();
        // SAFETY: as in `call`.
        unsafe {
            params.put(args);
            call_noticed::<true>(store.inner.as_ptr(), host, stack, self.target)?;
            Ok(R::get(args))
        }
    }

    /// The function without its types.
    pub fn func(&self) -> Func {
        self.func
    }
}
