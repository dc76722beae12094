//! `cargo xtask stack`: the native stack that loading and executing take on each board, painted,
//! without interrupts and with interrupts that nest. What interrupts add is theirs alone: it does
//! not depend on the module, and what the runtime takes stays below the bound.

use crate::firmware::{self, Board, BOARDS};
use crate::job::{Call, Job};
use crate::qemu::Run;
use crate::{shell, workloads};
use anyhow::{bail, Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Options {
    /// Only this board
    #[arg(long, value_parser = firmware::named)]
    board: Option<&'static Board>,
}

/// Modules and calls: calls of WebAssembly functions, memory, host functions, and a stack that
/// overflows.
const JOBS: [(&str, &str); 5] = [
    ("fib.wasm", "run(17)"),
    ("fib.wasm", "run(100000)"),
    ("crc32.wasm", "run(1)"),
    ("impcall1.wasm", "run(3000)"),
    ("add.wasm", "add(3, 4)"),
];

/// Bytes of the image's own frames, which are measured with the runtime's.
const OF_IMAGE: u64 = 128;

/// Bytes of native stack that loading and executing take at most on a CPU. What compilers make for
/// Armv6-M and for RISC-V keeps more in memory than Thumb-2.
fn bounds(board: &Board) -> (u64, u64) {
    if board.target.starts_with("thumbv6m") || board.target.starts_with("riscv") {
        (1_536, workloads::STACK_EXECUTING)
    } else {
        (workloads::STACK_LOADING, workloads::STACK_EXECUTING)
    }
}

/// Bytes that the frames of three interrupts may take on a CPU: what the hardware pushes (Armv7-M
/// ARM, B1.5.6: 8 words, 26 with the registers of the FPU, and a word of padding) or the handler
/// saves, and the handlers' own frames.
fn of_interrupts(board: &Board) -> u64 {
    if board.target.starts_with("riscv") {
        2 * (80 + 32)
    } else if board.target.ends_with("eabihf") {
        3 * (27 * 4 + 24)
    } else {
        3 * (9 * 4 + 24)
    }
}

/// The most that any job took, without interrupts and with them.
#[derive(Default, Clone, Copy)]
struct Most {
    loading: [u64; 2],
    executing: [u64; 2],
}

fn measure(board: &'static Board) -> Result<Most> {
    let image = firmware::build("stack", board, &["full", "classic", "fast", "interrupts"])?;
    let folder = shell::target_dir().join("stack");
    fs::create_dir_all(&folder)?;
    let mut most = Most::default();
    for (file, call) in JOBS {
        let path = shell::root().join("tests/bench").join(file);
        let module = fs::read(&path).with_context(|| path.display().to_string())?;
        let call = Call::parse(call)?;
        let job = Job {
            mode: 0,
            repeat: 0,
            stack_bytes: board.stack,
            memory_limit: board.memory_limit,
            call: &call,
            module: &module,
        };
        let place = folder.join(format!("{}-{file}.job", board.name));
        fs::write(&place, job.bytes())?;
        let load = Some((place, board.job));
        let deadline = Duration::from_secs(120);
        let run = Run { board, image: &image, load, count: true, plugin: None, deadline };
        let mut lines = 0;
        for line in run.output().with_context(|| format!("{file} {call} on {}", board.name))? {
            let Some(line) = line.strip_prefix("zonda-stack ") else { continue };
            lines += 1;
            let fields: BTreeMap<&str, u64> = line
                .split(' ')
                .filter_map(|field| field.split_once('='))
                .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
                .collect();
            let field = |name: &str| fields.get(name).copied().context("a figure is missing");
            // The image measures each mode without interrupts, then with them.
            let with = usize::from(lines % 2 == 0);
            if with == 1 && (field("interrupts")? < 100 || field("second")? < 100) {
                bail!("too few interrupts for a statement: {line}");
            }
            most.loading[with] = most.loading[with].max(field("loading")?);
            most.executing[with] = most.executing[with].max(field("executing")?);
        }
        if lines != 4 {
            bail!("the firmware measured {lines} times in place of 4");
        }
    }
    Ok(most)
}

/// Measures one board and compares with the bounds; the row of the table.
fn row(board: &'static Board) -> Result<String> {
    let most = measure(board)?;
    let on_top = of_interrupts(board);
    let (to_load, to_execute) = bounds(board);
    let bounds = [("loading", most.loading, to_load), ("executing", most.executing, to_execute)];
    for (what, [without, with], bound) in bounds {
        if without > bound + OF_IMAGE {
            bail!("{what} takes {without} bytes on {}, more than {bound}", board.name);
        }
        if with <= without {
            bail!("no interrupt fell on the deepest call while {what} on {}", board.name);
        }
        if with > without + on_top {
            bail!(
                "interrupts add {} bytes while {what} on {}, and their frames take {on_top}",
                with - without,
                board.name
            );
        }
    }
    let Most { loading, executing } = most;
    Ok(format!(
        "| {} | {} | {} | {} | {} | {on_top} |",
        board.cpu, executing[0], executing[1], loading[0], loading[1]
    ))
}

pub fn run(options: &Options) -> Result<()> {
    let mut rows = Vec::new();
    for board in BOARDS.iter().filter(|board| options.board.is_none_or(|only| only == *board)) {
        rows.push(row(board)?);
    }
    println!("| CPU | executing | with interrupts | loading | with interrupts | frames of the interrupts, at most |");
    println!("|---|---:|---:|---:|---:|---:|");
    rows.iter().for_each(|row| println!("{row}"));
    Ok(())
}

/// What `cargo xtask test` runs: the board of everything else.
pub fn check() -> Result<()> {
    row(firmware::default()).map(|_| ())
}
