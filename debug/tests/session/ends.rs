//! How a session goes on and ends: interrupts, traps, detaching, a debugger that goes, and the next.

use crate::script::{debugged, stop};
use zonda::{Error, Mode, TrapCode};

const MODULE: &str = r#"(module
    (import "env" "poke" (func $poke (param i32)))
    (import "wasi" "proc_exit" (func $exit (param i32)))
    (memory 1)
    (table 1 funcref)
    (type $none (func))
    (func (export "run") (param i32) (result i32)
        (drop (i32.const 1001))
        (call $poke (local.get 0))
        (drop (i32.const 1002))
        (i32.store (i32.const 8) (i32.const 1))
        (drop (i32.const 1003))
        (i32.const 5))
    (func (export "trap") (param i32) (result i32)
        (block (block (block (block (block (block (block (br_table 0 1 2 3 4 5 6 (local.get 0)))
            (drop (i32.const 2000)) (unreachable))
            (drop (i32.div_u (i32.const 2001) (i32.const 0))))
            (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
            (drop (i32.load offset=65535 (i32.const 2003))))
            (call_indirect (type $none) (i32.const 0)))
            (drop (call 4 (i32.const 0))))
            (call $exit (i32.const 3))
        (i32.const 0))
    (func (param i32) (result i32) (i32.add (call 4 (i32.const 0)) (i32.const 1))))"#;

fn code(result: Result<i32, Error>) -> Option<TrapCode> {
    match result {
        Err(Error::Trap(trap)) => Some(trap.code),
        _ => None,
    }
}

#[test]
fn an_interrupt_stops_the_program_once() {
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, MODULE, 1, |program| {
            let behind = program.marker(1002);
            let session: [(&str, &str); 3] = [
                // One while the program is stopped has no meaning.
                ("\u{3}", ""),
                ("c", &stop(2, "", behind)),
                ("c", ""),
            ];
            assert_eq!(program.run(1, &session), Ok(5), "{mode:?}");
            // What is no interrupt stops nothing.
            assert_eq!(program.run(0, &[("c", "")]), Ok(5), "{mode:?}");
        });
    }
}

#[test]
fn nothing_stays_behind_a_debugger_that_has_detached_or_gone() {
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, MODULE, 1, |program| {
            let [first, second, third] = [1001, 1002, 1003].map(|n| program.marker(n));
            let set = [second, third].map(|at| format!("Z0,{at:x},1"));
            let all = [(&*set[0], "OK"), (&*set[1], "OK"), ("Z2,8,4", "OK")];
            let stopped = stop(5, "swbreak:;", second);
            let stepped = stop(5, "", first + 3);
            // The connection ends while the program is stopped, also in a step.
            let ends =
                [&[("c", &*stopped), ("D", "OK")][..], &[("s", &stepped)], &[("c", &stopped)]];
            for end in ends {
                assert_eq!(program.run(0, &[&all, end].concat()), Ok(5), "{mode:?}");
                assert!(!program.is_connected());
                assert_eq!(program.call(0, "run", 0), Ok(5));
                // Code runs in its own mode again.
                assert_eq!(program.instances[0].mode(&program.store), Ok(mode));
                // The next one finds nothing set, and no step under way.
                assert_eq!(program.run(0, &[("c", "")]), Ok(5), "{mode:?}");
                let text = "O6e6f20747261700a OK";
                assert_eq!(program.run(0, &[("qRcmd,74726170", text), ("D", "OK")]), Ok(5));
            }
            // The connection ends while the program runs.
            assert_eq!(program.run(4, &[(&set[0], "OK"), (&set[1], "OK"), ("c", "")]), Ok(5));
            assert!(!program.is_connected());
            assert_eq!(program.run(0, &[("c", "")]), Ok(5), "{mode:?}");
        });
    }
}

/// A serial line has no connection that ends: the first that is heard of another debugger is its
/// packet. What the first has set is gone, and packets are acknowledged again.
#[test]
fn another_debugger_takes_over_from_one_that_was_killed() {
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, MODULE, 1, |program| {
            let [behind, third] = [1002, 1003].map(|n| program.marker(n));
            let result = program.run(
                2,
                &[
                    ("QStartNoAckMode", "OK"),
                    (&format!("Z0,{third:x},1"), "OK"),
                    ("Z2,8,4", "OK"),
                    ("c", "1"),
                    ("g", &crate::script::hex(behind)),
                    ("c", ""),
                ],
            );
            assert_eq!(result, Ok(5), "{mode:?}");
            // The first packet, then those of the second debugger.
            assert_eq!(program.acknowledged(), 1 + 3);
        });
    }
}

/// An interrupt is answered by the stop that comes at the same time, and is not that of the next
/// debugger.
#[test]
fn an_interrupt_is_answered_once() {
    let text = r#"(module
        (import "env" "write" (func $write (param i32)))
        (memory (export "memory") 1)
        (func (export "run") (param i32) (result i32)
            (call $write (i32.const 8))
            (drop (i32.const 1001))
            (i32.store (i32.const 8) (i32.const 5))
            (drop (i32.const 1002))
            (i32.const 1)))"#;
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, text, 1, |program| {
            let why = "watch:0000000000000008;";
            let [one, two] = [1001, 1002].map(|n| stop(5, why, program.marker(n)));
            let steps = [("Z2,8,4", "OK"), ("c", &*one), ("c", &two), ("c", "")];
            assert_eq!(program.run(0, &steps), Ok(1), "{mode:?}");
        });
        debugged(mode, MODULE, 1, |program| {
            let third = program.marker(1003);
            let steps = [
                ("c", "1"),
                (&*format!("Z0,{third:x},1"), "OK"),
                ("c", &*stop(5, "swbreak:;", third)),
                ("c", ""),
            ];
            assert_eq!(program.run(3, &steps), Ok(5), "{mode:?}");
        });
    }
}

#[test]
fn the_debugger_ends_the_program() {
    debugged(Mode::Fast, MODULE, 1, |program| {
        assert_eq!(code(program.run(0, &[("k", "")])), Some(TrapCode::Terminated));
        assert!(!program.is_connected());
        assert_eq!(program.call(0, "run", 0), Ok(5));
    });
}

/// A trap is a stop with the signal that a debugger of machine code would see; a program that ends
/// itself is none.
#[test]
fn traps_are_stops() {
    let traps = [
        (4, TrapCode::Unreachable),
        (8, TrapCode::IntegerDivideByZero),
        (8, TrapCode::IntegerOverflow),
        (11, TrapCode::MemoryOutOfBounds),
        (6, TrapCode::UninitializedElement),
        (11, TrapCode::StackOverflow),
    ];
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, MODULE, 1, |program| {
            let at = [
                program.marker(2000) + 4,
                program.marker(2001) + 5,
                program.find(&[0x7f, 0x6d]) + 1,
                program.marker(2003) + 3,
                program.find(&[0x11, 0, 0]),
                program.find(&[0x41, 0, 0x10, 4, 0x41]) + 2,
            ];
            for ((number, (signal, trap)), at) in (0..).zip(traps).zip(at) {
                let text = format!("trap: {}\n", trap.message());
                let text: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
                program.attach(&[
                    ("c", &stop(signal, "", at)),
                    ("g", &crate::script::hex(at)),
                    ("qRcmd,74726170", &format!("O{text} OK")),
                    ("c", ""),
                ]);
                assert_eq!(code(program.call(0, "trap", number)), Some(trap), "{mode:?}");
                program.check();
            }
            program.attach(&[("c", "")]);
            assert_eq!(code(program.call(0, "trap", 6)), Some(TrapCode::Host));
            program.check();
        });
    }
}
