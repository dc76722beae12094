//! Criterion: ten thousand instances in each mode, with traps among them and with instances that
//! cannot be made, leave the heap as it was before the first: the same number of bytes and of
//! blocks.

use crate::modules;

use crate::failing::{watch, Fail};
use zonda::{
    Engine, Error, Instance, LinkErrorKind, Linker, Mode, Module, Store, StoreConfig, TrapCode,
};

const GOOD: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (import "env" "inc" (func $inc (type $unary)))
    (memory (export "memory") 1 3)
    (table (export "table") 8 32 funcref)
    (global $g (mut i64) (i64.const 3))
    (elem (i32.const 2) func $inc $run)
    (data (i32.const 100) "\05")
    (func $start
        (drop (memory.grow (i32.const 1)))
        (drop (table.grow (ref.func $run) (i32.const 9)))
        (global.set $g (i64.const 4)))
    (start $start)
    (func $run (export "run") (type $unary)
        (i32.add
            (call_indirect (type $unary) (local.get 0) (i32.const 2))
            (i32.add (i32.load8_u (i32.const 100)) (i32.wrap_i64 (global.get $g)))))
    (func (export "deep") (type $unary) (drop (call $run (local.get 0))) (i32.div_u (i32.const 1) (i32.sub (local.get 0) (local.get 0)))))"#;

/// What cannot be instantiated, and why not.
const REFUSED: [(&str, Option<TrapCode>); 5] = [
    (r#"(module (memory 1) (func unreachable) (start 0))"#, Some(TrapCode::Unreachable)),
    (
        r#"(module (memory 1) (data (i32.const 0) "x") (data (i32.const 65536) "x"))"#,
        Some(TrapCode::MemoryOutOfBounds),
    ),
    (
        r#"(module (table 1 funcref) (func) (elem (i32.const 1) 0))"#,
        Some(TrapCode::TableOutOfBounds),
    ),
    (r#"(module (memory 1) (func (loop (br 0))) (start 0))"#, Some(TrapCode::OutOfFuel)),
    (
        r#"(module (import "env" "inc" (func (param i32) (result i32))) (import "env" "inc" (func)) (memory 1))"#,
        None,
    ),
];

#[derive(Default)]
struct Counts {
    made: u32,
    trapped: u32,
    refused: u32,
}

fn linker<T: 'static>() -> Linker<T> {
    let mut linker = Linker::new();
    linker.func_wrap("env", "inc", |x: i32| x + 1).unwrap();
    linker
}

fn use_it<T>(store: &mut Store<'_, T>, instance: Instance, number: u32, counts: &mut Counts) {
    let run = instance.get_typed_func::<i32, i32>(&*store, "run").unwrap();
    assert_eq!(run.call(&mut *store, number as i32), Ok(number as i32 + 10));
    if number.is_multiple_of(3) {
        let deep = instance.get_typed_func::<i32, i32>(&*store, "deep").unwrap();
        assert!(
            matches!(deep.call(&mut *store, 5), Err(Error::Trap(trap)) if trap.code == TrapCode::IntegerDivideByZero)
        );
        counts.trapped += 1;
    }
    counts.made += 1;
}

fn refuse<'a, T: 'static>(
    store: &mut Store<'a, T>,
    linker: &Linker<T>,
    refused: &[(Module<'a>, Option<TrapCode>)],
    number: u32,
    counts: &mut Counts,
) {
    let (module, expected) = &refused[number as usize % refused.len()];
    store.set_fuel(100);
    match (linker.instantiate(&mut *store, module), expected) {
        (Err(Error::Trap(trap)), Some(code)) if trap.code == *code => {}
        (Err(Error::Link(error)), None)
            if (error.kind, error.import) == (LinkErrorKind::Incompatible, 1) => {}
        (result, _) => panic!("{result:?}"),
    }
    store.set_fuel(u64::MAX);
    counts.refused += 1;
}

fn modules(engine: &Engine) -> (Module<'static>, Vec<(Module<'static>, Option<TrapCode>)>) {
    let load = |text: &str| Module::from_vec(engine, wat::parse_str(text).unwrap()).unwrap();
    (load(GOOD), REFUSED.iter().map(|(text, code)| (load(text), *code)).collect())
}

/// Each in a store of its own, of which some live at once and end in another order than they began
/// in.
#[test]
fn ten_thousand_stores() {
    for mode in Mode::ALL {
        let engine = Engine::new(*mode);
        let (good, refused) = modules(&engine);
        let linker = linker();
        let mut counts = Counts::default();
        let mut ring: [Option<Store<()>>; 5] = [const { None }; 5];
        let ((), watched) = watch(Fail::Never, || {
            for number in 0.. {
                if counts.made >= 10_000 {
                    break;
                }
                let config =
                    StoreConfig { stack_bytes: 1024 + 4 * (number % 64), ..StoreConfig::default() };
                let mut store = Store::with_config(&engine, (), config).unwrap();
                if number % 4 == 1 {
                    refuse(&mut store, &linker, &refused, number / 4, &mut counts);
                }
                if number % 8 != 5 {
                    let instance = linker.instantiate(&mut store, &good).unwrap();
                    if number % 7 == 0 {
                        instance
                            .set_mode(
                                &mut store,
                                if *mode == Mode::Fast { Mode::Classic } else { Mode::Fast },
                            )
                            .unwrap();
                    }
                    use_it(&mut store, instance, number, &mut counts);
                }
                ring[(number as usize * 3) % 5 * (number as usize % 2)] = Some(store);
            }
            ring = [const { None }; 5];
        });
        assert_eq!((watched.leaked, watched.leaked_blocks), (0, 0), "{mode:?}");
        assert!(
            watched.allocations > 100_000
                && counts.made >= 10_000
                && counts.trapped > 3_000
                && counts.refused > 2_000
        );
        println!(
            "injected: {} instances in {} mode, {} of them with a trap, and {} that were not made",
            counts.made,
            mode.name(),
            counts.trapped,
            counts.refused
        );
    }
}

/// All in one store, which frees them all.
#[test]
fn ten_thousand_instances_in_one_store() {
    for mode in Mode::ALL {
        let engine = Engine::new(*mode);
        let (good, refused) = modules(&engine);
        let linker = linker();
        let mut counts = Counts::default();
        let ((), watched) = watch(Fail::Never, || {
            // Little memory for each.
            let config = StoreConfig { memory_limit: 128, ..StoreConfig::default() };
            let mut store = Store::with_config(&engine, (), config).unwrap();
            for number in 0..10_000 {
                if number % 16 == 1 {
                    // What was made for an instance that failed stays until the store goes, as that
                    // of one that was made.
                    let before = counts.refused;
                    let kind = number / 16 * 2;
                    if kind as usize % refused.len() != 1 {
                        refuse(&mut store, &linker, &refused, kind, &mut counts);
                        assert_eq!(counts.refused, before + 1);
                    }
                }
                let instance = linker.instantiate(&mut store, &good).unwrap();
                use_it(&mut store, instance, number, &mut counts);
            }
        });
        assert_eq!((watched.leaked, watched.leaked_blocks), (0, 0), "{mode:?}");
        assert!(watched.allocations > 100_000 && counts.refused > 400);
        println!("injected: {} instances of one store in {} mode, {} of them with a trap, and {} that were not made", counts.made, mode.name(), counts.trapped, counts.refused);
    }
}

/// The module as well, each time.
#[test]
fn a_thousand_loads_of_real_modules() {
    let mut loads = 0;
    for mode in Mode::ALL {
        let engine = Engine::new(*mode);
        for real in modules::MODULES.iter().filter(|real| real.bytes.len() < 2_000) {
            let ((), watched) = watch(Fail::Never, || {
                for _ in 0..60 {
                    let module = Module::new(&engine, real.bytes).unwrap();
                    let mut linker = linker();
                    linker.func_wrap("env", "nop", || {}).unwrap();
                    linker.func_wrap("env", "print", |_: i32, _: i32| {}).unwrap();
                    let mut store = Store::new(&engine, ()).unwrap();
                    let instance = linker.instantiate(&mut store, &module).unwrap();
                    store.set_fuel(50);
                    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
                    let result = run.call(&mut store, real.argument);
                    assert!(
                        result == Ok(real.result)
                            || matches!(result, Err(Error::Trap(trap)) if trap.code == TrapCode::OutOfFuel)
                    );
                    loads += 1;
                }
            });
            assert_eq!((watched.leaked, watched.leaked_blocks), (0, 0), "{} {mode:?}", real.name);
        }
    }
    assert!(loads > 1_000);
}
