//! The format survives damage, the executor notices every kind of failure, and resets change
//! nothing.
#![cfg(feature = "std")]

use zonda_script::{compile, run, Command, Counts, Options, Script};

fn counts(source: &str) -> (Counts, Vec<String>) {
    let bytes = compile("test.wast", source).unwrap();
    let mut messages = Vec::new();
    let script = Script::new(&bytes).unwrap();
    let counts =
        run(&script, &Options::default(), &mut |line| messages.push(line.to_string())).unwrap();
    (counts, messages)
}

const MODULES: &str = r#"
    (module $a
        (global (export "g") i32 (i32.const 7))
        (func (export "one") (result i32) (i32.const 1))
        (func (export "nan") (result f32) (f32.const nan))
        (func (export "payload") (result f32) (f32.const nan:0x600000))
        (func (export "signalling") (result f64) (f64.const nan:0x1))
        (func (export "ref") (param externref) (result externref) (local.get 0))
        (func $trap (export "trap") unreachable)
        (func $deep (export "deep") (call $deep))
        (func (export "func") (result funcref) (ref.func $trap))
        (elem declare func $trap))
    (register "a" $a)
"#;

#[test]
fn what_holds_passes() {
    let source = format!(
        r#"{MODULES}
        (assert_return (invoke "one") (i32.const 1))
        (assert_return (get $a "g") (i32.const 7))
        (assert_return (invoke "nan") (f32.const nan:canonical))
        (assert_return (invoke "payload") (f32.const nan:arithmetic))
        (assert_return (invoke "ref" (ref.extern 5)) (ref.extern 5))
        (assert_return (invoke "ref" (ref.null extern)) (ref.null extern))
        (assert_return (invoke "func") (ref.func))
        (assert_trap (invoke "trap") "unreachable")
        (assert_exhaustion (invoke "deep") "call stack exhausted")
        (assert_unlinkable (module (import "a" "none" (func))) "unknown import")
        (assert_unlinkable (module (import "a" "one" (func))) "incompatible import type")
        (assert_trap (module (memory 1) (data (i32.const 65536) "x")) "out of bounds memory access")
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_malformed (module binary "\00asm" "\02\00\00\00") "unknown binary version")
        (assert_malformed (module quote "(func") "unexpected end")
        (invoke "one")"#
    );
    let (counts, messages) = counts(&source);
    assert_eq!(messages, Vec::<String>::new());
    assert_eq!(counts, Counts { passed: 17, failed: 0, unsupported: 0, text: 1 });
}

#[test]
fn what_does_not_hold_fails() {
    let wrong = [
        r#"(assert_return (invoke "one") (i32.const 2))"#,
        r#"(assert_return (invoke "one") (i64.const 1))"#,
        r#"(assert_return (invoke "one"))"#,
        r#"(assert_return (invoke "none") (i32.const 1))"#,
        r#"(assert_return (invoke $b "one") (i32.const 1))"#,
        r#"(assert_return (get "g") (i32.const 8))"#,
        r#"(assert_return (invoke "payload") (f32.const nan:canonical))"#,
        r#"(assert_return (invoke "signalling") (f64.const nan:arithmetic))"#,
        r#"(assert_return (invoke "nan") (f32.const nan:0x600000))"#,
        r#"(assert_return (invoke "ref" (ref.extern 5)) (ref.extern 6))"#,
        r#"(assert_return (invoke "ref" (ref.extern 5)) (ref.null extern))"#,
        r#"(assert_return (invoke "func") (ref.null func))"#,
        r#"(assert_return (invoke "trap"))"#,
        r#"(assert_trap (invoke "one") "unreachable")"#,
        r#"(assert_trap (invoke "trap") "integer overflow")"#,
        r#"(assert_trap (invoke "none") "unreachable")"#,
        r#"(assert_exhaustion (invoke "trap") "call stack exhausted")"#,
        r#"(assert_exhaustion (invoke "one") "call stack exhausted")"#,
        r#"(assert_unlinkable (module (import "a" "one" (func (result i32)))) "incompatible import type")"#,
        r#"(assert_unlinkable (module (import "a" "one" (func))) "unknown import")"#,
        r#"(assert_unlinkable (module (func) (start 0)) "unknown import")"#,
        r#"(assert_trap (module (func) (start 0)) "unreachable")"#,
        r#"(assert_invalid (module) "type mismatch")"#,
        r#"(assert_malformed (module binary "\00asm" "\01\00\00\00") "unknown binary version")"#,
        r#"(assert_malformed (module quote "(func)") "unexpected end")"#,
        r#"(module (import "a" "none" (func)))"#,
        r#"(module binary "\00asm")"#,
        r#"(register "b" $none)"#,
        r#"(invoke "trap")"#,
    ];
    for directive in wrong {
        let (counts, messages) = counts(&format!("{MODULES}{directive}"));
        assert_eq!((counts.passed, counts.failed, counts.text), (2, 1, 0), "{directive}");
        assert!(messages.len() == 1 && messages[0].starts_with("test.wast:"), "{messages:?}");
    }
}

#[test]
fn what_is_not_supported_is_counted() {
    let (counts, _) = counts(
        r#"(module (rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct)))
            (func (export "f") (result i32) i32.const 1))
        (assert_return (invoke "f") (i32.const 1))"#,
    );
    assert_eq!(counts, Counts { passed: 0, failed: 0, unsupported: 2, text: 0 });
}

#[test]
fn one_of_several_results_and_exceptions() {
    let (counts, messages) = counts(
        r#"(module (tag $t) (func (export "f") (result i32) (i32.const 1)) (func (export "g") (throw $t)))
        (assert_return (invoke "f") (either (i32.const 1) (i32.const 2)))
        (assert_exception (invoke "g"))
        (assert_return (invoke "f") (either (i32.const 2) (i32.const 3)))
        (assert_exception (invoke "f"))"#,
    );
    assert_eq!(counts, Counts { passed: 3, failed: 2, unsupported: 0, text: 0 }, "{messages:?}");
}

#[test]
fn after_a_module_that_fails_there_is_no_instance() {
    let (counts, _) = counts(
        r#"(module (func (export "f") (result i32) (i32.const 1)))
        (module (import "none" "none" (func)) (func (export "f") (result i32) (i32.const 1)))
        (assert_return (invoke "f") (i32.const 1))"#,
    );
    assert_eq!((counts.passed, counts.failed), (1, 2));
}

#[test]
fn a_reset_stands_only_where_nothing_looks_back() {
    let source = r#"
        (module (func (export "f")))
        (invoke "f")
        (module $a (global (export "g") (mut i32) (i32.const 1)))
        (register "a" $a)
        (module $b (import "a" "g" (global (mut i32))) (func (export "set") (global.set 0 (i32.const 2))))
        (invoke "set")
        (module (func (export "f")))
        (assert_return (get $a "g") (i32.const 2))
        (module (func (export "f")))
        (assert_return (invoke "f"))"#;
    let bytes = compile("test.wast", source).unwrap();
    let resets: Vec<u32> = Script::new(&bytes)
        .unwrap()
        .commands()
        .filter_map(|command| match command.unwrap() {
            (line, Command::Reset) => Some(line),
            _ => None,
        })
        .collect();
    assert_eq!(resets, [4, 10]);
    assert_eq!(counts(source).0, Counts { passed: 10, failed: 0, unsupported: 0, text: 0 });
}

#[test]
fn a_damaged_script_is_refused_and_never_panics() {
    let bytes =
        compile("test.wast", &format!("{MODULES}(assert_return (invoke \"one\") (i32.const 1))"))
            .unwrap();
    let read = |bytes: &[u8]| {
        Script::new(bytes)
            .map(|script| script.commands().filter(|command| command.is_err()).count())
    };
    assert_eq!(read(&bytes), Ok(0));
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "cut at {length}");
        // With a length that is true again, reading ends in an error or after fewer commands.
        let mut cut = bytes[..length].to_vec();
        if let Some(field) = cut.get_mut(8..12) {
            field.copy_from_slice(&(length as u32).to_le_bytes());
        }
        let _ = read(&cut);
    }
    for at in 12..bytes.len() {
        for byte in [0, 0x7f, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            let _ = read(&damaged);
        }
    }
}
