//! Native modules: compiling them with `zonda compile --native`, where LLVM 19 is installed.

use crate::{packages, shell};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where `llvm-config` of the LLVM is that the compiler needs.
const LLVM: &str = "/usr/lib/llvm-19/bin/llvm-config";
/// Debian's packages of it.
const PACKAGES: &str = "llvm-19-dev libpolly-19-dev";

/// Whether the compiler can be built here.
pub fn is_available() -> bool {
    Path::new(LLVM).exists()
}

/// What `cargo xtask test` needs for it. LLVM takes a gigabyte, so it is not installed without
/// being asked for.
pub fn is_possible() -> Result<()> {
    anyhow::ensure!(is_available(), "native code needs LLVM 19: apt-get install {PACKAGES}");
    Ok(())
}

/// Installs what linking LLVM statically needs, as somebody has asked for it by name.
pub fn need_static() -> Result<()> {
    let is_there = |path: &str| Path::new(path).exists();
    if is_available() && is_there("/usr/include/zstd.h") && is_there("/usr/include/zlib.h") {
        return Ok(());
    }
    let llvm = PACKAGES.split(' ');
    packages::install(&llvm.chain(["libzstd-dev", "zlib1g-dev"]).collect::<Vec<_>>())
}

/// The specification suite as code of this machine, a small module for each target, and the command
/// line.
pub fn test() -> Result<()> {
    suite()?;
    let cli = ["test", "--quiet", "--package", "zonda-cli", "--features", "native"];
    shell::run(shell::cargo().args(cli).args(["--test", "cli", "native_code"]))
}

/// The specification suite as code of this machine.
pub fn suite() -> Result<()> {
    shell::run(shell::cargo().args(["test", "--quiet", "--package", "zonda-native"]))
}

/// The command line with the native compiler, which is built where it has changed.
pub fn tool() -> Result<PathBuf> {
    is_possible()?;
    static BUILT: OnceLock<()> = OnceLock::new();
    let path = std::path::absolute(shell::target_dir())?.join("debug").join("zonda");
    if BUILT.get().is_some() {
        return Ok(path);
    }
    let mut command = shell::cargo();
    command.args(["build", "--quiet", "--package", "zonda-cli", "--features", "native"]);
    shell::run(&mut command)?;
    let _ = BUILT.set(());
    Ok(path)
}

/// The command line without the native compiler.
pub fn tool_without() -> Result<PathBuf> {
    shell::run(shell::cargo().args(["build", "--quiet", "--package", "zonda-cli"]))?;
    Ok(std::path::absolute(shell::target_dir())?.join("debug").join("zonda"))
}

/// Compiles a module for a target, and returns the path of the native module.
pub fn compile(module: &Path, target: &str, options: &[&str]) -> Result<PathBuf> {
    let name = module.file_stem().unwrap_or_default().to_string_lossy();
    let output = shell::target_dir().join(format!("native-{name}-{target}-{}", std::process::id()));
    let mut command = Command::new(tool()?);
    command.args(["compile", "--native", "--target", target, "--output"]).arg(&output).arg(module);
    shell::run(command.args(options))?;
    Ok(output)
}
