//! The platform of a hosted Unix system: files through `cap-std`, which lets no path leave its
//! directory (`openat2` with `RESOLVE_BENEATH` on Linux), everything else through `rustix`.
//!
//! What allocates here may abort when memory runs out, as programs on such systems do.
#![allow(clippy::disallowed_methods)]

mod dir;
mod errno;
mod file;
mod poll;
mod socket;

pub use dir::HostDir;
pub use file::HostFile;
pub use socket::HostSocket;

use crate::platform::{
    Entry, Lookup, Object, Open, Platform, SocketKind, SocketOption, Stream, Wait,
};
use crate::types::{
    Advice, ClockId, Errno, FdFlags, Filestat, Filetype, RiFlags, SdFlags, SetTime, Whence,
};
use core::time::Duration;
use rustix::fs::FileType;
use rustix::time::{clock_getres, clock_gettime, ClockId as SystemClock, Timespec};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

type Result<T> = core::result::Result<T, Errno>;

/// A hosted Unix system. The streams of programs are those of the process, unless others are given.
#[derive(Debug, Default)]
pub struct Host {
    streams: [Option<OwnedFd>; 3],
}

impl Host {
    /// The system that runs this process.
    pub fn new() -> Host {
        Host::default()
    }

    /// Gives programs another descriptor in place of one of the process's streams.
    pub fn redirect(&mut self, stream: Stream, to: OwnedFd) {
        if let Some(place) = self.streams.get_mut(stream as usize) {
            *place = Some(to);
        }
    }

    /// The descriptor of a stream.
    fn stream(&self, stream: Stream) -> BorrowedFd<'_> {
        match (self.streams.get(stream as usize), stream) {
            (Some(Some(given)), _) => given.as_fd(),
            (_, Stream::Stdin) => rustix::stdio::stdin(),
            (_, Stream::Stdout) => rustix::stdio::stdout(),
            (_, Stream::Stderr) => rustix::stdio::stderr(),
        }
    }
}

/// Nanoseconds of a time since 1970; 0 for one before.
fn nanoseconds(seconds: i64, nanoseconds: i64) -> u64 {
    u64::try_from(seconds as i128 * 1_000_000_000 + nanoseconds as i128).unwrap_or(0)
}

fn clock(clock: ClockId) -> SystemClock {
    match clock {
        ClockId::Realtime => SystemClock::Realtime,
        ClockId::Monotonic => SystemClock::Monotonic,
        ClockId::ProcessCpu => SystemClock::ProcessCPUTime,
        ClockId::ThreadCpu => SystemClock::ThreadCPUTime,
    }
}

fn filetype(ty: FileType) -> Filetype {
    match ty {
        FileType::RegularFile => Filetype::RegularFile,
        FileType::Directory => Filetype::Directory,
        FileType::Symlink => Filetype::SymbolicLink,
        FileType::CharacterDevice => Filetype::CharacterDevice,
        FileType::BlockDevice => Filetype::BlockDevice,
        FileType::Socket => Filetype::SocketStream,
        FileType::Fifo | FileType::Unknown => Filetype::Unknown,
    }
}

/// Attributes as the system has them. Widths differ between systems.
#[allow(clippy::unnecessary_cast)]
fn filestat(stat: &rustix::fs::Stat) -> Filestat {
    Filestat {
        dev: stat.st_dev as u64,
        ino: stat.st_ino as u64,
        filetype: filetype(FileType::from_raw_mode(stat.st_mode as _)),
        nlink: stat.st_nlink as u64,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        atim: nanoseconds(stat.st_atime as i64, stat.st_atime_nsec as i64),
        mtim: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctim: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}

/// A time of a file as the system wants it.
fn timespec(time: SetTime) -> Timespec {
    let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    match time {
        SetTime::Keep => special(rustix::fs::UTIME_OMIT),
        SetTime::Now => special(rustix::fs::UTIME_NOW),
        SetTime::To(nanoseconds) => {
            let time = Duration::from_nanos(nanoseconds);
            Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos() as _ }
        }
    }
}

impl Platform for Host {
    type File = HostFile;
    type Dir = HostDir;
    type Socket = HostSocket;

    fn stream_read(&mut self, from: Stream, bytes: &mut [u8]) -> Result<usize> {
        // A read that would wait could not be stopped: the caller waits, and asks again.
        if !poll::is_readable(self.stream(from))? {
            return Err(Errno::Again);
        }
        Ok(rustix::io::read(self.stream(from), bytes)?)
    }
    fn stream_write(&mut self, to: Stream, bytes: &[u8]) -> Result<usize> {
        Ok(rustix::io::write(self.stream(to), bytes)?)
    }
    fn stream_type(&mut self, of: Stream) -> Filetype {
        // A program takes a character device for a terminal.
        if rustix::termios::isatty(self.stream(of)) {
            return Filetype::CharacterDevice;
        }
        match rustix::fs::fstat(self.stream(of)).map(|stat| filestat(&stat).filetype) {
            Ok(Filetype::CharacterDevice) | Err(_) => Filetype::Unknown,
            Ok(ty) => ty,
        }
    }
    fn clock_now(&mut self, of: ClockId) -> Result<u64> {
        let time = clock_gettime(clock(of));
        Ok(nanoseconds(time.tv_sec, time.tv_nsec as i64))
    }
    fn clock_resolution(&mut self, of: ClockId) -> Result<u64> {
        let time = clock_getres(clock(of));
        Ok(nanoseconds(time.tv_sec, time.tv_nsec as i64).max(1))
    }
    fn random(&mut self, mut bytes: &mut [u8]) -> Result<()> {
        while !bytes.is_empty() {
            let count =
                rustix::rand::getrandom(&mut *bytes, rustix::rand::GetRandomFlags::empty())?;
            bytes = bytes.get_mut(count..).unwrap_or(&mut []);
        }
        Ok(())
    }
    fn yield_now(&mut self) {
        rustix::thread::sched_yield();
    }
    fn poll(
        &mut self,
        waits: &mut [Wait<'_, Host>],
        timeout: Option<u64>,
        ended: &dyn Fn() -> bool,
    ) -> Result<()> {
        poll::poll(self, waits, timeout, ended)
    }

    fn read(&mut self, file: &mut HostFile, bytes: &mut [u8]) -> Result<usize> {
        file.read(bytes)
    }
    fn write(&mut self, file: &mut HostFile, bytes: &[u8]) -> Result<usize> {
        file.write(bytes)
    }
    fn read_at(&mut self, file: &mut HostFile, bytes: &mut [u8], offset: u64) -> Result<usize> {
        file.read_at(bytes, offset)
    }
    fn write_at(&mut self, file: &mut HostFile, bytes: &[u8], offset: u64) -> Result<usize> {
        file.write_at(bytes, offset)
    }
    fn seek(&mut self, file: &mut HostFile, offset: i64, whence: Whence) -> Result<u64> {
        file.seek(offset, whence)
    }
    fn file_stat(&mut self, file: &mut HostFile) -> Result<Filestat> {
        file.stat()
    }
    fn file_type(&mut self, file: &HostFile) -> Filetype {
        file.filetype()
    }
    fn set_size(&mut self, file: &mut HostFile, size: u64) -> Result<()> {
        file.set_size(size)
    }
    fn allocate(&mut self, file: &mut HostFile, offset: u64, len: u64) -> Result<()> {
        file.allocate(offset, len)
    }
    fn advise(&mut self, file: &mut HostFile, offset: u64, len: u64, how: Advice) -> Result<()> {
        file.advise(offset, len, how)
    }
    fn sync(&mut self, file: &mut HostFile, data_only: bool) -> Result<()> {
        file.sync(data_only)
    }
    fn set_times(&mut self, file: &mut HostFile, atim: SetTime, mtim: SetTime) -> Result<()> {
        file.set_times(atim, mtim)
    }
    fn set_flags(&mut self, file: &mut HostFile, flags: FdFlags) -> Result<()> {
        file.set_flags(flags)
    }

    fn open(&mut self, dir: &HostDir, path: &str, open: Open) -> Result<Object<Host>> {
        dir.open(path, open)
    }
    fn dir_stat(&mut self, dir: &HostDir) -> Result<Filestat> {
        dir.stat()
    }
    fn read_dir(
        &mut self,
        dir: &mut HostDir,
        cookie: u64,
        each: &mut dyn FnMut(Entry) -> bool,
    ) -> Result<()> {
        dir.read(cookie, each)
    }
    fn sync_dir(&mut self, dir: &HostDir) -> Result<()> {
        dir.sync()
    }
    fn set_dir_times(&mut self, dir: &HostDir, atim: SetTime, mtim: SetTime) -> Result<()> {
        dir.set_times(atim, mtim)
    }
    fn create_dir(&mut self, dir: &HostDir, path: &str) -> Result<()> {
        dir.create_dir(path)
    }
    fn remove_dir(&mut self, dir: &HostDir, path: &str) -> Result<()> {
        dir.remove_dir(path)
    }
    fn unlink(&mut self, dir: &HostDir, path: &str) -> Result<()> {
        dir.unlink(path)
    }
    fn rename(&mut self, from: &HostDir, path: &str, to: &HostDir, new: &str) -> Result<()> {
        from.rename(path, to, new)
    }
    fn link(&mut self, from: &HostDir, path: &str, to: &HostDir, new: &str) -> Result<()> {
        from.link(path, to, new)
    }
    fn symlink(&mut self, target: &str, dir: &HostDir, path: &str) -> Result<()> {
        dir.symlink(target, path)
    }
    fn read_link(&mut self, dir: &HostDir, path: &str, to: &mut [u8]) -> Result<usize> {
        dir.read_link(path, to)
    }
    fn path_stat(&mut self, dir: &HostDir, path: &str, follow: bool) -> Result<Filestat> {
        dir.path_stat(path, follow)
    }
    fn set_path_times(
        &mut self,
        dir: &HostDir,
        path: &str,
        follow: bool,
        atim: SetTime,
        mtim: SetTime,
    ) -> Result<()> {
        dir.set_path_times(path, follow, atim, mtim)
    }

    fn accept(&mut self, socket: &mut HostSocket, flags: FdFlags) -> Result<HostSocket> {
        socket.accept(flags)
    }
    fn receive(&mut self, socket: &mut HostSocket, to: &mut [u8], how: RiFlags) -> Result<usize> {
        socket.receive(to, how)
    }
    fn send(&mut self, socket: &mut HostSocket, bytes: &[u8]) -> Result<usize> {
        socket.send(bytes)
    }
    fn shutdown(&mut self, socket: &mut HostSocket, how: SdFlags) -> Result<()> {
        socket.shutdown(how)
    }
    fn socket_type(&mut self, socket: &HostSocket) -> Filetype {
        socket.state.filetype()
    }
    fn open_socket(&mut self, kind: SocketKind) -> Result<HostSocket> {
        HostSocket::open(kind)
    }
    fn bind(&mut self, socket: &mut HostSocket, to: SocketAddr) -> Result<()> {
        socket.bind(to)
    }
    fn listen(&mut self, socket: &mut HostSocket, backlog: u32) -> Result<()> {
        socket.listen(backlog)
    }
    fn connect(&mut self, socket: &mut HostSocket, to: SocketAddr) -> Result<()> {
        socket.connect(to)
    }
    fn socket_error(&mut self, socket: &mut HostSocket) -> Result<()> {
        socket.error()
    }
    fn address(&mut self, socket: &mut HostSocket, remote: bool) -> Result<SocketAddr> {
        socket.address(remote)
    }
    fn receive_from(
        &mut self,
        socket: &mut HostSocket,
        to: &mut [u8],
        how: RiFlags,
    ) -> Result<(usize, Option<SocketAddr>)> {
        socket.receive_from(to, how)
    }
    fn send_to(&mut self, socket: &mut HostSocket, bytes: &[u8], to: SocketAddr) -> Result<usize> {
        socket.send_to(bytes, to)
    }
    fn socket_option(&mut self, socket: &mut HostSocket, option: SocketOption) -> Result<i32> {
        socket.option(option)
    }
    fn set_socket_option(
        &mut self,
        socket: &mut HostSocket,
        option: SocketOption,
        to: i32,
    ) -> Result<()> {
        socket.set_option(option, to)
    }
    fn timeout<'s>(&mut self, socket: &'s mut HostSocket, send: bool) -> Option<&'s mut u64> {
        Some(socket.state.timeout(send))
    }
    fn membership(
        &mut self,
        socket: &mut HostSocket,
        group: IpAddr,
        interface: u32,
        join: bool,
    ) -> Result<()> {
        socket.membership(group, interface, join)
    }
    fn resolve(
        &mut self,
        host: &str,
        service: &str,
        wanted: Lookup,
        each: &mut dyn FnMut(SocketAddr, bool),
    ) -> Result<()> {
        socket::resolve(host, service, wanted, each)
    }
}
