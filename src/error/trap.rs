//! Errors of execution: why a call stopped (spec: 4.2.1, "trap"), and where.

use core::fmt;
use zonda_exec::TrapCode;

/// Why a call stopped, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// The reason.
    pub code: TrapCode,
    /// Index of the function in its module; `u32::MAX` when no function of the module was running.
    pub func: u32,
    /// Offset of the instruction in the module, in bytes.
    pub offset: u32,
    /// What a host function reported: any number, 0 if it reported none.
    pub host: u32,
}

impl Trap {
    /// A trap that a host function causes; the runtime adds the place.
    pub const fn new(code: TrapCode) -> Trap {
        Trap { code, func: u32::MAX, offset: 0, host: 0 }
    }

    /// The failure of a host function, with a number of its own that the caller of the module
    /// receives.
    pub const fn host(code: u32) -> Trap {
        Trap { code: TrapCode::Host, func: u32::MAX, offset: 0, host: code }
    }
}

impl From<TrapCode> for Trap {
    fn from(code: TrapCode) -> Trap {
        Trap::new(code)
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message())?;
        if self.host != 0 {
            write!(f, " ({})", self.host)?;
        }
        if self.func != u32::MAX {
            write!(f, " (function {}, offset 0x{:x})", self.func, self.offset)?;
        }
        Ok(())
    }
}
