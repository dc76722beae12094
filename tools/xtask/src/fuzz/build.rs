//! Builds the fuzz targets with the stable toolchain, with the flags that cargo-fuzz passes to a
//! nightly one.

use crate::{packages, shell};
use anyhow::{bail, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What compiles libFuzzer, which `libfuzzer-sys` brings as source.
const CXX: (&str, &str) = ("c++", "g++");

/// What libFuzzer needs of the compiler: counters and tables of edges, and the operands of
/// comparisons.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
];

/// What is looked for is new ways through these, not through the oracles, which are also compiled
/// faster without.
const COVERED: [&str; 12] = [
    "zonda",
    "zonda_capi_standard",
    "zonda_exec",
    "zonda_fuzz",
    "zonda_libc",
    "zonda_manager",
    "zonda_manifest",
    "zonda_script",
    "zonda_signature",
    "zonda_storage",
    "zonda_symbols",
    "zonda_wasi",
];

/// Is set where this program stands between cargo and the compiler.
const WRAPS: &str = "ZONDA_FUZZ_WRAPS_RUSTC";

/// The compiler with its arguments, if that is what we were started for: cargo passes flags to all
/// packages for the target or to none, so the flags of some are added here.
pub fn wrapped() -> Option<Command> {
    std::env::var_os(WRAPS)?;
    let mut arguments = std::env::args_os().skip(1);
    let mut command = Command::new(arguments.next()?);
    let arguments: Vec<_> = arguments.collect();
    let covered = arguments
        .windows(2)
        .any(|pair| pair[0] == "--crate-name" && COVERED.iter().any(|name| pair[1] == *name));
    // What is not for the target is a build script.
    if covered && arguments.iter().any(|argument| argument == "--target") {
        command.args(COVERAGE);
    }
    command.args(arguments);
    Some(command)
}

/// What this machine can build the targets with.
pub struct Tools {
    pub host: String,
    /// Whether AddressSanitizer's runtime came with the compiler.
    pub asan: bool,
}

impl Tools {
    /// Finds or installs what building needs; an error says what is missing, and the command that
    /// brings it.
    pub fn find() -> Result<Tools> {
        let version = shell::output(Command::new("rustc").arg("-vV").current_dir(shell::root()))?;
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap_or_default()
            .to_owned();
        if !host.contains("-linux-gnu") {
            bail!("fuzzing is set up for Linux with glibc, and this compiler is for {host}");
        }
        if std::env::var_os("CXX").is_none() {
            packages::need(&[CXX])?;
        }
        let libraries = shell::output(
            Command::new("rustc").args(["--print", "target-libdir"]).current_dir(shell::root()),
        )?;
        let asan = std::fs::read_dir(libraries.trim())?
            .flatten()
            .any(|file| file.file_name().to_string_lossy().ends_with("_rt.asan.a"));
        if !asan {
            eprintln!("NOT USED: AddressSanitizer, because this Rust came without its runtime; rustup's stable Rust for x86-64 has it");
        }
        Ok(Tools { host, asan })
    }

    /// Builds all targets and returns the folder that they are in.
    pub fn build(&self, strict: bool) -> Result<PathBuf> {
        let variant = super::variant(strict);
        shell::step(&format!("building the fuzz targets, {variant}"));
        let target_dir = shell::target_dir().join("fuzz");
        let mut flags = vec!["--cfg", "fuzzing"];
        if self.asan {
            flags.push("-Zsanitizer=address");
        }
        let mut command = shell::cargo();
        command.args([
            "build",
            "--quiet",
            "--release",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--target",
            &self.host,
        ]);
        command
            .arg("--target-dir")
            .arg(&target_dir)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        // For the flags of the compiler that have no stable name yet.
        command
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC_WRAPPER", std::env::current_exe()?)
            .env(WRAPS, "1");
        if strict {
            command.args(["--features", "strict"]);
        }
        shell::run(&mut command)?;
        // Both variants are built to the same names.
        let kept = target_dir.join("bin").join(variant);
        std::fs::create_dir_all(&kept)?;
        for target in targets()? {
            let built = target_dir.join(&self.host).join("release").join(&target);
            let kept = kept.join(&target);
            // A copy that runs at this moment can be replaced, not written.
            let _ = std::fs::remove_file(&kept);
            std::fs::copy(built, kept)?;
        }
        Ok(kept)
    }
}

/// The names of all targets.
pub fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder("fuzz_targets"))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// A folder of `fuzz/`.
pub fn folder(name: &str) -> PathBuf {
    Path::new(shell::root()).join("fuzz").join(name)
}
