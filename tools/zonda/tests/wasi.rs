//! Programs with WASI on the command line: arguments, environment, streams, directories, exit
//! codes, time limits.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("wasi-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A program in the text format, whose memory begins with what `data` says.
fn program(folder: &Path, name: &str, body: &str) -> PathBuf {
    let text = format!(
        r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open"
            (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        ;; Writes bytes to a descriptor; exits with the error number.
        (func $write (param $fd i32) (param $at i32) (param $len i32) (local $error i32)
            (i32.store (i32.const 64) (local.get $at))
            (i32.store (i32.const 68) (local.get $len))
            (local.tee $error (call $fd_write (local.get $fd) (i32.const 64) (i32.const 1) (i32.const 72)))
            (if (then (call $proc_exit (local.get $error)))))
        {body})"#
    );
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn zonda(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonda"));
    command.arg("run").args(args).stdin(Stdio::null());
    command
}

#[track_caller]
fn expect(output: &Output, code: i32, out: &[u8]) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "stderr: {err}");
    assert_eq!(output.stdout, out, "stderr: {err}");
}

const ARGS: &str = r#"(func (export "_start")
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (drop (call $args_get (i32.const 256) (i32.const 1024)))
    (call $write (i32.const 1) (i32.const 1024) (i32.load (i32.const 4)))
    (drop (call $environ_sizes_get (i32.const 0) (i32.const 4)))
    (drop (call $environ_get (i32.const 256) (i32.const 1024)))
    (call $write (i32.const 2) (i32.const 1024) (i32.load (i32.const 4))))"#;

#[test]
fn arguments_and_environment_reach_the_program() {
    let folder = folder("args");
    let path = program(&folder, "args.wat", ARGS);
    let path = path.to_str().unwrap();
    // What follows the file belongs to the program, also what looks like an option.
    let output = zonda(&[path, "one", "--fuel", "-x", ""]).output().unwrap();
    expect(&output, 0, b"args.wat\0one\0--fuel\0-x\0\0");
    assert_eq!(output.stderr, b"", "the environment of the process is not the program's");
    let output =
        zonda(&["--argv0", "name", "--env", "A=1", "--env", "FROM_HERE", "--env", "MISSING", path])
            .env("FROM_HERE", "2=3")
            .env_remove("MISSING")
            .output()
            .unwrap();
    expect(&output, 0, b"name\0");
    assert_eq!(output.stderr, b"A=1\0FROM_HERE=2=3\0");
}

#[test]
fn the_exit_code_is_the_programs() {
    let folder = folder("exit");
    for (code, expected) in [("0", 0), ("1", 1), ("42", 42), ("255", 255), ("256", 0)] {
        let body =
            format!(r#"(func (export "_start") (call $proc_exit (i32.const {code})) unreachable)"#);
        let path = program(&folder, "exit.wat", &body);
        for mode in ["fast", "classic"] {
            let output = zonda(&["--mode", mode, path.to_str().unwrap()]).output().unwrap();
            expect(&output, expected, b"");
            assert_eq!(output.stderr, b"");
        }
    }
    // In the start function as well.
    let path = program(
        &folder,
        "start.wat",
        "(func $start (call $proc_exit (i32.const 9))) (start $start)",
    );
    expect(&zonda(&[path.to_str().unwrap()]).output().unwrap(), 9, b"");
    let path = program(&folder, "trap.wat", r#"(func (export "_start") unreachable)"#);
    let output = zonda(&[path.to_str().unwrap()]).output().unwrap();
    expect(&output, 1, b"");
    assert!(String::from_utf8_lossy(&output.stderr).contains("trap.wat: _start: unreachable"));
}

#[test]
fn standard_input_is_read_to_its_end() {
    let folder = folder("stdin");
    let path = program(
        &folder,
        "cat.wat",
        r#"(func (export "_start") (loop $more
            (i32.store (i32.const 0) (i32.const 1024))
            (i32.store (i32.const 4) (i32.const 7))
            (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (if (i32.load (i32.const 8)) (then
                (call $write (i32.const 1) (i32.const 1024) (i32.load (i32.const 8)))
                (br $more)))))"#,
    );
    let mut child = zonda(&[path.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text: Vec<u8> = (0..100_000u32).map(|byte| byte as u8).collect();
    let (mut stdin, sent) = (child.stdin.take().unwrap(), text.clone());
    let writer = std::thread::spawn(move || stdin.write_all(&sent).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    expect(&output, 0, &text);
}

/// Creates `new` in the first directory and writes to it; exits with the error number.
const CREATE: &str = r#"(data (i32.const 512) "new")
    (func (export "_start") (local $error i32)
        (local.tee $error (call $path_open (i32.const 3) (i32.const 1) (i32.const 512) (i32.const 3) (i32.const 1)
            (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))
        (if (then (call $proc_exit (local.get $error))))
        (call $write (i32.load (i32.const 0)) (i32.const 512) (i32.const 3)))"#;

#[test]
fn a_program_has_the_directories_that_it_is_given() {
    let folder = folder("dir");
    let path = program(&folder, "create.wat", CREATE);
    let path = path.to_str().unwrap();
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    let (badf, notcapable) = (8, 76);
    expect(&zonda(&[path]).output().unwrap(), badf, b"");
    let read_only = format!("{}::/::ro", data.display());
    expect(&zonda(&["--dir", &read_only, path]).output().unwrap(), notcapable, b"");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
    expect(&zonda(&["--dir", &format!("{}::/d", data.display()), path]).output().unwrap(), 0, b"");
    assert_eq!(fs::read(data.join("new")).unwrap(), b"new");
    let output = zonda(&["--dir", "/does/not/exist", path]).output().unwrap();
    expect(&output, 2, b"");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--dir /does/not/exist: No such file"));
    let output = zonda(&["--dir", "a::b::rw", path]).output().unwrap();
    expect(&output, 2, b"");
}

/// One that computes, one that waits for the clock, one that reads what never comes.
fn endless(folder: &Path) -> [PathBuf; 3] {
    [
        program(folder, "loop.wat", r#"(func (export "_start") (loop (br 0)))"#),
        program(
            folder,
            "wait.wat",
            r#"(func (export "_start")
                (i32.store (i32.const 16) (i32.const 1))
                (i64.store (i32.const 24) (i64.const 3600000000000))
                (drop (call $poll_oneoff (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 256)))
                (loop (br 0)))"#,
        ),
        program(
            folder,
            "read.wat",
            r#"(func (export "_start")
                (i32.store (i32.const 0) (i32.const 1024))
                (i32.store (i32.const 4) (i32.const 7))
                (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))))"#,
        ),
    ]
}

#[test]
fn a_program_ends_when_its_time_is_over() {
    for path in endless(&folder("timeout")) {
        let begin = Instant::now();
        // Standard input stays open and silent.
        let mut child = zonda(&["--timeout", "200ms", path.to_str().unwrap()])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _open = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains("terminated after 200ms") || err.contains("after 200ms"), "{err}");
        assert!(begin.elapsed() >= Duration::from_millis(200));
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
    for bad in ["", "s", "1x", "-1", "1e999"] {
        let output = zonda(&["--timeout", bad, "no.wasm"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{bad}");
    }
}

#[test]
fn an_interrupt_ends_a_program() {
    use std::os::unix::process::ExitStatusExt;
    for path in endless(&folder("interrupt")) {
        // A job in the background of a script starts with the signal ignored, and its children too.
        let mut command = Command::new("env");
        command.args(["--default-signal=INT", env!("CARGO_BIN_EXE_zonda"), "run"]).arg(path);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none(), "it runs");
        // The shell's own command: a small Debian has no program of this name.
        let kill = format!("kill -INT {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        // As after Ctrl-C in a shell.
        assert_eq!(child.wait().unwrap().signal(), Some(2));
    }
}

#[test]
fn a_reactor_is_initialized_before_its_function_is_called() {
    let folder = folder("reactor");
    let path = program(
        &folder,
        "reactor.wat",
        r#"(global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $ready (i32.const 5)))
        (func (export "get") (param i32) (result i32) (i32.add (local.get 0) (global.get $ready)))"#,
    );
    let path = path.to_str().unwrap();
    expect(&zonda(&[path, "--invoke", "get", "2"]).output().unwrap(), 0, b"7\n");
    expect(&zonda(&["--invoke", "get", path, "-5"]).output().unwrap(), 0, b"0\n");
    expect(&zonda(&["--invoke", "_initialize", path]).output().unwrap(), 0, b"");
}

#[test]
fn fuel_and_memory_are_limited() {
    let folder = folder("limits");
    let [path, ..] = endless(&folder);
    let output = zonda(&["--fuel", "1000", path.to_str().unwrap()]).output().unwrap();
    expect(&output, 1, b"");
    assert!(String::from_utf8_lossy(&output.stderr).contains("all fuel consumed"));
    // A buffer beyond what the memory is limited to.
    let path = program(&folder, "args.wat", ARGS);
    let output = zonda(&["--max-memory", "1000", path.to_str().unwrap()]).output().unwrap();
    expect(&output, 1, b"");
    assert!(String::from_utf8_lossy(&output.stderr).contains("out of bounds memory access"));
}

#[test]
fn inspect_says_what_is_missing_and_which_options_are_needed() {
    let folder = folder("inspect");
    let path = folder.join("needs.wat");
    let text = r#"(module
        (import "env" "led_set" (func (param i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_unlink_file" (func (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "no_such" (func))
        (func (export "_start") (drop (f32.const 1))))"#;
    fs::write(&path, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_zonda"))
        .args(["inspect", "--for", "zephyr"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let out = String::from_utf8_lossy(&output.stdout);
    let missing = "has to provide: env.led_set, wasi_snapshot_preview1.no_such\n";
    assert!(out.contains(missing), "{out}");
    let options = "  CONFIG_ZONDA=y\n  CONFIG_ZONDA_FLOAT=y\n  CONFIG_ZONDA_WASI=y\n  CONFIG_ZONDA_WASI_FILES=y\n";
    assert!(out.contains(options), "{out}");
    assert!(!out.contains("WASI_POLL"), "{out}");
}

/// Go's compiler for WASI, where it is there: the runtime of Go with its collector and goroutines.
#[test]
fn a_program_in_go_runs() {
    let folder = folder("go");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/go/main.go");
    let program = folder.join("go.wasm");
    let go = std::env::var("GO").unwrap_or("go".into());
    let built = Command::new(&go)
        .args(["build", "-o", program.to_str().unwrap(), source.to_str().unwrap()])
        .current_dir(&folder)
        .envs([("GOOS", "wasip1"), ("GOARCH", "wasm"), ("GOTOOLCHAIN", "local")])
        // Kept from run to run, also where there is no home.
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"))
        .output();
    let output = match built {
        Ok(output) => output,
        Err(error) => return eprintln!("not run: {go}: {error}"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    // The first compiler with this target is 1.21.
    if said.contains("unsupported GOOS/GOARCH") {
        return eprintln!("not run: {said}");
    }
    assert!(output.status.success(), "{said}");
    fs::create_dir(folder.join("files")).unwrap();
    fs::write(folder.join("files/in.txt"), "12345").unwrap();
    let dir = format!("{}::/data::ro", folder.join("files").display());
    for mode in ["fast", "classic"] {
        let options = ["--mode", mode, "--dir", &dir, "--env", "NAME=Go"];
        let words = [program.to_str().unwrap(), "b", "a", "b"];
        let output = zonda(&options).args(words).output().unwrap();
        expect(&output, 3, b"A 1\nB 2\n5 bytes for Go\n");
    }
    let output = zonda(&[program.to_str().unwrap()]).output().unwrap();
    expect(&output, 1, b"");
}
