//! `include/zonda_apps_platform.h`, and the types of `include/zonda_apps.h`.

use core::ffi::{c_char, c_int, c_void};

/// `zonda_app_result_t`.
pub type Outcome = c_int;
pub use zonda_manager::outcome::*;

/// `zonda_app_error_t`.
#[repr(C)]
pub struct ErrorText {
    pub text: [u8; 128],
}

/// Bytes of a name, with its NUL.
pub const NAME_SIZE: usize = 33;

/// `zonda_app_info_t`.
#[repr(C)]
pub struct Info {
    pub name: [u8; NAME_SIZE],
    pub on_trial: bool,
    pub version: [u16; 3],
    pub state: u32,
    pub security_version: u32,
    pub restart_in_ms: u32,
    pub queued: u32,
    pub subscriptions: u32,
    pub requests: u32,
    pub events: u32,
    pub dropped: u32,
    pub most_fuel: u32,
    pub restarts: u32,
    pub memory: u32,
    pub stack: u32,
    pub heap: u32,
    pub queue: u32,
    pub fuel: u32,
    pub event_ms: u32,
    pub thread_stack: u32,
    pub priority: u32,
    pub slot: u32,
    pub failure: [u8; 96],
}

/// `zonda_app_usage_t`.
#[repr(C)]
pub struct Usage {
    pub total: u32,
    pub free: u32,
    pub largest: u32,
    pub erases: u32,
    pub directory_erases: u32,
}

/// `zonda_app_request_t`.
#[repr(C)]
pub struct Request {
    pub method: u8,
    pub format: u16,
    pub sender: i32,
    pub url: *const c_char,
    pub url_len: usize,
    pub payload: *const c_void,
    pub payload_len: usize,
}

/// `zonda_app_response_t`.
#[repr(C)]
pub struct Response {
    pub code: u8,
    pub format: u16,
    pub payload: *const c_void,
    pub payload_len: usize,
}

/// `zonda_app_resource_t`.
#[repr(C)]
pub struct Resource {
    pub url: *const c_char,
    pub handle: Option<unsafe extern "C" fn(*const Request, *mut c_void, *mut c_void)>,
    pub data: *mut c_void,
}

/// `zonda_app_subscriber_t`.
#[repr(C)]
pub struct Subscriber {
    pub url: *const c_char,
    pub take: Option<unsafe extern "C" fn(*const Request, *mut c_void)>,
    pub data: *mut c_void,
}

/// `zonda_app_sensor_t`.
#[repr(C)]
pub struct Sensor {
    pub name: *const c_char,
    pub index: u32,
    pub read: Option<unsafe extern "C" fn(*mut c_void, *const c_void) -> bool>,
    pub data: *const c_void,
}

/// `zonda_apps_geometry_t`.
#[repr(C)]
#[derive(Default)]
pub struct Geometry {
    pub sector_size: u32,
    pub sectors: u16,
    pub write_size: u16,
    pub directory_sectors: u16,
}

/// `zonda_apps_config_t`.
#[repr(C)]
pub struct Config {
    pub unsigned_packages: u32,
    pub grants: *const c_char,
    pub trial_ms: u32,
    pub slots: u32,
}

extern "C" {
    pub fn zonda_apps_new_lock() -> u32;
    pub fn zonda_apps_lock(number: u32);
    pub fn zonda_apps_unlock(number: u32);
    pub fn zonda_apps_now() -> u64;
    pub fn zonda_apps_spawn(slot: u32, name: *const c_char, stack_size: u32, priority: u32)
        -> bool;
    pub fn zonda_apps_join(slot: u32);
    pub fn zonda_apps_wait(slot: u32, until: u64);
    pub fn zonda_apps_wake(slot: u32);
    pub fn zonda_apps_flash_open(geometry: *mut Geometry) -> c_int;
    pub fn zonda_apps_flash_read(at: u32, to: *mut u8, len: usize) -> c_int;
    pub fn zonda_apps_flash_write(at: u32, from: *const u8, len: usize) -> c_int;
    pub fn zonda_apps_flash_erase(sector: u16) -> c_int;
    pub fn zonda_apps_flash_mapped() -> *const u8;
    pub fn zonda_apps_get_config() -> *const Config;
    pub fn zonda_apps_print(name: *const c_char, text: *const u8, len: usize);
    pub fn zonda_apps_changed(name: *const c_char, state: c_int, why: *const c_char);
    pub fn zonda_apps_resources(count: *mut usize) -> *const Resource;
    pub fn zonda_apps_subscribers(count: *mut usize) -> *const Subscriber;
    pub fn zonda_apps_sensors(count: *mut usize) -> *const Sensor;
}
