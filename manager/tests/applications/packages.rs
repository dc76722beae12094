//! Which packages are refused: signatures, keys, versions, capabilities, and damage.

use crate::common::*;
use zonda_manager::host::Options;
use zonda_manager::{Error, InstallOptions, Unsigned};
use zonda_manifest::{ManifestData, Version};
use zonda_signature::keys::SigningKey;
use zonda_signature::{Algorithm, KeyId};

/// Keys of the tests of `zonda-signature`, and the public part.
fn key(pem: &str) -> (SigningKey, (Algorithm, Vec<u8>)) {
    let key = SigningKey::from_pem(pem).unwrap();
    let public = key.public();
    let public = public.as_key();
    let public = (public.algorithm, public.bytes.to_vec());
    (key, public)
}

const ONE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
";
const TWO: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEICABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
";

fn required(keys: Vec<(Algorithm, Vec<u8>)>) -> impl FnOnce(&mut Options) {
    move |options| {
        options.policy.unsigned = Unsigned::Refused;
        options.keys = keys;
    }
}

#[test]
fn signatures_are_checked_and_older_packages_refused() {
    let ((one, public), (two, other)) = (key(ONE), key(TWO));
    let device = Device::with(required(vec![public.clone()]));
    let plain = package(&manifest("a"), &module("a", ANSWERS));
    let install = |bytes: &[u8]| device.install(bytes, InstallOptions::default());
    let text = |result: Result<(), Error<std::io::ErrorKind>>| result.unwrap_err().to_string();
    assert_eq!(text(install(&plain)), "the file has no signature");
    let by_other = two.sign(&plain, 0).unwrap();
    assert!(text(install(&by_other)).starts_with("the file is signed with an unknown key"));
    let mut damaged = one.sign(&plain, 0).unwrap();
    damaged[plain.len() / 2] ^= 1;
    assert_eq!(text(install(&damaged)), "the signature is wrong");
    assert!(device.info("a").is_none());
    install(&one.sign(&plain, 5).unwrap()).unwrap();
    assert_eq!(device.info("a").unwrap().security_version, 5);
    let older = one.sign(&plain, 4).unwrap();
    assert_eq!(install(&older), Err(Error::Rollback { installed: 5, package: 4 }));
    let allowed = InstallOptions { allow_older: true };
    let rollback = Err(Error::Rollback { installed: 5, package: 4 });
    assert_eq!(device.install(&older, allowed), rollback);
    install(&one.sign(&plain, 5).unwrap()).unwrap();
    // A manifest may demand its key, also of updates.
    let device = Device::with(required(vec![public.clone(), other]));
    let id = KeyId::of(public.0, &public.1).unwrap();
    let keyed = ManifestData { key: Some(id.0), ..manifest("a") };
    let keyed = package(&keyed, &module("a", ANSWERS));
    let install = |bytes: &[u8]| device.install(bytes, InstallOptions::default());
    let by_other = two.sign(&keyed, 0).unwrap();
    assert!(text(install(&by_other)).starts_with("the package has to be signed with key"));
    install(&one.sign(&keyed, 0).unwrap()).unwrap();
    let by_other = two.sign(&plain, 0).unwrap();
    assert!(text(install(&by_other)).starts_with("the package has to be signed with key"));
    install(&one.sign(&plain, 0).unwrap()).unwrap();
}

#[test]
fn versions_do_not_go_back_by_themselves() {
    let device = Device::new();
    let version = |patch| ManifestData { version: Version([1, 0, patch]), ..manifest("a") };
    device.put(&version(2), &module("a", ANSWERS)).unwrap();
    let older = Error::Older { installed: Version([1, 0, 2]), package: Version([1, 0, 1]) };
    assert_eq!(device.put(&version(1), &module("a", ANSWERS)), Err(older));
    let bytes = package(&version(1), &module("a", ANSWERS));
    device.install(&bytes, InstallOptions { allow_older: true }).unwrap();
    assert_eq!(device.info("a").unwrap().version, Version([1, 0, 1]));
    device.put(&version(3), &module("a", ANSWERS)).unwrap();
}

#[test]
fn an_import_needs_its_capability_from_manifest_and_policy() {
    let text =
        r#"(module (import "env" "wasm_sub_event" (func (param i32))) (func (export "on_init")))"#;
    let device = Device::with(|options| options.policy.grants = &["request"]);
    let mut manifest = manifest("a");
    manifest.capabilities = vec!["request".into()];
    assert_eq!(
        device.put(&manifest, text).unwrap_err().to_string(),
        "import \"env\" \"wasm_sub_event\" needs the capability \"subscribe\", which the manifest does not ask for"
    );
    manifest.capabilities.push("subscribe".into());
    assert_eq!(
        device.put(&manifest, text).unwrap_err().to_string(),
        "import \"env\" \"wasm_sub_event\" needs the capability \"subscribe\", which this firmware does not grant"
    );
    for (import, names) in [
        ("\"env\" \"led_set\" (func (param i32))", "import \"env\" \"led_set\""),
        ("\"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32))", "\"proc_exit\""),
        ("\"env\" \"memory\" (memory 1)", "import \"env\" \"memory\""),
        ("\"env\" \"printf\" (global i32)", "import \"env\" \"printf\""),
    ] {
        let text = format!("(module (import {import}) (func (export \"on_init\")))");
        let error = device.put(&manifest, &text).unwrap_err().to_string();
        assert!(error.contains(names) && error.contains("not given such a function"), "{error}");
    }
    assert!(device.info("a").is_none());
}

/// A package that is cut off, or whose announced name or length is wrong, leaves everything as it
/// was.
#[test]
fn broken_transfers_leave_the_device_as_it_was() {
    let device = Device::new();
    device.up(&manifest("a"), &module("a", ANSWERS));
    let before = device.usage().unwrap();
    let bytes = package(&manifest("a"), &module("a", ANSWERS));
    let len = bytes.len() as u32;
    let mut transfer = device.begin("a", len).unwrap();
    device.write(&mut transfer, &bytes[..100]).unwrap();
    assert_eq!(transfer.written(), 100);
    // One transfer at a time.
    assert!(matches!(device.begin("b", 10), Err(Error::Storage(zonda_storage::Error::Installing))));
    let error = device.finish(transfer, InstallOptions::default()).unwrap_err();
    assert_eq!(error, Error::Storage(zonda_storage::Error::Incomplete(len - 100)));
    let mut transfer = device.begin("b", len).unwrap();
    device.write(&mut transfer, &bytes).unwrap();
    let error = device.write(&mut transfer, &[0]).unwrap_err();
    assert_eq!(error, Error::Storage(zonda_storage::Error::TooLong));
    assert_eq!(device.finish(transfer, InstallOptions::default()), Err(Error::Name));
    assert!(device.info("b").is_none());
    assert_eq!(device.begin("a/b", 10).err(), Some(Error::Name));
    let damaged = &bytes[..bytes.len() - 1];
    let error = device.install(damaged, InstallOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Package(_)), "{error}");
    assert_eq!(device.usage().unwrap().free, before.free);
    assert_eq!(device.get("/a"), 69);
    // In pieces of any size.
    let mut transfer = device.begin("c", len).unwrap();
    device.abort(transfer);
    let bytes = package(&manifest("c"), &module("c", ANSWERS));
    transfer = device.begin("c", bytes.len() as u32).unwrap();
    for part in bytes.chunks(7) {
        device.write(&mut transfer, part).unwrap();
    }
    device.finish(transfer, InstallOptions::default()).unwrap();
    device.start("c").unwrap();
    device.wait_for("c", |info| info.state == zonda_manager::State::Running);
    assert_eq!(device.get("/c"), 69);
}
