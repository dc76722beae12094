//! Zephyr: where it is, and its tools west and twister.

use crate::shell;
use anyhow::{bail, Result};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const SEARCHED: &str = "$ZEPHYR_BASE, the enclosing west workspace, ~/zephyrproject/zephyr";

/// Boards on which twister runs (where QEMU imitates them) or builds tests and samples, under their names since and before Zephyr 3.7.
const ARM: [(&str, &str); 3] = [
    ("qemu_cortex_m3", "qemu_cortex_m3"),
    ("mps2/an385", "mps2_an385"),
    ("nrf52840dk/nrf52840", "nrf52840dk_nrf52840"),
];
const RISC_V: (&str, &str) = ("qemu_riscv32", "qemu_riscv32");

fn is_zephyr(folder: &Path) -> bool {
    folder.join("VERSION").is_file() && folder.join("Kconfig.zephyr").is_file()
}

/// The folder of Zephyr's sources, if there is one.
pub fn find() -> Option<PathBuf> {
    if let Some(base) = env::var_os("ZEPHYR_BASE") {
        return Some(PathBuf::from(base)).filter(|base| is_zephyr(base));
    }
    let here = shell::root().canonicalize().ok()?;
    let workspace = here.ancestors().find(|folder| folder.join(".west/config").is_file());
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join("zephyrproject"));
    workspace
        .map(Path::to_path_buf)
        .into_iter()
        .chain(home)
        .map(|folder| folder.join("zephyr"))
        .find(|base| is_zephyr(base))
}

/// A program of Zephyr's, with the environment that finds the sources and, where the user names no toolchain, Debian's.
fn tool(base: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(shell::root()).env("ZEPHYR_BASE", base);
    let sdk = env::var_os("ZEPHYR_SDK_INSTALL_DIR").is_some();
    if env::var_os("ZEPHYR_TOOLCHAIN_VARIANT").is_none()
        && !sdk
        && Path::new("/usr/bin/arm-none-eabi-gcc").exists()
    {
        command
            .env("ZEPHYR_TOOLCHAIN_VARIANT", "gnuarmemb")
            .env("GNUARMEMB_TOOLCHAIN_PATH", "/usr");
    }
    command
}

/// west, also where it is only in the virtual environment beside Zephyr.
fn west(base: &Path) -> Result<Command> {
    if shell::has("west") {
        return Ok(tool(base, "west"));
    }
    let environment = base
        .parent()
        .map(|workspace| workspace.join(".venv/bin/west"))
        .filter(|west| west.exists());
    match environment {
        Some(west) => Ok(tool(base, west)),
        None => {
            bail!("Zephyr is in {}, but west is not in PATH: `pip install west`", base.display())
        }
    }
}

/// Builds an application for a board, from scratch where the build folder is another board's.
pub fn build(base: &Path, board: &str, application: &str, folder: &Path) -> Result<()> {
    shell::step(&format!("west build -b {board} {application}"));
    let mut command = west(base)?;
    // west finds its extension commands by the workspace that it is called in.
    command
        .current_dir(base)
        .args(["build", "--pristine=auto", "--board", board, "--build-dir"])
        .arg(folder);
    shell::run(command.arg(shell::root().join(application).canonicalize()?))
}

/// The emulator with the application of a build folder.
pub fn emulate(folder: &Path) -> Command {
    let mut command = Command::new(crate::packages::QEMU_ARM.0);
    command.args([
        "-machine",
        "lm3s6965evb",
        "-cpu",
        "cortex-m3",
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "stdio",
    ]);
    // As Zephyr's own `run` does; otherwise its clock runs unevenly.
    command.args(["-icount", "shift=6,align=off,sleep=on", "-rtc", "clock=vm"]);
    command.arg("-kernel").arg(folder.join("zephyr/zephyr.elf"));
    command
}

/// Everything that twister finds in tests and samples, on these boards.
fn twister_on(
    base: &Path,
    boards: &[(&str, &str)],
    prepare: impl FnOnce(&mut Command),
) -> Result<()> {
    let names_by_vendor = base.join("boards/nordic").is_dir();
    let boards: Vec<&str> =
        boards.iter().map(|(new, old)| if names_by_vendor { *new } else { *old }).collect();
    let mut command = west(base)?;
    command.current_dir(base).args([
        "twister",
        "--inline-logs",
        "--disable-warnings-as-errors",
        "--clobber-output",
        "--jobs",
        "2",
    ]);
    command.arg("--outdir").arg(shell::target_dir().join("twister"));
    command.env("ZONDA_CARGO_TARGET_DIR", shell::target_dir().join("zephyr"));
    let root = shell::root().canonicalize()?;
    // Twister's filters are evaluated without the application's CMakeLists.txt, which would register this module.
    command.env("EXTRA_ZEPHYR_MODULES", &root);
    for folder in ["tests/zephyr", "samples"] {
        command.arg("--testsuite-root").arg(root.join(folder));
    }
    boards.iter().for_each(|board| {
        command.args(["--platform", board]);
    });
    prepare(&mut command);
    shell::step(&format!("west twister on {}", boards.join(", ")));
    shell::run(&mut command)
}

/// What Rust needs for these boards. blinky_rust takes nothing but rustup's; the module itself finds Debian's too.
const TARGETS: [&str; 3] = ["thumbv7m-none-eabi", "thumbv7em-none-eabi", "thumbv7em-none-eabihf"];

/// Tests and samples, on Arm and, with a compiler for it, on RISC-V.
pub fn twister(base: &Path) -> Result<()> {
    for target in TARGETS {
        crate::toolchain::find(target)?;
    }
    twister_on(base, &ARM, |_| ())?;
    if env::var_os("ZEPHYR_SDK_INSTALL_DIR").is_some() {
        return twister_on(base, &[RISC_V], |_| ());
    }
    match env::var_os("CROSS_COMPILE") {
        Some(prefix) if prefix.to_string_lossy().contains("riscv") => {
            twister_on(base, &[RISC_V], |command| {
                command.arg("--force-toolchain").env("ZEPHYR_TOOLCHAIN_VARIANT", "cross-compile");
            })
        }
        _ => {
            eprintln!("\nNOT RUN: {}, which needs Zephyr's SDK (ZEPHYR_SDK_INSTALL_DIR) or CROSS_COMPILE=…/riscv…-elf-", RISC_V.0);
            Ok(())
        }
    }
}
