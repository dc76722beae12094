//! `zonda debug`, and what `zonda run --debug` does before the program starts: LLDB attaches by TCP
//! (crate `zonda-debug`).

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use zonda::Store;
use zonda_debug::tcp::{Port, Tcp};
use zonda_debug::{Names, Stub, PACKET};

use crate::failure::Failure;

/// What the command prints before the address at which it waits.
const WAITING: &str = "waiting for a debugger at ";

/// The file of the program, which is the first instance. LLDB reads its symbols from it.
struct File(String);

impl Names for File {
    fn name(&self, instance: u32) -> Option<&str> {
        (instance == 0).then_some(&self.0)
    }
}

/// Opens a port for debuggers of this store, and waits for the first.
pub fn attach<T>(
    store: &mut Store<'static, T>,
    port: u16,
    path: &Path,
    wait: bool,
) -> Result<Tcp, Failure> {
    let failed = |error: io::Error| Failure::Input(format!("--debug={port}: {error}"));
    let port = Port::open(port).map_err(failed)?;
    let address = port.address().map_err(failed)?;
    let tcp = port.serve(store.stop_handle()).map_err(failed)?;
    let path = path.canonicalize().unwrap_or(path.to_owned());
    let name = File(path.to_string_lossy().into_owned());
    // The store keeps both as long as it lives: until the end of the process.
    let packet = Box::leak(Box::new([0; PACKET]));
    store.set_debugger(Box::leak(Box::new(Stub::new(tcp.clone(), name, packet))));
    eprintln!("zonda: {WAITING}{address}");
    if wait {
        tcp.wait();
    }
    Ok(tcp)
}

/// `zonda debug`.
pub fn debug(commands: &[String], run: &[OsString]) -> Result<ExitCode, Failure> {
    let lldb = lldb()?;
    let failed = |error: io::Error| Failure::Input(format!("starting the program: {error}"));
    let this = std::env::current_exe().map_err(failed)?;
    let mut program = Command::new(this)
        .args(["run", "--debug=0"])
        .args(run)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut messages = BufReader::new(program.stderr.take().ok_or_else(|| {
        Failure::Input("starting the program: it has no standard error".to_owned())
    })?);
    let mut line = String::new();
    while !line.contains(WAITING) {
        eprint!("{line}");
        line.clear();
        if messages.read_line(&mut line).map_err(failed)? == 0 {
            let status = program.wait().map_err(failed)?;
            return Ok(ExitCode::from(status.code().unwrap_or(1) as u8));
        }
    }
    let address = line.trim_end().rsplit(' ').next().unwrap_or_default();
    let connect = format!("process connect --plugin wasm connect://{address}");
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        while matches!(messages.read_until(b'\n', &mut bytes), Ok(1..)) {
            let _ = io::stderr().write_all(&bytes);
            bytes.clear();
        }
    });
    let mut command = Command::new(&lldb);
    for text in std::iter::once(&connect).chain(commands) {
        command.arg("-o").arg(text);
    }
    let ended = command.status();
    let _ = program.kill();
    let _ = program.wait();
    match ended {
        Ok(status) => Ok(ExitCode::from(status.code().unwrap_or(1) as u8)),
        Err(error) => Err(Failure::Input(format!("{lldb}: {error}"))),
    }
}

/// The LLDB that is there.
fn lldb() -> Result<String, Failure> {
    if let Ok(lldb) = std::env::var("LLDB") {
        return Ok(lldb);
    }
    let is_there = |name: &&str| {
        let version = Command::new(name).arg("--version").stdout(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    let found = ["lldb-22", "lldb"].iter().find(|name| is_there(name));
    found.map(|name| (*name).to_owned()).ok_or_else(|| {
        let text = "LLDB was not found: install lldb-22 (Debian: apt-get install lldb-22), or set LLDB to its path";
        Failure::Input(text.to_owned())
    })
}
