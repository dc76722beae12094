//! Structures, arrays and 31-bit integers as the embedder sees them (feature `gc`).

use super::store::{AsStore, AsStoreMut};
use crate::binary::references::{heap, RefType};
use crate::binary::types::ValType;
use crate::error::{Error, Trap};
pub use crate::store::heap::AnyKind;

/// A reference of the hierarchy `any` in a store that is not null.
///
/// It does not keep its object, unless [`AnyRef::hold`] does: the store may free it once no operand
/// stack, global, table or object of the store refers to it, when code that runs makes another one.
/// What is passed to a host function stays until that returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyRef {
    bits: u32,
    store: u32,
}

impl AnyRef {
    pub(super) const TYPE: ValType = match RefType::from_code(heap::ANY) {
        Some(ty) => ValType::Ref(ty),
        None => ValType::ExternRef,
    };

    pub(super) fn from_bits(bits: u32, store: u32) -> Option<AnyRef> {
        (bits != 0).then_some(AnyRef { bits, store })
    }

    pub(super) fn bits_in(self, store: u32) -> Option<u32> {
        (self.store == store).then_some(self.bits)
    }

    /// A 31-bit integer: the lowest bits of a number.
    pub fn from_i31<'a>(store: impl AsStore<'a>, value: i32) -> AnyRef {
        AnyRef { bits: (value as u32) << 1 | 1, store: store.as_store().id }
    }

    /// A number of the embedder's, which is an `externref`, as a value of this hierarchy.
    ///
    /// # Errors
    /// [`TrapCode::OutOfMemory`](crate::TrapCode::OutOfMemory) beyond the limit of the heap;
    /// [`Error::TooLarge`] for a number from 2^31 - 1 on.
    pub fn from_extern<'a>(mut store: impl AsStoreMut<'a>, number: u32) -> Result<AnyRef, Error> {
        let store = store.as_store_mut().inside();
        let value = number.checked_add(1).filter(|&value| value < 1 << 31);
        let value = value.ok_or(Error::TooLarge)?;
        let bits = store.inner.internal(value, core::ptr::null()).map_err(Trap::new)?;
        Ok(AnyRef { bits, store: store.id })
    }

    /// What it refers to.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn kind<'a>(&self, store: impl AsStore<'a>) -> Result<AnyKind, Error> {
        let store = store.as_store();
        let bits = self.bits_in(store.id).ok_or(Error::WrongStore)?;
        Ok(store.inner.object_kind(bits))
    }

    /// Keeps the object until [`AnyRef::release`] was called as often.
    ///
    /// # Errors
    /// [`Error::WrongStore`], [`Error::OutOfMemory`].
    pub fn hold<'a>(&self, mut store: impl AsStoreMut<'a>) -> Result<(), Error> {
        let store = store.as_store_mut().inside();
        let bits = self.bits_in(store.id).ok_or(Error::WrongStore)?;
        Ok(store.inner.hold(bits)?)
    }

    /// Ends one [`AnyRef::hold`].
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn release<'a>(&self, mut store: impl AsStoreMut<'a>) -> Result<(), Error> {
        let store = store.as_store_mut().inside();
        let bits = self.bits_in(store.id).ok_or(Error::WrongStore)?;
        store.inner.release(bits);
        Ok(())
    }
}
