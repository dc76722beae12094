//! Devices of the firmware for applications, on the simulated devices of a host: what each function
//! returns, who a device belongs to, what becomes of it at the end, and hostile arguments.

mod common;

use common::*;
use zonda_manager::host::devices::{Settings, Simulated};
use zonda_manager::host::Options;
use zonda_manager::{Error, Failure, PackageError, State};
use zonda_manifest::ManifestData;

/// Errors of the functions.
const INVALID: i32 = -1;
const UNKNOWN: i32 = -2;
const BUSY: i32 = -3;
const UNSUPPORTED: i32 = -4;
const IO: i32 = -5;
const NOT_FOUND: i32 = -6;
const NO_ROOM: i32 = -7;

/// Every import, and the names of the devices in memory.
const IMPORTS: &str = r#"(module
    (import "gpio" "open" (func $gpio_open (param i32 i32) (result i32)))
    (import "gpio" "close" (func $gpio_close (param i32) (result i32)))
    (import "gpio" "is_active" (func $is_active (param i32) (result i32)))
    (import "gpio" "set_active" (func $set_active (param i32) (result i32)))
    (import "gpio" "set_inactive" (func $set_inactive (param i32) (result i32)))
    (import "gpio" "toggle" (func $toggle (param i32) (result i32)))
    (import "pwm" "open" (func $pwm_open (param i32) (result i32)))
    (import "pwm" "close" (func $pwm_close (param i32) (result i32)))
    (import "pwm" "set" (func $pwm_set (param i32 i32 i32) (result i32)))
    (import "adc" "open" (func $adc_open (param i32) (result i32)))
    (import "adc" "close" (func $adc_close (param i32) (result i32)))
    (import "adc" "read_raw" (func $raw (param i32 i32) (result i32)))
    (import "adc" "read_millivolts" (func $millivolts (param i32 i32) (result i32)))
    (import "i2c" "open" (func $i2c_open (param i32) (result i32)))
    (import "i2c" "close" (func $i2c_close (param i32) (result i32)))
    (import "i2c" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "i2c" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "i2c" "write_read" (func $write_read (param i32 i32 i32 i32 i32) (result i32)))
    (import "keyvalue" "get" (func $get (param i32 i32 i32) (result i32)))
    (import "keyvalue" "set" (func $set (param i32 i32 i32) (result i32)))
    (import "keyvalue" "delete" (func $delete (param i32) (result i32)))
    (import "keyvalue" "exists" (func $exists (param i32) (result i32)))
    (import "logging" "log" (func $log (param i32 i32 i32)))
    (import "clocks" "monotonic_now" (func $now (result i64)))
    (import "clocks" "monotonic_resolution" (func $resolution (result i64)))
    (import "clocks" "wall_now" (func $wall (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "led0\00")
    (data (i32.const 32) "button\00")
    (data (i32.const 48) "motor\00")
    (data (i32.const 64) "battery\00")
    (data (i32.const 80) "thermometer\00")
    (data (i32.const 96) "nothing\00")
    (data (i32.const 112) "key\00")
    (data (i32.const 128) "../key\00")
    (data (i32.const 144) "a-key-that-is-25-long-...\00")
    (data (i32.const 176) "key-that-is-24-long-....\00")
    (global $device (mut i32) (i32.const 0))
    (func $is (param $left i32) (param $right i32)
        (if (i32.ne (local.get $left) (local.get $right)) (then unreachable)))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))
    (func (export "free") (param i32))"#;

fn text(init: &str) -> String {
    format!(r#"{IMPORTS} (func (export "on_init") {init}))"#)
}

fn with_capabilities(name: &str) -> ManifestData {
    let all = ["gpio", "pwm", "adc", "i2c", "keyvalue", "logging", "clocks"];
    ManifestData { capabilities: all.map(str::to_owned).to_vec(), ..manifest(name) }
}

fn options(options: &mut Options) {
    options.devices = vec![
        ("led0".into(), Simulated::Pin(true)),
        ("button".into(), Simulated::Pin(true)),
        ("motor".into(), Simulated::Pwm(0, 0)),
        ("battery".into(), Simulated::Adc(2048)),
        ("thermometer".into(), Simulated::I2c(vec![10, 11, 12, 13])),
        ("absent".into(), Simulated::I2c(Vec::new())),
    ];
}

/// Runs an application whose `on_init` compares results; it fails where one differs.
#[track_caller]
fn passes(device: &Device, init: &str) {
    device.up(&with_capabilities("a"), &text(init));
}

#[track_caller]
fn check(init: &str) -> Device {
    let device = Device::with(options);
    passes(&device, init);
    device
}

#[test]
fn pins() {
    let device = check(&format!(
        "(global.set $device (call $gpio_open (i32.const 16) (i32.const 1)))
         (call $is (call $gpio_open (i32.const 96) (i32.const 1)) (i32.const {UNKNOWN}))
         (call $is (call $gpio_open (i32.const 48) (i32.const 1)) (i32.const {UNKNOWN}))
         (call $is (call $gpio_open (i32.const 16) (i32.const 1)) (i32.const {BUSY}))
         (call $is (call $gpio_open (i32.const 32) (i32.const 3)) (i32.const {INVALID}))
         (call $is (call $is_active (global.get $device)) (i32.const {UNSUPPORTED}))
         (call $is (call $set_active (global.get $device)) (i32.const 0))
         (call $is (call $toggle (global.get $device)) (i32.const 0))
         (call $is (call $set_inactive (i32.const 77)) (i32.const {INVALID}))
         (call $is (call $set_inactive (i32.const 0)) (i32.const {INVALID}))
         (call $is (call $toggle (global.get $device)) (i32.const 0))
         (global.set $device (call $gpio_open (i32.const 32) (i32.const 0)))
         (call $is (call $is_active (global.get $device)) (i32.const 1))
         (call $is (call $set_active (global.get $device)) (i32.const {UNSUPPORTED}))
         (call $is (call $pwm_close (global.get $device)) (i32.const {INVALID}))
         (call $is (call $gpio_close (global.get $device)) (i32.const 0))
         (call $is (call $gpio_close (global.get $device)) (i32.const {INVALID}))
         (call $is (call $is_active (global.get $device)) (i32.const {INVALID}))"
    ));
    let led = || device.platform().devices().get("led0");
    assert_eq!(led(), Some(Simulated::Pin(true)));
    // It has the pin, so that another one does not get it.
    let other = ManifestData { name: "b".into(), ..with_capabilities("b") };
    let busy = format!(
        "(call $is (call $gpio_open (i32.const 16) (i32.const 1)) (i32.const {BUSY}))
         (call $is (call $set_inactive (i32.const 1)) (i32.const {INVALID}))
         (call $is (call $gpio_close (i32.const 1)) (i32.const {INVALID}))"
    );
    device.up(&other, &text(&busy));
    assert_eq!(led(), Some(Simulated::Pin(true)));
    // When it stops the output is inactive, and free. An input stays as it is.
    device.stop("a").unwrap();
    assert_eq!(led(), Some(Simulated::Pin(false)));
    assert_eq!(device.platform().devices().get("button"), Some(Simulated::Pin(true)));
    device.uninstall("b").unwrap();
    device.up(
        &other,
        &text("(call $is (call $gpio_open (i32.const 16) (i32.const 2)) (i32.const 1))"),
    );
    assert_eq!(led(), Some(Simulated::Pin(true)));
}

#[test]
fn what_fails_gives_its_devices_back() {
    let device = Device::with(options);
    let init = "(drop (call $gpio_open (i32.const 16) (i32.const 2)))
        (drop (call $pwm_set (call $pwm_open (i32.const 48)) (i32.const 1000) (i32.const 500)))
        unreachable";
    device.put(&with_capabilities("a"), &text(init)).unwrap();
    device.start("a").unwrap();
    device.failure("a");
    assert_eq!(device.platform().devices().get("led0"), Some(Simulated::Pin(false)));
    assert_eq!(device.platform().devices().get("motor"), Some(Simulated::Pwm(1000, 0)));
    device.uninstall("a").unwrap();
    passes(&device, "(call $is (call $gpio_open (i32.const 16) (i32.const 2)) (i32.const 1))");
}

#[test]
fn pulses() {
    let device = check(&format!(
        "(global.set $device (call $pwm_open (i32.const 48)))
         (call $is (call $pwm_set (global.get $device) (i32.const 20000000) (i32.const 1500000)) (i32.const 0))
         (call $is (call $pwm_set (global.get $device) (i32.const 0) (i32.const 0)) (i32.const {INVALID}))
         (call $is (call $pwm_set (global.get $device) (i32.const 10) (i32.const 11)) (i32.const {INVALID}))
         (call $is (call $pwm_set (i32.const 1) (i32.const 10) (i32.const 1)) (i32.const {INVALID}))"
    ));
    let motor = device.platform().devices().get("motor");
    assert_eq!(motor, Some(Simulated::Pwm(20_000_000, 1_500_000)));
}

#[test]
fn samples() {
    check(&format!(
        "(global.set $device (call $adc_open (i32.const 64)))
         (call $is (call $raw (global.get $device) (i32.const 300)) (i32.const 0))
         (call $is (i32.load (i32.const 300)) (i32.const 2048))
         (call $is (call $millivolts (global.get $device) (i32.const 301)) (i32.const 0))
         (call $is (i32.load (i32.const 301)) (i32.const 1650))
         (call $is (call $raw (i32.const 1) (i32.const 300)) (i32.const {INVALID}))
         (call $is (i32.load (i32.const 300)) (i32.const 0))
         (call $is (call $adc_close (global.get $device)) (i32.const 0))"
    ));
}

#[test]
fn registers() {
    let device = check(&format!(
        "(global.set $device (call $i2c_open (i32.const 80)))
         (i32.store (i32.const 300) (i32.const 0x6302))
         ;; Register 2 becomes 0x63; then registers 1 and 2, to where the number of the register is.
         (call $is (call $write (global.get $device) (i32.const 300) (i32.const 2)) (i32.const 0))
         (i32.store (i32.const 300) (i32.const 1))
         (call $is (call $write_read (global.get $device) (i32.const 300) (i32.const 1) (i32.const 300) (i32.const 2))
             (i32.const 0))
         (call $is (i32.load (i32.const 300)) (i32.const 0x630b))
         ;; From there on.
         (call $is (call $read (global.get $device) (i32.const 300) (i32.const 1)) (i32.const 0))
         (call $is (i32.load8_u (i32.const 300)) (i32.const 13))
         (call $is (call $read (global.get $device) (i32.const 300) (i32.const 1)) (i32.const {IO}))
         (call $is (call $read (global.get $device) (i32.const 300) (i32.const 0)) (i32.const {INVALID}))
         (call $is (call $write (global.get $device) (i32.const 300) (i32.const 0)) (i32.const {INVALID}))
         (call $is (call $write_read (global.get $device) (i32.const 300) (i32.const 33) (i32.const 300) (i32.const 2))
             (i32.const {INVALID}))
         (call $is (call $read (i32.const 1) (i32.const 300) (i32.const 1)) (i32.const {INVALID}))"
    ));
    let registers = device.platform().devices().get("thermometer");
    assert_eq!(registers, Some(Simulated::I2c(vec![10, 11, 0x63, 13])));
}

/// Asserts the settings of the application `a`.
const STORES: &str = "(call $is (call $exists (i32.const 112)) (i32.const 0))
    (call $is (call $get (i32.const 112) (i32.const 300) (i32.const 4)) (i32.const -6))
    (i32.store (i32.const 300) (i32.const 0x04030201))
    (call $is (call $set (i32.const 112) (i32.const 300) (i32.const 4)) (i32.const 0))
    (call $is (call $exists (i32.const 112)) (i32.const 1))";

#[test]
fn settings_belong_to_an_application() {
    let device = Device::with(options);
    let init = format!(
        "{STORES}
         (i32.store (i32.const 300) (i32.const 0))
         (call $is (call $get (i32.const 112) (i32.const 300) (i32.const 2)) (i32.const 4))
         (call $is (i32.load (i32.const 300)) (i32.const 0x0201))
         (call $is (call $delete (i32.const 96)) (i32.const {NOT_FOUND}))
         (call $is (call $set (i32.const 128) (i32.const 300) (i32.const 4)) (i32.const {INVALID}))
         (call $is (call $set (i32.const 144) (i32.const 300) (i32.const 4)) (i32.const {INVALID}))
         (call $is (call $set (i32.const 112) (i32.const 300) (i32.const 0)) (i32.const {INVALID}))
         (call $is (call $set (i32.const 20) (i32.const 300) (i32.const 4)) (i32.const {INVALID}))
         (call $is (call $set (i32.const 176) (i32.const 300) (i32.const 256)) (i32.const 0))
         (call $is (call $set (i32.const 176) (i32.const 300) (i32.const 257)) (i32.const {INVALID}))
         (call $is (call $delete (i32.const 176)) (i32.const 0))
         (call $is (call $exists (i32.const 176)) (i32.const 0))"
    );
    passes(&device, &init);
    // Another one does not see it, and has one of its own.
    device.up(&with_capabilities("b"), &text(STORES));
    // It is there after a restart, and gone after the application was removed.
    device.restart("a").unwrap();
    device.failure("a");
    device.uninstall("a").unwrap();
    passes(&device, STORES);
}

#[test]
fn settings_are_bounded() {
    // Nine keys: a to i.
    let set = |key: u8| {
        format!("(i32.store8 (i32.const 299) (i32.const {key})) (i32.store8 (i32.const 300) (i32.const 0))
        (call $set (i32.const 299) (i32.const 0) (i32.const 1))")
    };
    let eight: String =
        (b'a'..=b'h').map(|key| format!("(call $is {} (i32.const 0))", set(key))).collect();
    let ninth = set(b'i');
    let again = set(b'a');
    check(&format!(
        "{eight} (call $is {ninth} (i32.const {NO_ROOM})) (call $is {again} (i32.const 0))"
    ));
}

#[test]
fn settings_survive_the_manager() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("settings");
    let _ = std::fs::remove_dir_all(&folder);
    let with_folder = |options: &mut Options| options.settings = Settings::Folder(folder.clone());
    passes(&Device::with(with_folder), STORES);
    let device = Device::with(with_folder);
    passes(
        &device,
        "(call $is (call $get (i32.const 112) (i32.const 300) (i32.const 4)) (i32.const 4))
         (call $is (i32.load (i32.const 300)) (i32.const 0x04030201))",
    );
    device.uninstall("a").unwrap();
    passes(&Device::with(with_folder), STORES);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn messages_and_clocks() {
    let device = check(
        "(local $before i64)
         (call $log (i32.const 3) (i32.const 16) (i32.const 32))
         (call $log (i32.const 77) (i32.const 20) (i32.const 32))
         (local.set $before (call $now))
         (if (i64.ne (call $resolution) (i64.const 1000000)) (then unreachable))
         (if (i64.lt_u (call $now) (local.get $before)) (then unreachable))
         (call $is (call $wall (i32.const 300) (i32.const 308)) (i32.const 0))
         ;; After 2020.
         (if (i64.lt_u (i64.load (i32.const 300)) (i64.const 1577836800)) (then unreachable))
         (if (i32.ge_u (i32.load (i32.const 308)) (i32.const 1000000000)) (then unreachable))",
    );
    device.wait_told("a prints warn: led0: button");
    device.wait_told("a prints critical: : button");
}

/// What leads outside of the memory traps, and does nothing before.
#[test]
fn pointers_are_checked() {
    let outside = [
        "(drop (call $gpio_open (i32.const 70000) (i32.const 1)))",
        "(drop (call $pwm_open (i32.const -1)))",
        "(drop (call $raw (call $adc_open (i32.const 64)) (i32.const 65533)))",
        "(drop (call $read (call $i2c_open (i32.const 80)) (i32.const 65535) (i32.const 2)))",
        "(drop (call $read (i32.const 99) (i32.const 65535) (i32.const 2)))",
        "(drop (call $write (call $i2c_open (i32.const 80)) (i32.const 8) (i32.const -1)))",
        "(drop (call $write_read (call $i2c_open (i32.const 80)) (i32.const 8) (i32.const 1) (i32.const 65535) (i32.const 2)))",
        "(drop (call $write_read (call $i2c_open (i32.const 80)) (i32.const 65535) (i32.const 2) (i32.const 8) (i32.const 1)))",
        "(drop (call $get (i32.const 112) (i32.const 65535) (i32.const 2)))",
        "(drop (call $set (i32.const 112) (i32.const 65535) (i32.const 2)))",
        "(drop (call $delete (i32.const 65536)))",
        "(call $log (i32.const 1) (i32.const 65536) (i32.const 16))",
        "(call $log (i32.const 1) (i32.const 16) (i32.const -5))",
        "(drop (call $wall (i32.const 65529) (i32.const 8)))",
        "(drop (call $wall (i32.const 8) (i32.const 65533)))",
    ];
    for init in outside {
        let device = Device::with(options);
        device.put(&with_capabilities("a"), &text(init)).unwrap();
        device.start("a").unwrap();
        let failure = device.failure("a");
        assert!(matches!(&failure, Failure::Event { .. }), "{init}: {failure:?}");
        assert!(failure.to_string().contains("out of bounds"), "{init}: {failure}");
        let registers = device.platform().devices().get("thermometer");
        assert_eq!(registers, Some(Simulated::I2c(vec![10, 11, 12, 13])), "{init}");
    }
}

/// Each module is a capability of its own, which manifest and policy both have to have.
#[test]
fn each_module_is_a_capability() {
    let imports = [
        ("gpio", "toggle", "(param i32) (result i32)"),
        ("pwm", "set", "(param i32 i32 i32) (result i32)"),
        ("adc", "read_raw", "(param i32 i32) (result i32)"),
        ("i2c", "write", "(param i32 i32 i32) (result i32)"),
        ("keyvalue", "get", "(param i32 i32 i32) (result i32)"),
        ("logging", "log", "(param i32 i32 i32)"),
        ("clocks", "monotonic_now", "(result i64)"),
    ];
    for (module, name, ty) in imports {
        let text = format!(
            r#"(module (import "{module}" "{name}" (func {ty})) (func (export "on_init")))"#
        );
        let denied = |device: &Device, manifest: &ManifestData| match device.put(manifest, &text) {
            Err(Error::Package(PackageError::Import(denied))) => denied,
            other => panic!("{module}: {other:?}"),
        };
        let device = Device::new();
        let asks = ManifestData { capabilities: vec![module.into()], ..manifest("a") };
        let asks_not = ManifestData { capabilities: Vec::new(), ..manifest("a") };
        let found = denied(&device, &asks_not);
        assert_eq!((found.capability, found.asked), (Some(module), false));
        device.up(&asks, &text);
        assert_eq!(device.info("a").unwrap().state, State::Running);
        let device = Device::with(|options| options.policy.grants = &["request"]);
        let found = denied(&device, &asks);
        assert_eq!((found.capability, found.asked), (Some(module), true));
    }
    let unknown = r#"(module (import "gpio" "explode" (func)) (func (export "on_init")))"#;
    let result = Device::new().put(&with_capabilities("a"), unknown);
    assert!(result.unwrap_err().to_string().contains("applications are not given such a function"));
}
