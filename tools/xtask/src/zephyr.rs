//! Zephyr: its workspaces on this machine, and its tool west. The command `cargo xtask zephyr` runs
//! twister on every board ([`boards`]) or prints what the samples need ([`size`]).

mod apps;
mod boards;
mod debug;
mod riscv;
mod size;

use crate::report::NotRun;
use crate::shell;
use anyhow::{bail, Result};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use apps::{device, is_possible, measured, story, Device};
pub use boards::{twister, twister_riscv};
pub use debug::session;

pub const SEARCHED: &str = "$ZEPHYR_BASE, the enclosing west workspace, ~/zephyrproject/zephyr";

/// Python modules that west and twister import, and the packages that have them.
const PYTHON: [(&str, &str); 10] = [
    ("anytree", "anytree"),
    ("colorama", "colorama"),
    ("elftools", "pyelftools"),
    ("natsort", "natsort"),
    ("packaging", "packaging"),
    ("ply", "ply"),
    ("psutil", "psutil"),
    ("pykwalify", "pykwalify"),
    ("serial", "pyserial"),
    ("yaml", "PyYAML"),
];

fn is_zephyr(folder: &Path) -> bool {
    folder.join("VERSION").is_file() && folder.join("Kconfig.zephyr").is_file()
}

/// The folders of Zephyr's sources, each once, in the order of `SEARCHED`.
pub fn find_all() -> Vec<PathBuf> {
    let given = env::var_os("ZEPHYR_BASE").map(PathBuf::from);
    let here = shell::root().canonicalize().unwrap_or_else(|_| shell::root().to_path_buf());
    let around = here.ancestors().find(|folder| folder.join(".west/config").is_file());
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join("zephyrproject"));
    let workspaces = around.map(Path::to_path_buf).into_iter().chain(home);
    let mut found = Vec::new();
    for base in given.into_iter().chain(workspaces.map(|folder| folder.join("zephyr"))) {
        let base = base.canonicalize().unwrap_or(base);
        if is_zephyr(&base) && !found.contains(&base) {
            found.push(base);
        }
    }
    found
}

/// The first of them.
pub fn find() -> Option<PathBuf> {
    find_all().into_iter().next()
}

/// The version of a tree, such as 4.1.0, as its file VERSION says.
pub fn version(base: &Path) -> String {
    let text = fs::read_to_string(base.join("VERSION")).unwrap_or_default();
    let number = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim() == key)
            .map_or("?", |(_, value)| value.trim())
    };
    ["VERSION_MAJOR", "VERSION_MINOR", "PATCHLEVEL"].map(number).join(".")
}

/// A program of Zephyr, with the environment that finds the sources and, if the user names no
/// toolchain, Debian's.
fn tool(base: &Path, program: impl AsRef<OsStr>) -> Command {
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

/// west and the Python that runs it, from PATH or from the virtual environment beside Zephyr.
fn west_programs(base: &Path) -> Result<(PathBuf, PathBuf)> {
    if shell::has("west") {
        return Ok(("west".into(), "python3".into()));
    }
    let folder = base.parent().map(|workspace| workspace.join(".venv/bin"));
    match folder.filter(|folder| folder.join("west").exists()) {
        Some(folder) => Ok((folder.join("west"), folder.join("python3"))),
        None => bail!(
            "Zephyr {} is in {}, but west is not in PATH: pip install west",
            version(base),
            base.display()
        ),
    }
}

/// west, with the programs of its virtual environment (cmake, ninja) in front of PATH, as if the
/// environment was activated.
fn west(base: &Path) -> Result<Command> {
    let (west, _) = west_programs(base)?;
    let mut command = tool(base, &west);
    if let Some(folder) = west.parent().filter(|folder| folder.is_absolute()) {
        let old = env::var_os("PATH").unwrap_or_default();
        let all = [folder.to_path_buf()].into_iter().chain(env::split_paths(&old));
        command.env("PATH", env::join_paths(all)?);
    }
    Ok(command)
}

/// Says which Python packages of west and twister are missing, and the command that installs them.
fn need_packages(base: &Path) -> Result<()> {
    let (_, python) = west_programs(base)?;
    let modules = PYTHON.map(|(module, _)| format!("'{module}'")).join(",");
    let script = format!(
        "import importlib.util as u\nfor m in ({modules}):\n    if u.find_spec(m) is None: print(m)"
    );
    let output = shell::output(Command::new(&python).args(["-c", &script]))?;
    let missing = packages_of(&output);
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!("{} -m pip install {}", python.display(), missing.join(" "));
    Err(NotRun(format!("Python packages of Zephyr are missing: {install}")).into())
}

/// The packages that have the modules named in `lines`.
fn packages_of(lines: &str) -> Vec<&'static str> {
    let missing: Vec<&str> = lines.lines().map(str::trim).collect();
    PYTHON.iter().filter(|(module, _)| missing.contains(module)).map(|(_, name)| *name).collect()
}

/// Builds an application for a board, from scratch where the build folder is another board's.
pub fn build(base: &Path, board: &str, application: &str, folder: &Path) -> Result<()> {
    build_with(base, board, application, folder, &[])
}

/// The same with definitions for CMake.
fn build_with(
    base: &Path,
    board: &str,
    application: &str,
    folder: &Path,
    definitions: &[String],
) -> Result<()> {
    shell::step(&format!("west build -b {board} {application}"));
    let mut command = west(base)?;
    // west finds its extension commands by the workspace that it is called in.
    command
        .current_dir(base)
        .args(["build", "--pristine=auto", "--board", board, "--build-dir"])
        .arg(folder);
    command.arg(shell::root().join(application).canonicalize()?);
    if !definitions.is_empty() {
        command.arg("--").args(definitions);
    }
    shell::run(&mut command)
}

/// The module zcbor, in the workspace or where EXTRA_ZEPHYR_MODULES says.
fn find_zcbor(base: &Path) -> Option<PathBuf> {
    let extra = env::var("EXTRA_ZEPHYR_MODULES").unwrap_or_default();
    let extra = extra.split(';').map(PathBuf::from);
    let own = base.parent().map(|workspace| workspace.join("modules/lib/zcbor"));
    let is_zcbor = |folder: &PathBuf| {
        folder.join("zephyr/module.yml").is_file()
            && folder.join("include/zcbor_decode.h").is_file()
    };
    own.into_iter().chain(extra).find(is_zcbor)
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

#[derive(clap::Args)]
pub struct Options {
    /// Only workspaces with this version of Zephyr, such as 4.1.0
    #[arg(long, global = true, value_name = "VERSION")]
    tree: Option<String>,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Run twister with all tests and samples on every board that this machine has a C compiler
    /// for
    Test(boards::Options),
    /// Print flash and RAM of the samples hello and blinky, without Zonda and in each execution
    /// mode
    Size(size::Options),
}

pub fn run(options: &Options) -> Result<()> {
    let wanted = |base: &PathBuf| options.tree.as_ref().is_none_or(|tree| *tree == version(base));
    let bases: Vec<PathBuf> = find_all().into_iter().filter(wanted).collect();
    if bases.is_empty() {
        bail!("no such Zephyr was found: looked at {SEARCHED}");
    }
    for base in &bases {
        match &options.action {
            Action::Test(options) => boards::all(base, options)?,
            Action::Size(options) => size::run(base, options)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_packages() {
        assert_eq!(packages_of("elftools\nyaml\n"), ["pyelftools", "PyYAML"]);
        assert!(packages_of("").is_empty());
    }

    /// docs/zephyr.md shows the files of the tutorial as they are.
    #[test]
    fn the_tutorial_is_what_is_tested() {
        let read = |path: &str| fs::read_to_string(shell::root().join(path)).unwrap();
        let page = read("docs/zephyr.md");
        for file in ["programs/sum.c", "programs/endless.c", "prj.conf", "src/main.c"] {
            let text = read(&format!("tests/zephyr/tutorial/{file}"));
            // Without the licence line and the comment that describes the file.
            let body = text.split_once(" */\n\n").map_or(text.as_str(), |(_, body)| body);
            assert!(page.contains(body.trim_end()), "docs/zephyr.md does not show {file} as it is");
        }
    }
}
