//! Traps, and the frames in which they happened.

use crate::object::{self, Object, What};
use crate::store::wasm_store_t;
use crate::types::{hand_out, take_back};
use crate::vector::{self, wasm_byte_vec_t, wasm_frame_vec_t, Vector};
use crate::{wasm_instance_t, wasm_trap_t};
use core::ptr::{null, null_mut};
use zonda::{TrapCode, TryVec};

/// What WAMR puts in front of a message.
const PREFIX: &str = "Exception: ";

/// The message of a trap.
pub(crate) enum Text {
    Constant(&'static str),
    Own(TryVec<u8>),
}

impl Text {
    fn bytes(&self) -> &[u8] {
        match self {
            Text::Constant(text) => text.as_bytes(),
            Text::Own(bytes) => bytes,
        }
    }

    /// A text of several parts; the first part alone where there is no memory.
    pub(crate) fn of(first: &'static str, parts: &[&str]) -> Text {
        let mut bytes = TryVec::new();
        for part in core::iter::once(&first).chain(parts) {
            if bytes.append(part.as_bytes()).is_err() {
                return Text::Constant(first);
            }
        }
        Text::Own(bytes)
    }
}

/// What a trap object stands for.
pub(crate) struct TrapData {
    /// Whether the message begins with [`PREFIX`], which the text does not have.
    prefixed: bool,
    text: Text,
    frames: TryVec<wasm_frame_t>,
}

/// A call that was active. Owns a handle of its instance.
pub struct wasm_frame_t {
    instance: *mut wasm_instance_t,
    func: u32,
    func_offset: usize,
    module_offset: usize,
}

impl wasm_frame_t {
    fn copied(&self) -> wasm_frame_t {
        // SAFETY: null, or live, as this frame owns a handle.
        wasm_frame_t { instance: unsafe { object::copy(self.instance) }, ..*self }
    }
}

impl Drop for wasm_frame_t {
    fn drop(&mut self) {
        // SAFETY: null, or the handle that the frame owns.
        unsafe { object::delete(self.instance) }
    }
}

/// The trap for a call that fails where there is no memory for its trap: made with the store.
pub(crate) fn out_of_memory(store: &wasm_store_t) -> *mut Object {
    let text = Text::Constant(zonda::capi::exception(TrapCode::OutOfMemory));
    let trap = TrapData { prefixed: true, text, frames: TryVec::new() };
    let made = Object::new(store, What::Trap(trap));
    // SAFETY: null or made here.
    if let Some(made) = unsafe { made.as_ref() } {
        made.own_by_store();
    }
    made
}

/// A trap, with a handle for the application; that of the store where there is no memory for
/// another. Never null while the store exists.
pub(crate) fn make(store: &wasm_store_t, prefixed: bool, text: Text) -> *mut wasm_trap_t {
    let made = Object::new(store, What::Trap(TrapData { prefixed, text, frames: TryVec::new() }));
    if !made.is_null() {
        return made;
    }
    // SAFETY: null, or pinned while the store exists.
    unsafe { object::copy(store.last_resort.get()) }
}

/// The trap for a call that the runtime ended: that of the host function, if one failed.
pub(crate) fn of_call(store: &wasm_store_t, trap: zonda::Trap) -> *mut wasm_trap_t {
    let thrown = store.thrown.replace(null_mut());
    let made = if trap.code != TrapCode::Host || thrown.is_null() {
        // SAFETY: null, or the handle that the host function has returned.
        unsafe { object::delete(thrown) };
        make(store, true, Text::Constant(zonda::capi::exception(trap.code)))
    } else {
        thrown
    };
    if core::ptr::eq(made, store.last_resort.get()) {
        return made;
    }
    // SAFETY: null or live, and nobody borrows what it stands for: functions of this file do, which
    // do not call each other meanwhile.
    if let Some(data) = unsafe { Object::trap_mut(made) } {
        data.prefixed = !data.text.bytes().starts_with(PREFIX.as_bytes());
        if data.frames.is_empty() && trap.func != u32::MAX {
            // Without memory the trap has no frame.
            let _ = data.frames.push(innermost(store, trap));
        }
    }
    made
}

/// The frame of a trap. The runtime knows the function's index in its module and the offset, and
/// not the instance: it is the one whose function has an instruction there, if only one has.
fn innermost(store: &wasm_store_t, trap: zonda::Trap) -> wasm_frame_t {
    let offset = trap.offset as usize;
    let mut instance = null_mut();
    let mut frame = wasm_frame_t {
        instance: null_mut(),
        func: trap.func,
        func_offset: 0,
        module_offset: offset,
    };
    let mut found = 0u32;
    object::instances(store, |object, module| {
        for func in module.funcs().filter(|func| func.index == trap.func) {
            let (start, len) = (func.code.0 as usize, func.code.1 as usize);
            if let Some(from_start) = offset.checked_sub(start).filter(|&at| at < len) {
                found = found.saturating_add(1);
                instance = (&raw const *object).cast_mut();
                frame.func_offset = from_start;
            }
        }
    });
    if found == 1 {
        // SAFETY: live, as it is in the list.
        frame.instance = unsafe { object::copy(instance) };
    }
    frame
}

/// # Safety
/// `trap` is null or live, and nobody changes what it stands for meanwhile.
unsafe fn data<'o>(trap: *const wasm_trap_t) -> Option<&'o TrapData> {
    // SAFETY: the contract.
    match unsafe { object::live(trap) }?.what() {
        What::Trap(data) => Some(data),
        _ => None,
    }
}

/// A trap for a host function to return. The message ends with NUL; one that does not gets it.
#[no_mangle]
pub unsafe extern "C" fn wasm_trap_new(
    store: *mut wasm_store_t,
    message: *const wasm_byte_vec_t,
) -> *mut wasm_trap_t {
    // SAFETY: null, or a store and a vector, which nobody changes meanwhile.
    let (store, message) = unsafe { (store.as_ref(), message.as_ref()) };
    let Some(store) = store else { return null_mut() };
    let mut bytes = TryVec::new();
    if let Some(message) = message {
        // SAFETY: as above.
        for &byte in unsafe { message.as_slice() } {
            if bytes.push(u8::from_ne_bytes(byte.to_ne_bytes())).is_err() {
                return null_mut();
            }
        }
    }
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    let trap = TrapData { prefixed: false, text: Text::Own(bytes), frames: TryVec::new() };
    Object::new(store, What::Trap(trap))
}

/// Stores a copy of the message, which ends with NUL.
#[no_mangle]
pub unsafe extern "C" fn wasm_trap_message(trap: *const wasm_trap_t, out: *mut wasm_byte_vec_t) {
    // SAFETY: null, or live and a place for a vector; the vector that is made has the bytes that
    // are written.
    unsafe {
        if out.is_null() {
            return;
        }
        out.write(Vector::EMPTY);
        let Some(data) = data(trap) else { return };
        let prefix = if data.prefixed { PREFIX.as_bytes() } else { b"" };
        let text = data.text.bytes();
        let size = prefix.len() + text.len() + 1;
        if vector::make(out, size, null()) {
            let at = (*out).data.cast::<u8>();
            at.copy_from_nonoverlapping(prefix.as_ptr(), prefix.len());
            at.add(prefix.len()).copy_from_nonoverlapping(text.as_ptr(), text.len());
            (*out).num_elems = size;
        }
    }
}

/// The frame in which it happened; NULL if none is known.
#[no_mangle]
pub unsafe extern "C" fn wasm_trap_origin(trap: *const wasm_trap_t) -> *mut wasm_frame_t {
    // SAFETY: null or live.
    match unsafe { data(trap) }.and_then(|data| data.frames.first()) {
        Some(frame) => hand_out(frame.copied()),
        None => null_mut(),
    }
}

/// Stores the frames that were active, the innermost first.
#[no_mangle]
pub unsafe extern "C" fn wasm_trap_trace(trap: *const wasm_trap_t, out: *mut wasm_frame_vec_t) {
    // SAFETY: null, or live and a place for a vector.
    unsafe {
        if out.is_null() {
            return;
        }
        out.write(Vector::EMPTY);
        let Some(data) = data(trap) else { return };
        if !vector::make(out, data.frames.len(), null()) {
            return;
        }
        for frame in data.frames.iter() {
            let frame = hand_out(frame.copied());
            if frame.is_null() {
                vector::delete(out);
                return;
            }
            vector::push(out, frame);
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_frame_delete(frame: *mut wasm_frame_t) {
    // SAFETY: null, or made by this file.
    unsafe { take_back(frame) }
}

#[no_mangle]
pub unsafe extern "C" fn wasm_frame_copy(frame: *const wasm_frame_t) -> *mut wasm_frame_t {
    // SAFETY: null or live.
    unsafe { frame.as_ref() }.map_or(null_mut(), |frame| hand_out(frame.copied()))
}

/// The instance of the function, which lasts as long as the frame.
#[no_mangle]
pub unsafe extern "C" fn wasm_frame_instance(frame: *const wasm_frame_t) -> *mut wasm_instance_t {
    // SAFETY: null or live.
    unsafe { frame.as_ref() }.map_or(null_mut(), |frame| object::reference(frame.instance))
}

/// The index of the function in its module.
#[no_mangle]
pub unsafe extern "C" fn wasm_frame_func_index(frame: *const wasm_frame_t) -> u32 {
    // SAFETY: null or live.
    unsafe { frame.as_ref() }.map_or(0, |frame| frame.func)
}

/// The offset of the instruction from the first one of its function, in bytes.
#[no_mangle]
pub unsafe extern "C" fn wasm_frame_func_offset(frame: *const wasm_frame_t) -> usize {
    // SAFETY: null or live.
    unsafe { frame.as_ref() }.map_or(0, |frame| frame.func_offset)
}

/// The offset of the instruction in the module, in bytes.
#[no_mangle]
pub unsafe extern "C" fn wasm_frame_module_offset(frame: *const wasm_frame_t) -> usize {
    // SAFETY: null or live.
    unsafe { frame.as_ref() }.map_or(0, |frame| frame.module_offset)
}
