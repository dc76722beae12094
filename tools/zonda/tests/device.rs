//! The whole story of remote management from outside: install signed, start, ask, publish, update,
//! take back, keep, remove; and what is refused leaves the device as it was. By `zonda device` with
//! `zonda apps serve` as the device, over a UART (a pseudo terminal) and UDP.
//!
//! `ZONDA_DEVICE_PORT` names the UART of another device: `cargo xtask test` has Zephyr in QEMU
//! there. It has the public key `signature/tests/keys/p256.pub.pem`. `ZONDA_SMPMGR` names smpmgr,
//! which tells the story too then, with the plugin in `tools/smp`.

mod common;

use common::{expect, file, stderr, stdout, zonda};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn key(name: &str) -> String {
    root().join("signature/tests/keys").join(name).to_str().unwrap().into()
}

/// Who talks to the device.
enum Client {
    /// `zonda device` with these options.
    Zonda(Vec<String>),
    Smpmgr {
        program: String,
        port: String,
    },
}

impl Client {
    /// Runs a command, in the words of `zonda device`: whether it succeeds, and what it prints.
    fn run(&self, words: &[&str]) -> (bool, String) {
        let mut command;
        match self {
            Client::Zonda(options) => {
                command = Command::new(env!("CARGO_BIN_EXE_zonda"));
                command.arg("device").args(options).args(words);
            }
            Client::Smpmgr { program, port } => {
                let plugin = root().join("tools/smp");
                command = Command::new(program);
                command.env("PYTHONPATH", &plugin).env("COLUMNS", "200").env("NO_COLOR", "1");
                command.arg(format!("--plugin-path={}", plugin.join("zonda_smp").display()));
                command.args(["--port", port, "zonda"]);
                command.args(words.iter().map(|word| match *word {
                    "--allow-older" => "--older",
                    "publish" => "event",
                    word => word,
                }));
            }
        }
        let output = command.output().expect("the client runs");
        (output.status.success(), stdout(&output) + &stderr(&output))
    }

    #[track_caller]
    fn done(&self, words: &[&str]) -> String {
        let (is_done, text) = self.run(words);
        assert!(is_done, "{words:?}: {text}");
        text
    }

    #[track_caller]
    fn refused(&self, words: &[&str], why: &str) {
        let (is_done, text) = self.run(words);
        assert!(!is_done && text.contains(why), "{words:?}: {text}");
    }

    /// Repeats a command until it prints this.
    #[track_caller]
    fn wait(&self, words: &[&str], text: &str) {
        let start = Instant::now();
        loop {
            let printed = self.done(words);
            if printed.contains(text) {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(40), "'{text}' is not in: {printed}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Free bytes of the flash.
    fn free(&self) -> String {
        let text = self.done(&["statistics"]);
        let line = text.lines().find(|line| line.starts_with("flash_free: "));
        line.unwrap_or_else(|| panic!("{text}")).into()
    }
}

/// The packages of the story, and where they are.
struct Packages {
    unsigned: String,
    wrong_key: String,
    damaged: String,
    no_capability: String,
    large: String,
    /// 1.0.0, and 1.1.0 of a lower security version than the last.
    first: String,
    second: String,
    /// 1.2.0, which traps soon.
    broken: String,
    /// 1.3.0 with a higher security version.
    secure: String,
}

/// An application that answers GET /count and takes the event `count`.
fn module(init: &str, more: &str) -> String {
    format!(
        r#"(module
        (import "env" "wasm_register_resource" (func $register (param i32)))
        (import "env" "wasm_sub_event" (func $subscribe (param i32)))
        (import "env" "wasm_response_send" (func $respond (param i32 i32) (result i32)))
        (import "env" "wasm_create_timer" (func $timer (param i32 i32 i32) (result i32)))
        (import "env" "puts" (func $puts (param i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 64) "/count\00") (data (i32.const 80) "count\00")
        (data (i32.const 96) "got an event\00") (data (i32.const 112) "hello\00")
        (data (i32.const 144) "\01\45\00\00")
        (func (export "malloc") (param i32) (result i32) (i32.const 1024))
        (func (export "free") (param i32))
        (func (export "on_init")
            (drop (call $puts (i32.const 112)))
            (call $register (i32.const 64)) (call $subscribe (i32.const 80)) {init})
        (func (export "on_request") (param $at i32) (param i32)
            (if (i32.eq (i32.load8_u offset=1 (local.get $at)) (i32.const 6))
                (then (drop (call $puts (i32.const 96))) (return)))
            (i64.store (i32.const 148) (i64.load offset=4 (local.get $at)))
            (drop (call $respond (i32.const 144) (i32.const 16))))
        {more})"#
    )
}

impl Packages {
    /// Makes them in a folder of this name.
    fn make(test: &str) -> Packages {
        let make = |name: &str, version: &str, capabilities: &str, text: &str| {
            let manifest = format!(
                "name = \"counter\"\nversion = \"{version}\"\ncapabilities = [{capabilities}]\n\
                 [limits]\nmemory = 4096\nstack = 1024\nheap = 16384\n"
            );
            let manifest = file(test, &format!("{name}.toml"), manifest.as_bytes());
            let module = file(test, &format!("{name}.wat"), text.as_bytes());
            let package = manifest.replace(".toml", ".zonda-app");
            expect(&zonda(&["pack", &manifest, &module, "-o", &package]), 0, "", &[]);
            package
        };
        let sign = |package: &str, name: &str, own: &str, security: &str| {
            let output = Path::new(package).with_file_name(name).to_str().unwrap().to_owned();
            let args = ["sign", "--key", &key(own), "--security-version", security];
            expect(&zonda(&[&args[..], &["-o", &output, package]].concat()), 0, "", &[]);
            output
        };
        const ALL: &str = "\"resource\", \"subscribe\"";
        let plain = module("", "");
        let unsigned = make("v1", "1.0.0", ALL, &plain);
        let second = make("v2", "1.1.0", ALL, &plain);
        let third = make("v4", "1.3.0", ALL, &plain);
        let no_capability = make("nocap", "1.0.0", "\"subscribe\"", &plain);
        let trap = r#"(func (export "on_timer_callback") (param i32) unreachable)"#;
        let timer = "(drop (call $timer (i32.const 300) (i32.const 0) (i32.const 1)))";
        let broken = make("v3", "1.2.0", ALL, &module(timer, trap));
        let bulk = format!("(data (i32.const 1024) \"{}\")", "x".repeat(60_000));
        let large = make("large", "1.0.0", ALL, &module("", &bulk.repeat(4)));
        let first = sign(&unsigned, "v1.signed", "p256.pem", "0");
        let mut bytes = std::fs::read(&first).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Packages {
            wrong_key: sign(&unsigned, "wrong.signed", "imgtool-p256.pem", "0"),
            damaged: file(test, "damaged.signed", &bytes),
            no_capability: sign(&no_capability, "nocap.signed", "p256.pem", "0"),
            large: sign(&large, "large.signed", "p256.pem", "0"),
            second: sign(&second, "v2.signed", "p256.pem", "0"),
            broken: sign(&broken, "v3.signed", "p256.pem", "0"),
            secure: sign(&third, "v4.signed", "p256.pem", "1"),
            unsigned,
            first,
        }
    }
}

/// The device has no applications at the beginning, and none at the end.
fn story(client: &Client, packages: &Packages) {
    let Packages { unsigned, wrong_key, damaged, no_capability, large, .. } = packages;
    let Packages { first, second, broken, secure, .. } = packages;
    let free = client.free();
    // What is refused leaves the device as it was.
    let refused = |installed: &str| {
        client.refused(&["install", unsigned], "the file has no signature");
        client.refused(&["install", wrong_key], "the file is signed with an unknown key");
        client.refused(&["install", damaged], "the signature is wrong");
        client.refused(
            &["install", no_capability],
            "\"wasm_register_resource\" needs the capability \"resource\"",
        );
        client.refused(&["install", large], "no room");
        let list = client.done(&["list"]);
        assert_eq!(list.matches("counter").count(), installed.matches("counter").count(), "{list}");
        assert!(list.contains(installed), "{list}");
    };
    refused("");
    assert_eq!(client.free(), free);
    client.refused(&["start", "counter"], "no application has this name");
    // A transfer that is broken off continues where it was.
    let text = client.done(&["install", first, "--stop-after", "400"]);
    assert!(text.contains("broken off at"), "{text}");
    assert!(!client.done(&["list"]).contains("counter"));
    let text = client.done(&["install", first]);
    assert!(text.contains("continues at"), "{text}");
    client.wait(&["list"], "1.0.0 installed");
    client.done(&["start", "counter"]);
    client.wait(&["list"], "1.0.0 running");
    refused("counter          1.0.0 running");
    assert!(client.done(&["request", "/count"]).contains("2.05"));
    assert!(client.done(&["request", "/nobody"]).contains("4.04"));
    client.done(&["publish", "count"]);
    client.wait(&["log"], "counter: got an event");
    // An update on trial, taken back by hand and by itself, and kept.
    client.done(&["install", second]);
    client.wait(&["list"], "1.1.0 running, on trial");
    client.done(&["revert", "counter"]);
    client.wait(&["list"], "1.0.0 running");
    client.done(&["install", broken]);
    client.wait(&["list"], "1.0.0 running");
    client.wait(&["info", "counter"], "failure: timer: ");
    assert!(client.done(&["request", "/count"]).contains("2.05"));
    client.done(&["install", second]);
    client.wait(&["list"], "1.1.0 running, on trial");
    client.done(&["confirm", "counter"]);
    client.refused(&["confirm", "counter"], "no update is on trial");
    // Older ones.
    client.refused(
        &["install", first],
        "the package has version 1.0.0, installed is 1.1.0: an older one has to be asked for",
    );
    client.done(&["install", first, "--allow-older"]);
    client.wait(&["list"], "1.0.0 running, on trial");
    client.done(&["confirm", "counter"]);
    client.done(&["install", secure]);
    client.wait(&["list"], "1.3.0 running, on trial");
    client.done(&["confirm", "counter"]);
    client.refused(
        &["install", second, "--allow-older"],
        "the package has security version 0, installed is 1: an older one is not accepted",
    );
    client.done(&["restart", "counter"]);
    client.wait(&["list"], "1.3.0 running");
    client.done(&["stop", "counter"]);
    client.refused(&["stop", "counter"], "not possible while the application is stopped");
    client.done(&["uninstall", "counter"]);
    assert!(!client.done(&["list"]).contains("counter"));
    assert_eq!(client.free(), free);
}

/// `zonda apps serve` as a device.
struct Served {
    child: Child,
    udp: String,
    port: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(test: &str) -> Served {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test).join("device");
    let _ = std::fs::remove_dir_all(&dir);
    let mut child = Command::new(env!("CARGO_BIN_EXE_zonda"))
        .args(["apps", "--dir", dir.to_str().unwrap(), "serve", "--uart", "--udp", "127.0.0.1:0"])
        .args(["--flash", "64", "--key", &key("p256.pub.pem")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = |prefix: &str| loop {
        let line = lines.next().expect("the manager says where it listens").unwrap();
        if let Some(rest) = line.strip_prefix(prefix) {
            return rest.to_owned();
        }
    };
    let (udp, port) = (next("UDP: "), next("UART: "));
    // Whoever prints into a pipe that nobody reads would wait.
    std::thread::spawn(move || lines.for_each(drop));
    Served { child, udp, port }
}

#[test]
fn the_story_over_a_uart() {
    let packages = Packages::make("device-uart");
    let served = serve("device-uart");
    story(&Client::Zonda(vec!["--port".into(), served.port.clone()]), &packages);
    if let Ok(program) = std::env::var("ZONDA_SMPMGR") {
        story(&Client::Smpmgr { program, port: served.port.clone() }, &packages);
    }
}

#[test]
fn the_story_over_udp() {
    let packages = Packages::make("device-udp");
    let served = serve("device-udp");
    let client = Client::Zonda(vec!["--udp".into(), served.udp.clone()]);
    story(&client, &packages);
    // Another group than the device has, and nobody there.
    client.refused(&["--group", "75", "list"], "CONFIG_ZONDA_APPS_SMP_GROUP");
    drop(served);
    client.refused(&["--timeout", "1", "list"], "nothing listens there");
}

/// The record of a trap is fetched, and read with the module of the application; that of a version
/// which was taken back, too.
#[test]
fn the_record_of_a_trap_is_fetched() {
    let packages = Packages::make("device-record");
    let served = serve("device-record");
    for options in [["--udp", &served.udp], ["--port", &served.port]] {
        let client = Client::Zonda(options.map(str::to_owned).to_vec());
        client.refused(&["record", "counter"], "no application has this name");
        client.done(&["install", &packages.first]);
        client.done(&["start", "counter"]);
        client.wait(&["list"], "1.0.0 running");
        client.refused(&["record", "counter"], "no trap of the application was recorded");
        client.done(&["install", &packages.broken]);
        client.wait(&["list"], "1.0.0 running");
        client.wait(&["info", "counter"], "failure: timer: ");
        let log = client.done(&["record", "counter"]);
        assert!(log.lines().count() > 1, "{log}");
        let log = file("device-record", "record.log", log.as_bytes());
        // The module that `zonda pack` has made the package of, as text.
        let module = Path::new(&packages.unsigned).with_file_name("v3.wat");
        let shown = zonda(&["postmortem", &log, module.to_str().unwrap()]);
        expect(&shown, 0, &stdout(&shown), &[]);
        let shown = stdout(&shown);
        assert!(shown.starts_with("unreachable\n  #0  0x"), "{shown}");
        assert!(shown.contains(" on_timer_callback\n        local 0: i32 = "), "{shown}");
        let other = Path::new(&packages.unsigned).with_file_name("v1.wat");
        let other = zonda(&["postmortem", &log, other.to_str().unwrap()]);
        expect(&other, 2, "", &["the record was made from another module"]);
        client.done(&["uninstall", "counter"]);
    }
}

#[test]
fn the_story_on_a_device() {
    let Ok(port) = std::env::var("ZONDA_DEVICE_PORT") else {
        eprintln!("not run: ZONDA_DEVICE_PORT names no device");
        return;
    };
    let packages = Packages::make("device-port");
    story(&Client::Zonda(vec!["--port".into(), port.clone()]), &packages);
    if let Ok(program) = std::env::var("ZONDA_SMPMGR") {
        story(&Client::Smpmgr { program, port }, &packages);
    }
}
