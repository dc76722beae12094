//! `zonda apps` from outside: a manager over a folder, and the commands that talk to it.

mod common;

use common::{expect, file, stdout, zonda};
use std::path::Path;
use std::process::Command;

/// A manager that serves a folder until the test ends.
struct Served(std::process::Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `zonda apps`: from an empty folder to an application that answers, is updated, and is there
/// after a restart.
#[test]
fn apps_installs_starts_asks_and_removes() {
    let manifest = file("apps", "app.toml", b"name = \"hello\"\nversion = \"1.0.0\"\n");
    let newer = file("apps", "newer.toml", b"name = \"hello\"\nversion = \"1.1.0\"\n");
    let asks = file("apps", "asks.toml", b"name = \"asks\"\nversion = \"1.0.0\"\n");
    let module = file(
        "apps",
        "app.wat",
        br#"(module (import "env" "puts" (func $puts (param i32) (result i32)))
            (import "env" "wasm_response_send" (func $respond (param i32 i32) (result i32)))
            (memory (export "memory") 1) (data (i32.const 64) "hello from the application\00")
            (data (i32.const 128) "\01\45\00\00")
            (func (export "malloc") (param i32) (result i32) (i32.const 1024))
            (func (export "free") (param i32))
            (func (export "on_init") (drop (call $puts (i32.const 64))))
            (func (export "on_request") (param $at i32) (param i32)
                (i64.store (i32.const 132) (i64.load offset=4 (local.get $at)))
                (drop (call $respond (i32.const 128) (i32.const 16)))))"#,
    );
    let sends = file(
        "apps",
        "sends.wat",
        br#"(module (import "env" "wasm_post_request" (func (param i32 i32))) (func (export "on_init")))"#,
    );
    let folder = Path::new(&manifest).parent().unwrap();
    let dir = folder.join("device").to_str().unwrap().to_owned();
    let _ = std::fs::remove_dir_all(&dir);
    let apps = |args: &[&str]| zonda(&[&["apps", "--dir", &dir], args].concat());
    let packages: Vec<String> = [(&manifest, &module), (&newer, &module), (&asks, &sends)]
        .iter()
        .map(|(manifest, module)| {
            let package = format!("{manifest}.zonda-app");
            expect(&zonda(&["pack", manifest, module, "-o", &package]), 0, "", &[]);
            package
        })
        .collect();
    expect(&apps(&["list"]), 2, "", &["zonda apps serve"]);
    let serve = || {
        let served = Served(
            Command::new(env!("CARGO_BIN_EXE_zonda"))
                .args(["apps", "--dir", &dir, "serve", "--grant", "sensor"])
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap(),
        );
        for _ in 0..1000 {
            if apps(&["list"]).status.success() {
                return served;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("the manager does not listen");
    };
    let wait = |args: &[&str], text: &str| {
        for _ in 0..1000 {
            let output = apps(args);
            if stdout(&output).contains(text) {
                return stdout(&output);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("'{text}' is not in {}", stdout(&apps(args)));
    };
    let served = serve();
    expect(&apps(&["install", &packages[0]]), 0, "", &[]);
    expect(
        &apps(&["install", &packages[2]]),
        1,
        "",
        &["\"wasm_post_request\"", "does not ask for"],
    );
    expect(&apps(&["install", &manifest]), 1, "", &["the package has no manifest"]);
    wait(&["list"], "hello 1.0.0 installed\n");
    expect(&apps(&["start", "hello"]), 0, "", &[]);
    wait(&["list"], "hello 1.0.0 running\n");
    wait(&["log", "hello"], "hello from the application\n");
    expect(&apps(&["request", "/app/hello/x", "a=1", "b=text"]), 0, "2.05\n", &[]);
    expect(&apps(&["request", "/nobody"]), 0, "4.04\n", &[]);
    expect(&apps(&["start", "other"]), 1, "", &["no application has this name"]);
    expect(&apps(&["install", &packages[1]]), 0, "", &[]);
    wait(&["list"], "hello 1.1.0 running, on trial\n");
    expect(&apps(&["confirm", "hello"]), 0, "", &[]);
    let info = wait(&["info", "hello"], "state: running\n");
    assert!(info.contains("version: 1.1.0\n") && info.contains("queue: 0 of 8\n"), "{info}");
    expect(&apps(&["install", &packages[0]]), 1, "", &["has version 1.0.0, installed is 1.1.0"]);
    // Switched off and on.
    drop(served);
    let served = serve();
    wait(&["list"], "hello 1.1.0 running\n");
    expect(&apps(&["stop", "hello"]), 0, "", &[]);
    expect(&apps(&["stop", "hello"]), 1, "", &["not possible while the application is stopped"]);
    expect(&apps(&["uninstall", "hello"]), 0, "", &[]);
    expect(&apps(&["info", "hello"]), 1, "", &["no application has this name"]);
    drop(served);
}
