//! What the manager provides for devices, with safe names.

use super::terminated;
use crate::device::{outcome, DeviceError};

/// The functions of a module. On another machine than wasm32 there are no devices.
macro_rules! module {
    ($module:ident $text:literal $(fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        #[cfg(target_arch = "wasm32")]
        mod $module {
            #[link(wasm_import_module = $text)]
            unsafe extern "C" {
                $(pub fn $name($($arg: $ty),*) -> $ret;)*
            }
        }
        #[cfg(not(target_arch = "wasm32"))]
        mod $module {
            $(pub unsafe fn $name($(_: $ty),*) -> $ret {
                // Unsupported, where it is a result.
                -4i32 as _
            })*
        }
    };
}

module! { gpio "gpio"
    fn open(name: *const u8, mode: u32) -> i32;
    fn close(pin: u32) -> i32;
    fn is_active(pin: u32) -> i32;
    fn set_active(pin: u32) -> i32;
    fn set_inactive(pin: u32) -> i32;
    fn toggle(pin: u32) -> i32;
}
module! { pwm "pwm"
    fn open(name: *const u8) -> i32;
    fn close(pwm: u32) -> i32;
    fn set(pwm: u32, period: u32, pulse: u32) -> i32;
}
module! { adc "adc"
    fn open(name: *const u8) -> i32;
    fn close(channel: u32) -> i32;
    fn read_raw(channel: u32, to: *mut i32) -> i32;
    fn read_millivolts(channel: u32, to: *mut i32) -> i32;
}
module! { i2c "i2c"
    fn open(name: *const u8) -> i32;
    fn close(device: u32) -> i32;
    fn read(device: u32, to: *mut u8, len: usize) -> i32;
    fn write(device: u32, from: *const u8, len: usize) -> i32;
    fn write_read(device: u32, from: *const u8, len: usize, to: *mut u8, to_len: usize) -> i32;
}
module! { keyvalue "keyvalue"
    fn get(key: *const u8, to: *mut u8, room: usize) -> i32;
    fn set(key: *const u8, value: *const u8, len: usize) -> i32;
    fn delete(key: *const u8) -> i32;
}
module! { clocks "clocks"
    fn monotonic_now() -> u64;
    fn wall_now(seconds: *mut u64, nanoseconds: *mut u32) -> i32;
}

#[cfg(target_arch = "wasm32")]
mod logging {
    #[link(wasm_import_module = "logging")]
    unsafe extern "C" {
        pub fn log(level: u32, context: *const u8, message: *const u8);
    }
}
#[cfg(not(target_arch = "wasm32"))]
mod logging {
    pub unsafe fn log(_: u32, _: *const u8, _: *const u8) {}
}

/// What stands for an argument that cannot be passed.
const INVALID: i32 = -1;

/// Opens a device by a name that ends with NUL.
fn open(name: &str, f: impl FnOnce(*const u8) -> i32) -> Result<u32, DeviceError> {
    outcome(terminated(name).map_or(INVALID, |name| f(name.as_ptr())))
}

/// Functions of numbers.
macro_rules! numbers {
    ($($own:ident = $module:ident::$name:ident($($arg:ident),*);)*) => {
        $(pub fn $own($($arg: u32),*) -> i32 {
            // SAFETY: the function gets numbers only; the manager knows the devices by them.
            unsafe { $module::$name($($arg),*) }
        })*
    };
}

numbers! {
    gpio_close = gpio::close(pin);
    gpio_is_active = gpio::is_active(pin);
    gpio_set_active = gpio::set_active(pin);
    gpio_set_inactive = gpio::set_inactive(pin);
    gpio_toggle = gpio::toggle(pin);
    pwm_close = pwm::close(pwm);
    pwm_set = pwm::set(pwm, period, pulse);
    adc_close = adc::close(channel);
    i2c_close = i2c::close(device);
}

pub fn gpio_open(name: &str, mode: u32) -> Result<u32, DeviceError> {
    // SAFETY: the manager reads the text, which `terminated` has ended with NUL.
    open(name, |name| unsafe { gpio::open(name, mode) })
}

pub fn pwm_open(name: &str) -> Result<u32, DeviceError> {
    // SAFETY: as above.
    open(name, |name| unsafe { pwm::open(name) })
}

pub fn adc_open(name: &str) -> Result<u32, DeviceError> {
    // SAFETY: as above.
    open(name, |name| unsafe { adc::open(name) })
}

pub fn i2c_open(name: &str) -> Result<u32, DeviceError> {
    // SAFETY: as above.
    open(name, |name| unsafe { i2c::open(name) })
}

pub fn adc_raw(channel: u32) -> Result<i32, DeviceError> {
    let mut value = 0;
    // SAFETY: the manager writes the number, which lives during the call.
    outcome(unsafe { adc::read_raw(channel, &mut value) }).map(|_| value)
}

pub fn adc_millivolts(channel: u32) -> Result<i32, DeviceError> {
    let mut value = 0;
    // SAFETY: as above.
    outcome(unsafe { adc::read_millivolts(channel, &mut value) }).map(|_| value)
}

pub fn i2c_read(device: u32, to: &mut [u8]) -> i32 {
    // SAFETY: the manager writes the buffer, which has this length, during the call.
    unsafe { i2c::read(device, to.as_mut_ptr(), to.len()) }
}

pub fn i2c_write(device: u32, from: &[u8]) -> i32 {
    // SAFETY: the manager reads the buffer, which has this length.
    unsafe { i2c::write(device, from.as_ptr(), from.len()) }
}

pub fn i2c_write_read(device: u32, from: &[u8], to: &mut [u8]) -> i32 {
    // SAFETY: as above, for both.
    unsafe { i2c::write_read(device, from.as_ptr(), from.len(), to.as_mut_ptr(), to.len()) }
}

pub fn setting_get(key: &str, to: &mut [u8]) -> i32 {
    let Some(key) = terminated(key) else { return INVALID };
    // SAFETY: the key ends with NUL; the manager writes at most the length of the buffer.
    unsafe { keyvalue::get(key.as_ptr(), to.as_mut_ptr(), to.len()) }
}

pub fn setting_set(key: &str, value: &[u8]) -> i32 {
    let Some(key) = terminated(key) else { return INVALID };
    // SAFETY: the key ends with NUL; the manager reads the value, which has this length.
    unsafe { keyvalue::set(key.as_ptr(), value.as_ptr(), value.len()) }
}

pub fn setting_delete(key: &str) -> i32 {
    let Some(key) = terminated(key) else { return INVALID };
    // SAFETY: the key ends with NUL.
    unsafe { keyvalue::delete(key.as_ptr()) }
}

/// As much of a text as `terminated` takes.
fn cut(text: &str) -> &str {
    let mut len = text.len().min(super::TEXT - 1);
    while !text.is_char_boundary(len) {
        len -= 1;
    }
    &text[..len]
}

pub fn log(level: u32, context: &str, message: &str) {
    if let (Some(context), Some(message)) = (terminated(cut(context)), terminated(cut(message))) {
        // SAFETY: the manager reads the texts, which `terminated` has ended with NUL.
        unsafe { logging::log(level, context.as_ptr(), message.as_ptr()) }
    }
}

pub fn monotonic_now() -> u64 {
    // SAFETY: the function has no arguments.
    unsafe { clocks::monotonic_now() }
}

pub fn wall_now() -> Result<(u64, u32), DeviceError> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    // SAFETY: the manager writes both numbers, which live during the call.
    outcome(unsafe { clocks::wall_now(&mut seconds, &mut nanoseconds) })
        .map(|_| (seconds, nanoseconds))
}
