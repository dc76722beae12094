//! `cargo xtask natives`: native functions of the C API with up to 16 parameters, compiled by GCC
//! and called in QEMU, on each ABI for calls that a bare-metal board has.
//! `tests/common/signatures.rs` generates them, and what is expected.

#[path = "../../../tests/common/signatures.rs"]
mod signatures;

use crate::firmware::{self, Board};
use crate::packages;
use crate::qemu::Run;
use crate::shell;
use anyhow::{bail, Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

#[derive(clap::Args)]
pub struct Options {
    /// Generates other functions
    #[arg(long, default_value_t = signatures::SEED)]
    seed: u64,
    /// How many functions
    #[arg(long, default_value_t = signatures::COUNT)]
    count: usize,
}

/// A board with an ABI for calls, its compiler and what that is told.
struct Abi {
    board: &'static str,
    name: &'static str,
    compiler: (&'static str, &'static str),
    options: &'static [&'static str],
}

const ARM: (&str, &str) = ("arm-none-eabi-gcc", "gcc-arm-none-eabi");
const RISCV: (&str, &str) = ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf");

const ABIS: [Abi; 3] = [
    Abi {
        board: "mps2-an385",
        name: "AAPCS, floats in core registers",
        compiler: ARM,
        options: &["-mcpu=cortex-m3", "-mthumb", "-mfloat-abi=soft"],
    },
    Abi {
        board: "mps2-an386",
        name: "AAPCS, floats in FPU registers",
        compiler: ARM,
        options: &["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"],
    },
    Abi {
        board: "riscv-virt",
        name: "ilp32",
        compiler: RISCV,
        options: &["-march=rv32imac", "-mabi=ilp32", "-mcmodel=medany"],
    },
];

/// Compiles the functions; returns the object file. Its name has the seed, so that the linker takes
/// the right one.
fn compile(abi: &Abi, board: &Board, options: &Options) -> Result<PathBuf> {
    packages::need(&[abi.compiler])?;
    let folder = shell::target_dir().join("natives");
    fs::create_dir_all(&folder)?;
    let Options { seed, count } = options;
    let source = folder.join(format!("natives-{seed}-{count}.c"));
    let object = folder.join(format!("natives-{seed}-{count}-{}.o", board.name));
    fs::write(&source, signatures::source(&signatures::cases(*seed, *count)))?;
    let mut command = Command::new(abi.compiler.0);
    command.args(abi.options).args(["-std=c11", "-O1", "-Wall", "-Werror", "-ffreestanding", "-c"]);
    command.arg("-I").arg(shell::root().join("include"));
    shell::run(command.arg(&source).arg("-o").arg(&object))?;
    Ok(object)
}

fn check_one(abi: &Abi, options: &Options) -> Result<()> {
    let board = firmware::named(abi.board).map_err(anyhow::Error::msg)?;
    let object = compile(abi, board, options)?;
    let features = ["full", "classic", "fast", "capi"];
    let image = firmware::build_linked("natives", board, &features, &[object])?;
    let deadline = Duration::from_secs(60);
    let run = Run { board, image: &image, load: None, count: false, plugin: None, deadline };
    let lines = run.output().with_context(|| format!("{}: {}", board.name, abi.name))?;
    let wanted = format!("{} functions well", options.count);
    if !lines.contains(&wanted) {
        bail!("{}: there is no line `{wanted}` in:\n{}", board.name, lines.join("\n"));
    }
    println!("{} ({}), {}: {wanted}, in both modes", board.cpu, board.name, abi.name);
    Ok(())
}

pub fn run(options: &Options) -> Result<()> {
    ABIS.iter().try_for_each(|abi| check_one(abi, options))
}

/// What `cargo xtask test` runs.
pub fn check() -> Result<()> {
    run(&Options { seed: signatures::SEED, count: signatures::COUNT })
}
