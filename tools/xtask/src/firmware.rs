//! The boards of `firmware/`, and building its images.

use crate::{libgcc, packages, shell, toolchain};
use anyhow::Result;
use std::env;
use std::fs;
use std::path::PathBuf;

/// A board of `firmware/`, built for a CPU, and QEMU's machine for it.
#[derive(PartialEq, Eq, Debug)]
pub struct Board {
    /// The name on the command line.
    pub name: &'static str,
    pub cpu: &'static str,
    /// Features of the package `firmware`.
    features: &'static [&'static str],
    pub target: &'static str,
    /// The program that emulates it, and its package.
    pub emulator: (&'static str, &'static str),
    pub machine: &'static [&'static str],
    /// Where the image looks for jobs and scripts, and the bytes there (`JOB` and `JOB_BYTES` in
    /// firmware/src/board).
    pub job: u32,
    pub job_bytes: u64,
    /// What one run of `bench` gets unless the command line says otherwise: operand stack and
    /// linear memory limit, in bytes.
    pub stack: u32,
    pub memory_limit: u32,
    /// Whether the memory is too small for much of the specification suite.
    pub partial: bool,
}

/// What the MPS2 boards have in common.
const MPS2: Board = Board {
    name: "mps2-an385",
    cpu: "Cortex-M3",
    features: &["mps2"],
    target: "thumbv7m-none-eabi",
    emulator: packages::QEMU_ARM,
    machine: &["-machine", "mps2-an385"],
    job: 0x0020_0000,
    job_bytes: 2 << 20,
    stack: 4096,
    memory_limit: u32::MAX,
    partial: false,
};

/// The board of the demo: a Cortex-M3 with 256 KB of flash and 64 KB of RAM. It has no place for
/// jobs.
pub static LM3S6965: Board = Board {
    name: "lm3s6965evb",
    features: &["lm3s6965"],
    machine: &["-machine", "lm3s6965evb"],
    job: 0,
    job_bytes: 0,
    ..MPS2
};

/// The boards that run benchmarks and the specification suite. The first one is the default.
pub static BOARDS: [Board; 7] = [
    MPS2,
    // Cortex-M4 with a single-precision FPU, hard-float ABI.
    Board {
        name: "mps2-an386",
        cpu: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        machine: &["-machine", "mps2-an386"],
        ..MPS2
    },
    Board {
        name: "mps2-an500",
        cpu: "Cortex-M7",
        features: &["mps2-an500"],
        target: "thumbv7em-none-eabihf",
        machine: &["-machine", "mps2-an500"],
        ..MPS2
    },
    Board {
        name: "mps2-an505",
        cpu: "Cortex-M33",
        features: &["mps2-an505"],
        target: "thumbv8m.main-none-eabihf",
        machine: &["-machine", "mps2-an505"],
        job: 0x1020_0000,
        ..MPS2
    },
    // 16 KB of RAM: what needs more fails there, and `armv6m` runs it.
    Board {
        name: "microbit",
        cpu: "Cortex-M0",
        features: &["microbit"],
        target: "thumbv6m-none-eabi",
        machine: &["-machine", "microbit"],
        job: 0x0003_0000,
        job_bytes: 64 << 10,
        stack: 2048,
        memory_limit: 2048,
        partial: true,
        ..MPS2
    },
    // The code for Cortex-M0 with enough memory: on a Cortex-M3 that traps unaligned accesses.
    Board {
        name: "armv6m",
        cpu: "Armv6-M code on a Cortex-M3",
        features: &["mps2", "align-trap"],
        target: "thumbv6m-none-eabi",
        ..MPS2
    },
    Board {
        name: "riscv-virt",
        cpu: "riscv32imac",
        features: &["riscv-virt"],
        target: "riscv32imac-unknown-none-elf",
        emulator: packages::QEMU_RISCV32,
        machine: &["-machine", "virt", "-bios", "none"],
        job: 0x8020_0000,
        ..MPS2
    },
];

/// The default board.
pub fn default() -> &'static Board {
    &BOARDS[0]
}

/// For the command line.
pub fn named(name: &str) -> Result<&'static Board, String> {
    BOARDS.iter().find(|board| board.name == name).ok_or_else(|| {
        let names: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
        format!("there is no board {name}; there are: {}", names.join(", "))
    })
}

/// Whose routines for floats and 64-bit integers an image has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arithmetic {
    /// Those of Rust's library, which rustc links.
    Rust,
    /// Those of GCC's library, which the linker of a Zephyr application prefers on Arm.
    Libgcc,
}

/// Builds the image `name` with these features (modes and parts of the runtime) and returns the
/// path of its ELF file.
pub fn build(name: &str, board: &Board, features: &[&str]) -> Result<PathBuf> {
    build_with(name, board, features, Arithmetic::Rust)
}

/// The same with the arithmetic of the caller's choice.
pub fn build_with(
    name: &str,
    board: &Board,
    features: &[&str],
    arithmetic: Arithmetic,
) -> Result<PathBuf> {
    let objects = match arithmetic {
        Arithmetic::Rust => Vec::new(),
        Arithmetic::Libgcc => libgcc::objects(board.target)?,
    };
    build_linked(name, board, features, &objects)
}

/// The same, linked with these object files.
pub fn build_linked(
    name: &str,
    board: &Board,
    features: &[&str],
    objects: &[PathBuf],
) -> Result<PathBuf> {
    let features = [board.features, features].concat();
    let listed = features.join(",");
    shell::step(&format!("building firmware `{name}` for {} ({listed})", board.target));
    let mut command = toolchain::cargo_build(board.target)?;
    command.args([
        "--package",
        "firmware",
        "--bin",
        name,
        "--no-default-features",
        "--features",
        &listed,
    ]);
    // firmware/build.rs passes them to the linker.
    shell::run(command.env("ZONDA_LINK_OBJECTS", env::join_paths(objects)?))?;
    // Boards with the same target have different images.
    let products = shell::target_dir().join("device");
    let image = products.join(format!("{name}-{}", board.name));
    fs::copy(products.join(board.target).join("release").join(name), &image)?;
    Ok(image)
}
