//! Files and directories that are open.

use crate::context::Wasi;
use crate::descriptor::rights;
use crate::guest::{for_each_buffer, Stop};
use crate::platform::{Entry, Object, Platform};
use crate::types::{Advice, Dirent, Errno, Iovec, SetTime, Whence};
use zonda::{Call, GuestPtrMut, GuestSlice, GuestSliceMut};

pub(super) fn advise<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<(), Stop> {
    let Wasi { platform, descriptors, .. } = call.state();
    let advice = Advice::from_number(advice)?;
    let file = descriptors.get_mut(fd)?.file(rights::FD_ADVISE)?;
    range(offset, len)?;
    Ok(platform.advise(file, offset, len, advice)?)
}

/// A range of a file ends at an offset that is a positive i64.
fn range(offset: u64, len: u64) -> Result<(), Errno> {
    match offset.checked_add(len) {
        Some(end) if i64::try_from(end).is_ok() => Ok(()),
        _ => Err(Errno::Inval),
    }
}

pub(super) fn allocate<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    offset: u64,
    len: u64,
) -> Result<(), Stop> {
    let Wasi { platform, descriptors, .. } = call.state();
    let file = descriptors.get_mut(fd)?.file(rights::FD_ALLOCATE)?;
    range(offset, len)?;
    if len == 0 {
        return Err(Errno::Inval.into());
    }
    Ok(platform.allocate(file, offset, len)?)
}

pub(super) fn sync<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    data_only: bool,
) -> Result<(), Stop> {
    let Wasi { platform, descriptors, .. } = call.state();
    let descriptor = descriptors.get_mut(fd)?;
    descriptor.require(if data_only { rights::FD_DATASYNC } else { rights::FD_SYNC })?;
    match &mut descriptor.object {
        Object::File(file) => platform.sync(file, data_only)?,
        Object::Dir(dir) => platform.sync_dir(dir)?,
        Object::Stream(_) | Object::Socket(_) => return Err(Errno::Inval.into()),
    }
    Ok(())
}

pub(super) fn set_size<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    size: u64,
) -> Result<(), Stop> {
    let Wasi { platform, descriptors, .. } = call.state();
    let file = descriptors.get_mut(fd)?.file(rights::FD_FILESTAT_SET_SIZE)?;
    range(size, 0)?;
    Ok(platform.set_size(file, size)?)
}

pub(super) fn set_times<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    atim: u64,
    mtim: u64,
    flags: u32,
) -> Result<(), Stop> {
    let Wasi { platform, descriptors, .. } = call.state();
    let (atim, mtim) = SetTime::both(flags, atim, mtim)?;
    let descriptor = descriptors.get_mut(fd)?;
    descriptor.require(rights::FD_FILESTAT_SET_TIMES)?;
    match &mut descriptor.object {
        Object::File(file) => platform.set_times(file, atim, mtim)?,
        Object::Dir(dir) => platform.set_dir_times(dir, atim, mtim)?,
        Object::Stream(_) | Object::Socket(_) => return Err(Errno::Inval.into()),
    }
    Ok(())
}

pub(super) fn pread<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestSlice<Iovec>,
    offset: u64,
    count: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let file = descriptors.get_mut(fd)?.file(rights::FD_READ | rights::FD_SEEK)?;
    range(offset, 0)?;
    let read = for_each_buffer(memory, &to, |bytes, before| {
        platform.read_at(file, bytes, offset.saturating_add(before as u64))
    })?;
    count.write(memory, read);
    Ok(())
}

pub(super) fn pwrite<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    from: GuestSlice<Iovec>,
    offset: u64,
    count: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let file = descriptors.get_mut(fd)?.file(rights::FD_WRITE | rights::FD_SEEK)?;
    range(offset, 0)?;
    let written = for_each_buffer(memory, &from, |bytes, before| {
        platform.write_at(file, bytes, offset.saturating_add(before as u64))
    })?;
    count.write(memory, written);
    Ok(())
}

pub(super) fn readdir<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestSliceMut<u8>,
    cookie: u64,
    used: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let descriptor = descriptors.get_mut(fd)?;
    let allowed = descriptor.require(rights::FD_READDIR);
    let Object::Dir(dir) = &mut descriptor.object else { return Err(Errno::Notdir.into()) };
    allowed?;
    let buffer = to.bytes_mut(memory);
    let mut len = 0;
    // The last entry may be cut; a full buffer tells the program that there are more.
    let mut put = |bytes: &[u8]| {
        let rest = buffer.get_mut(len..).unwrap_or(&mut []);
        let count = rest.len().min(bytes.len());
        rest.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        len += count;
        count == bytes.len()
    };
    platform.read_dir(dir, cookie, &mut |entry: Entry| {
        let namlen = entry.name.len() as u32;
        let Entry { next, ino, filetype, name } = entry;
        put(&Dirent { next, ino, namlen, filetype }.bytes()) && put(name)
    })?;
    used.write(memory, len as u32);
    Ok(())
}

pub(super) fn seek<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    offset: i64,
    whence: u32,
    to: GuestPtrMut<u64>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let whence = Whence::from_number(whence)?;
    let descriptor = descriptors.get_mut(fd)?;
    let file = if whence == Whence::Cur && offset == 0 {
        let right = rights::FD_TELL & descriptor.rights;
        descriptor.file(if right == 0 { rights::FD_SEEK } else { right })?
    } else {
        descriptor.file(rights::FD_SEEK)?
    };
    to.write(memory, platform.seek(file, offset, whence)?);
    Ok(())
}

pub(super) fn tell<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    to: GuestPtrMut<u64>,
) -> Result<(), Stop> {
    seek(call, fd, 0, 1, to)
}
