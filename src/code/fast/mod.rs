//! Fast mode's code: register bytecode (docs/register-bytecode.md), translated at load time or used in
//! place from a precompiled module.

mod emit;
mod forms;
#[cfg(feature = "precompiled")]
pub(crate) mod precompiled;
mod translator;
#[cfg(feature = "precompiled")]
pub(crate) mod verify;

pub(crate) use translator::{Positions, Translator};

use crate::alloc::TryVec;
use zonda_exec::FastFunc;

/// What fast mode keeps of a module.
pub(crate) struct Fast<'a> {
    pub(crate) funcs: Stored<'a, FastFunc>,
    pub(crate) code: Stored<'a, u8>,
}

/// What was made here and lies in RAM, or was made elsewhere and lies where the embedder has it.
pub(crate) enum Stored<'a, T> {
    Made(TryVec<T>),
    #[cfg_attr(not(feature = "precompiled"), allow(dead_code))]
    Mapped(&'a [T]),
}

impl<T> Stored<'_, T> {
    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Stored::Made(list) => list,
            Stored::Mapped(items) => items,
        }
    }

    /// RAM that it takes, in bytes.
    pub(crate) fn ram(&self) -> usize {
        match self {
            Stored::Made(list) => size_of_val(&list[..]),
            Stored::Mapped(_) => 0,
        }
    }
}
