//! Profiles and coverage of programs, made by instrumented modules.

mod common;

use common::{expect, file, stderr, stdout, zonda};
use std::collections::HashMap;
use std::path::Path;

fn module(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    path.to_str().unwrap().to_owned()
}

/// The rows of the first table: name of the function, instructions, calls.
fn rows(table: &str) -> Vec<(String, u64, Option<u64>)> {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        words.next()?.strip_suffix('%')?.parse::<f64>().ok()?;
        let instructions = words.next()?.parse().ok()?;
        let rest: Vec<&str> = words.collect();
        match rest.split_first()? {
            (calls, name) if !name.is_empty() && calls.parse::<u64>().is_ok() => {
                Some((name.join(" "), instructions, calls.parse().ok()))
            }
            _ => Some((rest.join(" "), instructions, None)),
        }
    };
    table.lines().skip(1).map_while(row).collect()
}

/// A program whose functions and loops are known.
const COUNTED: &str = r#"(module
    (func $leaf (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
    (func $work (param i32) (result i32) (local i32)
        (loop $outer
            (local.set 1 (i32.add (local.get 1) (call $leaf (local.get 0))))
            (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1))
    (func $never (result i32) (i32.const 1))
    (func (export "run") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call $work (local.get 0))) (else (call $never)))))"#;

#[test]
fn exact_counts_are_exact() {
    let path = file("exact", "counted.wat", COUNTED.as_bytes());
    for mode in ["classic", "fast"] {
        let output = zonda(&["profile", "--exact", "--mode", mode, &path, "--invoke", "run", "10"]);
        expect(&output, 0, "165\n", &[]);
        let text = stderr(&output);
        let named = |name: &str, instructions, calls| (name.to_owned(), instructions, Some(calls));
        // 3 in the leaf; 10 in each of ten iterations and one behind them; a condition, an operand
        // and a call.
        assert_eq!(
            rows(&text),
            [named("work", 101, 1), named("leaf", 30, 10), named("run", 4, 1)],
            "{text}"
        );
        assert!(
            text.contains("iterations  loop\n 74.07%             100           10  work, 0x"),
            "{text}"
        );
        assert!(text.contains("135 instructions in "), "{text}");
    }
}

#[test]
fn samples_agree_with_exact_counts() {
    for (name, argument) in [("matrix", "40"), ("sort", "300"), ("text", "40")] {
        let path = module(&format!("tests/modules/{name}.wasm"));
        let run = |options: &[&str]| {
            let args = [&["profile"], options, &[&path, "--invoke", "run", argument]].concat();
            let output = zonda(&args);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            (stdout(&output), rows(&stderr(&output)))
        };
        let (exact_out, exact) = run(&["--exact"]);
        let (sampled_out, sampled) = run(&["--period", "20"]);
        assert_eq!(exact_out, sampled_out, "{name}");
        let total =
            |rows: &[(String, u64, Option<u64>)]| rows.iter().map(|row| row.1).sum::<u64>() as f64;
        assert!(total(&exact) > 50_000.0, "{name}: {} instructions", total(&exact));
        let sampled_of: HashMap<&str, u64> =
            sampled.iter().map(|row| (row.0.as_str(), row.1)).collect();
        for (func, instructions, _) in exact.iter().take(10) {
            let share = *instructions as f64 / total(&exact);
            let found =
                sampled_of.get(func.as_str()).copied().unwrap_or(0) as f64 / total(&sampled);
            assert!((share - found).abs() < 0.03, "{name}: {func}: {share}, sampled {found}");
        }
        // The same again: nothing depends on time.
        assert_eq!(run(&["--period", "20"]).1, sampled, "{name}");
    }
}

#[test]
fn samples_of_a_device_are_shown() {
    let path = file("device", "counted.wat", COUNTED.as_bytes());
    let console = "boot\nzonda samples: function 1: 300\nzonda samples: function 0: 90\n\
        zonda samples: other functions: 10\nzonda samples: elsewhere: 7\n";
    let samples = file("device", "console.txt", console.as_bytes());
    let only = Path::new(&path).with_extension("only");
    let only = only.to_str().unwrap();
    let output = zonda(&["profile", "--samples", &samples, "--only", only, "--share", "75", &path]);
    expect(&output, 0, "", &[]);
    let text = stderr(&output);
    assert_eq!(rows(&text), [("work".into(), 300, None), ("leaf".into(), 90, None)], "{text}");
    assert!(text.contains(" 75.00%             300               work\n"), "{text}");
    let last = "400 samples, 10 of functions without a count, and 7 outside of the program";
    assert!(text.contains(last), "{text}");
    let list = std::fs::read_to_string(only).unwrap();
    assert!(list.ends_with("# 75.00 % work\n1\n"), "{list}");
    // Function 4 is none of the module.
    let other = file("device", "other.txt", console.replace("tion 0", "tion 4").as_bytes());
    let output = zonda(&["profile", "--samples", &other, &path]);
    expect(&output, 2, "", &["other.txt: function 4 is none of"]);
    let nothing = file("device", "nothing.txt", b"boot");
    expect(&zonda(&["profile", "--samples", &nothing, &path]), 2, "", &["no samples"]);
}

#[test]
fn a_flame_graph_and_a_list_for_the_compiler_are_written() {
    let path = file("graph", "counted.wat", COUNTED.as_bytes());
    let (graph, list) = (file("graph", "graph.svg", b""), file("graph", "only.txt", b""));
    let args = [
        "profile",
        "--period",
        "10",
        "--flamegraph",
        &graph,
        "--only",
        &list,
        &path,
        "--invoke",
        "run",
        "1000",
    ];
    expect(&zonda(&args), 0, "1501500\n", &[]);
    let graph = std::fs::read_to_string(graph).unwrap();
    for name in ["run", "work", "leaf"] {
        assert!(graph.contains(&format!("<title>{name} (")), "{name} is not in {graph}");
    }
    let list = std::fs::read_to_string(list).unwrap();
    let indices: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(indices, ["1", "0"], "{list}");
    assert!(list.contains(" % work\n1\n"), "{list}");
}

#[test]
fn a_program_that_traps_or_exits_has_a_profile_too() {
    let path = module("tests/modules/divide.wasm");
    let output = zonda(&["profile", "--exact", &path, "--invoke", "run", "5"]);
    expect(&output, 1, "", &["4  divide", "integer divide by zero"]);
    let exits = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
        (func (export "_start") (call $exit (i32.const 3)) (drop (i32.const 1))))"#;
    let path = file("exits", "exits.wat", exits.as_bytes());
    let output = zonda(&["profile", "--exact", &path]);
    expect(&output, 3, "", &["2 instructions in "]);
    let output = zonda(&["profile", "--native", &path]);
    expect(&output, 2, "", &["leave --native out"]);
}

#[test]
fn coverage_has_the_lines_of_a_program() {
    let report = file("coverage", "lines.info", b"");
    for mode in ["classic", "fast"] {
        let path = module("tests/modules/divide.wasm");
        let output =
            zonda(&["run", "--mode", mode, "--coverage", &report, &path, "--invoke", "run", "5"]);
        expect(&output, 1, "", &["integer divide by zero"]);
        // Line 16 is behind the call that traps, line 18 behind the loop.
        let expected = "TN:\nSF:./divide.c\nFN:6,divide\nFN:22,run\nFN:11,work\nFNDA:4,divide\nFNDA:1,run\nFNDA:1,work\nFNF:3\nFNH:3\n\
            DA:6,4\nDA:7,4\nDA:11,1\nDA:12,1\nDA:14,4\nDA:15,4\nDA:16,3\nDA:18,0\nDA:22,1\nDA:23,1\nLF:10\nLH:9\nend_of_record\n";
        assert_eq!(std::fs::read_to_string(&report).unwrap(), expected);
    }
    let path = file("coverage", "plain.wat", COUNTED.as_bytes());
    let output = zonda(&["run", "--coverage", &report, &path, "--invoke", "run", "1"]);
    expect(&output, 2, "", &["coverage needs debug information"]);
}

/// Options that have no meaning together are refused before the program runs.
#[test]
fn options_that_exclude_each_other() {
    let module = module("tests/modules/divide.wasm");
    let refused = "runs an instrumented module, and does not take this option";
    for option in ["--coverage=x", "--trap-record=x", "--debug", "--debug=1"] {
        expect(&zonda(&["profile", option, &module]), 2, "", &[refused]);
    }
    for option in ["--trap-record=x", "--debug=0"] {
        let run = zonda(&["run", "--coverage=x", option, &module]);
        expect(&run, 2, "", &["cannot be used with"]);
    }
    let run = zonda(&["run", "--debug", "1234", &module]);
    expect(&run, 2, "", &["a port is given with `=`: --debug=1234"]);
}

/// A port that somebody has.
#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (option, path) = (format!("--debug={port}"), module("tests/modules/divide.wasm"));
    let run = zonda(&["run", &option, &path, "--invoke", "run", "5"]);
    expect(&run, 2, "", &["--debug=0 takes a port that is free"]);
}

/// An LLDB that is too old is named before anything starts.
#[test]
fn an_old_debugger() {
    use std::os::unix::fs::PermissionsExt;
    let old = Path::new(env!("CARGO_TARGET_TMPDIR")).join("old-lldb");
    std::fs::write(&old, "#!/bin/sh\necho 'lldb version 19.1.4'\n").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_zonda"))
        .args(["debug", &module("tests/modules/divide.wasm")])
        .env("LLDB", &old)
        .output()
        .unwrap();
    expect(
        &output,
        2,
        "",
        &["LLDB 22 or newer is needed", "version 19", "environment variable LLDB"],
    );
}
