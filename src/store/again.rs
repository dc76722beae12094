//! Calls of native code that the host makes again and again: the second call of a function in
//! succession prepares the next ones, which then take a third of the instructions.
//!
//! Depends on [`zonda_exec::native::again`]. Owns the rule when a prepared call may be made: until
//! [`StoreData::forget`] is called, which everything does that [`Again::call`] excludes.

use super::func::{stop, Stack, Target};
use super::instance::StoreInstance;
use super::StoreData;
use crate::alloc::TryBox;
use crate::error::Trap;
use zonda_exec::frame::{Context, Host};
pub(crate) use zonda_exec::native::again::Again;
use zonda_exec::Mode;

/// Who calls what: for the Rust API the function's address and the store's number, for the C API
/// the execution environment and the function. Never two zeros.
pub(crate) type Key = [usize; 2];

const NONE: Key = [0; 2];

/// What a store keeps of calls by the host.
pub(crate) struct Calls {
    /// Of the prepared call.
    key: Key,
    sp: Here,
    again: Again,
    /// Of the call before.
    last: Key,
    /// The context of calls through the Rust API.
    context: Option<TryBox<Context>>,
}

impl Calls {
    pub(crate) const NEW: Calls =
        Calls { key: NONE, sp: 0, again: Again::NONE, last: NONE, context: None };
}

/// How far the native stack of a function reaches down, to compare: no two active functions have
/// the same value.
pub(crate) type Here = usize;

/// That of the calling function.
#[inline(always)]
pub(crate) fn here() -> Here {
    let here = 0u8;
    (&raw const here).addr()
}

impl StoreData<'_> {
    /// The prepared call with this key by a caller whose native stack is at `sp`.
    ///
    /// No code of the store runs then: a prepared call that is running has a caller whose stack is
    /// at the same `sp`, and any other call has made the store forget it.
    #[inline(always)]
    pub(crate) fn again(&self, key: Key, sp: Here) -> Option<Again> {
        let calls = &self.calls;
        if calls.key != key || calls.sp != sp {
            return None;
        }
        Some(calls.again)
    }

    /// No prepared call is made any more.
    #[inline(always)]
    pub(crate) fn forget(&mut self) {
        self.calls.key = NONE;
    }

    /// Notes that a call has returned, and prepares the next one if there was one with the same key
    /// before. `made` is a context for it; without one the store makes its own.
    ///
    /// # Safety
    /// The store is live. The target is of this store, and `host` is what its host functions
    /// expect. No code of the store is running. `made`, if there is one, belongs to what `key`
    /// names: the store forgets the call before it is freed.
    #[inline(never)]
    pub(crate) unsafe fn note(
        store: *mut StoreData,
        key: Key,
        sp: Here,
        host: Host,
        stack: Stack,
        target: Target,
        made: *mut Context,
    ) {
        // SAFETY: the contract of this function: the store is live, and nothing else has a
        // reference to it. What the target points at lives as long as the store.
        unsafe {
            let calls = &mut (*store).calls;
            let Target::Wasm(instance, func) = target else { return };
            if core::mem::replace(&mut calls.last, key) != key || (*instance).mode != Mode::Native {
                return;
            }
            let mut context = made;
            if made.is_null() {
                if calls.context.is_none() {
                    calls.context = TryBox::new(Context::new(&host, stack.base)).ok();
                }
                let Some(kept) = &calls.context else { return };
                context = kept.as_ptr();
                context.write(Context::new(&host, stack.base));
            }
            let slots = stack.base.wrapping_add(1);
            if let Some(again) = Again::prepare(context, slots, func, instance, sp) {
                (calls.again, calls.key, calls.sp) = (again, key, sp);
            }
        }
    }
}

/// Makes a prepared call for `host`. The arguments lie at [`Again::slots`], where the results come.
///
/// # Safety
/// [`StoreData::again`] of the live store has just returned it, and `host` is what the store's host
/// functions expect.
#[inline(always)]
pub(crate) unsafe fn call_for(
    store: *mut StoreData,
    again: Again,
    host: *mut (),
) -> Result<(), Trap> {
    // SAFETY: the contract of this function: the context of a call that the store has not forgotten
    // is live. `StoreData::again` has checked who calls; everything else that `Again::call`
    // excludes makes the store forget the call: calls (`super::func`), growth, changes of mode and
    // stack by the host.
    unsafe {
        (*again.context()).host = host;
        match again.call(again.slots()) {
            0 => {
                (*store).check_globals(StoreInstance::of((*again.context()).instance));
                Ok(())
            }
            code => Err(trapped::<true>(store, again, code)),
        }
    }
}

/// The trap with which a prepared call ended. `PLACE` as for [`super::func::call`].
///
/// # Safety
/// [`Again::call`] of the live store has just returned this code.
#[cold]
#[inline(never)]
pub(crate) unsafe fn trapped<const PLACE: bool>(
    store: *mut StoreData,
    again: Again,
    code: u32,
) -> Trap {
    // SAFETY: by the contract the store is live, and the call has ended. Its place is in an
    // instance of the store.
    unsafe {
        (*store).forget();
        stop::<PLACE>(store, again.stopped(code))
    }
}
