//! `cargo xtask fuzz --programs N`: generated programs (fuzz/src/program) on the host, or in
//! batches on an emulated board.

use crate::firmware::{self, Board};
use crate::qemu::Run;
use crate::{modes, native, shell};
use anyhow::{bail, Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Which programs, and where they run.
pub struct Programs {
    pub first: u64,
    pub count: u64,
    pub jobs: usize,
    /// The emulated board that they run on.
    pub qemu: Option<&'static Board>,
    /// As native code of the board.
    pub native: bool,
    /// What they are compared with.
    pub judge: String,
    /// Checks their translation in place of running them.
    pub translation: bool,
    /// With the feature `strict`; under AddressSanitizer.
    pub strict: bool,
    pub address: bool,
}

/// Runs the programs with these seeds.
pub fn run(programs: &Programs) -> Result<()> {
    let seeds = format!("{}..{}", programs.first, programs.first + programs.count);
    let Some(board) = programs.qemu else {
        shell::step(&format!("running the programs of the seeds {seeds}"));
        let jobs = programs.jobs.to_string();
        let mut command = runner(programs)?;
        command.args(["--seeds", &seeds, "--jobs", &jobs, "--judge", &programs.judge]);
        if programs.translation {
            command.args(["--mode", "translation"]);
        }
        return shell::run(&mut command);
    };
    let folder = shell::target_dir().join("programs");
    let _ = std::fs::remove_dir_all(&folder);
    shell::step(&format!("writing scripts of the programs of the seeds {seeds}"));
    let mut write = runner(programs)?;
    write.args(["--seeds", &seeds, "--scripts"]).arg(&folder);
    let modes: &[&[&str]] = if programs.native {
        write.args(["--native", board.target]);
        // Fast mode for nothing but the modules of the firmware's own.
        &[&[modes::FAST.name, modes::NATIVE.name]]
    } else {
        &[&[modes::FAST.name], &[modes::CLASSIC.name]]
    };
    shell::run(&mut write)?;
    let mut scripts: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.flatten().map(|file| file.path()).collect();
    scripts.sort();
    for modes in modes {
        let features = [&["full", "spec"], *modes].concat();
        let image = firmware::build("spec", board, &features)?;
        let mode = modes.last().context("a mode")?;
        let mut passed = 0;
        for script in &scripts {
            passed += batch(board, &image, script)
                .with_context(|| format!("{} in {mode} mode", script.display()))?;
        }
        eprintln!(
            "    {passed} commands of {} scripts hold in {mode} mode on {} ({})",
            scripts.len(),
            board.name,
            board.cpu
        );
    }
    Ok(())
}

/// Runs one script; returns how many of its commands held, if all did.
fn batch(board: &'static Board, image: &Path, script: &Path) -> Result<u64> {
    let load = Some((script.to_path_buf(), board.job));
    let deadline = Duration::from_secs(600);
    let run = Run { board, image, load, count: false, plugin: None, deadline };
    let mut counts = None;
    let mut failed = Vec::new();
    for line in run.output()? {
        match line.strip_prefix("zonda-script: ") {
            Some(found) => counts = Some(found.to_owned()),
            None => failed.push(line),
        }
    }
    let counts = counts.context("the firmware reported no counts")?;
    if !failed.is_empty() || !counts.contains("failed=0") {
        // The line of a command is the seed of its program.
        bail!("{counts}\n{}", failed.iter().take(20).cloned().collect::<Vec<_>>().join("\n"));
    }
    let passed = counts.split(' ').find_map(|part| part.strip_prefix("passed="));
    passed.context("no count of commands that passed")?.parse().context("a count is a number")
}

/// The runner of fuzz/src/bin/programs.
fn runner(programs: &Programs) -> Result<Command> {
    if programs.native {
        native::is_possible()?;
    }
    let name = match (programs.strict, programs.address) {
        (false, false) => "fuzz-programs",
        (true, false) => "fuzz-programs-strict",
        (false, true) => "fuzz-programs-address",
        (true, true) => "fuzz-programs-strict-address",
    };
    let target = shell::target_dir().join(name);
    let mut features = String::from("programs");
    if programs.strict {
        features += ",strict";
    }
    if programs.native {
        features += ",native";
    }
    let mut build = shell::cargo();
    build.args(["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    build.args(["--bin", "programs", "--no-default-features", "--features", &features]);
    build.arg("--target-dir").arg(&target);
    let mut folder = target;
    if programs.address {
        let tools = super::Tools::find()?;
        if !tools.asan {
            bail!(
                "this Rust came without AddressSanitizer; rustup's stable Rust for x86-64 has it"
            );
        }
        build.args(["--target", &tools.host]).env("RUSTFLAGS", "-Zsanitizer=address");
        // For the flag of the compiler that has no stable name yet.
        build.env("RUSTC_BOOTSTRAP", "1");
        folder = folder.join(&tools.host);
    }
    shell::run(&mut build)?;
    Ok(Command::new(folder.join("release").join("programs")))
}
