//! Open files.

use super::{filestat, timespec, Result};
use crate::types::{Advice, Errno, FdFlags, Filestat, Filetype, SetTime, Whence};
use rustix::fs::{
    fadvise, fallocate, fcntl_getfl, fcntl_setfl, fdatasync, fstat, fsync, ftruncate, futimens,
    seek, Advice as SystemAdvice, FallocateFlags, OFlags, SeekFrom, Timestamps,
};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// An open file, or what else a path names that is no directory.
pub struct HostFile {
    pub(super) file: File,
    filetype: Filetype,
}

impl HostFile {
    pub(super) fn new(file: File, filetype: Filetype) -> HostFile {
        HostFile { file, filetype }
    }

    pub(super) fn filetype(&self) -> Filetype {
        self.filetype
    }

    pub(super) fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        Ok(rustix::io::read(&self.file, bytes)?)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        Ok(rustix::io::write(&self.file, bytes)?)
    }

    pub(super) fn read_at(&mut self, bytes: &mut [u8], offset: u64) -> Result<usize> {
        Ok(self.file.read_at(bytes, offset)?)
    }

    /// POSIX writes at the offset; Linux appends where the file is open for that, which is undone
    /// for this write.
    pub(super) fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<usize> {
        let flags = fcntl_getfl(&self.file)?;
        if !flags.contains(OFlags::APPEND) {
            return Ok(self.file.write_at(bytes, offset)?);
        }
        fcntl_setfl(&self.file, flags - OFlags::APPEND)?;
        let written = self.file.write_at(bytes, offset);
        fcntl_setfl(&self.file, flags)?;
        Ok(written?)
    }

    pub(super) fn seek(&mut self, offset: i64, whence: Whence) -> Result<u64> {
        let to = match whence {
            Whence::Set => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            Whence::Cur => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        };
        Ok(seek(&self.file, to)?)
    }

    pub(super) fn stat(&self) -> Result<Filestat> {
        Ok(filestat(&fstat(&self.file)?))
    }

    pub(super) fn set_size(&self, size: u64) -> Result<()> {
        Ok(ftruncate(&self.file, size)?)
    }

    pub(super) fn allocate(&self, offset: u64, len: u64) -> Result<()> {
        Ok(fallocate(&self.file, FallocateFlags::empty(), offset, len)?)
    }

    pub(super) fn advise(&self, offset: u64, len: u64, how: Advice) -> Result<()> {
        let how = match how {
            Advice::Normal => SystemAdvice::Normal,
            Advice::Sequential => SystemAdvice::Sequential,
            Advice::Random => SystemAdvice::Random,
            Advice::Willneed => SystemAdvice::WillNeed,
            Advice::Dontneed => SystemAdvice::DontNeed,
            Advice::Noreuse => SystemAdvice::NoReuse,
        };
        Ok(fadvise(&self.file, offset, core::num::NonZeroU64::new(len), how)?)
    }

    pub(super) fn sync(&self, data_only: bool) -> Result<()> {
        let synchronized = if data_only { fdatasync(&self.file) } else { fsync(&self.file) };
        Ok(synchronized?)
    }

    pub(super) fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<()> {
        let times = Timestamps { last_access: timespec(atim), last_modification: timespec(mtim) };
        Ok(futimens(&self.file, &times)?)
    }

    /// Linux changes these two of an open file; the others stay as they are.
    pub(super) fn set_flags(&self, flags: FdFlags) -> Result<()> {
        let now = fcntl_getfl(&self.file)?;
        let mut new = now - OFlags::APPEND - OFlags::NONBLOCK;
        if flags.has(FdFlags::APPEND) {
            new |= OFlags::APPEND;
        }
        if flags.has(FdFlags::NONBLOCK) {
            new |= OFlags::NONBLOCK;
        }
        let synchronized =
            flags.has(FdFlags::SYNC) || flags.has(FdFlags::DSYNC) || flags.has(FdFlags::RSYNC);
        if synchronized && !now.intersects(OFlags::SYNC | OFlags::DSYNC) {
            return Err(Errno::Notsup);
        }
        Ok(fcntl_setfl(&self.file, new)?)
    }
}
