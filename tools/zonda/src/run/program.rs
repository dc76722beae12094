//! What a module finds around it: WASI, the C library, and the host functions of the benchmarks.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use zonda::{Error, Grants, HostError, Linker};
use zonda_bench_env::{Bench, Env};
use zonda_libc::Env as LibcEnv;
use zonda_wasi::host::{Host, HostDir, HostSocket};
use zonda_wasi::{rights, Errno, Preview1, Sockets, Unstable, Wasi};

use super::libc::Libc;
use crate::RunArgs;

/// The state of the host functions.
pub struct Program {
    console: Console,
    pub(super) libc: Libc,
    wasi: Wasi<Host>,
}

impl Program {
    /// A program with what the command line gives it.
    pub fn new(args: &RunArgs, path: &Path, own_args: &[OsString]) -> Result<Program, String> {
        let bad = |what: String| move |errno: Errno| format!("{what}: {errno:?}");
        let mut wasi = Wasi::new(Host::new()).map_err(bad("WASI".into()))?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let argv0 = args.argv0.as_ref().map_or(name.as_bytes(), |argv0| argv0.as_bytes());
        for arg in std::iter::once(argv0).chain(own_args.iter().map(|arg| arg.as_bytes())) {
            wasi.arg(arg).map_err(bad("argument".into()))?;
        }
        for text in &args.env {
            match text.split_once('=') {
                Some((name, value)) => wasi.env(name.as_bytes(), value.as_bytes()),
                None => match std::env::var_os(text) {
                    Some(value) => wasi.env(text.as_bytes(), value.as_bytes()),
                    None => continue,
                },
            }
            .map_err(bad(format!("--env {text}")))?;
        }
        for address in &args.tcplisten {
            let failed = |error| format!("--tcplisten {address}: {error}");
            let listener = TcpListener::bind(address).map_err(failed)?;
            HostSocket::listener(listener)
                .and_then(|listener| wasi.socket(listener).map(drop))
                .map_err(bad("--tcplisten".into()))?;
        }
        for network in &args.addr_pool {
            wasi.allow_network(network.as_bytes()).map_err(|errno| match errno {
                Errno::Inval => {
                    format!("--addr-pool {network}: expected ADDRESS/BITS, as 10.0.0.0/8")
                }
                errno => format!("--addr-pool {network}: {errno:?}"),
            })?;
        }
        for name in &args.allow_resolve {
            wasi.allow_lookup(name.as_bytes()).map_err(bad("--allow-resolve".into()))?;
        }
        for text in &args.dir {
            let parts: Vec<&str> = text.split("::").collect();
            let (host, guest, allowed) = match parts.as_slice() {
                [host] => (host, host, rights::ALL),
                [host, guest] => (host, guest, rights::ALL),
                [host, guest, "ro"] => (host, guest, !rights::CHANGE),
                _ => {
                    return Err(format!(
                        "--dir {text}: expected HOST, HOST::GUEST or HOST::GUEST::ro"
                    ))
                }
            };
            let dir = HostDir::open_ambient(Path::new(host))
                .map_err(|error| format!("--dir {text}: {error}"))?;
            wasi.preopen(guest.as_bytes(), dir, allowed).map_err(bad(format!("--dir {text}")))?;
        }
        Ok(Program { console: Console, libc: Libc::new(), wasi })
    }

    /// The exit code of a program that has ended itself. The system has eight bits for it.
    pub fn exit_code(&self) -> Option<ExitCode> {
        self.exit_number().map(ExitCode::from)
    }

    /// The same as a number.
    pub fn exit_number(&self) -> Option<u8> {
        let code = self.wasi.exit_code().or(self.libc.exit_code().map(|code| code as u32));
        code.map(|code| code as u8)
    }
}

/// All host functions. WASI gives a program only what its state has.
pub fn linker() -> Result<Linker<Program>, Error> {
    let mut linker = Linker::new();
    linker.define_module(Env::MODULE, Grants::All, |program: &mut Program| &mut program.console)?;
    let libc = LibcEnv::<Libc>::MODULE;
    linker.define_module(libc, Grants::All, |program: &mut Program| &mut program.libc)?;
    linker
        .define_module(Preview1::MODULE, Grants::All, |program: &mut Program| &mut program.wasi)?
        .define_module(Sockets::MODULE, Grants::All, |program: &mut Program| &mut program.wasi)?
        .define_module(Unstable::MODULE, Grants::All, |program: &mut Program| &mut program.wasi)?;
    Ok(linker)
}

/// The state of the host functions of the benchmarks; `zonda run --help` lists them.
struct Console;

impl Bench for Console {
    fn print(&mut self, _: u32, text: &[u8]) -> Result<(), HostError> {
        let mut out = io::stdout().lock();
        out.write_all(text)
            .and_then(|()| out.flush())
            .map_err(|_| HostError::Failed { number: 1, text: "standard output is closed" })
    }
}
