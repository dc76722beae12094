//! Tags and exceptions as the embedder sees them (feature `exceptions`).

use super::store::{AsStore, AsStoreMut, Store};
use super::val::Val;
use crate::alloc::TryVec;
use crate::binary::types::ValType;
use crate::error::{Error, Trap};
use crate::limits::MAX_PARAMS;
use crate::module::FuncType;
use zonda_exec::TrapCode;

/// A tag in a store: what exceptions are caught by. Two tags differ, also if they carry values of
/// the same types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    address: u32,
    store: u32,
}

impl Tag {
    pub(super) fn from_address(address: u32, store: u32) -> Tag {
        Tag { address, store }
    }

    pub(super) fn address_in(self, store: u32) -> Option<u32> {
        (self.store == store).then_some(self.address)
    }

    /// Makes a tag whose exceptions carry values of these types.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]; [`Error::TooLarge`] for more than 1,000 values.
    pub fn new<'a>(mut store: impl AsStoreMut<'a>, params: &[ValType]) -> Result<Tag, Error> {
        let store = store.as_store_mut().inside();
        if params.len() > MAX_PARAMS as usize {
            return Err(Error::TooLarge);
        }
        let mut codes = TryVec::with_capacity(params.len())?;
        for &ty in params {
            codes.push(ty.code())?;
        }
        #[cfg(feature = "function-references")]
        let number = store.inner.types.0.adopt_func(&codes, &[]).map_err(|_| Error::OutOfMemory)?;
        #[cfg(not(feature = "function-references"))]
        let number = 0;
        let address = store.inner.new_tag(FuncType::from_codes(&codes, &[]), number)?;
        Ok(Tag { address, store: store.id })
    }

    /// The types of the values that its exceptions carry, as the parameters of a function type.
    ///
    /// # Errors
    /// [`Error::WrongStore`].
    pub fn ty<'s, 'a: 's, S: AsStore<'a>>(&self, store: &'s S) -> Result<FuncType<'s>, Error> {
        let store = store.as_store();
        let address = self.address_in(store.id).ok_or(Error::WrongStore)?;
        store.inner.tag_type(address).ok_or(Error::WrongStore)
    }
}

/// A reference to an exception in a store.
///
/// It does not keep the exception. The store may free it once no operand stack, global, table or
/// exception of the store refers to it, when code that runs makes another one; it keeps the
/// exception that was thrown last. What is passed to a host function stays until that returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exn {
    serial: u32,
    store: u32,
}

impl Exn {
    pub(super) fn from_serial(serial: u32, store: u32) -> Option<Exn> {
        (serial != 0).then_some(Exn { serial, store })
    }

    pub(super) fn serial_in(self, store: u32) -> Option<u32> {
        (self.store == store).then_some(self.serial)
    }

    /// Makes an exception with these values.
    ///
    /// # Errors
    /// [`Error::TypeMismatch`] when the values are not those of the tag; [`Error::WrongStore`];
    /// [`TrapCode::OutOfMemory`] beyond the store's limit, or what the allocator has.
    pub fn new<'a>(mut store: impl AsStoreMut<'a>, tag: Tag, values: &[Val]) -> Result<Exn, Error> {
        let store = store.as_store_mut().inside();
        let ty = tag.ty(&*store)?;
        if ty.params().len() != values.len() {
            return Err(Error::TypeMismatch);
        }
        let slots: TryVec<u32> = TryVec::zeroed(ty.slots().0 as usize)?;
        let mut at = 0;
        for (value, ty) in values.iter().zip(ty.params()) {
            if !value.has_type(&store.inner, store.id, ty) {
                return Err(Error::TypeMismatch);
            }
            let bits = value.to_bits(store.id).ok_or(Error::WrongStore)?;
            // SAFETY: the list has the slots of all values, as the types say, and `at` those of the
            // values before.
            at += unsafe { Val::put(ty, bits, slots.as_mut_ptr().wrapping_add(at)) };
        }
        let serial = store.inner.new_exception(tag.address, &slots).map_err(Trap::new)?;
        Ok(Exn { serial, store: store.id })
    }

    fn data<'s, T>(&self, store: &'s Store<'_, T>) -> Result<(u32, &'s [u32]), Error> {
        let serial = self.serial_in(store.id).ok_or(Error::WrongStore)?;
        store.inner.exception(serial).ok_or(Error::Trap(Trap::new(TrapCode::NullException)))
    }

    /// Its tag.
    ///
    /// # Errors
    /// [`Error::WrongStore`]; [`TrapCode::NullException`] when the exception was freed.
    pub fn tag<'a>(&self, store: impl AsStore<'a>) -> Result<Tag, Error> {
        let store = store.as_store();
        let (address, _) = self.data(store)?;
        Ok(Tag { address, store: store.id })
    }

    /// The value with this index that it carries; `None` beyond the last.
    ///
    /// # Errors
    /// As for [`Exn::tag`].
    pub fn value<'a>(&self, store: impl AsStore<'a>, index: usize) -> Result<Option<Val>, Error> {
        let store = store.as_store();
        let (tag, mut slots) = self.data(store)?;
        let ty = store.inner.tag_type(tag).ok_or(Error::WrongStore)?;
        for (at, ty) in ty.params().enumerate() {
            let Some((own, rest)) = slots.split_at_checked(ty.slots() as usize) else { break };
            if at == index {
                // SAFETY: `own` has as many slots as the type.
                let (bits, _) = unsafe { Val::take(ty, own.as_ptr()) };
                return Ok(Some(Val::from_bits(ty, bits, store.id)));
            }
            slots = rest;
        }
        Ok(None)
    }

    /// Throws it: the running host function has to return the trap, and has thrown the exception
    /// then.
    ///
    /// # Errors
    /// As for [`Exn::tag`].
    pub fn throw<'a>(&self, mut store: impl AsStoreMut<'a>) -> Result<Trap, Error> {
        let store = store.as_store_mut().inside();
        self.data(store)?;
        store.inner.set_thrown(self.serial);
        Ok(Trap::new(TrapCode::Exception))
    }
}

impl<T> Store<'_, T> {
    /// The exception that was thrown last, if no code has caught it: that of a trap with
    /// [`TrapCode::Exception`]. A host function that returns such a trap of a call of its own
    /// throws the exception again.
    pub fn exception(&self) -> Option<Exn> {
        Exn::from_serial(self.inner.thrown()?, self.id)
    }

    /// The same; the store keeps the exception no longer.
    pub fn take_exception(&mut self) -> Option<Exn> {
        let exception = self.exception();
        self.inner.set_thrown(0);
        exception
    }
}
