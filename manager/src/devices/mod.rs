//! Devices of the firmware for applications: pins, PWM, ADC, I2C, settings, the log and clocks
//! (docs/apps.md, "Devices").
//!
//! - this file: what is asked of the system, [`Devices`]; a system without devices implements
//!   nothing of it
//! - `modules`: the functions that applications import (feature `devices`)
//!
//! A device is opened by the name under which the firmware exports it. It belongs to the place of
//! the application that has it open, and to nobody else, until it is closed or the application ends.
//! Who owns a device is the system's to know: it has the table of devices.

#[cfg(feature = "devices")]
mod modules;
#[cfg(not(feature = "devices"))]
#[path = "modules_off.rs"]
mod modules;

pub(crate) use modules::{capability, define, with_capabilities};

/// Why a function of a device fails. Applications get the number, negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum DeviceError {
    /// An argument; also a device that the application does not have open.
    Invalid = 1,
    /// The firmware exports no device of this name and kind.
    Unknown = 2,
    /// Another application has it open, or this one has.
    Busy = 3,
    /// The device, or the firmware, cannot do this.
    Unsupported = 4,
    /// The device failed or did not acknowledge.
    Io = 5,
    /// There is no setting with this key.
    NotFound = 6,
    /// As many settings as the firmware permits, or its storage is full.
    NoRoom = 7,
}

impl DeviceError {
    /// The error with this number, as the functions of a system in C return it.
    pub fn of(number: i32) -> DeviceError {
        match number {
            1 => DeviceError::Invalid,
            2 => DeviceError::Unknown,
            3 => DeviceError::Busy,
            4 => DeviceError::Unsupported,
            6 => DeviceError::NotFound,
            7 => DeviceError::NoRoom,
            _ => DeviceError::Io,
        }
    }

    /// What applications get.
    pub fn number(self) -> i32 {
        -(self as i32)
    }
}

/// Kinds of devices that are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A pin.
    Gpio = 0,
    /// A channel of PWM.
    Pwm = 1,
    /// A channel of an ADC.
    Adc = 2,
    /// A device on an I2C bus, at its address.
    I2c = 3,
}

/// How a pin is opened.
pub mod pin_mode {
    /// As input.
    pub const INPUT: u32 = 0;
    /// As output, which is inactive first.
    pub const OUTPUT: u32 = 1;
    /// As output, which is active first.
    pub const OUTPUT_ACTIVE: u32 = 2;
}

/// What an output becomes. Active is what the devicetree says: high or low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Inactive.
    Inactive = 0,
    /// Active.
    Active = 1,
    /// The other one.
    Toggled = 2,
}

/// A value of an ADC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// As the ADC gives it.
    pub raw: i32,
    /// In millivolts; None if the reference is not known.
    pub millivolts: Option<i32>,
}

/// A result of a device.
pub type DeviceResult<T> = Result<T, DeviceError>;

/// Longest key of a setting.
pub const MOST_KEY: usize = 24;
/// Longest value of a setting.
pub const MOST_VALUE: usize = 256;

/// What the manager asks of a system for the functions of devices. `slot` is the place of the
/// application that calls; devices that it does not have open are [`DeviceError::Invalid`].
pub trait Devices {
    /// Opens a device. `mode` is one of [`pin_mode`] for pins.
    ///
    /// # Errors
    /// [`DeviceError`], as of all functions.
    fn open(&self, slot: usize, kind: Kind, name: &str, mode: u32) -> DeviceResult<u32> {
        let _ = (slot, kind, name, mode);
        Err(DeviceError::Unknown)
    }

    /// Closes a device. An output becomes inactive.
    ///
    /// # Errors
    /// [`DeviceError::Invalid`].
    fn close(&self, slot: usize, kind: Kind, device: u32) -> DeviceResult<()> {
        let _ = (slot, kind, device);
        Err(DeviceError::Invalid)
    }

    /// Closes all devices of an application that ends.
    fn close_all(&self, slot: usize) {
        let _ = slot;
    }

    /// Whether an input is active.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn pin(&self, slot: usize, device: u32) -> DeviceResult<bool> {
        let _ = (slot, device);
        Err(DeviceError::Unsupported)
    }

    /// Sets an output.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn set_pin(&self, slot: usize, device: u32, level: Level) -> DeviceResult<()> {
        let _ = (slot, device, level);
        Err(DeviceError::Unsupported)
    }

    /// Sets period and pulse of PWM, in nanoseconds.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn set_pwm(&self, slot: usize, device: u32, period: u32, pulse: u32) -> DeviceResult<()> {
        let _ = (slot, device, period, pulse);
        Err(DeviceError::Unsupported)
    }

    /// Reads a channel of an ADC.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn sample(&self, slot: usize, device: u32) -> DeviceResult<Sample> {
        let _ = (slot, device);
        Err(DeviceError::Unsupported)
    }

    /// Writes to a device on I2C, then reads from it; either may be empty, not both.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn transfer(
        &self,
        slot: usize,
        device: u32,
        write: &[u8],
        read: &mut [u8],
    ) -> DeviceResult<()> {
        let _ = (slot, device, write, read);
        Err(DeviceError::Unsupported)
    }

    /// Copies a setting of an application, as much as has room; the length of all of it.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn setting(&self, application: &str, key: &str, to: &mut [u8]) -> DeviceResult<usize> {
        let _ = (application, key, to);
        Err(DeviceError::Unsupported)
    }

    /// Stores a setting of an application, or deletes it: `None`.
    ///
    /// # Errors
    /// [`DeviceError`].
    fn set_setting(&self, application: &str, key: &str, value: Option<&[u8]>) -> DeviceResult<()> {
        let _ = (application, key, value);
        Err(DeviceError::Unsupported)
    }

    /// Deletes all settings of an application that is uninstalled.
    fn forget_settings(&self, application: &str) {
        let _ = application;
    }

    /// Logs a message of an application. `level` is 0 for trace to 5 for critical.
    fn log(&self, application: &str, level: u32, context: &str, message: &str) {
        let _ = (application, level, context, message);
    }

    /// The time of day: seconds since 1970 and nanoseconds; None where it is not known.
    fn wall_clock(&self) -> Option<(u64, u32)> {
        None
    }
}
