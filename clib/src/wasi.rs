//! WASI for the C API: the crate `zonda-wasi` on the platform that `wasi_system` names.

#[cfg(feature = "wasi-sockets-ext")]
#[path = "wasi/network.rs"]
mod network;
#[cfg(not(feature = "wasi-sockets-ext"))]
#[path = "wasi/network_off.rs"]
mod network;

use crate::wasi_system::{open, redirect, system, System};
use core::ffi::c_void;
use zonda::capi::{bind_host_module, wasi_state, WasiArguments, WasiLibrary, WasiRefusal};
use zonda::{BoundModule, Grants, HostModule, TryBox};
use zonda_wasi::{rights, Errno, Preview1, Stream, Wasi};

type Program = Wasi<System>;

/// Descriptors that a program can have.
const DESCRIPTORS: u32 = 16;

const fn bind(module: HostModule<Program>) -> BoundModule {
    // SAFETY: the state of a program is made by `new` below, as a `Program`, and used by nobody
    // else while a function of WASI runs, as an instance is used by one thread at a time. The
    // functions of WASI call no function of the C API.
    unsafe { bind_host_module(module, Grants::All, state) }
}

static MODULES: &[BoundModule] = &[
    bind(Preview1::<System>::MODULE),
    #[cfg(feature = "wasi-sockets-ext")]
    bind(zonda_wasi::Sockets::<System>::MODULE),
    #[cfg(feature = "wasi-unstable")]
    bind(zonda_wasi::Unstable::<System>::MODULE),
];

fn state(exec_env: zonda::capi::wasm_exec_env_t) -> *mut Program {
    // SAFETY: `bind_host_module` passes the environment of the call that runs.
    unsafe { wasi_state(exec_env) }.cast()
}

#[no_mangle]
pub static ZONDA_WASI: WasiLibrary = WasiLibrary { modules: MODULES, new, free, exit_code };

fn new(given: &WasiArguments) -> Result<*mut c_void, Option<WasiRefusal<'_>>> {
    let program = TryBox::new(program(given)?).map_err(|_| None)?;
    Ok(program.into_raw().cast())
}

/// The streams, with their names.
const STREAMS: [(Stream, &[u8]); 3] =
    [(Stream::Stdin, b"stdin"), (Stream::Stdout, b"stdout"), (Stream::Stderr, b"stderr")];

/// Why a string of the application is refused, unless memory was the reason.
fn refused<'w, T>(
    result: Result<T, Errno>,
    why: &'static str,
    what: &'w [u8],
) -> Result<T, Option<WasiRefusal<'w>>> {
    result.map_err(|errno| match errno {
        Errno::Nomem => None,
        Errno::Mfile => Some(WasiRefusal { why: "too many directories", what }),
        _ => Some(WasiRefusal { why, what }),
    })
}

fn program(given: &WasiArguments) -> Result<Program, Option<WasiRefusal<'_>>> {
    let mut system = system();
    for (stream, given) in STREAMS.into_iter().zip(given.streams()) {
        if let Some(descriptor) = given {
            let why = "standard stream that is no open descriptor";
            refused(redirect(&mut system, stream.0, descriptor), why, stream.1)?;
        }
    }
    let mut wasi = Wasi::new(system).map_err(|_| None)?;
    wasi.limit_descriptors(DESCRIPTORS);
    for arg in given.args() {
        refused(wasi.arg(arg), "invalid argument", arg)?;
    }
    for text in given.env() {
        // A variable without `=` has an empty value.
        let mut parts = text.splitn(2, |&byte| byte == b'=');
        let (name, value) = (parts.next().unwrap_or(&[]), parts.next().unwrap_or(&[]));
        refused(wasi.env(name, value), "environment variable without a name", text)?;
    }
    for (text, parts) in given.dirs() {
        let (name, path) = parts.ok_or(Some(WasiRefusal {
            why: "error while pre-opening mapped directory, which is not name::path",
            what: text,
        }))?;
        let why = "error while pre-opening directory, which is not there or has no absolute path";
        let dir = refused(open(path), why, text)?;
        refused(wasi.preopen(name, dir, rights::ALL), why, text)?;
    }
    network::allow(&mut wasi, given)?;
    Ok(wasi)
}

/// # Safety
/// `new` returned the program, and nobody uses it afterwards.
unsafe fn free(program: *mut c_void) {
    // SAFETY: by the contract of this function.
    drop(unsafe { TryBox::from_raw(program.cast::<Program>()) });
}

/// # Safety
/// `new` returned the program, and nobody else uses it meanwhile.
unsafe fn exit_code(program: *mut c_void) -> Option<u32> {
    // SAFETY: by the contract of this function.
    unsafe { (*program.cast::<Program>()).exit_code() }
}
