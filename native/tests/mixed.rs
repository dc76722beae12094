//! Modules of which a part is native code and the rest register bytecode: calls in both directions,
//! and what they share.

use std::collections::BTreeSet;
use zonda::{Engine, Error, Instance, Linker, Mode, Module, Store, TrapCode};
use zonda_native::{compile, Executable, Options, Target};

/// Functions 1 to 6. Each of the first two calls the other.
const MODULE: &str = r#"(module
    (import "env" "twice" (func $twice (param i32) (result i32)))
    (memory 1 3)
    (global $count (mut i32) (i32.const 0))
    (table 6 funcref)
    (elem (i32.const 0) func $ping $pong $grow $read $wide $indirect)
    (type $one (func (param i32) (result i32)))
    (func $ping (export "ping") (param i32) (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $pong (i32.sub (local.get 0) (i32.const 1)))))
            (else (call $twice (global.get $count)))))
    (func $pong (param i32) (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $ping (i32.sub (local.get 0) (i32.const 1)))))
            (else (call $twice (global.get $count)))))
    (func $grow (param i32) (result i32)
        (drop (memory.grow (i32.const 1)))
        (i32.store (local.get 0) (i32.const 77))
        (local.get 0))
    (func $read (export "read") (param i32) (result i32)
        (i32.load (call $grow (local.get 0))))
    (func $wide (export "wide") (param i32 i64 f64) (result f64 i64 i32)
        (f64.add (local.get 2) (f64.const 0.5)) (i64.add (local.get 1) (i64.const 1)) (local.get 0))
    (func $indirect (export "indirect") (param i32) (result i32)
        (call_indirect (type $one) (i32.const 4) (local.get 0)))
    (func (export "around") (param i32 i64 f64) (result f64 i64 i32)
        (call $wide (local.get 0) (local.get 1) (local.get 2))))"#;

fn instance(only: impl IntoIterator<Item = u32>) -> (Store<'static, ()>, Instance) {
    let module = wat::parse_str(MODULE).unwrap();
    let only: BTreeSet<u32> = only.into_iter().collect();
    let options = Options { only: Some(only), ..Options::new(Target::host().unwrap()) };
    let code = Executable::new(&compile(&module, &options).unwrap()).unwrap().leak();
    let engine = Engine::new(Mode::Fast);
    // SAFETY: the compiler has just made the code.
    let module = unsafe { Module::new_trusted(&engine, code) }.unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "twice", |n: i32| n * 2).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

/// Every choice of functions.
fn parts() -> impl Iterator<Item = Vec<u32>> {
    (0..128u32).map(|bits| (1..=7).filter(|func| bits >> (func - 1) & 1 != 0).collect())
}

#[test]
fn every_part_of_a_module_calls_every_other() {
    for part in parts() {
        let (mut store, instance) = instance(part.clone());
        let ping = instance.get_typed_func::<i32, i32>(&store, "ping").unwrap();
        let mut count = 0;
        for n in [0, 1, 2, 5, 5, 6] {
            count += n + 1;
            assert_eq!(ping.call(&mut store, n).unwrap(), n + 2 * count, "{part:?}");
        }
        // The memory grows in the callee, and the caller reads what is there.
        let read = instance.get_typed_func::<i32, i32>(&store, "read").unwrap();
        assert_eq!(read.call(&mut store, 0x1_0000).unwrap(), 77, "{part:?}");
        let around =
            instance.get_typed_func::<(i32, i64, f64), (f64, i64, i32)>(&store, "around").unwrap();
        assert_eq!(around.call(&mut store, (-3, 1 << 40, 2.0)).unwrap(), (2.5, (1 << 40) + 1, -3));
        let indirect = instance.get_typed_func::<i32, i32>(&store, "indirect").unwrap();
        assert!(indirect.call(&mut store, 0).unwrap() >= 8, "{part:?}");
    }
}

#[test]
fn a_trap_names_its_function_in_either_part() {
    for part in parts() {
        let (mut store, instance) = instance(part.clone());
        let mut trap = |name: &str, argument: i32| {
            let func = instance.get_typed_func::<i32, i32>(&store, name).unwrap();
            match func.call(&mut store, argument) {
                Err(Error::Trap(trap)) => (trap.code, trap.func, trap.offset),
                other => panic!("{other:?}"),
            }
        };
        let (code, func, offset) = trap("read", -1);
        assert_eq!((code, func), (TrapCode::MemoryOutOfBounds, 3), "{part:?}");
        assert!(offset > 0);
        let (code, func, _) = trap("indirect", 4);
        assert_eq!((code, func), (TrapCode::IndirectCallTypeMismatch, 6), "{part:?}");
        // Calls without end take operand stack or native stack.
        assert_eq!(trap("ping", i32::MAX).0, TrapCode::StackOverflow, "{part:?}");
    }
}
