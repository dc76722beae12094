//! Watchpoints: every load and store against every kind and length of watchpoint.

use crate::script::{debugged, stop, Debugged};
use std::fmt::Write as _;
use zonda::Mode;

/// Loads and stores by their opcodes from `i32.load` on: names, and how many bytes they access.
const ACCESSES: [(&str, u64); 23] = [
    ("i32.load", 4),
    ("i64.load", 8),
    ("f32.load", 4),
    ("f64.load", 8),
    ("i32.load8_s", 1),
    ("i32.load8_u", 1),
    ("i32.load16_s", 2),
    ("i32.load16_u", 2),
    ("i64.load8_s", 1),
    ("i64.load8_u", 1),
    ("i64.load16_s", 2),
    ("i64.load16_u", 2),
    ("i64.load32_s", 4),
    ("i64.load32_u", 4),
    ("i32.store", 4),
    ("i64.store", 8),
    ("f32.store", 4),
    ("f64.store", 8),
    ("i32.store8", 1),
    ("i32.store16", 2),
    ("i64.store8", 1),
    ("i64.store16", 2),
    ("i64.store32", 4),
];

/// The address that all of them access: the operand is 100.
const AT: u64 = 300;

/// Each access, and a marker behind it. What is stored is what is there: zeros.
fn module() -> String {
    let mut text =
        String::from("(module (memory 1) (func (export \"run\") (param i32) (result i32)");
    for (number, (name, _)) in ACCESSES.iter().enumerate() {
        let address = "(i32.const 100)";
        let _ = if name.contains("store") {
            let ty = &name[..3];
            writeln!(text, "({name} offset=200 {address} ({ty}.const 0))")
        } else {
            writeln!(text, "(drop ({name} offset=200 {address}))")
        };
        let _ = writeln!(text, "(drop (i32.const {}))", 1000 + number);
    }
    text + "(i32.const 0)))"
}

/// The stops that a watchpoint makes.
fn expected(program: &Debugged, kind: char, at: u64, len: u64) -> Vec<String> {
    let mut stops = Vec::new();
    for (number, (name, size)) in ACCESSES.iter().enumerate() {
        let store = name.contains("store");
        let wanted = kind == '4' || store == (kind == '2');
        // Byte by byte.
        let overlaps = (AT..AT + size).any(|byte| (at..at + len).contains(&byte));
        if wanted && overlaps {
            let name = match kind {
                '2' => "watch",
                '3' => "rwatch",
                _ => "awatch",
            };
            // Behind a load comes `drop`, behind a store the marker.
            let marker = program.marker(1000 + number as u32);
            let behind = marker - u64::from(!store);
            stops.push(stop(5, &format!("{name}:{at:016x};"), behind));
        }
    }
    stops
}

#[test]
fn every_access_is_seen_if_it_overlaps() {
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, &module(), 1, |program| {
            for kind in ['2', '3', '4'] {
                for at in AT - 9..AT + 10 {
                    for len in [1, 2, 4, 8] {
                        let expected = expected(program, kind, at, len);
                        let stops = program.stops(0, &[&format!("Z{kind},{at:x},{len:x}")]);
                        assert_eq!(stops, expected, "{mode:?}, Z{kind} at {at}, {len} bytes");
                    }
                }
            }
        });
    }
}

/// Bytes that change by no load or store; memory 1; a value that is written again.
const OTHERS: &str = r#"(module
    (memory (export "memory") 1) (memory 1)
    (func (export "run") (param i32) (result i32)
        (i32.store 1 offset=8 (i32.const 0) (i32.const 1))
        (drop (i32.load 1 offset=8 (i32.const 0)))
        (drop (i32.const 1001))
        (memory.fill (i32.const 15) (i32.const 7) (i32.const 1))
        (drop (i32.const 1002))
        (memory.copy (i32.const 8) (i32.const 64) (i32.const 8))
        (drop (i32.const 1003))
        (i32.store (i32.const 12) (i32.const 0))
        (drop (i32.const 1004))
        (drop (i32.load (i32.const 8)))
        (drop (i32.const 1005))
        (i32.const 0)))"#;

#[test]
fn bytes_that_change_are_seen_and_other_memories_are_not() {
    debugged(Mode::Fast, OTHERS, 2, |program| {
        let [fill, copy, store, load] = [1002, 1003, 1004, 1005].map(|n| program.marker(n));
        let write = |at| stop(5, "watch:0000000000000008;", at);
        let read = |at| stop(5, "rwatch:0000000000000008;", at);
        let both = |at| stop(5, "awatch:0000000000000008;", at);
        let load = load - 1;
        assert_eq!(program.stops(0, &["Z2,8,8"]), [fill, copy, store].map(write));
        assert_eq!(program.stops(0, &["Z2,8,4"]), [""; 0]);
        assert_eq!(program.stops(0, &["Z3,8,8"]), [load].map(read));
        assert_eq!(program.stops(0, &["Z4,8,8"]), [fill, copy, store, load].map(both));
        // One of two is removed.
        assert_eq!(program.stops(0, &["Z2,8,8", "Z3,8,8", "z2,8,8"]), [read(load)]);
        assert_eq!(
            program.stops(0, &["Z2,8,8", "Z3,8,8", "z3,8,8"]),
            [fill, copy, store].map(write)
        );
        // In the memory of the other instance.
        let other = |at: u64| stop(5, "awatch:0000000200000008;", at + (1 << 32));
        assert_eq!(program.stops(0, &["Z4,200000008,8"]), [""; 0]);
        assert_eq!(program.stops(1, &["Z4,200000008,8"]), [fill, copy, store, load].map(other));
    });
}

#[test]
fn watchpoints_lie_in_the_memory() {
    debugged(Mode::Classic, OTHERS, 1, |program| {
        let result = program.run(
            0,
            &[
                ("Z2,fff8,8", "OK"),
                ("Z2,fff9,8", "E01"),
                ("Z2,10000,1", "E01"),
                ("Z2,ffffffff,8", "E01"),
                ("Z2,0,100000001", "E01"),
                ("Z2,4000000100000008,4", "E01"),
                ("Z2,200000008,4", "E01"),
                ("z3,fff8,8", "E01"),
                ("z2,fff8,4", "E01"),
                ("z2,fff0,8", "E01"),
                ("z2,fff8,8", "OK"),
                ("z2,fff8,8", "E01"),
                // There are four.
                ("Z3,0,1", "OK"),
                ("Z3,1,1", "OK"),
                ("Z3,2,1", "OK"),
                ("Z3,3,1", "OK"),
                ("Z3,4,1", "E01"),
                ("z3,1,1", "OK"),
                ("Z3,4,1", "OK"),
                ("c", ""),
            ],
        );
        assert_eq!(result, Ok(0));
    });
}

/// Its addresses are no operands of 32 bits.
#[test]
fn a_memory_with_addresses_of_64_bits_is_not_watched() {
    let text = r#"(module (memory i64 1) (func (export "run") (param i32) (result i32)
        (i32.store offset=8 (i64.const 0) (i32.const 5))
        (i32.const 1)))"#;
    debugged(Mode::Fast, text, 1, |program| {
        let steps = [("Z2,8,4", "E01"), ("z2,8,4", "E01"), ("m8,4", "00000000"), ("c", "")];
        assert_eq!(program.run(0, &steps), Ok(1));
    });
}
