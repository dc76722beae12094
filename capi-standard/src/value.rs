//! `wasm_val_t` and the runtime's values.

use crate::object::{self, live, Object, What};
use crate::store::wasm_store_t;
use crate::types::*;
use core::ptr::null_mut;
use zonda::capi::{wasm_val_of_t, wasm_val_t};
use zonda::{Extern, Val, ValType};

/// A value of this type that is zero or null.
pub(crate) fn zero(ty: ValType) -> wasm_val_t {
    wasm_val_t { kind: kind_of(ty), _paddings: [0; 7], of: wasm_val_of_t { i64: 0 } }
}

/// The object that a value refers to; null for a number.
///
/// # Safety
/// A reference is null or live.
pub(crate) unsafe fn referred(value: &wasm_val_t) -> *mut Object {
    if value.kind < WASM_EXTERNREF {
        return null_mut();
    }
    // SAFETY: a reference has a pointer.
    unsafe { value.of.r#ref }.cast()
}

/// The runtime's value of the type, or what is wrong with it.
///
/// # Safety
/// As for [`referred`].
pub(crate) unsafe fn to_val(
    value: &wasm_val_t,
    ty: ValType,
    store: &wasm_store_t,
) -> Result<Val, &'static str> {
    if value.kind != kind_of(ty) {
        return Err("a value has another kind than the type says");
    }
    // SAFETY: the kind says which member was written; any bits are a number.
    #[allow(unreachable_patterns)]
    unsafe {
        Ok(match ty {
            ValType::I32 => Val::I32(value.of.i32),
            ValType::I64 => Val::I64(value.of.i64),
            ValType::F32 => Val::F32(value.of.i32 as u32),
            ValType::F64 => Val::F64(value.of.i64 as u64),
            ValType::FuncRef | ValType::ExternRef => return to_ref(referred(value), ty, store),
            _ => return Err(NO_VECTORS),
        })
    }
}

/// Why a call with vectors fails.
pub(crate) const NO_VECTORS: &str = "a wasm_val_t holds no v128";

/// A reference as the runtime's value of a type, or what is wrong with it.
///
/// # Safety
/// `object` is null or live.
pub(crate) unsafe fn to_ref(
    object: *const Object,
    ty: ValType,
    store: &wasm_store_t,
) -> Result<Val, &'static str> {
    // SAFETY: the contract.
    let Some(object) = (unsafe { live(object) }) else { return Ok(Val::zero(ty)) };
    if !core::ptr::eq(object.store(), store) {
        return Err("a reference belongs to another store");
    }
    match (ty, object.what()) {
        (ValType::ExternRef, _) => match object.number() {
            Some(number) => Ok(Val::ExternRef(Some(number))),
            None => Err("allocate memory failed"),
        },
        (ValType::FuncRef, What::Extern(Extern::Func(func))) => Ok(Val::FuncRef(Some(*func))),
        _ => Err("a reference has another kind than the type says"),
    }
}

/// The runtime's reference as an object, with a reference for the application; none where there is
/// no memory.
pub(crate) fn from_ref(value: Val, store: &wasm_store_t) -> Option<*mut Object> {
    match value {
        Val::FuncRef(Some(func)) => {
            let object = Object::new_ref(store, What::Extern(Extern::Func(func)));
            (!object.is_null()).then_some(object)
        }
        Val::ExternRef(Some(number)) => Some(Object::by_number(store, number)),
        _ => Some(null_mut()),
    }
}

/// The header's value; none where there is no memory, and for a vector, which it cannot hold.
#[allow(unreachable_patterns)]
pub(crate) fn from_val(value: Val, store: &wasm_store_t) -> Option<wasm_val_t> {
    let of = match value {
        Val::I32(value) => wasm_val_of_t { i32: value },
        Val::I64(value) => wasm_val_of_t { i64: value },
        Val::F32(bits) => wasm_val_of_t { f32: f32::from_bits(bits) },
        Val::F64(bits) => wasm_val_of_t { f64: f64::from_bits(bits) },
        Val::FuncRef(_) | Val::ExternRef(_) => {
            wasm_val_of_t { r#ref: from_ref(value, store)?.cast() }
        }
        _ => return None,
    };
    Some(wasm_val_t { of, ..zero(value.ty()) })
}

#[no_mangle]
pub unsafe extern "C" fn wasm_val_delete(value: *mut wasm_val_t) {
    // SAFETY: null or a value, whose reference is null or live.
    unsafe {
        let Some(value) = value.as_mut() else { return };
        object::delete(referred(value));
        if value.kind >= WASM_EXTERNREF {
            value.of.r#ref = null_mut();
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_val_copy(out: *mut wasm_val_t, from: *const wasm_val_t) {
    // SAFETY: null, or a place and a value, whose reference is null or live.
    unsafe {
        let (false, Some(from)) = (out.is_null(), from.as_ref()) else { return };
        if let Some(object) = live(referred(from)) {
            object.add_ref();
        }
        out.write(*from);
    }
}
