//! What the command line says of traps: names, source lines, records.

mod common;

use common::{expect, file, stderr, stdout, zonda};
use std::path::Path;

/// A module with debug information.
fn divide() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/modules/divide.wasm");
    path.to_str().unwrap().to_owned()
}

const BACKTRACE: &str = "  #0  0x001cc divide
        at ./divide.c:7:18
  #1  0x0010e work
        at ./divide.c:15:10
  #2  0x0006f run
        at ./divide.c:23:9
";

#[test]
fn a_trap_has_a_backtrace_with_lines() {
    for mode in ["classic", "fast"] {
        let output = zonda(&["run", "--mode", mode, &divide(), "--invoke", "run", "5"]);
        expect(
            &output,
            1,
            "",
            &["run: integer divide by zero (function 2, offset 0x1cc)\n", BACKTRACE],
        );
    }
}

#[test]
fn a_record_is_read_as_a_file_and_from_a_log() {
    let record = file("record", "trap.ztr", b"");
    let run = |mode: &str, module: &str| {
        let args =
            ["run", "--mode", mode, "--trap-record", &record, module, "--invoke", "run", "5"];
        assert_eq!(zonda(&args).status.code(), Some(1));
    };
    for mode in ["classic", "fast"] {
        run(mode, &divide());
        let message = "integer divide by zero\n";
        expect(
            &zonda(&["symbolize", &record, &divide()]),
            0,
            &format!("{message}{BACKTRACE}"),
            &[],
        );
        let bytes = std::fs::read(&record).unwrap();
        let lines: Vec<String> = zonda_symbols::record::lines(&bytes).collect();
        let log = format!("*** Booting\r\n<err> zonda: {}\r\nend", lines.join("\r\n<err> zonda: "));
        let log = file("record", "log.txt", log.as_bytes());
        let shown = zonda(&["postmortem", &log, &divide()]);
        let shown = stdout(&shown);
        assert!(shown.starts_with(&format!("{message}  #0  0x001cc divide\n")), "{shown}");
        // Locals of the module as clang made it: parameters first.
        assert!(
            shown.contains("        local 0: i32 = 5 (0x5)\n        local 1: i32 = 0 (0x0)\n"),
            "{shown}"
        );
        assert!(shown.contains("memory around the stack pointer:"), "{shown}");
    }
    // A line is lost on the console.
    let bytes = std::fs::read(&record).unwrap();
    let lines: Vec<String> =
        zonda_symbols::record::lines(&bytes).filter(|line| !line.contains(" 0020")).collect();
    let log = file("record", "lost.txt", lines.join("\n").as_bytes());
    expect(
        &zonda(&["symbolize", &log, &divide()]),
        2,
        "",
        &["a line of the record is missing before offset 0040"],
    );
}

#[test]
fn a_record_of_a_module_without_debug_information_is_that_of_the_program() {
    // As a device has it: all custom sections are stripped.
    let module = std::fs::read(divide()).unwrap();
    let mut stripped = module[..8].to_vec();
    for payload in wasmparser::Parser::new(0).parse_all(&module) {
        let payload = payload.unwrap();
        match payload.as_section() {
            Some((0, _)) | None => {}
            Some((id, range)) => {
                stripped.push(id);
                let contents = &module[range.start as usize..range.end as usize];
                let mut len = contents.len();
                while len > 0x7f {
                    stripped.push(len as u8 | 0x80);
                    len >>= 7;
                }
                stripped.push(len as u8);
                stripped.extend_from_slice(contents);
            }
        }
    }
    assert!(stripped.len() < module.len() / 2);
    let stripped = file("stripped", "divide.wasm", &stripped);
    let record = file("stripped", "trap.ztr", b"");
    for mode in ["classic", "fast"] {
        let output = zonda(&[
            "run",
            "--mode",
            mode,
            "--trap-record",
            &record,
            &stripped,
            "--invoke",
            "run",
            "5",
        ]);
        assert!(stderr(&output).contains("#2  "), "{}", stderr(&output));
        expect(
            &zonda(&["symbolize", &record, &divide()]),
            0,
            &format!("integer divide by zero\n{BACKTRACE}"),
            &[],
        );
    }
    let other = file("stripped", "other.wat", br#"(module (func (export "run")))"#);
    expect(
        &zonda(&["symbolize", &record, &other]),
        2,
        "",
        &["the record was made from another module"],
    );
    // A precompiled module names the module that it was made from.
    let precompiled = file("stripped", "divide.zonda", b"");
    expect(&zonda(&["compile", "--word-size", "8", "-o", &precompiled, &divide()]), 0, "", &[]);
    let output = zonda(&["run", "--trap-record", &record, &precompiled, "--invoke", "run", "5"]);
    expect(&output, 1, "", &["integer divide by zero"]);
    expect(
        &zonda(&["symbolize", &record, &divide()]),
        0,
        &format!("integer divide by zero\n{BACKTRACE}"),
        &[],
    );
    expect(
        &zonda(&["symbolize", &record, &precompiled]),
        2,
        "",
        &["expected the module that this file was made from"],
    );
}

/// In fast mode the frame pointer of a function with many slots moves.
#[test]
fn frames_of_large_functions_are_found() {
    let locals = "i32 ".repeat(300);
    let module = format!(
        r#"(module (table funcref (elem $inner)) (type $t (func (param i32) (result i32)))
        (func $inner (type $t) (i32.div_u (i32.const 1) (local.get 0)))
        (func $large (param i32) (result i32) (local {locals})
            (local.set 299 (i32.const 7))
            (call $inner (local.get 0)))
        (func $tailing (param i32) (result i32) (local {locals})
            (return_call_indirect (type $t) (local.get 0) (i32.const 9)))
        (func (export "run") (param i32) (result i32) (call $large (local.get 0)))
        (func (export "tail") (param i32) (result i32) (call $tailing (local.get 0))))"#
    );
    let path = file("large", "large.wat", module.as_bytes());
    let record = file("large", "trap.ztr", b"");
    for mode in ["classic", "fast"] {
        let args =
            |name| ["run", "--mode", mode, "--trap-record", &record, &path, "--invoke", name, "0"];
        let text = stderr(&zonda(&args("run")));
        let names: Vec<&str> =
            text.lines().filter_map(|line| line.trim().strip_prefix('#')).collect();
        assert!(
            matches!(names.as_slice(), [a, b, c] if a.ends_with(" inner") && b.ends_with(" large") && c.ends_with(" run")),
            "{mode}: {text}"
        );
        let shown = stdout(&zonda(&["postmortem", &record, &path]));
        assert!(shown.contains("local 299: i32 = 7 (0x7)"), "{mode}: {shown}");
        let text = stderr(&zonda(&args("tail")));
        let names: Vec<&str> =
            text.lines().filter_map(|line| line.trim().strip_prefix('#')).collect();
        assert!(
            matches!(names.as_slice(), [a, b] if a.ends_with(" tailing") && b.ends_with(" tail")),
            "{mode}: {text}"
        );
    }
}

#[test]
fn a_call_stack_of_the_c_api_is_read() {
    let log = file("stack", "log.txt", b"x\r\n#00: 0x01cc - divide\r\n#01: 0x010e - work\r\n");
    let out = "  #0  0x001cc divide\n        at ./divide.c:7\n  #1  0x0010e work\n        at ./divide.c:15\n";
    expect(&zonda(&["symbolize", &log, &divide()]), 0, out, &[]);
    let empty = file("stack", "empty.txt", b"nothing\n");
    expect(&zonda(&["symbolize", &empty, &divide()]), 2, "", &["found neither a trap record"]);
}
