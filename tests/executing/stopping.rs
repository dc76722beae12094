//! Criterion: whatever way code finds to run for ever, fuel and termination end it, in every mode.

use zonda::{Engine, Error, Instance, Linker, Mode, Module, Store, TrapCode};

/// Functions that never return and need no stack for it.
const ENDLESS: &str = r#"(module
    (type $f (func))
    (import "other" "forever" (func $other (type $f)))
    (import "other" "table" (table 4 funcref))
    (func (export "loop") (loop (br 0)))
    (func (export "br_if") (loop (br_if 0 (i32.const 1))))
    (func (export "br_table") (loop (br_table 0 0 (i32.const 1))))
    (func $self (export "return_call") (return_call $self))
    (func $indirect (export "return_call_indirect") (return_call_indirect (type $f) (i32.const 0)))
    (func $there (export "return_call of an import") (return_call $other))
    (elem (i32.const 0) func $indirect $there))"#;

/// What it imports: a table, and a function that goes back through it.
const OTHER: &str = r#"(module
    (table (export "table") 4 funcref)
    (func (export "forever") (return_call_indirect (i32.const 1))))"#;

const NAMES: [&str; 6] = [
    "loop",
    "br_if",
    "br_table",
    "return_call",
    "return_call_indirect",
    "return_call of an import",
];

fn instantiate<'a>(
    engine: &Engine,
    store: &mut Store<'a, ()>,
    bytes: &'a [Vec<u8>; 2],
) -> Instance {
    let mut linker = Linker::new();
    let other = linker.instantiate(&mut *store, &Module::new(engine, &bytes[0]).unwrap()).unwrap();
    linker.instance(&*store, "other", other).unwrap();
    linker.instantiate(store, &Module::new(engine, &bytes[1]).unwrap()).unwrap()
}

fn code(result: Result<(), Error>) -> Option<TrapCode> {
    match result {
        Err(Error::Trap(trap)) => Some(trap.code),
        _ => None,
    }
}

#[test]
fn what_would_run_for_ever_is_stopped() {
    let bytes = [OTHER, ENDLESS].map(|text| wat::parse_str(text).unwrap());
    for mode in Mode::ALL {
        let engine = Engine::new(*mode);
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = instantiate(&engine, &mut store, &bytes);
        for name in NAMES {
            let func = instance.get_typed_func::<(), ()>(&store, name).unwrap();
            store.set_fuel(if cfg!(miri) { 100 } else { 10_000 });
            assert_eq!(
                code(func.call(&mut store, ())),
                Some(TrapCode::OutOfFuel),
                "{name}, {mode:?}"
            );
            store.set_fuel(u64::MAX);
            let handle = store.interrupt_handle();
            let stopped = std::thread::scope(|scope| {
                scope.spawn(move || {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    handle.terminate();
                });
                func.call(&mut store, ())
            });
            assert_eq!(code(stopped), Some(TrapCode::Terminated), "{name}, {mode:?}");
        }
    }
}

#[test]
fn every_call_costs_one_unit() {
    let text = r#"(module
        (type $f (func (param i32) (result i32)))
        (table funcref (elem $direct $indirect $tail $tail_indirect))
        (func $direct (export "direct") (type $f)
            (if (result i32) (local.get 0) (then (call $direct (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 5))))
        (func $indirect (export "indirect") (type $f)
            (if (result i32) (local.get 0)
                (then (call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))) (else (i32.const 5))))
        (func $tail (export "tail") (type $f)
            (if (result i32) (local.get 0) (then (return_call $tail (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 5))))
        (func $tail_indirect (export "tail_indirect") (type $f)
            (if (result i32) (local.get 0)
                (then (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 3))) (else (i32.const 5)))))"#;
    let bytes = wat::parse_str(text).unwrap();
    for mode in Mode::ALL {
        let engine = Engine::new(*mode);
        let module = Module::new(&engine, &bytes).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        for name in ["direct", "indirect", "tail", "tail_indirect"] {
            let func = instance.get_typed_func::<i32, i32>(&store, name).unwrap();
            store.set_fuel(100);
            assert_eq!(func.call(&mut store, 40), Ok(5), "{name}, {mode:?}");
            assert_eq!(store.fuel(), 60, "{name}, {mode:?}");
        }
    }
}
