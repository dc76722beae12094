//! Sockets of preview 1: accepting, receiving, sending. The platform's operations do not wait;
//! these functions do.

use super::waiting::until;
use crate::context::Wasi;
use crate::descriptor::{rights, Descriptor};
use crate::guest::{bytes, bytes_mut, for_each_buffer, Stop};
use crate::platform::{Object, Platform};
use crate::types::{Errno, FdFlags, Filetype, Iovec, RiFlags, SdFlags};
use core::net::SocketAddr;
use zonda::{Call, GuestPtrMut, GuestSlice, TryVec};

/// Bytes of a datagram at most.
const DATAGRAM: u32 = 65_535;

pub(super) fn accept<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    flags: u32,
    to: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let ended = call.termination();
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let flags = FdFlags::from_number(flags)?;
    if !FdFlags::NONBLOCK.has(flags) {
        return Err(Errno::Inval.into());
    }
    descriptors.has_room()?;
    let listener = descriptors.get_mut(fd)?;
    listener.socket(rights::SOCK_ACCEPT)?;
    let mut accepted = None;
    until(platform, listener, false, &|| ended.is_pending(), &mut |platform, socket| {
        accepted = Some(platform.accept(socket, flags)?);
        Ok(())
    })?;
    let object = Object::Socket(accepted.ok_or(Errno::Io)?);
    let rights = rights::SOCKET & !rights::SOCK_ACCEPT;
    let descriptor = Descriptor { object, flags, rights, inheriting: 0, preopen: None };
    let opened = descriptors.add(descriptor)?;
    to.write(memory, opened);
    Ok(())
}

/// Bytes of all buffers together, at most those of a datagram.
fn total(memory: &[u8], iovecs: &GuestSlice<Iovec>) -> Result<u32, Stop> {
    let mut sum: u32 = 0;
    for index in 0..iovecs.len() {
        let Some(Iovec { buf, len }) = iovecs.get(memory, index) else { break };
        bytes(memory, buf, len)?;
        sum = sum.saturating_add(len);
    }
    Ok(sum.min(DATAGRAM))
}

/// Receives into buffers; returns how much, and the sender of a datagram.
pub(crate) fn receive<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: &GuestSlice<Iovec>,
    flags: RiFlags,
) -> Result<(u32, Option<SocketAddr>), Stop> {
    let ended = call.termination();
    let ended = || ended.is_pending();
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let descriptor = descriptors.get_mut(fd)?;
    let socket = descriptor.socket(rights::FD_READ)?;
    if platform.socket_type(socket) == Filetype::SocketDgram {
        // A datagram is received at once, whatever the buffers are.
        let mut own = TryVec::new();
        own.resize(total(memory, to)? as usize, 0)?;
        let mut outcome = (0, None);
        until(platform, descriptor, false, &ended, &mut |platform, socket| {
            outcome = platform.receive_from(socket, &mut own, flags)?;
            Ok(())
        })?;
        let mut rest = own.get(..outcome.0).unwrap_or(&own);
        for index in 0..to.len() {
            let Some(Iovec { buf, len }) = to.get(memory, index) else { break };
            let (part, behind) = rest.split_at_checked(len as usize).unwrap_or((rest, &[]));
            let buffer = bytes_mut(memory, buf, part.len() as u32)?;
            buffer.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            rest = behind;
        }
        return Ok((outcome.0 as u32, outcome.1));
    }
    let all = flags.has(RiFlags::RECV_WAITALL) && !flags.has(RiFlags::RECV_PEEK);
    let count = for_each_buffer(memory, to, |bytes, before| {
        // The second buffer would wait for more than there is, or see the same bytes.
        if before != 0 && !all {
            return Ok(0);
        }
        let mut filled = 0;
        loop {
            let rest = bytes.get_mut(filled..).unwrap_or(&mut []);
            let mut count = 0;
            let outcome = until(platform, descriptor, false, &ended, &mut |platform, socket| {
                count = platform.receive(socket, rest, flags)?;
                Ok(())
            });
            match outcome {
                Err(_) if filled != 0 => return Ok(filled),
                Err(errno) => return Err(errno),
                Ok(()) => filled += count,
            }
            if !all || count == 0 || filled >= bytes.len() {
                return Ok(filled);
            }
        }
    })?;
    Ok((count, None))
}

/// Sends what buffers have, to an address or to the other side.
pub(crate) fn transmit<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    from: &GuestSlice<Iovec>,
    to: Option<SocketAddr>,
) -> Result<u32, Stop> {
    let ended = call.termination();
    let ended = || ended.is_pending();
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let descriptor = descriptors.get_mut(fd)?;
    let socket = descriptor.socket(rights::FD_WRITE)?;
    if platform.socket_type(socket) == Filetype::SocketDgram {
        let mut own = TryVec::with_capacity(total(memory, from)? as usize)?;
        for index in 0..from.len() {
            let Some(Iovec { buf, len }) = from.get(memory, index) else { break };
            if own.len() + len as usize > DATAGRAM as usize {
                return Err(Errno::Msgsize.into());
            }
            own.append(bytes(memory, buf, len)?)?;
        }
        let mut count = 0;
        until(platform, descriptor, true, &ended, &mut |platform, socket| {
            count = match to {
                Some(to) => platform.send_to(socket, &own, to)?,
                None => platform.send(socket, &own)?,
            };
            Ok(())
        })?;
        return Ok(count as u32);
    }
    // Programs expect a socket that waits to take everything.
    let all = !descriptor.flags.has(FdFlags::NONBLOCK);
    let count = for_each_buffer(memory, from, |bytes, _| {
        let mut done = 0;
        loop {
            let rest = bytes.get(done..).unwrap_or(&[]);
            let mut count = 0;
            let outcome = until(platform, descriptor, true, &ended, &mut |platform, socket| {
                count = platform.send(socket, rest)?;
                Ok(())
            });
            match outcome {
                Err(_) if done != 0 => return Ok(done),
                Err(errno) => return Err(errno),
                Ok(()) => done += count,
            }
            if !all || count == 0 || done >= bytes.len() {
                return Ok(done);
            }
        }
    })?;
    Ok(count)
}

pub(super) fn recv<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestSlice<Iovec>,
    flags: u32,
    count: GuestPtrMut<u32>,
    out: Option<GuestPtrMut<u16>>,
) -> Result<(), Stop> {
    // Of a bad descriptor first, then of the flags.
    call.state().descriptors.get_mut(fd)?.socket(rights::FD_READ)?;
    let (received, _) = receive(call, fd, &to, RiFlags::from_number(flags)?)?;
    let memory = call.memory_mut();
    count.write(memory, received);
    if let Some(out) = out {
        out.write(memory, 0);
    }
    Ok(())
}

pub(super) fn send<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    from: GuestSlice<Iovec>,
    flags: u32,
    count: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    call.state().descriptors.get_mut(fd)?.socket(rights::FD_WRITE)?;
    if flags != 0 {
        return Err(Errno::Inval.into());
    }
    let sent = transmit(call, fd, &from, None)?;
    count.write(call.memory_mut(), sent);
    Ok(())
}

pub(super) fn shutdown<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    how: u32,
) -> Result<(), Stop> {
    let Wasi { platform, descriptors, .. } = call.state();
    let socket = descriptors.get_mut(fd)?.socket(rights::SOCK_SHUTDOWN)?;
    let how = SdFlags::from_number(how)?;
    if how == SdFlags::default() {
        return Err(Errno::Inval.into());
    }
    Ok(platform.shutdown(socket, how)?)
}
