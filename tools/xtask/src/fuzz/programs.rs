//! `cargo xtask fuzz --programs N`: generated programs (fuzz/src/program) on the host, or in batches on the emulated Cortex-M3.

use crate::firmware::{self, BOARDS};
use crate::qemu::Run;
use crate::{modes, shell};
use anyhow::{bail, Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Which programs, and where they run.
pub struct Programs {
    pub first: u64,
    pub count: u64,
    pub jobs: usize,
    pub qemu: bool,
}

/// Runs the programs with these seeds.
pub fn run(programs: &Programs) -> Result<()> {
    let seeds = format!("{}..{}", programs.first, programs.first + programs.count);
    if !programs.qemu {
        shell::step(&format!("running the programs of the seeds {seeds}"));
        let jobs = programs.jobs.to_string();
        return shell::run(runner()?.args(["--seeds", &seeds, "--jobs", &jobs]));
    }
    let folder = shell::target_dir().join("programs");
    let _ = std::fs::remove_dir_all(&folder);
    shell::step(&format!("writing scripts of the programs of the seeds {seeds}"));
    shell::run(runner()?.args(["--seeds", &seeds, "--scripts"]).arg(&folder))?;
    let mut scripts: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.flatten().map(|file| file.path()).collect();
    scripts.sort();
    for mode in [modes::FAST.name, modes::CLASSIC.name] {
        let image = firmware::build("spec", &BOARDS[0], &["full", "spec", mode])?;
        let mut passed = 0;
        for script in &scripts {
            passed += batch(&image, script)
                .with_context(|| format!("{} in {mode} mode", script.display()))?;
        }
        eprintln!("    {passed} commands of {} scripts hold in {mode} mode", scripts.len());
    }
    Ok(())
}

/// Runs one script; returns how many of its commands held, if all did.
fn batch(image: &Path, script: &Path) -> Result<u64> {
    // The first board is the Cortex-M3 with memory for everything.
    let board = &BOARDS[0];
    let load = Some((script.to_path_buf(), board.job));
    let deadline = Duration::from_secs(600);
    let run = Run { board, image, load, count: false, deadline };
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
fn runner() -> Result<Command> {
    let target = shell::target_dir().join("fuzz-programs");
    let mut build = shell::cargo();
    build.args(["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    build.args(["--bin", "programs", "--no-default-features", "--features", "programs"]);
    build.arg("--target-dir").arg(&target);
    shell::run(&mut build)?;
    Ok(Command::new(target.join("release").join("programs")))
}
