//! Applications are installed, started, asked, stopped and removed again and again: afterwards the
//! heap has as many bytes as before, and the flash as much room. `ZONDA_CYCLES` sets how often.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use common::*;
use zonda_manager::{InstallOptions, State};

/// Counts the bytes that are allocated.
struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: everything is done by the system's allocator, with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: `at` comes from `alloc` with this layout.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn nothing_is_left_after_many_cycles() {
    let cycles = std::env::var("ZONDA_CYCLES").map_or(200, |text| text.parse().unwrap());
    let device = Device::with(|options| options.events = Box::new(|_, _| {}));
    let init = "(drop (call $timer (i32.const 1) (i32.const 1) (i32.const 1)))
        (call $subscribe (i32.const 200))
        (drop (call $config (call $sensor (i32.const 210) (i32.const 0)) (i32.const 1) (i32.const 0) (i32.const 0)))";
    let more = format!(
        r#"{ANSWERS} (data (i32.const 200) "event\00") (data (i32.const 210) "counter\00")
        (func (export "on_timer_callback") (param i32)) (func (export "on_sensor_event") (param i32 i32 i32))
        (func (export "on_destroy") (if (i32.load8_u (i32.const 600)) (then unreachable)))"#
    );
    let mut manifest = manifest("a");
    manifest.limits.memory = 4_096;
    let bytes = package(&manifest, &module_with_init("a", init, &more));
    // Fails in its last cycle's requests: what it held is freed as well.
    let broken = r#"(func (export "on_request") (param i32 i32) unreachable)"#;
    let failing = package(&common::manifest("b"), &module("b", broken));
    let cycle = || {
        for (name, bytes) in [("a", &bytes), ("b", &failing)] {
            device.install(bytes, InstallOptions::default()).unwrap();
            device.start(name).unwrap();
        }
        device.wait_for("a", |info| info.state == State::Running);
        device.wait_for("b", |info| info.state == State::Running);
        device.publish("event", 0, &[1, 2, 3]);
        assert_eq!(device.get("/a"), 69);
        assert_eq!(device.get("/b"), 163);
        device.stop("a").unwrap();
        for name in ["a", "b"] {
            device.uninstall(name).unwrap();
        }
    };
    // What the standard library keeps for good is allocated first.
    (0..3).for_each(|_| cycle());
    let (before, free) = (BYTES.load(Ordering::Relaxed), device.usage().unwrap().free);
    (0..cycles).for_each(|_| cycle());
    assert_eq!(BYTES.load(Ordering::Relaxed) - before, 0);
    assert_eq!(device.usage().unwrap().free, free);
    let mut count = 0;
    device.list(|_| count += 1);
    assert_eq!(count, 0);

    // Eight at once: what each takes of the heap besides its linear memory, its operand stack, and
    // its package, which a device reads in flash. A host's pointers are twice as long as a
    // device's.
    let names: Vec<String> = (0..8).map(|number| format!("app{number}")).collect();
    let mut known = 0;
    let before = BYTES.load(Ordering::Relaxed);
    for name in &names {
        let mut manifest = common::manifest(name);
        (manifest.limits.memory, manifest.limits.stack) = (4_096, 2_048);
        let package = package(&manifest, &module(name, ANSWERS));
        // With the record of a trap, 512 bytes on a device.
        known += 4_096 + 2_048 + 4_096 + package.len();
        device.install(&package, InstallOptions::default()).unwrap();
        device.start(name).unwrap();
        device.wait_for(name, |info| info.state == State::Running);
        assert_eq!(device.get(&format!("/{name}")), 69);
    }
    let each = (BYTES.load(Ordering::Relaxed) - before - known as isize) / names.len() as isize;
    assert!((0..6 * 1024).contains(&each), "{each}");
    for name in &names {
        device.uninstall(name).unwrap();
    }
    assert_eq!(BYTES.load(Ordering::Relaxed) - before, 0);
    // Last, because what is printed may be kept.
    println!("{each} bytes of heap for each application besides memory, operand stack and package");
}
