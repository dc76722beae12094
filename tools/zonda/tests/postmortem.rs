//! `zonda postmortem --debug`: a trap record in LLDB 22 as it comes (Debian: lldb-22), and over the
//! protocol. Where LLDB is missing, the sessions are not run, and say so.

mod common;

use common::{expect, file, stdout, zonda};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/debug")
}

/// The record of the trap of a program in C, and the program.
fn record(test: &str, program: &str, mode: &str) -> (String, String) {
    let program = programs().join(program).to_str().unwrap().to_owned();
    let record = file(test, "trap.ztr", b"");
    let run = ["run", "--mode", mode, "--trap-record", &record, &program, "--invoke", "trap", "2"];
    expect(&zonda(&run), 1, "", &["integer divide by zero"]);
    (record, program)
}

/// A session of LLDB with a record. `name` is another one for each.
fn session(name: &str, file: &str, mode: &str, expected: &[&str]) {
    if Command::new("lldb-22").arg("--version").output().is_err() {
        eprintln!("not run: lldb-22 is not installed");
        return;
    }
    let (record, program) = record(name, file, mode);
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonda"));
    command.args(["postmortem", "--debug"]);
    for line in [
        "bt",
        "frame variable",
        "process plugin packet monitor trap",
        "frame select 1",
        "frame variable n",
        "continue",
        "quit",
    ] {
        command.args(["-o", line]);
    }
    let output = command
        .args([&record, &program])
        .current_dir(programs())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let output = [output.stdout, output.stderr].concat();
    let output = String::from_utf8_lossy(&output);
    let mut rest = &output[..];
    for text in expected {
        match rest.find(text) {
            Some(at) => rest = &rest[at + text.len()..],
            None => panic!("LLDB has not printed '{text}' where it was expected:\n{output}"),
        }
    }
}

const WITHOUT_OPTIMIZATION: [&str; 8] = [
    "stop reason = signal SIGFPE",
    "divide(a=6, b=0) at story.c:24:11",
    "trap(n=2) at story.c:40:9",
    "(int) a = 6",
    "(int) b = 0",
    "trap: integer divide by zero",
    "(int) n = 2",
    "exited with status = 1",
];

#[test]
fn a_record_of_classic_mode_in_lldb() {
    session("postmortem-classic", "story-O0.wasm", "classic", &WITHOUT_OPTIMIZATION);
}

#[test]
fn a_record_of_fast_mode_in_lldb() {
    session("postmortem-fast", "story-O0.wasm", "fast", &WITHOUT_OPTIMIZATION);
}

#[test]
fn a_record_of_an_optimized_program_in_lldb() {
    let expected = [
        "stop reason = signal SIGFPE",
        "divide(a=6, b=0) at story.c:24:11",
        "trap(n=2) at story.c:40:9",
        "trap: integer divide by zero",
        "exited with status = 1",
    ];
    session("postmortem-optimized", "story-O2.wasm", "fast", &expected);
}

/// Kills the process when dropped.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A packet around its contents.
fn packet(text: &str) -> String {
    let sum = text.bytes().fold(0u8, u8::wrapping_add);
    format!("${text}#{sum:02x}")
}

/// What any client sees at the port: nothing can be changed, the trap comes first, then the end.
#[test]
fn a_record_over_the_protocol() {
    let (record, program) = record("postmortem-port", "story-O0.wasm", "classic");
    let mut child = Command::new(env!("CARGO_BIN_EXE_zonda"))
        .args(["postmortem", "--debug=0", &record, &program])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let mut child = Served(child);
    let mut stream = TcpStream::connect(line.trim().rsplit(' ').next().unwrap()).unwrap();
    let mut ask = |text: &str| {
        stream.write_all(packet(text).as_bytes()).unwrap();
        let mut answer = Vec::new();
        // An answer ends with a checksum of two digits.
        while answer.len() < 3 || answer[answer.len() - 3] != b'#' {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        stream.write_all(b"+").unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let at = answer.find('$').unwrap();
        answer[at + 1..answer.len() - 3].to_owned()
    };
    // Two frames, each an address of 64 bits in module 1.
    let stack = ask("qWasmCallStack:1");
    assert_eq!(stack.len(), 32, "{stack}");
    assert!(stack.as_bytes().chunks(16).all(|address| address.ends_with(b"01000040")), "{stack}");
    // A leaf function has its variables below the stack pointer.
    assert_eq!(ask("qWasmGlobal:0;0").len(), 8);
    assert_eq!(ask("m4000000100000000,4"), "0061736d");
    // What the record does not have, and changes.
    assert!(ask("m10,4").starts_with('E'));
    assert!(ask("M4000000100000000,1:00").starts_with('E'));
    assert!(ask("M1000,1:00").starts_with('E'));
    assert!(ask("qWasmLocal:9;0").starts_with('E'));
    assert!(ask("c").starts_with("T08"));
    assert_eq!(ask("c"), "W01");
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

#[test]
fn what_is_no_record_is_refused() {
    let program = programs().join("story-O0.wasm").to_str().unwrap().to_owned();
    let log = file("postmortem-none", "log.txt", b"#00: 0x001a - run\n");
    expect(&zonda(&["postmortem", "--debug=0", &log, &program]), 2, "", &["found neither"]);
    let (record, _) = record("postmortem-none", "story-O0.wasm", "classic");
    let other = programs().join("story-O2.wasm").to_str().unwrap().to_owned();
    let output = zonda(&["postmortem", "--debug=0", &record, &other]);
    expect(&output, 2, "", &["the record was made from another module"]);
    let output = zonda(&["postmortem", "-o", "bt", &record, &program]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
}
