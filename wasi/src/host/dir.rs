//! Open directories, and paths below them: `cap-std` resolves each.

use super::{filestat, filetype, timespec, Host, HostFile, Result};
use crate::platform::{Entry, Object, Open};
use crate::types::{Errno, FdFlags, Filestat, Filetype, OFlags, SetTime};
use cap_fs_ext::{
    DirExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt, OpenOptionsMaybeDirExt,
    OpenOptionsSyncExt, SystemTimeSpec,
};
use cap_std::fs::{Dir, Metadata, OpenOptions};
use cap_std::time::{Duration, SystemClock, SystemTime};
use rustix::fs::{fstat, fsync, ftruncate, futimens, Timestamps};
use std::io;
use std::path::Path;
use std::string::String;
use std::vec::Vec;

/// An open directory.
pub struct HostDir {
    dir: Dir,
    /// Its entries, as they were when a program began to read them.
    entries: Vec<(String, u64, Filetype)>,
}

impl HostDir {
    /// Opens a directory of the system for a program.
    ///
    /// # Errors
    /// As the system has them.
    pub fn open_ambient(path: &Path) -> io::Result<HostDir> {
        Dir::open_ambient_dir(path, cap_std::ambient_authority()).map(HostDir::new)
    }

    fn new(dir: Dir) -> HostDir {
        HostDir { dir, entries: Vec::new() }
    }

    pub(super) fn open(&self, path: &str, open: Open) -> Result<Object<Host>> {
        let follow = if open.follow { FollowSymlinks::Yes } else { FollowSymlinks::No };
        let mut options = OpenOptions::new();
        options.follow(follow).maybe_dir(true);
        if open.oflags.has(OFlags::CREAT) {
            options.create_new(open.oflags.has(OFlags::EXCL)).create(true);
        }
        // `OpenOptions` does not open to append what it makes empty.
        let append = open.flags.has(FdFlags::APPEND) && open.write;
        let truncate = open.oflags.has(OFlags::TRUNC);
        options.append(append).truncate(truncate && !append);
        // To create a file or make it empty means to write it. Neither is done with a directory.
        let writes = open.write
            || open.oflags.has(OFlags::TRUNC)
            || open.oflags.has(OFlags::CREAT) && !self.is_dir(path, open.follow);
        options.write(writes).read(open.read || !writes);
        // A FIFO would wait for its other side. For files the flag means nothing.
        options.nonblock(open.flags.has(FdFlags::NONBLOCK));
        options.dsync(open.flags.has(FdFlags::DSYNC)).sync(open.flags.has(FdFlags::SYNC));
        options.rsync(open.flags.has(FdFlags::RSYNC));
        if open.oflags.has(OFlags::DIRECTORY) {
            let dir = if open.follow {
                self.dir.open_dir(path)?
            } else {
                self.dir.open_dir_nofollow(path)?
            };
            return Ok(Object::Dir(HostDir::new(dir)));
        }
        let file = self.dir.open_with(path, &options)?.into_std();
        let stat = filestat(&fstat(&file)?);
        Ok(if stat.filetype == Filetype::Directory {
            Object::Dir(HostDir::new(Dir::from_std_file(file)))
        } else {
            if truncate && append {
                ftruncate(&file, 0)?;
            }
            Object::File(HostFile::new(file, stat.filetype))
        })
    }

    fn is_dir(&self, path: &str, follow: bool) -> bool {
        let stat = self.path_stat(path, follow);
        stat.is_ok_and(|stat| stat.filetype == Filetype::Directory)
    }

    pub(super) fn stat(&self) -> Result<Filestat> {
        Ok(filestat(&fstat(&self.dir)?))
    }

    /// Names that are not UTF-8 are left out: no path of a program can name them.
    pub(super) fn read(&mut self, cookie: u64, each: &mut dyn FnMut(Entry) -> bool) -> Result<()> {
        if cookie == 0 || self.entries.is_empty() {
            self.entries.clear();
            let own = self.stat()?;
            // What `..` is, outside of a preopen, is nobody's business.
            for name in [".", ".."] {
                self.entries.push((name.into(), own.ino, Filetype::Directory));
            }
            for entry in self.dir.entries()? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let metadata = entry.metadata()?;
                self.entries.push((name, metadata.ino(), file_type(&metadata)));
            }
        }
        let from = usize::try_from(cookie).unwrap_or(usize::MAX);
        for (index, (name, ino, filetype)) in self.entries.iter().enumerate().skip(from) {
            let (next, name) = (index as u64 + 1, name.as_bytes());
            if !each(Entry { next, ino: *ino, filetype: *filetype, name }) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn sync(&self) -> Result<()> {
        Ok(fsync(&self.dir)?)
    }

    pub(super) fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        let times = Timestamps { last_access: timespec(atim), last_modification: timespec(mtim) };
        Ok(futimens(&self.dir, &times)?)
    }

    pub(super) fn create_dir(&self, path: &str) -> Result<()> {
        Ok(self.dir.create_dir(path)?)
    }

    pub(super) fn remove_dir(&self, path: &str) -> Result<()> {
        Ok(self.dir.remove_dir(path)?)
    }

    pub(super) fn unlink(&self, path: &str) -> Result<()> {
        if path.ends_with('/') {
            // POSIX has `isdir` for a directory and `notdir` for anything else.
            let stat = self.path_stat(path.trim_end_matches('/'), false)?;
            let is_dir = stat.filetype == Filetype::Directory;
            return Err(if is_dir { Errno::Isdir } else { Errno::Notdir });
        }
        Ok(self.dir.remove_file_or_symlink(path)?)
    }

    pub(super) fn rename(&self, path: &str, to: &HostDir, new: &str) -> Result<()> {
        Ok(self.dir.rename(path, &to.dir, new)?)
    }

    pub(super) fn link(&self, path: &str, to: &HostDir, new: &str) -> Result<()> {
        Ok(self.dir.hard_link(path, &to.dir, new)?)
    }

    pub(super) fn symlink(&self, target: &str, path: &str) -> Result<()> {
        Ok(DirExt::symlink(&self.dir, target, path)?)
    }

    pub(super) fn read_link(&self, path: &str, to: &mut [u8]) -> Result<usize> {
        let target = self.dir.read_link(path)?;
        let target = target.to_str().ok_or(Errno::Ilseq)?.as_bytes();
        let count = target.len().min(to.len());
        to.iter_mut().zip(target).for_each(|(to, from)| *to = *from);
        Ok(count)
    }

    pub(super) fn path_stat(&self, path: &str, follow: bool) -> Result<Filestat> {
        let metadata =
            if follow { self.dir.metadata(path)? } else { self.dir.symlink_metadata(path)? };
        Ok(metadata_stat(&metadata))
    }

    pub(super) fn set_path_times(
        &self,
        path: &str,
        follow: bool,
        atim: SetTime,
        mtim: SetTime,
    ) -> Result<()> {
        let (atim, mtim) = (time(atim)?, time(mtim)?);
        let set = if follow { DirExt::set_times } else { DirExt::set_symlink_times };
        Ok(set(&self.dir, path, atim, mtim)?)
    }
}

/// The type by the mode.
fn file_type(metadata: &Metadata) -> Filetype {
    use cap_std::fs::MetadataExt;
    filetype(rustix::fs::FileType::from_raw_mode(metadata.mode() as _))
}

fn metadata_stat(metadata: &Metadata) -> Filestat {
    use cap_std::fs::MetadataExt as Unix;
    let time = |seconds, rest| super::nanoseconds(seconds, rest);
    Filestat {
        dev: MetadataExt::dev(metadata),
        ino: MetadataExt::ino(metadata),
        filetype: file_type(metadata),
        nlink: MetadataExt::nlink(metadata),
        size: metadata.len(),
        atim: time(Unix::atime(metadata), Unix::atime_nsec(metadata)),
        mtim: time(Unix::mtime(metadata), Unix::mtime_nsec(metadata)),
        ctim: time(Unix::ctime(metadata), Unix::ctime_nsec(metadata)),
    }
}

fn time(time: SetTime) -> Result<Option<SystemTimeSpec>> {
    Ok(match time {
        SetTime::Keep => None,
        SetTime::Now => Some(SystemTimeSpec::SymbolicNow),
        SetTime::To(nanoseconds) => {
            let time = SystemClock::UNIX_EPOCH.checked_add(Duration::from_nanos(nanoseconds));
            let time: SystemTime = time.ok_or(Errno::Overflow)?;
            Some(SystemTimeSpec::Absolute(time))
        }
    })
}
