//! Applications in C against the headers of `apps/include`: ours, which have the shape of the seven
//! of WAMR's application framework, and those seven unchanged, where `ZONDA_APP_FRAMEWORK` names
//! their folder (`samples/simple/wasm-apps`).
//!
//! They are compiled with clang 19; without it this says that it was skipped.

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::*;
use zonda_manager::attributes::{Attributes, Value};
use zonda_manager::packet::{Request, DELETE};
use zonda_manager::{InstallOptions, State};
use zonda_manifest::{with_section, Limits, ManifestData};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn has_clang() -> bool {
    let clang = std::env::var("CLANG").unwrap_or("clang-19".into());
    let is_there = Command::new(&clang).arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: {clang} is not installed");
    }
    is_there
}

/// Compiles an application.
fn build(source: &Path, test: &str, options: &[String]) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).unwrap();
    let output = folder.join(source.with_extension("wasm").file_name().unwrap());
    let result = Command::new(root().join("apps/framework/build.sh"))
        .arg(source)
        .arg("-o")
        .arg(&output)
        .args(options)
        .output()
        .unwrap();
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    std::fs::read(output).unwrap()
}

/// 8 KB of memory: 2 KB of stack, 4 KB of heap, and data.
fn small(name: &str) -> ManifestData {
    let limits = Limits { memory: 8_192, event_ms: 10_000, ..Limits::default() };
    ManifestData { limits, ..manifest(name) }
}

fn up(device: &Device, name: &str, module: &[u8]) {
    let package = with_section(module, &small(name).encode().unwrap()).unwrap();
    device.install(&package, InstallOptions::default()).unwrap();
    device.start(name).unwrap();
    device.wait_for(name, |info| info.state == State::Running);
}

fn own(device: &Device, name: &str, test: &str, options: &[String]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/c/{name}.c"));
    up(device, name, &build(&source, test, options));
}

#[test]
fn timers_and_the_end() {
    if !has_clang() {
        return;
    }
    let device = Device::new();
    own(&device, "clock", "clock", &[]);
    device.wait_told("clock prints tick 3");
    std::thread::sleep(std::time::Duration::from_millis(50));
    device.stop("clock").unwrap();
    device.wait_told("clock prints bye at 3");
    assert_eq!(device.info("clock").unwrap().state, State::Stopped);
}

#[test]
fn sensors() {
    if !has_clang() {
        return;
    }
    let device = Device::with(|options| options.sensors = vec!["inside".into(), "outside".into()]);
    own(&device, "thermometer", "thermometer", &[]);
    device.wait_told("thermometer prints 111");
    device.wait_told("thermometer prints in 2 of inside");
    device.wait_told("key: name, type: string, value: inside");
    device.wait_told("key: value, type: int, value: 0x2");
    device.wait_told("thermometer prints closed 1");
    device.wait_told("thermometer prints out 9 of outside");
    let told = device.told.lock().unwrap().join("\n");
    assert!(!told.contains("in 3 of inside"), "{told}");
}

#[test]
fn requests_and_responses() {
    if !has_clang() {
        return;
    }
    let device = Device::new();
    own(&device, "server", "requests", &[]);
    own(&device, "asker", "requests", &[]);
    device.wait_told("asker prints put: 69");
    device.wait_told("key: was, type: string, value: value");
    device.wait_told("key: got, type: int, value: 0x5");
    device.wait_told("asker prints nobody: 132");
    device.wait_told("asker prints other: 132");
    let delete = Request { mid: 0, action: DELETE, fmt: 0, sender: 0, url: "/value", payload: &[] };
    let status = device.request(&delete, 10_000, |response| response.status);
    assert_eq!(status, Ok(133));
}

#[test]
fn events_with_every_type() {
    if !has_clang() {
        return;
    }
    let device = Device::new();
    own(&device, "listener", "events", &[]);
    own(&device, "alarm", "events", &[]);
    device.wait_told("listener prints alarm: another length 200 -2 65535 -1 7 10");
    device.wait_told("listener prints 1.50 -2.25 1 0");
    // Its heap does not run out.
    device.wait_for("alarm", |info| info.statistics.events > 20);
    assert_eq!(device.info("alarm").unwrap().state, State::Running);
}

#[test]
fn connections() {
    if !has_clang() {
        return;
    }
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let device = Device::new();
    own(&device, "client", "client", &[format!("-DPORT={port}")]);
    let (mut stream, _) = server.accept().unwrap();
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"hello");
    stream.write_all(b"again").unwrap();
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"again");
    drop(stream);
    device.wait_told("client prints the server has left me");
}

/// The seven applications of WAMR's framework.
#[test]
fn the_applications_of_the_framework_do_what_they_say() {
    let Some(folder) = std::env::var_os("ZONDA_APP_FRAMEWORK").map(PathBuf::from) else {
        eprintln!("skipped: ZONDA_APP_FRAMEWORK does not name samples/simple/wasm-apps");
        return;
    };
    if !has_clang() {
        return;
    }
    // The connection's server has a fixed port.
    let server = TcpListener::bind("127.0.0.1:7777").unwrap();
    let device = Device::with(|options| {
        options.sensors = vec!["sensor_test1".into(), "sensor_test2".into()];
    });
    let start = |name: &str| {
        up(&device, name, &build(&folder.join(name).with_extension("c"), "framework", &[]));
    };
    start("timer");
    start("request_handler");
    start("request_sender");
    start("event_subscriber");
    start("event_publisher");
    start("sensor");
    start("connection");
    device.wait_told("timer prints Timer update 1");
    device.wait_told("request_handler prints [resp] ### user resource 1 handler called");
    for text in ["a request to target app", "a general request"] {
        device.wait_told("status:69, fmt:99, payload:");
        device.wait_told(&format!("tag:{text}"));
    }
    device.wait_told("key: key2, type: string, value: value2");
    device.wait_told("event_subscriber prints ### user over heat event handler called");
    device.wait_told("value: temperature is over high");
    device.wait_told("sensor prints ### app get sensor event from sensor1");
    device.wait_told("sensor prints ### app get sensor event from sensor2");
    device.wait_told("connection prints connect to server success!");
    let (mut stream, _) = server.accept().unwrap();
    let mut bytes = [0; 7];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"Hello 0");
    stream.write_all(b"welcome").unwrap();
    device.wait_told("connection prints Client got a message from server -> welcome");
    assert_eq!(device.get("/app/request_handler/url2"), 66);
    assert_eq!(device.get("/close"), 66);
    assert!(stream.read_to_end(&mut Vec::new()).is_ok());
    for name in ["timer", "sensor", "connection", "request_handler", "event_publisher"] {
        device.stop(name).unwrap();
        let info = device.info(name).unwrap();
        assert_eq!((info.state, info.failure), (State::Stopped, None));
    }
}

/// The application of the tutorial in docs/apps.md.
#[test]
fn the_tutorial() {
    if !has_clang() {
        return;
    }
    let page = std::fs::read_to_string(root().join("docs/apps.md")).unwrap();
    let source = page.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tutorial");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("hello.c");
    std::fs::write(&path, source).unwrap();
    let device = Device::new();
    up(&device, "hello", &build(&path, "tutorial", &[]));
    device.wait_told("hello prints hello");
    let seconds = || {
        let request = Request { mid: 0, action: 1, fmt: 0, sender: 0, url: "/time", payload: &[] };
        let answer = device.request(&request, 10_000, |response| {
            let payload = Attributes::parse(response.payload).unwrap();
            let Some(Value::Signed(seconds)) = payload.get("seconds") else { panic!("no seconds") };
            (response.status, payload.tag().to_vec(), seconds)
        });
        let (status, tag, seconds) = answer.unwrap();
        assert_eq!((status, &tag[..]), (69, &b"time"[..]));
        seconds
    };
    while seconds() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    device.stop("hello").unwrap();
    device.wait_told("hello prints bye");
}

#[test]
fn packages_of_the_sample_are_what_its_sources_say() {
    if !has_clang() {
        return;
    }
    let folder = root().join("samples/apps/wasm-app");
    for app in ["counter", "display", "rogue"] {
        let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(app).with_extension("wasm");
        let result = Command::new(root().join("apps/framework/build.sh"))
            .env("HEAP", "1024")
            .env("STACK", "1024")
            .arg(folder.join(app).with_extension("c"))
            .arg("-o")
            .arg(&output)
            .output()
            .unwrap();
        assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
        let package = std::fs::read(folder.join(app).with_extension("zonda-app")).unwrap();
        let manifest = zonda_manifest::find(&package).unwrap();
        let built = with_section(&std::fs::read(&output).unwrap(), manifest).unwrap();
        assert!(package == built, "{app}.zonda-app is not what {app}.c becomes");
    }
}
