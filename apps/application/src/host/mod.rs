//! What the manager provides (docs/apps.md), with safe names. On another machine than wasm32
//! nothing is there, so that the rest can be compiled for tests.

pub mod device;

#[cfg(target_arch = "wasm32")]
mod env {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        pub fn wasm_register_resource(url: *const u8);
        pub fn wasm_response_send(packet: *const u8, len: usize) -> i32;
        pub fn wasm_post_request(packet: *const u8, len: usize);
        pub fn wasm_sub_event(url: *const u8);
        pub safe fn wasm_create_timer(ms: u32, periodic: i32, start: i32) -> u32;
        pub safe fn wasm_timer_destroy(timer: u32);
        pub safe fn wasm_get_sys_tick_ms() -> u32;
        pub fn wasm_sensor_open(name: *const u8, index: u32) -> u32;
        pub safe fn wasm_sensor_config(sensor: u32, ms: u32, bits: i32, delay: u32) -> i32;
        pub safe fn wasm_sensor_close(sensor: u32) -> i32;
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod env {
    #![allow(clippy::missing_safety_doc)]
    pub unsafe fn wasm_register_resource(_: *const u8) {}
    pub unsafe fn wasm_response_send(_: *const u8, _: usize) -> i32 {
        0
    }
    pub unsafe fn wasm_post_request(_: *const u8, _: usize) {}
    pub unsafe fn wasm_sub_event(_: *const u8) {}
    pub fn wasm_create_timer(_: u32, _: i32, _: i32) -> u32 {
        u32::MAX
    }
    pub fn wasm_timer_destroy(_: u32) {}
    pub fn wasm_get_sys_tick_ms() -> u32 {
        0
    }
    pub unsafe fn wasm_sensor_open(_: *const u8, _: u32) -> u32 {
        u32::MAX
    }
    pub fn wasm_sensor_config(_: u32, _: u32, _: i32, _: u32) -> i32 {
        0
    }
    pub fn wasm_sensor_close(_: u32) -> i32 {
        0
    }
}

pub use env::{wasm_get_sys_tick_ms as now_ms, wasm_timer_destroy as destroy_timer};

/// What stands for no timer or sensor.
const NONE: u32 = u32::MAX;
/// Longest URL or name, with its NUL.
const TEXT: usize = 128;

/// A text with a NUL behind it; None if it is too long, or has one.
fn terminated(text: &str) -> Option<[u8; TEXT]> {
    let mut bytes = [0; TEXT];
    let fits = text.len() < TEXT && !text.contains('\0');
    bytes.get_mut(..text.len()).filter(|_| fits)?.copy_from_slice(text.as_bytes());
    Some(bytes)
}

pub fn register(url: &str) {
    if let Some(url) = terminated(url) {
        // SAFETY: the manager reads the text, which `terminated` has ended with NUL.
        unsafe { env::wasm_register_resource(url.as_ptr()) }
    }
}

pub fn subscribe(url: &str) {
    if let Some(url) = terminated(url) {
        // SAFETY: as above.
        unsafe { env::wasm_sub_event(url.as_ptr()) }
    }
}

pub fn respond(packet: &[u8]) -> bool {
    // SAFETY: the manager reads the packet, which has this length.
    unsafe { env::wasm_response_send(packet.as_ptr(), packet.len()) != 0 }
}

pub fn post(packet: &[u8]) {
    // SAFETY: as above.
    unsafe { env::wasm_post_request(packet.as_ptr(), packet.len()) }
}

pub fn create_timer(ms: u32, is_periodic: bool) -> Option<u32> {
    let number = env::wasm_create_timer(ms, is_periodic.into(), 1);
    (number != NONE).then_some(number)
}

pub fn open_sensor(name: &str, index: u32, ms: u32) -> Option<u32> {
    let name = terminated(name)?;
    // SAFETY: the manager reads the text, which `terminated` has ended with NUL.
    let sensor = unsafe { env::wasm_sensor_open(name.as_ptr(), index) };
    (sensor != NONE && env::wasm_sensor_config(sensor, ms, 0, 0) != 0).then_some(sensor)
}

pub fn close_sensor(sensor: u32) {
    env::wasm_sensor_close(sensor);
}
