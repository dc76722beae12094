//! Devices of the firmware, settings, the log and clocks (docs/apps.md, "Devices"). Each type, and
//! each group of functions, needs the capability that it names. A device is closed when its value
//! is dropped; an output is inactive then.

use alloc::vec::Vec;

use crate::host::device as host;

/// Why something of a device fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceError {
    /// An argument: a name or key that is too long, an empty buffer.
    Invalid,
    /// The firmware exports no device of this name and kind.
    Unknown,
    /// It is open already, here or in another application.
    Busy,
    /// The device or the firmware cannot do this.
    Unsupported,
    /// The device failed, or did not acknowledge.
    Io,
    /// No setting has this key.
    NotFound,
    /// As many settings as there may be.
    NoRoom,
}

/// A number that is not negative, or an error.
pub(crate) fn outcome(number: i32) -> Result<u32, DeviceError> {
    u32::try_from(number).map_err(|_| match number {
        -1 => DeviceError::Invalid,
        -2 => DeviceError::Unknown,
        -3 => DeviceError::Busy,
        -4 => DeviceError::Unsupported,
        -6 => DeviceError::NotFound,
        -7 => DeviceError::NoRoom,
        _ => DeviceError::Io,
    })
}

fn done(number: i32) -> Result<(), DeviceError> {
    outcome(number).map(|_| ())
}

/// Types of devices that are opened by a name and closed when they go.
macro_rules! devices {
    ($($(#[$doc:meta])* $name:ident $close:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, PartialEq, Eq)]
        pub struct $name(u32);

        impl Drop for $name {
            fn drop(&mut self) {
                host::$close(self.0);
            }
        }
    )* };
}

devices! {
    /// A pin that is read. Capability `gpio`.
    Input gpio_close;
    /// A pin that is driven. Capability `gpio`.
    Output gpio_close;
    /// A channel of PWM. Capability `pwm`.
    Pwm pwm_close;
    /// A channel of an ADC. Capability `adc`.
    Adc adc_close;
    /// A device on an I2C bus, at its address. Capability `i2c`.
    I2c i2c_close;
}

impl Input {
    /// Opens a pin.
    pub fn open(name: &str) -> Result<Input, DeviceError> {
        host::gpio_open(name, 0).map(Input)
    }

    /// Whether it is active, as the devicetree says: high or low.
    pub fn is_active(&self) -> Result<bool, DeviceError> {
        outcome(host::gpio_is_active(self.0)).map(|active| active != 0)
    }
}

impl Output {
    /// Opens a pin, which is active or inactive then.
    pub fn open(name: &str, active: bool) -> Result<Output, DeviceError> {
        host::gpio_open(name, if active { 2 } else { 1 }).map(Output)
    }

    /// Makes it active or inactive.
    pub fn set(&self, active: bool) -> Result<(), DeviceError> {
        done(if active { host::gpio_set_active(self.0) } else { host::gpio_set_inactive(self.0) })
    }

    /// Makes it the other one.
    pub fn toggle(&self) -> Result<(), DeviceError> {
        done(host::gpio_toggle(self.0))
    }
}

impl Pwm {
    /// Opens a channel.
    pub fn open(name: &str) -> Result<Pwm, DeviceError> {
        host::pwm_open(name).map(Pwm)
    }

    /// Sets period and pulse, in nanoseconds. The pulse is not longer than the period.
    pub fn set(&self, period_ns: u32, pulse_ns: u32) -> Result<(), DeviceError> {
        done(host::pwm_set(self.0, period_ns, pulse_ns))
    }
}

impl Adc {
    /// Opens a channel.
    pub fn open(name: &str) -> Result<Adc, DeviceError> {
        host::adc_open(name).map(Adc)
    }

    /// The value in units of the ADC.
    pub fn raw(&self) -> Result<i32, DeviceError> {
        host::adc_raw(self.0)
    }

    /// The value in millivolts; `Unsupported` if the reference is not known.
    pub fn millivolts(&self) -> Result<i32, DeviceError> {
        host::adc_millivolts(self.0)
    }
}

impl I2c {
    /// Opens a device.
    pub fn open(name: &str) -> Result<I2c, DeviceError> {
        host::i2c_open(name).map(I2c)
    }

    /// Reads.
    pub fn read(&self, to: &mut [u8]) -> Result<(), DeviceError> {
        done(host::i2c_read(self.0, to))
    }

    /// Writes.
    pub fn write(&self, from: &[u8]) -> Result<(), DeviceError> {
        done(host::i2c_write(self.0, from))
    }

    /// Writes at most 32 bytes, then reads.
    pub fn write_read(&self, from: &[u8], to: &mut [u8]) -> Result<(), DeviceError> {
        done(host::i2c_write_read(self.0, from, to))
    }
}

/// The settings of the application. Capability `keyvalue`. Keys are of at most 24 letters, digits,
/// `-`, `_` and `.`, values of 1 to 256 bytes.
pub struct Settings;

impl Settings {
    /// The value of a key.
    pub fn get(key: &str) -> Result<Vec<u8>, DeviceError> {
        let len = outcome(host::setting_get(key, &mut []))?;
        let mut value = Vec::new();
        value.try_reserve_exact(len as usize).map_err(|_| DeviceError::NoRoom)?;
        value.resize(len as usize, 0);
        let copied = outcome(host::setting_get(key, &mut value))?;
        value.truncate(copied as usize);
        Ok(value)
    }

    /// Stores a value.
    pub fn set(key: &str, value: &[u8]) -> Result<(), DeviceError> {
        done(host::setting_set(key, value))
    }

    /// Deletes a value.
    pub fn delete(key: &str) -> Result<(), DeviceError> {
        done(host::setting_delete(key))
    }
}

/// Levels of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Steps of the program.
    Trace = 0,
    /// For its developers.
    Debug = 1,
    /// What it does.
    Info = 2,
    /// What may become an error.
    Warn = 3,
    /// What went wrong.
    Error = 4,
    /// What it cannot go on from.
    Critical = 5,
}

/// Logs a line: its level, the part of the application that it is from, the message. Capability
/// `logging`. Texts are cut off at 127 bytes.
pub fn log(level: LogLevel, context: &str, message: &str) {
    host::log(level as u32, context, message);
}

/// Nanoseconds of a clock that only rises. Capability `clocks`.
pub fn monotonic_now() -> u64 {
    host::monotonic_now()
}

/// The time of day: seconds since 1970 and nanoseconds. Capability `clocks`. `Unsupported` where
/// the firmware does not know it.
pub fn wall_now() -> Result<(u64, u32), DeviceError> {
    host::wall_now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_results() {
        assert_eq!(outcome(7), Ok(7));
        assert_eq!(outcome(-3), Err(DeviceError::Busy));
        assert_eq!(outcome(i32::MIN), Err(DeviceError::Io));
        assert_eq!(Output::open("led0", true), Err(DeviceError::Unsupported));
    }
}
