//! Writes a trap record when a call stops (feature `trap-record`): what trapped, where, the calls
//! that led there, their locals, and a part of memory. docs/traps.md specifies the bytes; the crate
//! `zonda-symbols` reads them on a host.
//!
//! A record is written at once, into memory that was there before: nothing is allocated. It has
//! positions of code where the host can map them (decision 0021), so nothing is translated either.

use super::instance::StoreInstance;
use super::StoreData;
use crate::alloc::{OutOfMemory, TryVec};
use crate::binary::reader::Reader;
use crate::binary::types::ValType;
use crate::module::ModuleData;
use core::ptr::{null, null_mut};
use zonda_exec::frame::{Context, Place};
use zonda_exec::trace::Frame;
use zonda_exec::{ExecInstance, TrapCode};

/// The first bytes of a record: its name and the version of the format.
const MAGIC: [u8; 5] = *b"\0ztr\x01";
/// Bytes before the first part.
const HEADER: usize = 16;
/// Bytes of the checksum at the end.
const CHECKSUM: usize = 4;
/// Bytes in front of a part's contents: its number and its length.
const PART: usize = 3;
/// More bytes of a buffer are not used: lengths of parts have 16 bits.
const MOST: usize = 0xffff;

/// Numbers of the parts.
mod part {
    pub(super) const MODULE: u8 = 1;
    pub(super) const FRAMES: u8 = 2;
    pub(super) const LOCALS: u8 = 3;
    pub(super) const MEMORY: u8 = 4;
    pub(super) const STACK_POINTER: u8 = 5;
}

/// Flags in the header: there was more than the record has.
mod flag {
    pub(super) const FRAMES: u8 = 1;
    pub(super) const LOCALS: u8 = 2;
    pub(super) const MODULES: u8 = 4;
}

/// How many modules a record names. Frames of others have this number.
const MODULES: usize = 4;

/// Where a store writes the record of a trap.
pub(crate) struct Recorder {
    /// The buffer of [`Recorder::allocate`].
    owned: TryVec<u8>,
    /// Where records go; null for none.
    buffer: *mut u8,
    size: usize,
    /// Bytes of the last record.
    used: usize,
    /// How many host functions more could call back when it was written.
    nested_left: u32,
    /// Most bytes of memory in a record.
    memory: usize,
}

impl Recorder {
    pub(super) const NEW: Recorder = Recorder {
        owned: TryVec::new(),
        buffer: null_mut(),
        size: 0,
        used: 0,
        nested_left: 0,
        memory: 0,
    };

    /// Writes records to memory of its own, with at most `memory` bytes of a linear memory.
    pub(crate) fn allocate(&mut self, size: usize, memory: usize) -> Result<(), OutOfMemory> {
        let owned = TryVec::zeroed(size)?;
        // SAFETY: the vector is kept as long as the recorder uses the buffer, and is reached by the
        // recorder alone. Its items do not move with it.
        unsafe { self.set(owned.as_mut_ptr(), size, memory) };
        self.owned = owned;
        Ok(())
    }

    /// Writes records to a buffer, with at most `memory` bytes of a linear memory.
    ///
    /// # Safety
    /// `buffer` is null, or points at `size` bytes that stay until another one is set or the store
    /// is dropped, and that nothing else writes while code of the store runs.
    pub(crate) unsafe fn set(&mut self, buffer: *mut u8, size: usize, memory: usize) {
        self.owned = TryVec::new();
        self.buffer = buffer;
        self.size = if buffer.is_null() { 0 } else { size.min(MOST) };
        (self.used, self.memory) = (0, memory);
    }

    /// The last record; empty if there is none.
    pub(crate) fn last(&self) -> &[u8] {
        if self.used == 0 {
            return &[];
        }
        // SAFETY: `set` was promised a buffer of `size` bytes, and `used` is not more.
        unsafe { core::slice::from_raw_parts(self.buffer, self.used) }
    }

    /// Whether the trap of an outer call is told by the record of a call that it encloses: a host
    /// function has handed it on.
    fn is_told(&mut self, code: TrapCode, nested_left: u32) -> bool {
        let told = code == TrapCode::Host && self.used != 0 && self.nested_left < nested_left;
        self.nested_left = nested_left;
        told
    }
}

impl StoreData<'_> {
    /// A call has stopped at a place: writes its record.
    ///
    /// # Safety
    /// The place is in an instance of this store, the call has just ended, and nothing has used its
    /// operand stack since.
    pub(super) unsafe fn record(&mut self, code: TrapCode, place: &Place) {
        let nested_left = self.nested_left;
        let recorder = &mut self.recorder;
        if recorder.buffer.is_null() || recorder.is_told(code, nested_left) {
            return;
        }
        recorder.used = 0;
        // SAFETY: `set` was promised a buffer of this size that nothing else writes meanwhile.
        let buffer = unsafe { core::slice::from_raw_parts_mut(recorder.buffer, recorder.size) };
        let mut out = Out { buffer, len: 0 };
        // SAFETY: the contract of this function.
        let written = unsafe {
            write(&mut out, code, self.host_code, Frame::stopped(place), recorder.memory)
        };
        // Too little room for the least record: there is none.
        recorder.used = written.unwrap_or(0);
    }
}

/// The calls that led to a host function.
pub(crate) struct Calls(Option<Frame>);

// SAFETY: frames are read only, by `for_each`, while the code that they belong to waits for the
// host function; a nested call writes above them, and borrows the caller mutably.
unsafe impl Send for Calls {}
// SAFETY: as for `Send`.
unsafe impl Sync for Calls {}

impl Calls {
    pub(crate) fn of(context: &Context) -> Calls {
        Calls(Frame::running(context))
    }

    /// Calls `each` with the index of each function, the innermost first.
    ///
    /// # Safety
    /// The host function runs.
    pub(crate) unsafe fn for_each(&self, mut each: impl FnMut(u32)) {
        let mut next = self.0;
        while let Some(frame) = next {
            // SAFETY: the contract of this function: the frame waits, and its instance is live and
            // published.
            unsafe {
                each(StoreInstance::of(frame.instance).code_place(frame.func, frame.pc).0);
                next = frame.caller();
            }
        }
    }
}

/// Appends to a buffer of a fixed size, of which the checksum's bytes are left.
struct Out<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl Out<'_> {
    /// Bytes that are left.
    fn room(&self) -> usize {
        self.buffer.len().saturating_sub(self.len + CHECKSUM)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        if bytes.len() > self.room() {
            return None;
        }
        self.buffer.get_mut(self.len..)?.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
        self.len += bytes.len();
        Some(())
    }

    fn word(&mut self, word: u32) -> Option<()> {
        self.bytes(&word.to_le_bytes())
    }

    /// A number in LEB128.
    fn leb(&mut self, mut number: u32) -> Option<()> {
        while number > 0x7f {
            self.bytes(&[number as u8 | 0x80])?;
            number >>= 7;
        }
        self.bytes(&[number as u8])
    }

    /// Writes all of something, or nothing of it.
    fn whole(&mut self, write: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let before = self.len;
        let done = write(self);
        if done.is_none() {
            self.len = before;
        }
        done
    }

    /// Writes a part, or nothing of it where its contents do not begin.
    fn part(&mut self, number: u8, write: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.whole(|out| {
            let at = out.len;
            out.bytes(&[number, 0, 0])?;
            write(out)?;
            let len = (out.len - at - PART) as u16;
            out.set(at + 1, &len.to_le_bytes());
            Some(())
        })
    }

    /// Overwrites bytes that were written.
    fn set(&mut self, at: usize, bytes: &[u8]) {
        let place = self.buffer.get_mut(at..).unwrap_or(&mut []);
        place.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
    }
}

/// Writes a record. Returns its length; `None` where the buffer is too small for the least one.
///
/// # Safety
/// As for [`StoreData::record`], with the frame in which the call stopped.
unsafe fn write(
    out: &mut Out,
    code: TrapCode,
    host: u32,
    stopped: Frame,
    memory: usize,
) -> Option<usize> {
    let mut flags;
    // SAFETY: the contract of this function: frames are walked before the operand stack is used
    // again, and their instances are of this store.
    unsafe {
        out.bytes(&MAGIC)?;
        out.bytes(&[size_of::<usize>() as u8, code as u8, 0])?;
        out.word(0)?;
        out.word(host)?;
        let (modules, more) = modules(stopped);
        flags = more;
        for &instance in modules.iter().filter(|instance| !instance.is_null()) {
            let module = &*StoreInstance::of(instance).module.data;
            out.part(part::MODULE, |out| identify(out, module))?;
        }
        // Of a small buffer, frames leave half for what tells of the innermost one.
        let end = out.len + out.room() / 2;
        out.part(part::FRAMES, |out| {
            let mut next = Some(stopped);
            let mut innermost = true;
            while let Some(frame) = next {
                let done = out.len < end
                    && out.whole(|out| place(out, &frame, innermost, &modules)).is_some();
                if !done {
                    flags |= flag::FRAMES;
                    break;
                }
                innermost = false;
                next = frame.caller();
            }
            Some(())
        })?;
        let memory = memory.min(out.room() / 2);
        let reserved = if memory == 0 { 0 } else { memory + 2 * (PART + 4) };
        let locals = out.part(part::LOCALS, |out| {
            let mut next = Some(stopped);
            while let Some(frame) = next {
                let Some((at, count)) = frame.locals() else { break };
                if out.room() < reserved + 5 + count * 4 {
                    flags |= flag::LOCALS;
                    break;
                }
                out.leb(count as u32)?;
                for slot in 0..count {
                    out.word(*at.add(slot))?;
                }
                next = frame.caller();
            }
            Some(())
        });
        if locals.is_none() {
            flags |= flag::LOCALS;
        }
        if let Some(pointer) = stack_pointer(stopped.instance).filter(|_| memory != 0) {
            let _ = out.part(part::STACK_POINTER, |out| out.word(pointer));
            let _ = out.part(part::MEMORY, |out| stack(out, stopped.instance, pointer, memory));
        }
    }
    let len = out.len + CHECKSUM;
    out.set(MAGIC.len() + 2, &[flags]);
    out.set(HEADER - 8, &(len as u32).to_le_bytes());
    let checksum = Crc::NEW.with(out.buffer.get(..out.len)?).value();
    out.set(out.len, &checksum.to_le_bytes());
    Some(len)
}

/// The instances of the first modules in a call stack, and whether there are more.
///
/// # Safety
/// As for [`write`].
unsafe fn modules(stopped: Frame) -> ([*const ExecInstance; MODULES], u8) {
    let mut known = [null(); MODULES];
    let mut flags = 0;
    let mut next = Some(stopped);
    while let Some(frame) = next {
        let wanted =
            |&&at: &&*const ExecInstance| at.is_null() || core::ptr::eq(at, frame.instance);
        match known.iter().position(|at| wanted(&at)) {
            Some(place) => {
                if let Some(place) = known.get_mut(place) {
                    *place = frame.instance;
                }
            }
            None => flags = flag::MODULES,
        }
        // SAFETY: the contract of this function.
        next = unsafe { frame.caller() };
    }
    (known, flags)
}

/// What tells a module from others: the SHA-256 in a precompiled module or a native one, which is
/// that of the module it was made from; else the length and the CRC-32 of all sections but the
/// custom ones, which may be stripped on the device, and the offset of the first body.
fn identify(out: &mut Out, module: &ModuleData) -> Option<()> {
    const HASH: core::ops::Range<usize> = 16..48;
    /// The offset of the first section.
    const SECTIONS: usize = 8;
    if !core::ptr::eq(module.file(), module.bytes) {
        out.bytes(&[1])?;
        return out.bytes(module.file().get(HASH)?);
    }
    let mut reader = Reader::new(module.bytes, SECTIONS);
    let (mut len, mut crc) = (0, Crc::NEW);
    // The module was loaded, so its sections are complete.
    while let (Ok(id), Ok(size)) = (reader.byte(), reader.u32()) {
        let Ok(contents) = reader.take(size as usize) else { break };
        if id != 0 {
            len += size;
            crc = crc.with(&[id]).with(contents);
        }
    }
    out.bytes(&[0])?;
    out.word(len)?;
    out.word(crc.value())?;
    out.word(module.bodies)
}

/// A frame: number of its module, index of its function, execution mode, offset.
///
/// # Safety
/// The frame's instance is live.
unsafe fn place(
    out: &mut Out,
    frame: &Frame,
    innermost: bool,
    modules: &[*const ExecInstance; MODULES],
) -> Option<()> {
    // The instruction behind a call is where its caller continues.
    let pc = if innermost { frame.pc } else { frame.pc.wrapping_sub(1) };
    // SAFETY: the contract of this function; an instance with frames is published.
    let ((func, offset), mode) = unsafe {
        (StoreInstance::of(frame.instance).code_place(frame.func, pc), (*frame.instance).mode)
    };
    let module = modules.iter().position(|&at| core::ptr::eq(at, frame.instance));
    out.leb(module.unwrap_or(MODULES) as u32)?;
    out.leb(func)?;
    out.bytes(&[mode as u8])?;
    out.leb(offset)
}

/// The stack pointer of a C or Rust program: its first global, if that is a mutable i32.
///
/// # Safety
/// The instance is live and does not run.
unsafe fn stack_pointer(instance: *const ExecInstance) -> Option<u32> {
    // SAFETY: the contract of this function; an instance has a record of each global.
    unsafe {
        let instance = StoreInstance::of(instance);
        let ty = instance.module.data.globals.first()?.ty;
        if !ty.mutable || ty.content != ValType::I32 {
            return None;
        }
        Some(*instance.globals.first()?.cell())
    }
}

/// The memory around the stack pointer: address, then bytes. A quarter of it lies below, where
/// functions that call nothing have their variables and leave the pointer as it is.
///
/// # Safety
/// The instance is live and does not run.
unsafe fn stack(
    out: &mut Out,
    instance: *const ExecInstance,
    pointer: u32,
    most: usize,
) -> Option<()> {
    let address = pointer.saturating_sub(most as u32 / 4);
    // SAFETY: the contract of this function; an instance has a record of each memory.
    unsafe {
        let memory = *StoreInstance::of(instance).memories.first()?;
        let bytes = (*memory).bytes().get(address as usize..)?;
        let bytes = bytes.get(..most).unwrap_or(bytes);
        out.word(address)?;
        out.bytes(bytes)
    }
}

/// CRC-32 as in zip, four bits at a time: 64 bytes of table.
struct Crc(u32);

impl Crc {
    const NEW: Crc = Crc(!0);
    const TABLE: [u32; 16] = {
        let mut table = [0; 16];
        let mut i = 0;
        while i < 16 {
            let mut value = i as u32;
            let mut bit = 0;
            while bit < 4 {
                value = value >> 1 ^ if value & 1 != 0 { 0xedb8_8320 } else { 0 };
                bit += 1;
            }
            table[i] = value;
            i += 1;
        }
        table
    };

    /// With more bytes.
    #[inline(never)]
    fn with(self, bytes: &[u8]) -> Crc {
        let mut crc = self.0;
        for &byte in bytes {
            crc ^= byte as u32;
            for _ in 0..2 {
                crc = crc >> 4 ^ Crc::TABLE.get((crc & 15) as usize).copied().unwrap_or(0);
            }
        }
        Crc(crc)
    }

    fn value(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip() {
        assert_eq!(Crc::NEW.with(b"1234").with(b"56789").value(), 0xcbf4_3926);
        assert_eq!(Crc::NEW.value(), 0);
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut buffer = [0xffu8; 12];
        let mut out = Out { buffer: &mut buffer, len: 0 };
        assert_eq!(out.part(7, |out| out.leb(300)), Some(()));
        assert_eq!(out.part(8, |out| out.word(0)), None);
        assert_eq!((out.len, out.room()), (5, 3));
        assert_eq!(&buffer[..5], &[7, 2, 0, 0xac, 2]);
    }
}
