//! WASI on the platform of a firmware.

use zonda_wasi::firmware::FirmwareDir;
use zonda_wasi::{Errno, Stream};

pub(crate) use zonda_wasi::firmware::Firmware as System;

pub(crate) fn system() -> System {
    System
}

/// A firmware has no streams but the console, and the C API asks for none.
pub(crate) fn redirect(_: &mut System, _: Stream, _: i64) -> Result<(), Errno> {
    Err(Errno::Notsup)
}

/// The directory with a path.
pub(crate) fn open(path: &[u8]) -> Result<FirmwareDir, Errno> {
    FirmwareDir::new(path)
}
