//! Waiting for sockets, console input and time.

use super::{outcome, Firmware, Result};
use crate::platform::{Object, Platform, Ready, Stream, Wait};
use crate::types::{ClockId, Errno};
use core::ffi::c_int;
use zonda::TryVec;

/// How long a program waits before it looks whether it is to end, and whether there is input.
const SLICE: u64 = 20_000_000;

/// `zonda_wasi_wait_t`.
#[repr(C)]
struct SocketWait {
    socket: c_int,
    write: bool,
    /// Set when it is ready.
    ready: bool,
    hangup: bool,
    failed: bool,
}

extern "C" {
    fn zonda_wasi_sleep(milliseconds: u32);
    fn zonda_wasi_input_ready() -> bool;
    #[cfg(feature = "sockets")]
    fn zonda_wasi_poll(waits: *mut SocketWait, count: usize, milliseconds: u32) -> c_int;
}

#[cfg(feature = "sockets")]
fn poll_sockets(waits: &mut [SocketWait], milliseconds: u32) -> Result<()> {
    // SAFETY: the records are as many.
    outcome(unsafe { zonda_wasi_poll(waits.as_mut_ptr(), waits.len(), milliseconds) })
}

/// There are none.
#[cfg(not(feature = "sockets"))]
fn poll_sockets(_: &mut [SocketWait], _: u32) -> Result<()> {
    outcome(0)
}

/// The socket that an object is, if it is one.
fn socket(object: &Object<Firmware>) -> Option<c_int> {
    match object {
        Object::Socket(socket) => Some(socket.number()),
        _ => None,
    }
}

/// Sets what is ready; says whether anything is.
fn look(waits: &mut [Wait<'_, Firmware>], sockets: &[SocketWait]) -> bool {
    let mut sockets = sockets.iter();
    let mut any = false;
    for wait in waits.iter_mut() {
        let ready = match wait.object {
            Object::Socket(_) => sockets.next().filter(|socket| socket.ready).map(|socket| Ready {
                bytes: 0,
                hangup: socket.hangup,
                error: socket.failed.then_some(Errno::Io),
            }),
            Object::Stream(Stream::Stdin) if !wait.write => {
                // SAFETY: returns a truth.
                unsafe { zonda_wasi_input_ready() }.then(Ready::default)
            }
            _ => Some(Ready::default()),
        };
        any |= ready.is_some();
        wait.ready = ready;
    }
    any
}

pub(super) fn poll(
    firmware: &mut Firmware,
    waits: &mut [Wait<'_, Firmware>],
    timeout: Option<u64>,
    ended: &dyn Fn() -> bool,
) -> Result<()> {
    let mut sockets = TryVec::new();
    for wait in waits.iter() {
        if let Some(socket) = socket(wait.object) {
            let write = wait.write;
            sockets.push(SocketWait {
                socket,
                write,
                ready: false,
                hangup: false,
                failed: false,
            })?;
        }
    }
    let begin = firmware.clock_now(ClockId::Monotonic)?;
    // The first time is to look only, for what is ready without waiting.
    let mut milliseconds = 0;
    loop {
        if !sockets.is_empty() {
            poll_sockets(&mut sockets, milliseconds)?;
        } else if milliseconds != 0 {
            // SAFETY: has no effect but time.
            unsafe { zonda_wasi_sleep(milliseconds) };
        }
        if look(waits, &sockets) || ended() {
            return Ok(());
        }
        let passed = firmware.clock_now(ClockId::Monotonic)?.saturating_sub(begin);
        let rest = timeout.unwrap_or(u64::MAX).saturating_sub(passed);
        if rest == 0 {
            return Ok(());
        }
        milliseconds = rest.min(SLICE).div_ceil(1_000_000) as u32;
    }
}
