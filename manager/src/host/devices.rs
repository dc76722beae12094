//! Simulated devices: pins, PWM and ADCs with the values that a test or `zonda apps serve` gives
//! them, devices on I2C as registers, settings in memory or in files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::sync::Mutex;
use std::time::SystemTime;
use std::vec::Vec;

use super::{lock, Event, Host};
use crate::devices::{pin_mode, DeviceError, DeviceResult, Devices, Kind, Level, Sample};

/// Most settings of an application.
pub const MOST_SETTINGS: usize = 8;

/// What a simulated device is, and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Simulated {
    /// A pin, and whether it is active.
    Pin(bool),
    /// Period and pulse of PWM, in nanoseconds.
    Pwm(u32, u32),
    /// What an ADC of 12 bits reads; its reference is 3,300 mV.
    Adc(i32),
    /// The registers of a device on I2C: the first byte that is written is the number of one, the
    /// others follow from there on. Without any it does not acknowledge.
    I2c(Vec<u8>),
}

impl Simulated {
    fn kind(&self) -> Kind {
        match self {
            Simulated::Pin(_) => Kind::Gpio,
            Simulated::Pwm(..) => Kind::Pwm,
            Simulated::Adc(_) => Kind::Adc,
            Simulated::I2c(_) => Kind::I2c,
        }
    }
}

struct Device {
    name: String,
    state: Simulated,
    /// The place that has it open, and how.
    owner: Option<(usize, u32)>,
    /// The register of a device on I2C that is read next.
    register: usize,
}

/// Where settings are.
#[derive(Debug, Default)]
pub enum Settings {
    /// They go with the manager.
    #[default]
    InMemory,
    /// A folder with a folder for each application.
    Folder(PathBuf),
}

type Values = BTreeMap<(String, String), Vec<u8>>;

/// All of them.
pub struct SimulatedDevices {
    devices: Mutex<Vec<Device>>,
    folder: Option<PathBuf>,
    values: Mutex<Values>,
}

impl SimulatedDevices {
    /// Devices with their names, and the settings that are there.
    pub(super) fn new(
        devices: Vec<(String, Simulated)>,
        settings: Settings,
    ) -> std::io::Result<SimulatedDevices> {
        let device = |(name, state)| Device { name, state, owner: None, register: 0 };
        let folder = match settings {
            Settings::InMemory => None,
            Settings::Folder(folder) => Some(folder),
        };
        let values = folder.as_deref().map_or(Ok(Values::new()), read_settings)?;
        Ok(SimulatedDevices {
            devices: Mutex::new(devices.into_iter().map(device).collect()),
            folder,
            values: Mutex::new(values),
        })
    }

    /// The state of a device.
    pub fn get(&self, name: &str) -> Option<Simulated> {
        let devices = lock(&self.devices);
        devices.iter().find(|device| device.name == name).map(|device| device.state.clone())
    }

    /// Sets the state of a device, as the world outside does.
    pub fn set(&self, name: &str, state: Simulated) {
        let mut devices = lock(&self.devices);
        if let Some(device) = devices.iter_mut().find(|device| device.name == name) {
            device.state = state;
        }
    }

    /// Calls `f` with the device that an application has open.
    fn with<R>(
        &self,
        slot: usize,
        device: u32,
        f: impl FnOnce(&mut Device, u32) -> DeviceResult<R>,
    ) -> DeviceResult<R> {
        let mut devices = lock(&self.devices);
        let device = devices.get_mut((device as usize).wrapping_sub(1));
        let device = device.ok_or(DeviceError::Invalid)?;
        let (_, mode) =
            device.owner.filter(|(owner, _)| *owner == slot).ok_or(DeviceError::Invalid)?;
        f(device, mode)
    }

    fn file(&self, application: &str, key: &str) -> Option<PathBuf> {
        // With a suffix no key is the folder itself or the one above.
        Some(folder_of(self.folder.as_deref()?, application).join(std::format!("{key}.value")))
    }
}

/// The folder of an application; with a suffix no name is the folder itself or the one above.
fn folder_of(folder: &Path, application: &str) -> PathBuf {
    folder.join(std::format!("{application}.settings"))
}

fn read_settings(folder: &Path) -> std::io::Result<Values> {
    let mut values = Values::new();
    std::fs::create_dir_all(folder)?;
    for application in std::fs::read_dir(folder)? {
        let application = application?;
        let name = application.file_name().to_string_lossy().to_string();
        let Some(name) = name.strip_suffix(".settings") else { continue };
        for value in std::fs::read_dir(application.path())? {
            let value = value?;
            let key = value.file_name().to_string_lossy().to_string();
            if let Some(key) = key.strip_suffix(".value") {
                values.insert((name.into(), key.into()), std::fs::read(value.path())?);
            }
        }
    }
    Ok(values)
}

/// What is left of a device that is closed.
fn release(device: &mut Device) {
    device.owner = None;
    match &mut device.state {
        Simulated::Pwm(_, pulse) => *pulse = 0,
        Simulated::Pin(active) => *active = false,
        Simulated::Adc(_) | Simulated::I2c(_) => {}
    }
}

impl Devices for Host {
    fn open(&self, slot: usize, kind: Kind, name: &str, mode: u32) -> DeviceResult<u32> {
        if kind == Kind::Gpio && mode > pin_mode::OUTPUT_ACTIVE {
            return Err(DeviceError::Invalid);
        }
        let mut devices = lock(&self.devices.devices);
        let is_it = |device: &Device| device.name == name && device.state.kind() == kind;
        let index = devices.iter().position(is_it).ok_or(DeviceError::Unknown)?;
        let device = devices.get_mut(index).ok_or(DeviceError::Unknown)?;
        if device.owner.is_some() {
            return Err(DeviceError::Busy);
        }
        if let Simulated::Pin(active) = &mut device.state {
            if mode != pin_mode::INPUT {
                *active = mode == pin_mode::OUTPUT_ACTIVE;
            }
        }
        device.owner = Some((slot, mode));
        Ok(index as u32 + 1)
    }

    fn close(&self, slot: usize, kind: Kind, device: u32) -> DeviceResult<()> {
        self.devices.with(slot, device, |device, mode| {
            if device.state.kind() != kind {
                return Err(DeviceError::Invalid);
            }
            match kind == Kind::Gpio && mode == pin_mode::INPUT {
                true => device.owner = None,
                false => release(device),
            }
            Ok(())
        })
    }

    fn close_all(&self, slot: usize) {
        let mut devices = lock(&self.devices.devices);
        for device in devices.iter_mut() {
            match device.owner {
                Some((owner, pin_mode::INPUT))
                    if owner == slot && device.state.kind() == Kind::Gpio =>
                {
                    device.owner = None;
                }
                Some((owner, _)) if owner == slot => release(device),
                _ => {}
            }
        }
    }

    fn pin(&self, slot: usize, device: u32) -> DeviceResult<bool> {
        self.devices.with(slot, device, |device, mode| match device.state {
            Simulated::Pin(active) if mode == pin_mode::INPUT => Ok(active),
            Simulated::Pin(_) => Err(DeviceError::Unsupported),
            _ => Err(DeviceError::Invalid),
        })
    }

    fn set_pin(&self, slot: usize, device: u32, level: Level) -> DeviceResult<()> {
        self.devices.with(slot, device, |device, mode| match &mut device.state {
            Simulated::Pin(_) if mode == pin_mode::INPUT => Err(DeviceError::Unsupported),
            Simulated::Pin(active) => {
                *active = match level {
                    Level::Inactive => false,
                    Level::Active => true,
                    Level::Toggled => !*active,
                };
                Ok(())
            }
            _ => Err(DeviceError::Invalid),
        })
    }

    fn set_pwm(&self, slot: usize, device: u32, period: u32, pulse: u32) -> DeviceResult<()> {
        self.devices.with(slot, device, |device, _| match &mut device.state {
            state @ Simulated::Pwm(..) => {
                *state = Simulated::Pwm(period, pulse);
                Ok(())
            }
            _ => Err(DeviceError::Invalid),
        })
    }

    fn sample(&self, slot: usize, device: u32) -> DeviceResult<Sample> {
        self.devices.with(slot, device, |device, _| match device.state {
            Simulated::Adc(raw) => Ok(Sample { raw, millivolts: Some(raw * 3_300 / 4_096) }),
            _ => Err(DeviceError::Invalid),
        })
    }

    fn transfer(
        &self,
        slot: usize,
        device: u32,
        write: &[u8],
        read: &mut [u8],
    ) -> DeviceResult<()> {
        self.devices.with(slot, device, |device, _| {
            let Simulated::I2c(registers) = &mut device.state else {
                return Err(DeviceError::Invalid);
            };
            if registers.is_empty() {
                return Err(DeviceError::Io);
            }
            let mut register = device.register;
            if let Some((&first, rest)) = write.split_first() {
                register = first.into();
                for &byte in rest {
                    *registers.get_mut(register).ok_or(DeviceError::Io)? = byte;
                    register += 1;
                }
            }
            for byte in read {
                *byte = registers.get(register).copied().ok_or(DeviceError::Io)?;
                register += 1;
            }
            device.register = register;
            Ok(())
        })
    }

    fn setting(&self, application: &str, key: &str, to: &mut [u8]) -> DeviceResult<usize> {
        let values = lock(&self.devices.values);
        let value = values.get(&(application.into(), key.into())).ok_or(DeviceError::NotFound)?;
        to.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
        Ok(value.len())
    }

    fn set_setting(&self, application: &str, key: &str, value: Option<&[u8]>) -> DeviceResult<()> {
        let mut values = lock(&self.devices.values);
        let own = (application.to_string(), key.to_string());
        let count = values.keys().filter(|(name, _)| name == application).count();
        let file = self.devices.file(application, key);
        let Some(value) = value else {
            values.remove(&own).ok_or(DeviceError::NotFound)?;
            return file.map_or(Ok(()), std::fs::remove_file).map_err(|_| DeviceError::Io);
        };
        if count >= MOST_SETTINGS && !values.contains_key(&own) {
            return Err(DeviceError::NoRoom);
        }
        if let Some(file) = file {
            let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
            folder.and_then(|()| std::fs::write(file, value)).map_err(|_| DeviceError::Io)?;
        }
        values.insert(own, value.into());
        Ok(())
    }

    fn forget_settings(&self, application: &str) {
        lock(&self.devices.values).retain(|(name, _), _| name != application);
        if let Some(folder) = &self.devices.folder {
            // An application without settings has no folder.
            let _ = std::fs::remove_dir_all(folder_of(folder, application));
        }
    }

    fn log(&self, application: &str, level: u32, context: &str, message: &str) {
        const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "critical"];
        let level = LEVELS.get(level as usize).copied().unwrap_or("critical");
        let line = std::format!("{level}: {context}: {message}\n");
        (self.events)(application, &Event::Printed(line.as_bytes()));
    }

    fn wall_clock(&self) -> Option<(u64, u32)> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some((since.as_secs(), since.subsec_nanos()))
    }
}
