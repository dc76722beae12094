//! A session over a trap record: the debugger sees what the record has, and cannot change it.

use zonda::TrapCode;
use zonda_debug::remains::{Frame, Module, Remains};

/// Two modules; three frames, of which the record has locals of two; 16 bytes of memory.
fn remains() -> Remains {
    let frame = |module, offset, locals| Frame { module, offset, locals };
    Remains {
        modules: vec![
            Module { name: "a&b.wasm".into(), bytes: vec![0x11; 300] },
            Module { name: "other.wasm".into(), bytes: vec![0x22; 20] },
        ],
        frames: vec![
            frame(1, 0x12, vec![vec![1, 0, 0, 0], vec![2; 8], vec![3; 16], vec![4; 17]]),
            frame(0, 0x34, vec![vec![5; 4]]),
            frame(1, 0x10, vec![]),
        ],
        global: Some(0x450),
        memory: Some((0x440, (0..16).collect())),
        trap: Some(TrapCode::IntegerDivideByZero),
        message: "integer divide by zero".into(),
    }
}

/// Sends packets in a session; returns the bodies of the answers.
fn ask(packets: &[&str]) -> Vec<String> {
    let mut input = b"$QStartNoAckMode#b0+".to_vec();
    for packet in packets {
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        input.extend(format!("\u{3}${packet}#{sum:02x}").bytes());
    }
    let mut output = Vec::new();
    remains().serve(&input[..], &mut output).unwrap();
    let output = String::from_utf8(output).unwrap();
    let answers = output.strip_prefix("+$OK#9a").unwrap().split('$').skip(1);
    answers.map(|answer| answer.rsplit_once('#').unwrap().0.to_owned()).collect()
}

fn check(exchanges: &[(&str, &str)]) {
    let packets: Vec<_> = exchanges.iter().map(|(packet, _)| *packet).collect();
    let answers = ask(&packets);
    assert_eq!(answers.len(), exchanges.len());
    for ((packet, expected), answer) in exchanges.iter().zip(answers) {
        assert_eq!(answer, *expected, "{packet}");
    }
}

#[test]
fn frames_and_their_values() {
    check(&[
        ("g", "1200000002000040"),
        ("qWasmCallStack:1", "120000000200004034000000010000401000000002000040"),
        ("qWasmLocal:0;0", "01000000"),
        ("qWasmLocal:0;1", "0202020202020202"),
        ("qWasmLocal:0;2", "03030303030303030303030303030303"),
        // No type has so many bytes.
        ("qWasmLocal:0;3", "E01"),
        ("qWasmLocal:0;4", "E01"),
        ("qWasmLocal:1;0", "05050505"),
        ("qWasmLocal:2;0", "E01"),
        ("qWasmLocal:3;0", "E01"),
        // Global 0 of the module of the innermost frame.
        ("qWasmGlobal:0;0", "50040000"),
        ("qWasmGlobal:0;1", "E01"),
        ("qWasmGlobal:1;0", "E01"),
        ("qWasmGlobal:2;0", "50040000"),
        ("qWasmStackValue:0;0", "E01"),
    ]);
}

#[test]
fn memory_as_far_as_the_record_has_it() {
    check(&[
        ("m440,4", "00010203"),
        ("m44c,8", "0c0d0e0f"),
        ("m450,1", "E01"),
        ("m43f,8", "E01"),
        ("m200000441,1", "01"),
        // The record has nothing of the other module's memory.
        ("m100000441,1", "E01"),
        ("m4000000100000000,2", "1111"),
        ("m4000000200000012,8", "2222"),
        ("m4000000200000014,1", "E01"),
        ("m4000000300000000,1", "E01"),
    ]);
}

#[test]
fn nothing_can_be_changed() {
    check(&[
        ("M440,1:ff", "E01"),
        ("Z0,4000000200000012,1", "E01"),
        ("z0,4000000200000012,1", "E01"),
        ("Z2,440,4", "E01"),
        ("m440,1", "00"),
    ]);
}

#[test]
fn modules_and_the_trap() {
    let list = "<library-list><library name=\"a&amp;b.wasm\"><section address=\"0x4000000100000000\"/>\
                </library><library name=\"other.wasm\"><section address=\"0x4000000200000000\"/></library>\
                </library-list>";
    let message = "trap: integer divide by zero\n";
    let message: String = message.bytes().map(|byte| format!("{byte:02x}")).collect();
    let answers = ask(&["qXfer:libraries:read::0,fff", "qRcmd,74726170"]);
    assert_eq!(answers, [format!("m{list}"), format!("O{message}"), "OK".into()]);
}

/// The program has stopped at the trap, is told so when it is continued, and then ends.
#[test]
fn the_end() {
    let trap = "T08thread:1;00:1200000002000040;";
    assert_eq!(ask(&["c", "g", "c", "g"]), [trap, "1200000002000040", "W01"]);
    assert_eq!(ask(&["s", "s", "g"]), [trap, "W01"]);
    assert_eq!(ask(&["D", "g"]), ["OK"]);
    assert_eq!(ask(&["k", "g"]), [""; 0]);
    let mut unknown = remains();
    (unknown.trap, unknown.frames) = (None, Vec::new());
    let mut output = Vec::new();
    unknown.serve(&b"$g#67$c#63$qWasmCallStack:1#e6"[..], &mut output).unwrap();
    let text = String::from_utf8(output).unwrap();
    assert_eq!(text, "+$E01#a6+$T06thread:1;00:0000000000000000;#ad+$#00");
}
