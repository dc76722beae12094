//! The C library that modules import from `env`, over the console, the application heap and the
//! exceptions of the C API.

use core::ptr::{from_mut, with_exposed_provenance_mut};
use zonda::capi::{self, wasm_exec_env_t};
use zonda::{BoundModule, Grants, HostError};
use zonda_libc::{Env, Host};

/// The call of a function: it takes no bytes, and its address is that of the execution environment.
pub struct Running;

impl Running {
    fn env(&mut self) -> wasm_exec_env_t {
        with_exposed_provenance_mut(from_mut(self).addr())
    }
}

impl Host for Running {
    fn print(&mut self, text: &[u8]) {
        capi::print(text);
    }

    fn allocate(&mut self, size: u32) -> u32 {
        // SAFETY: the environment is that of the running call, from which `LIBC` made this.
        unsafe { capi::allocate_in_heap(self.env(), size) }
    }

    fn free(&mut self, at: u32) {
        // SAFETY: as above.
        unsafe { capi::free_in_heap(self.env(), at) }
    }

    fn block_size(&mut self, at: u32) -> Option<u32> {
        // SAFETY: as above.
        unsafe { capi::size_in_heap(self.env(), at) }
    }

    fn exit(&mut self, function: &'static str, code: i32) -> HostError {
        // SAFETY: as above.
        unsafe { capi::end_program(self.env(), function, code) }
    }
}

/// What the C API offers to every module.
#[no_mangle]
#[allow(non_upper_case_globals)]
pub static zonda_built_in_modules: &[BoundModule] = &[LIBC];

// SAFETY: a `Running` takes no bytes, so nobody else uses them. No function of the library runs
// code on the environment.
const LIBC: BoundModule = unsafe {
    capi::bind_host_module(Env::<Running>::MODULE, Grants::All, |env| {
        with_exposed_provenance_mut(env.expose_provenance())
    })
};
