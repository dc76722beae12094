//! Conditions of several comparisons, joined by `and` and `or`: a branch is taken as soon as one
//! comparison decides it, and everything is where it would be otherwise.

use std::fmt::Write;
use zonda::{Engine, Linker, Mode, Module, Store};

/// The parameters of each function: p, q, r of i32, x and y of i64, f and g of f64.
type Input = (i32, i32, i32, i64, i64, f64, f64);

const INPUTS: [Input; 9] = [
    (0, 0, 0, 0, 0, 0.0, 0.0),
    (1, 5, 0, -1, 1, 1.0, 2.0),
    (5, 1, 9, 1, -1, f64::NAN, 2.0),
    (-3, 5, 1, 1 << 40, 7, -1.0, -2.0),
    (4, 5, 0, 7, 7, 3.0, f64::NAN),
    (0x1234_5678, -1, 1, i64::MIN, 0, -0.0, 0.0),
    (i32::MIN, i32::MAX, 0, 0, i64::MAX, 1.5, 1.5),
    (i32::MAX, 5, 3, 2, 3, 9.0, -9.0),
    (1003, 2, 0, 3, 2, 0.5, 0.25),
];

const COMPARISONS: [&str; 8] = [
    "(i32.lt_s (local.get 0) (local.get 1))",
    "(i32.eq (local.get 1) (i32.const 5))",
    "(i32.ne (local.get 0) (i32.const 0x12345678))",
    "(i32.gt_u (i32.sub (local.get 0) (i32.const 3)) (i32.const 1000))",
    "(i32.eqz (local.get 2))",
    "(i64.lt_u (local.get 3) (local.get 4))",
    "(f64.lt (local.get 5) (local.get 6))",
    "(i32.ge_u (i32.mul (local.get 2) (local.get 1)) (i32.and (local.get 0) (i32.const 255)))",
];

/// What is done with a condition; `@` stands for it. Local 7 is 0, 8 what was computed last.
const USES: [&str; 17] = [
    "(block (br_if 0 @) (return (i32.const 1))) (i32.const 2)",
    "(block (block (br_if 1 @)) (return (local.get 0))) (local.get 1)",
    // The accumulator has a local's value before and behind.
    "(local.set 8 (i32.add (local.get 0) (i32.const 77)))
     (block (br_if 0 @) (return (i32.mul (local.get 8) (i32.const 3)))) (local.get 8)",
    // It has what one of the comparisons read.
    "(block (br_if 0 @) (return (i32.mul (local.get 0) (i32.const 3)))) (local.get 0)",
    "(block (br_if 0 @) (return (i32.mul (local.get 1) (i32.const 3)))) (local.get 1)",
    "(block (br_if 0 @) (return (i32.mul (local.get 2) (i32.const 3)))) (local.get 2)",
    "(if (result i32) @ (then (local.get 2)) (else (i32.sub (local.get 2) (local.get 1))))",
    "(if @ (then (local.set 7 (local.get 1)))) (local.get 7)",
    // Operands below the condition, in a slot and elsewhere; one that the branch brings.
    "(i32.add (block (result i32) (i32.mul (local.get 0) (local.get 1)) (br_if 0 @) (drop) (i32.const 9))
        (local.get 2))",
    "(i32.add (local.get 0) (if (result i32) @ (then (i32.const 4)) (else (local.get 1))))",
    "(i32.sub (i32.mul (local.get 0) (local.get 1)) (block (result i32) (block (br_if 0 @) (br 1 (i32.const 6)))
        (i32.const 8)))",
    // A branch back.
    "(loop (local.set 7 (i32.add (local.get 7) (i32.const 1)))
        (br_if 0 (i32.and (i32.lt_u (local.get 7) (i32.const 5)) @))) (local.get 7)",
    "(block (loop (local.set 7 (i32.add (local.get 7) (i32.const 1)))
        (br_if 1 (i32.ge_u (local.get 7) (i32.const 5))) (br_if 0 @))) (local.get 7)",
    // Values that the branch moves from their slots, and values above which it leaves: a block
    // brings them there.
    "(block (result i32) (i32.mul (local.get 0) (local.get 1)) (i32.add (local.get 0) (local.get 1))
        (block) (br_if 0 @) (i32.sub))",
    "(i32.mul (local.get 1) (local.get 1)) (block (i32.mul (local.get 0) (local.get 1)) (block) (br_if 0 @)
        (return))",
    // A branch to the function's own label, which returns.
    "(call $returns (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)
        (local.get 6)) (global.get 0)",
    // A return.
    "(br_if 0 (local.get 2) @) (drop) (i32.add (local.get 0) (local.get 1))",
];

/// Conditions of two and three comparisons, with a number that says which.
fn conditions() -> Vec<String> {
    let mut all = Vec::new();
    for (i, first) in COMPARISONS.iter().enumerate() {
        for (j, second) in COMPARISONS.iter().enumerate() {
            let third = COMPARISONS[(i * 3 + j + 1) % COMPARISONS.len()];
            for (op, other) in [("and", "or"), ("or", "and")] {
                all.push(format!("(i32.{op} {first} {second})"));
                all.push(format!("(i32.eqz (i32.{op} {first} {second}))"));
                all.push(format!("(i32.{op} (i32.{op} {first} {second}) {third})"));
                all.push(format!("(i32.{other} (i32.{op} {first} {second}) {third})"));
                all.push(format!("(i32.{op} {first} (i32.{other} {second} {third}))"));
                // Not only comparisons, and none that decides.
                all.push(format!("(i32.{op} {first} (local.get 2))"));
                all.push(format!("(i32.{op} (local.get 2) {second})"));
                all.push(format!("(i32.{op} (i32.sub (local.get 0) (local.get 1)) {second})"));
                all.push(format!("(i32.xor (i32.{op} {first} {second}) {third})"));
            }
        }
    }
    all
}

/// A module whose functions use each of these conditions in one way, in frames with more locals.
fn module(what: &str, conditions: &[String], locals: usize) -> Vec<u8> {
    let mut text = String::from("(module (global (mut i32) (i32.const 0))");
    for (index, condition) in conditions.iter().enumerate() {
        if what.contains("$returns") {
            let _ = write!(
                text,
                "(func $returns{index} (param i32 i32 i32 i64 i64 f64 f64)
                    (global.set 0 (i32.const 1)) (br_if 0 {condition}) (global.set 0 (i32.const 2)))"
            );
        }
        let _ = write!(
            text,
            "(func (export \"{index}\") (param i32 i32 i32 i64 i64 f64 f64) (result i32)
                (local i32 i32) (local {}) {})",
            "i64 ".repeat(locals),
            what.replace('@', condition).replace("$returns", &format!("$returns{index}"))
        );
    }
    wat::parse_str(text + ")").unwrap()
}

/// What all functions of a module return, for each input.
fn results(mode: Mode, bytes: &[u8], funcs: usize) -> Vec<i32> {
    let mut store = Store::new(&Engine::new(mode), ()).unwrap();
    let module = Module::new(&Engine::new(mode), bytes).unwrap();
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let mut all = Vec::new();
    for index in 0..funcs {
        let name = index.to_string();
        let func = instance.get_typed_func::<Input, i32>(&store, &name).unwrap();
        all.extend(INPUTS.iter().map(|&input| func.call(&mut store, input).unwrap()));
    }
    all
}

#[test]
fn each_condition_has_the_same_effect_in_both_modes() {
    let conditions = conditions();
    for what in USES {
        check(what, &conditions);
    }
}

/// A label that takes several bytes, and an `if` with parameters, whose type is an index.
#[test]
fn branches_far_out_and_ifs_with_parameters_have_the_same_effect() {
    for depth in [64, 128, 256, 300] {
        let far = format!(
            "{}(br_if {depth} @){} (return (i32.const 1)){} (i32.const 2)",
            "(block ".repeat(depth + 1),
            ")".repeat(depth),
            ")"
        );
        check(&far, &conditions()[..20]);
    }
    let with_params = "(local.get 0) (if (param i32) (result i32) @
        (then (i32.mul (i32.const 3))) (else (i32.sub (local.get 1))))";
    check(with_params, &conditions());
}

/// Checks that both modes do the same with these conditions.
fn check(what: &str, conditions: &[String]) {
    // Of a frame whose slots one byte names, and of a large one.
    for locals in [1, 200] {
        let bytes = module(what, conditions, locals);
        let classic = results(Mode::Classic, &bytes, conditions.len());
        let fast = results(Mode::Fast, &bytes, conditions.len());
        let wrong = classic.iter().zip(&fast).position(|(a, b)| a != b);
        assert_eq!(
            wrong.map(|at| (&conditions[at / INPUTS.len()], INPUTS[at % INPUTS.len()])),
            None,
            "{what} with {locals} locals"
        );
    }
}

/// Bytes of register bytecode of one function.
fn len(what: &str) -> u32 {
    let bytes = module(what, &[String::new()], 1);
    Module::from_vec(&Engine::new(Mode::Fast), bytes).unwrap().info().code_bytes
}

/// A comparison that decides is a branch of its own: the code is as long as that of the branches.
#[test]
fn a_comparison_that_decides_is_a_branch() {
    for first in COMPARISONS {
        for second in COMPARISONS {
            let or = format!(
                "(block (br_if 0 (i32.or {first} {second})) (return (i32.const 1))) (i32.const 2)"
            );
            let and = format!(
                "(block (br_if 0 (i32.and {first} {second})) (return (i32.const 1))) (i32.const 2)"
            );
            let first_then_second = format!(
                "(block (br_if 0 {first}) (br_if 0 {second}) (return (i32.const 1))) (i32.const 2)"
            );
            let both = format!(
                "(block (block (br_if 0 (i32.eqz {first})) (br_if 1 {second})) (return (i32.const 1))) (i32.const 2)"
            );
            assert_eq!(len(&or), len(&first_then_second), "{or}");
            assert_eq!(len(&and), len(&both), "{and}");
            let arms = "(then (return (local.get 0)))";
            let nested = format!("(if {first} (then (if {second} {arms}))) (local.get 1)");
            let joined = format!("(if (i32.and {first} {second}) {arms}) (local.get 1)");
            assert_eq!(len(&joined), len(&nested), "{joined}");
        }
    }
}
