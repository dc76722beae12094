//! Without native code no call by the host is prepared.

use super::func::{Stack, Target};
use super::StoreData;
use crate::error::Trap;
use zonda_exec::frame::{Context, Host};

pub(crate) type Key = [usize; 2];

/// Nothing.
pub(crate) struct Calls;

impl Calls {
    pub(crate) const NEW: Calls = Calls;
}

/// There is none.
#[derive(Clone, Copy)]
pub(crate) enum Again {}

impl Again {
    #[inline(always)]
    pub(crate) fn slots(self) -> *mut u32 {
        match self {}
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Here;

#[inline(always)]
pub(crate) fn here() -> Here {
    Here
}

impl StoreData<'_> {
    #[inline(always)]
    pub(crate) fn again(&self, _: Key, _: Here) -> Option<Again> {
        None
    }

    #[inline(always)]
    pub(crate) fn forget(&mut self) {}

    /// # Safety
    /// None: nothing is done.
    #[inline(always)]
    pub(crate) unsafe fn note(
        _: *mut StoreData,
        _: Key,
        _: Here,
        _: Host,
        _: Stack,
        _: Target,
        _: *mut Context,
    ) {
    }
}

/// # Safety
/// None: there is no such call.
#[inline(always)]
pub(crate) unsafe fn call_for(_: *mut StoreData, again: Again, _: *mut ()) -> Result<(), Trap> {
    match again {}
}
