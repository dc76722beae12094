//! Sockets that the embedder opened, and their connections.

use crate::context::Wasi;
use crate::descriptor::{rights, Descriptor};
use crate::guest::{for_each_buffer, Stop};
use crate::platform::{Object, Platform};
use crate::types::{Errno, FdFlags, Iovec, RiFlags, SdFlags};
use zonda::{Call, GuestPtrMut, GuestSlice};

pub(super) fn accept<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    flags: u32,
    to: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let flags = FdFlags::from_number(flags)?;
    if !FdFlags::NONBLOCK.has(flags) {
        return Err(Errno::Inval.into());
    }
    descriptors.has_room()?;
    let socket = descriptors.get_mut(fd)?.socket(rights::SOCK_ACCEPT)?;
    let object = Object::Socket(platform.accept(socket, flags)?);
    let rights = rights::SOCKET & !rights::SOCK_ACCEPT;
    let descriptor = Descriptor { object, flags, rights, inheriting: 0, preopen: None };
    let opened = descriptors.add(descriptor)?;
    to.write(memory, opened);
    Ok(())
}

pub(super) fn recv<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestSlice<Iovec>,
    flags: u32,
    (count, out): (GuestPtrMut<u32>, GuestPtrMut<u16>),
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let flags = RiFlags::from_number(flags)?;
    let socket = descriptors.get_mut(fd)?.socket(rights::FD_READ)?;
    let received = for_each_buffer(memory, &to, |bytes, before| {
        // The second buffer would wait for more than there is, or see the same bytes.
        if before != 0 && flags != RiFlags::RECV_WAITALL {
            return Ok(0);
        }
        platform.receive(socket, bytes, flags)
    })?;
    count.write(memory, received);
    out.write(memory, 0);
    Ok(())
}

pub(super) fn send<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    from: GuestSlice<Iovec>,
    flags: u32,
    count: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    if flags != 0 {
        return Err(Errno::Inval.into());
    }
    let socket = descriptors.get_mut(fd)?.socket(rights::FD_WRITE)?;
    let sent = for_each_buffer(memory, &from, |bytes, _| platform.send(socket, bytes))?;
    count.write(memory, sent);
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
