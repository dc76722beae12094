//! Calls through tables whose indices have 64 bits: the index takes two slots, whatever lies below
//! it and wherever it comes from.

use zonda::{Engine, Linker, Mode, Module, Store};

#[test]
fn indirect_calls_through_64_bit_tables() {
    // The index: a constant, a local, a sum in a stack slot, an extended word; the table is one of
    // 32 bits for comparison.
    let indices = [
        "(i64.const 1)",
        "(local.get $i)",
        "(i64.add (local.get $i) (i64.const 0))",
        "(i64.extend_i32_u (local.get $x))",
    ];
    let callees = [
        ("none", "(func (result i32) (i32.const 5))", "", 5),
        (
            "word",
            "(func (param i32) (result i32) (i32.sub (local.get 0) (i32.const 7)))",
            "(i32.mul (local.get $x) (i32.const 30))",
            23,
        ),
        (
            "two",
            "(func (param i32 i64) (result i32)
            (i32.sub (i32.wrap_i64 (local.get 1)) (local.get 0)))",
            "(i32.add (local.get $x) (i32.const 1)) (i64.mul (local.get $i) (i64.const 9))",
            7,
        ),
    ];
    for index in indices {
        for (name, callee, arguments, expected) in callees {
            let types = callee.split_once("(result").map_or("", |(params, _)| params);
            let types = types.trim_start_matches("(func");
            let call = format!("(call_indirect $t {types} (result i32) {arguments} {index})");
            let tail =
                format!("(return_call_indirect $t {types} (result i32) {arguments} {index})");
            let text = format!(
                "(module
                    (table $t i64 2 funcref)
                    (elem (table $t) (offset (i64.const 0)) func $wrong $f)
                    (func $wrong unreachable)
                    {}
                    (func (export \"call\") (param $x i32) (param $i i64) (result i32)
                        (i32.sub (i32.mul (local.get $x) (i32.const 1000))
                            (i32.add (i32.mul (local.get $x) (i32.const 100)) {call})))
                    (func (export \"tail\") (param $x i32) (param $i i64) (result i32) {tail}))",
                callee.replacen("(func", "(func $f", 1)
            );
            let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            for &mode in Mode::ALL {
                let engine = Engine::new(mode);
                let module = Module::new(&engine, &bytes).unwrap();
                let mut store = Store::new(&engine, ()).unwrap();
                let instance = Linker::new().instantiate(&mut store, &module).unwrap();
                let mut run = |export: &str| {
                    let func = instance.get_typed_func::<(i32, i64), i32>(&store, export).unwrap();
                    func.call(&mut store, (1, 1))
                };
                assert_eq!(run("call"), Ok(900 - expected), "{name}, {index}, {mode:?}");
                assert_eq!(run("tail"), Ok(expected), "{name}, {index}, {mode:?}");
            }
        }
    }
}

/// A callee without results, or with several, leaves another number where the caller's topmost
/// operand was before: with indices of either width, and operands that wait in either place.
#[test]
fn operands_below_an_indirect_call_stay() {
    for (table, index) in [("", "(i32.const 0)"), ("i64", "(i64.const 0)")] {
        for (results, body, after, expected) in [
            ("", "i32.const 99 global.set $g", "", 2),
            ("(result i32)", "i32.const 5", "i32.sub", -3),
            (
                "(result i32 i32)",
                "i32.const 1 i32.const 2",
                "i32.const 10 i32.mul i32.add i32.sub",
                -19,
            ),
            (
                "(result i32 i32 i32)",
                "i32.const 1 i32.const 2 i32.const 4",
                "i32.mul i32.sub i32.mul",
                -14,
            ),
        ] {
            let text = format!(
                "(module (table $t {table} 1 funcref) (elem (table $t) (offset {index}) func $v)
                    (type $t (func {results})) (global $g (mut i32) (i32.const 0))
                    (func $v (type $t) {body})
                    (func (export \"f\") (param i32) (result i32)
                        (i32.add (local.get 0) (i32.const 1))
                        (call_indirect $t (type $t) {index})
                        {after} i32.const 10 i32.add))"
            );
            let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            for &mode in Mode::ALL {
                let engine = Engine::new(mode);
                let module = Module::new(&engine, &bytes).unwrap();
                let mut store = Store::new(&engine, ()).unwrap();
                let instance = Linker::new().instantiate(&mut store, &module).unwrap();
                let func = instance.get_typed_func::<i32, i32>(&store, "f").unwrap();
                assert_eq!(func.call(&mut store, 1), Ok(expected + 10), "{text}, {mode:?}");
            }
        }
    }
}

/// A host function that ends a function leaves its results in place of the operands, which the
/// function then returns.
#[test]
fn tail_calls_of_host_functions_return_their_results() {
    for (table, index) in [("", "(i32.const 0)"), ("i64", "(i64.const 0)")] {
        let text = format!(
            "(module (type $h (func (param i32 i64) (result i64 i32)))
                (import \"env\" \"swap\" (func $swap (type $h)))
                (table $t {table} 1 funcref) (elem (table $t) (offset {index}) func $swap)
                (func (export \"f\") (param i32 i64) (result i64 i32)
                    (return_call_indirect $t (type $h) (local.get 0) (local.get 1) {index}))
                (func (export \"g\") (param i32 i64) (result i64 i32)
                    (return_call $swap (local.get 0) (local.get 1))))"
        );
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        for &mode in Mode::ALL {
            let engine = Engine::new(mode);
            let module = Module::new(&engine, &bytes).unwrap();
            let mut store = Store::new(&engine, ()).unwrap();
            let mut linker = Linker::new();
            linker.func_wrap("env", "swap", |a: i32, b: i64| (b + 1, a + 2)).unwrap();
            let instance = linker.instantiate(&mut store, &module).unwrap();
            for export in ["f", "g"] {
                let func =
                    instance.get_typed_func::<(i32, i64), (i64, i32)>(&store, export).unwrap();
                assert_eq!(func.call(&mut store, (5, 7)), Ok((8, 7)), "{text}, {mode:?}");
            }
        }
    }
}
