//! Devices of the firmware for applications: `include/zonda_apps_platform.h`, "Devices of
//! applications", which `zephyr/zonda_apps_devices.c` and `zephyr/zonda_apps_settings.c` define for
//! Zephyr.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null;

use zonda_manager::devices::{DeviceError, DeviceResult, Devices, Kind, Level, Sample, MOST_KEY};

use crate::platform::{name_for_c, Firmware};
use crate::text;

extern "C" {
    fn zonda_apps_device_open(
        slot: u32,
        kind: u32,
        name: *const u8,
        len: usize,
        mode: u32,
    ) -> c_int;
    fn zonda_apps_device_close(slot: u32, kind: u32, device: u32) -> c_int;
    fn zonda_apps_device_close_all(slot: u32);
    fn zonda_apps_pin_get(slot: u32, device: u32) -> c_int;
    fn zonda_apps_pin_set(slot: u32, device: u32, level: u32) -> c_int;
    fn zonda_apps_pwm_set(slot: u32, device: u32, period: u32, pulse: u32) -> c_int;
    fn zonda_apps_adc_read(slot: u32, device: u32, raw: *mut i32, millivolts: *mut i32) -> c_int;
    fn zonda_apps_i2c_transfer(
        slot: u32,
        device: u32,
        write: *const u8,
        write_len: usize,
        read: *mut u8,
        read_len: usize,
    ) -> c_int;
    fn zonda_apps_setting_get(
        name: *const c_char,
        key: *const c_char,
        to: *mut c_void,
        room: usize,
    ) -> c_int;
    fn zonda_apps_setting_set(
        name: *const c_char,
        key: *const c_char,
        value: *const c_void,
        len: usize,
    ) -> c_int;
    fn zonda_apps_settings_forget(name: *const c_char);
    fn zonda_apps_log(
        name: *const c_char,
        level: u32,
        context: *const u8,
        context_len: usize,
        message: *const u8,
        message_len: usize,
    );
    fn zonda_app_wall_clock(seconds: *mut u64, nanoseconds: *mut u32) -> bool;
}

/// What a function returned: a number, or an error.
fn outcome(number: c_int) -> DeviceResult<u32> {
    u32::try_from(number).map_err(|_| DeviceError::of(number.wrapping_neg()))
}

/// A key that ends with NUL.
fn key_for_c(key: &str) -> [u8; MOST_KEY + 1] {
    let mut bytes = [0; MOST_KEY + 1];
    text::store(&mut bytes, &key);
    bytes
}

impl Devices for Firmware {
    fn open(&self, slot: usize, kind: Kind, name: &str, mode: u32) -> DeviceResult<u32> {
        // SAFETY: the name has this length; the function reads it and keeps nothing.
        outcome(unsafe {
            zonda_apps_device_open(slot as u32, kind as u32, name.as_ptr(), name.len(), mode)
        })
    }

    fn close(&self, slot: usize, kind: Kind, device: u32) -> DeviceResult<()> {
        // SAFETY: numbers only: the function finds the device by them, or none.
        outcome(unsafe { zonda_apps_device_close(slot as u32, kind as u32, device) }).map(|_| ())
    }

    fn close_all(&self, slot: usize) {
        // SAFETY: as above.
        unsafe { zonda_apps_device_close_all(slot as u32) };
    }

    fn pin(&self, slot: usize, device: u32) -> DeviceResult<bool> {
        // SAFETY: as above.
        outcome(unsafe { zonda_apps_pin_get(slot as u32, device) }).map(|value| value != 0)
    }

    fn set_pin(&self, slot: usize, device: u32, level: Level) -> DeviceResult<()> {
        // SAFETY: as above.
        outcome(unsafe { zonda_apps_pin_set(slot as u32, device, level as u32) }).map(|_| ())
    }

    fn set_pwm(&self, slot: usize, device: u32, period: u32, pulse: u32) -> DeviceResult<()> {
        // SAFETY: as above.
        outcome(unsafe { zonda_apps_pwm_set(slot as u32, device, period, pulse) }).map(|_| ())
    }

    fn sample(&self, slot: usize, device: u32) -> DeviceResult<Sample> {
        let (mut raw, mut millivolts) = (0, 0);
        // SAFETY: the function stores a number in each of the two at most.
        let result = unsafe { zonda_apps_adc_read(slot as u32, device, &mut raw, &mut millivolts) };
        let has_millivolts = outcome(result)? != 0;
        Ok(Sample { raw, millivolts: has_millivolts.then_some(millivolts) })
    }

    fn transfer(
        &self,
        slot: usize,
        device: u32,
        write: &[u8],
        read: &mut [u8],
    ) -> DeviceResult<()> {
        // SAFETY: the function reads the one and writes the other, each of its length, before it
        // returns.
        outcome(unsafe {
            zonda_apps_i2c_transfer(
                slot as u32,
                device,
                write.as_ptr(),
                write.len(),
                read.as_mut_ptr(),
                read.len(),
            )
        })
        .map(|_| ())
    }

    fn setting(&self, application: &str, key: &str, to: &mut [u8]) -> DeviceResult<usize> {
        let (name, key) = (name_for_c(application), key_for_c(key));
        // SAFETY: both texts end with NUL; the function writes `to.len()` bytes at most.
        outcome(unsafe {
            zonda_apps_setting_get(
                name.as_ptr().cast(),
                key.as_ptr().cast(),
                to.as_mut_ptr().cast(),
                to.len(),
            )
        })
        .map(|len| len as usize)
    }

    fn set_setting(&self, application: &str, key: &str, value: Option<&[u8]>) -> DeviceResult<()> {
        let (name, key) = (name_for_c(application), key_for_c(key));
        let (at, len) = value.map_or((null(), 0), |value| (value.as_ptr(), value.len()));
        // SAFETY: both texts end with NUL; the function reads `len` bytes of the value, or takes
        // NULL for none.
        outcome(unsafe {
            zonda_apps_setting_set(name.as_ptr().cast(), key.as_ptr().cast(), at.cast(), len)
        })
        .map(|_| ())
    }

    fn forget_settings(&self, application: &str) {
        // SAFETY: the name ends with NUL.
        unsafe { zonda_apps_settings_forget(name_for_c(application).as_ptr().cast()) };
    }

    fn log(&self, application: &str, level: u32, context: &str, message: &str) {
        // SAFETY: the name ends with NUL, and the texts have these lengths; nothing is kept.
        unsafe {
            zonda_apps_log(
                name_for_c(application).as_ptr().cast(),
                level,
                context.as_ptr(),
                context.len(),
                message.as_ptr(),
                message.len(),
            );
        }
    }

    fn wall_clock(&self) -> Option<(u64, u32)> {
        let (mut seconds, mut nanoseconds) = (0, 0);
        // SAFETY: the function stores a number in each.
        let is_known = unsafe { zonda_app_wall_clock(&mut seconds, &mut nanoseconds) };
        is_known.then_some((seconds, nanoseconds))
    }
}
