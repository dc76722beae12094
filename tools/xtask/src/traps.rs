//! A module traps on an emulated board, and `zonda symbolize` says where in its source.

use crate::firmware::{self, Board};
use crate::qemu::Run;
use crate::shell;
use anyhow::{bail, Context, Result};
use std::fs;
use std::time::Duration;

/// A Cortex-M with the loops in Thumb-2 instructions, and a CPU with those in Rust.
const BOARDS: [&str; 2] = ["mps2-an385", "riscv-virt"];
/// What is said of the trap in `tests/modules/divide.c`.
const BACKTRACE: [&str; 7] = [
    "integer divide by zero",
    "#0  0x001cc divide",
    "at ./divide.c:7:18",
    "#1  0x0010e work",
    "at ./divide.c:15:10",
    "#2  0x0006f run",
    "at ./divide.c:23:9",
];

fn check_one(board: &'static Board) -> Result<()> {
    let features = ["full", "classic", "fast", "capi", "trap-record"];
    let image = firmware::build("trap", board, &features)?;
    let deadline = Duration::from_secs(60);
    let run = Run { board, image: &image, load: None, count: false, plugin: None, deadline };
    let lines = run.output().with_context(|| board.name.to_owned())?;
    let log = shell::target_dir().join(format!("trap-{}.log", board.name));
    fs::write(&log, lines.join("\n"))?;
    let module = shell::root().join("tests/modules/divide.wasm");
    let mut command = shell::cargo();
    command.args(["run", "--quiet", "--package", "zonda-cli", "--", "symbolize"]);
    let text = shell::output(command.arg(&log).arg(&module))?;
    // Of each mode.
    let expected = BACKTRACE.iter().cycle().take(2 * BACKTRACE.len());
    if !text.lines().map(str::trim).eq(expected.copied()) {
        bail!("{}: `zonda symbolize` says of {}:\n{text}", board.name, log.display());
    }
    println!("{} ({}): the trap's lines, in both modes", board.cpu, board.name);
    Ok(())
}

pub fn check() -> Result<()> {
    BOARDS.iter().try_for_each(|name| check_one(firmware::named(name).map_err(anyhow::Error::msg)?))
}
