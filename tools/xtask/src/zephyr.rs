//! Zephyr: where it is, and its tools west and twister.

use crate::shell;
use anyhow::{bail, Result};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const SEARCHED: &str = "$ZEPHYR_BASE, the enclosing west workspace, ~/zephyrproject/zephyr";

/// Boards on which twister runs or builds tests and samples.
const PLATFORMS: [&str; 4] = ["qemu_cortex_m3", "mps2/an385", "nrf52840dk/nrf52840", "qemu_riscv32"];

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
    workspace.map(Path::to_path_buf).into_iter().chain(home).map(|folder| folder.join("zephyr")).find(|base| is_zephyr(base))
}

/// A program of Zephyr's, with the environment that finds the sources and, where the user names no toolchain, Debian's.
fn tool(base: &Path, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(shell::root()).env("ZEPHYR_BASE", base);
    let sdk = env::var_os("ZEPHYR_SDK_INSTALL_DIR").is_some();
    if env::var_os("ZEPHYR_TOOLCHAIN_VARIANT").is_none() && !sdk && Path::new("/usr/bin/arm-none-eabi-gcc").exists() {
        command.env("ZEPHYR_TOOLCHAIN_VARIANT", "gnuarmemb").env("GNUARMEMB_TOOLCHAIN_PATH", "/usr");
    }
    command
}

/// west, also where it is only in the virtual environment beside Zephyr.
fn west(base: &Path) -> Result<Command> {
    if shell::has("west") {
        return Ok(tool(base, "west"));
    }
    let environment = base.parent().map(|workspace| workspace.join(".venv/bin/west")).filter(|west| west.exists());
    match environment {
        Some(west) => Ok(tool(base, west)),
        None => bail!("Zephyr is in {}, but west is not in PATH: `pip install west`", base.display()),
    }
}

/// Builds an application for a board, from scratch where the build folder is another board's.
pub fn build(base: &Path, board: &str, application: &str, folder: &Path) -> Result<()> {
    shell::step(&format!("west build -b {board} {application}"));
    let mut command = west(base)?;
    // west finds its extension commands by the workspace that it is called in.
    command.current_dir(base).args(["build", "--pristine=auto", "--board", board, "--build-dir"]).arg(folder);
    shell::run(command.arg(shell::root().join(application).canonicalize()?))
}

/// The emulator with the application of a build folder.
pub fn emulate(folder: &Path) -> Command {
    let mut command = Command::new(crate::packages::QEMU_ARM.0);
    command.args(["-machine", "lm3s6965evb", "-cpu", "cortex-m3", "-nographic", "-monitor", "none", "-serial", "stdio"]);
    // As Zephyr's own `run` does; otherwise its clock runs unevenly.
    command.args(["-icount", "shift=6,align=off,sleep=on", "-rtc", "clock=vm"]);
    command.arg("-kernel").arg(folder.join("zephyr/zephyr.elf"));
    command
}

/// Everything that twister finds in tests and samples.
pub fn twister(base: &Path) -> Result<()> {
    let out = shell::target_dir().join("twister");
    let mut command = west(base)?;
    command.current_dir(base).args(["twister", "--inline-logs", "--disable-warnings-as-errors", "--clobber-output", "--jobs", "2"]);
    command.arg("--outdir").arg(&out);
    let root = shell::root().canonicalize()?;
    for folder in ["tests/zephyr", "samples"] {
        command.arg("--testsuite-root").arg(root.join(folder));
    }
    PLATFORMS.iter().for_each(|platform| {
        command.args(["--platform", platform]);
    });
    shell::step(&format!("west twister on {}", PLATFORMS.join(", ")));
    shell::run(&mut command)
}
