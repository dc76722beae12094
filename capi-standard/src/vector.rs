//! The vectors of the header: an array that the runtime allocates, with its length.
//!
//! All vectors have one layout, so one function of each kind works on all. `size` is the capacity,
//! and `num_elems` the number of elements that WAMR's functions have stored; a program that knows
//! the standard header leaves it 0 and fills `size` elements.
//!
//! Invariant: what a vector of this file points at comes from `wasm_runtime_malloc`, and elements
//! that nobody has stored are zero.

use crate::object::{self, wasm_extern_t};
use crate::trap::{wasm_frame_copy, wasm_frame_delete, wasm_frame_t};
use crate::types::*;
use crate::value::{wasm_val_copy, wasm_val_delete};
use core::ffi::{c_char, c_uint, c_void};
use core::ptr::null_mut;
use zonda::capi::{wasm_runtime_free, wasm_runtime_malloc, wasm_val_t};

/// A vector with elements of the type `T`.
#[repr(C)]
pub struct Vector<T> {
    pub size: usize,
    pub data: *mut T,
    pub num_elems: usize,
    pub size_of_elem: usize,
    /// Not used.
    pub lock: *mut c_void,
}

impl<T> Vector<T> {
    pub const EMPTY: Vector<T> =
        Vector { size: 0, data: null_mut(), num_elems: 0, size_of_elem: 0, lock: null_mut() };

    /// The number of elements that are stored.
    pub(crate) fn len(&self) -> usize {
        match self.num_elems {
            _ if self.data.is_null() => 0,
            0 => self.size,
            count => count.min(self.size),
        }
    }

    /// The elements.
    ///
    /// # Safety
    /// The vector is one of the header's: `data` is null or points at `size` elements, which nobody
    /// changes during `'v`.
    pub(crate) unsafe fn as_slice<'v>(&self) -> &'v [T] {
        if self.data.is_null() {
            return &[];
        }
        // SAFETY: `len` is at most `size`, and by the contract there are as many elements.
        unsafe { core::slice::from_raw_parts(self.data, self.len()) }
    }
}

type Raw = Vector<u8>;

/// Makes `out` a vector of `size` elements of zero bytes. Returns false, with an empty vector,
/// where there is no memory.
///
/// # Safety
/// `out` is null or a place for a vector.
unsafe fn allocate(out: *mut Raw, size: usize, of: usize) -> bool {
    // SAFETY: `out` is not null, so it is a place for a vector; the block is as long as it is asked
    // for.
    unsafe {
        if out.is_null() {
            return false;
        }
        out.write(Vector::EMPTY);
        if size == 0 {
            return true;
        }
        let bytes = size.checked_mul(of).and_then(|bytes| c_uint::try_from(bytes).ok());
        let Some(bytes) = bytes else { return false };
        let data: *mut u8 = wasm_runtime_malloc(bytes).cast();
        if data.is_null() {
            return false;
        }
        data.write_bytes(0, bytes as usize);
        out.write(Vector { size, data, num_elems: 0, size_of_elem: of, lock: null_mut() });
        true
    }
}

/// What is in a vector.
///
/// # Safety
/// Zero bytes are a value.
pub(crate) unsafe trait Element: Copy {
    /// Stores a copy of an element. Returns false where there is no memory.
    ///
    /// # Safety
    /// Both point at elements.
    unsafe fn copy(from: *const Self, to: *mut Self) -> bool;
    /// Releases what an element owns.
    ///
    /// # Safety
    /// It points at an element, which nobody uses afterwards.
    unsafe fn delete(at: *mut Self);
}

/// Makes a vector that owns the elements that `from` points at, or elements of zero bytes.
///
/// # Safety
/// `out` is null or a place for a vector, and `from` null or `size` elements.
pub(crate) unsafe fn make<T: Element>(out: *mut Vector<T>, size: usize, from: *const T) -> bool {
    // SAFETY: `allocate` has reserved `size` elements where it returns true; vectors differ in the
    // type of `data` alone.
    unsafe {
        let made = allocate(out.cast(), size, size_of::<T>());
        if from.is_null() || size == 0 {
            return made;
        }
        if made {
            (*out).data.copy_from_nonoverlapping(from, size);
            (*out).num_elems = size;
        } else {
            // The callee owns them.
            for index in 0..size {
                let mut element = from.add(index).read();
                T::delete(&raw mut element);
            }
        }
        made
    }
}

/// Makes a vector of copies.
///
/// # Safety
/// `out` is null or a place for a vector, and `from` null or a vector.
pub(crate) unsafe fn copy<T: Element>(out: *mut Vector<T>, from: *const Vector<T>) -> bool {
    // SAFETY: `from` is a vector where it is not null, so `as_slice` has its elements; `allocate`
    // has reserved as many in `out`.
    unsafe {
        let elements = if from.is_null() { &[] } else { (*from).as_slice() };
        if !allocate(out.cast(), elements.len(), size_of::<T>()) {
            return false;
        }
        for (index, element) in elements.iter().enumerate() {
            if !T::copy(element, (*out).data.add(index)) {
                delete(out);
                return false;
            }
            (*out).num_elems += 1;
        }
        true
    }
}

/// Frees the vector and what its elements own.
///
/// # Safety
/// `vector` is null or a vector that the runtime has allocated.
pub(crate) unsafe fn delete<T: Element>(vector: *mut Vector<T>) {
    // SAFETY: the vector has `size` elements, those that were not stored of zero bytes, which own
    // nothing.
    unsafe {
        if vector.is_null() {
            return;
        }
        let owned = core::mem::replace(&mut *vector, Vector::EMPTY);
        if owned.data.is_null() {
            return;
        }
        for index in 0..owned.size {
            T::delete(owned.data.add(index));
        }
        wasm_runtime_free(owned.data.cast());
    }
}

/// Appends an element to a vector that has capacity for it.
///
/// # Safety
/// `vector` is a vector.
pub(crate) unsafe fn push<T>(vector: *mut Vector<T>, element: T) {
    // SAFETY: compared with the capacity.
    unsafe {
        let at = (*vector).num_elems;
        if at < (*vector).size {
            (*vector).data.add(at).write(element);
            (*vector).num_elems = at + 1;
        }
    }
}

macro_rules! vectors {
    ($($vector:ident $element:ty: $empty:ident $uninitialized:ident $new:ident $copy:ident $delete:ident;)*) => { $(
        pub type $vector = Vector<$element>;

        #[no_mangle]
        pub unsafe extern "C" fn $empty(out: *mut $vector) {
            if !out.is_null() {
                // SAFETY: not null, so a place for a vector.
                unsafe { out.write(Vector::EMPTY) };
            }
        }

        #[no_mangle]
        pub unsafe extern "C" fn $uninitialized(out: *mut $vector, size: usize) {
            // SAFETY: `make` checks `out` for null.
            unsafe { make(out, size, core::ptr::null()) };
        }

        #[no_mangle]
        pub unsafe extern "C" fn $new(out: *mut $vector, size: usize, data: *const $element) {
            // SAFETY: `make` checks both for null; the application says that there are `size` elements.
            unsafe { make(out, size, data) };
        }

        #[no_mangle]
        pub unsafe extern "C" fn $copy(out: *mut $vector, from: *const $vector) {
            // SAFETY: `copy` checks both for null.
            unsafe { copy(out, from) };
        }

        #[no_mangle]
        pub unsafe extern "C" fn $delete(vector: *mut $vector) {
            // SAFETY: `delete` checks it for null.
            unsafe { delete(vector) };
        }
    )* };
}

vectors! {
    wasm_byte_vec_t c_char:
        wasm_byte_vec_new_empty wasm_byte_vec_new_uninitialized wasm_byte_vec_new wasm_byte_vec_copy wasm_byte_vec_delete;
    wasm_valtype_vec_t *mut wasm_valtype_t:
        wasm_valtype_vec_new_empty wasm_valtype_vec_new_uninitialized wasm_valtype_vec_new wasm_valtype_vec_copy
        wasm_valtype_vec_delete;
    wasm_functype_vec_t *mut wasm_functype_t:
        wasm_functype_vec_new_empty wasm_functype_vec_new_uninitialized wasm_functype_vec_new wasm_functype_vec_copy
        wasm_functype_vec_delete;
    wasm_globaltype_vec_t *mut wasm_globaltype_t:
        wasm_globaltype_vec_new_empty wasm_globaltype_vec_new_uninitialized wasm_globaltype_vec_new wasm_globaltype_vec_copy
        wasm_globaltype_vec_delete;
    wasm_tabletype_vec_t *mut wasm_tabletype_t:
        wasm_tabletype_vec_new_empty wasm_tabletype_vec_new_uninitialized wasm_tabletype_vec_new wasm_tabletype_vec_copy
        wasm_tabletype_vec_delete;
    wasm_memorytype_vec_t *mut wasm_memorytype_t:
        wasm_memorytype_vec_new_empty wasm_memorytype_vec_new_uninitialized wasm_memorytype_vec_new wasm_memorytype_vec_copy
        wasm_memorytype_vec_delete;
    wasm_externtype_vec_t *mut wasm_externtype_t:
        wasm_externtype_vec_new_empty wasm_externtype_vec_new_uninitialized wasm_externtype_vec_new wasm_externtype_vec_copy
        wasm_externtype_vec_delete;
    wasm_importtype_vec_t *mut wasm_importtype_t:
        wasm_importtype_vec_new_empty wasm_importtype_vec_new_uninitialized wasm_importtype_vec_new wasm_importtype_vec_copy
        wasm_importtype_vec_delete;
    wasm_exporttype_vec_t *mut wasm_exporttype_t:
        wasm_exporttype_vec_new_empty wasm_exporttype_vec_new_uninitialized wasm_exporttype_vec_new wasm_exporttype_vec_copy
        wasm_exporttype_vec_delete;
    wasm_val_vec_t wasm_val_t:
        wasm_val_vec_new_empty wasm_val_vec_new_uninitialized wasm_val_vec_new wasm_val_vec_copy wasm_val_vec_delete;
    wasm_frame_vec_t *mut wasm_frame_t:
        wasm_frame_vec_new_empty wasm_frame_vec_new_uninitialized wasm_frame_vec_new wasm_frame_vec_copy wasm_frame_vec_delete;
    wasm_extern_vec_t *mut wasm_extern_t:
        wasm_extern_vec_new_empty wasm_extern_vec_new_uninitialized wasm_extern_vec_new wasm_extern_vec_copy
        wasm_extern_vec_delete;
}

// SAFETY: zero is a value.
unsafe impl Element for c_char {
    unsafe fn copy(from: *const c_char, to: *mut c_char) -> bool {
        // SAFETY: both point at elements, by the contract of the trait.
        unsafe { *to = *from };
        true
    }
    unsafe fn delete(_: *mut c_char) {}
}

// SAFETY: zero bytes are an i32 of 0.
unsafe impl Element for wasm_val_t {
    unsafe fn copy(from: *const wasm_val_t, to: *mut wasm_val_t) -> bool {
        // SAFETY: both point at elements, by the contract of the trait.
        unsafe { wasm_val_copy(to, from) };
        true
    }
    unsafe fn delete(at: *mut wasm_val_t) {
        // SAFETY: it points at an element, by the contract of the trait.
        unsafe { wasm_val_delete(at) }
    }
}

macro_rules! pointers {
    ($($element:ty: $copy:path, $delete:path;)*) => { $(
        // SAFETY: zero bytes are a null pointer.
        unsafe impl Element for *mut $element {
            unsafe fn copy(from: *const Self, to: *mut Self) -> bool {
                // SAFETY: both point at elements, by the contract of the trait, and an element is null or an object of its type.
                unsafe {
                    *to = $copy(*from);
                    (*from).is_null() || !(*to).is_null()
                }
            }
            unsafe fn delete(at: *mut Self) {
                // SAFETY: as above; the function ignores null.
                unsafe { $delete(*at) }
            }
        }
    )* };
}

pointers! {
    wasm_valtype_t: wasm_valtype_copy, wasm_valtype_delete;
    wasm_functype_t: wasm_functype_copy, wasm_functype_delete;
    wasm_globaltype_t: wasm_globaltype_copy, wasm_globaltype_delete;
    wasm_tabletype_t: wasm_tabletype_copy, wasm_tabletype_delete;
    wasm_memorytype_t: wasm_memorytype_copy, wasm_memorytype_delete;
    wasm_externtype_t: wasm_externtype_copy, wasm_externtype_delete;
    wasm_importtype_t: wasm_importtype_copy, wasm_importtype_delete;
    wasm_exporttype_t: wasm_exporttype_copy, wasm_exporttype_delete;
    wasm_frame_t: wasm_frame_copy, wasm_frame_delete;
    wasm_extern_t: object::copy, object::delete;
}
