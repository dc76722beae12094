//! Runs the parts of `cargo xtask test` in two lanes beside each other, since most parts keep one
//! CPU busy: a lane is this program again, with the parts of one kind. Each line of its output
//! comes with the lane's name in front; what became of its parts it writes into a file.

use crate::report::Report;
use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub const NAMES: [&str; 2] = ["host", "device"];

/// Whether there are CPUs for them.
pub fn are_useful() -> bool {
    std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() > 1)
}

/// Where a lane writes what became of its parts.
fn file(lane: &str) -> PathBuf {
    shell::target_dir().join(format!("lane-{lane}.json"))
}

/// Writes the report of this process, which is a lane.
pub fn write(lane: &str, report: &Report) -> Result<()> {
    let path = file(lane);
    fs::write(&path, report.rows()).with_context(|| path.display().to_string())
}

/// Copies lines, each behind the lane's name.
fn copy(lane: &str, from: impl Read, mut to: impl Write) {
    for line in BufReader::new(from).split(b'\n').map_while(|line| line.ok()) {
        let _ = writeln!(to, "{lane:>6} | {}", String::from_utf8_lossy(&line).trim_end());
    }
}

/// Runs one lane; an error if it ended without a report.
fn lane(name: &str, parts: &[String]) -> Result<String> {
    let path = file(name);
    let _ = fs::remove_file(&path);
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["test", "--lane", name]);
    command.args(parts.iter().flat_map(|part| ["--part", part]));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        scope.spawn(|| stdout.map(|from| copy(name, from, std::io::stdout())));
        scope.spawn(|| stderr.map(|from| copy(name, from, std::io::stderr())));
    });
    let status = child.wait()?;
    fs::read_to_string(&path).with_context(|| format!("it ended without a report ({status})"))
}

/// The report of both lanes.
pub fn run(parts: &[String]) -> Report {
    let mut report = Report::new();
    let results = std::thread::scope(|scope| {
        NAMES
            .map(|name| scope.spawn(move || lane(name, parts)))
            .map(|thread| thread.join().unwrap_or_else(|_| anyhow::bail!("its thread ended")))
    });
    for (name, result) in NAMES.into_iter().zip(results) {
        if let Err(error) = result.and_then(|rows| report.add_rows(&rows)) {
            report.part(&format!("the lane {name}"), || Err(error));
        }
    }
    report
}
