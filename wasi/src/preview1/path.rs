//! Files and directories by their paths, relative to an open directory.

use crate::context::Wasi;
use crate::descriptor::{rights, Descriptor, Rights};
use crate::guest::{path as text, text as own_text, Stop};
use crate::platform::{Object, Open, Platform};
use crate::types::{Errno, FdFlags, Filestat, LookupFlags, OFlags, SetTime};
use zonda::{Call, GuestPtrMut, GuestSlice, GuestSliceMut, GuestValue};

type Path = GuestSlice<u8>;

fn follow(flags: u32) -> Result<bool, Errno> {
    Ok(LookupFlags::from_number(flags)?.has(LookupFlags::SYMLINK_FOLLOW))
}

pub(super) fn create_directory<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    path: Path,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let dir = descriptors.get(fd)?.dir(rights::PATH_CREATE_DIRECTORY)?;
    Ok(platform.create_dir(dir, text(memory, &path)?)?)
}

/// `F` is how a program has the attributes.
pub(super) fn filestat_get<P: Platform, F: GuestValue + From<Filestat>>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    flags: u32,
    path: Path,
    to: GuestPtrMut<F>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let follow = follow(flags)?;
    let dir = descriptors.get(fd)?.dir(rights::PATH_FILESTAT_GET)?;
    let stat = platform.path_stat(dir, text(memory, &path)?, follow)?;
    to.write(memory, stat.into());
    Ok(())
}

pub(super) fn filestat_set_times<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    flags: u32,
    path: Path,
    (atim, mtim, set): (u64, u64, u32),
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let (atim, mtim) = SetTime::both(set, atim, mtim)?;
    let follow = follow(flags)?;
    let dir = descriptors.get(fd)?.dir(rights::PATH_FILESTAT_SET_TIMES)?;
    Ok(platform.set_path_times(dir, text(memory, &path)?, follow, atim, mtim)?)
}

pub(super) fn link<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    (fd, flags, path): (u32, u32, Path),
    (new_fd, new_path): (u32, Path),
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    // Neither POSIX's linkat nor a sandbox wants to follow here.
    if follow(flags)? {
        return Err(Errno::Inval.into());
    }
    let from = descriptors.get(fd)?.dir(rights::PATH_LINK_SOURCE)?;
    let to = descriptors.get(new_fd)?.dir(rights::PATH_LINK_TARGET)?;
    inherits(descriptors.get(fd)?, descriptors.get(new_fd)?)?;
    Ok(platform.link(from, text(memory, &path)?, to, text(memory, &new_path)?)?)
}

/// A file that moves to another directory cannot be used for more there.
fn inherits<P: Platform>(from: &Descriptor<P>, to: &Descriptor<P>) -> Result<(), Errno> {
    if to.inheriting & !from.inheriting == 0 {
        Ok(())
    } else {
        Err(Errno::Notcapable)
    }
}

/// What the directory has to allow for these flags.
fn needed(oflags: OFlags) -> Rights {
    let mut needed = rights::PATH_OPEN;
    if oflags.has(OFlags::CREAT) {
        needed |= rights::PATH_CREATE_FILE;
    }
    if oflags.has(OFlags::TRUNC) {
        needed |= rights::PATH_FILESTAT_SET_SIZE;
    }
    needed
}

/// Programs ask for more rights than they use, and get those that the directory passes on; only to
/// read or to write is what they mean.
pub(super) fn open<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    (fd, lookup, path): (u32, u32, Path),
    (oflags, base, inheriting, flags): (u32, Rights, Rights, u32),
    to: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let (oflags, flags) = (OFlags::from_number(oflags)?, FdFlags::from_number(flags)?);
    let parent = descriptors.get(fd)?;
    let dir = parent.dir(needed(oflags))?;
    let allowed = parent.inheriting;
    if base & (rights::FD_READ | rights::FD_WRITE) & !allowed != 0 {
        return Err(Errno::Notcapable.into());
    }
    if oflags.has(OFlags::CREAT) && oflags.has(OFlags::DIRECTORY) {
        return Err(Errno::Inval.into());
    }
    descriptors.has_room()?;
    let open = Open {
        follow: follow(lookup)?,
        oflags,
        flags,
        read: base & (rights::FD_READ | rights::FD_READDIR) != 0,
        write: base & rights::FD_WRITE != 0,
    };
    let object = platform.open(dir, text(memory, &path)?, open)?;
    let of_type = match object {
        Object::Dir(_) if open.write => return Err(Errno::Isdir.into()),
        Object::Dir(_) => rights::DIR,
        Object::Socket(_) => rights::SOCKET,
        Object::File(_) | Object::Stream(_) => rights::FILE,
    };
    let descriptor = Descriptor {
        object,
        flags,
        rights: base & allowed & of_type,
        inheriting: inheriting & allowed,
        preopen: None,
    };
    let opened = descriptors.add(descriptor)?;
    to.write(memory, opened);
    Ok(())
}

pub(super) fn readlink<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    path: Path,
    to: GuestSliceMut<u8>,
    used: GuestPtrMut<u32>,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let dir = descriptors.get(fd)?.dir(rights::PATH_READLINK)?;
    // The path and the buffer may overlap.
    let mut own = zonda::TryVec::with_capacity(path.len())?;
    own.append(path.bytes(memory))?;
    let count = platform.read_link(dir, own_text(&own)?, to.bytes_mut(memory))?;
    used.write(memory, count as u32);
    Ok(())
}

pub(super) fn remove_directory<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    path: Path,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let dir = descriptors.get(fd)?.dir(rights::PATH_REMOVE_DIRECTORY)?;
    Ok(platform.remove_dir(dir, text(memory, &path)?)?)
}

pub(super) fn rename<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    (fd, path): (u32, Path),
    (new_fd, new_path): (u32, Path),
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let from = descriptors.get(fd)?.dir(rights::PATH_RENAME_SOURCE)?;
    let to = descriptors.get(new_fd)?.dir(rights::PATH_RENAME_TARGET)?;
    inherits(descriptors.get(fd)?, descriptors.get(new_fd)?)?;
    Ok(platform.rename(from, text(memory, &path)?, to, text(memory, &new_path)?)?)
}

pub(super) fn symlink<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    target: Path,
    fd: u32,
    path: Path,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let dir = descriptors.get(fd)?.dir(rights::PATH_SYMLINK)?;
    Ok(platform.symlink(text(memory, &target)?, dir, text(memory, &path)?)?)
}

pub(super) fn unlink_file<P: Platform>(
    call: &mut Call<'_, Wasi<P>>,
    fd: u32,
    path: Path,
) -> Result<(), Stop> {
    let (memory, Wasi { platform, descriptors, .. }) = call.memory_and_state();
    let dir = descriptors.get(fd)?.dir(rights::PATH_UNLINK_FILE)?;
    Ok(platform.unlink(dir, text(memory, &path)?)?)
}
