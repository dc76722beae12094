//! Programs for faults that are injected at every step: what code can do, in small, and the real
//! modules with less work than elsewhere.
//!
//! Every one exports `run(i32) -> i32`, which returns the same result however often it is called,
//! and also after a call that was stopped anywhere; but for two whose memory remembers.

#![allow(dead_code)]

use super::modules;

pub struct Program {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub argument: i32,
    pub result: i32,
    /// Result or steps depend on calls before.
    pub remembers: bool,
}

/// Name, argument, result, text. The functions import `tick`, which adds one.
const TEXTS: &[(&str, i32, i32, &str)] = &[
    (
        "calls",
        12,
        144,
        r#"(module
        (import "env" "tick" (func $tick (param i32) (result i32)))
        (func $fib (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                (then (call $tick (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
        (func (export "run") (param i32) (result i32) (call $fib (local.get 0))))"#,
    ),
    (
        "indirect calls",
        100,
        5150,
        r#"(module
        (type $f (func (param i32 i32) (result i32)))
        (table funcref (elem $add $skip))
        (func $add (type $f) (i32.add (local.get 0) (local.get 1)))
        (func $skip (type $f) (i32.add (local.get 0) (i32.const 1)))
        (func (export "run") (param i32) (result i32) (local $sum i32) (local $i i32)
            (loop $next
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (local.set $sum (call_indirect (type $f) (local.get $sum) (local.get $i) (i32.const 0)))
                (local.set $sum (call_indirect (type $f) (local.get $sum) (local.get $i) (i32.and (i32.const 1) (local.get $i))))
                (local.set $sum (i32.sub (local.get $sum) (select (local.get $i) (i32.const 0) (i32.eqz (i32.and (i32.const 1) (local.get $i))))))
                (br_if $next (i32.lt_u (local.get $i) (local.get 0))))
            (i32.add (local.get $sum) (i32.const 50))))"#,
    ),
    (
        "tail calls",
        150,
        11_325,
        r#"(module
        (type $f (func (param i32 i32) (result i32)))
        (import "env" "tick" (func $tick (param i32) (result i32)))
        (table funcref (elem $even $odd))
        (func $even (type $f)
            (if (i32.eqz (local.get 0)) (then (return_call $tick (local.get 1))))
            (return_call $odd (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (local.get 0))))
        (func $odd (type $f)
            (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
            (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (local.get 0)) (i32.const 0)))
        (func (export "run") (param i32) (result i32) (call $odd (local.get 0) (call $even (local.get 0) (i32.const -11326)))))"#,
    ),
    (
        "branch tables",
        60,
        140,
        r#"(module
        (import "env" "tick" (func $tick (param i32) (result i32)))
        (func (export "run") (param i32) (result i32) (local $sum i32)
            (block $done
                (loop $again
                    (br_if $done (i32.eqz (local.get 0)))
                    (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                    (block $two
                        (block $one
                            (br_table $again $one $two (i32.rem_u (local.get 0) (i32.const 3))))
                        (local.set $sum (i32.add (local.get $sum) (i32.const 3)))
                        (br $again))
                    (local.set $sum (call $tick (i32.add (local.get $sum) (i32.const 3))))
                    (br $again)))
            (local.get $sum)))"#,
    ),
    (
        "memory and tables",
        40,
        6998,
        r#"(module
        (import "env" "tick" (func $tick (param i32) (result i32)))
        (memory (export "memory") 1 3)
        (table $t 8 16 funcref)
        (data $d "abcdefgh")
        (elem $e func $zero $one)
        (func $zero (result i32) (i32.const 0))
        (func $one (result i32) (call $tick (i32.const 0)))
        (func (export "run") (param i32) (result i32) (local $i i32) (local $sum i32)
            (memory.fill (i32.const 0) (i32.const 0) (i32.const 4096))
            (table.fill $t (i32.const 0) (ref.null func) (i32.const 8))
            (loop $next
                (drop (memory.grow (i32.const 1)))
                (drop (table.grow $t (ref.func $one) (i32.const 1)))
                (memory.init $d (i32.mul (local.get $i) (i32.const 8)) (i32.const 0) (i32.const 8))
                (memory.copy (i32.add (i32.const 2048) (local.get $i)) (i32.mul (local.get $i) (i32.const 8)) (i32.const 4))
                (table.init $t $e (i32.const 2) (i32.const 0) (i32.const 2))
                (table.copy $t $t (i32.const 4) (i32.const 2) (i32.const 2))
                (i64.store (i32.const 3000) (i64.extend_i32_u (local.get $sum)))
                (local.set $sum (i32.add
                    (i32.wrap_i64 (i64.load (i32.const 3000)))
                    (i32.add (i32.load8_u (i32.add (i32.const 2048) (local.get $i)))
                        (call_indirect $t (result i32) (i32.add (i32.const 4) (i32.and (local.get $i) (i32.const 1)))))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $i) (local.get 0))))
            (i32.add (local.get $sum) (i32.add (i32.load8_u (i32.const 2088)) (i32.mul (i32.const 1000) (memory.size)))))
        )"#,
    ),
    (
        "wide values and host calls",
        50,
        1275,
        r#"(module
        (import "env" "tick" (func $tick (param i32) (result i32)))
        (memory (export "memory") 1)
        (global $sum (mut i64) (i64.const 5))
        (func $step (param i64 f64) (result f64 i64)
            (f64.add (local.get 1) (f64.const 1)) (i64.add (local.get 0) (i64.extend_i32_s (call $tick (i32.const -1)))))
        (func (export "run") (param i32) (result i32) (local $x f64)
            (global.set $sum (i64.const 0))
            (loop $next
                (call $step (global.get $sum) (local.get $x))
                (global.set $sum)
                (local.set $x)
                (global.set $sum (i64.add (global.get $sum) (i64.trunc_f64_s (local.get $x))))
                (f64.store (i32.const 16) (local.get $x))
                (br_if $next (f64.lt (local.get $x) (f64.convert_i32_s (local.get 0)))))
            (i32.wrap_i64 (global.get $sum))))"#,
    ),
];

pub fn all() -> Vec<Program> {
    let texts = TEXTS.iter().map(|&(name, argument, result, text)| {
        let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Program { name, bytes, argument, result, remembers: false }
    });
    let real = modules::MODULES.iter().map(|real| {
        let remembers = matches!(real.name, "heap" | "text");
        Program {
            name: real.name,
            bytes: real.bytes.to_vec(),
            argument: real.argument,
            result: real.result,
            remembers,
        }
    });
    texts.chain(real).collect()
}
