//! Atomic instructions and shared memories: every instruction against what it computes, alignment
//! and bounds, waiting where nobody can notify, imports, and precompiled modules.

use crate::calls::{call, trap_code, MODES};
use zonda::{Engine, Error, Instance, Linker, Mode, Module, ModuleErrorKind, Store, TrapCode, Val};

fn new(mode: Mode, text: &str) -> (Store<'static, ()>, Instance) {
    let module = Module::from_vec(&Engine::new(mode), wat::parse_str(text).unwrap()).unwrap();
    let mut store = Store::new(&Engine::new(mode), ()).unwrap();
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    (store, instance)
}

const OPERATIONS: [&str; 7] = ["add", "sub", "and", "or", "xor", "xchg", "cmpxchg"];

/// Instructions of each type and width: type, bits, and the suffix of the name.
const SHAPES: [(&str, u32, &str, &str); 7] = [
    ("i32", 32, "", ""),
    ("i64", 64, "", ""),
    ("i32", 8, "8", "_u"),
    ("i32", 16, "16", "_u"),
    ("i64", 8, "8", "_u"),
    ("i64", 16, "16", "_u"),
    ("i64", 32, "32", "_u"),
];

/// A module with a function for each modification, of (address, value, other value), at offset 8
/// of a memory; `index` is the type of its addresses.
fn every_modification(memory: &str, index: &str) -> String {
    let mut text = format!(
        "(module {memory}
        (func (export \"set\") (param {index} i64) (i64.store offset=8 (local.get 0) (local.get 1)))
        (func (export \"get\") (param {index}) (result i64) (i64.load offset=8 (local.get 0)))"
    );
    for (ty, _, bits, suffix) in SHAPES {
        let value = |local: u32| match ty {
            "i32" => format!("(i32.wrap_i64 (local.get {local}))"),
            _ => format!("(local.get {local})"),
        };
        let wide = |of: String| match ty {
            "i32" => format!("(i64.extend_i32_u {of})"),
            _ => of,
        };
        for operation in OPERATIONS {
            let other = if operation == "cmpxchg" { value(2) } else { String::new() };
            let name = format!("{ty}.atomic.rmw{bits}.{operation}{suffix}");
            let got = wide(format!("({name} offset=8 (local.get 0) {} {other})", value(1)));
            text +=
                &format!("(func (export \"{name}\") (param {index} i64 i64) (result i64) {got})\n");
        }
        let load = format!("{ty}.atomic.load{bits}{suffix}");
        let got = wide(format!("({load} offset=8 (local.get 0))"));
        text += &format!("(func (export \"{load}\") (param {index} i64 i64) (result i64) {got})\n");
        let store = format!("{ty}.atomic.store{bits}");
        text += &format!(
            "(func (export \"{store}\") (param {index} i64 i64) (result i64)
                ({store} offset=8 (local.get 0) {}) (i64.const 0))\n",
            value(1)
        );
    }
    text + ")"
}

/// What an instruction returns and leaves, computed by itself.
fn model(operation: &str, bits: u32, old: u64, value: u64, other: u64) -> (u64, u64) {
    let mask = u64::MAX >> (64 - bits);
    let read = old & mask;
    let new = match operation {
        "add" => read.wrapping_add(value),
        "sub" => read.wrapping_sub(value),
        "and" => read & value,
        "or" => read | value,
        "xor" => read ^ value,
        "xchg" | "store" => value,
        "cmpxchg" if read == value & mask => other,
        _ => read,
    };
    (if operation == "store" { 0 } else { read }, old & !mask | new & mask)
}

#[test]
fn every_instruction_on_memories_of_each_kind() {
    const NUMBERS: [u64; 5] = [0, 1, 0x80, 0xfedc_ba98_7654_3210, 0x7fff_ffff_8000_0000];
    let memories = [
        ("(memory 1)", "i32"),
        ("(memory 1 2 shared)", "i32"),
        ("(memory i64 1)", "i64"),
        ("(memory i64 1 1 shared)", "i64"),
    ];
    for (memory, index) in memories {
        let text = every_modification(memory, index);
        for mode in MODES {
            let (mut store, instance) = new(mode, &text);
            let place = |at: u32| match index {
                "i32" => Val::I32(at as i32),
                _ => Val::I64(at.into()),
            };
            let long = |value: u64| Val::I64(value as i64);
            for (ty, bits, infix, suffix) in SHAPES {
                let names = OPERATIONS.map(|name| (name, format!("rmw{infix}.{name}{suffix}")));
                let accesses =
                    [("load", format!("load{infix}{suffix}")), ("store", format!("store{infix}"))];
                for (operation, name) in names.into_iter().chain(accesses) {
                    let name = format!("{ty}.atomic.{name}");
                    for (old, value) in
                        NUMBERS.into_iter().flat_map(|old| NUMBERS.map(|value| (old, value)))
                    {
                        let other = 0x0123_4567_89ab_cdef;
                        call(&mut store, instance, "set", &[place(16), long(old)]).unwrap();
                        let args = [place(16), long(value), long(other)];
                        let got = call(&mut store, instance, &name, &args).unwrap();
                        let left = call(&mut store, instance, "get", &[place(16)]).unwrap();
                        let (result, stored) = model(operation, bits, old, value, other);
                        let expected = (vec![long(result)], vec![long(stored)]);
                        assert_eq!(
                            (got, left),
                            expected,
                            "{mode:?} {memory} {name} {old:x} {value:x}"
                        );
                    }
                    // Misaligned, and outside.
                    for at in 1..bits / 8 {
                        let args = [place(16 + at), long(0), long(0)];
                        let got = call(&mut store, instance, &name, &args);
                        assert_eq!(trap_code(got), TrapCode::UnalignedAtomic, "{name} {at}");
                    }
                    let last = 0x1_0000 - 8 - bits / 8;
                    let args = |at| [place(at), long(0), long(0)];
                    assert!(call(&mut store, instance, &name, &args(last)).is_ok(), "{name}");
                    for at in [last + bits / 8, u32::MAX - 15] {
                        let got = call(&mut store, instance, &name, &args(at));
                        assert_eq!(trap_code(got), TrapCode::MemoryOutOfBounds, "{name} {at:x}");
                    }
                }
            }
        }
    }
}

#[test]
fn waiting_and_notifying_where_there_is_one_thread() {
    let text = |memory: &str| {
        format!(
            r#"(module {memory}
            (data (i32.const 8) "\05\00\00\00\00\00\00\80")
            (func (export "wait32") (param i32 i32 i64) (result i32)
                (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
            (func (export "wait64") (param i32 i64 i64) (result i32)
                (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
            (func (export "notify") (param i32 i32) (result i32)
                (atomic.fence)
                (memory.atomic.notify (local.get 0) (local.get 1))))"#
        )
    };
    let small = |at: i32, value: i32, time: i64| [Val::I32(at), Val::I32(value), Val::I64(time)];
    let large = |at: i32, value: i64, time: i64| [Val::I32(at), Val::I64(value), Val::I64(time)];
    for mode in MODES {
        let (mut store, shared) = new(mode, &text("(memory 1 1 shared)"));
        let mut result = |name: &str, args: &[Val]| call(&mut store, shared, name, args);
        let value = i64::MIN + 5;
        assert_eq!(result("wait32", &small(8, 4, -1)).unwrap(), [Val::I32(1)]);
        assert_eq!(result("wait32", &small(8, 5, 0)).unwrap(), [Val::I32(2)]);
        assert_eq!(result("wait64", &large(8, 5, -1)).unwrap(), [Val::I32(1)]);
        assert_eq!(result("wait64", &large(8, value, 1_000)).unwrap(), [Val::I32(2)]);
        assert_eq!(trap_code(result("wait32", &small(8, 5, -1))), TrapCode::Deadlock);
        assert_eq!(trap_code(result("wait64", &large(8, value, i64::MIN))), TrapCode::Deadlock);
        assert_eq!(trap_code(result("wait32", &small(10, 5, 0))), TrapCode::UnalignedAtomic);
        assert_eq!(trap_code(result("wait64", &large(12, 5, 0))), TrapCode::UnalignedAtomic);
        assert_eq!(trap_code(result("wait32", &small(-4, 5, 0))), TrapCode::MemoryOutOfBounds);
        assert_eq!(result("notify", &[Val::I32(8), Val::I32(-1)]).unwrap(), [Val::I32(0)]);
        let outside = result("notify", &[Val::I32(0x1_0000), Val::I32(1)]);
        assert_eq!(trap_code(outside), TrapCode::MemoryOutOfBounds);
        let (mut store, own) = new(mode, &text("(memory 1)"));
        let mut result = |name: &str, args: &[Val]| call(&mut store, own, name, args);
        assert_eq!(trap_code(result("wait32", &small(8, 4, 0))), TrapCode::UnsharedWait);
        assert_eq!(trap_code(result("wait64", &large(8, 4, 0))), TrapCode::UnsharedWait);
        assert_eq!(result("notify", &[Val::I32(8), Val::I32(-1)]).unwrap(), [Val::I32(0)]);
    }
}

#[test]
fn what_is_not_valid_is_refused() {
    let refused = |text: &str, expected: ModuleErrorKind| {
        for mode in MODES {
            let bytes = wat::parse_str(text).unwrap();
            match Module::from_vec(&Engine::new(mode), bytes).map(drop) {
                Err(Error::Module(error)) => assert_eq!(error.kind, expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    };
    refused("(module (memory 1 shared))", ModuleErrorKind::SharedWithoutMaximum);
    let with = |code: &str| format!("(module (memory 1) (func {code}))");
    for align in [1, 2, 8] {
        refused(
            &with(&format!("(drop (i32.atomic.load align={align} (i32.const 0)))")),
            if align == 8 { ModuleErrorKind::Alignment } else { ModuleErrorKind::AtomicAlignment },
        );
    }
    refused(
        &with("(drop (memory.atomic.wait64 align=4 (i32.const 0) (i64.const 0) (i64.const 0)))"),
        ModuleErrorKind::AtomicAlignment,
    );
    for code in [
        "(drop (i64.atomic.load (i64.const 0)))",
        "(i32.atomic.store (i32.const 0) (i64.const 0))",
        "(drop (i64.atomic.rmw8.cmpxchg_u (i32.const 0) (i64.const 0) (i32.const 0)))",
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(i32.const 0) (atomic.fence)",
    ] {
        refused(&with(code), ModuleErrorKind::TypeMismatch);
    }
    refused(
        "(module (func (drop (i32.atomic.load (i32.const 0)))))",
        ModuleErrorKind::UnknownMemory,
    );
}

#[test]
fn a_shared_memory_is_imported_as_one() {
    let maker = r#"(module (memory (export "shared") 1 2 shared) (memory (export "own") 1 2)
        (func (export "grow") (result i32) (memory.grow 0 (i32.const 1))))"#;
    for mode in MODES {
        let (mut store, maker) = new(mode, maker);
        let mut linker = Linker::new();
        linker.instance(&mut store, "m", maker).unwrap();
        for (import, fits) in [
            (r#"(import "m" "shared" (memory 1 2 shared))"#, true),
            (r#"(import "m" "own" (memory 1 2))"#, true),
            (r#"(import "m" "shared" (memory 1 2))"#, false),
            (r#"(import "m" "own" (memory 1 2 shared))"#, false),
        ] {
            let text = format!(
                r#"(module {import}
                (func (export "add") (param i32) (result i32)
                    (i32.atomic.rmw.add (local.get 0) (i32.const 7))))"#
            );
            let bytes = wat::parse_str(text).unwrap();
            let module = Module::from_vec(&Engine::new(mode), bytes).unwrap();
            let instance = linker.instantiate(&mut store, &module);
            assert_eq!(instance.is_ok(), fits, "{import}");
            if import.contains("\"shared\"") && fits {
                // Both see what each of them does, also what grows.
                let user = instance.unwrap();
                assert_eq!(call(&mut store, maker, "grow", &[]).unwrap(), [Val::I32(1)]);
                for expected in [0, 7, 14] {
                    let got = call(&mut store, user, "add", &[Val::I32(0x1_fff8)]).unwrap();
                    assert_eq!(got, [Val::I32(expected)]);
                }
            }
        }
    }
}

#[test]
fn a_precompiled_module_has_them() {
    let text = every_modification("(memory 1 2 shared)", "i32");
    let options = zonda_compiler::CompileOptions {
        word_size: size_of::<usize>() as u8,
        ..zonda_compiler::CompileOptions::default()
    };
    let file = zonda_compiler::compile(&wat::parse_str(&text).unwrap(), &options).unwrap();
    let engine = Engine::new(Mode::Fast);
    let module = Module::from_vec(&engine, file.clone()).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let args = [Val::I32(0), Val::I64(5), Val::I64(0)];
    for expected in [0, 5, 10] {
        let got = call(&mut store, instance, "i64.atomic.rmw16.add_u", &args).unwrap();
        assert_eq!(got, [Val::I64(expected)]);
    }
    // An opcode behind the prefix that does not exist, in the place of each that does.
    let mut damaged = 0;
    for at in 0..file.len() - 4 {
        if file[at] == 0xfe && (0x10..0x4f).contains(&file[at + 3]) {
            let mut file = file.clone();
            file[at + 3] = 0x4f;
            if Module::from_vec(&engine, file).is_err() {
                damaged += 1;
            }
        }
    }
    assert!(damaged >= 49, "only {damaged} instructions were found");
}
