//! The specification's test suite. The host compiles it into scripts (`spec-suite`); here they are fed to the firmware.

use crate::firmware::{self, Board};
use crate::qemu::Run;
use crate::{modes, shell};
use anyhow::{bail, Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Where the firmware looks for the script.
const SCRIPT: u32 = 0x0020_0000;

#[derive(clap::Args)]
pub struct Options {
    /// Mode of execution
    #[arg(long, default_value = modes::FAST.name, value_parser = [modes::FAST.name, modes::CLASSIC.name])]
    mode: String,
    /// Where the suite runs
    #[arg(long, default_value = "host", value_parser = ["host", "qemu"])]
    target: String,
    /// Write the host's counts down as those that are expected
    #[arg(long)]
    write: bool,
}

/// The counts that are checked in.
const EXPECTED: &str = "tests/spec-expected.txt";

/// The helper that knows the suite; it links the runtime, so it is built when it is needed.
fn suite() -> Command {
    let mut command = shell::cargo();
    command.args([
        "run",
        "--quiet",
        "--profile",
        "host",
        "--package",
        "xtask",
        "--features",
        "spec",
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

/// Runs every script on the emulated board and compares the counts with those that are checked in.
pub fn qemu(mode: &str) -> Result<()> {
    let image = firmware::build("spec", Board::Mps2, &["full", "spec", mode])?;
    let folder = shell::target_dir().join("spec-scripts");
    shell::step("compiling the specification suite into scripts");
    shell::run(suite().arg("compile").arg(&folder))?;
    let index = fs::read_to_string(folder.join("index"))?;
    let mut counts = String::new();
    let total = index.lines().count();
    for (number, line) in index.lines().enumerate() {
        let (file, name) = line.split_once(' ').context("the index of scripts is damaged")?;
        let found = script(&image, &folder.join(file)).with_context(|| name.to_owned())?;
        if number % 30 == 29 || number + 1 == total {
            eprintln!("    {} of {total} files", number + 1);
        }
        counts.push_str(&format!("{name} {found}\n"));
    }
    fs::write(folder.join("counts"), counts)?;
    shell::run(suite().arg("compare").arg(folder.join("counts")))
}

fn script(image: &Path, script: &Path) -> Result<String> {
    let load = Some((script.to_path_buf(), SCRIPT));
    let run =
        Run { board: Board::Mps2, image, load, count: false, deadline: Duration::from_secs(300) };
    let mut counts = None;
    for line in run.output()? {
        match line.strip_prefix("zonda-script: ") {
            Some(found) => counts = Some(found.to_owned()),
            None => eprintln!("{line}"),
        }
    }
    match counts {
        Some(counts) => Ok(counts),
        None => bail!("the firmware reported no counts"),
    }
}

pub fn run(options: &Options) -> Result<()> {
    match options.target.as_str() {
        "qemu" => qemu(&options.mode),
        _ if options.write => {
            shell::run(suite().args(["host", "--mode", &options.mode, "--write", EXPECTED]))
        }
        _ => host(&options.mode),
    }
}
