//! Each limit of an application, from below and from above.

use crate::common::*;
use zonda_manager::{Failure, State};
use zonda_manifest::{Entry, Limits, ManifestData};

fn limited(name: &str, change: impl FnOnce(&mut Limits)) -> ManifestData {
    let mut manifest = manifest(name);
    change(&mut manifest.limits);
    manifest
}

#[test]
fn an_application_that_loops_does_not_hold_others_up() {
    let device = Device::new();
    device.up(&manifest("good"), &module("good", ANSWERS));
    let endless = r#"(func (export "on_request") (param i32 i32) (loop br 0))"#;
    let manifest = limited("endless", |limits| {
        limits.fuel = 0;
        limits.event_ms = 300;
    });
    device.up(&manifest, &module("endless", endless));
    let begin = std::time::Instant::now();
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| device.get("/endless"));
        // The event that ends it is counted in its time only.
        while device.info("endless").unwrap().state == State::Running {
            device.publish("nothing", 0, &[]);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(answer.join().unwrap(), 163);
    });
    assert!(begin.elapsed() >= std::time::Duration::from_millis(300));
    let time = Failure::Time { entry: Entry::Request, limit_ms: 300 };
    assert_eq!(device.failure("endless"), time);
    assert_eq!(device.get("/good"), 69);
}

#[test]
fn fuel_bounds_an_event() {
    let device = Device::new();
    // A turn of a loop is one unit: 100 turns.
    let turns = r#"(func (export "on_request") (param $packet i32) (param i32) (local i32)
        (loop (br_if 0 (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 100))))
        (call $answer (i32.const 69) (local.get $packet)))"#;
    device.up(&limited("enough", |limits| limits.fuel = 110), &module("enough", turns));
    assert_eq!(device.get("/enough"), 69);
    // Each event has its own.
    assert_eq!(device.get("/enough"), 69);
    let most = device.info("enough").unwrap().statistics.most_fuel;
    assert!((100..=110).contains(&most), "{most}");
    device.up(&limited("short", |limits| limits.fuel = 90), &module("short", turns));
    assert_eq!(device.get("/short"), 163);
    let failure = device.failure("short").to_string();
    assert!(failure.starts_with("request: ") && failure.contains("fuel"), "{failure}");
}

#[test]
fn memory_and_heap_are_bounded() {
    let device = Device::new();
    let touch = |at: u32| {
        let text = format!("(i32.store (i32.const {at}) (i32.const 1))");
        module_with_init("a", &text, "")
    };
    device.up(&limited("a", |limits| limits.memory = 2_048), &touch(2_044));
    device.uninstall("a").unwrap();
    device.put(&limited("a", |limits| limits.memory = 2_048), &touch(2_045)).unwrap();
    device.start("a").unwrap();
    let failure = device.failure("a").to_string();
    assert!(failure.starts_with("init: out of bounds memory access"), "{failure}");
    // The linear memory does not fit into the heap.
    let manifest = limited("b", |limits| limits.heap = 60_000);
    device.put(&manifest, &module("b", "")).unwrap();
    device.start("b").unwrap();
    let failure = device.failure("b").to_string();
    assert!(failure.contains("linear memory 0 wants"), "{failure}");
    // Not even the operand stack does.
    let manifest = limited("c", |limits| limits.heap = 4_000);
    device.put(&manifest, &module("c", "")).unwrap();
    device.start("c").unwrap();
    assert!(matches!(device.failure("c"), Failure::Heap { limit: 4_000, .. }));
    // Endless recursion ends with its operand stack.
    let recursive = r#"(func $f (call $f)) (func (export "on_request") (param i32 i32) (call $f))"#;
    device.up(&limited("d", |limits| limits.fuel = 0), &module("d", recursive));
    assert_eq!(device.get("/d"), 163);
    let failure = device.failure("d").to_string();
    assert!(failure.contains("call stack exhausted"), "{failure}");
}

#[test]
fn the_queue_is_bounded() {
    let device = Device::new();
    // In its first event it waits until it is told to stop, so that everything that comes waits.
    let busy = r#"(data (i32.const 200) "e\00") (global $seen (mut i32) (i32.const 0))
        (func (export "on_timer_callback") (param i32) (loop br 0))"#;
    let init = "(call $subscribe (i32.const 200))
        (drop (call $timer (i32.const 1) (i32.const 0) (i32.const 1)))";
    let manifest = limited("a", |limits| {
        limits.queue = 3;
        limits.fuel = 0;
        limits.event_ms = 1_500;
    });
    device.up(&manifest, &module_with_init("a", init, busy));
    std::thread::sleep(std::time::Duration::from_millis(100));
    for _ in 0..10 {
        device.publish("e", 0, &[0; 100]);
    }
    let info = device.info("a").unwrap();
    assert_eq!((info.queued, info.statistics.dropped), (3, 7));
    // A request that finds no room is answered.
    assert_eq!(device.get("/a"), 163);
    // Bytes are counted too: the timer's event ends, and everything is gone.
    device.failure("a");
    assert_eq!(device.info("a").unwrap().queued, 0);
}

#[test]
fn timers_subscriptions_and_sensors_are_bounded() {
    let device = Device::with(|options| options.sensors = vec!["s1".into(), "s2".into()]);
    let create = "(call $timer (i32.const 1000) (i32.const 0) (i32.const 0))";
    let is = |expected: &str, call: &str| {
        format!("(if (i32.ne {call} (i32.const {expected})) (then unreachable))")
    };
    let init = [
        is("1", create),
        is("2", create),
        is("-1", create),
        "(call $destroy (i32.const 1))".into(),
        is("3", create),
        is("1", "(call $sensor (i32.const 200) (i32.const 0))"),
        is("-1", "(call $sensor (i32.const 210) (i32.const 0))"),
        is("1", "(call $close (i32.const 1))"),
        is("0", "(call $close (i32.const 1))"),
        is("2", "(call $sensor (i32.const 210) (i32.const 0))"),
        "(call $register (i32.const 220)) (call $subscribe (i32.const 220))".into(),
        "(call $subscribe (i32.const 230))".into(),
    ]
    .concat();
    let data = r#"(data (i32.const 200) "s1\00") (data (i32.const 210) "s2\00")
        (data (i32.const 220) "/two\00") (data (i32.const 230) "/three\00")"#;
    let manifest = limited("a", |limits| {
        limits.timers = 2;
        limits.sensors = 1;
        limits.subscriptions = 3;
    });
    device.up(&manifest, &module_with_init("a", &init, data));
    assert_eq!(device.info("a").unwrap().subscriptions, 3);
    device.wait_told("a prints (not registered:");
}

#[test]
fn hostile_pointers_trap() {
    let device = Device::new();
    for (name, call) in [
        ("a", "(call $post (i32.const 65530) (i32.const 100))"),
        ("b", "(call $post (i32.const -1) (i32.const 1))"),
        ("c", "(drop (call $respond (i32.const 65536) (i32.const 1)))"),
        ("d", "(call $register (i32.const 70000))"),
        ("e", "(drop (call $sensor (i32.const -4) (i32.const 0)))"),
    ] {
        device.put(&manifest(name), &module_with_init(name, call, "")).unwrap();
        device.start(name).unwrap();
        let failure = device.failure(name).to_string();
        assert!(failure.contains("out of bounds memory access"), "{failure}");
    }
}
