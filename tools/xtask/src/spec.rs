//! The specification's test suite. The host compiles it into scripts (`spec-suite`); here they are
//! fed to the firmware.

use crate::firmware::{self, Arithmetic, Board};
use crate::qemu::Run;
use crate::{modes, native, shell};
use anyhow::{bail, Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Options {
    /// Execution mode that runs the suite
    #[arg(long, default_value = modes::FAST.name, value_parser = [modes::FAST.name, modes::CLASSIC.name, modes::NATIVE.name])]
    mode: String,
    /// Run the suite on this machine, or on an emulated board
    #[arg(long, default_value = "host", value_parser = ["host", "qemu"])]
    target: String,
    /// The board that --target qemu emulates
    #[arg(long, default_value = firmware::default().name, value_parser = firmware::named)]
    board: &'static Board,
    /// Link GCC's routines for floats and 64-bit integers (--target qemu, Arm)
    #[arg(long)]
    libgcc: bool,
    /// Write the counts of this machine to tests/spec-expected.txt
    #[arg(long)]
    write: bool,
}

/// The counts that are checked in.
const EXPECTED: &str = "tests/spec-expected.txt";

/// The helper that knows the suite; it links the runtime, so it is built when it is needed.
fn suite() -> Command {
    helper("spec")
}

/// The same with the native compiler.
fn native_suite() -> Command {
    helper("spec-native")
}

fn helper(features: &str) -> Command {
    let mut command = shell::cargo();
    command.args([
        "run",
        "--quiet",
        "--profile",
        "host",
        "--package",
        "xtask",
        "--features",
        features,
        "--bin",
        "spec-suite",
        "--",
    ]);
    command
}

pub fn host(mode: &str) -> Result<()> {
    shell::step(&format!("running the specification suite on the host ({mode})"));
    shell::run(suite().args(["host", "--mode", mode]))
}

fn folder() -> PathBuf {
    shell::target_dir().join("spec-scripts")
}

/// Compiles the suite into scripts, also those with vectors if asked to, and returns the path and
/// the name of each.
pub fn scripts(vectors: bool) -> Result<Vec<(PathBuf, String)>> {
    let folder = folder();
    shell::step("compiling the specification suite into scripts");
    let mut command = suite();
    command.arg("compile").arg(&folder);
    if vectors {
        command.arg("--vectors");
    }
    shell::run(&mut command)?;
    index(&folder)
}

fn index(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let index = fs::read_to_string(folder.join("index"))?;
    let entry = |line: &str| {
        let (file, name) = line.split_once(' ').context("the index of scripts is damaged")?;
        Ok((folder.join(file), name.to_owned()))
    };
    index.lines().map(entry).collect()
}

/// The same with native code for a target in place of the modules.
fn native_scripts(target: &str) -> Result<Vec<(PathBuf, String)>> {
    native::is_possible()?;
    let folder = shell::target_dir().join(format!("spec-scripts-{target}"));
    shell::step(&format!("compiling the modules of the specification suite for {target}"));
    shell::run(native_suite().arg("compile").arg(&folder).args(["--native", target]))?;
    index(&folder)
}

/// Runs every script on an emulated board. The counts have to be those that are checked in; on a
/// board with too little memory for the suite, the files with these counts are counted.
pub fn qemu(mode: &str, board: &'static Board, arithmetic: Arithmetic) -> Result<()> {
    shell::step(&format!(
        "running the specification suite on {} ({}, {mode}, arithmetic of {arithmetic:?})",
        board.name, board.cpu
    ));
    // Modules that are not valid are refused in fast mode.
    let modes: &[&str] = if mode == modes::NATIVE.name { &["fast", mode] } else { &[mode] };
    let is_native = mode == modes::NATIVE.name;
    // The native compiler refuses vectors.
    let vectors = !board.partial && !is_native;
    let mut features = [&["full", "spec"], modes].concat();
    if vectors {
        features.push("simd");
    }
    let image = firmware::build_with("spec", board, &features, arithmetic)?;
    let scripts = if is_native { native_scripts(board.target)? } else { scripts(vectors)? };
    let mut counts = String::new();
    let mut too_large = 0;
    let total = scripts.len();
    for (number, (path, name)) in scripts.iter().enumerate() {
        if board.partial && fs::metadata(path)?.len() > board.job_bytes {
            too_large += 1;
            continue;
        }
        let found = match script(board, &image, path, Duration::from_secs(300), !board.partial) {
            // The executor of scripts, which is no part of the runtime, has no memory left.
            Err(error)
                if board.partial && format!("{error:#}").contains("memory allocation of") =>
            {
                too_large += 1;
                continue;
            }
            found => found.with_context(|| name.to_owned())?,
        };
        if number % 30 == 29 || number + 1 == total {
            eprintln!("    {} of {total} files", number + 1);
        }
        counts.push_str(&format!("{name} {found}\n"));
    }
    let file = folder().join(format!("counts-{}-{mode}", board.name));
    fs::create_dir_all(folder())?;
    fs::write(&file, counts)?;
    if board.partial {
        println!("{too_large} of {total} scripts do not fit into the memory of the board");
        return shell::run(suite().arg("compare").arg("--partial").arg(file));
    }
    shell::run(suite().arg("compare").arg(file))
}

/// Runs one script on an emulated board and returns its counts. Failures of its assertions go to
/// stderr if they are `shown`.
pub fn script(
    board: &'static Board,
    image: &Path,
    script: &Path,
    deadline: Duration,
    shown: bool,
) -> Result<String> {
    let load = Some((script.to_path_buf(), board.job));
    let run = Run { board, image, load, count: false, plugin: None, deadline };
    let mut counts = None;
    for line in run.output()? {
        match line.strip_prefix("zonda-script: ") {
            Some(found) => counts = Some(found.to_owned()),
            None if shown => eprintln!("{line}"),
            None => {}
        }
    }
    match counts {
        Some(counts) => Ok(counts),
        None => bail!("the firmware reported no counts"),
    }
}

pub fn run(options: &Options) -> Result<()> {
    match options.target.as_str() {
        "qemu" => {
            let arithmetic = if options.libgcc { Arithmetic::Libgcc } else { Arithmetic::Rust };
            qemu(&options.mode, options.board, arithmetic)
        }
        _ if options.write => {
            shell::run(suite().args(["host", "--mode", &options.mode, "--write", EXPECTED]))
        }
        _ if options.mode == modes::NATIVE.name => {
            native::is_possible()?;
            native::suite()
        }
        _ => host(&options.mode),
    }
}
