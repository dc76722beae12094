//! What every descriptor has, also those of a program without files.

use super::{sock, waiting};
use crate::context::Wasi;
use crate::descriptor::{rights, Rights};
use crate::guest::{for_each_buffer, Stop};
use crate::platform::{Object, Platform, Wait};
use crate::types::{Errno, FdFlags, Fdstat, Filestat, Filetype, Iovec, Prestat};
use zonda::{Call, GuestPtrMut, GuestSlice, GuestSliceMut, GuestValue};

pub(super) fn close<P: Platform>(call: &mut Call<'_, Wasi<P>>, fd: u32) -> Result<(), Stop> {
    Ok(call.state().descriptors.close(fd)?)
}

pub(super) fn renumber<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    from: u32,
    to: u32,
) -> Result<(), Stop> {
    Ok(call.state().descriptors.renumber(from, to)?)
}

fn filetype<P: Platform>(platform: &mut P, object: &Object<P>) -> Filetype {
    match object {
        Object::Stream(stream) => platform.stream_type(*stream),
        Object::File(file) => platform.file_type(file),
        Object::Dir(_) => Filetype::Directory,
        Object::Socket(socket) => platform.socket_type(socket),
    }
}

pub(super) fn fdstat_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestPtrMut<Fdstat>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let descriptor = descriptors.get(fd)?;
    let stat = Fdstat {
        filetype: filetype(platform, &descriptor.object),
        flags: descriptor.flags,
        rights: descriptor.rights,
        inheriting: descriptor.inheriting,
    };
    to.write(memory, stat);
    Ok(())
}

pub(super) fn fdstat_set_flags<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    flags: u32,
) -> Result<(), Stop> {
    let Wasi { platform, descriptors, .. } = call.state();
    let flags = FdFlags::from_number(flags)?;
    let descriptor = descriptors.get_mut(fd)?;
    descriptor.require(rights::FD_FDSTAT_SET_FLAGS)?;
    match &mut descriptor.object {
        Object::File(file) => platform.set_flags(file, flags)?,
        // `read` and `write` wait, or ask the platform whether they would.
        Object::Stream(_) | Object::Socket(_) if FdFlags::NONBLOCK.has(flags) => {}
        Object::Dir(_) if flags == FdFlags::default() => {}
        Object::Stream(_) | Object::Socket(_) | Object::Dir(_) => {
            return Err(Errno::Notsup.into());
        }
    }
    descriptor.flags = flags;
    Ok(())
}

pub(super) fn fdstat_set_rights<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    rights: Rights,
    inheriting: Rights,
) -> Result<(), Stop> {
    let descriptor = call.state().descriptors.get_mut(fd)?;
    if rights & !descriptor.rights != 0 || inheriting & !descriptor.inheriting != 0 {
        return Err(Errno::Notcapable.into());
    }
    descriptor.rights = rights;
    descriptor.inheriting = inheriting;
    Ok(())
}

/// `F` is how a program has the attributes.
pub(super) fn filestat_get<P: Platform, F: GuestValue + From<Filestat>>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestPtrMut<F>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let descriptor = descriptors.get_mut(fd)?;
    descriptor.require(rights::FD_FILESTAT_GET)?;
    let stat = match &mut descriptor.object {
        Object::File(file) => platform.file_stat(file)?,
        Object::Dir(dir) => platform.dir_stat(dir)?,
        Object::Stream(_) | Object::Socket(_) => {
            Filestat { filetype: filetype(platform, &descriptor.object), ..Filestat::default() }
        }
    };
    to.write(memory, stat.into());
    Ok(())
}

pub(super) fn prestat_get<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestPtrMut<Prestat>,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    let name = wasi.descriptors.get(fd)?.preopen.as_ref().ok_or(Errno::Badf)?;
    to.write(memory, Prestat(name.len() as u32));
    Ok(())
}

pub(super) fn prestat_dir_name<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestSliceMut<u8>,
) -> Result<(), Stop> {
    let (memory, wasi) = call.memory_and_state();
    let name = wasi.descriptors.get(fd)?.preopen.as_ref().ok_or(Errno::Badf)?;
    let to = to.bytes_mut(memory).get_mut(..name.len()).ok_or(Errno::Nametoolong)?;
    to.iter_mut().zip(name.iter()).for_each(|(to, from)| *to = *from);
    Ok(())
}

/// `again` for a stream that does not wait and is not ready.
fn ready<P: Platform>(
    platform: &mut P,
    object: &Object<P>,
    flags: FdFlags,
    write: bool,
) -> Result<(), Errno> {
    if !flags.has(FdFlags::NONBLOCK) {
        return Ok(());
    }
    let mut waits = [Wait { object, write, ready: None }];
    platform.poll(&mut waits, Some(0), &|| false)?;
    match waits {
        [Wait { ready: Some(_), .. }] => Ok(()),
        _ => Err(Errno::Again),
    }
}

pub(super) fn read<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestSlice<Iovec>,
    count: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    if let Object::Socket(_) = call.state().descriptors.get(fd)?.object {
        return sock::recv(call, fd, to, 0, count, None::<GuestPtrMut<u16>>);
    }
    let ended = call.termination();
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let descriptor = descriptors.get_mut(fd)?;
    if let Object::Dir(_) = descriptor.object {
        return Err(Errno::Isdir.into());
    }
    descriptor.require(rights::FD_READ)?;
    if let Object::Stream(_) = descriptor.object {
        ready(platform, &descriptor.object, descriptor.flags, false)?;
    }
    let read = for_each_buffer(memory, &to, |bytes, before| match &mut descriptor.object {
        Object::File(file) => platform.read(file, bytes),
        // The second buffer would wait for more than there is.
        Object::Stream(_) if before != 0 => Ok(0),
        Object::Stream(stream) => {
            let stream = *stream;
            waiting::read(platform, stream, descriptor.flags, bytes, &|| ended.is_pending())
        }
        Object::Dir(_) | Object::Socket(_) => Err(Errno::Isdir),
    })?;
    count.write(memory, read);
    Ok(())
}

pub(super) fn write<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    from: GuestSlice<Iovec>,
    count: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    if let Object::Socket(_) = call.state().descriptors.get(fd)?.object {
        return sock::send(call, fd, from, 0, count);
    }
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let descriptor = descriptors.get_mut(fd)?;
    if let Object::Dir(_) = descriptor.object {
        return Err(Errno::Isdir.into());
    }
    descriptor.require(rights::FD_WRITE)?;
    if let Object::Stream(_) = descriptor.object {
        ready(platform, &descriptor.object, descriptor.flags, true)?;
    }
    let written = for_each_buffer(memory, &from, |bytes, _| match &mut descriptor.object {
        Object::File(file) => platform.write(file, bytes),
        Object::Stream(stream) => platform.stream_write(*stream, bytes),
        Object::Dir(_) | Object::Socket(_) => Err(Errno::Isdir),
    })?;
    count.write(memory, written);
    Ok(())
}
