//! Bounding what a call may execute.

use super::types::*;
use crate::store::StoreData;
use core::ffi::c_int;

/// Bounds what runs in a store; 0 for no bound.
pub(super) fn bound(store: &StoreData, fuel: u32) {
    store.meter.set_fuel(if fuel == 0 { u64::MAX } else { fuel as u64 });
}

/// Sets the fuel of the instance: the number of calls and loop iterations (not instructions, as in
/// WAMR) that it may execute from now on. A call that needs more fails with the exception
/// "instruction limit exceeded". A negative number removes the limit.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_set_instruction_count_limit(
    exec_env: wasm_exec_env_t,
    instruction_count: c_int,
) {
    let fuel = u64::try_from(instruction_count).unwrap_or(u64::MAX);
    // SAFETY: the application passes a live environment, on whose thread this runs.
    unsafe { (*(*(*(*exec_env).instance).store.as_ptr()).meter.as_ptr()).set_fuel(fuel) }
}
