//! Estimates of cycles: the plugin `cycles.c` for QEMU, built here, and reading what it writes.
//! docs/cycles.md describes the model.

use super::Row;
use crate::firmware::Board;
use crate::{packages, shell};
use anyhow::{bail, Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is estimated, as it is called on the command line.
pub const CORE: &str = "core";
pub const NRF52840: &str = "nrf52840";
/// Cycles in a millisecond of the nRF52840.
pub const NRF52840_CYCLES_PER_MS: f64 = 64_000.0;

/// The timer of the MPS2 boards, whose reads mark what is measured (`VALUE` in
/// firmware/src/board/mps2.rs).
const TIMER: u32 = 0x4000_0004;
/// Image and module lie below: on the board that is estimated they would be in flash.
const FLASH_END: u32 = 0x0040_0000;

const GCC: (&str, &str) = ("gcc", "gcc");

/// The plugin, and what it is told.
pub struct Plugin {
    library: PathBuf,
    output: PathBuf,
    model: String,
    arguments: String,
}

impl Plugin {
    /// Builds the plugin for this board.
    pub fn new(board: &Board, model: &str) -> Result<Plugin> {
        let cpu = match board.cpu {
            "Cortex-M3" => "m3",
            "Cortex-M4F" => "m4",
            other => bail!("there is no model of the cycles of {other}: choose the board mps2-an385 or mps2-an386"),
        };
        packages::need(&[GCC])?;
        let folder = shell::target_dir();
        let library = folder.join("zonda-cycles.so");
        let mut command = Command::new(GCC.0);
        command.args(["-O2", "-Wall", "-shared", "-fPIC", "-o"]).arg(&library);
        command.arg(shell::root().join("tools/xtask/src/bench/cycles.c"));
        shell::run(&mut command)?;
        let flash = if model == NRF52840 { FLASH_END } else { 0 };
        let arguments = format!("cpu={cpu},timer={TIMER:#x},flash={flash:#x}");
        let output = folder.join(format!("cycles-{}", std::process::id()));
        Ok(Plugin { library, output, model: model.to_owned(), arguments })
    }

    /// The argument of QEMU's option `-plugin`.
    pub fn option(&self) -> String {
        format!("{},out={},{}", self.library.display(), self.output.display(), self.arguments)
    }

    /// Adds what the run cost to its row.
    pub fn read(&self, row: &mut Row) -> Result<()> {
        let text = fs::read_to_string(&self.output).context("QEMU's plugin wrote nothing")?;
        fs::remove_file(&self.output)?;
        let costs = Costs::of(&reads(&text)?)?;
        row.insert("cycles".into(), costs.call.into());
        if let Some(load) = costs.load {
            row.insert("load_cycles".into(), load.into());
        }
        row.insert("model".into(), self.model.clone().into());
        Ok(())
    }
}

/// Builds a C program of Embench for this board and returns the image.
pub fn native_image(sources: &Path, program: &str, board: &Board) -> Result<PathBuf> {
    const COMPILER: (&str, &str) = ("arm-none-eabi-gcc", "gcc-arm-none-eabi");
    packages::need(&[COMPILER])?;
    let cpu: &[&str] = match board.cpu {
        "Cortex-M3" => &["-mcpu=cortex-m3"],
        "Cortex-M4F" => &["-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
        other => bail!("native code is built for mps2-an385 and mps2-an386, not for {other}"),
    };
    let ours = shell::root().join("tools/xtask/src/bench/native");
    let image = shell::target_dir().join(format!("embench-{program}-{}", board.name));
    let own = sources.join("src").join(program);
    let support = sources.join("support");
    let mut files = Vec::new();
    for entry in fs::read_dir(&own).with_context(|| format!("cannot read {}", own.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            files.push(path);
        }
    }
    files.sort();
    files.extend(["main.c", "beebsc.c"].map(|name| support.join(name)));
    files.push(ours.join("board.c"));
    let mut command = Command::new(COMPILER.0);
    command.args(["-O2", "-mthumb", "-w", "-DCPU_MHZ=1", "-DWARMUP_HEAT=1", "-nostartfiles"]);
    command.args(cpu).arg("-I").arg(&support).arg("-I").arg(&own).args(files);
    command.arg("-T").arg(ours.join("board.ld")).arg("-lm").arg("-o").arg(&image);
    shell::run(&mut command)?;
    Ok(image)
}

/// Instructions and cycles at each read of the timer.
fn reads(text: &str) -> Result<Vec<u64>> {
    let cycles = |line: &str| line.split_once(' ')?.1.parse().ok();
    text.lines()
        .map(|line| cycles(line).with_context(|| format!("QEMU's plugin wrote `{line}`")))
        .collect()
}

#[derive(Debug, PartialEq)]
struct Costs {
    /// The call, or its timed part where the program marks one.
    call: u64,
    load: Option<u64>,
}

impl Costs {
    /// The firmware reads the timer before and after it loads the module and before and after the
    /// call, in which the program may read it in pairs; native code reads it twice.
    fn of(reads: &[u64]) -> Result<Costs> {
        let pairs =
            |reads: &[u64]| reads.as_chunks().0.iter().map(|[start, end]| end - start).sum();
        match reads {
            [start, end] => Ok(Costs { call: end - start, load: None }),
            [start, end, call, timed @ .., returned] if timed.len() % 2 == 0 => Ok(Costs {
                call: if timed.is_empty() { returned - call } else { pairs(timed) },
                load: Some(end - start),
            }),
            _ => bail!("the timer was read {} times", reads.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_of_the_timer_are_paired() {
        let of = |reads: &[u64]| Costs::of(reads).unwrap();
        assert_eq!(of(&[5, 12]), Costs { call: 7, load: None });
        assert_eq!(of(&[0, 10, 20, 50]), Costs { call: 30, load: Some(10) });
        assert_eq!(of(&[0, 10, 20, 22, 25, 30, 40, 50]), Costs { call: 13, load: Some(10) });
        assert!(Costs::of(&[0, 10, 20, 22, 50]).is_err());
        assert!(Costs::of(&[]).is_err());
        assert_eq!(reads("1 2\n30 40\n").unwrap(), [2, 40]);
        assert!(reads("1\n").is_err());
    }
}
