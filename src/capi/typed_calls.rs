//! Calls with typed values, and the types of functions.

use super::exec_env::{call_func, func_type, index};
use super::externref::{from_module, to_module, WIDE};
use super::types::*;
use crate::binary::types::Code;
use zonda_exec::frame::{read64, write64};
use zonda_exec::vector;

/// Calls a function with typed values. Returns false if the call fails, if an argument has another
/// kind than the parameter, or if `num_args` or `num_results` is not the function's;
/// wasm_runtime_get_exception() returns the reason.
#[no_mangle]
pub unsafe extern "C" fn wasm_runtime_call_wasm_a(
    exec_env: wasm_exec_env_t,
    function: wasm_function_inst_t,
    num_results: u32,
    results: *mut wasm_val_t,
    num_args: u32,
    args: *mut wasm_val_t,
) -> bool {
    // SAFETY: the application passes a live environment, `num_args` values and a place for
    // `num_results`; the counts are compared with the type before either is used. Of a union the
    // member is read that its kind names.
    unsafe {
        let func = index(function);
        let instance = (*exec_env).instance;
        let Some(ty) = func_type(instance, func) else {
            (*instance).fail("unknown function");
            return false;
        };
        let (param_codes, result_codes) = ty.codes();
        if vector::ENABLED
            && param_codes.iter().chain(result_codes).any(|&code| func_kind(code) == WASM_V128)
        {
            (*instance).fail("wasm_val_t holds no v128: use wasm_runtime_call_wasm");
            return false;
        }
        if num_args as usize != param_codes.len() || num_results as usize != result_codes.len() {
            (*instance).fail("invalid argument or result count");
            return false;
        }
        let done = call_func(exec_env, func, &mut |mut to| {
            for (number, &code) in param_codes.iter().enumerate() {
                let kind = func_kind(code);
                let wasm_val_t { kind: given, of, .. } = *args.add(number);
                if given != kind {
                    (*instance).fail_argument(number as u32, b"type mismatch");
                    return false;
                }
                // Nothing else is a function: a number would become a reference.
                let known = kind != WASM_FUNCREF
                    || of.i32 == -1
                    || func_type(instance, of.i32 as u32).is_some();
                if !known {
                    (*instance).fail_argument(number as u32, b"unknown function");
                    return false;
                }
                match slots(kind) {
                    _ if WIDE && kind == WASM_EXTERNREF => {
                        let Some(reference) = to_module(instance, of.foreign) else {
                            (*instance).fail("allocate memory failed");
                            return false;
                        };
                        *to = reference;
                    }
                    2 => write64(to, of.i64 as u64),
                    _ => *to = of.i32.wrapping_add((kind == WASM_FUNCREF) as i32) as u32,
                }
                to = to.add(slots(kind));
            }
            true
        });
        let Some(mut from) = done else { return false };
        let mut result = results;
        for &code in result_codes {
            let kind = func_kind(code);
            let bits = if slots(kind) == 2 {
                read64(from)
            } else if WIDE && kind == WASM_EXTERNREF {
                from_module(*from) as u64
            } else {
                (*from).wrapping_sub((kind == WASM_FUNCREF) as u32) as u64
            };
            *result =
                wasm_val_t { kind, _paddings: [0; 7], of: wasm_val_of_t { i64: bits as i64 } };
            result = result.add(1);
            from = from.add(slots(kind));
        }
        true
    }
}

/// Returns the number of parameters of a function.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_get_param_count(
    func_inst: wasm_function_inst_t,
    module_inst: wasm_module_inst_t,
) -> u32 {
    // SAFETY: the application passes a live instance.
    unsafe { func_type(module_inst, index(func_inst)) }.map_or(0, |ty| ty.codes().0.len() as u32)
}

/// Returns the number of results of a function.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_get_result_count(
    func_inst: wasm_function_inst_t,
    module_inst: wasm_module_inst_t,
) -> u32 {
    // SAFETY: the application passes a live instance.
    unsafe { func_type(module_inst, index(func_inst)) }.map_or(0, |ty| ty.codes().1.len() as u32)
}

/// # Safety
/// `to` has a place for each type.
unsafe fn write_kinds(codes: &[Code], mut to: *mut wasm_valkind_t) {
    for &code in codes {
        // SAFETY: there is a place for each type, by the contract of this function.
        unsafe {
            *to = func_kind(code);
            to = to.add(1);
        }
    }
}

/// Stores the kinds of the parameters of a function; `param_types` has room for all of them.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_get_param_types(
    func_inst: wasm_function_inst_t,
    module_inst: wasm_module_inst_t,
    param_types: *mut wasm_valkind_t,
) {
    // SAFETY: the application passes a live instance and as many places as there are parameters.
    unsafe {
        if let Some(ty) = func_type(module_inst, index(func_inst)) {
            write_kinds(ty.codes().0, param_types);
        }
    }
}

/// Stores the kinds of the results of a function; `result_types` has room for all of them.
#[no_mangle]
pub unsafe extern "C" fn wasm_func_get_result_types(
    func_inst: wasm_function_inst_t,
    module_inst: wasm_module_inst_t,
    result_types: *mut wasm_valkind_t,
) {
    // SAFETY: the application passes a live instance and as many places as there are results.
    unsafe {
        if let Some(ty) = func_type(module_inst, index(func_inst)) {
            write_kinds(ty.codes().1, result_types);
        }
    }
}
