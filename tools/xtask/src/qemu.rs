//! Runs an image in QEMU. Its output comes line by line; it ends by semihosting, by the caller's
//! word, or at a deadline.

use crate::firmware::Board;
use crate::packages;
use anyhow::{anyhow, bail, Context, Result};
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

pub struct Run<'a> {
    pub board: &'static Board,
    pub image: &'a Path,
    /// A file that the loader puts into memory, and where.
    pub load: Option<(PathBuf, u32)>,
    /// One guest instruction takes one guest nanosecond, and time does not pass otherwise.
    pub count: bool,
    /// The argument of `-plugin`.
    pub plugin: Option<String>,
    pub deadline: Duration,
}

/// Kills the process when dropped, so that none outlives us.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Run<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new(self.board.emulator.0);
        command.args(self.board.machine);
        command.args(["-display", "none", "-monitor", "none", "-serial", "none"]);
        command.args(["-semihosting-config", "enable=on,target=native"]);
        if self.count {
            command.args(["-icount", "shift=0,align=off,sleep=off"]);
        }
        if let Some(plugin) = &self.plugin {
            command.arg("-plugin").arg(plugin);
        }
        if let Some((file, address)) = &self.load {
            command
                .arg("-device")
                .arg(format!("loader,file={},addr={address:#x},force-raw=on", file.display()));
        }
        command.arg("-kernel").arg(self.image);
        command
    }

    /// Runs the image to its end. Every line of output goes to `line`, which may end the run.
    pub fn each_line(&self, line: impl FnMut(&str) -> ControlFlow<()>) -> Result<()> {
        packages::need(&[self.board.emulator])?;
        match lines_of(&mut self.command(), self.deadline, line)? {
            Some(status) if !status.success() => {
                bail!("the firmware failed (QEMU ended with {status})")
            }
            _ => Ok(()),
        }
    }

    /// Runs the image to its end and returns its output.
    pub fn output(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        let end = self.each_line(|line| {
            lines.push(line.to_owned());
            ControlFlow::Continue(())
        });
        end.with_context(|| format!("output of the firmware:\n{}", lines.join("\n")))?;
        Ok(lines)
    }
}

/// Runs a command and passes each line of its output to `line`, which may end it (then there is no
/// exit status). The command is killed at the deadline, which is an error.
pub fn lines_of(
    command: &mut Command,
    deadline: Duration,
    mut line: impl FnMut(&str) -> ControlFlow<()>,
) -> Result<Option<ExitStatus>> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Guard(command.spawn().with_context(|| format!("could not start {name}"))?);
    let stdout = child.0.stdout.take().ok_or_else(|| anyhow!("{name} has no output"))?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n') {
            let Ok(line) = line else { break };
            if sender.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                break;
            }
        }
    });
    let end = Instant::now() + deadline;
    loop {
        match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(text) => {
                if line(&text).is_break() {
                    return Ok(None);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!("{name} did not end within {} s", deadline.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(Some(child.0.wait()?)),
        }
    }
}
