//! Calls of native code by the host, which the second one in succession prepares: what the host
//! changes between two calls counts for the next one.

use zonda::{Caller, Engine, Instance, Linker, Mode, Module, Store, TrapCode, TypedFunc};
use zonda_native::{compile, Executable, Options, Target};

const MODULE: &str = r#"(module
    (import "env" "again" (func $again (param i32) (result i32)))
    (memory (export "memory") 1 8)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "four") (param i32 i32 i64) (result i32 i64 i32)
        (local.get 1) (local.get 2) (local.get 0))
    (func $depth (export "depth") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 0))
            (else (i32.add (i32.const 1) (call $depth (i32.sub (local.get 0) (i32.const 1)))))))
    (func (export "nest") (param i32) (result i32)
        (i32.store (i32.const 8) (local.get 0))
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 0))
            (else (i32.add
                (i32.load (i32.const 8))
                (call $again (i32.sub (local.get 0) (i32.const 1))))))))"#;

/// The data of the store: the function that the host function calls.
type Nested = Option<TypedFunc<i32, i32>>;

fn instance() -> (Store<'static, Nested>, Instance) {
    let module = wat::parse_str(MODULE).unwrap();
    let options = Options { keep_code: true, ..Options::new(Target::host().unwrap()) };
    let code = Executable::new(&compile(&module, &options).unwrap()).unwrap().leak();
    let engine = Engine::new(Mode::Fast);
    // SAFETY: the compiler has just made the code.
    let module = unsafe { Module::new_trusted(&engine, code) }.unwrap();
    let mut linker = Linker::new();
    linker
        .func_wrap("env", "again", |mut caller: Caller<'_, '_, Nested>, n: i32| {
            let nested = caller.data().unwrap();
            nested.call(&mut caller, n).map_err(|error| match error {
                zonda::Error::Trap(trap) => trap,
                error => panic!("{error}"),
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, None).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    (store, instance)
}

fn trap(error: zonda::Error) -> TrapCode {
    match error {
        zonda::Error::Trap(trap) => trap.code,
        error => panic!("{error}"),
    }
}

#[test]
fn a_memory_that_the_host_has_grown() {
    let (mut store, instance) = instance();
    let load = instance.get_typed_func::<i32, i32>(&store, "load").unwrap();
    let memory = instance.get_export(&store, "memory").unwrap().into_memory().unwrap();
    for round in 1..6 {
        let end = round * 0x1_0000;
        for turn in 0..5 {
            // In a loop, so that all calls of a round but the first have the same caller and place.
            if turn == 3 {
                memory.grow(&mut store, 1).unwrap();
                let place = end as usize;
                memory.data_mut(&mut store).unwrap()[place..place + 4].copy_from_slice(&[7; 4]);
            }
            let at = if turn < 3 { 0 } else { end };
            let expected = if turn < 3 { 0 } else { 0x0707_0707 };
            assert_eq!(load.call(&mut store, at).unwrap(), expected, "{round} {turn}");
        }
    }
}

#[test]
fn arguments_and_results_of_several_slots() {
    let (mut store, instance) = instance();
    let four = instance.get_typed_func::<(i32, i32, i64), (i32, i64, i32)>(&store, "four").unwrap();
    let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add").unwrap();
    for i in 0..20 {
        assert_eq!(four.call(&mut store, (i, 2, -3)).unwrap(), (2, -3, i));
        // Now and then another function, once or twice.
        for _ in 0..i % 3 {
            assert_eq!(add.call(&mut store, (i, 1)).unwrap(), i + 1);
        }
    }
}

#[test]
fn a_call_that_traps_says_where_and_the_next_one_works() {
    let (mut store, instance) = instance();
    let load = instance.get_typed_func::<i32, i32>(&store, "load").unwrap();
    let mut places = Vec::new();
    for turn in 0..8 {
        let at = if turn % 4 == 3 { -1 } else { 16 };
        match load.call(&mut store, at) {
            Ok(value) => assert_eq!((value, at), (0, 16)),
            Err(zonda::Error::Trap(trap)) => {
                assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
                places.push((trap.func, trap.offset));
            }
            Err(error) => panic!("{error}"),
        }
    }
    // Function 1, after the import.
    assert_eq!(places.len(), 2);
    assert!(places[0].0 == 1 && places[0].1 > 0 && places[0] == places[1], "{places:?}");
}

#[test]
fn a_host_function_calls_the_function_that_called_it() {
    let (mut store, instance) = instance();
    let nest = instance.get_typed_func::<i32, i32>(&store, "nest").unwrap();
    *store.data_mut() = Some(nest);
    for n in [3, 3, 3, 3, 5, 1, 0, 5, 5] {
        assert_eq!(nest.call(&mut store, n).unwrap(), n * (n + 1) / 2);
    }
}

#[test]
fn the_native_stack_that_the_host_sets() {
    let (mut store, instance) = instance();
    let depth = instance.get_typed_func::<i32, i32>(&store, "depth").unwrap();
    for turn in 0..12 {
        if let Some(bytes) = [(4, 4 << 10), (8, 512 << 10)].into_iter().find(|to| to.0 == turn) {
            // SAFETY: a test thread has 2 MB of stack.
            unsafe { store.set_native_stack(bytes.1) };
        }
        match depth.call(&mut store, 2000) {
            Ok(value) => assert!(value == 2000 && !(4..8).contains(&turn), "{turn}"),
            Err(error) => {
                assert!((4..8).contains(&turn), "{turn}");
                assert_eq!(trap(error), TrapCode::StackOverflow);
            }
        }
    }
}

#[test]
fn another_mode_between_calls() {
    let (mut store, instance) = instance();
    let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add").unwrap();
    for turn in 0..12 {
        match turn {
            4 => instance.set_mode(&mut store, Mode::Fast).unwrap(),
            8 => instance.set_mode(&mut store, Mode::Native).unwrap(),
            _ => {}
        }
        assert_eq!(add.call(&mut store, (turn, 5)).unwrap(), turn + 5);
        let mode = if (4..8).contains(&turn) { Mode::Fast } else { Mode::Native };
        assert_eq!(instance.mode(&store).unwrap(), mode);
    }
}

/// Two stores are equal in everything but their numbers.
#[test]
fn a_function_of_another_store() {
    let (mut first, instance_of_first) = instance();
    let (mut second, instance_of_second) = instance();
    let one = instance_of_first.get_typed_func::<(i32, i32), i32>(&first, "add").unwrap();
    let two = instance_of_second.get_typed_func::<(i32, i32), i32>(&second, "add").unwrap();
    for i in 0..6 {
        assert_eq!(one.call(&mut first, (i, 1)).unwrap(), i + 1);
        assert_eq!(two.call(&mut second, (i, 2)).unwrap(), i + 2);
        assert!(matches!(one.call(&mut second, (i, 1)), Err(zonda::Error::WrongStore)));
    }
}

/// Metered code counts as fast mode does, call by call and iteration by iteration, also where the
/// fuel ends.
#[test]
fn metered_code_uses_the_fuel_of_fast_mode() {
    let text = r#"(module
        (func $f (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                (then (local.get 0))
                (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1)))
                               (call $f (i32.sub (local.get 0) (i32.const 2)))))))
        (func (export "run") (param $n i32) (result i32) (local $sum i32)
            (loop $more
                (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum)))"#;
    let bytes = wat::parse_str(text).unwrap();
    let options = Options { meter: true, ..Options::new(Target::host().unwrap()) };
    let code = Executable::new(&compile(&bytes, &options).unwrap()).unwrap().leak();
    let engine = Engine::new(Mode::Fast);
    // SAFETY: the compiler has just made the code.
    let native = unsafe { Module::new_trusted(&engine, code) }.unwrap();
    let run = |module: &Module<'static>, fuel: u64| {
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, module).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        store.set_fuel(fuel);
        let result = run.call(&mut store, 12).map_err(trap);
        (result, store.fuel())
    };
    let fast = &Module::from_vec(&engine, bytes).unwrap();
    let (result, left) = run(fast, 1 << 40);
    let used = (1 << 40) - left;
    assert!(result.is_ok() && used > 500, "{result:?} {used}");
    for fuel in [1 << 40, used + 1, used, used - 1, used / 2, 1, 0, (1 << 32) + used / 2] {
        assert_eq!(run(&native, fuel), run(fast, fuel), "{fuel}");
    }
    assert_eq!(run(&native, used - 1), (Err(TrapCode::OutOfFuel), 0));
}
