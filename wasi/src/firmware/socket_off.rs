//! What stands for `socket` where programs have none.

use core::convert::Infallible;
use core::ffi::c_int;

/// There is none.
pub struct FirmwareSocket(Infallible);

impl FirmwareSocket {
    #[allow(dead_code)]
    pub(super) fn number(&self) -> c_int {
        match self.0 {}
    }
}

macro_rules! methods {
    () => {};
}
pub(super) use methods;
