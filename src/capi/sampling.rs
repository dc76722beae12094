//! Which function runs, for a profile.

use super::types::*;
use zonda_exec::sampling::Records;

/// Returns the index of the function that runs in an instance, imported ones counted; UINT32_MAX if
/// none does, and for native code. A native function runs as a part of the function that has called
/// it. May be called by other threads and by interrupt handlers while the instance exists, as
/// wasm_runtime_terminate().
#[no_mangle]
pub unsafe extern "C" fn zonda_running_function(module_inst: wasm_module_inst_t) -> u32 {
    // SAFETY: the application passes a live instance. Its store and data have fixed addresses, and
    // the number of functions does not change; of the meter, what is atomic is read.
    unsafe {
        let data = &raw const *(*module_inst).data;
        let records = Records::of(&raw const (*data).seen, (*data).func_count());
        let meter = (*(*module_inst).store.as_ptr()).meter.as_ptr();
        records.and_then(|records| records.running(&*meter)).unwrap_or(u32::MAX)
    }
}
