//! Call stacks, memory consumption, and growth of memories that fails.
//!
//! A call stack is that of a trap, which is kept until the exception is cleared, or that of the
//! running call, for a native function. A frame is kept as three addresses; indices, offsets and
//! names are computed when somebody asks. In fast mode the offset of each frame takes as long as
//! loading the module, and needs as much native stack.

#![allow(non_camel_case_types)]

use super::exec_env::WASMExecEnv;
use super::extras::{Extra, Part};
use super::instance::WASMModuleInstanceCommon;
use super::text::{with_line, Text};
use super::types::*;
use crate::alloc::{OutOfMemory, TryVec};
use crate::binary::reader::Reader;
use crate::binary::types::ExternKind;
use crate::platform::{self, interface};
use crate::store::instance::StoreInstance;
use crate::store::StoreData;
use core::cell::UnsafeCell;
use core::ffi::{c_char, c_void};
use core::ptr::{null, null_mut};
use zonda_exec::frame::Context;
use zonda_exec::trace::Frame;

/// A frame of a call stack.
#[repr(C)]
pub struct WASMCApiFrame {
    /// The wasm_module_inst_t.
    pub instance: *mut c_void,
    /// 0.
    pub module_offset: u32,
    /// The function's index, imported ones counted.
    pub func_index: u32,
    /// Offset in the module of the instruction that runs, or inside of the call that does.
    pub func_offset: u32,
    /// NULL: wasm_runtime_dump_call_stack_to_buf() has the names.
    pub func_name_wp: *const c_char,
    /// NULL.
    pub sp: *mut u32,
    /// NULL.
    pub frame_ref: *mut u8,
    /// NULL.
    pub lp: *mut u32,
}

/// Most frames that are kept of a trap: of a deeper stack, the innermost ones.
const KEPT: usize = 64;

/// Whether every native function is called by code that knows [`Running`].
pub(super) const ON: bool = true;

/// The code that has called a native function: valid while that runs.
#[derive(Clone, Copy)]
pub(super) struct Running(*const Context);

impl Running {
    pub(super) const NONE: Running = Running(null());

    #[inline(always)]
    pub(super) fn of(context: &Context) -> Running {
        Running(context)
    }
}

/// The frames of a trap.
struct Kept(TryVec<Frame>);

impl Extra for Kept {
    const PART: Part = Part::Frames;
    unsafe fn end(&mut self, _: *mut ()) {}
}

/// Gives a new instance room for frames, so that a trap needs no memory.
pub(super) fn prepare(instance: &mut WASMModuleInstanceCommon) -> Result<(), OutOfMemory> {
    instance.extras.add(Kept(TryVec::with_capacity(KEPT)?)).map(|_| ())
}

/// A call has stopped: keeps its frames, behind those of calls that it encloses.
pub(super) fn trapped(instance: &mut WASMModuleInstanceCommon) {
    let mut frame = instance.store.observer.stopped.take();
    let Some(kept) = instance.extras.find(|_: &Kept| true) else { return };
    // SAFETY: entries are live as long as the instance, which is borrowed.
    let kept = unsafe { &mut *kept };
    while let Some(at) = frame.filter(|_| kept.0.len() < KEPT) {
        if kept.0.push(at).is_err() {
            return;
        }
        // SAFETY: execution has stopped in the frame or in one that it called, and nothing has used
        // the operand stack since: the call has just ended. Records of functions are live as long
        // as their store.
        frame = unsafe { at.caller() };
    }
}

/// The exception was cleared.
pub(super) fn cleared(instance: &mut WASMModuleInstanceCommon) {
    if let Some(known) = instance.extras.find(|_: &Kept| true) {
        // SAFETY: entries are live as long as the instance, which is borrowed.
        unsafe { (*known).0.truncate(0) };
    }
}

/// What a frame says of itself: the function's index, and the offset.
///
/// # Safety
/// The frame's instance is live.
unsafe fn place(frame: &Frame, innermost: bool) -> (u32, u32) {
    // The instruction behind a call is where its caller continues.
    let pc = if innermost { frame.pc } else { frame.pc.wrapping_sub(1) };
    // SAFETY: by the contract of this function; an instance with frames is published. Addresses of
    // code that is not there any more give a wrong place, and nothing else.
    let (func, offset) = unsafe { StoreInstance::of(frame.instance).place(frame.func, pc) };
    (func, offset)
}

/// The name of a function: of the name section, else of an export.
fn name<'a>(instance: &StoreInstance<'a>, func: u32) -> Option<&'a str> {
    let data = &*instance.module.data;
    let mut reader = Reader::new(data.bytes, 8);
    while let (Ok(id), Ok(size)) = (reader.byte(), reader.u32()) {
        let Ok(mut section) = reader.part(size as usize) else { break };
        if id == 0 && section.name() == Ok("name") {
            if let Some(name) = in_section(&mut section, func) {
                return Some(name);
            }
        }
    }
    let mut exports = data.exports();
    let export = exports.find(|export| export.kind == ExternKind::Func && export.index == func);
    export.map(|export| export.name)
}

/// The name of a function in a name section (spec: 7.4), which nobody has validated.
fn in_section<'a>(section: &mut Reader<'a>, func: u32) -> Option<&'a str> {
    loop {
        let id = section.byte().ok()?;
        let size = section.u32().ok()?;
        let mut names = section.part(size as usize).ok()?;
        if id != 1 {
            continue;
        }
        for _ in 0..names.u32().ok()? {
            let (index, name) = (names.u32().ok()?, names.name().ok()?);
            if index == func {
                return Some(name);
            }
        }
    }
}

/// Writes the kept call stack of an instance, line by line, as WAMR does.
///
/// # Safety
/// `exec_env` is live.
unsafe fn dump(exec_env: wasm_exec_env_t, mut write: impl FnMut(&[u8])) {
    // SAFETY: the contract of this function; frames are of instances of the store.
    unsafe {
        let instance = (*exec_env).instance;
        let Some(kept) = (*instance).extras.find(|_: &Kept| true) else { return };
        let offsets = platform::stack_suffices(interface::ZONDA_STACK_LOAD);
        let kept = &(*kept).0;
        let count = kept.len();
        if count == 0 {
            return;
        }
        write(b"\n");
        for number in 0..count {
            let Some(frame) = kept.get(number).copied() else { break };
            let (func, offset) = if offsets { place(&frame, number == 0) } else { (0, 0) };
            let named = name(StoreInstance::of(frame.instance), func);
            let line = |text: &mut Text| {
                text.str(if number < 10 { "#0" } else { "#" }).number(number as u32);
                text.str(": 0x");
                for digit in [0xfff, 0xff, 0xf] {
                    if offset <= digit {
                        text.str("0");
                    }
                }
                text.hexadecimal(offset as u64).str(" - ");
                match named {
                    Some(name) => text.str(name),
                    None => text.str("$f").number(func),
                };
            };
            // A long name is cut off, and its line ends.
            with_line(line, &mut write);
            write(b"\n");
        }
        write(b"\n");
    }
}

/// Prints the call stack of the last trap of the environment's instance to the console: an empty
/// line, a line "#number: offset - name" for each frame, the innermost first, and an empty line.
/// Nothing once the exception was cleared.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_dump_call_stack(exec_env: wasm_exec_env_t) {
    // SAFETY: the application passes a live environment.
    unsafe { dump(exec_env, platform::console) }
}

/// Returns how many bytes wasm_runtime_dump_call_stack_to_buf() needs, with the NUL; 0 without a
/// call stack.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_call_stack_buf_size(exec_env: wasm_exec_env_t) -> u32 {
    let mut len = 0;
    // SAFETY: the application passes a live environment.
    unsafe { dump(exec_env, |line| len += line.len()) };
    if len == 0 {
        0
    } else {
        len as u32 + 1
    }
}

/// Stores the same text, with a NUL, cut off at `len` bytes. Returns the number of bytes without
/// the NUL.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_dump_call_stack_to_buf(
    exec_env: wasm_exec_env_t,
    buf: *mut c_char,
    len: u32,
) -> u32 {
    // SAFETY: the application passes a live environment and a buffer of that size.
    unsafe {
        let mut text = Text::new(buf.cast(), len as usize);
        dump(exec_env, |line| {
            text.bytes(line);
        });
        text.get().len() as u32
    }
}

/// Stores the frames of the running call, the innermost first, for a native function: `length` at
/// most, after `skip_n` that are skipped. Returns their number, 0 outside of a native function,
/// with the reason in `error_buf`. Frames of calls that enclose this one are not among them: the
/// call by the application, or by a native function, is the last.
#[no_mangle]
pub unsafe extern "C" fn wasm_copy_callstack(
    exec_env: wasm_exec_env_t,
    buffer: *mut WASMCApiFrame,
    length: u32,
    skip_n: u32,
    error_buf: *mut c_char,
    error_buf_size: u32,
) -> u32 {
    // SAFETY: the application passes a live environment, places for as many frames, and a buffer of
    // that size. While a native function runs on the environment, the code that has called it waits
    // with its context complete.
    unsafe {
        let running = (*exec_env).running.0.as_ref().filter(|_| !(*exec_env).import.is_null());
        let mut frame = running.and_then(Frame::running);
        let reason = match (frame, buffer.is_null()) {
            (None, _) => "no native function runs",
            (_, true) => "buffer is missing",
            _ => "",
        };
        Text::new(error_buf.cast(), error_buf_size as usize).str(reason);
        if !reason.is_empty() {
            return 0;
        }
        let offsets = platform::stack_suffices(interface::ZONDA_STACK_LOAD);
        let (mut number, mut count) = (0, 0);
        while let Some(at) = frame.filter(|_| count < length) {
            if number >= skip_n {
                // The native function's caller, too, continues behind its call.
                let (func, offset) = if offsets { place(&at, false) } else { (0, 0) };
                buffer.add(count as usize).write(WASMCApiFrame {
                    instance: (*exec_env).instance.cast(),
                    module_offset: 0,
                    func_index: func,
                    func_offset: offset,
                    func_name_wp: null(),
                    sp: null_mut(),
                    frame_ref: null_mut(),
                    lp: null_mut(),
                });
                count += 1;
            }
            number += 1;
            frame = at.caller();
        }
        count
    }
}

/// Prints to the console how many bytes the environment and its instance take, and for what.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_dump_mem_consumption(exec_env: wasm_exec_env_t) {
    // SAFETY: the application passes a live environment; its instance and the store are live.
    unsafe {
        let instance = (*exec_env).instance;
        let store: &StoreData = &(*instance).store;
        let memories: usize = store.memories.iter().map(|memory| memory.seen.size()).sum();
        let tables: usize = store.tables.iter().map(|table| table.elements_ptr().len() * 4).sum();
        let records: usize = store
            .instances
            .iter()
            .map(|own| size_of::<StoreInstance>() + own.cells.len() * 4)
            .sum();
        let stack = (*exec_env).stack_bytes();
        for (what, bytes) in [
            ("linear memories", memories),
            ("tables", tables),
            ("instances", records + size_of::<WASMModuleInstanceCommon>()),
            ("operand stack", stack + size_of::<WASMExecEnv>()),
            ("application heap in use", (*instance).heap.used_bytes() as usize),
        ] {
            let line = |text: &mut Text| {
                text.str(what).str(": ").number(bytes as u32).str("\n");
            };
            with_line(line, platform::console);
        }
    }
}

/// What an execution environment and its instance use, in bytes.
#[repr(C)]
pub struct zonda_usage_t {
    /// All linear memories of the instance. They do not shrink, so it is the maximum as well.
    pub linear_memory: u32,
    /// The operand stack of the environment.
    pub operand_stack: u32,
    /// How much of it calls have used so far: up to the last slot that was not left 0. A call
    /// needs room for its whole frame, so a stack of this size may still be too small by the
    /// operands of the deepest call.
    pub operand_stack_peak: u32,
    /// What is allocated in the application heap.
    pub app_heap: u32,
}

/// Stores what an execution environment and its instance use, and have used at most. Looks at each
/// slot of the operand stack: there is no cost for calls.
#[no_mangle]
pub unsafe extern "C" fn zonda_get_usage(exec_env: wasm_exec_env_t, usage: *mut zonda_usage_t) {
    // SAFETY: the application passes a live environment, whose instance is, and a place for the
    // result. No call on the environment runs, or it waits for the native function that calls this.
    unsafe {
        let instance = (*exec_env).instance;
        let store: &StoreData = &(*instance).store;
        let memories: usize = store.memories.iter().map(|memory| memory.seen.size()).sum();
        usage.write(zonda_usage_t {
            linear_memory: u32::try_from(memories).unwrap_or(u32::MAX),
            operand_stack: (*exec_env).stack_bytes() as u32,
            operand_stack_peak: (*exec_env).stack_peak() as u32,
            app_heap: (*instance).heap.used_bytes(),
        });
    }
}

/// Why a memory has not grown.
#[repr(C)]
pub enum enlarge_memory_error_reason_t {
    /// There is no memory.
    INTERNAL_ERROR,
    /// It would be larger than its maximum, or than the embedder allows.
    MAX_SIZE_REACHED,
}

/// Called when `memory.grow` of a program fails.
pub type enlarge_memory_error_callback_t = Option<
    unsafe extern "C" fn(
        inc_page_count: u32,
        current_memory_size: u64,
        memory_index: u32,
        failure_reason: enlarge_memory_error_reason_t,
        instance: wasm_module_inst_t,
        exec_env: wasm_exec_env_t,
        user_data: *mut c_void,
    ),
>;

struct Callback(UnsafeCell<(enlarge_memory_error_callback_t, *mut c_void)>);
// SAFETY: touched under the platform's lock only.
unsafe impl Sync for Callback {}

static CALLBACK: Callback = Callback(UnsafeCell::new((None, null_mut())));

/// Sets the function that is called when `memory.grow` of a program fails, with `user_data`; NULL
/// for none. It calls no function of the instance, and does not change the memory. Until
/// wasm_runtime_destroy().
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_enlarge_mem_error_callback(
    callback: enlarge_memory_error_callback_t,
    user_data: *mut c_void,
) {
    // SAFETY: the lock makes this the only access.
    platform::locked(|| unsafe { *CALLBACK.0.get() = (callback, user_data) });
}

/// Forgets it.
pub(super) fn forget() {
    // SAFETY: as above.
    platform::locked(|| unsafe { *CALLBACK.0.get() = (None, null_mut()) });
}

/// # Safety
/// `host` is the execution environment of the running call.
unsafe fn grow_failed(host: *mut (), delta: u32, size: usize, index: u32, limit: bool) {
    // SAFETY: the lock makes this the only access.
    let (callback, user_data) = platform::locked(|| unsafe { *CALLBACK.0.get() });
    let Some(callback) = callback else { return };
    let reason = match limit {
        true => enlarge_memory_error_reason_t::MAX_SIZE_REACHED,
        false => enlarge_memory_error_reason_t::INTERNAL_ERROR,
    };
    let env: wasm_exec_env_t = host.cast();
    // SAFETY: the environment is live by the contract of this function; the application gave the
    // function with its data.
    unsafe { callback(delta, size as u64, index, reason, (*env).instance, env, user_data) }
}

/// Asks a new store to tell of memories that do not grow.
pub(super) fn observe(store: &mut StoreData) {
    store.observer.grow_failed = Some(grow_failed);
}
