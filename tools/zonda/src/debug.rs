//! `zonda debug`, and what `zonda run --debug` does before the program starts: LLDB attaches by TCP
//! (crate `zonda-debug`). `zonda postmortem --debug` starts it too.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use zonda::Store;
use zonda_debug::tcp::{Port, Tcp};
use zonda_debug::{Names, Stub, PACKET};

use crate::failure::Failure;

/// What the command prints before the address at which it waits.
pub const WAITING: &str = "waiting for a debugger at ";

/// The file of the program, which is the first instance. LLDB reads its symbols from it.
struct File(String);

impl Names for File {
    fn name(&self, instance: u32) -> Option<&[u8]> {
        (instance == 0).then_some(self.0.as_bytes())
    }
}

/// Opens a port for debuggers of this store, and waits for the first.
pub fn attach<T>(
    store: &mut Store<'static, T>,
    port: u16,
    path: &Path,
    wait: bool,
) -> Result<Tcp, Failure> {
    let failed = |error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "; --debug=0 takes a port that is free",
            _ => "",
        };
        Failure::Input(format!("--debug={port}: {error}{hint}"))
    };
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
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        while matches!(messages.read_until(b'\n', &mut bytes), Ok(1..)) {
            let _ = io::stderr().write_all(&bytes);
            bytes.clear();
        }
    });
    let ended = start_lldb(&lldb, &[], address, commands.iter().cloned());
    let _ = program.kill();
    let _ = program.wait();
    ended
}

/// Runs LLDB with what is at an address, with commands before and after it has attached. Returns
/// its exit code.
pub fn start_lldb(
    lldb: &str,
    before: &[String],
    address: &str,
    after: impl Iterator<Item = String>,
) -> Result<ExitCode, Failure> {
    let connect = format!("process connect --plugin wasm connect://{address}");
    let mut command = Command::new(lldb);
    for text in before.iter().cloned().chain([connect]).chain(after) {
        command.arg("-o").arg(text);
    }
    match command.status() {
        Ok(status) => Ok(ExitCode::from(status.code().unwrap_or(1) as u8)),
        Err(error) => Err(Failure::Input(format!("{lldb}: {error}"))),
    }
}

/// The oldest version of LLDB that has the plugin.
const LLDB: u32 = 22;

/// The LLDB that is there, if it is new enough.
pub fn lldb() -> Result<String, Failure> {
    if let Ok(lldb) = std::env::var("LLDB") {
        let version = version(&lldb).map_err(|error| {
            Failure::Input(format!("{lldb}, which the environment variable LLDB names: {error}"))
        })?;
        return is_new(version, &lldb, " is what the environment variable LLDB names")
            .map(|()| lldb);
    }
    let found = ["lldb-22", "lldb"].iter().find_map(|name| Some((*name, version(name).ok()?)));
    let Some((name, version)) = found else {
        let text = "LLDB was not found: install lldb-22 (Debian: apt-get install lldb-22), or set the environment variable LLDB to its path";
        return Err(Failure::Input(text.to_owned()));
    };
    is_new(version, name, " was found; set the environment variable LLDB to the path of another")?;
    Ok(name.to_owned())
}

/// Whether a version suffices. `None` is one that LLDB does not tell.
fn is_new(version: Option<u32>, name: &str, what: &str) -> Result<(), Failure> {
    match version {
        Some(version) if version < LLDB => {
            let text = format!("LLDB {LLDB} or newer is needed: {name}, version {version},{what}");
            Err(Failure::Input(text))
        }
        _ => Ok(()),
    }
}

/// The first number of an LLDB's version: "lldb version 22.1.0", also behind a vendor's name.
fn version(lldb: &str) -> Result<Option<u32>, String> {
    let output = Command::new(lldb).arg("--version").output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("`--version` ends with {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let behind = text.split_once("lldb version ").map(|(_, behind)| behind);
    Ok(behind.and_then(|text| text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()))
}
