//! Criterion: whatever a host function does that the API lets it do (trap, call back, stop its
//! caller, change what its caller runs in), the caller gets what it should, nothing leaks, and the
//! next call on the same instance returns the right result. In both modes, with closures over
//! numbers and over values, by every way into a host function.

use crate::failing::{watch, Fail};
use zonda::{
    AsStoreMut, Caller, Engine, Error, Extern, Func, Instance, InterruptHandle, Linker, Mode,
    Module, Store, StoreConfig, Trap, TrapCode, Val, ValType,
};

/// `run(7)` is 7 + (1 + ... + 7) = 35, by way of a loop, calls, memory and the table. `act` and its
/// like return what the host function returns, after a look at the last byte of memory as it is
/// now, at the table, and at `run`.
const TEXT: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (import "env" "act" (func $act (type $unary)))
    (memory (export "memory") 1 40)
    (table $t (export "table") 4 64 funcref)
    (global $calls (export "calls") (mut i64) (i64.const 0))
    (elem (i32.const 1) func $step $act)
    (func $step (type $unary) (i32.add (i32.load (i32.const 8)) (local.get 0)))
    (func $run (export "run") (type $unary) (local $i i32)
        (i32.store (i32.const 8) (local.get 0))
        (loop $next
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (i32.store (i32.const 8) (call_indirect (type $unary) (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (local.get 0))))
        (i32.load (i32.const 8)))
    (func $look (param i32) (result i32) (local $end i32)
        (global.set $calls (i64.add (global.get $calls) (i64.const 1)))
        (local.set $end (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 1)))
        (i32.store8 (local.get $end) (i32.const 77))
        (if (i32.ne (i32.load8_u (local.get $end)) (i32.const 77)) (then unreachable))
        (table.set $t (i32.sub (table.size $t) (i32.const 1)) (ref.func $step))
        (i32.add (local.get 0) (i32.sub (call $run (i32.const 7)) (i32.const 35))))
    (func (export "act") (type $unary) (call $look (call $act (local.get 0))))
    (func (export "act_indirect") (type $unary) (call $look (call_indirect $t (type $unary) (local.get 0) (i32.const 2))))
    (func (export "act_tail") (type $unary) (return_call $act (local.get 0)))
    (func (export "act_tail_indirect") (type $unary) (return_call_indirect $t (type $unary) (local.get 0) (i32.const 2)))
    (export "act_itself" (func $act))
    (func (export "trap") (type $unary) (i32.div_u (local.get 0) (i32.const 0)))
    (func (export "forever") (type $unary) (loop (br 0)) unreachable))"#;

const WAYS: [&str; 5] = ["act", "act_indirect", "act_tail", "act_tail_indirect", "act_itself"];

/// What the host function does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Nothing,
    /// Fails with a number of its own.
    Fail,
    /// Fails with each code that there is.
    FailWith(TrapCode),
    /// Calls the way in which it was called, until the operand stack or the calls within calls are
    /// used up, and passes the failure on.
    Recurse,
    /// The same, and takes it as done.
    RecurseAndForgive,
    /// Calls `run` of its caller's instance, and of the other one.
    CallBack,
    /// Calls what traps, and passes that on.
    Trap,
    TrapAndForgive,
    Terminate,
    /// Terminates, and has a call of its own stopped by that.
    TerminateInside,
    NoFuel,
    GrowMemory,
    GrowTable,
    /// Both instances: refused while code of the store runs.
    SetMode,
    /// Makes an instance in the running store, and three that fail.
    Instantiate,
    /// Makes a function of the store and calls it through the caller's table.
    MakeFunc,
    /// Writes the global that its caller reads.
    SetGlobal,
}

struct Host {
    act: Act,
    way: &'static str,
    own: Instance,
    other: Instance,
    handle: InterruptHandle,
    depth: u32,
    module: Module<'static>,
}

type Data = Option<Host>;

fn trap(error: Error) -> Trap {
    match error {
        Error::Trap(trap) => Trap { func: u32::MAX, offset: 0, ..trap },
        error => panic!("{error:?}"),
    }
}

fn call<'a>(
    store: impl AsStoreMut<'a>,
    instance: Instance,
    name: &str,
    value: i32,
) -> Result<i32, Error> {
    let mut store = store;
    let func = instance.get_func(&store, name).unwrap();
    let mut results = [Val::I32(0)];
    func.call(&mut store, &[Val::I32(value)], &mut results)?;
    let [Val::I32(result)] = results else { panic!("{results:?}") };
    Ok(result)
}

/// The host function.
fn act(mut caller: Caller<'_, '_, Data>, value: i32) -> Result<i32, Trap> {
    let host = caller.data_mut().as_mut().unwrap();
    let (act, way, own, other, handle) =
        (host.act, host.way, host.own, host.other, host.handle.clone());
    host.depth += 1;
    let memory = own.get_memory(&caller, "memory").unwrap();
    let table = own.get_table(&caller, "table").unwrap();
    match act {
        Act::Nothing => {}
        Act::Fail => return Err(Trap::host(1234)),
        Act::FailWith(code) => return Err(Trap::new(code)),
        Act::Recurse => {
            call(&mut caller, own, way, value).map_err(trap)?;
        }
        Act::RecurseAndForgive => match call(&mut caller, own, way, value) {
            Ok(result) => assert_eq!(result, value),
            Err(error) => assert_eq!(trap(error).code, TrapCode::StackOverflow),
        },
        Act::CallBack => {
            for instance in [own, other, own] {
                assert_eq!(call(&mut caller, instance, "run", 7), Ok(35));
            }
        }
        Act::Trap => {
            call(&mut caller, other, "trap", 1).map_err(trap)?;
        }
        Act::TrapAndForgive => {
            for instance in [own, other] {
                assert_eq!(
                    trap(call(&mut caller, instance, "trap", 1).unwrap_err()).code,
                    TrapCode::IntegerDivideByZero
                );
            }
        }
        Act::Terminate => handle.terminate(),
        Act::TerminateInside => {
            handle.terminate();
            call(&mut caller, own, "forever", 1).map_err(trap)?;
        }
        Act::NoFuel => caller.as_store_mut().set_fuel(0),
        Act::GrowMemory => {
            let before = memory.size(&caller).unwrap();
            assert_eq!(memory.grow(&mut caller, 3), Ok(before));
            memory.write(&mut caller, (before + 3) * 65536 - 4, &[1, 2, 3, 4]).unwrap();
            assert_eq!(memory.grow(&mut caller, 100), Err(Error::CannotGrow));
        }
        Act::GrowTable => {
            let before = table.size(&caller).unwrap();
            assert_eq!(table.grow(&mut caller, 9, Val::FuncRef(None)), Ok(before));
            assert_eq!(table.grow(&mut caller, 100, Val::FuncRef(None)), Err(Error::CannotGrow));
        }
        Act::SetMode => {
            for instance in [own, other] {
                for mode in Mode::ALL {
                    assert_eq!(instance.set_mode(&mut caller, *mode), Err(Error::Running));
                }
            }
        }
        Act::Instantiate => {
            let module = caller.data().as_ref().unwrap().module.clone();
            let mut linker = Linker::new();
            assert!(matches!(linker.instantiate(&mut caller, &module), Err(Error::Link(_))));
            linker.func_wrap("env", "act", |x: i32| x).unwrap();
            let made = linker.instantiate(&mut caller, &module).unwrap();
            assert_eq!(call(&mut caller, made, "run", 7), Ok(35));
            for (text, code) in [
                ("(module (func unreachable) (start 0))", TrapCode::Unreachable),
                ("(module (memory 1) (data (i32.const 65536) \"x\"))", TrapCode::MemoryOutOfBounds),
            ] {
                let failing =
                    Module::from_vec(&Engine::default(), wat::parse_str(text).unwrap()).unwrap();
                assert_eq!(trap(linker.instantiate(&mut caller, &failing).unwrap_err()).code, code);
            }
        }
        Act::MakeFunc => {
            let func = Func::wrap(&mut caller, |x: i32| x + 28).unwrap();
            let before = table.get(&caller, 1).unwrap();
            table.set(&mut caller, 1, Val::FuncRef(Some(func))).unwrap();
            // Each of seven calls is one of the closure.
            assert_eq!(call(&mut caller, own, "run", 7), Ok(7 + 28));
            table.set(&mut caller, 1, before).unwrap();
        }
        Act::SetGlobal => {
            let global = own.get_global(&caller, "calls").unwrap();
            global.set(&mut caller, Val::I64(1 << 40)).unwrap();
        }
    }
    Ok(value)
}

/// What the call returns, if not the value.
fn expected(act: Act) -> Option<TrapCode> {
    match act {
        Act::Fail => Some(TrapCode::Host),
        Act::FailWith(code) => Some(code),
        Act::Recurse => Some(TrapCode::StackOverflow),
        Act::Trap => Some(TrapCode::IntegerDivideByZero),
        Act::Terminate | Act::TerminateInside => Some(TrapCode::Terminated),
        Act::NoFuel => Some(TrapCode::OutOfFuel),
        _ => None,
    }
}

fn linker(values: bool) -> Linker<Data> {
    let mut linker = Linker::new();
    if values {
        linker.func_new(
            "env",
            "act",
            &[ValType::I32],
            &[ValType::I32],
            |caller, arguments, results| {
                let [Val::I32(value)] = arguments else { panic!("{arguments:?}") };
                results[0] = Val::I32(act(caller, *value)?);
                Ok(())
            },
        )
    } else {
        linker.func_wrap("env", "act", act)
    }
    .unwrap();
    linker
}

/// Two instances in these modes, and one call.
fn life(
    module: &Module<'static>,
    linker: &Linker<Data>,
    modes: [Mode; 2],
    act: Act,
    way: &'static str,
) {
    let name = format!("{act:?} by {way}, {modes:?}");
    let config = StoreConfig { stack_bytes: 12 << 10, ..StoreConfig::default() };
    let mut store = Store::with_config(&Engine::default(), None, config).unwrap();
    let [own, other] = modes.map(|mode| {
        let instance = linker.instantiate(&mut store, module).unwrap();
        instance.set_mode(&mut store, mode).unwrap();
        instance
    });
    let handle = store.interrupt_handle();
    *store.data_mut() =
        Some(Host { act, way, own, other, handle, depth: 0, module: module.clone() });
    store.set_fuel(1 << 40);
    assert_eq!(call(&mut store, own, "run", 7), Ok(35), "{name}");
    let mut result = call(&mut store, own, way, 5);
    if matches!(act, Act::Terminate | Act::NoFuel) && way != "act" && way != "act_indirect" {
        // Nothing comes after the host function: the next call is stopped.
        assert_eq!(result, Ok(5), "{name}");
        result = call(&mut store, other, "run", 7);
    }
    match (expected(act), result) {
        (None, Ok(5)) => {}
        (Some(code), Err(Error::Trap(trap))) if trap.code == code => {
            assert_eq!(trap.host, if act == Act::Fail { 1234 } else { 0 }, "{name}");
        }
        (expected, result) => panic!("{name}: {expected:?}, {result:?}"),
    }
    let depth = store.data().as_ref().unwrap().depth;
    match act {
        Act::Recurse | Act::RecurseAndForgive => assert!(depth > 40, "{name}: {depth}"),
        _ => assert_eq!(depth, 1, "{name}"),
    }
    store.data_mut().as_mut().unwrap().act = Act::Nothing;
    store.set_fuel(1 << 40);
    for instance in [own, other] {
        for mode in [Mode::Classic, Mode::Fast] {
            assert_eq!(call(&mut store, instance, "run", 7), Ok(35), "{name}");
            assert_eq!(call(&mut store, instance, way, 6), Ok(6), "{name}");
            instance.set_mode(&mut store, mode).unwrap();
        }
        assert_eq!(call(&mut store, instance, "act", -1), Ok(-1), "{name}");
    }
    let Some(Extern::Global(calls)) = own.get_export(&store, "calls") else { panic!() };
    let Ok(Val::I64(calls)) = calls.get(&store) else { panic!() };
    assert_eq!(calls >= 1 << 40, act == Act::SetGlobal, "{name}");
}

/// On a native stack on which host functions can call back until that is refused.
#[test]
fn whatever_a_host_function_does() {
    std::thread::Builder::new().stack_size(64 << 20).spawn(every_act).unwrap().join().unwrap();
}

fn every_act() {
    let bytes = wat::parse_str(TEXT).unwrap();
    let module = Module::from_vec(&Engine::default(), &bytes).unwrap();
    let mut acts = vec![
        Act::Nothing,
        Act::Fail,
        Act::Recurse,
        Act::RecurseAndForgive,
        Act::CallBack,
        Act::Trap,
        Act::TrapAndForgive,
        Act::Terminate,
        Act::TerminateInside,
        Act::NoFuel,
        Act::GrowMemory,
        Act::GrowTable,
        Act::SetMode,
        Act::Instantiate,
        Act::MakeFunc,
        Act::SetGlobal,
    ];
    acts.extend((0..=u32::from(u8::MAX)).filter_map(TrapCode::from_code).map(Act::FailWith));
    assert!(acts.len() > 30);
    let mut calls = 0;
    for values in [false, true] {
        let linker = linker(values);
        for modes in [
            [Mode::Classic, Mode::Fast],
            [Mode::Fast, Mode::Classic],
            [Mode::Fast, Mode::Fast],
            [Mode::Classic, Mode::Classic],
        ] {
            for &act in &acts {
                for way in WAYS {
                    let ((), watched) =
                        watch(Fail::Never, || life(&module, &linker, modes, act, way));
                    assert_eq!(watched.leaked, 0, "{act:?} by {way}, {modes:?}");
                    calls += 1;
                }
            }
        }
    }
    println!(
        "injected: {calls} calls of host functions that trap, re-enter, stop or change what runs"
    );
    assert!(calls >= 1_000, "{calls}");
}
