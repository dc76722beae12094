//! Values as the embedder sees them, and how they lie in slots.

#[cfg(feature = "exceptions")]
use super::exception::Exn;
use super::func::Func;
#[cfg(feature = "gc")]
use super::object::AnyRef;
#[cfg(feature = "function-references")]
use crate::binary::references::{heap, Hierarchy};
use crate::binary::types::{Code, ValType};
pub(super) use crate::registry::sealed;
pub use crate::registry::Value;
use crate::store::StoreData;
use zonda_exec::vector::{self, Bits};

/// A value with its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Val {
    I32(i32),
    I64(i64),
    /// The bits of an f32.
    F32(u32),
    /// The bits of an f64.
    F64(u64),
    /// A vector of 128 bits, its lowest lane in the lowest bits.
    #[cfg(feature = "simd")]
    V128(u128),
    /// A function, or null.
    FuncRef(Option<Func>),
    /// A number of the embedder's below `u32::MAX`, or null.
    ExternRef(Option<u32>),
    /// An exception, or null.
    #[cfg(feature = "exceptions")]
    ExnRef(Option<Exn>),
    /// A structure, an array, a 31-bit integer or an external reference among them, or null.
    #[cfg(feature = "gc")]
    AnyRef(Option<AnyRef>),
}

impl Val {
    /// Its type.
    pub fn ty(&self) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            #[cfg(feature = "simd")]
            Val::V128(_) => ValType::V128,
            Val::FuncRef(_) => ValType::FuncRef,
            Val::ExternRef(_) => ValType::ExternRef,
            #[cfg(feature = "exceptions")]
            Val::ExnRef(_) => ValType::ExnRef,
            #[cfg(feature = "gc")]
            Val::AnyRef(_) => AnyRef::TYPE,
        }
    }

    /// Zero or null.
    pub fn zero(ty: ValType) -> Val {
        match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            #[cfg(feature = "simd")]
            ValType::V128 => Val::V128(0),
            ValType::FuncRef => Val::FuncRef(None),
            ValType::ExternRef => Val::ExternRef(None),
            #[cfg(feature = "exceptions")]
            ValType::ExnRef => Val::ExnRef(None),
            #[cfg(feature = "function-references")]
            ValType::Ref(ty) => Val::reference(ty.hierarchy(), 0, 0),
        }
    }

    /// Whether it is a value of a type.
    #[cfg(not(feature = "function-references"))]
    #[inline(always)]
    pub(crate) fn has_type(&self, _: &StoreData, _: u32, ty: ValType) -> bool {
        self.ty() == ty
    }

    /// Whether it is a value of a type of the store. One of another store may be.
    #[cfg(feature = "function-references")]
    pub(crate) fn has_type(&self, store: &StoreData, id: u32, ty: ValType) -> bool {
        let hierarchy = match self {
            Val::FuncRef(_) => heap::FUNC,
            Val::ExternRef(_) => heap::EXTERN,
            #[cfg(feature = "exceptions")]
            Val::ExnRef(_) => heap::EXN,
            #[cfg(feature = "gc")]
            Val::AnyRef(_) => heap::ANY,
            _ => return self.ty() == ty,
        };
        self.to_bits(id).is_none_or(|bits| store.is_value(hierarchy, bits as u32, ty.code()))
    }

    /// The value's bits; `None` when it is a function of another store, or a number that is too
    /// large.
    pub(crate) fn to_bits(self, store: u32) -> Option<Bits> {
        Some(match self {
            Val::I32(value) => value as u32 as Bits,
            Val::I64(value) => value as u64 as Bits,
            Val::F32(bits) => bits as Bits,
            Val::F64(bits) => bits as Bits,
            #[cfg(feature = "simd")]
            Val::V128(bits) => bits,
            Val::FuncRef(None) | Val::ExternRef(None) => 0,
            Val::FuncRef(Some(func)) => func.address_in(store)? as Bits,
            Val::ExternRef(Some(number)) => number.checked_add(1)? as Bits,
            #[cfg(feature = "exceptions")]
            Val::ExnRef(exception) => match exception {
                Some(exception) => exception.serial_in(store)? as Bits,
                None => 0,
            },
            #[cfg(feature = "gc")]
            Val::AnyRef(None) => 0,
            #[cfg(feature = "gc")]
            Val::AnyRef(Some(reference)) => reference.bits_in(store)? as Bits,
        })
    }

    /// A reference by its bits.
    #[cfg(feature = "function-references")]
    fn reference(hierarchy: Hierarchy, bits: u32, store: u32) -> Val {
        match hierarchy {
            Hierarchy::Func => Val::FuncRef(Func::from_address(bits, store)),
            Hierarchy::Extern => Val::ExternRef(bits.checked_sub(1)),
            #[cfg(feature = "exceptions")]
            Hierarchy::Exn => Val::ExnRef(Exn::from_serial(bits, store)),
            #[cfg(feature = "gc")]
            Hierarchy::Any => Val::AnyRef(AnyRef::from_bits(bits, store)),
        }
    }

    pub(crate) fn from_bits(ty: ValType, bits: Bits, store: u32) -> Val {
        match ty {
            ValType::I32 => Val::I32(bits as i32),
            ValType::I64 => Val::I64(bits as i64),
            ValType::F32 => Val::F32(bits as u32),
            ValType::F64 => Val::F64(vector::low(bits)),
            #[cfg(feature = "simd")]
            ValType::V128 => Val::V128(bits),
            ValType::FuncRef => Val::FuncRef(Func::from_address(bits as u32, store)),
            ValType::ExternRef => Val::ExternRef((bits as u32).checked_sub(1)),
            #[cfg(feature = "exceptions")]
            ValType::ExnRef => Val::ExnRef(Exn::from_serial(bits as u32, store)),
            #[cfg(feature = "function-references")]
            ValType::Ref(ty) => Val::reference(ty.hierarchy(), bits as u32, store),
        }
    }

    /// Writes bits as a value of the type and returns its number of slots.
    ///
    /// # Safety
    /// `at` points at as many slots.
    pub(crate) unsafe fn put(ty: ValType, bits: Bits, at: *mut u32) -> usize {
        // SAFETY: writes as many slots as the type has, which are at `at` by the contract of this
        // function.
        unsafe { vector::write(at, ty.slots(), bits) };
        ty.slots() as usize
    }

    /// Reads the bits of a value of the type; also returns its number of slots.
    ///
    /// # Safety
    /// `at` points at as many slots.
    pub(crate) unsafe fn take(ty: ValType, at: *const u32) -> (Bits, usize) {
        // SAFETY: reads as many slots as the type has, which are at `at` by the contract of this
        // function.
        let bits = unsafe { vector::read(at, ty.slots()) };
        (bits, ty.slots() as usize)
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Val {
        Val::I32(value)
    }
}
impl From<i64> for Val {
    fn from(value: i64) -> Val {
        Val::I64(value)
    }
}
impl From<f32> for Val {
    fn from(value: f32) -> Val {
        Val::F32(value.to_bits())
    }
}
impl From<f64> for Val {
    fn from(value: f64) -> Val {
        Val::F64(value.to_bits())
    }
}

/// Parameters of a typed function: a tuple of up to eight values, or a single one.
pub trait Params: sealed::Values {
    #[doc(hidden)]
    const CODES: &'static [Code];
    #[doc(hidden)]
    const SLOTS: usize;
    /// # Safety
    /// `at` points at as many slots.
    #[doc(hidden)]
    unsafe fn put(self, at: *mut u32);
}

/// Results of a typed function: a tuple of up to eight values, a single one, or nothing.
pub trait Results: Sized + sealed::Values {
    #[doc(hidden)]
    const CODES: &'static [Code];
    #[doc(hidden)]
    const SLOTS: usize;
    /// # Safety
    /// `at` points at as many slots.
    #[doc(hidden)]
    unsafe fn get(at: *const u32) -> Self;
}

impl<V: Value> sealed::Values for V {}

impl<V: Value> Params for V {
    const CODES: &'static [Code] = &[V::CODE];
    const SLOTS: usize = V::SLOTS;
    #[inline(always)]
    unsafe fn put(self, at: *mut u32) {
        // SAFETY: the slots of the value are at `at`, by the contract of the trait.
        unsafe { Value::put(self, at) }
    }
}

impl<V: Value> Results for V {
    const CODES: &'static [Code] = &[V::CODE];
    const SLOTS: usize = V::SLOTS;
    #[inline(always)]
    unsafe fn get(at: *const u32) -> V {
        // SAFETY: the slots of the value are at `at`, by the contract of the trait.
        unsafe { <V as Value>::get(at) }
    }
}

macro_rules! tuples {
    ($(($($v:ident)*))*) => { $(
        impl<$($v: Value),*> sealed::Values for ($($v,)*) {}
        impl<$($v: Value),*> Params for ($($v,)*) {
            const CODES: &'static [Code] = &[$($v::CODE),*];
            const SLOTS: usize = 0 $(+ $v::SLOTS)*;
            #[inline(always)]
            #[allow(non_snake_case, unused_mut, unused_variables, unused_assignments)]
            unsafe fn put(self, at: *mut u32) {
                let ($($v,)*) = self;
                let mut at = at;
                $(
                    // SAFETY: the slots of all values are at `at`, by the contract of the trait,
                    // each value behind the one before.
                    unsafe { Value::put($v, at); at = at.add($v::SLOTS); }
                )*
            }
        }
        impl<$($v: Value),*> Results for ($($v,)*) {
            const CODES: &'static [Code] = &[$($v::CODE),*];
            const SLOTS: usize = 0 $(+ $v::SLOTS)*;
            #[inline(always)]
            #[allow(non_snake_case, unused_mut, unused_variables, unused_assignments, clippy::unused_unit)]
            unsafe fn get(at: *const u32) -> Self {
                let mut at = at;
                $(
                    // SAFETY: as in `put`.
                    let $v = unsafe { let value = <$v as Value>::get(at); at = at.add($v::SLOTS); value };
                )*
                ($($v,)*)
            }
        }
    )* };
}

tuples! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }
