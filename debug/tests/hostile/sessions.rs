//! Programs under the stub while hostile packets come: they compute what they compute without a
//! debugger, unless it has changed their memory or ended them.

use crate::packets::Numbers;
use crate::player::{Counts, Line, Player};
use std::path::Path;
use std::sync::{Arc, Mutex};
use zonda::{Caller, Engine, Error, Instance, Linker, Mode, Module, Store, Trap, TrapCode};
use zonda_debug::{Names, Stub, PACKET};

/// Calls around a host function, values of all types, every form of access.
const MODULE: &str = r#"(module
    (import "env" "again" (func $again (param i32) (result i32)))
    (memory 1) (memory 1)
    (global $g (mut i64) (i64.const 3))
    (func (export "inner") (param $n i32) (result i32) (local $i i32) (local i64 f32 f64 i64)
        (loop $l
            (i64.store offset=1024 (local.get $i) (i64.extend_i32_u (local.get $i)))
            (local.set 2 (i64.load32_u offset=1028 (local.get $i)))
            (f64.store offset=1040 (local.get $i) (f64.const 1.5))
            (i32.store8 1 offset=8 (i32.const 0) (local.get $i))
            (global.set $g (i64.add (global.get $g) (local.get 2)))
            (memory.copy (i32.const 1056) (i32.const 1024) (i32.const 16))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (local.get $n))))
        (i32.load offset=1056 (i32.const 0)))
    (func $middle (param i64 i32) (result i32)
        (i64.const 6)
        (call $again (local.get 1))
        (i32.add (i32.const 1))
        (return))
    (func (export "run") (param i32) (result i32)
        (i32.add (call $middle (i64.const -1) (local.get 0)) (local.get 0)))
    (func (export "trap") (param i32) (result i32)
        (drop (call $middle (i64.const 1) (i32.const 1)))
        (i32.div_u (i32.const 1) (i32.sub (local.get 0) (i32.const 2)))))"#;

struct NoNames;

impl Names for NoNames {
    fn name(&self, _: u32) -> Option<&[u8]> {
        None
    }
}

fn linker() -> Linker<()> {
    let mut linker = Linker::new();
    let again = |mut caller: Caller<'_, '_, ()>, n: i32| -> Result<i32, Trap> {
        let inner = caller.get_export("inner").and_then(|item| item.into_func()).unwrap();
        let inner = inner.typed::<(i32,), i32>(&caller).unwrap();
        inner.call(&mut caller, (n,)).map_err(|error| match error {
            Error::Trap(trap) => trap,
            _ => Trap::from(TrapCode::Host),
        })
    };
    linker.func_wrap("env", "again", again).unwrap();
    linker
}

type Results = Vec<Result<i32, Option<TrapCode>>>;

/// The calls of a session.
fn calls(
    store: &mut Store<'_, ()>,
    instances: &[Instance],
    mut before: impl FnMut(),
    mut behind: impl FnMut(),
) -> Results {
    let each = [("run", 3), ("trap", 2), ("run", 5), ("trap", 4)];
    let call = |(number, (name, n)): (usize, (&str, i32))| {
        let instance = instances[number % instances.len()];
        let func = instance.get_typed_func::<i32, i32>(&*store, name).unwrap();
        // A program whose memory was changed may not end by itself.
        store.set_fuel(10_000);
        before();
        let result = func.call(&mut *store, n);
        behind();
        result.map_err(|error| match error {
            Error::Trap(trap) => Some(trap.code),
            _ => None,
        })
    };
    each.into_iter().enumerate().map(call).collect()
}

/// The addresses of every byte of the code section, in both instances.
fn places(bytes: &[u8]) -> Vec<u64> {
    let (mut at, mut places) = (8, Vec::new());
    while at < bytes.len() {
        let (id, mut size, mut shift) = (bytes[at], 0, 0);
        at += 1;
        loop {
            size |= usize::from(bytes[at] & 0x7f) << shift;
            (at, shift) = (at + 1, shift + 7);
            if bytes[at - 1] < 0x80 {
                break;
            }
        }
        if id == 10 {
            let both = [0x4000_0001_0000_0000, 0x4000_0002_0000_0000];
            places.extend((at..at + size).flat_map(|at| both.map(|base| base + at as u64)));
        }
        at += size;
    }
    places
}

fn session(seed: u64, number: u64, bytes: &[u8]) -> Counts {
    let mode = if number.is_multiple_of(2) { Mode::Classic } else { Mode::Fast };
    let engine = Engine::new(mode);
    let module = Module::from_vec(&engine, bytes).unwrap();
    let linker = linker();
    let make = |store: &mut Store<'_, ()>| {
        [(); 2].map(|()| linker.instantiate(&mut *store, &module).unwrap())
    };
    let alone = {
        let mut store = Store::new(&engine, ()).unwrap();
        let instances = make(&mut store);
        calls(&mut store, &instances, || {}, || {})
    };
    let mut numbers = Numbers::new(seed ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    numbers.below(2);
    // Some of all places: breakpoints there are hit.
    let all = places(bytes);
    let some = (0..12).map(|_| all[numbers.below(all.len())]).collect();
    let wild = number % 5 == 4;
    let line = Line(Arc::new(Mutex::new(Player::new(numbers, some, wild))));
    let packet = Box::into_raw(Box::new([0; PACKET]));
    // SAFETY: the buffer lives longer than the stub.
    let stub = Stub::new(line.clone(), NoNames, unsafe { &mut *packet });
    let debugger = Box::into_raw(Box::new(stub));
    let debugged = {
        let mut store = Store::new(&engine, ()).unwrap();
        // SAFETY: the stub lives longer than the store.
        store.set_debugger(unsafe { &mut *debugger });
        line.player().stop = Some(store.stop_handle());
        let instances = make(&mut store);
        calls(&mut store, &instances, || line.player().attach(), || line.player().ended())
    };
    // SAFETY: the store, which borrowed the stub, is gone, and then the stub.
    unsafe {
        drop(Box::from_raw(debugger));
        drop(Box::from_raw(packet));
    }
    let player = line.player();
    if let Some(error) = &player.error {
        panic!("seed {seed}, session {number}: {error}");
    }
    for (with, without) in debugged.iter().zip(&alone) {
        let is_killed = player.has_killed && *with == Err(Some(TrapCode::Terminated));
        assert!(
            with == without || player.has_written || is_killed || wild,
            "seed {seed}, session {number}: {with:?} in place of {without:?}"
        );
    }
    player.counts
}

pub fn run(seed: u64, count: u64) {
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/debug/story-O0.wasm");
    let modules = [std::fs::read(story).unwrap(), wat::parse_str(MODULE).unwrap()];
    let mut all = Counts::default();
    for number in 0..count {
        let counts = session(seed, number, &modules[(number / 2 % 2) as usize]);
        all.packets += counts.packets;
        all.breakpoints += counts.breakpoints;
        all.watchpoints += counts.watchpoints;
        all.steps += counts.steps;
        all.interrupts += counts.interrupts;
        all.traps += counts.traps;
        all.set += counts.set;
        all.written += counts.written;
        all.errors += counts.errors;
        all.takeovers += counts.takeovers;
        all.attached += counts.attached;
    }
    println!(
        "{count} sessions, {} packets of {} debuggers, {} breakpoints and watchpoints set, {} errors",
        all.packets, all.attached, all.set, all.errors
    );
    // The packets are not blind: each kind of stop occurs.
    let seen = [
        ("stops at breakpoints", all.breakpoints),
        ("stops at watchpoints", all.watchpoints),
        ("stops behind steps", all.steps),
        ("stops by interrupts", all.interrupts),
        ("stops at traps", all.traps),
        ("changes of memory", all.written),
        ("takeovers", all.takeovers),
    ];
    for (what, times) in seen {
        println!("{times} {what}");
        assert!(times > count / 20, "{what}: {times} in {count} sessions");
    }
}
