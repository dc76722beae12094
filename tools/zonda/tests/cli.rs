//! The command line from outside: output, messages with file, place and cause, exit codes.

mod common;

use common::{expect, file, stderr, stdout, zonda};
use std::path::Path;
use std::process::Command;

/// A module of tests/modules.
fn real(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/modules").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn run_invokes_with_arguments() {
    expect(&zonda(&["run", &real("sort.wasm"), "--invoke", "run", "5"]), 0, "-564508326\n", &[]);
    expect(&zonda(&["run", &real("wide.wasm"), "--invoke", "run64", "-9", "0x4"]), 0, "1\n", &[]);
    expect(
        &zonda(&["run", &real("calls.wasm"), "--invoke", "run", "2"]),
        0,
        "line 0\nline 1\n6\n",
        &[],
    );
}

#[test]
fn run_reads_text_and_shows_every_type() {
    let path = file(
        "types",
        "types.wat",
        br#"(module (func (export "all") (param i32 i64 f32 f64 externref funcref) (result funcref externref f64 f32 i64 i32)
            (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0)))"#,
    );
    let output = zonda(&[
        "run",
        &path,
        "--invoke",
        "all",
        "-1",
        "18446744073709551615",
        "1.5",
        "-inf",
        "7",
        "null",
    ]);
    expect(&output, 0, "null\n7\n-inf\n1.5\n-1\n-1\n", &[]);
}

#[test]
fn run_calls_start_or_main() {
    let start = file("start", "start.wat", br#"(module (import "env" "print" (func $p (param i32 i32))) (memory (export "memory") 1)
        (data (i32.const 4) "hi\n") (func (export "_start") (call $p (i32.const 4) (i32.const 3))))"#);
    expect(&zonda(&["run", &start]), 0, "hi\n", &[]);
    let main = file("start", "main.wat", br#"(module (func (export "main") (param i32 i32) (result i32) (i32.add (local.get 0) (i32.const 42))))"#);
    expect(&zonda(&["run", &main]), 0, "42\n", &[]);
    let clang = file("start", "clang.wat", br#"(module (func (export "other")) (func (export "__main_argc_argv") (param i32 i32) (result i32) (i32.const 43)))"#);
    expect(&zonda(&["run", &clang]), 0, "43\n", &[]);
    let nothing = file("start", "nothing.wat", b"(module)");
    expect(&zonda(&["run", &nothing]), 0, "", &[]);
}

/// What a module for WAMR's libc-builtin imports.
#[test]
fn run_has_a_c_library() {
    let program = |heap: &str, limit: &str| {
        format!(
            r#"(module
            (import "env" "printf" (func $printf (param i32 i32) (result i32)))
            (import "env" "malloc" (func $malloc (param i32) (result i32)))
            (import "env" "strlen" (func $strlen (param i32) (result i32)))
            (import "env" "exit" (func $exit (param i32)))
            (memory (export "memory") 1 {limit}) {heap}
            (data (i32.const 16) "%s: %d at %x\n\00") (data (i32.const 64) "six\00")
            (func (export "__wasm_call_ctors") (i32.store8 (i32.const 64) (i32.const 83)))
            (func (export "main") (param i32 i32) (result i32)
                (i32.store (i32.const 128) (i32.const 64))
                (i32.store (i32.const 132) (call $strlen (i32.const 64)))
                (i32.store (i32.const 136) (call $malloc (i32.const 70000)))
                (drop (call $printf (i32.const 16) (i32.const 128)))
                (call $exit (i32.const 7))
                (unreachable)))"#
        )
    };
    let base = r#"(global (export "__heap_base") i32 (i32.const 1001))"#;
    for (name, heap, limit, at) in [
        ("base", base, "", "3f0"),
        ("end", "", "", "10000"),
        // One page is not enough.
        ("full", base, "1", "0"),
    ] {
        let path = file("libc", &format!("{name}.wat"), program(heap, limit).as_bytes());
        expect(&zonda(&["run", &path]), 7, &format!("Six: 3 at {at}\n"), &[]);
    }
    let path = file("libc", "needs.wat", program("", "").as_bytes());
    let shown = stdout(&zonda(&["inspect", &path, "--for", "zephyr"]));
    assert!(shown.contains("has to provide: none") && shown.contains("LIBC_BUILTIN=y"), "{shown}");
    let abort = file(
        "libc",
        "abort.wat",
        br#"(module (import "env" "abort" (func $abort (param i32))) (func (export "main") (call $abort (i32.const 3))))"#,
    );
    expect(&zonda(&["run", &abort]), 1, "", &["the program has called abort(3)"]);
}

#[test]
fn run_chooses_the_only_export_or_lists_the_exports() {
    let one = file(
        "choose",
        "one.wat",
        br#"(module (memory (export "memory") 1)
        (func (export "answer") (result i32) (i32.const 42)))"#,
    );
    expect(&zonda(&["run", &one]), 0, "42\n", &[]);
    // The only export wants arguments: the message says which, and nothing runs, not even the start
    // function.
    let wants = file(
        "choose",
        "wants.wat",
        br#"(module (func $boom unreachable) (start $boom)
        (func (export "add") (param i32 f64) (result i32) (local.get 0)))"#,
    );
    expect(
        &zonda(&["run", &wants]),
        2,
        "",
        &["add: expected 2 arguments, found 0", "(i32, f64) -> (i32)"],
    );
    let two = file(
        "choose",
        "two.wat",
        br#"(module (func $boom unreachable) (start $boom)
        (func (export "first")) (func (export "second") (param i64)))"#,
    );
    let list =
        ["neither `_start` nor `main`", "--invoke", "first: () -> ()", "second: (i64) -> ()"];
    expect(&zonda(&["run", &two]), 2, "", &list);
    let main = file(
        "choose",
        "main.wat",
        br#"(module (func (export "other")) (func (export "main") (result i32) (i32.const 7)))"#,
    );
    expect(&zonda(&["run", &main]), 0, "7\n", &[]);
    let none = file("choose", "none.wat", br#"(module (memory (export "memory") 1))"#);
    expect(&zonda(&["run", &none, "--invoke", "run"]), 2, "", &["the module exports no function"]);
}

#[test]
fn compile_writes_a_precompiled_module() {
    let source = file("compile", "inc.wat", br#"(module (import "env" "inc" (func $inc (param i32) (result i32)))
        (func (export "run") (param f32) (result i32) (call $inc (i32.trunc_f32_s (local.get 0)))))"#);
    let output = source.replace("inc.wat", "inc.zonda");
    let _ = std::fs::remove_file(&output);
    expect(&zonda(&["compile", "--word-size", "8", &source]), 0, "", &[]);
    expect(&zonda(&["run", &output, "--invoke", "run", "1.5"]), 0, "2\n", &[]);
    expect(
        &zonda(&["compile", &output]),
        2,
        "",
        &["inc.zonda: offset 0x0: expected a module, found a precompiled module"],
    );
    // For a device with other pointers: inspected here, but not run.
    expect(&zonda(&["compile", &source]), 0, "", &[]);
    let inspected = zonda(&["inspect", &output]);
    assert_eq!(inspected.status.code(), Some(0), "{}", stderr(&inspected));
    for part in [
        "pointers of 4 bytes; verified",
        "SHA-256",
        "without its code section",
        "register bytecode",
        "env.inc: func (i32) -> (i32)",
        "run: func (f32) -> (i32)",
    ] {
        assert!(stdout(&inspected).contains(part), "'{part}' is not in:\n{}", stdout(&inspected));
    }
    expect(
        &zonda(&["run", &output, "--invoke", "run", "1.5"]),
        2,
        "",
        &["inc.zonda", "offset 0x7"],
    );
    expect(&zonda(&["compile", "--word-size", "5", &source]), 2, "", &["5", "4", "8"]);
    expect(&zonda(&["compile", &source, "-o", "/no/such/folder/x"]), 2, "", &["/no/such/folder/x"]);
    let references =
        file("compile", "references.wat", br#"(module (func (export "f") (param externref)))"#);
    expect(&zonda(&["compile", &references]), 2, "", &["references.wat", "references"]);
}

#[test]
fn every_mode_gives_the_same() {
    let trap =
        |mode| zonda(&["run", "--mode", mode, &real("wide.wasm"), "--invoke", "run64", "1", "0"]);
    for mode in ["classic", "fast"] {
        expect(
            &zonda(&["run", "--mode", mode, &real("sort.wasm"), "--invoke", "run", "5"]),
            0,
            "-564508326\n",
            &[],
        );
        expect(&zonda(&["validate", "--mode", mode, &real("sort.wasm")]), 0, "", &[]);
        expect(&trap(mode), 1, "", &["integer divide by zero", "function ", "offset 0x"]);
    }
    assert_eq!(stderr(&trap("classic")), stderr(&trap("fast")));
    for command in ["run", "validate", "wast"] {
        expect(
            &zonda(&[command, "--mode", "slow", &real("sort.wasm")]),
            2,
            "",
            &["slow", "classic", "fast"],
        );
    }
}

#[test]
fn a_trap_ends_with_1_and_says_where() {
    let output = zonda(&["run", &real("wide.wasm"), "--invoke", "run64", "1", "0"]);
    expect(
        &output,
        1,
        "",
        &["wide.wasm", "run64", "integer divide by zero", "function ", "offset 0x"],
    );
}

#[test]
fn fuel_stack_and_memory_limit_work() {
    let endless = file("limits", "endless.wat", br#"(module (func (export "run") (loop (br 0))))"#);
    expect(
        &zonda(&["run", "--fuel", "1000", &endless, "--invoke", "run"]),
        1,
        "",
        &["all fuel consumed"],
    );
    let deep = file("limits", "deep.wat", br#"(module (func $f (export "run") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))"#);
    expect(
        &zonda(&["run", "--stack", "2048", &deep, "--invoke", "run", "5000"]),
        1,
        "",
        &["call stack exhausted"],
    );
    expect(
        &zonda(&["run", "--stack", "1000000", &deep, "--invoke", "run", "5000"]),
        0,
        "5000\n",
        &[],
    );
    let grows = file(
        "limits",
        "grows.wat",
        br#"(module (memory 1) (func (export "run") (result i32) (memory.grow (i32.const 1))))"#,
    );
    expect(&zonda(&["run", &grows, "--invoke", "run"]), 0, "1\n", &[]);
    expect(&zonda(&["run", "--max-memory", "65536", &grows, "--invoke", "run"]), 0, "-1\n", &[]);
    let reads = file("limits", "reads.wat", br#"(module (memory 1) (func (export "run") (param i32) (result i32) (i32.load8_u (local.get 0))))"#);
    expect(
        &zonda(&["run", "--max-memory", "2000", &reads, "--invoke", "run", "1999"]),
        0,
        "0\n",
        &[],
    );
    expect(
        &zonda(&["run", "--max-memory", "2000", &reads, "--invoke", "run", "2000"]),
        1,
        "",
        &["out of bounds memory access"],
    );
}

#[test]
fn bad_input_ends_with_2_and_says_why() {
    expect(&zonda(&["run", "no-such-file.wasm"]), 2, "", &["no-such-file.wasm", "No such file"]);
    let cut = std::fs::read(real("sort.wasm")).unwrap();
    let cut = file("bad", "cut.wasm", &cut[..100]);
    expect(&zonda(&["run", &cut]), 2, "", &["cut.wasm", "offset 0x", "unexpected end"]);
    let elf = file("bad", "elf.wasm", b"\x7fELF\x01\x01");
    for command in ["run", "validate", "inspect", "compile"] {
        expect(
            &zonda(&[command, &elf]),
            2,
            "",
            &["elf.wasm: offset 0x0: expected a module", "7f 45 4c 46 (an ELF file)"],
        );
    }
    let empty = file("bad", "empty.wasm", b"");
    expect(&zonda(&["run", &empty]), 2, "", &["empty.wasm: offset 0x0", "an empty file"]);
    let text = file("bad", "bad.wat", b"(module\n  (func (export \"x\") (i32.bad)))");
    expect(&zonda(&["run", &text]), 2, "", &["bad.wat:2:", "unknown operator"]);
    let unlinked = file(
        "bad",
        "unlinked.wat",
        br#"(module (import "env" "nop" (func)) (import "led" "set" (func (param i32))))"#,
    );
    expect(
        &zonda(&["run", &unlinked]),
        2,
        "",
        &[
            "unlinked.wat",
            "unknown import \"led\" \"set\": expected func (i32) -> ()",
            "zonda run --help",
        ],
    );
    let wrong = file("bad", "wrong.wat", br#"(module (import "env" "inc" (func)))"#);
    expect(&zonda(&["run", &wrong]), 2, "", &["incompatible import type \"env\" \"inc\": expected func () -> (), found func (i32) -> (i32)"]);
}

#[test]
fn wrong_usage_ends_with_2() {
    assert_eq!(zonda(&["run"]).status.code(), Some(2));
    assert_eq!(zonda(&["--no-such-option"]).status.code(), Some(2));
    let sort = real("sort.wasm");
    expect(
        &zonda(&["run", &sort, "--invoke", "walk"]),
        2,
        "",
        &["no function is exported as 'walk'", "exported functions:", "run: (i32) -> (i32)"],
    );
    expect(
        &zonda(&["run", &sort, "--invoke", "run"]),
        2,
        "",
        &["run: expected 1 arguments, found 0", "(i32) -> (i32)", "--invoke run ARGS"],
    );
    expect(
        &zonda(&["run", &sort, "--invoke", "run", "five"]),
        2,
        "",
        &["run: argument 1: expected an i32", "found 'five'"],
    );
}

#[test]
fn help_names_the_exit_codes_and_host_functions() {
    for args in [
        &["--help"][..],
        &["run", "--help"],
        &["validate", "--help"],
        &["inspect", "--help"],
        &["wast", "--help"],
    ] {
        let output = zonda(args);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("Exit codes"), "{args:?}");
    }
    assert!(stdout(&zonda(&["run", "--help"])).contains("inc(i32) -> i32"));
}

#[test]
fn validate_reports_every_bad_file() {
    let good = real("sort.wasm");
    expect(&zonda(&["validate", &good, &real("text.wasm")]), 0, "", &[]);
    let one = file("validate", "one.wasm", b"\0asm\x01\0\0\0\x01");
    let two = file("validate", "two.wat", br#"(module (func (result i32) (i64.const 1)))"#);
    expect(
        &zonda(&["validate", &one, &good, &two]),
        2,
        "",
        &["one.wasm", "offset 0x9", "two.wat", "type mismatch"],
    );
}

#[test]
fn inspect_shows_what_is_there_and_what_it_needs() {
    let path = file(
        "inspect",
        "all.wat",
        br#"(module
        (import "env" "inc" (func (param i32) (result i32)))
        (memory (export "memory") 2000 4000 (pagesize 1)) (memory 1)
        (table 3 funcref) (global (export "g") (mut i64) (i64.add (i64.const 1) (i64.const 2)))
        (func (export "run") (param i32) (result i32 i32) (local i64)
            (i32.extend8_s (local.get 0)) (i32.trunc_sat_f32_s (f32.const 1)))
        (func (export "tail") (param i32) (result i32) (return_call 0 (local.get 0)))
        (data "passive"))"#,
    );
    let output = zonda(&["inspect", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "import",
        "code",
        "data",
        "custom-page-sizes",
        "extended-const",
        "multi-memory",
        "multi-value",
        "saturating-float-to-int",
        "sign-extension",
        "tail-call",
        "env.inc: func (i32) -> (i32)",
        "memory: memory, 2000 pages of 1 bytes, at most 4000",
        "g: global mutable i64",
        "67536  RAM for linear memory",
        "side tables",
        "register bytecode",
        "needed build options: CONFIG_ZONDA_FLOAT, CONFIG_ZONDA_TAIL_CALL, CONFIG_ZONDA_MULTI_MEMORY, CONFIG_ZONDA_EXTENDED_CONST, CONFIG_ZONDA_CUSTOM_PAGE_SIZES",
        "frame classic",
        "frame fast",
    ] {
        assert!(text.contains(part), "'{part}' is not in:\n{text}");
    }
    let simd =
        file("inspect", "simd.wat", br#"(module (import "env" "f" (func (param i64) (result v128))) (func (export "g") (result v128) (v128.const i32x4 0 0 0 0)))"#);
    let output = zonda(&["inspect", &simd]);
    assert_eq!(output.status.code(), Some(0));
    for part in [
        "features: simd\n",
        "needed build options: CONFIG_ZONDA_SIMD",
        "env.f: func (i64) -> (v128)",
        "g: func () -> (v128)",
    ] {
        assert!(stdout(&output).contains(part), "'{part}' is not in:\n{}", stdout(&output));
    }
    let threads = file(
        "inspect",
        "threads.wat",
        b"(module (memory 1 1 shared) (func (export \"g\") (result i32) (i32.atomic.load (i32.const 0))))",
    );
    let output = zonda(&["inspect", &threads]);
    assert_eq!(output.status.code(), Some(0));
    for part in ["features: threads\n", "needed build options: CONFIG_ZONDA_THREADS"] {
        assert!(stdout(&output).contains(part), "'{part}' is not in:\n{}", stdout(&output));
    }
    let legacy = file(
        "inspect",
        "legacy.wat",
        b"(module (func (export \"g\") (result i32) try (result i32) i32.const 1 catch_all i32.const 2 end))",
    );
    let output = zonda(&["inspect", &legacy]);
    assert_eq!(output.status.code(), Some(0));
    for part in [
        "features: legacy-exceptions\n",
        "needed build options: CONFIG_ZONDA_LEGACY_EXCEPTIONS\n",
        "g: func () -> (i32)",
    ] {
        assert!(stdout(&output).contains(part), "'{part}' is not in:\n{}", stdout(&output));
    }
    let discard = file(
        "inspect",
        "discard.wat",
        b"(module (memory 1) (func (export \"g\") (memory.discard (i32.const 0) (i32.const 0))))",
    );
    let output = zonda(&["inspect", &discard]);
    assert_eq!(output.status.code(), Some(2));
    for part in ["memory-control (not supported)", "needed build options: none", "g: func () -> ()"]
    {
        assert!(stdout(&output).contains(part), "'{part}' is not in:\n{}", stdout(&output));
    }
    assert!(stderr(&output).contains("illegal opcode"));
}

#[test]
fn wast_counts_each_file() {
    let good = file(
        "wast",
        "good.wast",
        br#"
        (module (func (export "f") (result i32) (i32.const 1)))
        (assert_return (invoke "f") (i32.const 1))
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_malformed (module quote "(funk)") "unknown operator")
        (assert_return (invoke "f") (either (i32.const 1) (i32.const 2)))"#,
    );
    let line = format!("{good}: 4 passed, 0 failed, 0 unsupported, 1 text\n");
    expect(&zonda(&["wast", &good]), 0, &line, &[]);
    expect(&zonda(&["wast", "--mode", "classic", &good]), 0, &line, &[]);
    expect(&zonda(&["wast", "--mode", "fast", &good]), 0, &line, &[]);
    let bad = file(
        "wast",
        "bad.wast",
        br#"(module (func (export "f") (result i32) (i32.const 1)))
(assert_return (invoke "f") (i32.const 2))
(assert_trap (invoke "f") "unreachable")"#,
    );
    let output = zonda(&["wast", &good, &bad]);
    let lines = format!("{line}{bad}: 1 passed, 2 failed, 0 unsupported, 0 text\ntotal: 5 passed, 2 failed, 0 unsupported, 1 text\n");
    expect(
        &output,
        1,
        &lines,
        &["bad.wast:2: assert_return", "bad.wast:3: assert_trap", "2 directives failed"],
    );
    let broken = file("wast", "broken.wast", b"(module\n(assert_return");
    expect(&zonda(&["wast", &broken]), 2, "", &["broken.wast:2:"]);
}

/// A key of the tests of `zonda-signature`.
fn test_key(name: &str) -> String {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../signature/tests/keys");
    keys.join(name).to_str().unwrap().to_owned()
}

#[test]
fn files_are_signed_and_verified() {
    let module = std::fs::read(real("sort.wasm")).unwrap();
    let path = file("signed", "sort.wasm", &module);
    let signed = path.replace("sort.wasm", "signed.wasm");
    for (key, public, other, name) in [
        ("ed25519.pem", "ed25519.pub.pem", "imgtool-ed25519.pem", "Ed25519"),
        ("p256-sec1.pem", "p256-sec1.pem", "p256.pub.pem", "ECDSA P-256"),
    ] {
        let args =
            ["sign", "--key", &test_key(key), "--security-version", "3", "-o", &signed, &path];
        expect(&zonda(&args), 0, "", &[]);
        let output = zonda(&["verify", "--key", &test_key(public), &signed]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let expected =
            format!(": {} bytes, security version 3, signed with {name} by key ", module.len());
        assert!(stdout(&output).contains(&expected), "{}", stdout(&output));
        let verified = zonda(&["verify", "--key", &test_key(other), &signed]);
        expect(&verified, 2, "", &["signed.wasm: the file is signed with an unknown key: "]);
        // One key of several.
        let both = ["verify", "--key", &test_key(other), "--key", &test_key(public), &signed];
        assert_eq!(zonda(&both).status.code(), Some(0));
        // Whoever only looks at a file or runs it needs no key.
        expect(&zonda(&["run", &signed, "--invoke", "run", "5"]), 0, "-564508326\n", &[]);
        expect(&zonda(&["validate", &signed]), 0, "", &[]);
        assert!(stdout(&zonda(&["inspect", &signed])).contains("imports"));
    }
    // A new signature replaces the old one.
    expect(&zonda(&["sign", "--key", &test_key("ed25519.pem"), &signed]), 0, "", &[]);
    assert_eq!(std::fs::read(&signed).unwrap().len(), module.len() + 88);

    let key = test_key("ed25519.pub.pem");
    expect(
        &zonda(&["verify", "--key", &key, &path]),
        2,
        "",
        &["sort.wasm: the file has no signature"],
    );
    let mut damaged = std::fs::read(&signed).unwrap();
    damaged[100] ^= 1;
    let damaged = file("signed", "damaged.wasm", &damaged);
    let output = zonda(&["verify", "--key", &key, &damaged, &signed]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).starts_with(&signed) && stdout(&output).lines().count() == 1);
    assert!(
        stderr(&output).contains("damaged.wasm: the signature is wrong"),
        "{}",
        stderr(&output)
    );
    expect(
        &zonda(&["sign", "--key", &key, &path]),
        2,
        "",
        &["ed25519.pub.pem: a public key cannot sign"],
    );
    expect(&zonda(&["sign", "--key", &path, &path]), 2, "", &["not a PEM file"]);
    expect(&zonda(&["sign", "--key", "nowhere.pem", &path]), 2, "", &["nowhere.pem: "]);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_command() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_zonda"))
        .args(["inspect", &real("sort.wasm")])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("zonda runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("zonda ends");
    assert_eq!(stderr(&output), "");
}

#[cfg(not(feature = "llvm"))]
#[test]
fn without_llvm_native_code_is_explained() {
    let module = real("sort.wasm");
    for args in [
        &["run", "--native", &module, "--invoke", "run", "5"][..],
        &["compile", "--native", "--target", "thumbv7em-none-eabihf", &module],
    ] {
        expect(&zonda(args), 2, "", &["no native compiler", "llvm-19-dev", "--features native"]);
    }
}

#[cfg(feature = "llvm")]
#[test]
fn native_code_runs() {
    let module = real("sort.wasm");
    let compiled = file("native", "sort.zonda", b"");
    let invoke = ["--invoke", "run", "5"];
    let run = |options: &[&str], file: &str| zonda(&[&["run"], options, &[file], &invoke].concat());
    expect(&run(&["--native"], &module), 0, "-564508326\n", &[]);
    let target = ["--target", "x86_64-unknown-linux-gnu"];
    let compile = [&["compile", "--native"], &target[..], &["-o", &compiled, &module]].concat();
    expect(&zonda(&compile), 0, "", &[]);
    expect(&run(&["--native"], &compiled), 0, "-564508326\n", &[]);
    // It is not verified, so it runs only when the user says so.
    expect(&run(&[], &compiled), 2, "", &["native code cannot be verified"]);
    // A part of the functions, by name and by index.
    for list in ["# from a profile\nrun\n", "# the first one\n0\n\n"] {
        let list = file("native", "list.txt", list.as_bytes());
        let only = [&compile[..], &["--only", &list]].concat();
        expect(&zonda(&only), 0, "", &[]);
        expect(&run(&["--native"], &compiled), 0, "-564508326\n", &[]);
    }
    // Only a line that begins with `#` is a comment: a name may contain the character.
    for (list, error) in [
        (&b"run\nnobody\n"[..], ["list.txt:2", "defines no function nobody"]),
        (b"run # fast\n", ["list.txt:1", "defines no function run # fast"]),
    ] {
        let list = file("native", "list.txt", list);
        let only = [&compile[..], &["--only", &list]].concat();
        expect(&zonda(&only), 2, "", &error);
    }
    expect(&run(&["--native", "--fuel", "10"], &module), 1, "", &["all fuel consumed"]);
    // A board's code, by its name.
    let board = file("native", "board.zonda", b"");
    let compile = ["compile", "--native", "--board", "nrf52840dk/nrf52840", "-o", &board, &module];
    expect(&zonda(&compile), 0, "", &[]);
    let text = std::fs::read(&board).expect("the file was written");
    for name in [&b"thumbv7em-none-eabi\0"[..], b"cortex-m4\0"] {
        assert!(text.windows(name.len()).any(|bytes| bytes == name));
    }
    let other = file("native", "other.zonda", b"");
    let compile = ["compile", "--native", "--target", "thumbv7m-none-eabi", "-o", &other, &module];
    expect(&zonda(&compile), 0, "", &[]);
    assert_eq!(run(&["--native"], &other).status.code(), Some(2), "code of another CPU");
    let deep = file(
        "native",
        "deep.wat",
        br#"(module (func $f (export "f") (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))))))"#,
    );
    let deep = |depth| zonda(&["run", "--native", &deep, "--invoke", "f", depth]);
    expect(&deep("100000"), 0, "100000\n", &[]);
    expect(&deep("100000000"), 1, "", &["call stack exhausted"]);
}

/// What a file was made for, its code, and the lines of its source where the user wants them kept.
#[cfg(feature = "llvm")]
#[test]
fn native_code_is_inspected() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/modules/divide.wasm");
    let module = path.to_str().unwrap();
    let [plain, debug] = ["plain.zonda", "debug.zonda"].map(|name| file("inspected", name, b""));
    let compile = |target: &str, options: &[&str], to: &str| {
        let all = ["compile", "--native", "--target", target, "-o", to, module];
        expect(&zonda(&[&all, options].concat()), 0, "", &[]);
    };
    let run = |module: &str| zonda(&["run", "--native", module, "--invoke", "run", "5"]);
    compile("x86_64-unknown-linux-gnu", &[], &plain);
    compile("x86_64-unknown-linux-gnu", &["--debug"], &debug);
    let [small, large] = [&plain, &debug].map(|path| std::fs::metadata(path).unwrap().len());
    assert!(small + 500 < large, "{small}, {large}");
    expect(&run(&plain), 1, "", &["divide by zero (function 2, offset 0x1cc)", "divide"]);
    expect(&run(&debug), 1, "", &["divide by zero (function 2, offset 0x1cc)", "divide.c:7:18"]);
    // Code of every instruction set is shown on this machine.
    for (target, instruction) in [
        ("x86_64-unknown-linux-gnu", "retq"),
        ("thumbv7m-none-eabi", "pop {"),
        ("thumbv6m-none-eabi", "pop {"),
        ("riscv32imac-unknown-none-elf", "ret"),
        ("aarch64-unknown-linux-gnu", "ret"),
    ] {
        compile(target, &["--debug"], &debug);
        let contents = zonda(&["inspect", &debug]);
        let text = stdout(&contents);
        assert!(text.contains(&format!("native code for {target}, CPU")), "{text}");
        let listing = zonda(&["inspect", "--code", &debug]);
        let text = stdout(&listing);
        assert!(text.contains(instruction) && text.contains("(run)"), "{text}");
        assert!(text.contains("; function 2, 0x1cc I32Div"), "{text}");
        // Without the module's code the places have offsets alone.
        compile(target, &[], &plain);
        let text = stdout(&zonda(&["inspect", "--code", &plain])).to_owned();
        assert!(text.contains(instruction) && text.contains("(run)"), "{text}");
        assert!(text.contains("; function 2, 0x1cc \n"), "{text}");
    }
    // A file that ends early.
    let bytes = std::fs::read(&debug).unwrap();
    for len in [7, 60, bytes.len() - 1] {
        let cut = file("inspected", "cut.zonda", &bytes[..len]);
        assert_eq!(zonda(&["inspect", "--code", &cut]).status.code(), Some(2), "{len}");
    }
}

/// `zonda pack`: the manifest is in the module and in the precompiled module, and `zonda inspect`
/// prints it.
#[test]
fn pack_puts_a_manifest_into_a_module() {
    let text = br#"name = "blinky"
version = "1.2.3"
capabilities = ["request", "sensor"]
key = "00112233445566ff"

[limits]
memory = 0x2000
fuel = 0

[entry]
timer = "tick"

[restart]
policy = "on-failure"
attempts = 2
"#;
    let manifest = file("pack", "app.toml", text);
    let module = real("sort.wasm");
    let folder = Path::new(&manifest).parent().unwrap();
    for compile in [&[][..], &["--compile"]] {
        let package = folder.join("blinky.zonda-app").to_str().unwrap().to_owned();
        let args = [&["pack", &manifest, &module, "-o", &package], compile].concat();
        expect(&zonda(&args), 0, "", &[]);
        let output = zonda(&["inspect", &package]);
        let printed = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        for line in [
            "application blinky 1.2.3",
            "  capabilities: request, sensor",
            "  signed by: 00112233445566ff",
            "  restart: on failure, after 1000 ms up to 60000 ms, 2 times",
            "  entry point timer: tick",
            "          8192  memory",
            "             0  fuel",
            "          4096  stack",
        ] {
            assert!(printed.lines().any(|printed| printed == line), "'{line}' is not in {printed}");
        }
    }
}

#[test]
fn pack_names_line_field_and_what_was_expected() {
    let module = real("sort.wasm");
    let cases = [
        ("version = \"1.0.0\"", ":1: name: missing"),
        ("name = \"a\"\nversion = \"1.0\"", ":2: version: expected three numbers"),
        ("name = \"a\"\nversion = 1", ":2: version: expected a string, found integer"),
        ("name = \"a b\"\nversion = \"1.0.0\"", "name: offset 0x4: expected a name"),
        (
            "name = \"a\"\nversion = \"1.0.0\"\n[limits]\nmemry = 1",
            ":4: limits.memry: unknown; known are memory, stack,",
        ),
        (
            "name = \"a\"\nversion = \"1.0.0\"\n[limits]\npriority = 256",
            ":4: limits.priority: expected a number from 0 to 255, found 256",
        ),
        (
            "name = \"a\"\nversion = \"1.0.0\"\n[restart]\npolicy = \"often\"",
            ":4: restart.policy: expected \"never\" or \"on-failure\", found \"often\"",
        ),
        (
            "name = \"a\"\nversion = \"1.0.0\"\nkey = \"12\"",
            ":3: key: expected 16 hexadecimal digits",
        ),
        ("name = \"a\"\nnonsense", ":2: "),
        ("nme = \"a\"", ":1: nme: unknown; known are name, version,"),
    ];
    for (number, (text, error)) in cases.into_iter().enumerate() {
        let manifest = file("pack_errors", &format!("{number}.toml"), text.as_bytes());
        let output = zonda(&["pack", &manifest, &module, "-o", &format!("{manifest}.out")]);
        expect(&output, 2, "", &[error]);
    }
}

#[test]
fn compile_takes_the_device_from_zephyr() {
    let module = real("sort.wasm");
    let config = "CONFIG_RISCV=y\nCONFIG_64BIT=y\n";
    let config = file("device", ".config", config.as_bytes());
    let made = file("device", "sort.zonda", b"");
    let compile = ["compile", "--zephyr-build", &config, "-o", &made, &module];
    expect(&zonda(&compile), 0, "", &[]);
    // The size of a pointer on the device.
    assert_eq!(std::fs::read(&made).expect("the file was written")[7], 8);
    let nowhere = ["compile", "--native", "--board", "nowhere", &module];
    expect(&zonda(&nowhere), 2, "", &["the board nowhere", "--zephyr-build", "qemu_cortex_m3"]);
    let nowhere = ["compile", "--zephyr-build", "/nowhere", &module];
    expect(&zonda(&nowhere), 2, "", &["/nowhere: expected a build folder of Zephyr"]);
    let both = ["compile", "--board", "mps2/an385", "--target", "x", "--native", &module];
    expect(&zonda(&both), 2, "", &["cannot be used with"]);
}
