//! Requests, responses and events between applications and the firmware, timers, sensors,
//! connections.

use std::io::{Read, Write};

use crate::common::*;
use zonda_manager::packet::{Request, Response, EVENT, PUT};
use zonda_manager::State;

/// Data for a packet in a module: at 256, with its length.
fn data(request: &Request<'_>) -> (String, usize) {
    let bytes = request.pack().unwrap();
    let text: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    (format!("(data (i32.const 256) \"{text}\")"), bytes.len())
}

fn request(url: &str) -> Request<'_> {
    Request { mid: 77, action: PUT, fmt: 0, sender: 0xFFFF_FFFD, url, payload: b"payload" }
}

#[test]
fn an_application_asks_another_one() {
    let device = Device::new();
    // The handler answers with the status that is the length of what it got.
    let handler = r#"(func (export "on_request") (param $packet i32) (param $len i32)
        (call $answer (local.get $len) (local.get $packet)))"#;
    device.up(&manifest("handler"), &module("handler", handler));
    // The sender asks when it is asked, and keeps the status; a second request gives it.
    let (packet, len) = data(&request("/app/handler/x"));
    let sender = format!(
        r#"{packet} (global $status (mut i32) (i32.const 1))
        (func (export "on_response") (param $packet i32) (param i32)
            (if (i32.ne (i32.load offset=4 (local.get $packet)) (i32.const 0x4d000000)) (then unreachable))
            (global.set $status (i32.load8_u offset=1 (local.get $packet))))
        (func (export "on_request") (param $packet i32) (param i32)
            (call $answer (global.get $status) (local.get $packet))
            (call $post (i32.const 256) (i32.const {len})))"#
    );
    device.up(&manifest("sender"), &module("sender", &sender));
    assert_eq!(device.get("/sender"), 1);
    device.wait_for("sender", |info| info.statistics.events == 3);
    // 18 bytes, "x" with its NUL, 7 bytes of payload.
    assert_eq!(device.get("/sender"), 18 + 2 + 7);
    // Nobody is there any more.
    device.uninstall("handler").unwrap();
    device.wait_for("sender", |info| info.statistics.events == 5);
    device.get("/sender");
    device.wait_for("sender", |info| info.statistics.events == 7);
    assert_eq!(device.get("/sender"), 132);
    assert_eq!(device.info("sender").unwrap().requests, 0);
}

#[test]
fn events_go_to_all_subscribers_and_to_the_firmware() {
    let device = Device::new();
    let subscriber = r#"(data (i32.const 200) "alert/heat\00") (data (i32.const 230) "got it\00")
        (func (export "on_request") (param i32 i32) (drop (call $puts (i32.const 230))))"#;
    let init = "(call $subscribe (i32.const 200))";
    for name in ["s1", "s2"] {
        device.up(&manifest(name), &module_with_init(name, init, subscriber));
    }
    let event = Request { action: EVENT, ..request("alert/heat") };
    let (packet, len) = data(&event);
    let init = format!("(call $post (i32.const 256) (i32.const {len}))");
    device.up(&manifest("p"), &module_with_init("p", &init, &packet));
    device.wait_told("s1 prints got it");
    device.wait_told("s2 prints got it");
    device.wait_told("event alert/heat");
    device.publish("alert/other", 0, b"");
    device.publish("alert/heat", 0, b"");
    device.wait_for("s1", |info| info.statistics.events == 3);
    assert_eq!(device.info("p").unwrap().statistics.events, 1);
}

/// An application answers what it was not asked, and speaks for others: nothing of it arrives.
#[test]
fn an_application_cannot_speak_for_others() {
    let device = Device::new();
    // Asks somebody who never answers.
    let silent = r#"(func (export "on_request") (param i32 i32))"#;
    device.up(&manifest("silent"), &module("silent", silent));
    let (packet, len) = data(&request("/silent"));
    let victim = format!(
        r#"{packet} (func (export "on_response") (param i32 i32) unreachable)
        (func (export "on_request") (param $packet i32) (param i32)
            (call $answer (i32.const 69) (local.get $packet)))"#
    );
    let init = format!("(call $post (i32.const 256) (i32.const {len}))");
    device.up(&manifest("victim"), &module_with_init("victim", &init, &victim));
    // Answers request 77 of every sender that there may be, and of the firmware.
    let forged = |receiver| {
        let bytes = Response { mid: 77, status: 69, fmt: 0, receiver, payload: &[] }.pack();
        bytes.unwrap().iter().map(|byte| format!("\\{byte:02x}")).collect::<String>()
    };
    let init: String = (0..20)
        .map(|index| {
            format!(
                "(if (call $respond (i32.const {}) (i32.const 16)) (then unreachable))",
                2048 + index * 16
            )
        })
        .collect();
    let packets: String = (0..19).chain([0xFFFF_FFFD]).map(forged).collect();
    let attacker = format!("(data (i32.const 2048) \"{packets}\")");
    device.up(&manifest("attacker"), &module_with_init("attacker", &init, &attacker));
    assert_eq!(device.get("/victim"), 69);
    assert_eq!(device.info("victim").unwrap().requests, 1);
    // A resource belongs to who has it first.
    let thief = r#"(data (i32.const 200) "/victim\00")"#;
    let init = "(call $register (i32.const 200))";
    device.up(&manifest("thief"), &module_with_init("thief", init, thief));
    device.wait_told("thief prints (not registered:");
    assert_eq!(device.get("/victim"), 69);
}

#[test]
fn requests_that_wait_are_bounded_and_answered_at_the_end() {
    let device = Device::new();
    let silent = r#"(func (export "on_request") (param i32 i32))"#;
    device.up(&manifest("silent"), &module("silent", silent));
    let (packet, len) = data(&request("/silent"));
    let sender = format!(
        r#"{packet} (data (i32.const 200) "unavailable\00")
        (func (export "on_response") (param $packet i32) (param i32)
            (if (i32.ne (i32.load8_u offset=1 (local.get $packet)) (i32.const 163)) (then unreachable))
            (drop (call $puts (i32.const 200))))"#
    );
    let post = format!("(call $post (i32.const 256) (i32.const {len}))");
    // Four may wait.
    device.up(&manifest("sender"), &module_with_init("sender", &post.repeat(5), &sender));
    let info = device.wait_for("sender", |info| info.statistics.events == 2);
    assert_eq!(info.requests, 4);
    device.stop("silent").unwrap();
    let info = device.wait_for("sender", |info| info.statistics.events == 6);
    assert_eq!((info.requests, info.state), (0, State::Running));
}

#[test]
fn timers_expire_once_or_again_and_again() {
    let device = Device::new();
    let more = r#"(data (i32.const 200) "once\00") (data (i32.const 210) "again\00")
        (global $left (mut i32) (i32.const 3))
        (func (export "on_timer_callback") (param $timer i32)
            (if (i32.eq (local.get $timer) (i32.const 1)) (then (drop (call $puts (i32.const 200))) return))
            (if (i32.ne (local.get $timer) (i32.const 2)) (then unreachable))
            (drop (call $puts (i32.const 210)))
            (global.set $left (i32.sub (global.get $left) (i32.const 1)))
            (if (i32.eqz (global.get $left)) (then (call $cancel (i32.const 2)))))"#;
    let init = "(drop (call $timer (i32.const 5) (i32.const 0) (i32.const 1)))
        (drop (call $timer (i32.const 10) (i32.const 1) (i32.const 0)))
        (drop (call $timer (i32.const 1) (i32.const 1) (i32.const 0)))
        (call $restart (i32.const 2) (i32.const 10))";
    device.up(&manifest("a"), &module_with_init("a", init, more));
    device.wait_for("a", |info| info.statistics.events == 5);
    std::thread::sleep(std::time::Duration::from_millis(100));
    let told = device.told.lock().unwrap();
    let count = |text: &str| told.iter().filter(|told| told.ends_with(text)).count();
    assert_eq!((count("once"), count("again")), (1, 3));
    drop(told);
    assert_eq!(device.info("a").unwrap().statistics.events, 5);
}

#[test]
fn sensors_are_read_at_their_interval() {
    let device = Device::new();
    // An attribute container is 6 bytes, the tag, and so on; the value of the key "value" is its
    // last four bytes.
    let more = r#"(data (i32.const 200) "counter\00") (data (i32.const 230) "two\00")
        (func (export "on_sensor_event") (param $sensor i32) (param $at i32) (param $len i32)
            (if (i32.eq (i32.load (i32.sub (i32.add (local.get $at) (local.get $len)) (i32.const 4))) (i32.const 2))
                (then (drop (call $puts (i32.const 230)))
                      (drop (call $config (local.get $sensor) (i32.const 0) (i32.const 0) (i32.const 0))))))"#;
    let init = "(if (i32.ne (call $sensor (i32.const 200) (i32.const 1)) (i32.const -1)) (then unreachable))
        (drop (call $config (call $sensor (i32.const 200) (i32.const 0)) (i32.const 5) (i32.const 0) (i32.const 0)))";
    device.up(&manifest("a"), &module_with_init("a", init, more));
    device.wait_told("a prints two");
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(device.info("a").unwrap().statistics.events, 4);
}

#[test]
fn a_connection_carries_bytes_both_ways_and_tells_its_end() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let device = Device::new();
    let args: Vec<u8> = [
        &b"\x00\x00\x2d\x00\x00\x00\x01\x00\x00\x02\x00\x08\x00address\x00\x0d\x0a\x00127.0.0.1\x00\x05\x00port\x00\x05"[..],
        &port.to_le_bytes(),
    ]
    .concat();
    let mut args = args;
    let len = args.len() as u32 - 2;
    args[2..6].copy_from_slice(&len.to_le_bytes());
    let text: String = args.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let module = format!(
        r#"(module
        (import "env" "wasm_open_connection" (func $open (param i32 i32 i32) (result i32)))
        (import "env" "wasm_send_on_connection" (func $send (param i32 i32 i32) (result i32)))
        (import "env" "puts" (func $puts (param i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 64) "TCP\00") (data (i32.const 80) "closed\00")
        (data (i32.const 128) "{text}")
        (func (export "malloc") (param i32) (result i32) (i32.const 1024))
        (func (export "free") (param i32))
        (func (export "on_init") (local $c i32)
            (local.set $c (call $open (i32.const 64) (i32.const 128) (i32.const {})))
            (if (i32.eq (local.get $c) (i32.const -1)) (then unreachable))
            (if (i32.ne (call $open (i32.const 64) (i32.const 128) (i32.const {0})) (i32.const -1)) (then unreachable))
            (if (i32.ne (call $send (i32.const 9) (i32.const 64) (i32.const 3)) (i32.const -1)) (then unreachable))
            (if (i32.ne (call $send (local.get $c) (i32.const 64) (i32.const 3)) (i32.const 3)) (then unreachable)))
        (func (export "on_connection_data") (param $c i32) (param $at i32) (param $len i32)
            (if (i32.eqz (local.get $len)) (then (drop (call $puts (i32.const 80))) return))
            (drop (call $send (local.get $c) (local.get $at) (local.get $len)))))"#,
        args.len()
    );
    device.put(&manifest("a"), &module).unwrap();
    device.start("a").unwrap();
    let (mut stream, _) = server.accept().unwrap();
    let mut bytes = [0; 3];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"TCP");
    stream.write_all(b"abc").unwrap();
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"abc");
    drop(stream);
    device.wait_told("a prints closed");
    // Another run: the end of the application closes the connection.
    device.restart("a").unwrap();
    let (mut stream, _) = server.accept().unwrap();
    stream.read_exact(&mut bytes).unwrap();
    device.stop("a").unwrap();
    assert_eq!(stream.read(&mut bytes).unwrap(), 0);
}
