//! Ranges of linear memory whose size only the function knows, and how a function ends.
//!
//! Parameters that are a pointer and a length, or a pointer to one value, are checked before the
//! function runs ([`zonda::HostParam`]). What remains are buffers that other buffers point at: each
//! is checked here, when it is used, against the memory as it is then.

use crate::types::{Errno, Iovec};
use zonda::{GuestSlice, HostError, OutOfMemory, TrapCode};

/// Why a function does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It returns an error number.
    Errno(Errno),
    /// The call traps.
    Trap(HostError),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Stop {
        Stop::Errno(errno)
    }
}

impl From<OutOfMemory> for Stop {
    fn from(_: OutOfMemory) -> Stop {
        Stop::Errno(Errno::Nomem)
    }
}

/// A pointer outside of the memory.
pub(crate) const OUTSIDE: Stop = Stop::Trap(HostError::Trap(TrapCode::MemoryOutOfBounds));

/// A function that waits ends because the program is to end: its call traps, as it would at the next
/// call or loop iteration. No platform returns this number.
pub(crate) const ENDED: Errno = Errno::Canceled;

/// What the program receives: an error number, or 0.
pub(crate) fn answer(result: Result<(), Stop>) -> Result<u32, HostError> {
    match result {
        Ok(()) => Ok(0),
        Err(Stop::Errno(ENDED)) => Err(HostError::Trap(TrapCode::Terminated)),
        Err(Stop::Errno(errno)) => Ok(errno as u32),
        Err(Stop::Trap(error)) => Err(error),
    }
}

/// Bytes of the memory.
pub(crate) fn bytes(memory: &[u8], at: u32, len: u32) -> Result<&[u8], Stop> {
    memory.get(at as usize..).and_then(|rest| rest.get(..len as usize)).ok_or(OUTSIDE)
}

/// Bytes of the memory, to be written.
pub(crate) fn bytes_mut(memory: &mut [u8], at: u32, len: u32) -> Result<&mut [u8], Stop> {
    memory.get_mut(at as usize..).and_then(|rest| rest.get_mut(..len as usize)).ok_or(OUTSIDE)
}

/// Copies bytes into the memory.
pub(crate) fn write(memory: &mut [u8], at: u32, from: &[u8]) -> Result<(), Stop> {
    let len = u32::try_from(from.len()).map_err(|_| OUTSIDE)?;
    // Not `copy_from_slice`, which links a panic.
    bytes_mut(memory, at, len)?.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    Ok(())
}

/// A path: UTF-8 without NUL.
#[cfg(feature = "files")]
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Errno> {
    let text = core::str::from_utf8(bytes).map_err(|_| Errno::Ilseq)?;
    match bytes {
        [] => Err(Errno::Noent),
        bytes if bytes.contains(&0) => Err(Errno::Inval),
        _ => Ok(text),
    }
}

/// A parameter that is a path.
#[cfg(feature = "files")]
pub(crate) fn path<'m>(memory: &'m [u8], path: &GuestSlice<u8>) -> Result<&'m str, Errno> {
    text(path.bytes(memory))
}

/// Calls `transfer` for each buffer in turn until one is not filled, and returns the sum of bytes.
/// An error counts only when nothing was transferred before. Empty buffers are passed over; when
/// all are empty `transfer` is called once with none, so that a bad descriptor is noticed.
pub(crate) fn for_each_buffer(
    memory: &mut [u8],
    iovecs: &GuestSlice<Iovec>,
    mut transfer: impl FnMut(&mut [u8], u32) -> Result<usize, Errno>,
) -> Result<u32, Stop> {
    let mut total: u32 = 0;
    let mut called = false;
    for index in 0..iovecs.len() {
        let Some(Iovec { buf, len }) = iovecs.get(memory, index) else { break };
        // The sum is an u32 and, for a program's own good, not negative as an i32.
        let len = len.min(i32::MAX as u32 - total);
        let buffer = bytes_mut(memory, buf, len)?;
        if buffer.is_empty() {
            continue;
        }
        called = true;
        match transfer(buffer, total) {
            // A platform never transfers more than the buffer has.
            Ok(count) => {
                total += (count as u32).min(len);
                if (count as u32) < len {
                    break;
                }
            }
            Err(errno) if total == 0 => return Err(errno.into()),
            Err(_) => break,
        }
    }
    if !called {
        transfer(&mut [], 0)?;
    }
    Ok(total)
}
