//! Breakpoints and steps.

use crate::script::{debugged, hex, stop};
use zonda::Mode;

const MODULE: &str = r#"(module
    (func $callee (param i64 i32) (result i32) (local i32 i64 i64 f32)
        (local.set 4 (i64.const 0x0102030405060708))
        (drop (i32.const 1003))
        (i32.add (local.get 1) (i32.const 1)))
    (func (export "run") (param i32) (result i32) (local $i i32)
        (loop $l
            (drop (i32.const 1001))
            (local.set $i (call $callee (i64.const -2) (local.get $i)))
            (drop (i32.const 1002))
            (br_if $l (i32.lt_u (local.get $i) (local.get 0))))
        (drop (i32.const 1004))
        (local.get $i)))"#;

/// The declarations of the locals of `callee`.
const START: [u8; 7] = [3, 1, 0x7f, 2, 0x7e, 1, 0x7d];

const BREAK: &str = "swbreak:;";

#[test]
fn the_program_stops_at_breakpoints_until_they_are_removed() {
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, MODULE, 1, |program| {
            let [one, two, three, four] =
                [1001, 1002, 1003, 1004].map(|number| program.marker(number));
            let set = |at: u64| format!("Z0,{at:x},1");
            let remove = |at: u64| format!("z0,{at:x},1");
            let result = program.run(
                3,
                &[
                    (&set(one), "OK"),
                    (&set(two), "OK"),
                    // Twice is once.
                    (&set(three), "OK"),
                    (&set(three), "OK"),
                    ("c", &stop(5, BREAK, one)),
                    ("qWasmLocal:0;1", "00000000"),
                    ("c", &stop(5, BREAK, three)),
                    (&remove(three), "OK"),
                    (&remove(three), "E01"),
                    ("c", &stop(5, BREAK, two)),
                    ("qWasmLocal:0;1", "01000000"),
                    // The last one takes the place of the first.
                    (&set(four), "OK"),
                    (&remove(one), "OK"),
                    ("c", &stop(5, BREAK, two)),
                    ("qWasmLocal:0;1", "02000000"),
                    (&remove(two), "OK"),
                    ("c", &stop(5, BREAK, four)),
                    (&remove(four), "OK"),
                    ("c", ""),
                ],
            );
            assert_eq!(result, Ok(3), "{mode:?}");
        });
    }
}

#[test]
fn steps_go_into_calls_and_stop_at_every_instruction() {
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, MODULE, 1, |program| {
            let (one, two) = (program.marker(1001), program.marker(1002));
            let first = program.find(&[0x21, 4]) - 10;
            let at = |offset: u64| stop(5, "", one + offset);
            let result = program.run(
                1,
                &[
                    (&format!("Z0,{one:x},1"), "OK"),
                    ("c", &stop(5, BREAK, one)),
                    // i32.const, drop, i64.const, local.get, call
                    ("s", &at(3)),
                    ("qWasmStackValue:0;0", "e9030000"),
                    ("s", &at(4)),
                    ("s", &at(6)),
                    ("s", &at(8)),
                    ("s", &stop(5, "", first)),
                    ("qWasmCallStack:1", &(hex(first) + &hex(one + 10))),
                    // A step that meets a breakpoint says so.
                    (&format!("Z0,{:x},1", first + 10), "OK"),
                    ("s", &stop(5, BREAK, first + 10)),
                    (&format!("z0,{:x},1", first + 10), "OK"),
                    (&format!("Z0,{two:x},1"), "OK"),
                    ("c", &stop(5, BREAK, two)),
                    ("c", ""),
                ],
            );
            assert_eq!(result, Ok(1), "{mode:?}");
        });
    }
}

/// Debug information names the start of a body, where its locals are declared.
#[test]
fn a_breakpoint_at_the_start_of_a_body_is_at_the_first_instruction() {
    debugged(Mode::Fast, MODULE, 1, |program| {
        let (start, one) = (program.find(&START), program.marker(1001));
        let behind = start + START.len() as u64 + 10;
        let result = program.run(
            1,
            &[
                (&format!("Z0,{start:x},1"), "OK"),
                ("c", &stop(5, BREAK, start)),
                // The debugger sees the address that it has set.
                ("g", &hex(start)),
                ("qWasmCallStack:1", &(hex(start) + &hex(one + 10))),
                ("s", &stop(5, "", behind)),
                ("g", &hex(behind)),
                ("qWasmCallStack:1", &(hex(behind) + &hex(one + 10))),
                (&format!("z0,{start:x},1"), "OK"),
                ("c", ""),
            ],
        );
        assert_eq!(result, Ok(1));
    });
}

#[test]
fn there_is_room_for_256_breakpoints() {
    debugged(Mode::Classic, MODULE, 1, |program| {
        let one = program.marker(1001);
        let packets: Vec<_> = (0..257).map(|offset| format!("Z0,{:x},1", one + offset)).collect();
        let mut steps: Vec<_> = packets.iter().map(|packet| (packet.as_str(), "OK")).collect();
        steps[256].1 = "E01";
        let removed = format!("z0,{:x},1", one + 200);
        steps.push((&removed, "OK"));
        steps.push((&packets[256], "OK"));
        // Not in code.
        steps.push(("Z0,40,1", "E01"));
        steps.push(("Z0,4000000000000040,1", "E01"));
        steps.push(("Z0,8000000100000040,1", "E01"));
        steps.push(("D", "OK"));
        assert_eq!(program.run(1, &steps), Ok(1));
    });
}

#[test]
fn breakpoints_belong_to_one_instance() {
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, MODULE, 2, |program| {
            let first = program.marker(1001);
            let second = first + (1 << 32);
            let set = format!("Z0,{second:x},1");
            program.attach(&[
                (&set, "OK"),
                (&format!("z0,{first:x},1"), "E01"),
                ("c", &stop(5, BREAK, second)),
                (&format!("Z0,{first:x},1"), "OK"),
                (&format!("z0,{first:x},1"), "OK"),
                ("c", &stop(5, BREAK, second)),
                ("c", ""),
            ]);
            assert_eq!(program.call(0, "run", 2), Ok(2));
            assert_eq!(program.call(1, "run", 2), Ok(2));
            program.check();
        });
    }
}
