//! The 46 functions of `wasi_snapshot_preview1`, declared once. The groups are files of their own;
//! one that is switched off is replaced by `off`.

mod clock;
mod fd;
#[cfg(feature = "files")]
mod file;
#[cfg(feature = "files")]
mod path;
#[cfg(feature = "poll")]
mod poll;
mod program;
#[cfg(feature = "sockets")]
pub(crate) mod sock;
#[cfg(feature = "unstable")]
pub(crate) mod unstable;
#[cfg(any(feature = "sockets", feature = "input"))]
pub(crate) mod waiting;
#[cfg(not(any(feature = "sockets", feature = "input")))]
#[path = "waiting_off.rs"]
mod waiting;

#[cfg(not(all(feature = "files", feature = "poll", feature = "sockets")))]
mod off;
#[cfg(not(feature = "poll"))]
use off::poll;
#[cfg(not(feature = "sockets"))]
use off::sock;
#[cfg(not(feature = "files"))]
use off::{file, path};

use crate::context::Wasi;
use crate::guest::answer;
use crate::platform::Platform;
use crate::types::{Event, Fdstat, Filestat, Iovec, Prestat, Subscription};
use core::marker::PhantomData;
use zonda::{host_module, GuestPtrMut, GuestSlice, GuestSliceMut, HostError};

/// An error number, or 0; or a trap.
type Answer = Result<u32, HostError>;

host_module! {
    /// WASI preview 1 on a platform.
    pub struct Preview1<P: Platform>: Wasi<P> as "wasi_snapshot_preview1" {
        /// Reads the arguments.
        fn args_get(call, argv: u32, argv_buf: u32) -> Answer {
            answer(program::args_get(call, argv, argv_buf))
        }
        /// The number and the bytes of the arguments.
        fn args_sizes_get(call, count: GuestPtrMut<u32>, bytes: GuestPtrMut<u32>) -> Answer {
            answer(program::args_sizes_get(call, count, bytes))
        }
        /// Reads the environment.
        fn environ_get(call, environ: u32, environ_buf: u32) -> Answer {
            answer(program::environ_get(call, environ, environ_buf))
        }
        /// The number and the bytes of the variables.
        fn environ_sizes_get(call, count: GuestPtrMut<u32>, bytes: GuestPtrMut<u32>) -> Answer {
            answer(program::environ_sizes_get(call, count, bytes))
        }
        /// The resolution of a clock.
        fn clock_res_get(call, id: u32, resolution: GuestPtrMut<u64>) -> Answer {
            answer(clock::res_get(call, id, resolution))
        }
        /// The time of a clock.
        fn clock_time_get(call, id: u32, _precision: u64, time: GuestPtrMut<u64>) -> Answer {
            answer(clock::time_get(call, id, time))
        }
        /// Notes how a file is going to be used.
        fn fd_advise(call, fd: u32, offset: u64, len: u64, advice: u32) -> Answer {
            answer(file::advise(call, fd, offset, len, advice))
        }
        /// Makes sure that a file has space.
        fn fd_allocate(call, fd: u32, offset: u64, len: u64) -> Answer {
            answer(file::allocate(call, fd, offset, len))
        }
        /// Closes a descriptor.
        fn fd_close(call, fd: u32) -> Answer {
            answer(fd::close(call, fd))
        }
        /// Writes the data of a file to its storage.
        fn fd_datasync(call, fd: u32) -> Answer {
            answer(file::sync(call, fd, true))
        }
        /// Attributes of a descriptor.
        fn fd_fdstat_get(call, fd: u32, stat: GuestPtrMut<Fdstat>) -> Answer {
            answer(fd::fdstat_get(call, fd, stat))
        }
        /// Sets flags of a descriptor.
        fn fd_fdstat_set_flags(call, fd: u32, flags: u32) -> Answer {
            answer(fd::fdstat_set_flags(call, fd, flags))
        }
        /// Takes rights from a descriptor.
        fn fd_fdstat_set_rights(call, fd: u32, rights: u64, inheriting: u64) -> Answer {
            answer(fd::fdstat_set_rights(call, fd, rights, inheriting))
        }
        /// Attributes of a file.
        fn fd_filestat_get(call, fd: u32, stat: GuestPtrMut<Filestat>) -> Answer {
            answer(fd::filestat_get(call, fd, stat))
        }
        /// Sets the size of a file.
        fn fd_filestat_set_size(call, fd: u32, size: u64) -> Answer {
            answer(file::set_size(call, fd, size))
        }
        /// Sets the times of a file.
        fn fd_filestat_set_times(call, fd: u32, atim: u64, mtim: u64, flags: u32) -> Answer {
            answer(file::set_times(call, fd, atim, mtim, flags))
        }
        /// Reads at an offset.
        fn fd_pread(call, fd: u32, to: GuestSlice<Iovec>, offset: u64, count: GuestPtrMut<u32>) -> Answer {
            answer(file::pread(call, fd, to, offset, count))
        }
        /// Whether a descriptor is a preopened directory, and the length of its name.
        fn fd_prestat_get(call, fd: u32, stat: GuestPtrMut<Prestat>) -> Answer {
            answer(fd::prestat_get(call, fd, stat))
        }
        /// The name of a preopened directory.
        fn fd_prestat_dir_name(call, fd: u32, to: GuestSliceMut<u8>) -> Answer {
            answer(fd::prestat_dir_name(call, fd, to))
        }
        /// Writes at an offset.
        fn fd_pwrite(call, fd: u32, from: GuestSlice<Iovec>, offset: u64, count: GuestPtrMut<u32>) -> Answer {
            answer(file::pwrite(call, fd, from, offset, count))
        }
        /// Reads.
        fn fd_read(call, fd: u32, to: GuestSlice<Iovec>, count: GuestPtrMut<u32>) -> Answer {
            answer(fd::read(call, fd, to, count))
        }
        /// Reads entries of a directory.
        fn fd_readdir(call, fd: u32, to: GuestSliceMut<u8>, cookie: u64, used: GuestPtrMut<u32>) -> Answer {
            answer(file::readdir(call, fd, to, cookie, used))
        }
        /// Gives a descriptor the number of another, which is closed.
        fn fd_renumber(call, from: u32, to: u32) -> Answer {
            answer(fd::renumber(call, from, to))
        }
        /// Moves the position of a file.
        fn fd_seek(call, fd: u32, offset: i64, whence: u32, to: GuestPtrMut<u64>) -> Answer {
            answer(file::seek(call, fd, offset, whence, to))
        }
        /// Writes a file to its storage.
        fn fd_sync(call, fd: u32) -> Answer {
            answer(file::sync(call, fd, false))
        }
        /// The position of a file.
        fn fd_tell(call, fd: u32, to: GuestPtrMut<u64>) -> Answer {
            answer(file::tell(call, fd, to))
        }
        /// Writes.
        fn fd_write(call, fd: u32, from: GuestSlice<Iovec>, count: GuestPtrMut<u32>) -> Answer {
            answer(fd::write(call, fd, from, count))
        }
        /// Makes a directory.
        fn path_create_directory(call, fd: u32, path: GuestSlice<u8>) -> Answer {
            answer(path::create_directory(call, fd, path))
        }
        /// Attributes of a file by its path.
        fn path_filestat_get(call, fd: u32, flags: u32, path: GuestSlice<u8>, stat: GuestPtrMut<Filestat>) -> Answer {
            answer(path::filestat_get(call, fd, flags, path, stat))
        }
        /// Sets the times of a file by its path.
        fn path_filestat_set_times(call, fd: u32, flags: u32, path: GuestSlice<u8>, atim: u64, mtim: u64, set: u32) -> Answer {
            answer(path::filestat_set_times(call, fd, flags, path, (atim, mtim, set)))
        }
        /// Makes a hard link.
        fn path_link(call, fd: u32, flags: u32, path: GuestSlice<u8>, new_fd: u32, new_path: GuestSlice<u8>) -> Answer {
            answer(path::link(call, (fd, flags, path), (new_fd, new_path)))
        }
        /// Opens a file or a directory.
        fn path_open(call, fd: u32, lookup: u32, path: GuestSlice<u8>, oflags: u32, rights: u64, inheriting: u64, flags: u32, opened: GuestPtrMut<u32>) -> Answer {
            answer(path::open(call, (fd, lookup, path), (oflags, rights, inheriting, flags), opened))
        }
        /// Reads a symbolic link.
        fn path_readlink(call, fd: u32, path: GuestSlice<u8>, to: GuestSliceMut<u8>, used: GuestPtrMut<u32>) -> Answer {
            answer(path::readlink(call, fd, path, to, used))
        }
        /// Removes a directory.
        fn path_remove_directory(call, fd: u32, path: GuestSlice<u8>) -> Answer {
            answer(path::remove_directory(call, fd, path))
        }
        /// Renames a file or a directory.
        fn path_rename(call, fd: u32, path: GuestSlice<u8>, new_fd: u32, new_path: GuestSlice<u8>) -> Answer {
            answer(path::rename(call, (fd, path), (new_fd, new_path)))
        }
        /// Makes a symbolic link.
        fn path_symlink(call, target: GuestSlice<u8>, fd: u32, path: GuestSlice<u8>) -> Answer {
            answer(path::symlink(call, target, fd, path))
        }
        /// Removes a file.
        fn path_unlink_file(call, fd: u32, path: GuestSlice<u8>) -> Answer {
            answer(path::unlink_file(call, fd, path))
        }
        /// Waits for clocks and descriptors.
        fn poll_oneoff(call, from: u32, to: u32, count: u32, events: GuestPtrMut<u32>) -> Answer {
            answer(poll::oneoff(call, from, to, count, events, PhantomData::<Subscription>))
        }
        /// Ends the program.
        fn proc_exit(call, code: u32) -> Result<(), HostError> {
            program::exit(call, code)
        }
        /// Sends the program a signal, which it cannot receive.
        fn proc_raise(_call, _signal: u32) -> Answer {
            answer(Err(crate::Errno::Notsup.into()))
        }
        /// Lets others run.
        fn sched_yield(call) -> Answer {
            call.state().platform.yield_now();
            Ok(0)
        }
        /// Fills with random bytes.
        fn random_get(call, to: GuestSliceMut<u8>) -> Answer {
            answer(clock::random_get(call, to))
        }
        /// Accepts a connection.
        fn sock_accept(call, fd: u32, flags: u32, opened: GuestPtrMut<u32>) -> Answer {
            answer(sock::accept(call, fd, flags, opened))
        }
        /// Receives.
        fn sock_recv(call, fd: u32, to: GuestSlice<Iovec>, flags: u32, count: GuestPtrMut<u32>, out: GuestPtrMut<u16>) -> Answer {
            answer(sock::recv(call, fd, to, flags, count, Some(out)))
        }
        /// Sends.
        fn sock_send(call, fd: u32, from: GuestSlice<Iovec>, flags: u32, count: GuestPtrMut<u32>) -> Answer {
            answer(sock::send(call, fd, from, flags, count))
        }
        /// Shuts directions of a connection down.
        fn sock_shutdown(call, fd: u32, how: u32) -> Answer {
            answer(sock::shutdown(call, fd, how))
        }
    }
}

const _: () = assert!(
    <Subscription as zonda::GuestValue>::SIZE == 48 && <Event as zonda::GuestValue>::SIZE == 32
);
