//! A session of stock LLDB with the GDB remote stub of a device: tests/zephyr/debug on the emulated
//! Cortex-M3, over its second UART.

use super::{build, emulate};
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

/// What LLDB and the application have to print, in this order.
const EXPECTED: [&str; 18] = [
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
    "run(3) = 12",
    "trap(2): Exception: integer divide by zero",
    "run(4) = 20",
];

/// Kills the process when dropped.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn session(base: &Path) -> Result<()> {
    if !shell::has("lldb-22") {
        return Err(NotRun("lldb-22 is not installed".into()).into());
    }
    packages::need(&[packages::QEMU_ARM])?;
    let folder = shell::target_dir().join("zephyr-debug");
    build(base, "qemu_cortex_m3", "tests/zephyr/debug", &folder)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let console = folder.join("console.txt");
    let socket = format!("socket,id=debugger,host=127.0.0.1,port={port},server=on,wait=off");
    let emulator = emulate(&folder)
        .args(["-chardev", &socket, "-serial", "chardev:debugger"])
        .stdin(Stdio::null())
        .stdout(fs::File::create(&console)?)
        .spawn()
        .context("could not start QEMU")?;
    let emulator = Guard(emulator);
    let script = folder.join("session.lldb");
    fs::write(&script, COMMANDS.replace("PORT", &port.to_string()))?;
    until("the application does not wait", || {
        fs::read_to_string(&console).is_ok_and(|text| text.contains("waiting for a debugger"))
    })?;
    let output = Command::new("timeout")
        .args(["60", "lldb-22", "--batch", "--no-lldbinit", "-s"])
        .arg(&script)
        .current_dir(shell::root().join("tests/debug"))
        .stdin(Stdio::null())
        .output()
        .context("could not start lldb-22")?;
    let ended = until("the application does not end", || {
        fs::read_to_string(&console).is_ok_and(|text| text.contains("done"))
    });
    drop(emulator);
    let printed = [output.stdout, output.stderr, fs::read(&console)?].concat();
    let printed = String::from_utf8_lossy(&printed);
    let mut rest = &printed[..];
    for text in EXPECTED {
        let Some(at) = rest.find(text) else {
            bail!("'{text}' was not printed where it was expected:\n{printed}");
        };
        rest = &rest[at + text.len()..];
    }
    ended?;
    println!("LLDB on the emulated Cortex-M3: {} lines as expected", EXPECTED.len());
    Ok(())
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
