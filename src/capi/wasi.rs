//! WASI for programs of the C API: what the application gives a module, and the state of each
//! instance, which the firmware's library makes (`clib/src/wasi.rs`).
//!
//! The application's strings stay with the application until its instances are made, as WAMR has
//! it; an instance copies them.

#[cfg(feature = "wasi-sockets-ext")]
mod pools;
#[cfg(not(feature = "wasi-sockets-ext"))]
#[path = "wasi/pools_off.rs"]
mod pools;
#[cfg(feature = "std")]
mod streams;
#[cfg(not(feature = "std"))]
#[path = "wasi/streams_off.rs"]
mod streams;

use super::instantiation::{Given, InstantiationArgs2};
use super::text::{c_bytes, Text};
use super::types::*;
use crate::error::Error;
use crate::registry::{BoundModule, Offer, Signature};
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use pools::Pools;
use streams::Streams;

/// What of the application's is refused, and why.
pub struct WasiRefusal<'w> {
    /// Words for a person.
    pub why: &'static str,
    /// The string.
    pub what: &'w [u8],
}

/// What the library provides: the functions, and the states of programs.
pub struct WasiLibrary {
    /// The functions of WASI.
    pub modules: &'static [BoundModule],
    /// Makes the state of a program; `None` without memory.
    pub new: for<'w> fn(&'w WasiArguments) -> Result<*mut c_void, Option<WasiRefusal<'w>>>,
    /// Frees it.
    ///
    /// # Safety
    /// `new` returned it, and nobody uses it afterwards.
    pub free: unsafe fn(*mut c_void),
    /// The exit code of a program that has called proc_exit.
    ///
    /// # Safety
    /// `new` returned it, and nobody else uses it meanwhile.
    pub exit_code: unsafe fn(*mut c_void) -> Option<u32>,
}

extern "Rust" {
    static ZONDA_WASI: WasiLibrary;
}

/// The library's record.
fn library() -> &'static WasiLibrary {
    // SAFETY: the library defines it, as a constant record of this type.
    unsafe { &ZONDA_WASI }
}

/// The function of WASI under these names.
pub(super) fn find(module: &str, name: &str) -> Option<Offer<Signature>> {
    library().modules.iter().find_map(|bound| bound.find(module, name))
}

/// An array of strings of the application.
#[derive(Clone, Copy)]
struct Strings {
    list: *const *const c_char,
    count: u32,
}

impl Strings {
    const NONE: Strings = Strings { list: core::ptr::null(), count: 0 };

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let count = if self.list.is_null() { 0 } else { self.count as usize };
        // SAFETY: the application passes an array of `count` strings that stays until it has made
        // its instances; without one, nothing is read.
        (0..count).map(|index| unsafe { c_bytes(*self.list.add(index)) })
    }
}

/// What the application gives the programs of a module.
#[derive(Clone, Copy)]
pub struct WasiArguments {
    args: Strings,
    env: Strings,
    dirs: Strings,
    mapped: Strings,
    pools: Pools,
    streams: Streams,
    /// Whether the application has set any of it.
    set: bool,
}

impl WasiArguments {
    /// These, or others if nothing of these was set.
    pub(super) fn or<'w>(&'w self, others: &'w WasiArguments) -> &'w WasiArguments {
        if self.set {
            self
        } else {
            others
        }
    }

    /// Nothing.
    pub(super) const NONE: WasiArguments = WasiArguments {
        args: Strings::NONE,
        env: Strings::NONE,
        dirs: Strings::NONE,
        mapped: Strings::NONE,
        pools: Pools::NONE,
        streams: Streams::NONE,
        set: false,
    };

    /// The arguments; the first is the program's name.
    pub fn args(&self) -> impl Iterator<Item = &[u8]> {
        self.args.iter()
    }

    /// Variables of the environment: `NAME=VALUE`.
    pub fn env(&self) -> impl Iterator<Item = &[u8]> {
        self.env.iter()
    }

    /// Directories: the application's string, with its name for the program and its path; `None`
    /// for a string that has not both.
    #[allow(clippy::type_complexity)]
    pub fn dirs(&self) -> impl Iterator<Item = (&[u8], Option<(&[u8], &[u8])>)> {
        let mapped = self.mapped.iter().map(|text| {
            let at = text.windows(2).position(|two| two == b"::");
            (text, at.and_then(|at| Some((text.get(..at)?, text.get(at + 2..)?))))
        });
        self.dirs.iter().map(|path| (path, Some((path, path)))).chain(mapped)
    }

    /// Networks: "address/bits".
    pub fn networks(&self) -> impl Iterator<Item = &[u8]> {
        self.pools.addresses()
    }

    /// Descriptors of the system for the three streams; `None` for one that is as without it.
    pub fn streams(&self) -> impl Iterator<Item = Option<i64>> + '_ {
        self.streams.iter()
    }

    /// Names that programs may look up.
    pub fn lookups(&self) -> impl Iterator<Item = &[u8]> {
        self.pools.names()
    }
}

/// The state of an instance: null for a module that does not import WASI.
pub(super) struct Program(*mut c_void);

impl Program {
    pub(super) fn new(given: &WasiArguments, imports: bool) -> Result<Program, Error> {
        if !imports {
            return Ok(Program(null_mut()));
        }
        match (library().new)(given) {
            Ok(state) => Ok(Program(state)),
            Err(None) => Err(Error::OutOfMemory),
            // `explains` asks once more for what it is.
            Err(Some(_)) => Err(Error::TooLarge),
        }
    }

    /// Says what of the application's is refused, if that is why there is no instance.
    #[cold]
    pub(super) fn explains(
        text: &mut Text,
        given: &Given,
        module: &WasiArguments,
        error: &Error,
    ) -> bool {
        if !matches!(error, Error::TooLarge) {
            return false;
        }
        match (library().new)(given.wasi.or(module)) {
            Ok(state) => {
                drop(Program(state));
                false
            }
            Err(None) => false,
            Err(Some(WasiRefusal { why, what })) => {
                text.str(why).str(": ").bytes(what);
                true
            }
        }
    }

    /// Whether the program has called proc_exit.
    pub(super) fn exit_code(&self) -> Option<u32> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: `new` of the library made it; no host function runs while the application asks.
        unsafe { (library().exit_code)(self.0) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: `new` of the library made it, and the instance that used it is gone.
            unsafe { (library().free)(self.0) }
        }
    }
}

/// The state of the program that calls, for [`bind_host_module`](super::bind_host_module). It is
/// not null: only a module that imports WASI calls its functions, and instances have stores of
/// their own, so that the environment of a call is that of the instance that runs.
///
/// # Safety
/// `exec_env` is the environment of a call that runs.
pub unsafe fn wasi_state(exec_env: wasm_exec_env_t) -> *mut c_void {
    // SAFETY: the environment of a call is live, and so is its instance.
    unsafe { (*(*exec_env).instance).wasi.0 }
}

/// Sets what the programs of a WASI module get that are instantiated from now on: directories under
/// their own names, or "name::path"; variables "NAME=VALUE"; arguments, the first of which is the
/// program's name. The strings must stay until then. Nothing else is granted.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_wasi_args(
    module: wasm_module_t,
    dir_list: *const *const c_char,
    dir_count: u32,
    map_dir_list: *const *const c_char,
    map_dir_count: u32,
    env: *const *const c_char,
    env_count: u32,
    argv: *mut *mut c_char,
    argc: c_int,
) {
    // SAFETY: the application passes a live module.
    unsafe {
        let wasi = &mut (*module).wasi;
        wasi.args = Strings { list: argv.cast_const().cast(), count: argc.max(0) as u32 };
        wasi.env = Strings { list: env, count: env_count };
        wasi.dirs = Strings { list: dir_list, count: dir_count };
        wasi.mapped = Strings { list: map_dir_list, count: map_dir_count };
        wasi.streams = Streams::NONE;
        wasi.set = true;
    }
}

/// The same, with the standard streams of the programs. In the library for Linux, each is a
/// descriptor of the process, which an instance duplicates, or -1 for the process's own. In a firmware
/// they are not used: the streams are the console.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_wasi_args_ex(
    module: wasm_module_t,
    dir_list: *const *const c_char,
    dir_count: u32,
    map_dir_list: *const *const c_char,
    map_dir_count: u32,
    env: *const *const c_char,
    env_count: u32,
    argv: *mut *mut c_char,
    argc: c_int,
    stdinfd: i64,
    stdoutfd: i64,
    stderrfd: i64,
) {
    // SAFETY: handed on; the module is live.
    unsafe {
        wasm_runtime_set_wasi_args(
            module,
            dir_list,
            dir_count,
            map_dir_list,
            map_dir_count,
            env,
            env_count,
            argv,
            argc,
        );
        (*module).wasi.streams.set([stdinfd, stdoutfd, stderrfd]);
    }
}

/// Sets the addresses that programs may bind, connect and send to: networks as "10.0.0.0/8";
/// 0.0.0.0 and :: stand for every address of their kind. The strings must stay until the instances
/// are made. Without the option for sockets nothing is granted.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_wasi_addr_pool(
    module: wasm_module_t,
    addr_pool: *const *const c_char,
    addr_pool_size: u32,
) {
    // SAFETY: the application passes a live module.
    let pools = unsafe { &mut (*module).wasi.pools };
    pools.set_addresses(Strings { list: addr_pool, count: addr_pool_size });
}

/// Sets the names that programs may look up, or with "*" at the beginning ends of names. As above.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_wasi_ns_lookup_pool(
    module: wasm_module_t,
    ns_lookup_pool: *const *const c_char,
    ns_lookup_pool_size: u32,
) {
    // SAFETY: the application passes a live module.
    let pools = unsafe { &mut (*module).wasi.pools };
    pools.set_names(Strings { list: ns_lookup_pool, count: ns_lookup_pool_size });
}

/// Sets the arguments of the program, for this instance in place of what its module has: once one
/// of these functions is called, nothing that wasm_runtime_set_wasi_args() has set is used. The
/// strings must stay until the instance is made.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_wasi_arg(
    p: *mut InstantiationArgs2,
    argv: *mut *mut c_char,
    argc: c_int,
) {
    // SAFETY: the application passes live arguments.
    let wasi = unsafe { &mut (*p).given.wasi };
    wasi.args = Strings { list: argv.cast_const().cast(), count: argc.max(0) as u32 };
    wasi.set = true;
}

/// Sets its variables, "NAME=VALUE". As above.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_wasi_env(
    p: *mut InstantiationArgs2,
    env: *const *const c_char,
    env_count: u32,
) {
    // SAFETY: the application passes live arguments.
    let wasi = unsafe { &mut (*p).given.wasi };
    wasi.env = Strings { list: env, count: env_count };
    wasi.set = true;
}

/// Sets its directories, under their own names, or "name::path". As above.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_wasi_dir(
    p: *mut InstantiationArgs2,
    dir_list: *const *const c_char,
    dir_count: u32,
    map_dir_list: *const *const c_char,
    map_dir_count: u32,
) {
    // SAFETY: the application passes live arguments.
    let wasi = unsafe { &mut (*p).given.wasi };
    wasi.dirs = Strings { list: dir_list, count: dir_count };
    wasi.mapped = Strings { list: map_dir_list, count: map_dir_count };
    wasi.set = true;
}

/// Sets its standard streams, as wasm_runtime_set_wasi_args_ex() does. As above.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_wasi_stdio(
    p: *mut InstantiationArgs2,
    stdinfd: i64,
    stdoutfd: i64,
    stderrfd: i64,
) {
    // SAFETY: the application passes live arguments.
    let wasi = unsafe { &mut (*p).given.wasi };
    wasi.streams.set([stdinfd, stdoutfd, stderrfd]);
    wasi.set = true;
}

/// Sets the addresses that the program may bind, connect and send to, as
/// wasm_runtime_set_wasi_addr_pool() does. As above.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_wasi_addr_pool(
    p: *mut InstantiationArgs2,
    addr_pool: *const *const c_char,
    addr_pool_size: u32,
) {
    // SAFETY: the application passes live arguments.
    let wasi = unsafe { &mut (*p).given.wasi };
    wasi.pools.set_addresses(Strings { list: addr_pool, count: addr_pool_size });
    wasi.set = true;
}

/// Sets the names that the program may look up. As above.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_instantiation_args_set_wasi_ns_lookup_pool(
    p: *mut InstantiationArgs2,
    ns_lookup_pool: *const *const c_char,
    ns_lookup_pool_size: u32,
) {
    // SAFETY: the application passes live arguments.
    let wasi = unsafe { &mut (*p).given.wasi };
    wasi.pools.set_names(Strings { list: ns_lookup_pool, count: ns_lookup_pool_size });
    wasi.set = true;
}

/// Returns what the program has passed to proc_exit, 0 before.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_wasi_exit_code(module_inst: wasm_module_inst_t) -> u32 {
    // SAFETY: the application passes a live instance.
    unsafe { (*module_inst).wasi.exit_code().unwrap_or(0) }
}
