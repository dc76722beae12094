//! WASI on a hosted Unix system. The standard streams of programs are those of the process.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use zonda_wasi::host::HostDir;
use zonda_wasi::Errno;

pub(crate) use zonda_wasi::host::Host as System;

pub(crate) fn system() -> System {
    System::new()
}

/// The directory with a path, which the application grants.
pub(crate) fn open(path: &[u8]) -> Result<HostDir, Errno> {
    HostDir::open_ambient(Path::new(OsStr::from_bytes(path))).map_err(|_| Errno::Noent)
}
