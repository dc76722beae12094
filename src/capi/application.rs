//! Running a whole program: its main function with arguments, or a function that is named on a
//! command line.

use super::app_memory::*;
use super::exec_env::*;
use super::instance::{exported_func, is_i32, plain_func};
use super::number;
use super::text::{c_bytes, with_line, Text};
use super::types::*;
use crate::binary::types::ValType;
use crate::platform;
use core::ffi::{c_char, c_void};
use core::ptr::null_mut;
use zonda_exec::vector::{self, Bits};

/// Calls the main function of a program: `_start` if it is there, else `main`, `__main_argc_argv`
/// or `_main` with copies of the arguments in linear memory if it has parameters. Stores its result
/// in `*(int *)argv` if there are arguments. Returns false if the call fails;
/// wasm_runtime_get_exception() returns the reason.
#[no_mangle]
pub unsafe extern "C" fn wasm_application_execute_main(
    module_inst: wasm_module_inst_t,
    argc: i32,
    argv: *mut *mut c_char,
) -> bool {
    // SAFETY: the application passes a live instance and `argc` strings.
    unsafe {
        let data = &(&*(*module_inst).data).module.data;
        if let Some(start) = plain_func(data, b"_start") {
            return run_start(module_inst, start);
        }
        let names: [&[u8]; 3] = [b"main", b"__main_argc_argv", b"_main"];
        let Some(func) = names.iter().find_map(|name| exported_func(data, name)) else {
            (*module_inst).fail(
                "lookup the entry point symbol (like _start, main, _main, __main_argc_argv) failed",
            );
            return false;
        };
        let (params, results) =
            func_type(module_inst, func).map_or((&[][..], &[][..]), |ty| ty.codes());
        let count = params.len();
        if (count != 0 && count != 2)
            || results.len() > 1
            || !params.iter().chain(results).all(is_i32)
        {
            (*module_inst).fail("invalid function type of main function");
            return false;
        }
        let exec_env = wasm_runtime_get_exec_env_singleton(module_inst);
        if exec_env.is_null() {
            (*module_inst).fail("create singleton exec_env failed");
            return false;
        }
        let argc = argc.max(0) as usize;
        let mut cells = [argc as u32, 0];
        let mut copies = 0;
        if count == 2 {
            match copy_arguments(module_inst, argc, argv) {
                Some((at, pointers)) => (copies, cells[1]) = (at, pointers),
                None => {
                    (*module_inst).fail("allocate memory failed");
                    return false;
                }
            }
        }
        let done =
            wasm_runtime_call_wasm(exec_env, function(func), count as u32, cells.as_mut_ptr());
        if done {
            if !results.is_empty() && argc != 0 && !argv.is_null() {
                *argv.cast::<u32>() = cells[0];
            }
            // After a trap nothing can be expected of the module's own free.
            wasm_runtime_module_free(module_inst, copies);
        } else if (*module_inst).allocator.is_none() {
            wasm_runtime_module_free(module_inst, copies);
        }
        done
    }
}

/// Calls the entry point of a WASI command.
///
/// # Safety
/// `instance` is live, and `start` has neither parameters nor results.
unsafe fn run_start(instance: wasm_module_inst_t, start: u32) -> bool {
    // SAFETY: `instance` is live by the contract of this function; no cell is needed.
    unsafe {
        let exec_env = wasm_runtime_get_exec_env_singleton(instance);
        if exec_env.is_null() {
            (*instance).fail("create singleton exec_env failed");
            return false;
        }
        let done = wasm_runtime_call_wasm(exec_env, function(start), 0, null_mut());
        // The exception with which proc_exit ends the program is no failure.
        let exited = !done && (*instance).wasi.exit_code().is_some();
        if exited {
            (*instance).set_failed(false);
        }
        done || exited
    }
}

/// Copies strings into linear memory, with the array of pointers to them in front. Returns the
/// address twice: for freeing, and as a pointer.
///
/// # Safety
/// `instance` is live, and `argv` has `argc` strings.
unsafe fn copy_arguments(
    instance: wasm_module_inst_t,
    argc: usize,
    argv: *mut *mut c_char,
) -> Option<(u64, u32)> {
    // SAFETY: `instance` is live and `argv` has `argc` strings, by the contract of this function.
    // What is written is as long as what was allocated: `total` is the sum of the same lengths.
    unsafe {
        let pointers = argc.checked_mul(4)?;
        let mut total = pointers;
        for number in 0..argc {
            total = total.checked_add(c_bytes(*argv.add(number)).len() + 1)?;
        }
        let mut native: *mut c_void = null_mut();
        let at = wasm_runtime_module_malloc(instance, total.max(4) as u64, &mut native);
        if at == 0 {
            return None;
        }
        let native = native.cast::<u8>();
        let mut offset = pointers;
        for number in 0..argc {
            let text = c_bytes(*argv.add(number));
            native
                .add(number * 4)
                .cast::<[u8; 4]>()
                .write((at as u32 + offset as u32).to_le_bytes());
            native.add(offset).copy_from_nonoverlapping(text.as_ptr(), text.len());
            native.add(offset + text.len()).write(0);
            offset += text.len() + 1;
        }
        Some((at, at as u32))
    }
}

/// The bits of a value in text.
fn parse(text: &[u8], ty: ValType) -> Option<Bits> {
    // WAMR allows a suffix for the type.
    let text = text.split(|&byte| byte == b'_').next().unwrap_or(text);
    match ty {
        ValType::F32 => number::float(text).map(|value| (value as f32).to_bits() as Bits),
        ValType::F64 => number::float(text).map(|value| value.to_bits() as Bits),
        // As in WAMR, the lower half and the upper one: 0x1\0x2.
        #[cfg(feature = "simd")]
        ValType::V128 => {
            let at = text.iter().position(|&byte| byte == b'\\')?;
            let (low, high) = text.split_at_checked(at)?;
            let high = number::integer(high.get(1..)?)?;
            Some(number::integer(low)? as Bits | (high as Bits) << 64)
        }
        ValType::FuncRef | ValType::ExternRef if text == b"null" => Some(0),
        // Nothing but null can be written.
        #[cfg(feature = "function-references")]
        ValType::Ref(ty) => (text == b"null" && ty.is_nullable()).then_some(0),
        // A function is numbered from 1 on the stack.
        ValType::FuncRef => number::integer(text).map(|index| index.wrapping_add(1) as Bits),
        _ => number::integer(text).map(|value| value as Bits),
    }
}

/// Writes a result as WAMR does.
fn write_result(text: &mut Text, ty: ValType, all: Bits) {
    let bits = vector::low(all);
    match ty {
        #[cfg(feature = "simd")]
        ValType::V128 => {
            text.str("<0x").hexadecimal(bits).str(" 0x").hexadecimal((all >> 64) as u64).str(">");
        }
        ValType::I32 | ValType::I64 => {
            text.str("0x").hexadecimal(bits);
        }
        ValType::F32 => number::write_float(text, f32::from_bits(bits as u32) as f64),
        ValType::F64 => number::write_float(text, f64::from_bits(bits)),
        #[cfg(feature = "function-references")]
        ValType::Ref(_) => {
            text.str(if bits == 0 { "ref.null" } else { "ref" });
            return;
        }
        ValType::FuncRef if bits == 0 => {
            text.str("func:ref.null");
            return;
        }
        ValType::FuncRef => {
            text.number(bits as u32 - 1).str(":ref.func");
            return;
        }
        ValType::ExternRef if bits == 0 => {
            text.str("extern:ref.null");
            return;
        }
        ValType::ExternRef => {
            text.str("0x").hexadecimal(bits).str(":ref.extern");
            return;
        }
        #[cfg(feature = "exceptions")]
        ValType::ExnRef => {
            text.str(if bits == 0 { "exn:ref.null" } else { "ref.exn" });
            return;
        }
    }
    text.str(":").str(ty.name());
}

/// Calls an exported function with `argc` arguments as text, and prints its results to the console.
/// Returns false if that fails; wasm_runtime_get_exception() returns the reason.
#[no_mangle]
pub unsafe extern "C" fn wasm_application_execute_func(
    module_inst: wasm_module_inst_t,
    name: *const c_char,
    argc: i32,
    argv: *mut *mut c_char,
) -> bool {
    // SAFETY: the application passes a live instance, a name and `argc` strings. Cells are as many
    // as the slots of the type.
    unsafe {
        let func = exported_func(&(&*(*module_inst).data).module.data, c_bytes(name));
        let Some((index, ty)) = func.and_then(|func| Some((func, func_type(module_inst, func)?)))
        else {
            let mut text = (*module_inst).exception_text();
            text.str("lookup function ").bytes(c_bytes(name)).str(" failed");
            return false;
        };
        if ty.params().len() != argc.max(0) as usize {
            (*module_inst).fail("invalid input argument count");
            return false;
        }
        let exec_env = wasm_runtime_get_exec_env_singleton(module_inst);
        if exec_env.is_null() {
            (*module_inst).fail("create singleton exec_env failed");
            return false;
        }
        let results = call_func(exec_env, index, &mut |mut to| {
            for (number, ty) in ty.params().enumerate() {
                let argument = c_bytes(*argv.add(number));
                let Some(bits) = parse(argument, ty) else {
                    (*module_inst).fail_argument(number as u32, argument);
                    return false;
                };
                vector::write(to, ty.slots(), bits);
                to = to.add(ty.slots() as usize);
            }
            true
        });
        let Some(mut from) = results else { return false };
        let mut separator = "";
        for ty in ty.results() {
            let bits = vector::read(from, ty.slots());
            from = from.add(ty.slots() as usize);
            with_line(|text| write_result(text.str(separator), ty, bits), platform::console);
            separator = ",";
        }
        platform::console(b"\n");
        true
    }
}
