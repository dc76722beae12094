//! States, restarts, and what is left after a failure.

use crate::common::*;
use zonda_manager::{Error, Failure, InstallOptions, State};
use zonda_manifest::{Entry, Limits, Restart, RestartPolicy};

const NO_ENTRY: u8 = 132;

#[test]
fn an_application_is_installed_started_asked_stopped_removed() {
    let device = Device::new();
    let text = module(
        "a",
        &format!(
            r#"{ANSWERS} (data (i32.const 200) "bye\00")
        (func (export "on_destroy") (drop (call $puts (i32.const 200))))"#
        ),
    );
    device.put(&manifest("a"), &text).unwrap();
    assert_eq!(device.info("a").unwrap().state, State::Installed);
    assert_eq!(device.get("/a"), NO_ENTRY);
    assert_eq!(device.stop("a"), Err(Error::State(State::Installed)));
    device.start("a").unwrap();
    device.wait_for("a", |info| info.state == State::Running);
    assert_eq!(device.start("a"), Err(Error::State(State::Running)));
    assert_eq!(device.get("/a"), 69);
    assert_eq!(device.get("/app/a/anything"), 69);
    assert_eq!(device.get("/app/b/anything"), NO_ENTRY);
    device.stop("a").unwrap();
    assert_eq!(device.info("a").unwrap().state, State::Stopped);
    assert_eq!(device.get("/a"), NO_ENTRY);
    device.restart("a").unwrap();
    device.wait_for("a", |info| info.state == State::Running);
    assert_eq!(device.get("/a"), 69);
    device.uninstall("a").unwrap();
    assert!(device.info("a").is_none());
    assert_eq!(device.start("a"), Err(Error::Unknown));
    let told = device.told.lock().unwrap().join("\n");
    let expected = "a is starting\na is running\na is stopping\na prints bye\na is stopped\n\
        a is starting\na is running\na is stopping\na prints bye\na is stopped";
    assert_eq!(told, expected);
}

#[test]
fn a_failure_has_its_trap_and_place_and_others_go_on() {
    let device = Device::new();
    device.up(&manifest("good"), &module("good", ANSWERS));
    let bad = r#"(func (export "on_request") (param i32 i32) unreachable)"#;
    device.up(&manifest("bad"), &module("bad", bad));
    // Whoever asked it is told.
    assert_eq!(device.get("/bad"), 163);
    let Failure::Event { entry: Entry::Request, error: zonda::Error::Trap(trap) } =
        device.failure("bad")
    else {
        panic!("{:?}", device.info("bad"))
    };
    assert_eq!(trap.code, zonda::TrapCode::Unreachable);
    assert!(trap.func != u32::MAX && trap.offset != 0);
    assert_eq!(device.get("/good"), 69);
    assert_eq!(device.get("/bad"), NO_ENTRY);
}

#[test]
fn a_failed_application_is_restarted_with_waits_and_then_left() {
    let device = Device::new();
    let restart =
        Restart { policy: RestartPolicy::OnFailure, first_ms: 20, most_ms: 1_000, attempts: 2 };
    let manifest = zonda_manifest::ManifestData { restart, ..manifest("a") };
    device.put(&manifest, &module_with_init("a", "unreachable", "")).unwrap();
    let begin = std::time::Instant::now();
    device.start("a").unwrap();
    let failed = |info: &zonda_manager::Info| {
        info.state == State::Failed && info.restart_at.is_none() && info.statistics.restarts == 2
    };
    device.wait_for("a", failed);
    assert!(begin.elapsed() >= std::time::Duration::from_millis(20 + 40));
    // Started by hand, it has all its attempts again.
    device.start("a").unwrap();
    let info = device.wait_for("a", |info| info.statistics.restarts == 4);
    assert!(info.statistics.events >= 5, "{info:?}");
    device.stop("a").unwrap_or_else(|error| assert_eq!(error, Error::State(State::Failed)));
}

#[test]
fn what_cannot_be_loaded_says_why() {
    let device = Device::new();
    let text = "(module (memory (export \"memory\") 1))";
    device.put(&manifest("a"), text).unwrap();
    device.start("a").unwrap();
    assert_eq!(device.failure("a"), Failure::Export(Entry::Init));
    let text = "(module (func (export \"on_init\")) (func (export \"on_destroy\") (param i32)))";
    device.put(&manifest("b"), text).unwrap();
    device.start("b").unwrap();
    assert_eq!(device.failure("b"), Failure::Export(Entry::Destroy));
    // A type that does not fit is a link error.
    let text = r#"(module (import "env" "puts" (func (param i64))) (func (export "on_init")))"#;
    device.put(&manifest("c"), text).unwrap();
    device.start("c").unwrap();
    let failure = device.failure("c");
    assert!(failure.to_string().contains("incompatible import type \"env\" \"puts\""), "{failure}");
    // Others still run.
    device.up(&manifest("d"), &module("d", ANSWERS));
    assert_eq!(device.get("/d"), 69);
}

/// Applications that were on are started with the system, the others not.
#[test]
fn the_system_starts_what_was_on() {
    let flash = zonda_manager::host::HostFlash::ram(&GEOMETRY);
    {
        let device = Device::on(flash.again().unwrap(), GEOMETRY, |_| {});
        device.up(&manifest("on"), &module("on", ANSWERS));
        device.up(&manifest("off"), &module("off", ANSWERS));
        device.stop("off").unwrap();
    }
    let device = Device::on(flash.again().unwrap(), GEOMETRY, |_| {});
    device.wait_for("on", |info| info.state == State::Running);
    assert_eq!(device.info("off").unwrap().state, State::Installed);
    assert_eq!(device.get("/on"), 69);
}

/// `on_destroy` that does not end is ended, and the application is stopped.
#[test]
fn an_endless_end_is_ended() {
    let device = Device::new();
    let limits = Limits { event_ms: 50, fuel: 0, ..Limits::default() };
    let manifest = zonda_manifest::ManifestData { limits, ..manifest("a") };
    device.up(&manifest, &module("a", "(func (export \"on_destroy\") (loop br 0))"));
    device.stop("a").unwrap();
    let info = device.info("a").unwrap();
    assert_eq!(info.state, State::Stopped);
    assert_eq!(info.failure, Some(Failure::Time { entry: Entry::Destroy, limit_ms: 50 }));
    device.uninstall("a").unwrap();
}

#[test]
fn a_full_device_says_so() {
    let device = Device::with(|options| options.slots = 2);
    device.put(&manifest("a"), &module("a", "")).unwrap();
    device.put(&manifest("b"), &module("b", "")).unwrap();
    assert_eq!(device.put(&manifest("c"), &module("c", "")), Err(Error::Full));
    device.uninstall("a").unwrap();
    device.put(&manifest("c"), &module("c", "")).unwrap();
    // 30 sectors of 4 KB are for applications.
    let large = format!("(data (i32.const 0) \"{}\")", "x".repeat(60_000));
    device.put(&manifest("b"), &module("b", &large)).unwrap();
    let before = device.usage().unwrap();
    let error = device.put(&manifest("c"), &module("c", &large)).unwrap_err();
    let is_no_room = matches!(error, Error::Storage(zonda_storage::Error::NoSpace { .. }));
    assert!(is_no_room, "{error:?}");
    assert_eq!(device.usage().unwrap(), before);
    let error = device.install(b"nonsense", InstallOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "the package has no manifest (custom section \"zonda.app\")");
}
