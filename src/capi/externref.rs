//! Objects of the application that a module knows as externref.
//!
//! A module holds 32 bits for a reference. Where a pointer has no more, the reference is the
//! pointer. On a 64-bit host, an object at or above 2^31 gets a number with the highest bit set,
//! and is listed for as long as its instance lives, or until it is deleted.
//!
//! Invariant: entries are made and freed under the platform's lock. A reference whose object is no
//! longer listed leads to none.

use super::extras::{Extra, Part};
use super::instance::WASMModuleInstanceCommon;
use super::types::*;
use crate::alloc::TryBox;
use crate::platform;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::{null_mut, with_exposed_provenance_mut};

/// Whether a pointer has more bits than a reference.
pub(super) const WIDE: bool = size_of::<usize>() > size_of::<u32>();
/// References from here on are numbers of listed objects, where pointers are wide.
const LISTED: u32 = 0x8000_0000;

/// Called with an object that is deleted.
type Cleanup = Option<unsafe extern "C" fn(extern_obj: *mut c_void)>;

/// An object that an instance was given.
struct Object {
    next: *mut Object,
    instance: wasm_module_inst_t,
    object: usize,
    reference: u32,
    cleanup: Cleanup,
    /// Stays when its instance goes.
    retained: bool,
}

struct List(UnsafeCell<(*mut Object, u32)>);
// SAFETY: touched under the platform's lock only.
unsafe impl Sync for List {}

/// The objects, and the number of the last one.
static OBJECTS: List = List(UnsafeCell::new((null_mut(), 0)));

/// The first object that `wanted` accepts.
///
/// # Safety
/// The caller holds the platform's lock.
unsafe fn find(mut wanted: impl FnMut(&Object) -> bool) -> Option<&'static mut Object> {
    // SAFETY: objects in the list are live, and the lock keeps them so.
    unsafe {
        let mut at = (*OBJECTS.0.get()).0;
        while let Some(object) = at.as_mut() {
            if wanted(object) {
                return Some(object);
            }
            at = object.next;
        }
    }
    None
}

/// Takes the first object that `wanted` accepts out of the list, and cleans it up.
fn delete(mut wanted: impl FnMut(&Object) -> bool) -> bool {
    let taken = platform::locked(|| {
        // SAFETY: the lock is held, and objects in the list are live.
        unsafe {
            let mut link = &raw mut (*OBJECTS.0.get()).0;
            while let Some(object) = (*link).as_mut() {
                if wanted(object) {
                    let taken = *link;
                    *link = object.next;
                    return taken;
                }
                link = &raw mut object.next;
            }
        }
        null_mut()
    });
    if taken.is_null() {
        return false;
    }
    // SAFETY: made by `listed`, and no longer in the list.
    let object = unsafe { TryBox::from_raw(taken) };
    if let Some(cleanup) = object.cleanup {
        // SAFETY: the application gave the function for this object.
        unsafe { cleanup(with_exposed_provenance_mut(object.object)) };
    }
    true
}

/// What an instance has objects for: their end.
struct Objects;

impl Extra for Objects {
    const PART: Part = Part::Objects;
    unsafe fn end(&mut self, owner: *mut ()) {
        let instance = owner.cast::<WASMModuleInstanceCommon>();
        while delete(|object| object.instance == instance && !object.retained) {}
    }
}

/// The reference for an object, which is listed from now on; `None` without memory.
///
/// # Safety
/// `instance` is live and used by this thread.
#[cold]
#[inline(never)]
unsafe fn listed(instance: wasm_module_inst_t, object: usize) -> Option<u32> {
    // SAFETY: the lock is held; the instance is live by the contract of this function.
    unsafe {
        let same = |known: &Object| known.instance == instance && known.object == object;
        let known = platform::locked(|| find(same).map(|known| known.reference));
        if known.is_some() {
            return known;
        }
        if (*instance).extras.find(|_: &Objects| true).is_none() {
            (*instance).extras.add(Objects).ok()?;
        }
        let made = TryBox::new(Object {
            next: null_mut(),
            instance,
            object,
            reference: object as u32,
            cleanup: None,
            retained: false,
        });
        let made = made.ok()?.into_raw();
        platform::locked(|| {
            let (first, last) = &mut *OBJECTS.0.get();
            if WIDE && object >= LISTED as usize {
                // 2^31 objects fit no memory, so a number that is in use is rare, and passed over.
                loop {
                    *last = last.wrapping_add(1) | LISTED;
                    let number = *last;
                    if find(|known| known.reference == number).is_none() {
                        break;
                    }
                }
                (*made).reference = *last;
            }
            (*made).next = *first;
            *first = made;
            Some((*made).reference)
        })
    }
}

/// The reference that a module gets for an object; 0 for null. `None` without memory.
///
/// # Safety
/// `instance` is live and used by this thread.
#[inline]
pub(super) unsafe fn to_module(instance: wasm_module_inst_t, object: usize) -> Option<u32> {
    if WIDE && object >= LISTED as usize {
        // SAFETY: handed on.
        return unsafe { listed(instance, object) };
    }
    Some(object as u32)
}

/// The object that a reference of a module stands for; null for one that was deleted.
#[inline]
pub(super) fn from_module(reference: u32) -> usize {
    if WIDE && reference & LISTED != 0 {
        // SAFETY: the lock is held.
        return platform::locked(|| unsafe {
            find(|object| object.reference == reference).map_or(0, |object| object.object)
        });
    }
    reference as usize
}

/// Stores the reference by which a module knows an object of the application, and remembers the
/// object for the instance. Returns false if there is no memory.
#[no_mangle]
pub unsafe extern "C" fn wasm_externref_obj2ref(
    module_inst: wasm_module_inst_t,
    extern_obj: *mut c_void,
    p_externref_idx: *mut u32,
) -> bool {
    // SAFETY: the application passes a live instance and a place.
    unsafe {
        let object = extern_obj.expose_provenance();
        let reference = if object == 0 { Some(0) } else { listed(module_inst, object) };
        let Some(reference) = reference else { return false };
        *p_externref_idx = reference;
    }
    true
}

/// Stores the object that a reference stands for, NULL for 0. Returns false if there is none.
#[no_mangle]
pub unsafe extern "C" fn wasm_externref_ref2obj(
    externref_idx: u32,
    p_extern_obj: *mut *mut c_void,
) -> bool {
    let object = from_module(externref_idx);
    // SAFETY: the application passes a place.
    unsafe { *p_extern_obj = with_exposed_provenance_mut(object) };
    externref_idx == 0 || object != 0
}

/// Forgets an object of an instance, after its cleanup function was called. Returns false if the
/// instance was not given it.
#[no_mangle]
pub unsafe extern "C" fn wasm_externref_objdel(
    module_inst: wasm_module_inst_t,
    extern_obj: *mut c_void,
) -> bool {
    let object = extern_obj.addr();
    delete(|known| known.instance == module_inst && known.object == object)
}

/// Sets the function that is called with an object of an instance when it is deleted, or when the
/// instance is freed. Returns false if the instance was not given the object.
#[no_mangle]
pub unsafe extern "C" fn wasm_externref_set_cleanup(
    module_inst: wasm_module_inst_t,
    extern_obj: *mut c_void,
    extern_obj_cleanup: Option<unsafe extern "C" fn(extern_obj: *mut c_void)>,
) -> bool {
    let object = extern_obj.addr();
    // SAFETY: the lock is held.
    platform::locked(|| unsafe {
        let found = find(|known| known.instance == module_inst && known.object == object);
        found.map(|known| known.cleanup = extern_obj_cleanup).is_some()
    })
}

/// Keeps an object when its instance is freed, until wasm_externref_objdel(). Returns false if the
/// reference is none of an object that an instance was given.
#[no_mangle]
pub unsafe extern "C" fn wasm_externref_retain(externref_idx: u32) -> bool {
    // SAFETY: the lock is held.
    platform::locked(|| unsafe {
        let found = find(|known| known.reference == externref_idx);
        found.map(|known| known.retained = true).is_some()
    })
}
