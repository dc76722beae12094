//! The platform of a firmware: the C functions of `include/zonda_wasi.h`, which
//! `zephyr/zonda_wasi.c` defines for Zephyr.
//!
//! File systems of firmwares have no open directories and no symbolic links. A directory is its
//! path here, and `..` is resolved in the text: without symbolic links that is what the file system
//! would do.

#[cfg(any(feature = "sockets", feature = "input"))]
mod poll;
#[cfg(not(any(feature = "sockets", feature = "input")))]
#[path = "poll_off.rs"]
mod poll;
#[cfg(feature = "sockets")]
mod socket;
#[cfg(not(feature = "sockets"))]
#[path = "socket_off.rs"]
mod socket;

pub use socket::FirmwareSocket;

use crate::platform::{Entry, Object, Open, Platform, Stream, Wait};
use crate::types::{ClockId, Errno, FdFlags, Filestat, Filetype, OFlags, Whence};
use core::ffi::{c_char, c_int, c_void};
use core::ptr::{null_mut, NonNull};
use zonda::TryVec;

type Result<T> = core::result::Result<T, Errno>;

/// Bytes of an entry's name.
const NAME: usize = 256;

/// `zonda_wasi_stat_t`.
#[repr(C)]
struct Stat {
    size: u64,
    filetype: u32,
    name_len: u32,
    name: [u8; NAME],
}

impl Stat {
    const fn empty() -> Stat {
        Stat { size: 0, filetype: 0, name_len: 0, name: [0; NAME] }
    }

    fn filetype(&self) -> Filetype {
        match self.filetype {
            3 => Filetype::Directory,
            4 => Filetype::RegularFile,
            _ => Filetype::Unknown,
        }
    }
}

/// `ZONDA_WASI_READ` and its like.
const READ: u32 = 1;
const WRITE: u32 = 2;
const CREATE: u32 = 4;

extern "C" {
    fn zonda_wasi_print(stream: c_int, text: *const u8, len: usize);
    fn zonda_wasi_read_input(to: *mut u8, len: usize, count: *mut usize) -> c_int;
    fn zonda_wasi_clock(clock: u32, time: *mut u64) -> c_int;
    fn zonda_wasi_resolution() -> u64;
    fn zonda_wasi_random(to: *mut u8, len: usize) -> c_int;
    fn zonda_wasi_yield();
    fn zonda_wasi_open(path: *const c_char, flags: u32, file: *mut *mut c_void) -> c_int;
    fn zonda_wasi_close(file: *mut c_void);
    fn zonda_wasi_read(file: *mut c_void, to: *mut u8, len: usize, count: *mut usize) -> c_int;
    fn zonda_wasi_write(file: *mut c_void, from: *const u8, len: usize, count: *mut usize)
        -> c_int;
    fn zonda_wasi_seek(file: *mut c_void, offset: i64, whence: u32, position: *mut u64) -> c_int;
    fn zonda_wasi_set_size(file: *mut c_void, size: u64) -> c_int;
    fn zonda_wasi_sync(file: *mut c_void) -> c_int;
    fn zonda_wasi_stat(path: *const c_char, stat: *mut Stat) -> c_int;
    fn zonda_wasi_read_dir(
        path: *const c_char,
        each: unsafe extern "C" fn(data: *mut c_void, entry: *const Stat) -> bool,
        data: *mut c_void,
    ) -> c_int;
    fn zonda_wasi_create_dir(path: *const c_char) -> c_int;
    fn zonda_wasi_remove(path: *const c_char) -> c_int;
    fn zonda_wasi_rename(from: *const c_char, to: *const c_char) -> c_int;
}

/// The outcome of a function: 0 or an error number.
fn outcome(number: c_int) -> Result<()> {
    match number {
        0 => Ok(()),
        number => Err(u32::try_from(number).ok().and_then(Errno::from_number).unwrap_or(Errno::Io)),
    }
}

/// An absolute path that ends with NUL.
struct FullPath {
    bytes: TryVec<u8>,
    /// Whether it names the directory itself.
    is_root: bool,
    /// Whether it has to be a directory: it ends with `/` or `.`.
    wants_dir: bool,
}

impl FullPath {
    fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }

    /// The number of a file: a hash of its path (FNV-1a), as the file systems have none.
    fn number(&self) -> u64 {
        hash(self.bytes.strip_suffix(&[0]).unwrap_or(&self.bytes), &[])
    }
}

/// A hash of a path, and of a name in it.
fn hash(path: &[u8], name: &[u8]) -> u64 {
    let separator: &[u8] = if name.is_empty() { b"" } else { b"/" };
    path.iter().chain(separator).chain(name).fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ byte as u64).wrapping_mul(0x100_0000_01b3)
    })
}

/// A directory: its absolute path, which does not end with `/`.
pub struct FirmwareDir {
    path: TryVec<u8>,
}

impl FirmwareDir {
    /// The directory with this path, which need not be there yet.
    ///
    /// # Errors
    /// [`Errno::Inval`] for a path that is not absolute or has a NUL; [`Errno::Nomem`].
    pub fn new(path: &[u8]) -> Result<FirmwareDir> {
        if path.first() != Some(&b'/') || path.contains(&0) {
            return Err(Errno::Inval);
        }
        let end = path.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
        let mut own = TryVec::new();
        own.append(path.get(..end).unwrap_or(path))?;
        Ok(FirmwareDir { path: own })
    }

    /// Resolves a path below the directory.
    ///
    /// Invariant: the result is the directory's path and, behind it, components that are neither
    /// `.` nor `..`.
    fn resolve(&self, path: &str) -> Result<FullPath> {
        if path.starts_with('/') {
            return Err(Errno::Perm);
        }
        let mut bytes = TryVec::with_capacity(self.path.len() + path.len() + 2)?;
        bytes.append(&self.path)?;
        let root = bytes.len();
        let mut wants_dir = false;
        for component in path.split('/') {
            wants_dir = matches!(component, "" | "." | "..");
            match component {
                "" | "." => {}
                ".." if bytes.len() == root => return Err(Errno::Perm),
                ".." => {
                    let slash = bytes.iter().rposition(|&byte| byte == b'/').unwrap_or(root);
                    bytes.truncate(slash.max(root));
                }
                name => {
                    if name.len() >= NAME {
                        return Err(Errno::Nametoolong);
                    }
                    bytes.push(b'/')?;
                    bytes.append(name.as_bytes())?;
                }
            }
        }
        let is_root = bytes.len() == root;
        if bytes.is_empty() {
            bytes.push(b'/')?;
        }
        bytes.push(0)?;
        Ok(FullPath { bytes, is_root, wants_dir })
    }

    /// A path for something that is neither the directory itself nor has to be one.
    fn resolve_file(&self, path: &str) -> Result<FullPath> {
        let full = self.resolve(path)?;
        if full.is_root {
            return Err(Errno::Isdir);
        }
        Ok(full)
    }
}

/// An open file.
pub struct FirmwareFile {
    file: NonNull<c_void>,
    number: u64,
    /// Whether each write goes to the end of the file: file systems of firmwares cannot change
    /// that of an open file.
    append: bool,
}

impl Drop for FirmwareFile {
    fn drop(&mut self) {
        // SAFETY: `zonda_wasi_open` returned it, and it is closed once.
        unsafe { zonda_wasi_close(self.file.as_ptr()) }
    }
}

impl FirmwareFile {
    fn seek(&mut self, offset: i64, whence: u32) -> Result<u64> {
        let mut position = 0;
        // SAFETY: the file is open as long as its owner lives.
        outcome(unsafe { zonda_wasi_seek(self.file.as_ptr(), offset, whence, &mut position) })?;
        Ok(position)
    }

    /// Does something at an offset and returns to the position.
    fn at(&mut self, offset: u64, act: impl FnOnce(&mut Self) -> Result<usize>) -> Result<usize> {
        let position = self.seek(0, 1)?;
        self.seek(i64::try_from(offset).map_err(|_| Errno::Inval)?, 0)?;
        let done = act(self);
        self.seek(i64::try_from(position).map_err(|_| Errno::Inval)?, 0)?;
        done
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        let mut count = 0;
        let file = self.file.as_ptr();
        // SAFETY: the file is open, and the buffer has its length.
        outcome(unsafe { zonda_wasi_read(file, bytes.as_mut_ptr(), bytes.len(), &mut count) })?;
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.append {
            self.seek(0, 2)?;
        }
        let mut count = 0;
        let file = self.file.as_ptr();
        // SAFETY: the file is open, and the buffer has its length.
        outcome(unsafe { zonda_wasi_write(file, bytes.as_ptr(), bytes.len(), &mut count) })?;
        Ok(count)
    }
}

fn stat(path: &FullPath) -> Result<Filestat> {
    let mut found = Stat::empty();
    if path.is_root {
        found.filetype = Filetype::Directory as u32;
    } else {
        // SAFETY: the path ends with NUL.
        outcome(unsafe { zonda_wasi_stat(path.as_ptr(), &mut found) })?;
    }
    let filetype = found.filetype();
    if path.wants_dir && filetype != Filetype::Directory {
        return Err(Errno::Notdir);
    }
    let (size, ino) = (found.size, path.number());
    Ok(Filestat { dev: 1, ino, filetype, nlink: 1, size, ..Filestat::default() })
}

/// A firmware.
#[derive(Clone, Copy, Debug, Default)]
pub struct Firmware;

impl Platform for Firmware {
    type File = FirmwareFile;
    type Dir = FirmwareDir;
    type Socket = FirmwareSocket;

    socket::methods!();

    fn stream_read(&mut self, _: Stream, bytes: &mut [u8]) -> Result<usize> {
        let mut count = 0;
        // SAFETY: the buffer has its length.
        let number = unsafe { zonda_wasi_read_input(bytes.as_mut_ptr(), bytes.len(), &mut count) };
        outcome(number).map(|()| count)
    }
    fn stream_write(&mut self, stream: Stream, bytes: &[u8]) -> Result<usize> {
        let number = if stream == Stream::Stderr { 2 } else { 1 };
        // SAFETY: the text has its length.
        unsafe { zonda_wasi_print(number, bytes.as_ptr(), bytes.len()) };
        Ok(bytes.len())
    }
    fn stream_type(&mut self, _: Stream) -> Filetype {
        Filetype::CharacterDevice
    }
    fn clock_now(&mut self, clock: ClockId) -> Result<u64> {
        let number = match clock {
            ClockId::Realtime => 0,
            ClockId::Monotonic => 1,
            ClockId::ProcessCpu | ClockId::ThreadCpu => return Err(Errno::Notsup),
        };
        let mut time = 0;
        // SAFETY: stores a number.
        outcome(unsafe { zonda_wasi_clock(number, &mut time) })?;
        Ok(time)
    }
    fn clock_resolution(&mut self, clock: ClockId) -> Result<u64> {
        match clock {
            // SAFETY: returns a number.
            ClockId::Realtime | ClockId::Monotonic => Ok(unsafe { zonda_wasi_resolution() }),
            ClockId::ProcessCpu | ClockId::ThreadCpu => Err(Errno::Notsup),
        }
    }
    fn random(&mut self, bytes: &mut [u8]) -> Result<()> {
        // SAFETY: the buffer has its length.
        outcome(unsafe { zonda_wasi_random(bytes.as_mut_ptr(), bytes.len()) })
    }
    fn yield_now(&mut self) {
        // SAFETY: has no effect on this program.
        unsafe { zonda_wasi_yield() }
    }
    fn poll(
        &mut self,
        waits: &mut [Wait<'_, Firmware>],
        timeout: Option<u64>,
        ended: &dyn Fn() -> bool,
    ) -> Result<()> {
        poll::poll(self, waits, timeout, ended)
    }

    fn read(&mut self, file: &mut FirmwareFile, bytes: &mut [u8]) -> Result<usize> {
        file.read(bytes)
    }
    fn write(&mut self, file: &mut FirmwareFile, bytes: &[u8]) -> Result<usize> {
        file.write(bytes)
    }
    fn read_at(&mut self, file: &mut FirmwareFile, to: &mut [u8], offset: u64) -> Result<usize> {
        file.at(offset, |file| file.read(to))
    }
    fn write_at(&mut self, file: &mut FirmwareFile, from: &[u8], offset: u64) -> Result<usize> {
        file.at(offset, |file| file.write(from))
    }
    fn seek(&mut self, file: &mut FirmwareFile, offset: i64, whence: Whence) -> Result<u64> {
        file.seek(offset, whence as u32)
    }
    fn file_stat(&mut self, file: &mut FirmwareFile) -> Result<Filestat> {
        let position = file.seek(0, 1)?;
        let size = file.seek(0, 2)?;
        file.seek(i64::try_from(position).map_err(|_| Errno::Inval)?, 0)?;
        let (ino, filetype) = (file.number, Filetype::RegularFile);
        Ok(Filestat { dev: 1, ino, filetype, nlink: 1, size, ..Filestat::default() })
    }
    fn file_type(&mut self, _: &FirmwareFile) -> Filetype {
        Filetype::RegularFile
    }
    fn set_size(&mut self, file: &mut FirmwareFile, size: u64) -> Result<()> {
        // SAFETY: the file is open.
        outcome(unsafe { zonda_wasi_set_size(file.file.as_ptr(), size) })
    }
    fn sync(&mut self, file: &mut FirmwareFile, _data_only: bool) -> Result<()> {
        // SAFETY: the file is open.
        outcome(unsafe { zonda_wasi_sync(file.file.as_ptr()) })
    }
    fn set_flags(&mut self, file: &mut FirmwareFile, flags: FdFlags) -> Result<()> {
        // Nothing waits, so that a file which does not wait is like any other.
        if !FdFlags(FdFlags::NONBLOCK.0 | FdFlags::APPEND.0).has(flags) {
            return Err(Errno::Notsup);
        }
        file.append = flags.has(FdFlags::APPEND);
        Ok(())
    }

    fn open(&mut self, dir: &FirmwareDir, path: &str, open: Open) -> Result<Object<Firmware>> {
        let full = dir.resolve(path)?;
        let found = match stat(&full) {
            Ok(stat) => Some(stat.filetype),
            Err(Errno::Noent) => None,
            Err(errno) => return Err(errno),
        };
        let (creat, excl) = (open.oflags.has(OFlags::CREAT), open.oflags.has(OFlags::EXCL));
        match found {
            Some(_) if creat && excl => return Err(Errno::Exist),
            Some(Filetype::Directory) => {
                let path = full.bytes.strip_suffix(&[0]).unwrap_or(&full.bytes);
                return Ok(Object::Dir(FirmwareDir::new(path)?));
            }
            Some(_) if open.oflags.has(OFlags::DIRECTORY) => return Err(Errno::Notdir),
            None if full.wants_dir && creat => return Err(Errno::Isdir),
            None if !creat => return Err(Errno::Noent),
            _ => {}
        }
        let truncate = open.oflags.has(OFlags::TRUNC);
        let writes = open.write || truncate || found.is_none();
        let mut flags = 0;
        for (bit, set) in [(READ, open.read || !writes), (WRITE, writes), (CREATE, creat)] {
            flags |= if set { bit } else { 0 };
        }
        let mut file = null_mut();
        // SAFETY: the path ends with NUL.
        outcome(unsafe { zonda_wasi_open(full.as_ptr(), flags, &mut file) })?;
        let file = NonNull::new(file).ok_or(Errno::Io)?;
        let append = open.write && open.flags.has(FdFlags::APPEND);
        let mut file = FirmwareFile { file, number: full.number(), append };
        if truncate {
            self.set_size(&mut file, 0)?;
        }
        Ok(Object::File(file))
    }
    fn dir_stat(&mut self, dir: &FirmwareDir) -> Result<Filestat> {
        stat(&dir.resolve(".")?)
    }
    fn read_dir(
        &mut self,
        dir: &mut FirmwareDir,
        cookie: u64,
        each: &mut dyn FnMut(Entry) -> bool,
    ) -> Result<()> {
        /// What the entries are passed to, and how many there were.
        struct Reading<'r> {
            path: &'r [u8],
            count: u64,
            cookie: u64,
            each: &'r mut dyn FnMut(Entry) -> bool,
        }
        impl Reading<'_> {
            fn entry(&mut self, name: &[u8], filetype: Filetype) -> bool {
                self.count += 1;
                if self.count <= self.cookie {
                    return true;
                }
                let named = if name == b"." || name == b".." { b"" } else { name };
                let (next, ino) = (self.count, hash(self.path, named));
                (self.each)(Entry { next, ino, filetype, name })
            }
        }
        /// # Safety
        /// `data` is the `Reading` that `read_dir` passes, `entry` an entry.
        unsafe extern "C" fn take(data: *mut c_void, entry: *const Stat) -> bool {
            // SAFETY: by the contract of this function; nobody else has the reading meanwhile.
            let (reading, entry) = unsafe { (&mut *data.cast::<Reading>(), &*entry) };
            let name = entry.name.get(..entry.name_len as usize).unwrap_or(&[]);
            core::str::from_utf8(name).is_err() || reading.entry(name, entry.filetype())
        }
        let full = dir.resolve(".")?;
        let path = full.bytes.strip_suffix(&[0]).unwrap_or(&full.bytes);
        let mut reading = Reading { path, count: 0, cookie, each };
        if !reading.entry(b".", Filetype::Directory) || !reading.entry(b"..", Filetype::Directory) {
            return Ok(());
        }
        // SAFETY: the path ends with NUL; `take` gets what it expects.
        outcome(unsafe { zonda_wasi_read_dir(full.as_ptr(), take, (&raw mut reading).cast()) })
    }
    fn create_dir(&mut self, dir: &FirmwareDir, path: &str) -> Result<()> {
        let full = dir.resolve(path)?;
        if full.is_root {
            return Err(Errno::Exist);
        }
        // SAFETY: the path ends with NUL.
        outcome(unsafe { zonda_wasi_create_dir(full.as_ptr()) })
    }
    fn remove_dir(&mut self, dir: &FirmwareDir, path: &str) -> Result<()> {
        let full = dir.resolve(path)?;
        if full.is_root {
            return Err(Errno::Inval);
        }
        if stat(&full)?.filetype != Filetype::Directory {
            return Err(Errno::Notdir);
        }
        // SAFETY: the path ends with NUL.
        outcome(unsafe { zonda_wasi_remove(full.as_ptr()) })
    }
    fn unlink(&mut self, dir: &FirmwareDir, path: &str) -> Result<()> {
        let full = dir.resolve_file(path)?;
        if stat(&full)?.filetype == Filetype::Directory {
            return Err(Errno::Isdir);
        }
        // SAFETY: the path ends with NUL.
        outcome(unsafe { zonda_wasi_remove(full.as_ptr()) })
    }
    fn rename(
        &mut self,
        from: &FirmwareDir,
        path: &str,
        to: &FirmwareDir,
        new: &str,
    ) -> Result<()> {
        let (from, to) = (from.resolve(path)?, to.resolve(new)?);
        if from.is_root || to.is_root {
            return Err(Errno::Busy);
        }
        let source = stat(&from)?.filetype;
        let inside = to.bytes.strip_prefix(from.bytes.strip_suffix(&[0]).unwrap_or(&[]));
        if inside.is_some_and(|rest| rest.first() == Some(&b'/')) {
            return Err(Errno::Inval);
        }
        match (source, stat(&to).map(|stat| stat.filetype)) {
            (Filetype::Directory, Ok(Filetype::Directory)) | (_, Err(Errno::Noent)) => {}
            (Filetype::Directory, Ok(_)) => return Err(Errno::Notdir),
            (_, Ok(Filetype::Directory)) => return Err(Errno::Isdir),
            (_, Ok(_)) => {}
            (_, Err(errno)) => return Err(errno),
        }
        if source != Filetype::Directory && to.wants_dir {
            return Err(Errno::Notdir);
        }
        // SAFETY: the paths end with NUL.
        outcome(unsafe { zonda_wasi_rename(from.as_ptr(), to.as_ptr()) })
    }
    fn path_stat(&mut self, dir: &FirmwareDir, path: &str, _follow: bool) -> Result<Filestat> {
        stat(&dir.resolve(path)?)
    }
}
