//! Declared host functions in the Rust API: pointers are checked by their types, capabilities when
//! a module is linked.

use crate::probe::{
    Arg, Calls, Outcome, Probe, CALLS, GUARDED, MISTYPED, NO_MEMORY, OUT_OF_BOUNDS, PROGRAM, SECRET,
};
use zonda::{
    host_module, Engine, Error, Grants, GuestPtrMut, GuestSliceMut, Instance, LinkErrorKind,
    Linker, Mode, Module, Store, TrapCode, Val,
};

/// An embedder's data, of which the state of the module is a part.
#[derive(Default)]
struct Data {
    _own: u64,
    calls: Calls,
}

fn linker(grants: Grants) -> Linker<Data> {
    let mut linker = Linker::new();
    linker.define_module(Probe::MODULE, grants, |data: &mut Data| &mut data.calls).unwrap();
    linker
}

fn instantiate(mode: Mode, text: &str) -> (Store<'static, Data>, Result<Instance, Error>) {
    let engine = Engine::new(mode);
    let module = Module::from_vec(&engine, wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&engine, Data::default()).unwrap();
    let instance = linker(Grants::Only(&[])).instantiate(&mut store, &module);
    (store, instance)
}

fn call(
    store: &mut Store<'static, Data>,
    instance: Instance,
    name: &str,
    args: &[Arg],
) -> Result<Outcome, Error> {
    let func = instance.get_func(&*store, name).unwrap();
    let args: Vec<Val> = args
        .iter()
        .map(|arg| match *arg {
            Arg::I32(value) => Val::I32(value as i32),
            Arg::I64(value) => Val::I64(value as i64),
        })
        .collect();
    let mut results = vec![Val::I32(0); func.ty(&*store)?.results().len()];
    match func.call(store, &args, &mut results) {
        Ok(()) => Ok(match results.first() {
            None => Outcome::Nothing,
            Some(Val::I32(value)) => Outcome::Number(*value as u32 as u64),
            Some(Val::I64(value)) => Outcome::Number(*value as u64),
            other => panic!("{other:?}"),
        }),
        Err(Error::Trap(trap)) => {
            assert_eq!(trap.host, 7 * (trap.code == TrapCode::Host) as u32);
            Ok(Outcome::Trap(trap.code, ""))
        }
        Err(error) => Err(error),
    }
}

fn expected(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Trap(code, _) => Outcome::Trap(code, ""),
        outcome => outcome,
    }
}

#[test]
fn pointers_and_lengths_are_checked() {
    for &mode in Mode::ALL {
        for itself in [false, true] {
            let (mut store, instance) = instantiate(mode, PROGRAM);
            let instance = instance.unwrap();
            let mut came = 0;
            for &(name, args, outcome) in CALLS {
                let name = match itself && name != "many" {
                    true => format!("{name} itself"),
                    false => name.to_owned(),
                };
                let result = call(&mut store, instance, &name, args).unwrap();
                assert_eq!(result, expected(outcome), "{name} {args:?}, {mode:?}");
                came += (outcome != OUT_OF_BOUNDS) as u32;
                assert_eq!(store.data().calls.0, came, "{name} {args:?}, {mode:?}");
            }
        }
        let (mut store, instance) = instantiate(mode, NO_MEMORY);
        let instance = instance.unwrap();
        for name in ["bytes", "bytes itself"] {
            let result = |store: &mut _, args: &[_]| call(store, instance, name, args).unwrap();
            assert_eq!(result(&mut store, &[Arg::I32(0), Arg::I32(0)]), Outcome::Number(0));
            for args in [[Arg::I32(0), Arg::I32(1)], [Arg::I32(4), Arg::I32(0)]] {
                assert_eq!(result(&mut store, &args), expected(OUT_OF_BOUNDS));
            }
        }
        let result = call(&mut store, instance, "text", &[Arg::I32(0)]).unwrap();
        assert_eq!(result, expected(OUT_OF_BOUNDS));
    }
}

#[test]
fn a_capability_that_is_not_granted_is_a_link_error() {
    let (_, refused) = instantiate(Mode::ALL[0], GUARDED);
    let Err(Error::Link(error)) = refused else { panic!("{refused:?}") };
    assert_eq!((error.kind, error.import), (LinkErrorKind::Denied(SECRET), 1));
    assert_eq!((error.module(), error.name()), ("probe", "guarded"));
    for part in ["capability secret", "probe", "guarded"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let engine = Engine::default();
    let module = Module::from_vec(&engine, wat::parse_str(GUARDED).unwrap()).unwrap();
    for grants in [Grants::Only(&[SECRET]), Grants::All] {
        let mut store = Store::new(&engine, Data::default()).unwrap();
        let instance = linker(grants).instantiate(&mut store, &module).unwrap();
        assert_eq!(call(&mut store, instance, "run", &[]), Ok(Outcome::Nothing));
        assert_eq!(store.data().calls.0, 1);
    }
}

#[test]
fn names_and_types_are_compared() {
    let (_, refused) = instantiate(Mode::ALL[0], MISTYPED);
    let Err(Error::Link(error)) = refused else { panic!("{refused:?}") };
    assert_eq!((error.kind, error.import), (LinkErrorKind::Incompatible, 0));
    assert_eq!(error.found(), "func (i32) -> (i32)");
    let mut linker = linker(Grants::All);
    assert!(matches!(linker.func_wrap("probe", "text", || {}), Err(Error::Duplicate)));
    assert!(linker.func_wrap("probe", "other", || {}).is_ok());
    let again = linker.define_module(Probe::MODULE, Grants::All, |data: &mut Data| &mut data.calls);
    assert!(matches!(again, Err(Error::Duplicate)));
    assert_eq!((Probe::MODULE.name(), Probe::MODULE.names().count()), ("probe", 12));
    // A closure is compared as well.
    let engine = Engine::default();
    for (ty, is_it) in [("", true), ("(param i32)", false), ("(result i32)", false)] {
        let text = format!(r#"(module (import "probe" "other" (func {ty})))"#);
        let module = Module::from_vec(&engine, wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(&engine, Data::default()).unwrap();
        match linker.instantiate(&mut store, &module) {
            Ok(_) => assert!(is_it, "{ty}"),
            Err(Error::Link(error)) => {
                assert_eq!((error.kind, is_it), (LinkErrorKind::Incompatible, false), "{ty}");
            }
            Err(error) => panic!("{ty}: {error:?}"),
        }
    }
}

#[derive(Default)]
struct Elements;

host_module! {
    pub struct Writer: Elements as "writer" {
        /// Doubles each element, counts one more place, and says what lies and what can be written beyond the end.
        fn double(call, of: GuestSliceMut<u16>, count: GuestPtrMut<u32>) -> u32 {
            let len = of.len();
            for index in 0..len {
                let value = of.get(call.memory(), index).unwrap_or(9999);
                assert!(of.set(call.memory_mut(), index, value * 2));
            }
            assert!(of.get(call.memory(), len).is_none() && !of.set(call.memory_mut(), len, 1));
            assert_eq!(of.is_empty(), len == 0);
            let before = count.read(call.memory());
            count.write(call.memory_mut(), before + 1);
            len as u32
        }
    }
}

#[test]
fn elements_of_a_slice_are_written_within_it() {
    let text = r#"(module (import "writer" "double" (func $double (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 10) "\01\00\02\00\03\01\07\00")
        (func (export "run") (param i32) (result i32)
          (call $double (i32.const 10) (local.get 0) (i32.const 40))))"#;
    let bytes = wat::parse_str(text).unwrap();
    for &mode in Mode::ALL {
        let engine = Engine::new(mode);
        let module = Module::new(&engine, &bytes).unwrap();
        let mut linker = Linker::new();
        linker.define_module(Writer::MODULE, Grants::All, |state: &mut Elements| state).unwrap();
        let mut store = Store::new(&engine, Elements).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        // The length is in elements.
        for (len, elements) in [(0, 0), (3, 3)] {
            assert_eq!(run.call(&mut store, len), Ok(elements), "{mode:?}");
        }
        let memory = instance.get_memory(&store, "memory").unwrap();
        let data = memory.data(&store).unwrap();
        assert_eq!(data[10..18], [2, 0, 4, 0, 6, 2, 7, 0], "{mode:?}");
        assert_eq!(data[40..44], [2, 0, 0, 0], "{mode:?}");
    }
}

/// How the functions of [`Ranges`] say that there is no such range.
const NONE: i32 = -1;

host_module! {
    pub struct Ranges: Elements as "ranges" {
        fn string(call, at: u32) -> i32 {
            call.string(at).map_or(NONE, |text| text.len() as i32)
        }
        fn sum(call, at: u32, len: u32) -> i32 {
            call.bytes(at, len).map_or(NONE, |bytes| bytes.iter().map(|&byte| i32::from(byte)).sum())
        }
        fn fill(call, at: u32, len: u32) -> i32 {
            call.bytes_mut(at, len).map_or(NONE, |bytes| {
                bytes.fill(7);
                bytes.len() as i32
            })
        }
        fn copy(call, to: u32, from: u32, len: u32) -> i32 {
            call.copy(to, from, len).map_or(NONE, |()| 0)
        }
    }
}

/// Ranges and strings that a host function looks for itself, at both ends of the memory and beyond.
#[test]
fn ranges_that_a_function_asks_for_are_within_the_memory() {
    let text = |memory: &str| {
        format!(
            r#"(module (import "ranges" "string" (func $string (param i32) (result i32)))
                (import "ranges" "sum" (func $sum (param i32 i32) (result i32)))
                (import "ranges" "fill" (func $fill (param i32 i32) (result i32)))
                (import "ranges" "copy" (func $copy (param i32 i32 i32) (result i32)))
                {memory}
                (func (export "string") (param i32 i32 i32) (result i32) (call $string (local.get 0)))
                (func (export "sum") (param i32 i32 i32) (result i32) (call $sum (local.get 0) (local.get 1)))
                (func (export "fill") (param i32 i32 i32) (result i32) (call $fill (local.get 0) (local.get 1)))
                (func (export "copy") (param i32 i32 i32) (result i32)
                  (call $copy (local.get 0) (local.get 1) (local.get 2))))"#
        )
    };
    let with = text(
        r#"(memory (export "memory") 1) (data (i32.const 0) "abc\00")
           (data (i32.const 65530) "xyz\00no")"#,
    );
    let calls: &[(&str, [i32; 3], i32)] = &[
        ("string", [0, 0, 0], 3),
        ("string", [2, 0, 0], 1),
        ("string", [3, 0, 0], 0),
        ("string", [65530, 0, 0], 3),
        // Nothing ends it.
        ("string", [65534, 0, 0], NONE),
        ("string", [65536, 0, 0], NONE),
        ("string", [-1, 0, 0], NONE),
        ("sum", [0, 3, 0], 0x61 + 0x62 + 0x63),
        ("sum", [65535, 1, 0], 0x6f),
        ("sum", [65535, 2, 0], NONE),
        ("sum", [-1, 1, 0], NONE),
        ("sum", [1, -1, 0], NONE),
        ("copy", [1, 0, 3], 0),
        ("sum", [1, 3, 0], 0x61 + 0x62 + 0x63),
        ("copy", [65534, 0, 3], NONE),
        ("copy", [0, 65534, 3], NONE),
        ("sum", [65534, 2, 0], 0x6e + 0x6f),
        ("fill", [65534, 2, 0], 2),
        ("fill", [65535, 2, 0], NONE),
        ("sum", [65534, 2, 0], 14),
        ("string", [4, 0, 0], 0),
    ];
    let without: &[(&str, [i32; 3], i32)] =
        &[("string", [0, 0, 0], NONE), ("sum", [0, 1, 0], NONE), ("fill", [0, 1, 0], NONE)];
    for (text, calls) in [(with, calls), (text(""), without)] {
        let bytes = wat::parse_str(text).unwrap();
        for &mode in Mode::ALL {
            let engine = Engine::new(mode);
            let module = Module::new(&engine, &bytes).unwrap();
            let mut linker = Linker::new();
            linker
                .define_module(Ranges::MODULE, Grants::All, |state: &mut Elements| state)
                .unwrap();
            let mut store = Store::new(&engine, Elements).unwrap();
            let instance = linker.instantiate(&mut store, &module).unwrap();
            for &(name, [a, b, c], result) in calls {
                let func = instance.get_typed_func::<(i32, i32, i32), i32>(&store, name).unwrap();
                let got = func.call(&mut store, (a, b, c));
                assert_eq!(got, Ok(result), "{name} {a} {b} {c}, {mode:?}");
            }
        }
    }
}
