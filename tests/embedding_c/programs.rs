//! The C API as an application in C sees it: builds libzonda_c.a as a firmware gets it, with the
//! allocator and the panic handler of its own, links tests/capi/main.c (what an application does),
//! tests/capi/compat.c (what one relies on that was written for WAMR), tests/capi/faults.c (what
//! goes wrong in one) and tests/capi/standard.c (the standard C API) with it and runs them. Needs a
//! C compiler and x86-64; elsewhere it says that it was skipped.

use crate::{features, signatures};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What `wasm_application_execute_func` prints.
const PRINTED: &str = "-2500:f64,1.5:f32,0x10:i64,0xfffffffb:i32\n\nwell\n";

/// What the program of the C library prints.
const LIBC_PRINTED: &str = "hello 42 1.500 zonda\nputs\nx\nwell\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where this test builds: cargo holds a lock on its own directory while tests run.
fn scratch() -> PathBuf {
    let scratch =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("capi{}", flags("ZONDA_C_RUSTFLAGS")));
    std::fs::create_dir_all(&scratch).expect("the folder for the test's files can be made");
    scratch
}

pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// What `cargo xtask` wants the library, or the application, to be compiled with besides: a
/// sanitizer, counters.
fn flags(variable: &str) -> String {
    std::env::var(variable).unwrap_or_default()
}

/// The library with these features of its crate beside the runtime's.
fn library(folder: &str, crates: &[&str]) -> PathBuf {
    let target = scratch().join(folder);
    let mut features: Vec<String> =
        features::of_the_library().map(|feature| format!("zonda/{feature}")).collect();
    features.extend(crates.iter().map(|&feature| feature.to_owned()));
    run(Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "zonda-c",
            "--features",
            &features.join(","),
        ])
        .env("RUSTFLAGS", flags("ZONDA_C_RUSTFLAGS"))
        .arg("--target-dir")
        .arg(&target));
    target.join("release/libzonda_c.a")
}

/// The modules as arrays of bytes in C, constant, as in flash.
fn modules() -> String {
    let mut header = String::from("#include <stdint.h>\n");
    let mut add = |name: &str, bytes: &[u8]| {
        let text = format!("{bytes:?}").replace('[', "{").replace(']', "}");
        let _ = writeln!(header, "static const _Alignas(8) uint8_t {name}[] = {text};");
    };
    for name in [
        "natives",
        "malloc",
        "main",
        "start",
        "faults",
        "libc",
        "shared_heap",
        "diagnostics",
        "wasi",
        "spawn",
    ] {
        let bytes = wat::parse_file(root().join(format!("tests/capi/{name}.wat")))
            .expect("the module is WebAssembly text");
        add(&format!("{name}_wasm"), &bytes);
        if name == "main" {
            let options = zonda_compiler::CompileOptions {
                word_size: size_of::<usize>() as u8,
                keep_code: false,
                debug: false,
            };
            add(
                "main_zonda",
                &zonda_compiler::compile(&bytes, &options).expect("the module can be compiled"),
            );
        }
    }
    // Files of small modules, each behind a line with its name.
    let read = |file| std::fs::read_to_string(root().join(file)).expect("it is there");
    let text = ["compat", "modules", "standard"].map(|name| read(format!("tests/capi/{name}.wat")));
    for part in text.iter().flat_map(|text| text.split("\n;; # ").skip(1)) {
        let (name, module) = part.split_once('\n').expect("a name, then the module");
        let bytes = wat::parse_str(module).expect("the module is WebAssembly text");
        let bytes = format!("{bytes:?}").replace('[', "{").replace(']', "}");
        let _ = writeln!(header, "static const _Alignas(8) uint8_t {name}_wasm[] = {bytes};");
    }
    header
}

/// Builds an application of tests/capi, from `name.c` and `name_*.c`; `None` where that cannot be.
fn application(name: &str) -> Option<PathBuf> {
    let folder = std::fs::read_dir(root().join("tests/capi")).expect("the folder is there");
    let mut sources: Vec<PathBuf> = folder
        .map(|entry| entry.expect("the folder is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .filter(|path| {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let rest = stem.and_then(|stem| stem.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        })
        .collect();
    sources.sort();
    application_of(name, &sources)
}

/// Builds an application from these files; `None` where that cannot be.
pub fn application_of(name: &str, sources: &[PathBuf]) -> Option<PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        if Command::new("cc").arg("--version").output().is_err() || !cfg!(target_arch = "x86_64") {
            return None;
        }
        std::fs::write(scratch().join("modules.h"), modules()).expect("the modules can be written");
        Some(library("cargo", &["libc-builtin-float", "standard-c-api"]))
    });
    let Some(library) = library else {
        eprintln!("skipped: there is no C compiler, or this is not x86-64");
        return None;
    };
    let program = scratch().join(name);
    run(Command::new("cc")
        .args([
            "-std=c11",
            "-g",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unused-const-variable",
            "-fsanitize=undefined",
            "-o",
        ])
        .arg(&program)
        .args(flags("ZONDA_C_CFLAGS").split_whitespace())
        .arg("-I")
        .arg(root().join("include"))
        .arg("-I")
        .arg(scratch())
        .args(sources)
        .arg(root().join("tests/capi/counted.c"))
        .arg(root().join("tests/capi/platform.c"))
        .arg(library));
    Some(program)
}

#[test]
fn an_application_in_c() {
    let Some(program) = application("main") else { return };
    assert_eq!(run(&mut Command::new(&program)), PRINTED);
    assert_eq!(run(Command::new(&program).arg("classic")), PRINTED);
}

/// Native functions with all kinds of parameters; `cargo xtask natives` runs them on other CPUs.
#[test]
fn an_application_with_many_native_functions() {
    let cases = signatures::cases(signatures::SEED, signatures::COUNT);
    std::fs::write(scratch().join("signatures.h"), signatures::source(&cases))
        .expect("the functions can be written");
    let Some(program) = application("signatures") else { return };
    assert_eq!(run(&mut Command::new(&program)), format!("{} functions well\n", cases.len()));
}

/// The C library that modules import.
#[test]
fn an_application_with_a_c_library() {
    let Some(program) = application("libc") else { return };
    assert_eq!(run(&mut Command::new(&program)), LIBC_PRINTED);
    assert_eq!(run(Command::new(&program).arg("classic")), LIBC_PRINTED);
}

/// What an application written for WAMR relies on.
#[test]
fn an_application_of_wamr() {
    let Some(program) = application("compat") else { return };
    assert_eq!(run(&mut Command::new(&program)), "well\n");
    assert_eq!(run(Command::new(&program).arg("classic")), "well\n");
}

/// Call stacks, and what takes memory.
#[test]
fn an_application_that_looks_at_calls() {
    let Some(program) = application("diagnostics") else { return };
    for arguments in [&[][..], &["classic"]] {
        let printed = run(Command::new(&program).args(arguments));
        let mut lines = printed.lines();
        assert_eq!(lines.next(), Some(""), "{printed}");
        for (number, name) in ["c", "b", "a"].iter().enumerate() {
            let line = lines.next().unwrap_or_default();
            let start = format!("#0{number}: 0x0");
            assert!(line.starts_with(&start) && line.ends_with(&format!(" - {name}")), "{printed}");
        }
        assert!(printed.contains("\nlinear memories: 131072\ntables: 8\n"), "{printed}");
        assert!(
            printed.contains(" calls, ") && printed.contains("000 us\nlinear memories"),
            "{printed}"
        );
        assert!(printed.ends_with("\napplication heap in use: 0\nwell\n"), "{printed}");
        let stacks = lines.filter_map(|line| line.strip_prefix("operand stack: "));
        let stacks: Vec<u32> = stacks.map(|bytes| bytes.parse().expect("a number")).collect();
        let [small, large] = stacks[..] else { panic!("{printed}") };
        assert!(small >= 512 && large - small == 8192, "{printed}");
    }
}

/// Modules that import from modules.
#[test]
fn an_application_with_several_modules() {
    let Some(program) = application("modules") else { return };
    assert_eq!(run(&mut Command::new(&program)), "well\n");
    assert_eq!(run(Command::new(&program).arg("classic")), "well\n");
}

/// Memory that instances share.
#[test]
fn an_application_with_shared_heaps() {
    let Some(program) = application("shared_heap") else { return };
    for arguments in [&[][..], &["classic"]] {
        assert_eq!(run(Command::new(&program).args(arguments)), "from 2: hello 7\nwell\n");
    }
}

#[test]
fn an_application_in_c_with_faults() {
    let Some(program) = application("faults") else { return };
    for arguments in [&[][..], &["classic"]] {
        let printed = run(Command::new(&program).args(arguments));
        assert!(
            printed.ends_with("\nwell\n") && printed.matches("injected: ").count() == 5,
            "{printed}"
        );
        println!("C API, {} mode first:\n{printed}", arguments.first().unwrap_or(&"fast"));
    }
}

/// Builds an application of one file with the library for Linux, with WASI, which brings the platform
/// itself; `None` where that cannot be.
fn hosted(name: &str) -> Option<PathBuf> {
    application("compat")?;
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let crates = ["hosted", "wasi-files", "wasi-sockets-ext"];
    let library = LIBRARY.get_or_init(|| library("cargo-hosted", &crates));
    let program = scratch().join(name);
    run(Command::new("cc")
        .args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unused-const-variable"])
        .args(flags("ZONDA_C_CFLAGS").split_whitespace())
        .arg("-I")
        .arg(root().join("include"))
        .arg("-I")
        .arg(scratch())
        .arg(root().join(format!("tests/capi/{name}.c")))
        .arg(library)
        .args(["-Wl,--gc-sections", "-lm", "-lpthread", "-ldl", "-o"])
        .arg(&program));
    Some(program)
}

/// Threads with execution environments of their own.
#[test]
fn a_hosted_application_with_threads() {
    let Some(program) = hosted("spawn") else { return };
    assert_eq!(run(&mut Command::new(&program)), "well\n");
    assert_eq!(run(Command::new(&program).arg("classic")), "well\n");
}

#[test]
fn a_hosted_application_with_wasi() {
    let Some(program) = hosted("wasi") else { return };
    let folder = scratch().join("wasi-folder");
    std::fs::create_dir_all(folder.join("in")).expect("the folder can be made");
    std::fs::write(folder.join("in/inside"), "x").expect("the file can be written");
    std::fs::write(folder.join("outside"), "x").expect("the file can be written");
    for arguments in [&[][..], &["classic"]] {
        let printed = run(Command::new(&program).arg(folder.join("in")).args(arguments));
        assert_eq!(printed, "well\n");
    }
}
