// SPDX-License-Identifier: Apache-2.0
//
// What the application manager provides to applications in AssemblyScript: declarations of the functions of docs/apps.md.
// Texts are zero-terminated UTF-8: `String.UTF8.encode(text, true)`.
//
// An application exports `on_init`, and `malloc` and `free` for what the manager passes to it. Numbers in packets have their
// highest byte first: `bswap`.

// Requests to this URL, or below it, come to the application that registers it first. Capability "resource".
// @ts-ignore: a decorator of AssemblyScript
@external("env", "wasm_register_resource") export declare function registerResource(url: usize): void;
// Answers a request: 1, or 0 if the application was not asked this.
// @ts-ignore: as above
@external("env", "wasm_response_send") export declare function sendResponse(packet: usize, size: i32): i32;
// Sends a request or publishes an event. Capability "request".
// @ts-ignore: as above
@external("env", "wasm_post_request") export declare function postRequest(packet: usize, size: i32): void;
// Events with exactly this URL. Capability "subscribe".
// @ts-ignore: as above
@external("env", "wasm_sub_event") export declare function subscribeEvent(url: usize): void;

// The number of a timer; -1 beyond the limit.
// @ts-ignore: as above
@external("env", "wasm_create_timer") export declare function createTimer(ms: i32, periodic: bool, start: bool): i32;
// @ts-ignore: as above
@external("env", "wasm_timer_destroy") export declare function destroyTimer(timer: i32): void;
// @ts-ignore: as above
@external("env", "wasm_timer_cancel") export declare function cancelTimer(timer: i32): void;
// @ts-ignore: as above
@external("env", "wasm_timer_restart") export declare function restartTimer(timer: i32, ms: i32): void;
// Milliseconds of a clock that rises.
// @ts-ignore: as above
@external("env", "wasm_get_sys_tick_ms") export declare function now(): i32;

// Sensors. Capability "sensor".
// @ts-ignore: as above
@external("env", "wasm_sensor_open") export declare function openSensor(name: usize, index: i32): i32;
// @ts-ignore: as above
@external("env", "wasm_sensor_config") export declare function configureSensor(sensor: i32, ms: i32, bits: i32, delay: i32): i32;
// @ts-ignore: as above
@external("env", "wasm_sensor_config_with_attr_container")
export declare function configureSensorWith(sensor: i32, container: usize, size: i32): i32;
// @ts-ignore: as above
@external("env", "wasm_sensor_close") export declare function closeSensor(sensor: i32): i32;

// Connections. Capability "connection".
// @ts-ignore: as above
@external("env", "wasm_open_connection") export declare function openConnection(kind: usize, container: usize, size: i32): i32;
// @ts-ignore: as above
@external("env", "wasm_close_connection") export declare function closeConnection(connection: i32): void;
// @ts-ignore: as above
@external("env", "wasm_send_on_connection") export declare function send(connection: i32, data: usize, size: i32): i32;
// @ts-ignore: as above
@external("env", "wasm_config_connection")
export declare function configureConnection(connection: i32, container: usize, size: i32): i32;

// Prints a text and the end of the line.
// @ts-ignore: as above
@external("env", "puts") export declare function puts(text: usize): i32;

// Devices, settings, the log and clocks: docs/apps.md, "Devices". Each has the capability of its module.
// @ts-ignore: as above
@external("gpio", "open") export declare function gpioOpen(name: usize, mode: i32): i32;
// @ts-ignore: as above
@external("gpio", "close") export declare function gpioClose(pin: i32): i32;
// @ts-ignore: as above
@external("gpio", "is_active") export declare function gpioIsActive(pin: i32): i32;
// @ts-ignore: as above
@external("gpio", "set_active") export declare function gpioSetActive(pin: i32): i32;
// @ts-ignore: as above
@external("gpio", "set_inactive") export declare function gpioSetInactive(pin: i32): i32;
// @ts-ignore: as above
@external("gpio", "toggle") export declare function gpioToggle(pin: i32): i32;
// @ts-ignore: as above
@external("pwm", "open") export declare function pwmOpen(name: usize): i32;
// @ts-ignore: as above
@external("pwm", "close") export declare function pwmClose(pwm: i32): i32;
// @ts-ignore: as above
@external("pwm", "set") export declare function pwmSet(pwm: i32, periodNs: u32, pulseNs: u32): i32;
// @ts-ignore: as above
@external("adc", "open") export declare function adcOpen(name: usize): i32;
// @ts-ignore: as above
@external("adc", "close") export declare function adcClose(channel: i32): i32;
// @ts-ignore: as above
@external("adc", "read_raw") export declare function adcReadRaw(channel: i32, value: usize): i32;
// @ts-ignore: as above
@external("adc", "read_millivolts") export declare function adcReadMillivolts(channel: i32, value: usize): i32;
// @ts-ignore: as above
@external("i2c", "open") export declare function i2cOpen(name: usize): i32;
// @ts-ignore: as above
@external("i2c", "close") export declare function i2cClose(device: i32): i32;
// @ts-ignore: as above
@external("i2c", "read") export declare function i2cRead(device: i32, to: usize, len: i32): i32;
// @ts-ignore: as above
@external("i2c", "write") export declare function i2cWrite(device: i32, from: usize, len: i32): i32;
// @ts-ignore: as above
@external("i2c", "write_read") export declare function i2cWriteRead(device: i32, from: usize, len: i32, to: usize, toLen: i32): i32;
// @ts-ignore: as above
@external("keyvalue", "get") export declare function settingGet(key: usize, to: usize, room: i32): i32;
// @ts-ignore: as above
@external("keyvalue", "set") export declare function settingSet(key: usize, value: usize, len: i32): i32;
// @ts-ignore: as above
@external("keyvalue", "delete") export declare function settingDelete(key: usize): i32;
// @ts-ignore: as above
@external("keyvalue", "exists") export declare function settingExists(key: usize): i32;
// @ts-ignore: as above
@external("logging", "log") export declare function log(level: i32, context: usize, message: usize): void;
// @ts-ignore: as above
@external("clocks", "monotonic_now") export declare function monotonicNow(): u64;
// @ts-ignore: as above
@external("clocks", "monotonic_resolution") export declare function monotonicResolution(): u64;
// @ts-ignore: as above
@external("clocks", "wall_now") export declare function wallNow(seconds: usize, nanoseconds: usize): i32;
