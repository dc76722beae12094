//! WASI on a hosted Unix system. The standard streams of programs are those of the process, or
//! descriptors that the application gives.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use zonda_wasi::host::HostDir;
use zonda_wasi::{Errno, Stream};

pub(crate) use zonda_wasi::host::Host as System;

pub(crate) fn system() -> System {
    System::new()
}

/// Makes a copy of a descriptor of the application the program's stream.
pub(crate) fn redirect(system: &mut System, stream: Stream, to: i64) -> Result<(), Errno> {
    let to = i32::try_from(to).ok().filter(|&to| to >= 0).ok_or(Errno::Badf)?;
    // SAFETY: the number is not -1; the borrow ends before the application, which runs this, could
    // close the descriptor. For a number that is not open, the system returns an error.
    let copy = unsafe { BorrowedFd::borrow_raw(to) }.try_clone_to_owned();
    system.redirect(stream, copy.map_err(|_| Errno::Badf)?);
    Ok(())
}

/// The directory with a path, which the application grants.
pub(crate) fn open(path: &[u8]) -> Result<HostDir, Errno> {
    HostDir::open_ambient(Path::new(OsStr::from_bytes(path))).map_err(|_| Errno::Noent)
}
