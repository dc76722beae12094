//! The programs of Embench 1.0 as workloads: `main` returns 0 when the program has verified its
//! result, and the host functions `start_trigger` and `stop_trigger` enclose what is measured.
//!
//! Modules and sources are not part of the repository; docs/measurements.md says where they come
//! from. What native code and other runtimes need was measured elsewhere and is written down here.

use super::cycles::{native_image, NRF52840, NRF52840_CYCLES_PER_MS};
use super::{check_result, device, given, number, Measured, Options, Row, Task};
use crate::firmware::{self, Board};
use crate::job::Call;
use crate::modes;
use crate::shell;
use crate::workloads::Limits;
use anyhow::{bail, Result};
use serde_json::Value;
use std::path::Path;

/// A program, and what it costs elsewhere.
struct Program {
    name: &'static str,
    /// Million instructions of native code: gcc 12.2 -O2, `-DCPU_MHZ=1 -DWARMUP_HEAT=1`, on a
    /// Cortex-M3 with soft float and on a Cortex-M4 with its FPU, in QEMU.
    native: Option<[f64; 2]>,
    /// Milliseconds of the fastest other runtime on an nRF52840 at 64 MHz, as
    /// anlavandier/ariel-wasm-runtime-comparisons publishes them (measured there, on hardware),
    /// and which one it is.
    peer: Option<(f64, &'static str)>,
    /// What is promised on the default board, in million instructions: classic mode, fast mode.
    most: [Option<f64>; 2],
}

const fn program(
    name: &'static str,
    native: [f64; 2],
    peer: (f64, &'static str),
    classic: Option<f64>,
    fast: f64,
) -> Program {
    Program { name, native: Some(native), peer: Some(peer), most: [classic, Some(fast)] }
}

/// The export that runs a program, as clang names `main` without parameters.
const MAIN: &str = "__original_main()";

/// In classic mode, half of what four programs took before it had handlers for i64 and floats.
const PROGRAMS: [Program; 19] = [
    program("aha-mont64", [3.34, 3.26], (1627.0, "wasmi"), Some(120.22), 32.0),
    program("crc32", [2.79, 2.79], (1227.0, "wasmi"), None, 14.0),
    program("cubic", [3.16, 3.16], (842.0, "wasmi"), Some(44.05), 17.0),
    program("edn", [2.60, 2.58], (2650.0, "wasmi"), None, 27.0),
    program("huffbench", [2.32, 2.32], (1934.0, "wasmi"), None, 21.0),
    program("matmult-int", [2.84, 2.84], (3060.0, "wasmi"), None, 23.0),
    program("minver", [3.15, 0.47], (359.0, "wasmi"), Some(12.88), 9.0),
    // Its module does almost nothing, so it is no measure of speed.
    Program { name: "nbody", native: None, peer: None, most: [None, None] },
    program("nettle-aes", [2.94, 2.94], (2199.0, "WAMR fast"), None, 20.0),
    program("nettle-sha256", [2.34, 2.36], (1382.0, "wasmi"), None, 16.0),
    program("nsichneu", [2.77, 2.77], (915.0, "Pulley"), None, 21.0),
    program("picojpeg", [3.30, 3.70], (2253.0, "wasmi"), None, 25.0),
    program("qrduino", [3.12, 3.08], (1716.0, "wasmi"), None, 20.0),
    program("sglib-combined", [2.33, 2.34], (1690.0, "wasmi"), None, 17.0),
    program("slre", [2.39, 2.40], (1453.0, "wasmi"), None, 14.0),
    program("st", [3.33, 3.33], (96.0, "wasmi"), Some(3.90), 4.6),
    program("statemate", [1.76, 1.76], (737.0, "Pulley"), None, 12.0),
    program("ud", [2.92, 2.91], (1786.0, "wasmi"), None, 18.0),
    program("wikisort", [1.62, 1.62], (571.0, "WAMR fast"), None, 7.0),
];

impl Program {
    fn named(name: &str) -> Option<&'static Program> {
        PROGRAMS.iter().find(|program| program.name == name)
    }

    /// Instructions of native code on this board, where they are known.
    fn native(&self, board: &Board) -> Option<f64> {
        let [soft_float, fpu] = self.native?;
        match board.cpu {
            "Cortex-M3" => Some(soft_float * 1e6),
            "Cortex-M4F" => Some(fpu * 1e6),
            _ => None,
        }
    }

    fn limits(&self) -> [Limits; 2] {
        self.most.map(|most| {
            let instructions = most.map_or(0, |millions| (millions * 1e6).round() as u64);
            Limits { call: [instructions; 2], heap: 0 }
        })
    }
}

/// The programs whose names are wanted, with their modules in this folder.
pub fn tasks(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    for program in PROGRAMS.iter().filter(|program| wanted(program.name)) {
        // The published modules of two programs have a misspelt name.
        let names = [program.name.to_owned(), program.name.replace("nettle", "neetle")];
        let files = names.map(|name| folder.join(format!("{name}.wasm")));
        let Some(path) = files.iter().find(|file| file.exists()) else {
            bail!(
                "there is no {}; docs/measurements.md says where Embench's modules come from",
                files[0].display()
            )
        };
        tasks.push(Task {
            expect: Some(0),
            limits: program.limits(),
            ..given(program.name.into(), path, Call::parse(MAIN)?)
        });
    }
    if tasks.is_empty() {
        let names: Vec<&str> = PROGRAMS.iter().map(|program| program.name).collect();
        bail!("Embench has no such program; it has: {}", names.join(", "));
    }
    Ok(tasks)
}

/// The geometric mean; none of nothing.
fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
}

/// Milliseconds of the fastest other runtime on an nRF52840, and which one it is.
pub fn peer(name: &str) -> Option<(f64, &'static str)> {
    Program::named(name)?.peer
}

/// Measures the C sources of the programs as native code, where they are given.
pub fn native(options: &Options) -> Result<Vec<(String, Row)>> {
    let (Some(modules), Some(sources)) = (&options.embench, &options.native) else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for task in tasks(modules, |name| options.only.as_deref().is_none_or(|only| only == name))? {
        shell::step(&format!("measuring {} (native)", task.name));
        let image = native_image(sources, &task.name, options.board)?;
        let row = device::measure_native(&image, options, &task)?;
        check_result(&task, &row)?;
        if options.json {
            println!("{}", Value::Object(row.clone()));
        }
        rows.push((task.name, row));
    }
    Ok(rows)
}

/// A table of million instructions between the triggers, beside those of native code, measured now
/// or written down.
pub fn print(options: &Options, measured: &[Measured], native: &[(String, Row)]) {
    let board = options.board;
    let Some(first) = measured.first() else { return };
    let modes: Vec<_> = first.rows.iter().map(|(mode, _)| *mode).collect();
    let origin = if native.is_empty() { ", measured elsewhere" } else { "" };
    println!(
        "\nEmbench 1.0, million instructions between the triggers, {} ({}):",
        board.name, board.cpu
    );
    println!("(native: gcc -O2{origin})");
    print!("{:<16} {:>8}", "program", "native");
    modes.iter().for_each(|mode| print!(" {:>10} {:>8}", mode.name, "/ native"));
    println!("{:>10}", if board == firmware::default() { "limit" } else { "" });
    let mut ratios = vec![Vec::new(); modes.len()];
    let show =
        |value: Option<f64>| value.map_or_else(|| "-".into(), |value: f64| format!("{value:.2}"));
    for Measured { task, rows } in measured {
        let program = Program::named(&task.name);
        let here = native.iter().find(|(name, _)| *name == task.name);
        let native = match here {
            Some((_, row)) => Some(number(row, "timed") as f64),
            None => program.and_then(|program| program.native(board)),
        };
        print!("{:<16} {:>8}", task.name, show(native.map(|native| native / 1e6)));
        for ((_, row), ratios) in rows.iter().zip(&mut ratios) {
            let cost = number(row, "timed") as f64;
            let ratio = native.map(|native| cost / native);
            // The module of nbody is no measure of speed.
            ratios
                .extend(ratio.filter(|_| program.is_some_and(|program| program.native.is_some())));
            print!(" {:>10.2} {:>8}", cost / 1e6, show(ratio));
        }
        let fast = program.and_then(|program| program.most[modes::FAST.number as usize]);
        match fast.filter(|_| board == firmware::default()) {
            Some(most) => println!(" {most:>9}"),
            None => println!(),
        }
    }
    for (mode, ratios) in modes.iter().zip(&ratios) {
        if let Some(mean) = geometric_mean(ratios) {
            println!(
                "geometric mean of {} / native, {} programs: {mean:.2}",
                mode.name,
                ratios.len()
            );
        }
    }
    print_cycles(options, measured, native);
}

/// The same in million cycles, estimated, and on the nRF52840 in milliseconds beside the fastest
/// other runtime.
fn print_cycles(options: &Options, measured: &[Measured], native: &[(String, Row)]) {
    let Some(model) = options.cycles.as_deref() else { return };
    println!("\nmillion cycles, estimated ({model}; docs/cycles.md):");
    for Measured { task, rows } in measured {
        print!("{:<16}", task.name);
        let here = native.iter().find(|(name, _)| *name == task.name);
        let here = here.map(|(_, row)| ("native", row));
        for (mode, row) in here.into_iter().chain(rows.iter().map(|(mode, row)| (mode.name, row))) {
            let cycles = number(row, "cycles") as f64;
            print!("  {mode} {:.2}", cycles / 1e6);
            if model == NRF52840 {
                print!(" ({:.0} ms)", cycles / NRF52840_CYCLES_PER_MS);
            }
        }
        match Program::named(&task.name).and_then(|program| program.peer) {
            Some((ms, name)) if model == NRF52840 => {
                println!("  {name} {ms} ms, measured elsewhere")
            }
            _ => println!(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_geometric() {
        assert_eq!(geometric_mean(&[]), None);
        let mean = geometric_mean(&[2.0, 8.0]).unwrap();
        assert!((mean - 4.0).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn a_folder_without_a_program_is_an_error_that_names_the_file() {
        let folder = std::env::temp_dir().join(format!("zonda-embench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let error = tasks(&folder, |name| name == "nettle-aes").map(|tasks| tasks.len());
        assert!(format!("{:#}", error.unwrap_err()).contains("nettle-aes.wasm"));
        std::fs::write(folder.join("neetle-aes.wasm"), []).unwrap();
        let found = tasks(&folder, |name| name == "nettle-aes").unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!((found.len(), found[0].expect), (1, Some(0)));
        assert!(tasks(Path::new("."), |name| name == "no program").is_err());
    }
}
