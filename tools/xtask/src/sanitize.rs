//! The tests under tools that see what a test's result does not show: Miri (undefined behaviour),
//! AddressSanitizer (memory that is not ours, or lost), ThreadSanitizer (what threads do to each
//! other), and a 32-bit target (the size of pointers that devices have).
//!
//! `cargo xtask test` runs a selection of each, `cargo xtask sanitize` everything. A part whose
//! tool is not there is not run, and says how to get it.

use crate::{coverage, install, packages, shell};
use anyhow::{bail, Context, Result};
use std::path::Path;
use std::process::Command;

#[derive(clap::Args)]
pub struct Options {
    /// Run only the tests under Miri, AddressSanitizer or ThreadSanitizer, or those on a 32-bit
    /// target
    #[arg(long, value_parser = ["miri", "address", "thread", "32-bit"])]
    only: Option<String>,
}

/// Test binaries of the runtime, with the modules of each that run.
type Tests = &'static [(&'static str, &'static [&'static str])];

/// Adds the arguments that run one binary's modules.
fn select(command: &mut Command, (binary, modules): (&str, &[&str])) {
    command.args(["--test", binary, "--"]).args(modules);
}

/// How much of a part is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What `cargo xtask test` has time for.
    Selection,
    Everything,
}

pub struct Part {
    /// As `--only` has it.
    pub key: &'static str,
    pub name: &'static str,
    /// Whether what it needs is there; the error says what brings it.
    pub find: fn() -> Result<()>,
    pub run: fn(Extent) -> Result<()>,
}

pub const PARTS: [Part; 4] = [
    Part { key: "miri", name: "tests under Miri", find: miri_is_there, run: miri },
    Part {
        key: "address",
        name: "tests under AddressSanitizer",
        find: address_is_there,
        run: address,
    },
    Part {
        key: "thread",
        name: "threads under ThreadSanitizer",
        find: thread_is_there,
        run: thread,
    },
    Part { key: "32-bit", name: "tests on a 32-bit target", find: narrow_is_there, run: narrow },
];

/// The host that the sanitizers' run-time libraries are for.
const HOST: &str = "x86_64-unknown-linux-gnu";
/// The 32-bit target whose programs this host runs.
const NARROW: &str = "i686-unknown-linux-gnu";

fn on_x86_64_linux() -> Result<()> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        bail!("it needs Linux on x86-64");
    }
    Ok(())
}

/// Integration tests that are short enough for Miri.
const UNDER_MIRI: Tests =
    &[("embedding_rust", &["api::"]), ("executing", &["aliasing::", "modes::", "stopping::"])];
/// More of them, which take minutes each.
const UNDER_MIRI_AT_LENGTH: Tests = &[
    ("loading", &["verifier::", "verifier_module::"]),
    ("executing", &["large::"]),
    ("embedding_rust", &["host_modules::"]),
];

fn miri_is_there() -> Result<()> {
    install::toolchain("nightly", &["miri", "rust-src"], &["miri", "--version"])
}

/// `cargo miri`. Its products are of another compiler, so they have a folder of their own.
fn cargo_miri(flags: &str) -> Command {
    // Through rustup: CARGO names the stable toolchain's.
    let mut command = Command::new("cargo");
    command.current_dir(shell::root()).args(["+nightly", "miri", "test", "--quiet"]);
    command
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS");
    // Tests read their inputs.
    command.env("MIRIFLAGS", format!("-Zmiri-disable-isolation {flags}"));
    command.arg("--target-dir").arg(shell::target_dir().join("miri"));
    command
}

/// Where time is short, the loops' own tests have pointers of 32 bits, and the runtime's of 64.
/// Miri uses one CPU, so both run at once.
fn miri(extent: Extent) -> Result<()> {
    let everything = extent == Extent::Everything;
    let exec = |target: &str| {
        // Only here: precompiled modules are aligned by their address, not by what they are
        // allocated as.
        let mut command = cargo_miri("-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check");
        command.args([
            "--target",
            target,
            "--package",
            "zonda-exec",
            "--lib",
            "--features",
            "classic,fast,float,fuel,precompiled",
        ]);
        shell::run(&mut command)
    };
    let tests = |target: &str| {
        let command = || {
            let mut command = cargo_miri("-Zmiri-strict-provenance");
            command.args(["--target", target, "--package", "zonda"]);
            command
        };
        shell::run(command().arg("--lib"))?;
        let more: Tests = if everything { UNDER_MIRI_AT_LENGTH } else { &[] };
        for &tests in UNDER_MIRI.iter().chain(more) {
            let mut command = command();
            select(&mut command, tests);
            shell::run(&mut command)?;
        }
        Ok(())
    };
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| exec(NARROW));
        (tests(HOST), first.join().unwrap_or_else(|_| bail!("the thread ended")))
    });
    first.and(second)?;
    if everything {
        exec(HOST)?;
        // The C API keeps addresses in integers of its callers.
        shell::run(cargo_miri("-Zmiri-permissive-provenance").args([
            "--target",
            HOST,
            "--package",
            "zonda",
            "--lib",
            "--features",
            "capi",
        ]))?;
        tests(NARROW)?;
    }
    Ok(())
}

fn address_is_there() -> Result<()> {
    on_x86_64_linux()?;
    let libraries = shell::output(
        Command::new("rustc").args(["--print", "target-libdir"]).current_dir(shell::root()),
    )?;
    let there =
        std::fs::read_dir(libraries.trim()).context("the toolchain has no libraries")?.flatten();
    if there.into_iter().any(|file| file.file_name().to_string_lossy().contains("rt.asan")) {
        return Ok(());
    }
    bail!("the toolchain lacks its run-time library; rustup's stable toolchain has it: `rustup toolchain install stable`")
}

/// The integration tests that `cargo xtask test` has time for.
const SELECTION: Tests = &[
    ("embedding_rust", &["api::"]),
    ("executing", &["modes::", "stopping::", "large::"]),
    ("loading", &["precompiled::", "verifier::", "verifier_module::"]),
];

/// The integration tests that stay for `cargo xtask sanitize`: what takes minutes, or makes
/// programs of its own.
fn address(extent: Extent) -> Result<()> {
    let command = || {
        let mut command = shell::cargo();
        command.args(["test", "--quiet", "--package", "zonda", "--package", "zonda-exec"]);
        command.args(["--features", "zonda/capi"]);
        // What the runtime depends on when it is tested is that of the tests with counters.
        coverage::in_folder(&mut command, "-Zsanitizer=address");
        command.env(
            "ASAN_OPTIONS",
            "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:\
             allocator_may_return_null=1",
        );
        command
            .env("ZONDA_C_RUSTFLAGS", "-Zsanitizer=address")
            .env("ZONDA_C_CFLAGS", "-fsanitize=address");
        command
    };
    if extent == Extent::Everything {
        return shell::run(&mut command());
    }
    shell::run(command().args(["--lib", "--bins"]))?;
    let programs: Tests = &[("embedding_c", &["programs::", "environments::"])];
    for &tests in SELECTION.iter().chain(programs) {
        let mut command = command();
        select(&mut command, tests);
        shell::run(&mut command)?;
    }
    Ok(())
}

/// The standard library has to be compiled along: of one that is not instrumented the sanitizer
/// does not see how its channels and locks put threads in an order, and takes that for races.
fn thread_is_there() -> Result<()> {
    on_x86_64_linux()?;
    let sysroot = shell::output(
        Command::new("rustc").args(["--print", "sysroot"]).current_dir(shell::root()),
    )?;
    let sources = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std");
    install::component("rust-src", || sources.exists())
}

/// The test of threads, in the package that depends on nothing but the runtime.
fn thread(_: Extent) -> Result<()> {
    let mut command = shell::cargo();
    command.args([
        "test",
        "--quiet",
        "--target",
        HOST,
        "--package",
        "zonda-sanitize",
        "--test",
        "threads",
    ]);
    // Without what prints backtraces, which is a third of it.
    command.args(["-Zbuild-std=std,test", "-Zbuild-std-features=panic-unwind"]);
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=thread")
        .env("TSAN_OPTIONS", "halt_on_error=1");
    command.arg("--target-dir").arg(shell::target_dir().join("thread"));
    shell::run(&mut command)
}

/// Links and runs a 32-bit program as rustc has programs linked. gcc names files of a 64-bit
/// library where it has no other, so only linking shows whether it can.
fn links_narrow() -> Result<()> {
    let folder = shell::target_dir().join("32-bit");
    std::fs::create_dir_all(&folder)?;
    let (source, program) = (folder.join("probe.c"), folder.join("probe"));
    std::fs::write(&source, "int main(void) { return sizeof(void *) == 4 ? 0 : 1; }\n")?;
    let output = Command::new("cc")
        .args(["-m32", "-o"])
        .args([&program, &source])
        .args(["-lgcc_s", "-lpthread", "-lm", "-ldl"])
        .output()
        .context("could not start cc")?;
    if !output.status.success() {
        bail!("cc cannot link 32-bit programs: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    shell::run(&mut Command::new(&program))
}

fn narrow_is_there() -> Result<()> {
    on_x86_64_linux()?;
    if links_narrow().is_err() {
        packages::install(&["gcc-multilib"])?;
        links_narrow()?;
    }
    let libraries = ["--print", "target-libdir", "--target", NARROW];
    install::target(NARROW, || {
        shell::output(Command::new("rustc").args(libraries).current_dir(shell::root()))
            .is_ok_and(|path| Path::new(path.trim()).exists())
    })
}

/// Without the C API: calls of natives are written for each ABI, and i686 has none.
fn narrow(extent: Extent) -> Result<()> {
    let command = || {
        let mut command = shell::cargo();
        command.args(["test", "--quiet", "--target", NARROW]);
        command.args(["--package", "zonda", "--package", "zonda-exec"]);
        command.arg("--target-dir").arg(shell::target_dir().join("32-bit"));
        command
    };
    if extent == Extent::Everything {
        return shell::run(&mut command());
    }
    shell::run(command().arg("--lib"))?;
    let suite: Tests = &[("executing", &["suite::"])];
    for &tests in SELECTION.iter().chain(suite) {
        let mut command = command();
        select(&mut command, tests);
        shell::run(&mut command)?;
    }
    Ok(())
}

pub fn run(options: &Options) -> Result<()> {
    for part in
        PARTS.iter().filter(|part| options.only.as_deref().is_none_or(|only| only == part.key))
    {
        match (part.find)() {
            Ok(()) => {
                shell::step(part.name);
                (part.run)(Extent::Everything)?;
            }
            Err(error) if options.only.is_some() => return Err(error),
            Err(error) => eprintln!("\nNOT RUN: {}, because {error:#}", part.name),
        }
    }
    Ok(())
}
