//! Values of frames, memory, modules.

use crate::script::{debugged, hex, stop, NAME};
use zonda::Mode;

const MODULE: &str = r#"(module
    (import "env" "again" (func $again (param i32) (result i32)))
    (memory (export "memory") 1)
    (global (mut i32) (i32.const 7))
    (global (mut i64) (i64.const 0x1122334455667788))
    (func (export "inner") (param i32) (result i32) (local i32 i64 i64 f32 f64 f64 f64 f64 f64 f64)
        (local.set 2 (i64.const 0x0102030405060708))
        (local.set 3 (i64.const -2))
        (local.set 10 (f64.const 1.5))
        (drop (i32.const 1001))
        (i32.store offset=16 (i32.const 0) (local.get 0))
        (i32.add (local.get 0) (i32.const 1)))
    (func $middle (param i64 i32) (result i32)
        (i64.const 6)
        (call $again (local.get 1))
        (drop (i32.const 1002))
        (return))
    (func (export "run") (param i32) (result i32)
        (call $middle (i64.const -1) (local.get 0))
        (drop (i32.const 1003))))"#;

#[test]
fn values_of_all_frames_also_of_calls_around_host_functions() {
    for mode in [Mode::Classic, Mode::Fast] {
        debugged(mode, MODULE, 1, |program| {
            let [inner, middle, run] = [1001, 1002, 1003].map(|n| program.marker(n));
            let result = program.run(
                5,
                &[
                    (&format!("Z0,{inner:x},1"), "OK"),
                    ("c", &stop(5, "swbreak:;", inner)),
                    ("qWasmCallStack:1", &[inner, middle, run].map(hex).concat()),
                    ("qWasmLocal:0;0", "05000000"),
                    ("qWasmLocal:0;1", "00000000"),
                    ("qWasmLocal:0;2", "0807060504030201"),
                    ("qWasmLocal:0;3", "feffffffffffffff"),
                    ("qWasmLocal:0;4", "00000000"),
                    ("qWasmLocal:0;9", "0000000000000000"),
                    ("qWasmLocal:0;10", "000000000000f83f"),
                    ("qWasmLocal:0;11", "E01"),
                    ("qWasmLocal:0;4294967295", "E01"),
                    ("qWasmLocal:0;4294967296", "E01"),
                    ("qWasmLocal:4294967296;0", "E01"),
                    ("qWasmLocal:1;0", "ffffffffffffffff"),
                    ("qWasmLocal:1;1", "05000000"),
                    ("qWasmLocal:1;2", "E01"),
                    ("qWasmLocal:2;0", "05000000"),
                    ("qWasmLocal:3;0", "E01"),
                    ("qWasmGlobal:0;0", "07000000"),
                    ("qWasmGlobal:2;1", "8877665544332211"),
                    ("qWasmGlobal:0;2", "E01"),
                    ("qWasmStackValue:0;0", "E01"),
                    ("qWasmStackValue:1;0", "0600000000000000"),
                    ("qWasmStackValue:1;2", "E01"),
                    ("s", &stop(5, "", inner + 3)),
                    ("qWasmStackValue:0;0", "e9030000"),
                    ("qWasmStackValue:0;1", "E01"),
                    ("s", &stop(5, "", inner + 4)),
                    ("qWasmStackValue:0;0", "E01"),
                    ("c", ""),
                ],
            );
            assert_eq!(result, Ok(6), "{mode:?}");
        });
    }
}

#[test]
fn memory_is_read_and_changed_within_its_bounds() {
    debugged(Mode::Fast, MODULE, 2, |program| {
        for (instance, value) in [(0, 0xa0), (1, 0xb0)] {
            let memory = program.instances[instance].get_memory(&program.store, "memory").unwrap();
            memory.data_mut(&mut program.store).unwrap()[32] = value;
        }
        let inner = program.marker(1001) + (1 << 32);
        let code: String = program.bytes[8..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let end = format!("m40000001{:08x},8", program.bytes.len() - 2);
        let last: String =
            program.bytes[program.bytes.len() - 2..].iter().map(|b| format!("{b:02x}")).collect();
        program.attach(&[
            (&format!("Z0,{inner:x},1"), "OK"),
            ("m20,1", "a0"),
            ("c", &stop(5, "swbreak:;", inner)),
            // That of the innermost frame, and by number.
            ("m20,1", "b0"),
            ("m100000020,1", "a0"),
            ("m200000020,1", "b0"),
            ("m300000020,1", "E01"),
            ("mfffe,8", "0000"),
            ("m10000,1", "E01"),
            // As much as the buffer of packets has room for.
            ("m8000,ffffffffffffffff", &"00".repeat(zonda_debug::PACKET)),
            ("mffffffff,1", "E01"),
            ("mc000000000000020,1", "E01"),
            // What is written is written whole or not at all.
            ("Mfffe,2:0a0b", "OK"),
            ("Mfffe,3:0c0d0e", "E01"),
            ("Mffff,2:0c0d", "E01"),
            ("mfffc,8", "00000a0b"),
            ("M21,1:5a", "OK"),
            ("M100000022,2:7b7c", "OK"),
            ("m200000020,4", "b05a0000"),
            ("m100000020,4", "a0007b7c"),
            ("M4000000100000008,1:00", "E01"),
            // The bytes of the modules.
            ("m4000000100000008,8", &code),
            ("m4000000200000008,8", &code),
            ("m4000000300000008,8", "E01"),
            (&end, &last),
            ("c", ""),
        ]);
        assert_eq!(program.call(0, "run", 1), Ok(2));
        assert_eq!(program.call(1, "run", 1), Ok(2));
        program.check();
    });
}

#[test]
fn the_list_of_modules_comes_in_parts_of_any_length() {
    debugged(Mode::Classic, MODULE, 2, |program| {
        let list = format!(
            "<library-list><library name=\"{}\"><section address=\"0x4000000100000000\"/></library>\
             <library name=\"instance-0000000000000001\"><section address=\"0x4000000200000000\"/>\
             </library></library-list>",
            NAME.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
        );
        for len in [1, 7, 100, list.len(), list.len() + 1, 8000] {
            let mut steps = Vec::new();
            for (number, part) in list.as_bytes().chunks(len).enumerate() {
                let packet = format!("qXfer:libraries:read::{:x},{len:x}", number * len);
                steps.push((packet, format!("m{}", std::str::from_utf8(part).unwrap())));
            }
            steps.push((format!("qXfer:libraries:read::{:x},{len:x}", list.len()), "l".into()));
            steps.push(("c".into(), String::new()));
            let steps: Vec<_> = steps.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            assert_eq!(program.run(1, &steps), Ok(2));
        }
    });
}
