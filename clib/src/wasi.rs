//! WASI for the C API: the crate `zonda-wasi` on the platform that `wasi_system` names.

use crate::wasi_system::{open, system, System};
use core::ffi::c_void;
use core::ptr::null_mut;
use zonda::capi::{bind_host_module, wasi_state, WasiArguments, WasiLibrary};
use zonda::{BoundModule, Grants, TryBox};
use zonda_wasi::{rights, Errno, Preview1, Wasi};

type Program = Wasi<System>;

/// Descriptors that a program can have.
const DESCRIPTORS: u32 = 16;

static MODULES: [BoundModule; 1] = [
    // SAFETY: the state of a program is made by `new` below, as a `Program`, and used by nobody else
    // while a function of WASI runs, as an instance is used by one thread at a time. The functions
    // of WASI call no function of the C API.
    unsafe { bind_host_module(Preview1::<System>::MODULE, Grants::All, state) },
];

fn state(exec_env: zonda::capi::wasm_exec_env_t) -> *mut Program {
    // SAFETY: `bind_host_module` passes the environment of the call that runs.
    unsafe { wasi_state(exec_env) }.cast()
}

#[no_mangle]
pub static ZONDA_WASI: WasiLibrary = WasiLibrary { modules: &MODULES, new, free, exit_code };

fn new(given: &WasiArguments) -> *mut c_void {
    match program(given).and_then(|program| Ok(TryBox::new(program)?)) {
        Ok(program) => program.into_raw().cast(),
        Err(_) => null_mut(),
    }
}

fn program(given: &WasiArguments) -> Result<Program, Errno> {
    let mut wasi = Wasi::new(system())?;
    wasi.limit_descriptors(DESCRIPTORS);
    for arg in given.args() {
        wasi.arg(arg)?;
    }
    for text in given.env() {
        // A variable without `=` has an empty value.
        let mut parts = text.splitn(2, |&byte| byte == b'=');
        wasi.env(parts.next().unwrap_or(&[]), parts.next().unwrap_or(&[]))?;
    }
    for (name, path) in given.dirs() {
        wasi.preopen(name, open(path)?, rights::ALL)?;
    }
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
