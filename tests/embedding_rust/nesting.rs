//! Criterion: host functions call back into modules as deep as the store allows and no deeper, so
//! the native stack is bounded whatever the module does.

use std::cell::Cell;
use zonda::{
    Caller, Engine, Error, Func, Linker, Mode, Module, Store, StoreConfig, Trap, TrapCode, Val,
    ValType,
};

const TEXT: &str = r#"(module
    (import "env" "again" (func $again (param i32) (result i32)))
    (func (export "down") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $again (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))"#;

thread_local! {
    static ACTIVE: Cell<[u32; 2]> = const { Cell::new([0, 0]) };
}

/// Counts what is active, and the most that was.
fn counted<R>(body: impl FnOnce() -> R) -> R {
    let [now, most] = ACTIVE.get();
    ACTIVE.set([now + 1, most.max(now + 1)]);
    let result = body();
    ACTIVE.set([now, ACTIVE.get()[1]]);
    result
}

fn trap(error: Error) -> Trap {
    match error {
        Error::Trap(trap) => trap,
        other => panic!("{other}"),
    }
}

#[test]
fn host_functions_call_back_as_deep_as_the_store_allows() {
    let bytes = wat::parse_str(TEXT).unwrap();
    for mode in Mode::ALL {
        for nested_calls in [0, 1, 2, 4, 64] {
            for dynamic in [false, true] {
                ACTIVE.set([0, 0]);
                let engine = Engine::new(*mode);
                let config =
                    StoreConfig { nested_calls, stack_bytes: 1 << 20, ..StoreConfig::default() };
                let mut store = Store::with_config(&engine, (), config).unwrap();
                let mut linker = Linker::new();
                if dynamic {
                    let again = Func::new(
                        &mut store,
                        &[ValType::I32],
                        &[ValType::I32],
                        |mut caller: Caller<'_, '_, ()>, args, results| {
                            let down = caller
                                .get_export("down")
                                .and_then(|item| item.into_func())
                                .unwrap();
                            counted(|| down.call(&mut caller, args, results)).map_err(trap)
                        },
                    );
                    linker.define("env", "again", zonda::Extern::Func(again.unwrap())).unwrap();
                } else {
                    let again = |mut caller: Caller<'_, '_, ()>, n: i32| -> Result<i32, Trap> {
                        let down =
                            caller.get_export("down").and_then(|item| item.into_func()).unwrap();
                        let down = down.typed::<(i32,), i32>(&caller).unwrap();
                        counted(|| down.call(&mut caller, (n,))).map_err(trap)
                    };
                    linker.func_wrap("env", "again", again).unwrap();
                }
                let instance =
                    linker.instantiate(&mut store, &Module::new(&engine, &bytes).unwrap()).unwrap();
                let down = instance.get_func(&store, "down").unwrap();
                for _ in 0..3 {
                    let mut call = |n: u32| {
                        let mut results = [Val::I32(-1)];
                        down.call(&mut store, &[Val::I32(n as i32)], &mut results)
                            .map(|()| results[0])
                    };
                    assert_eq!(call(nested_calls), Ok(Val::I32(nested_calls as i32)));
                    for more in [1, 2, 1000] {
                        let error = call(nested_calls + more).unwrap_err();
                        assert_eq!(
                            trap(error).code,
                            TrapCode::StackOverflow,
                            "{mode:?} {nested_calls}"
                        );
                    }
                }
                assert_eq!(ACTIVE.get(), [0, nested_calls], "{mode:?} {dynamic}");
            }
        }
    }
}
