//! WASI on the platform of a firmware.

use zonda_wasi::firmware::FirmwareDir;
use zonda_wasi::Errno;

pub(crate) use zonda_wasi::firmware::Firmware as System;

pub(crate) fn system() -> System {
    System
}

/// The directory with a path.
pub(crate) fn open(path: &[u8]) -> Result<FirmwareDir, Errno> {
    FirmwareDir::new(path)
}
