//! Functions that the short encoding of register bytecode cannot hold: many locals, a deep operand
//! stack, long distances, long tables. Both modes have to agree, and with what the test computes
//! itself.

use std::fmt::Write;
use zonda::{Engine, Linker, Mode, Module, Store};

/// What an export of type i32 → i64 returns for each argument, in each mode.
fn results(text: &str, export: &str, arguments: &[i32]) -> Vec<i64> {
    let bytes = wat::parse_str(text).expect("the test's module is well formed");
    let run = |mode: Mode| -> Vec<i64> {
        let engine = Engine::new(mode);
        let module = Module::new(&engine, &bytes).expect("the module is valid");
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let func = instance.get_typed_func::<i32, i64>(&store, export).unwrap();
        arguments.iter().map(|&argument| func.call(&mut store, argument).unwrap()).collect()
    };
    let (classic, fast) = (run(Mode::Classic), run(Mode::Fast));
    assert_eq!(classic, fast);
    fast
}

#[test]
fn locals_beyond_what_a_byte_names() {
    // 200 locals of one slot, 100 of two: 400 slots and more.
    let mut body = String::new();
    for i in 0..200 {
        writeln!(
            body,
            "(local.set {} (i32.add (i32.mul (local.get 0) (i32.const {})) (i32.const 7)))",
            i + 1,
            i + 3
        )
        .unwrap();
    }
    for i in 0..100 {
        let from = if i == 0 {
            "(i64.extend_i32_s (local.get 200))".to_string()
        } else {
            format!("(i64.rotl (local.get {}) (i64.const {i}))", 200 + i)
        };
        writeln!(body, "(local.set {} (i64.xor {from} (i64.const 0x123456789)))", 201 + i).unwrap();
    }
    // Old values of locals that change, selects, comparisons, memory, calls: all with slots that
    // are far.
    for i in (1..200).step_by(7) {
        writeln!(
            body,
            "(local.set {a} (i32.sub (local.get {a}) (local.tee {a} (i32.xor (local.get {b}) (i32.const 0x55aa55)))))
             (i32.store offset=300 (i32.const {at}) (local.get {a}))
             (i64.store offset=600 (i32.const {at}) (local.get {w}))
             (local.set {b} (select (local.get {a}) (i32.load offset=300 (i32.const {at})) (i32.lt_s (local.get {a}) (local.get {b}))))
             (local.set {w} (i64.add (i64.load offset=600 (i32.const {at})) (i64.extend_i32_u (call $mix (local.get {a}) (local.get {w}) (local.get {b})))))
             (if (i32.gt_u (local.get {a}) (i32.const 70000)) (then (local.set {b} (i32.div_u (local.get {a}) (i32.const 3)))) (else (global.set $g (local.get {w}))))",
            a = i,
            b = i + 1,
            w = 201 + i % 100,
            at = i * 4
        )
        .unwrap();
    }
    body.push_str("(global.get $g)");
    for i in 0..200 {
        writeln!(body, "(i64.extend_i32_s (local.get {})) (i64.add)", i + 1).unwrap();
    }
    for i in 0..100 {
        writeln!(body, "(local.get {}) (i64.xor)", 201 + i).unwrap();
    }
    let text = format!(
        "(module (memory 1) (global $g (mut i64) (i64.const 5))
           (func $mix (param i32 i64 i32) (result i32) (i32.add (i32.mul (local.get 0) (local.get 2)) (i32.wrap_i64 (i64.shr_u (local.get 1) (i64.const 9)))))
           (func (export \"run\") (param i32) (result i64) (local {}) (local {}) {body}))",
        "i32 ".repeat(200),
        "i64 ".repeat(100)
    );
    let given = results(&text, "run", &[0, 1, -5, 123_456]);
    assert!(given.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn operands_deeper_than_a_byte_counts() {
    // 300 values of one slot below 100 of two, then all of them added; and a call with 90 arguments
    // on top of it.
    let mut body = String::new();
    for i in 0..300 {
        writeln!(body, "(i32.add (local.get 0) (i32.const {i}))").unwrap();
    }
    for i in 0..100 {
        writeln!(body, "(i64.mul (i64.extend_i32_s (local.get 0)) (i64.const {i}))").unwrap();
    }
    for i in 0..90 {
        writeln!(body, "(i32.const {i})").unwrap();
    }
    body.push_str("(call $sum)");
    body.push_str("(i64.extend_i32_u) (i64.add)");
    for _ in 0..99 {
        body.push_str("(i64.add)");
    }
    body.push_str("(local.set 1)");
    for _ in 0..299 {
        body.push_str("(i32.add)");
    }
    body.push_str("(i64.extend_i32_s) (local.get 1) (i64.add)");
    let sum: String = (1..90).map(|i| format!("(i32.add (local.get {i}))")).collect();
    let text = format!(
        "(module (func $sum (param {}) (result i32) (local.get 0) {sum})
           (func (export \"run\") (param i32) (result i64) (local i64) {body}))",
        "i32 ".repeat(90)
    );
    for x in [0i32, 3, -1000] {
        let words = 300 * i64::from(x) + (0..300).sum::<i64>();
        let pairs = i64::from(x) * (0..100).sum::<i64>();
        assert_eq!(results(&text, "run", &[x]), [words + pairs + (0..90).sum::<i64>()]);
    }
}

#[test]
fn branches_over_more_than_32_kilobytes() {
    // Forward out of a block, back to a loop, and around an `else`, each over a body that does not
    // fit into 16 bits; values are carried along.
    let long: String = (0..9000)
        .map(|i| format!("(local.set 1 (i32.add (local.get 1) (i32.const {})))", 1_000_003 + i))
        .collect();
    let each: i32 = (0..9000).fold(0i32, |sum, i| sum.wrapping_add(1_000_003 + i));
    let text = format!(
        "(module (func (export \"run\") (param i32) (result i64) (local i32)
           (block (br_if 0 (i32.eq (local.get 0) (i32.const 9)))
             (loop {long}
               (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0)))))
           (i64.extend_i32_s (i32.add (local.get 1)
             (block (result i32) (i32.const 7) (br_if 0 (i32.const 11) (local.get 0)) (drop) (drop) {long} (local.get 1))))))"
    );
    // One turn, after which the local is 0, so that the second body is executed, too. The first
    // operand of the sum is from before it.
    assert_eq!(results(&text, "run", &[1]), [i64::from(each.wrapping_mul(3))]);
    assert_eq!(results(&text, "run", &[9]), [11]);
}

#[test]
fn a_table_of_branches_with_more_targets_than_16_bits_count() {
    let targets: String = (0..70_000).map(|i| if i % 3 == 0 { "0 " } else { "1 " }).collect();
    let text = format!(
        "(module (func (export \"run\") (param i32) (result i64)
           (i64.extend_i32_s (block (result i32)
             (i32.add (i32.const 100) (block (result i32) (i32.const 5) (i32.const 42) (local.get 0) (br_table {targets} 1)))))))"
    );
    assert_eq!(
        results(&text, "run", &[0, 1, 69_999, 69_998, 70_000, -1]),
        [142, 42, 142, 42, 42, 42]
    );
}

/// Values of each kind that wait on the operand stack at each slot around the last one that a byte
/// names, where a call makes them be written.
#[test]
fn values_written_to_slots_around_the_last_that_a_byte_names() {
    let values = [
        "(i64.const 5)",
        "(i64.const -3)",
        "(i64.const 0x123456789ab)",
        "(local.get $wide)",
        "(i64.extend_i32_u (local.get 0))",
        "(i64.extend_i32_s (local.get 0))",
        "(i64.extend_i32_u (i32.mul (local.get 0) (i32.const 77)))",
        "(i64.extend_i32_s (i32.mul (local.get 0) (i32.const 77)))",
        "(i64.extend_i32_u (local.tee $word (i32.sub (local.get 0) (i32.const 1))))",
        "(i64.extend_i32_s (i32.const -9)) (i64.add (local.get $wide))",
        "(i64.extend_i32_u (i32.lt_s (local.get 0) (i32.const 3)))",
    ];
    let inputs = [-7, 2, 0x1234_5678];
    for value in values {
        let mut first = None;
        for below in [240, 252, 253, 254, 255, 256, 257] {
            let (words, sums) = ("(local.get 0) ".repeat(below), "(i32.add) ".repeat(below - 1));
            let text = format!(
                r#"(module (func $nothing)
                  (func (export "f") (param i32) (result i64) (local $wide i64) (local $word i32)
                    (local.set $wide (i64.mul (i64.extend_i32_s (local.get 0)) (i64.const 0x100000003)))
                    {words} {value} (call $nothing) (local.set $wide) {sums}
                    (i64.extend_i32_s) (i64.xor (local.get $wide))))"#
            );
            let found = results(&text, "f", &inputs);
            let without_words: Vec<i64> = (found.iter().zip(inputs))
                .map(|(&all, x)| all ^ i64::from((below as i32).wrapping_mul(x)))
                .collect();
            let expected = first.get_or_insert_with(|| without_words.clone());
            assert_eq!(&without_words, expected, "{value}, {below} below it");
        }
    }
}

/// A branch back while a slot equals, or differs from, a small constant; in a large function the
/// branch leads around a jump, and the condition is the opposite.
#[test]
fn loops_that_compare_a_slot_with_a_constant_in_a_large_function() {
    for (relation, continues, ends) in [("eq", 1, 0), ("ne", 0, 1)] {
        let text = format!(
            r#"(module (func (export "f") (param $n i32) (result i64)
                (local $state i32) (local $count i64) {}
                (loop $again
                    (local.set $count (i64.add (local.get $count) (i64.const 1)))
                    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                    (local.set $state (select (i32.const {continues}) (i32.const {ends})
                        (i32.gt_s (local.get $n) (i32.const 0))))
                    (br_if $again (i32.{relation} (local.get $state) (i32.const 1))))
                (local.get $count)))"#,
            "(local i32)".repeat(300)
        );
        assert_eq!(results(&text, "f", &[1, 2, 7]), [1, 2, 7], "{relation}");
    }
}
