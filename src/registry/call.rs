//! What a declared host function receives of its caller, and the code that calls it.

use super::guest::HostParam;
use super::sealed;
use super::signature::nibble;
use super::value::Value;
use crate::error::Trap;
use crate::store::instance::StoreInstance;
use crate::store::StoreData;
use core::marker::PhantomData;
use core::ptr::NonNull;
use zonda_exec::frame::Context;
use zonda_exec::meter::TerminationRequest;
use zonda_exec::{ImportedFunc, Memory, TrapCode};

/// How an embedding API serves declared functions. `host` is [`Context::host`]: the store of the
/// Rust API, the execution environment of the C API.
pub(crate) struct Binding {
    /// The address of the module's state. It is valid and used by nobody else until the host
    /// function returns.
    pub(crate) state: unsafe fn(host: *mut ()) -> *mut (),
    /// Notes why a function fails; the call then stops with [`TrapCode::Host`].
    pub(crate) fail: unsafe fn(context: &mut Context, number: u32, text: &str),
}

/// Why a declared host function fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The call traps for this reason.
    Trap(TrapCode),
    /// The call traps with [`TrapCode::Host`]. In the Rust API [`Trap::host`] is `number`; in the
    /// C API the exception is `text`.
    Failed { number: u32, text: &'static str },
}

impl From<TrapCode> for HostError {
    fn from(code: TrapCode) -> HostError {
        HostError::Trap(code)
    }
}

impl From<Trap> for HostError {
    fn from(trap: Trap) -> HostError {
        match trap.code {
            TrapCode::Host => {
                HostError::Failed { number: trap.host, text: TrapCode::Host.message() }
            }
            code => HostError::Trap(code),
        }
    }
}

/// The call of a declared host function: the memory of the calling instance, and the state that the
/// embedder gave the module.
///
/// Both are borrowed from the call, so a slice of memory cannot be used while something else has
/// the memory.
pub struct Call<'c, S> {
    context: &'c mut Context,
    import: &'c ImportedFunc,
    state: PhantomData<&'c mut S>,
}

impl<'c, S> Call<'c, S> {
    /// The call of a host function.
    pub(super) fn new(context: &'c mut Context, import: &'c ImportedFunc) -> Call<'c, S> {
        Call { context, import, state: PhantomData }
    }

    /// Ends a call that fails; returns the number of the trap.
    pub(super) fn fail(&mut self, error: HostError) -> u32 {
        fail(self.context, self.import, error)
    }

    /// `len` bytes of the linear memory, or of the shared heap that the instance has; `None` when
    /// one of them is outside.
    pub fn bytes(&self, at: u32, len: u32) -> Option<&[u8]> {
        let place = self.first_memory().range(at, len)?;
        // SAFETY: `range` has found as many bytes there. As in `memory`; bytes of a shared heap
        // stay while an instance has it.
        Some(unsafe { core::slice::from_raw_parts(place, len as usize) })
    }

    /// The same, to be written.
    pub fn bytes_mut(&mut self, at: u32, len: u32) -> Option<&mut [u8]> {
        let place = self.first_memory().range(at, len)?;
        // SAFETY: as in `bytes`; `&mut self` keeps other borrows of the memory away.
        Some(unsafe { core::slice::from_raw_parts_mut(place, len as usize) })
    }

    /// Copies `len` bytes, as memmove does: the ranges may overlap. `None`, and nothing is copied,
    /// when one of them is not inside.
    pub fn copy(&mut self, to: u32, from: u32, len: u32) -> Option<()> {
        let memory = self.first_memory();
        let (to, from) = (memory.range(to, len)?, memory.range(from, len)?);
        // SAFETY: `range` has found as many bytes at both; `&mut self` keeps borrows of the memory
        // away.
        unsafe { core::ptr::copy(from, to, len as usize) };
        Some(())
    }

    /// The bytes of a string that ends with NUL, without it, there.
    pub fn string(&self, at: u32) -> Option<&[u8]> {
        let (place, len) = self.first_memory().rest(at)?;
        // SAFETY: as in `bytes`.
        let rest = unsafe { core::slice::from_raw_parts(place, len) };
        rest.get(..rest.iter().position(|&byte| byte == 0)?)
    }

    /// The linear memory of the calling instance, its first; empty where it has none.
    pub fn memory(&self) -> &[u8] {
        let (base, len) = (self.first_memory().base(), self.first_memory().size());
        // SAFETY: a memory has `len` bytes at `base`. They are written, or moved, only by code of
        // the store, which does not run while this function's caller has the call, and through
        // `&mut self`.
        unsafe { core::slice::from_raw_parts(base, len) }
    }

    /// The same, to be written.
    pub fn memory_mut(&mut self) -> &mut [u8] {
        self.memory_and_state().0
    }

    /// The state of the module.
    pub fn state(&mut self) -> &mut S {
        // SAFETY: `extra` of a declared function's import is its binding, whose `state` returns an
        // `S`, as `BoundModule::new` requires. It is borrowed as long as the call is.
        unsafe { &mut *(self.binding().state)(self.context.host).cast() }
    }

    /// Both.
    pub fn memory_and_state(&mut self) -> (&mut [u8], &mut S) {
        let (base, len) = (self.first_memory().base(), self.first_memory().size());
        // SAFETY: as in `memory`; `&mut self` keeps other borrows of the memory away. The state is
        // no part of a linear memory, for these belong to the store.
        let memory = unsafe { core::slice::from_raw_parts_mut(base, len) };
        (memory, self.state())
    }

    /// Whether the running call is to end, for a function that waits.
    pub fn termination(&self) -> Termination<'c> {
        // SAFETY: the context is that of the running call, whose store has the meter and lives
        // until the call returns. A request is atomic, so that nothing has to be borrowed to change
        // it.
        Termination(unsafe { &(*self.context.meter).termination })
    }

    fn binding(&self) -> &'static Binding {
        // SAFETY: `BoundModule::find` made `extra` from a `&'static Binding`.
        unsafe { &*self.import.extra.cast() }
    }

    #[inline]
    fn first_memory(&self) -> &Memory {
        // SAFETY: the context and the import are those of the running call.
        unsafe { first_memory(self.context, self.import) }
    }
}

/// Tells a host function that waits when to stop: somebody has requested that the running call
/// ends. The call then stops at its next call or loop iteration.
#[derive(Clone, Copy)]
pub struct Termination<'c>(&'c TerminationRequest);

impl Termination<'_> {
    /// Whether a request is pending.
    pub fn is_pending(&self) -> bool {
        self.0.is_pending()
    }
}

/// The first memory of the calling instance; an empty one where it has none.
///
/// # Safety
/// A host function runs with this context and import. The memory does not move while the result is
/// used.
#[inline]
unsafe fn first_memory<'m>(context: &Context, import: &ImportedFunc) -> &'m Memory {
    // SAFETY: a running instance is live and published, and memories live as long as their store.
    unsafe {
        let instance = if context.instance.is_null() {
            importer(&*context.store.cast(), import)
        } else {
            Some(StoreInstance::of(context.instance))
        };
        match instance.and_then(|instance| instance.memories.first()) {
            Some(&memory) => &(*memory).seen,
            // Not `seen.memory` of the instance, which is empty also where classic mode does not
            // use it.
            None => const { &Memory::empty() },
        }
    }
}

/// The instance that has the import, for a host function that the host calls itself, so that no
/// code runs.
#[cold]
#[inline(never)]
fn importer<'s, 'a>(
    store: &'s StoreData<'a>,
    import: &ImportedFunc,
) -> Option<&'s StoreInstance<'a>> {
    let has =
        |instance: &&StoreInstance| instance.imports.iter().any(|own| core::ptr::eq(own, import));
    store.instances.iter().map(|instance| &**instance).find(has)
}

/// The result of a declared host function: nothing, a number ([`Value`]), or a `Result` of these
/// with an error that is a [`HostError`].
pub trait HostReturn: sealed::HostResult {
    /// The result's type, packed; 0 for none.
    #[doc(hidden)]
    const CODE: u8;
    /// Writes the result.
    ///
    /// # Safety
    /// `at` points at as many slots.
    #[doc(hidden)]
    unsafe fn finish(self, at: *mut u32) -> Result<(), HostError>;
}

impl HostReturn for () {
    const CODE: u8 = 0;
    #[inline(always)]
    unsafe fn finish(self, _: *mut u32) -> Result<(), HostError> {
        Ok(())
    }
}

impl<V: Value> HostReturn for V {
    const CODE: u8 = nibble(V::CODE);
    #[inline(always)]
    unsafe fn finish(self, at: *mut u32) -> Result<(), HostError> {
        // SAFETY: the slots of the result are there, by the contract of this function.
        unsafe { Value::put(self, at) };
        Ok(())
    }
}

impl<R: HostReturn, E: Into<HostError>> HostReturn for Result<R, E>
where
    Result<R, E>: sealed::HostResult,
{
    const CODE: u8 = R::CODE;
    #[inline(always)]
    unsafe fn finish(self, at: *mut u32) -> Result<(), HostError> {
        match self {
            // SAFETY: as above.
            Ok(result) => unsafe { result.finish(at) },
            Err(error) => Err(error.into()),
        }
    }
}

impl sealed::HostResult for Result<(), HostError> {}
impl<V: Value> sealed::HostResult for Result<V, HostError> {}

/// A `fn`, or a closure that captures nothing, that can be a declared host function: a [`Call`],
/// and up to 16 [`HostParam`]s.
pub trait HostFn<S, Args>: sealed::HostFn<S, Args> + Copy + 'static {
    #[doc(hidden)]
    const PARAMS: u64;
    #[doc(hidden)]
    const COUNT: u32;
    #[doc(hidden)]
    const RESULT: u8;
    /// Whether a parameter is a pointer.
    #[doc(hidden)]
    const POINTERS: bool;
    /// Converts the parameters at `args`, calls the function, and writes its result there.
    ///
    /// # Safety
    /// `args` points at slots for parameters and result; the parameters are values of their types.
    #[doc(hidden)]
    unsafe fn run(
        self,
        call: &mut Call<'_, S>,
        memory: &Memory,
        args: *mut u32,
    ) -> Result<(), HostError>;
}

macro_rules! host_fns {
    ($(($($p:ident)*))*) => { $(
        impl<S, F, R, $($p),*> sealed::HostFn<S, (R, $($p,)*)> for F
        where
            F: Fn(&mut Call<'_, S>, $($p),*) -> R,
        {
        }

        impl<S, F, R, $($p),*> HostFn<S, (R, $($p,)*)> for F
        where
            F: Fn(&mut Call<'_, S>, $($p),*) -> R + Copy + 'static,
            R: HostReturn,
            $($p: HostParam,)*
        {
            #[allow(unused_mut, unused_variables, unused_assignments)]
            const PARAMS: u64 = {
                let (mut codes, mut at) = (0, 0);
                $(
                    codes |= $p::CODES << at;
                    at += 4 * $p::COUNT;
                )*
                codes
            };
            const COUNT: u32 = 0 $(+ $p::COUNT)*;
            const RESULT: u8 = R::CODE;
            const POINTERS: bool = false $(|| $p::POINTER)*;
            #[inline(always)]
            #[allow(non_snake_case, unused_variables, unused_mut, unused_assignments)]
            unsafe fn run(
                self,
                call: &mut Call<'_, S>,
                memory: &Memory,
                args: *mut u32,
            ) -> Result<(), HostError> {
                let mut at = args;
                // SAFETY: the parameters lie one behind the other from `args` on, each in its
                // slots.
                unsafe {
                    $(
                        let $p = $p::take(memory, at).ok_or(TrapCode::MemoryOutOfBounds)?;
                        at = at.add($p::SLOTS);
                    )*
                    self(call, $($p),*).finish(args)
                }
            }
        }
    )* };
}

host_fns! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E G) (A B C D E G H) (A B C D E G H I) (A B C D E G H I J)
(A B C D E G H I J K) (A B C D E G H I J K L) (A B C D E G H I J K L M) (A B C D E G H I J K L M N) (A B C D E G H I J K L M N O)
(A B C D E G H I J K L M N O P) (A B C D E G H I J K L M N O P Q) }

/// Calls the function that the type `F` is.
///
/// # Safety
/// As for [`ImportedFunc::call`](zonda_exec::ImportedFunc), with an import of `BoundModule::find`,
/// whose type linking has matched.
pub(super) unsafe extern "C" fn shim<S: 'static, Args, F: HostFn<S, Args>>(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    // SAFETY: `HostFunc::new` has checked that `F` takes no bytes, and has seen a value of it,
    // which is `Copy`. The context's memory is not moved before the parameters are converted.
    let (func, memory) = unsafe {
        let func = NonNull::<F>::dangling().read();
        (func, if F::POINTERS { first_memory(context, import) } else { const { &Memory::empty() } })
    };
    let mut call = Call::new(context, import);
    // SAFETY: linking compared the type of the import with `F`'s, so the slots hold values of its
    // parameters.
    match unsafe { func.run(&mut call, memory, args) } {
        Ok(()) => 0,
        Err(error) => call.fail(error),
    }
}

/// Ends a call that fails; returns the number of the trap.
#[cold]
#[inline(never)]
fn fail(context: &mut Context, import: &ImportedFunc, error: HostError) -> u32 {
    match error {
        HostError::Trap(code) => code as u32,
        HostError::Failed { number, text } => {
            // SAFETY: `BoundModule::find` made `extra` from a `&'static Binding`, and the context
            // is that of its API.
            unsafe { ((*import.extra.cast::<Binding>()).fail)(context, number, text) };
            TrapCode::Host as u32
        }
    }
}
