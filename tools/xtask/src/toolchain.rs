//! A Rust toolchain for a device's target: rustup's where it has the target or can get it, else
//! Debian's with its sources.

use crate::{install, packages, shell};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Debian 12 has a current Rust for its browsers. It comes without libraries for devices, but with
/// their sources.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LINKER: &str = "ld.lld-19";
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];

pub enum Toolchain {
    /// The toolchain that runs us has the target's libraries.
    Rustup,
    /// Debian's, which builds `core` and `alloc` itself.
    Debian,
}

/// Finds or installs a toolchain for `target`.
pub fn find(target: &str) -> Result<Toolchain> {
    let sysroot = shell::output(
        Command::new("rustc").args(["--print", "sysroot"]).current_dir(shell::root()),
    )?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib");
    if libraries.exists() {
        return Ok(Toolchain::Rustup);
    }
    match install::target(target, || libraries.exists()) {
        Ok(()) => return Ok(Toolchain::Rustup),
        Err(error) => eprintln!("    using Debian's rustc, because {error:#}"),
    }
    if !debian_is_complete() {
        packages::install(&DEBIAN_PACKAGES)?;
    }
    Ok(Toolchain::Debian)
}

fn debian_is_complete() -> bool {
    let sources = Path::new("/usr/lib/rustlib/src/rust/library/core");
    Path::new(DEBIAN_RUSTC).exists()
        && Path::new(DEBIAN_CARGO).exists()
        && sources.exists()
        && shell::has(DEBIAN_LINKER)
}

/// Makes sure that a program of the host's toolchain is installed, which a minimal toolchain lacks.
pub fn component(name: &str, program: &str) -> Result<()> {
    install::component(name, || {
        Command::new(program)
            .arg("--version")
            .current_dir(shell::root())
            .output()
            .is_ok_and(|output| output.status.success())
    })
}

/// The linker for `target`, as a GNU-like command.
pub fn linker(target: &str) -> Result<Command> {
    Ok(match find(target)? {
        Toolchain::Rustup => {
            let libraries = shell::output(
                Command::new("rustc").args(["--print", "target-libdir"]).current_dir(shell::root()),
            )?;
            let mut command = Command::new(Path::new(libraries.trim()).join("../bin/rust-lld"));
            command.args(["-flavor", "gnu"]);
            command
        }
        Toolchain::Debian => Command::new(DEBIAN_LINKER),
    })
}

/// `cargo build` for `target`, to which the caller adds what to build.
pub fn cargo_build(target: &str) -> Result<Command> {
    cargo_build_in(target, shell::root(), &shell::target_dir().join("device"))
}

/// The same of sources that lie in `root`, into another target folder.
pub fn cargo_build_in(target: &str, root: &Path, products: &Path) -> Result<Command> {
    let mut command = match find(target)? {
        Toolchain::Rustup => {
            let mut command = shell::cargo();
            command.arg("build");
            command
        }
        Toolchain::Debian => {
            let linker = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
            let mut command = Command::new(DEBIAN_CARGO);
            command.args(["build", "-Zbuild-std=core,alloc,compiler_builtins"]);
            command
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env(linker, DEBIAN_LINKER);
            command.env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTC_WRAPPER");
            command
        }
    };
    command.current_dir(root).args(["--quiet", "--release", "--target", target]);
    // Where the loops are written in instructions, what is left of their crate is rare code.
    if target.starts_with("thumbv7") || target.starts_with("thumbv8m.main") {
        command.args(["--config", "profile.release.package.zonda-exec.opt-level='z'"]);
    }
    command.arg("--target-dir").arg(products);
    Ok(command)
}
