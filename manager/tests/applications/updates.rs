//! Updates: the switch, the trial, and the way back.

use crate::common::*;
use zonda_manager::{Error, State};
use zonda_manifest::{Limits, ManifestData, Version};

fn version(minor: u16) -> ManifestData {
    ManifestData { version: Version([1, minor, 0]), ..manifest("a") }
}

/// A module whose answer is the status.
fn answering(status: u8, more: &str) -> String {
    let text = format!(
        r#"(func (export "on_request") (param $packet i32) (param i32)
            (call $answer (i32.const {status}) (local.get $packet))) {more}"#
    );
    module("a", &text)
}

#[test]
fn a_running_application_is_exchanged_and_stays_after_its_trial() {
    let device = Device::with(|options| options.policy.trial_ms = 300);
    let bye = r#"(data (i32.const 200) "old one leaves\00")
        (func (export "on_destroy") (drop (call $puts (i32.const 200))))"#;
    device.up(&version(0), &answering(65, bye));
    device.put(&version(1), &answering(66, "")).unwrap();
    device.wait_told("a prints old one leaves");
    let info = device.wait_for("a", |info| info.state == State::Running);
    assert_eq!((info.trial, info.version), (true, Version([1, 1, 0])));
    assert_eq!(device.get("/a"), 66);
    assert_eq!(device.put(&version(2), &answering(67, "")), Err(Error::Trial));
    let info = device.wait_for("a", |info| !info.trial);
    assert_eq!((info.state, info.version), (State::Running, Version([1, 1, 0])));
    assert_eq!(device.get("/a"), 66);
    assert_eq!(device.revert("a"), Err(Error::NoTrial));
    // By hand, without waiting.
    device.put(&version(2), &answering(67, "")).unwrap();
    device.confirm("a").unwrap();
    assert!(!device.info("a").unwrap().trial);
    device.wait_for("a", |info| info.state == State::Running);
    assert_eq!(device.get("/a"), 67);
}

#[test]
fn an_update_that_fails_on_trial_goes_back() {
    let device = Device::new();
    device.up(&version(0), &answering(65, ""));
    // It cannot start.
    let broken = module_with_init("a", "unreachable", ANSWERS);
    device.put(&version(1), &broken).unwrap();
    let back = |info: &zonda_manager::Info| info.state == State::Running && info.reverted.is_some();
    let info = device.wait_for("a", back);
    assert_eq!((info.trial, info.version), (false, Version([1, 0, 0])));
    assert_eq!(device.get("/a"), 65);
    // It fails when it is asked.
    let broken = r#"(func (export "on_request") (param i32 i32) unreachable)"#;
    device.put(&version(1), &module("a", broken)).unwrap();
    device.wait_for("a", |info| info.state == State::Running && info.trial);
    assert_eq!(device.get("/a"), 163);
    let info = device.wait_for("a", |info| info.state == State::Running && !info.trial);
    assert_eq!(info.version, Version([1, 0, 0]));
    assert!(info.reverted.unwrap().to_string().starts_with("request: unreachable"));
    assert_eq!(device.get("/a"), 65);
    // Taken back by hand.
    device.put(&version(1), &answering(66, "")).unwrap();
    device.wait_for("a", |info| info.state == State::Running && info.trial);
    assert_eq!(device.get("/a"), 66);
    device.revert("a").unwrap();
    device.wait_for("a", |info| info.state == State::Running && !info.trial);
    assert_eq!(device.get("/a"), 65);
}

#[test]
fn a_stopped_application_is_exchanged_at_once() {
    let device = Device::new();
    device.up(&version(0), &answering(65, ""));
    device.stop("a").unwrap();
    device.put(&version(1), &answering(66, "")).unwrap();
    let info = device.info("a").unwrap();
    assert_eq!((info.state, info.trial), (State::Installed, false));
    device.start("a").unwrap();
    device.wait_for("a", |info| info.state == State::Running);
    assert_eq!(device.get("/a"), 66);
}

/// The system is switched off while an update is on trial: the version before it starts.
#[test]
fn an_update_on_trial_does_not_survive_a_reset() {
    let flash = zonda_manager::host::HostFlash::ram(&GEOMETRY);
    {
        let device = Device::on(flash.again().unwrap(), GEOMETRY, |_| {});
        device.up(&version(0), &answering(65, ""));
        device.put(&version(1), &answering(66, "")).unwrap();
        device.wait_for("a", |info| info.state == State::Running);
        assert_eq!(device.get("/a"), 66);
    }
    let device = Device::on(flash.again().unwrap(), GEOMETRY, |_| {});
    let info = device.wait_for("a", |info| info.state == State::Running);
    assert_eq!((info.trial, info.version), (false, Version([1, 0, 0])));
    assert_eq!(device.get("/a"), 65);
}

/// The old one does not want to go: it is ended, and the new one starts.
#[test]
fn an_update_does_not_wait_for_the_old_one_for_ever() {
    let device = Device::new();
    let limits = Limits { event_ms: 50, fuel: 0, ..Limits::default() };
    let stubborn = ManifestData { limits, ..version(0) };
    device.up(&stubborn, &answering(65, r#"(func (export "on_destroy") (loop br 0))"#));
    device.put(&version(1), &answering(66, "")).unwrap();
    device.wait_for("a", |info| info.state == State::Running);
    assert_eq!(device.get("/a"), 66);
}
