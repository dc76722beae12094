//! Limits of what exists at run time.

use super::encode::*;
use super::MODES;
use zonda::{Engine, Error, Linker, Module, Store, StoreConfig, Trap, TrapCode, ValType};

#[test]
fn elements_of_a_table() {
    // table.grow by 1, of the table and of one that is at its limit.
    let module = |min: u32| {
        Encoder::new()
            .list(section::TYPE, [func_type(&[], &[I32])])
            .list(section::FUNCTION, [[0]])
            .list(section::TABLE, [[vec![FUNC_REF, 0], number(min)].concat()])
            .list(section::EXPORT, [export(b"grow", 0, 0)])
            .list(section::CODE, [body(&[], &[0xd0, FUNC_REF, 0x41, 1, 0xfc, 0x0f, 0])])
            .bytes()
    };
    for mode in MODES {
        let engine = Engine::new(mode);
        let grown = |bytes: &[u8]| {
            let module = Module::new(&engine, bytes)?;
            let mut store = Store::new(&engine, ())?;
            let instance = Linker::new().instantiate(&mut store, &module)?;
            instance.get_typed_func::<(), i32>(&store, "grow")?.call(&mut store, ())
        };
        assert_eq!(grown(&module(9_999_999)), Ok(9_999_999));
        assert_eq!(grown(&module(10_000_000)), Ok(-1));
        assert_eq!(grown(&module(10_000_001)), Err(Error::TooLarge));
    }
}

#[test]
fn values_of_a_host_function_without_a_rust_type() {
    let mut linker = Linker::<()>::new();
    let mut add = |params: usize, results: usize| {
        linker
            .func_new(
                "m",
                &format!("{params} {results}"),
                &vec![ValType::I32; params],
                &vec![ValType::I32; results],
                |_, _, _| Ok(()),
            )
            .map(drop)
    };
    assert_eq!([add(32, 0), add(0, 32), add(31, 1)], [const { Ok(()) }; 3]);
    assert_eq!([add(33, 0), add(0, 33), add(32, 1)], [const { Err(Error::TooLarge) }; 3]);
}

#[test]
fn depth_of_calls() {
    // A function that calls itself as often as its argument says: each call takes the same, so the
    // depth follows from the size of the stack.
    let module = wat::parse_str(
        r#"(module (func $f (export "f") (param i32) (result i32)
             (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 1)))))"#,
    )
    .unwrap();
    for mode in MODES {
        let engine = Engine::new(mode);
        let module = Module::new(&engine, &module).unwrap();
        let deepest = |stack_bytes: u32| {
            let mut store = Store::with_config(
                &engine,
                (),
                StoreConfig { stack_bytes, ..StoreConfig::default() },
            )
            .unwrap();
            let instance = Linker::new().instantiate(&mut store, &module).unwrap();
            let func = instance.get_typed_func::<i32, i32>(&store, "f").unwrap();
            let mut depth = 0;
            loop {
                match func.call(&mut store, depth) {
                    Ok(result) => assert_eq!(result, depth + 1),
                    Err(Error::Trap(Trap { code: TrapCode::StackOverflow, .. })) => return depth,
                    Err(error) => panic!("{error}"),
                }
                depth += 1;
            }
        };
        let (small, large) = (deepest(4096), deepest(8192));
        assert!(small > 20 && large.abs_diff(2 * small) <= 2, "{mode:?}: {small}, {large}");
    }
}
