//! Commands of the system, with progress on stderr; stdout belongs to results.

use anyhow::{bail, Context, Result};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Where build products go: what cargo is told, else `target/` of the repository.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Tells what begins now.
pub fn step(text: &str) {
    eprintln!("\x1b[1m==>\x1b[0m {text}");
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs a command whose output goes to stderr as it comes; an exit status other than 0 is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let words = shown(command);
    let status = command
        .stdout(std::io::stderr())
        .status()
        .with_context(|| format!("could not start `{words}`"))?;
    if !status.success() {
        bail!("`{words}` failed ({status})");
    }
    Ok(())
}

/// Runs a command like [`run`], and ends it and its children after `limit`, which is an error.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let words = shown(command);
    // A group of its own, so that its children end with it.
    let mut child = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .process_group(0)
        .spawn()
        .with_context(|| format!("could not start `{words}`"))?;
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("`{words}` failed ({status})");
            }
            return Ok(());
        }
        if Instant::now() >= end {
            end_group(&mut child);
            bail!("`{words}` did not end within {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ends a process and all others of its group, which it leads. By the shell's own command: a small
/// Debian has no program of this name.
pub fn end_group(child: &mut Child) {
    let kill = format!("kill -s KILL -- -{}", child.id());
    let _ = Command::new("sh").args(["-c", &kill]).status();
    let _ = child.kill();
    let _ = child.wait();
}

/// Runs a command and returns what it writes to stdout.
pub fn output(command: &mut Command) -> Result<String> {
    let words = shown(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{words}`"))?;
    if !output.status.success() {
        bail!("`{words}` failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command that waits until no other process of this program installs something: apt and rustup
/// do not wait for each other.
pub fn alone(program: &str) -> Command {
    if !has("flock") {
        return Command::new(program);
    }
    let mut command = Command::new("flock");
    let lock = target_dir().join("installs.lock");
    command.arg(std::path::absolute(&lock).unwrap_or(lock)).arg(program);
    command
}

/// Whether a program is found in PATH.
pub fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}
