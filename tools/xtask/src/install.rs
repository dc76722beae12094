//! Toolchains, components and programs that rustup and cargo install, each within a time limit. An
//! error names the command that installs what is missing.

use crate::shell;
use anyhow::{bail, Result};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// For what is downloaded.
const DOWNLOAD: Duration = Duration::from_secs(300);
/// For what is also compiled.
const COMPILE: Duration = Duration::from_secs(900);

/// A command for rustup or for another toolchain than the one that runs us, whose variables would
/// name the wrong one.
fn plain(program: &str) -> Command {
    of_no_toolchain(Command::new(program))
}

fn of_no_toolchain(mut command: Command) -> Command {
    command.current_dir(shell::root());
    // Asking a toolchain that is missing for its version must not install it, without a word and
    // with all components.
    command.env("RUSTUP_AUTO_INSTALL", "0");
    for variable in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(variable);
    }
    command
}

/// Makes sure that `there` holds, by running `command` where it does not.
fn make_sure(what: &str, command: &str, limit: Duration, there: impl Fn() -> bool) -> Result<()> {
    if there() {
        return Ok(());
    }
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    if !shell::has(program) {
        bail!("{what} is missing; `{command}` installs it, but {program} is not in PATH");
    }
    shell::step(command);
    // What cargo compiles takes minutes, for which nobody has to wait.
    let installer = if program == "rustup" { shell::alone(program) } else { Command::new(program) };
    match shell::run_within(of_no_toolchain(installer).args(words), limit) {
        _ if there() => Ok(()),
        Ok(()) => bail!("{what} is missing, and is still missing after `{command}`"),
        // The error names the command.
        Err(error) => bail!("{what} is missing: {error:#}"),
    }
}

/// A component of the toolchain that runs us; `there` says whether it is installed.
pub fn component(name: &str, there: impl Fn() -> bool) -> Result<()> {
    let what = format!("the component {name} of the Rust toolchain");
    let toolchain = std::env::var("RUSTUP_TOOLCHAIN").ok();
    let of = toolchain.map_or(String::new(), |toolchain| format!(" --toolchain {toolchain}"));
    make_sure(&what, &format!("rustup component add{of} {name}"), DOWNLOAD, there)
}

/// The standard library for a target of the toolchain that runs us.
pub fn target(name: &str, there: impl Fn() -> bool) -> Result<()> {
    let what = format!("the Rust standard library for {name}");
    let toolchain = std::env::var("RUSTUP_TOOLCHAIN").ok();
    let of = toolchain.map_or(String::new(), |toolchain| format!(" --toolchain {toolchain}"));
    make_sure(&what, &format!("rustup target add{of} {name}"), DOWNLOAD, there)
}

/// Another toolchain, in which `probe` (arguments of cargo) has to work.
pub fn toolchain(name: &str, components: &[&str], probe: &[&str]) -> Result<()> {
    let what = if components.is_empty() {
        format!("Rust {name}")
    } else {
        format!("Rust {name} with {}", components.join(" and "))
    };
    let listed = components.iter().map(|component| format!(" --component {component}"));
    let command = format!(
        "rustup toolchain install {name} --profile minimal --no-self-update{}",
        listed.collect::<String>()
    );
    make_sure(&what, &command, DOWNLOAD, || {
        plain("cargo")
            .arg(format!("+{name}"))
            .args(probe)
            .output()
            .is_ok_and(|output| output.status.success())
    })
}

/// Where programs go that cargo installs: the user's own programs stay as they are.
fn programs() -> PathBuf {
    shell::target_dir().join("programs")
}

/// The path of a program: of PATH, or what cargo installs from the crate of the same name.
pub fn program(name: &str) -> Result<PathBuf> {
    if shell::has(name) {
        return Ok(name.into());
    }
    let path = programs().join("bin").join(name);
    // Its speed does not matter, and compiling it for speed takes twice the time.
    let command = format!(
        "cargo install --quiet --locked --debug --root {} {name}",
        std::path::absolute(programs())?.display()
    );
    make_sure(name, &command, COMPILE, || path.is_file())?;
    Ok(path)
}
