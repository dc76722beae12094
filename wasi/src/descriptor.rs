//! The descriptors of a program, and what each may be used for.

use crate::platform::{Object, Platform};
use crate::types::{Errno, FdFlags};
use core::mem::replace;
use zonda::TryVec;

/// A set of rights, one bit each.
pub type Rights = u64;

/// Rights, by the names of the specification.
pub mod rights {
    use super::Rights;

    macro_rules! rights {
        ($($name:ident = $bit:literal,)*) => {
            $(#[doc = concat!("Bit ", $bit, ".")] pub const $name: Rights = 1 << $bit;)*
            /// All of them.
            pub const ALL: Rights = 0 $(| $name)*;
        };
    }
    rights! {
        FD_DATASYNC = 0,
        FD_READ = 1,
        FD_SEEK = 2,
        FD_FDSTAT_SET_FLAGS = 3,
        FD_SYNC = 4,
        FD_TELL = 5,
        FD_WRITE = 6,
        FD_ADVISE = 7,
        FD_ALLOCATE = 8,
        PATH_CREATE_DIRECTORY = 9,
        PATH_CREATE_FILE = 10,
        PATH_LINK_SOURCE = 11,
        PATH_LINK_TARGET = 12,
        PATH_OPEN = 13,
        FD_READDIR = 14,
        PATH_READLINK = 15,
        PATH_RENAME_SOURCE = 16,
        PATH_RENAME_TARGET = 17,
        PATH_FILESTAT_GET = 18,
        PATH_FILESTAT_SET_SIZE = 19,
        PATH_FILESTAT_SET_TIMES = 20,
        FD_FILESTAT_GET = 21,
        FD_FILESTAT_SET_SIZE = 22,
        FD_FILESTAT_SET_TIMES = 23,
        PATH_SYMLINK = 24,
        PATH_REMOVE_DIRECTORY = 25,
        PATH_UNLINK_FILE = 26,
        POLL_FD_READWRITE = 27,
        SOCK_SHUTDOWN = 28,
        SOCK_ACCEPT = 29,
    }

    /// What can be done with a file.
    pub const FILE: Rights = FD_DATASYNC
        | FD_READ
        | FD_SEEK
        | FD_FDSTAT_SET_FLAGS
        | FD_SYNC
        | FD_TELL
        | FD_WRITE
        | FD_ADVISE
        | FD_ALLOCATE
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_SIZE
        | FD_FILESTAT_SET_TIMES
        | POLL_FD_READWRITE;
    /// What can be done with a directory.
    pub const DIR: Rights = FD_DATASYNC
        | FD_SYNC
        | FD_FDSTAT_SET_FLAGS
        | FD_READDIR
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_TIMES
        | PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_OPEN
        | PATH_READLINK
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_FILESTAT_GET
        | PATH_FILESTAT_SET_SIZE
        | PATH_FILESTAT_SET_TIMES
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE;
    /// What can be done with a stream that is no terminal, or with a terminal: neither has a
    /// position.
    pub const STREAM: Rights =
        FD_READ | FD_WRITE | FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE;
    /// What can be done with a socket.
    pub const SOCKET: Rights = STREAM | SOCK_SHUTDOWN | SOCK_ACCEPT;
    /// What changes a file system: all that a directory which is to be read only lacks.
    pub const CHANGE: Rights = FD_WRITE
        | FD_ALLOCATE
        | FD_FILESTAT_SET_SIZE
        | FD_FILESTAT_SET_TIMES
        | PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_FILESTAT_SET_SIZE
        | PATH_FILESTAT_SET_TIMES
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE;
}

/// A descriptor.
pub(crate) struct Descriptor<P: Platform> {
    pub(crate) object: Object<P>,
    pub(crate) flags: FdFlags,
    pub(crate) rights: Rights,
    pub(crate) inheriting: Rights,
    /// The name by which a program finds a directory that the embedder opened for it.
    pub(crate) preopen: Option<TryVec<u8>>,
}

impl<P: Platform> Descriptor<P> {
    /// `badf` for what it is not open for at all, `notcapable` for what it may not be used for.
    pub(crate) fn require(&self, rights: Rights) -> Result<(), Errno> {
        if self.rights & rights == rights {
            Ok(())
        } else {
            Err(Errno::Notcapable)
        }
    }

    /// As a directory that may be used for this.
    pub(crate) fn dir(&self, rights: Rights) -> Result<&P::Dir, Errno> {
        match &self.object {
            Object::Dir(dir) => self.require(rights).map(|()| dir),
            _ => Err(Errno::Notdir),
        }
    }

    /// As a file that may be used for this.
    pub(crate) fn file(&mut self, rights: Rights) -> Result<&mut P::File, Errno> {
        let allowed = self.require(rights);
        match &mut self.object {
            Object::File(file) => allowed.map(|()| file),
            Object::Dir(_) => Err(Errno::Badf),
            Object::Stream(_) | Object::Socket(_) => Err(Errno::Spipe),
        }
    }

    /// As a socket that may be used for this.
    pub(crate) fn socket(&mut self, rights: Rights) -> Result<&mut P::Socket, Errno> {
        let allowed = self.require(rights);
        match &mut self.object {
            Object::Socket(socket) => allowed.map(|()| socket),
            _ => Err(Errno::Notsock),
        }
    }
}

/// The descriptors by their numbers.
pub(crate) struct Descriptors<P: Platform> {
    list: TryVec<Option<Descriptor<P>>>,
    limit: u32,
}

impl<P: Platform> Descriptors<P> {
    pub(crate) const fn new(limit: u32) -> Descriptors<P> {
        Descriptors { list: TryVec::new(), limit }
    }

    pub(crate) fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    pub(crate) fn get(&self, fd: u32) -> Result<&Descriptor<P>, Errno> {
        self.list.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor<P>, Errno> {
        self.list.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::Badf)
    }

    /// Adds a descriptor under the lowest free number.
    pub(crate) fn add(&mut self, descriptor: Descriptor<P>) -> Result<u32, Errno> {
        let index = match self.list.iter().position(Option::is_none) {
            Some(index) => index,
            None if self.list.len() < self.limit as usize => {
                self.list.push(None)?;
                self.list.len() - 1
            }
            None => return Err(Errno::Mfile),
        };
        if let Some(place) = self.list.get_mut(index) {
            *place = Some(descriptor);
        }
        Ok(index as u32)
    }

    /// Whether there is room for another: asked before something is opened that `add` would have to
    /// close again.
    pub(crate) fn has_room(&self) -> Result<(), Errno> {
        let room = self.list.len() < self.limit as usize || self.list.iter().any(Option::is_none);
        if room {
            Ok(())
        } else {
            Err(Errno::Mfile)
        }
    }

    pub(crate) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        match self.list.get_mut(fd as usize).map(Option::take) {
            Some(Some(_)) => Ok(()),
            _ => Err(Errno::Badf),
        }
    }

    /// Moves a descriptor to the number of another, which is closed.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(to)?;
        self.get(from)?;
        if from == to {
            return Ok(());
        }
        let moved = self.list.get_mut(from as usize).and_then(Option::take);
        if let Some(place) = self.list.get_mut(to as usize) {
            drop(replace(place, moved));
        }
        Ok(())
    }
}
