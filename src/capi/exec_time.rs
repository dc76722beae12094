//! How long calls take, and how much of its operand stack an environment uses: WAMR's functions for
//! profiles, and one of our own.
//!
//! The clock is read at each call by the application. A call by a native function, or by a program,
//! is a part of the one that encloses it.

#![allow(non_camel_case_types)]

use super::instance::{exported_func, WASMModuleInstanceCommon};
use super::text::{c_bytes, with_line, Text};
use super::types::*;
use crate::platform;
use core::ffi::c_char;

/// How many functions of an instance have times of their own.
const KNOWN: usize = 8;

/// The calls of one function.
#[derive(Clone, Copy)]
struct Calls {
    func: u32,
    count: u32,
    microseconds: u64,
}

/// The first functions of an instance that the application has called, in the order of their first
/// calls, and the time of all others. A call needs no memory.
pub(super) struct Times {
    known: [Calls; KNOWN],
    len: usize,
    others: u64,
}

impl Times {
    pub(super) const NEW: Times =
        Times { known: [Calls { func: 0, count: 0, microseconds: 0 }; KNOWN], len: 0, others: 0 };

    fn known(&self) -> &[Calls] {
        self.known.get(..self.len).unwrap_or(&[])
    }
}

/// Whether each call has to be seen, also one that was made before.
#[cfg_attr(not(feature = "native"), allow(dead_code))]
pub(super) const ON: bool = true;

/// When a call began.
#[derive(Clone, Copy)]
pub(super) struct Start(u64);

impl Start {
    #[inline(always)]
    pub(super) fn now() -> Start {
        Start(platform::uptime())
    }
}

/// A call of a function by the application has ended, or has trapped.
pub(super) fn ended(instance: &mut WASMModuleInstanceCommon, func: u32, start: Start) {
    let microseconds = platform::uptime().wrapping_sub(start.0);
    let times = &mut instance.times;
    let known = times.known().iter().position(|calls| calls.func == func);
    let place = known.unwrap_or(times.len);
    let Some(calls) = times.known.get_mut(place) else {
        times.others = times.others.saturating_add(microseconds);
        return;
    };
    calls.func = func;
    calls.count = calls.count.saturating_add(1);
    calls.microseconds = calls.microseconds.saturating_add(microseconds);
    times.len = times.len.max(place + 1);
}

/// Returns how many milliseconds the application's calls of all functions of the instance have
/// taken.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_sum_wasm_exec_time(module_inst: wasm_module_inst_t) -> f64 {
    // SAFETY: the application passes a live instance.
    let times = unsafe { &(*module_inst).times };
    let known: u64 = times.known().iter().map(|calls| calls.microseconds).sum();
    known.saturating_add(times.others) as f64 / 1000.0
}

/// Returns how many milliseconds the application's calls of an exported function have taken, with
/// all that it has called; 0 for a function that only others call. Of the first eight functions
/// that the application calls; the time of others is in the sum only.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_get_wasm_func_exec_time(
    inst: wasm_module_inst_t,
    func_name: *const c_char,
) -> f64 {
    // SAFETY: the application passes a live instance and a string.
    unsafe {
        let data = &(*(*inst).data).module.data;
        let Some(func) = exported_func(data, c_bytes(func_name)) else { return 0.0 };
        let times = &(*inst).times;
        let calls = times.known().iter().find(|calls| calls.func == func);
        calls.map_or(0.0, |calls| calls.microseconds as f64 / 1000.0)
    }
}

/// Prints to the console a line for each function that the application has called: the index, the
/// calls, and the microseconds that they took.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_dump_perf_profiling(module_inst: wasm_module_inst_t) {
    // SAFETY: the application passes a live instance; which nothing changes meanwhile.
    unsafe {
        let times = &(*module_inst).times;
        for calls in times.known() {
            let line = |text: &mut Text| {
                text.str("function ").number(calls.func).str(": ").number(calls.count);
                let shown = u32::try_from(calls.microseconds).unwrap_or(u32::MAX);
                text.str(" calls, ").number(shown).str(" us\n");
            };
            with_line(line, platform::console);
        }
    }
}
