//! Sessions with LLDB 22 as it comes (Debian: lldb-22): `zonda run --debug` and programs of
//! `tests/debug`.
//!
//! Where LLDB is missing, the sessions are not run, and say so. The modules in C are in the
//! repository: `clang-19 --target=wasm32 -nostdlib -Wl,--no-entry -g -fdebug-compilation-dir=.
//! -Wl,-z,stack-size=4096 -O0 story.c`, and with -O2, in `tests/debug`. Those in Rust are built
//! here.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const WAITING: &str = "waiting for a debugger at ";

/// Whether LLDB is there.
fn lldb_is_there() -> bool {
    let there = Command::new("lldb-22").arg("--version").output().is_ok();
    if !there {
        eprintln!("not run: lldb-22 is not installed");
    }
    there
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/debug")
}

/// A program under `zonda run --debug`.
struct Program {
    process: Child,
    stdout: ChildStdout,
    address: String,
}

impl Program {
    fn start(options: &[&str]) -> Program {
        let mut process = Command::new(env!("CARGO_BIN_EXE_zonda"))
            .args(["run", "--debug=0"])
            .args(options)
            .current_dir(programs())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut messages = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        messages.read_line(&mut line).unwrap();
        let at = line.find(WAITING).unwrap_or_else(|| panic!("no address: {line}"));
        let address = line[at + WAITING.len()..].trim().to_owned();
        std::thread::spawn(move || std::io::copy(&mut messages, &mut std::io::stderr()));
        let stdout = process.stdout.take().unwrap();
        Program { process, stdout, address }
    }

    /// Attaches LLDB, which executes the commands and ends. Returns what it has printed.
    fn session(&self, commands: &[&str]) -> String {
        // LLDB goes on with the commands of a file after a program has crashed.
        let mut script = format!("process connect --plugin wasm connect://{}\n", self.address);
        for command in commands {
            script += command;
            script.push('\n');
        }
        let port = self.address.rsplit(':').next().unwrap();
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("session-{port}.lldb"));
        std::fs::write(&file, script).unwrap();
        let output = Command::new("lldb-22")
            .args(["--batch", "--no-lldbinit", "-s"])
            .arg(file)
            .current_dir(programs())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    }

    /// Waits for the end: what the program has printed, and its exit code.
    fn end(mut self) -> (String, Option<i32>) {
        let start = Instant::now();
        let status = loop {
            match self.process.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(start.elapsed() < Duration::from_secs(30), "it does not end"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).unwrap();
        (printed, status.code())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Checks that the texts occur in this order.
fn expect(output: &str, texts: &[&str]) {
    let mut rest = output;
    for text in texts {
        match rest.find(text) {
            Some(at) => rest = &rest[at + text.len()..],
            None => panic!("LLDB has not printed '{text}' where it was expected:\n{output}"),
        }
    }
}

/// Breakpoints, steps, values, memory, a watchpoint and a trap.
fn story_in_c(file: &str, mode: &str) {
    if !lldb_is_there() {
        return;
    }
    let program = Program::start(&["--mode", mode, file, "--invoke", "trap", "2"]);
    let output = program.session(&[
        "breakpoint set -f story.c -l 16 -c 'calls == 2'",
        "continue",
        "bt",
        "frame variable *p",
        "frame variable before",
        "step",
        "finish",
        "next",
        "p points",
        "expr points[0].y = 77",
        "frame variable points[0]",
        "memory read --size 4 --count 2 --format d &points",
        "b divide",
        "continue",
        "watchpoint set variable calls",
        "continue",
        "watchpoint delete 1",
        "continue",
        "process plugin packet monitor trap",
        "bt",
        "continue",
    ]);
    expect(
        &output,
        &[
            "stop reason = breakpoint 1.1",
            "scale(p=0x00000420, by=3) at story.c:16",
            "scale(p=0x00000420, by=3) at story.c:16",
            "run(n=2) at story.c:33",
            "trap(n=2) at story.c:40",
            "(point) *p = (x = 2, y = 0, weight = 10000000000)",
            "(int) before = 2",
            "stop reason = step in",
            "stop reason = step out",
            "run(n=2) at story.c:33",
            "stop reason = step over",
            "run(n=2) at story.c:30",
            "[0] = (x = 3, y = 0, weight = 0)",
            "[1] = (x = 6, y = 0, weight = 10000000000)",
            "(int) $0 = 77",
            "(point) points[0] = (x = 3, y = 77, weight = 0)",
            "0x00000410: 3",
            "0x00000414: 77",
            "stop reason = breakpoint 2.1",
            "divide(a=6, b=0)",
            "stop reason = watchpoint 1",
            "divide(a=6, b=0) at story.c:24",
            "stop reason = signal SIGFPE",
            "divide(a=6, b=0) at story.c:24:11",
            "trap: integer divide by zero",
            "divide(a=6, b=0) at story.c:24:11",
            "trap(n=2) at story.c:40:9",
            "exited with status = 1",
        ],
    );
    assert_eq!(program.end().1, Some(1));
}

#[test]
fn c_without_optimization_in_classic_mode() {
    story_in_c("story-O0.wasm", "classic");
}

#[test]
fn c_with_optimization_in_fast_mode() {
    story_in_c("story-O2.wasm", "fast");
}

#[test]
fn c_with_optimization_in_classic_mode() {
    story_in_c("story-O2.wasm", "classic");
}

#[test]
fn c_without_optimization_in_fast_mode() {
    story_in_c("story-O0.wasm", "fast");
}

/// Builds the program in Rust, for one test. `None` where the target is not installed.
fn build_rust(level: &str, test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let module = folder.join(format!("story-rs-O{level}-{test}.wasm"));
    let source = programs().join("story.rs");
    let built = Command::new("rustc")
        .args(["--edition", "2021", "--crate-type", "cdylib", "-g", "-C", "panic=abort"])
        .args(["--target", "wasm32-unknown-unknown", "-C"])
        .arg(format!("opt-level={level}"))
        .arg(&source)
        .arg("-o")
        .arg(&module)
        .output();
    match built {
        Ok(output) if output.status.success() => Some(module),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(text.contains("target may not be installed"), "{text}");
            eprintln!("not run: the target wasm32-unknown-unknown is not installed");
            None
        }
        Err(error) => {
            eprintln!("not run: rustc: {error}");
            None
        }
    }
}

/// Without `finish` in optimized code: LLDB 22 takes a frame that returns into code of another
/// inlined block for another frame (docs/debugging.md).
fn story_in_rust(level: &str, mode: &str, [leave, left]: [&str; 2]) {
    if !lldb_is_there() {
        return;
    }
    let Some(module) = build_rust(level, mode) else { return };
    let module = module.to_str().unwrap();
    let program = Program::start(&["--mode", mode, module, "--invoke", "run", "3"]);
    let output = program.session(&[
        "b story.rs:17",
        "continue",
        "bt",
        "frame variable before",
        "frame variable *p",
        leave,
        "breakpoint delete 1",
        "b story.rs:32",
        "continue",
        "continue",
    ]);
    expect(
        &output,
        &[
            "stop reason = breakpoint 1.1",
            "story.rs:17",
            "scale",
            "at story.rs:28",
            "(int) before = 1",
            "x = 1",
            "weight = 5",
            left,
            "stop reason = breakpoint 2.1",
            "run(n=",
            "exited with status = 0",
        ],
    );
    assert_eq!(program.end(), ("26\n".to_owned(), Some(0)));
}

const FINISH: [&str; 2] = ["finish", "stop reason = step out"];
const NEXT: [&str; 2] = ["next", "stop reason = step over"];

#[test]
fn rust_without_optimization_in_classic_mode() {
    story_in_rust("0", "classic", FINISH);
}

#[test]
fn rust_without_optimization_in_fast_mode() {
    story_in_rust("0", "fast", FINISH);
}

#[test]
fn rust_with_optimization_in_classic_mode() {
    story_in_rust("2", "classic", NEXT);
}

#[test]
fn rust_with_optimization_in_fast_mode() {
    story_in_rust("2", "fast", NEXT);
}

/// A panic is shown at its line.
#[test]
fn a_panic_in_rust() {
    if !lldb_is_there() {
        return;
    }
    let Some(module) = build_rust("0", "panic") else { return };
    let program = Program::start(&[module.to_str().unwrap(), "--invoke", "trap", "3"]);
    let output = program.session(&["continue", "bt", "kill"]);
    expect(&output, &["stop reason = signal SIGILL", "trap(n=3) at story.rs:38"]);
    assert_eq!(program.end().1, Some(1));
}

/// The program runs in a loop, without and with a debugger, and ends when one has changed its
/// memory.
#[test]
fn attach_detach_and_attach_again() {
    if !lldb_is_there() {
        return;
    }
    for file in ["story-O0.wasm", "story-O2.wasm"] {
        let program = Program::start(&["--no-wait", "--mode", "classic", file, "--invoke", "spin"]);
        std::thread::sleep(Duration::from_millis(200));
        let first = program.session(&["bt", "b story.c:51", "continue", "p calls", "detach"]);
        expect(
            &first,
            &["spin", "stop reason = breakpoint 1.1", "story.c:51", "calls", "detached"],
        );
        std::thread::sleep(Duration::from_millis(200));
        let second = program.session(&["expr stop = 7", "continue"]);
        expect(&second, &["spin", "int) $0 = 7", "exited with status = 0"]);
        assert_eq!(program.end(), ("7\n".to_owned(), Some(0)));
    }
}

/// The debugger goes without saying so, then one comes again.
#[test]
fn a_debugger_that_is_killed() {
    if !lldb_is_there() {
        return;
    }
    let program = Program::start(&["story-O0.wasm", "--invoke", "run", "4"]);
    {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(&program.address).unwrap();
        stream.write_all(b"+$QStartNoAckMode#b0+$qWasmCallStack:1#e6").unwrap();
        let mut answer = [0; 64];
        assert!(stream.read(&mut answer).unwrap() > 0);
    }
    assert_eq!(program.end(), ("20\n".to_owned(), Some(0)));
}

/// `zonda debug` starts both.
#[test]
fn one_command_starts_program_and_debugger() {
    if !lldb_is_there() {
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_zonda"))
        .args(["debug", "-o", "b story.c:35", "-o", "continue", "-o", "p sum", "-o", "kill"])
        .args(["-o", "quit", "story-O0.wasm", "--invoke", "run", "2"])
        .current_dir(programs())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let output = [output.stdout, output.stderr].concat();
    let output = String::from_utf8_lossy(&output).into_owned();
    expect(&output, &["stop reason = breakpoint 1.1", "story.c:35", "(int) 6"]);
}
