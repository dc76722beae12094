//! Measuring on this machine: the program `bench-host` runs a task a number of times. Instructions
//! are counted by valgrind's tool callgrind in two runs of different length, whose difference is
//! what one time costs, without starting and loading; time is taken without it.

use super::{Row, Task};
use crate::modes::Mode;
use crate::{packages, shell};
use anyhow::{bail, Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How often the task is run under valgrind.
const RUNS: [u32; 2] = [1, 3];
/// How often for the time, of which the shortest counts.
const TIMED_RUNS: u32 = 20;

/// Builds the program that runs tasks; it links the runtime.
pub fn program() -> Result<PathBuf> {
    shell::step("building the runtime for this machine");
    let mut command = shell::cargo();
    command.args([
        "build",
        "--quiet",
        "--profile",
        "host",
        "--package",
        "xtask",
        "--features",
        "bench-host",
        "--bin",
        "bench-host",
    ]);
    shell::run(&mut command)?;
    Ok(shell::target_dir().join("host/bench-host"))
}

fn arguments(command: &mut Command, task: &Task, mode: Mode, runs: u32) {
    command.arg(&task.path).args([mode.name, &task.call.to_string()]);
    command.args([runs, task.repeat, task.memory_limit].map(|number| number.to_string()));
}

/// Instructions of a whole run.
fn instructions(program: &Path, task: &Task, mode: Mode, runs: u32) -> Result<u64> {
    let mut command = Command::new(packages::VALGRIND.0);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    arguments(&mut command, task, mode, runs);
    let output = command.output().context("could not start valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => Ok(count),
        _ => bail!("{}: valgrind failed:\n{text}", task.name),
    }
}

/// Runs one task in one mode.
pub fn measure(program: &Path, task: &Task, mode: Mode) -> Result<Row> {
    let mut row = task.row(mode.name, "host");
    let mut command = Command::new(program);
    arguments(&mut command, task, mode, TIMED_RUNS);
    for pair in shell::output(&mut command).with_context(|| task.name.clone())?.split_whitespace() {
        let Some((key, value)) = pair.split_once('=') else {
            bail!("{}: the program printed {pair}", task.name)
        };
        row.insert(key.to_owned(), serde_json::from_str(value)?);
    }
    if shell::has(packages::VALGRIND.0) {
        let [short, long] = RUNS.map(|runs| instructions(program, task, mode, runs));
        row.insert("call".into(), ((long? - short?) / u64::from(RUNS[1] - RUNS[0])).into());
    }
    Ok(row)
}
