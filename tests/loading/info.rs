//! What a module says about itself: bytes that it takes, and what its functions need.

use crate::forge;
use crate::run::Aligned;
use zonda::{Engine, Mode, Module};

fn loaded(mode: Mode, text: &str) -> u32 {
    let bytes = wat::parse_str(text).expect("the test's module is well formed");
    Module::from_vec(&Engine::new(mode), bytes).expect("the module is valid").info().loaded_bytes
}

/// Each item that loading keeps a record of counts.
#[test]
fn everything_that_is_kept_is_counted() {
    let items = [
        "(type (func (param i64)))",
        "(import \"m\" \"f\" (func))",
        "(memory 1)",
        "(table 1 funcref)",
        "(global i32 (i32.const 1))",
        "(func)",
        "(table 1 funcref) (elem (i32.const 0) 0) (func)",
        "(memory 1) (data (i32.const 0) \"x\")",
    ];
    for &mode in Mode::ALL {
        let empty = loaded(mode, "(module)");
        for item in items {
            let one = loaded(mode, &format!("(module {item})"));
            assert!(one > empty && one < empty + 400, "{item}: {one} bytes, {empty} without it");
        }
        // A segment besides what it fills.
        for (without, with) in [
            ("(table 1 funcref)", "(table 1 funcref) (elem (i32.const 0) func)"),
            ("(memory 1)", "(memory 1) (data (i32.const 0) \"x\")"),
            ("(type (func))", "(type (func)) (import \"m\" \"f\" (func (type 0)))"),
        ] {
            let [without, with] =
                [without, with].map(|items| loaded(mode, &format!("(module {items})")));
            assert!(with > without && with < without + 100, "{without}, {with} bytes");
        }
        // Twenty of a kind take twenty times the bytes of one.
        for item in ["(global i32 (i32.const 1))", "(memory 1)", "(table 1 funcref)", "(func)"] {
            let of = |count: usize| loaded(mode, &format!("(module {})", item.repeat(count)));
            assert_eq!(of(21) - of(1), 20 * (of(2) - of(1)), "{item}, {mode:?}");
        }
    }
}

#[test]
fn functions_say_what_they_need() {
    let text = "(module (import \"m\" \"f\" (func))
        (func (param i32 i64) (local f64 f32) (drop (i64.add (local.get 1) (i64.const 1))))
        (func (result i32) (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3)))))";
    let bytes = wat::parse_str(text).unwrap();
    for &mode in Mode::ALL {
        let module = Module::new(&Engine::new(mode), &bytes).unwrap();
        let info = module.info();
        assert_eq!((info.imported_funcs, info.funcs), (1, 2));
        assert_eq!((info.module_bytes, info.memory_bytes), (bytes.len() as u32, 0));
        let funcs: Vec<_> = module.funcs().collect();
        assert_eq!(funcs.iter().map(|func| func.index).collect::<Vec<_>>(), [1, 2]);
        // Parameters take three slots, the other locals three.
        assert_eq!(funcs.iter().map(|func| func.local_slots).collect::<Vec<_>>(), [6, 0]);
        let operands: Vec<u32> = funcs.iter().map(|func| func.operand_slots).collect();
        assert!(operands[0] >= 4 && operands[0] <= 6, "{operands:?}");
        assert!(operands[1] >= 3 && operands[1] <= 5, "{operands:?}");
        for func in &funcs {
            // Locals that are not parameters, the record of a call, and the operands.
            let locals = func.local_slots - if func.index == 1 { 3 } else { 0 };
            let least = (locals + func.operand_slots) * 4;
            assert!(func.frame_bytes > least && func.frame_bytes <= least + 64, "{func:?}");
            let (at, len) = func.code;
            assert_eq!(bytes[(at + len - 1) as usize], 0x0b, "code ends with `end`");
        }
    }
}

/// Code and records count where loading makes them, and not where they lie in a precompiled module.
#[test]
fn code_counts_where_it_is_made() {
    let text =
        "(module (func (param i32) (result i32) (i32.mul (local.get 0) (i32.const 1000))) (func))";
    let bytes = wat::parse_str(text).unwrap();
    let options = zonda_compiler::CompileOptions {
        word_size: size_of::<usize>() as u8,
        keep_code: false,
        debug: false,
    };
    let file = Aligned::new(&zonda_compiler::compile(&bytes, &options).unwrap());
    let [_, records, code] = forge::parts(file.bytes());
    let fast = Engine::new(Mode::Fast);
    let made = Module::new(&fast, &bytes).unwrap().info();
    let stored = Module::new(&fast, file.bytes()).unwrap().info();
    let code = (code.len() - forge::GUARD) as u32;
    assert_eq!((made.code_bytes, stored.code_bytes), (code, 0));
    assert_eq!(made.loaded_bytes - stored.loaded_bytes, records.len() as u32 + code);
    // An entry of the side table for each branch.
    let branches = |count: usize| {
        let text = format!(
            "(module (func (param i32) {}))",
            "(block (br_if 0 (local.get 0)))".repeat(count)
        );
        let bytes = wat::parse_str(text).unwrap();
        Module::from_vec(&Engine::new(Mode::Classic), bytes).unwrap().info()
    };
    let (one, eleven) = (branches(1), branches(11));
    assert_eq!(eleven.code_bytes - one.code_bytes, 60);
    assert_eq!(eleven.loaded_bytes - one.loaded_bytes, 60);
    // A record for each function.
    for (mode, record) in [(Mode::Classic, size_of::<zonda_exec::ClassicFunc>()), (Mode::Fast, 16)]
    {
        let of = |count: usize| loaded(mode, &format!("(module {})", "(func)".repeat(count)));
        let code = |count: usize| {
            let bytes = wat::parse_str(format!("(module {})", "(func)".repeat(count))).unwrap();
            Module::from_vec(&Engine::new(mode), bytes).unwrap().info().code_bytes
        };
        let records = of(12) - code(12) - (of(2) - code(2));
        assert_eq!(records as usize, 10 * record, "{mode:?}");
    }
}

/// A handler for each clause counts as code, in both modes.
#[test]
#[cfg(feature = "exceptions")]
fn handlers_of_exceptions_are_counted() {
    let of = |mode: Mode, clauses: usize| {
        let catch = "(catch $t 0)".repeat(clauses);
        let text = format!("(module (tag $t) (func (try_table {catch} (throw $t))))");
        let bytes = wat::parse_str(text).unwrap();
        Module::from_vec(&Engine::new(mode), bytes).unwrap().info()
    };
    for &mode in Mode::ALL {
        let (two, twelve) = (of(mode, 2), of(mode, 12));
        let handlers = 10 * size_of::<zonda_exec::unwind::Handler>() as u32;
        let code = twelve.code_bytes as i64 - two.code_bytes as i64;
        // The list may have room for some more.
        let bounds = handlers as i64..=2 * handlers as i64;
        assert!(bounds.contains(&code), "{mode:?}: {code} bytes, {handlers} for the handlers");
        assert_eq!(i64::from(twelve.loaded_bytes) - i64::from(two.loaded_bytes), code);
    }
}
