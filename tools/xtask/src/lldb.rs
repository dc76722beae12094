//! A session of stock LLDB with the GDB remote stub of a device: the program of `tests/debug`,
//! over the UART of an emulator, which makes a TCP port of it, or at a TCP port of Zephyr's.
//!
//! Owns the commands and what they have to print, the same on each device.

use crate::firmware::{self, Board};
use crate::report::NotRun;
use crate::{packages, shell};
use anyhow::{bail, Context, Result};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What LLDB does.
const COMMANDS: &str = "\
target create story-O0.wasm
process connect --plugin wasm connect://127.0.0.1:PORT
breakpoint set -f story.c -l 16 -c 'calls == 2'
continue
bt
frame variable *p
step
finish
next
expr points[0].y = 77
p points
watchpoint set variable total
continue
watchpoint delete 1
breakpoint delete 1
continue
process plugin packet monitor trap
bt
detach
";

/// What LLDB has to print, in this order; behind it what the program prints.
const EXPECTED: [&str; 15] = [
    "stop reason = breakpoint 1.1",
    "scale(p=0x00000420, by=3) at story.c:16",
    "run(n=3) at story.c:33",
    "(point) *p = (x = 2, y = 0, weight = 10000000000)",
    "stop reason = step in",
    "stop reason = step out",
    "stop reason = step over",
    "run(n=3) at story.c:30",
    "(int) $0 = 77",
    "[0] = (x = 3, y = 77, weight = 0)",
    "stop reason = watchpoint 1",
    "stop reason = signal SIGFPE",
    "divide(a=6, b=0) at story.c:24",
    "trap: integer divide by zero",
    "trap(n=2) at story.c:40",
];

/// What LLDB does over a UART behind that: it attaches again, to a program that runs by itself, and ends
/// it.
const AGAIN: &str = "\
process connect --plugin wasm connect://127.0.0.1:PORT
bt
breakpoint set -f story.c -l 51
continue
expr stop = 7
breakpoint delete 2
detach
";

/// What it has to print then.
const EXPECTED_AGAIN: [&str; 4] =
    ["detached", "spin at story.c", "stop reason = breakpoint 2.1", "int) $1 = 7"];

/// Kills the process when dropped.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a session can run; otherwise the error says that it does not.
pub fn need() -> Result<()> {
    if !shell::has("lldb-22") {
        return Err(NotRun("lldb-22 is not installed".into()).into());
    }
    packages::need(&[packages::QEMU_ARM])
}

/// Runs a session with what `emulator` emulates, whose stub is at the QEMU character device
/// `debugger`, and which calls `spin` at last; the rest as for [`session`].
pub fn emulated(name: &str, mut emulator: Command, folder: &Path, printed: &[&str]) -> Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let socket = format!("socket,id=debugger,host=127.0.0.1,port={port},server=on,wait=off");
    emulator.args(["-chardev", &socket]);
    let script = COMMANDS.to_owned() + AGAIN;
    let expected = [&EXPECTED[..], &EXPECTED_AGAIN, printed].concat();
    run(name, emulator, port, folder, &script, &expected)
}

/// Runs a session with a program whose stub is at a TCP port of this machine. The console is its
/// standard output, on which the program has to print `printed` in this order.
pub fn session(
    name: &str,
    program: Command,
    port: u16,
    folder: &Path,
    printed: &[&str],
) -> Result<()> {
    run(name, program, port, folder, COMMANDS, &[&EXPECTED[..], printed].concat())
}

/// Runs LLDB with commands. It and then the program have to print what is expected.
fn run(
    name: &str,
    mut program: Command,
    port: u16,
    folder: &Path,
    commands: &str,
    expected: &[&str],
) -> Result<()> {
    let console = folder.join("console.txt");
    let program = program
        .stdin(Stdio::null())
        .stdout(fs::File::create(&console)?)
        .spawn()
        .context("could not start the program")?;
    let program = Guard(program);
    let script = folder.join("session.lldb");
    fs::write(&script, commands.replace("PORT", &port.to_string()))?;
    until("the program does not wait", || {
        fs::read_to_string(&console).is_ok_and(|text| text.contains("waiting for a debugger"))
    })?;
    let output = Command::new("timeout")
        .args(["60", "lldb-22", "--batch", "--no-lldbinit", "-s"])
        .arg(&script)
        .current_dir(shell::root().join("tests/debug"))
        .stdin(Stdio::null())
        .output()
        .context("could not start lldb-22")?;
    let ended = until("the program does not end", || {
        fs::read_to_string(&console).is_ok_and(|text| text.contains("done"))
    });
    drop(program);
    let all = [output.stdout, output.stderr, fs::read(&console)?].concat();
    let all = String::from_utf8_lossy(&all);
    let mut rest = &all[..];
    for text in expected {
        let Some(at) = rest.find(text) else {
            bail!("'{text}' was not printed where it was expected:\n{all}");
        };
        rest = &rest[at + text.len()..];
    }
    ended?;
    println!("LLDB, {name}: {} lines as expected", expected.len());
    Ok(())
}

/// The session with firmware without an operating system (`firmware/src/bin/debug.rs`).
pub fn bare_metal() -> Result<()> {
    need()?;
    let board: &'static Board = firmware::default();
    let features = ["full", "classic", "fast", "debug", "error-text"];
    let image = firmware::build("debug", board, &features)?;
    let folder = shell::target_dir().join("lldb-bare-metal");
    fs::create_dir_all(&folder)?;
    let mut emulator = Command::new(board.emulator.0);
    emulator.args(board.machine);
    emulator.args(["-display", "none", "-monitor", "none"]);
    emulator.args(["-semihosting-config", "enable=on,target=native"]);
    // The first UART is not used.
    emulator.args(["-serial", "null", "-serial", "chardev:debugger"]);
    emulator.arg("-kernel").arg(&image);
    let printed = ["run(3) = 12", "trap(2): integer divide by zero", "run(4) = 20", "spin() = 7"];
    emulated(board.name, emulator, &folder, &printed)
}

/// Waits until something holds.
fn until(what: &str, holds: impl Fn() -> bool) -> Result<()> {
    let start = Instant::now();
    while !holds() {
        if start.elapsed() > Duration::from_secs(20) {
            bail!("{what} after 20 seconds");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
