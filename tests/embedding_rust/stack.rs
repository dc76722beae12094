//! Operand stacks of each size around what a call needs: it fits as soon as its arguments and its
//! results do, and is refused before.

use zonda::{Engine, Error, Linker, Module, Store, StoreConfig, TrapCode, Val};

const TEXT: &str = r#"(module
    (import "env" "give" (func $give (result i64 i64 i64)))
    (import "env" "take" (func $take (param i64 i64 i64)))
    (export "host give" (func $give)) (export "host take" (func $take))
    (func (export "give") (result i64 i64 i64) (i64.const 1) (i64.const 2) (i64.const 3))
    (func (export "take") (param i64 i64 i64)))"#;

/// What calls give on a stack of so many slots: typed, and with values.
fn calls(slots: u32) -> Vec<(&'static str, Result<(), Error>)> {
    let bytes = wat::parse_str(TEXT).unwrap();
    let engine = Engine::default();
    let module = Module::new(&engine, &bytes).unwrap();
    let config = StoreConfig { stack_bytes: 4 * slots, ..StoreConfig::default() };
    let mut store = Store::with_config(&engine, (), config).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "give", || (1i64, 2i64, 3i64)).unwrap();
    linker
        .func_wrap("env", "take", |a: i64, b: i64, c: i64| assert_eq!((a, b, c), (4, 5, 6)))
        .unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let mut all = Vec::new();
    for name in ["host give", "give"] {
        let func = instance.get_typed_func::<(), (i64, i64, i64)>(&store, name).unwrap();
        let result = func.call(&mut store, ());
        all.push((name, result.map(|values| assert_eq!(values, (1, 2, 3)))));
        let func = instance.get_func(&store, name).unwrap();
        let mut results = [Val::I64(0); 3];
        let result = func.call(&mut store, &[], &mut results);
        all.push((
            name,
            result.map(|()| assert!(matches!(results, [Val::I64(1), Val::I64(2), Val::I64(3)]))),
        ));
    }
    for name in ["host take", "take"] {
        let func = instance.get_typed_func::<(i64, i64, i64), ()>(&store, name).unwrap();
        all.push((name, func.call(&mut store, (4, 5, 6))));
        let func = instance.get_func(&store, name).unwrap();
        all.push((name, func.call(&mut store, &[Val::I64(4), Val::I64(5), Val::I64(6)], &mut [])));
    }
    all
}

#[test]
fn a_call_needs_room_for_arguments_and_results() {
    // Six slots, and one below them.
    let of_a_host_function = 7;
    let mut fits = [0; 2];
    for slots in 0..64 {
        for (name, result) in calls(slots) {
            match result {
                Ok(()) if name.starts_with("host") => {
                    assert!(slots >= of_a_host_function, "{name}")
                }
                Ok(()) => fits[usize::from(name == "take")] += 1,
                Err(Error::Trap(trap)) => {
                    assert_eq!(trap.code, TrapCode::StackOverflow, "{name} with {slots} slots");
                    assert!(
                        !name.starts_with("host") || slots < of_a_host_function,
                        "{name}, {slots}"
                    );
                }
                Err(error) => panic!("{name} with {slots} slots: {error}"),
            }
        }
    }
    // A function of the module has a frame besides.
    assert!(
        fits.iter().all(|&sizes| sizes > 40 && sizes < 2 * (64 - of_a_host_function)),
        "{fits:?}"
    );
}
