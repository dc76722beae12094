//! Calls from WebAssembly code to native functions: how an import is called is chosen once, at
//! instantiation.
//!
//! Invariant: `data` of an import that `provide` returned is null or a registered symbol whose
//! signature fits the import's type. Where `any` calls it, `extra` points at the type codes of its
//! parameters, as many as its slots say, and its arguments fit an `Arguments`; where `words` does,
//! `extra` is the function.

use super::app_memory::string;
use super::diagnostics::{self, Running};
use super::exec_env::WASMExecEnv;
use super::externref::{from_module, to_module, WIDE};
use super::host_modules;
use super::instance::name_import;
#[cfg(not(target_arch = "arm"))]
use super::invoke::{call_plain, call_word, call_words};
use super::invoke::{Arguments, Returned, SOFT};
use super::modules::caller_memory;
#[cfg(target_arch = "arm")]
use super::native_arm::words;
use super::natives::lookup;
use super::runtime::log_warning;
use super::signature::Letters;
use super::text::c_bytes;
use super::types::NativeSymbol;
use crate::binary::types::{Code, ValType};
use crate::capability::Capability;
use crate::module::FuncType;
use crate::registry::{Offer, Refusal};
use crate::store::link::Wanted;
use core::ptr::with_exposed_provenance_mut;
use zonda_exec::frame::{read64, write64, Context};
use zonda_exec::{HostCall, ImportedFunc, Memory, TrapCode};

const F32: Code = ValType::F32.code();
const F64: Code = ValType::F64.code();

/// Arguments that `words` passes.
pub(super) const WORDS: usize = 3;

/// The import for `wanted`: it calls the native function that is registered under its names, or
/// else the declared one. `None` when it is not a function. A function that there is not, or not
/// with this type, becomes one that traps when it is called, as in WAMR. The error is a capability
/// that is not granted.
pub(super) fn provide(wanted: &Wanted) -> Result<Option<ImportedFunc>, Capability> {
    let Some(ty) = wanted.ty else { return Ok(None) };
    let import = match lookup(wanted.module.as_bytes(), wanted.name.as_bytes()) {
        // SAFETY: `lookup` returns entries of registered tables. Who unregisters one has no
        // instances that use it.
        Some((symbol, raw)) => match unsafe { native(symbol, raw, &ty) } {
            Some(offer) => Some(offer.import(wanted)),
            None => Some(Err(Refusal::Type)),
        },
        None => host_modules::find(wanted.module, wanted.name).map(|offer| offer.import(wanted)),
    };
    let problem = match import {
        Some(Ok(import)) => return Ok(Some(import)),
        Some(Err(Refusal::Capability(capability))) => return Err(capability),
        Some(Err(Refusal::Type)) => ": registered with another type",
        None => ": not registered",
    };
    log_warning(|text| {
        name_import(text, "link", wanted.kind, wanted.module, wanted.name);
        text.str(problem);
    });
    let (params, results) = ty.slots();
    Ok(Some(ImportedFunc::new(
        Some(unlinked),
        core::ptr::null(),
        core::ptr::null(),
        params,
        results,
    )))
}

/// A native function as the registry describes one, called as an import of type `ty` needs it. No
/// signature is the signature `()`: the module must not choose the types of a C function. `None`
/// when there are more arguments than can be passed.
///
/// # Safety
/// `symbol` is an entry of a registered table.
unsafe fn native<'s>(
    symbol: *const NativeSymbol,
    raw: Option<HostCall>,
    ty: &FuncType,
) -> Option<Offer<Letters<'s>>> {
    // SAFETY: `symbol` is an entry of a registered table by the contract of this function; its
    // strings stay until it is unregistered.
    let (signature, func) =
        unsafe { (c_bytes((*symbol).signature), (*symbol).func_ptr.cast_const().cast()) };
    let signature = if signature.is_empty() { b"()" } else { signature };
    let offer = |call, extra| {
        let data = symbol.cast();
        Some(Offer { ty: Letters(signature), call, data, extra, capability: None })
    };
    let (params, results) = ty.codes();
    if raw.is_some() {
        return raw
            .filter(|_| params.len() <= RAW)
            .and_then(|raw| offer(raw, params.as_ptr().cast()));
    }
    let float = results.first().is_some_and(|&code| code == F32 || code == F64);
    let is_word = |code: Code| code != ValType::I64.code() && code != F64 && (SOFT || code != F32);
    // Not `contains`, which links a search for long texts.
    let converts =
        signature.iter().any(|&letter| letter == b'*' || letter == b'$' || WIDE && letter == b'r');
    if !diagnostics::ON
        && params.len() <= WORDS
        && !converts
        && params.iter().all(|&code| is_word(code))
        && (SOFT || !float)
    {
        match (results, params) {
            ([], []) => return offer(words::<0, 0>, func),
            ([], _) => return offer(words::<WORDS, 0>, func),
            ([code], [] | [_]) if is_word(*code) => return offer(words::<1, 1>, func),
            ([code], _) if is_word(*code) => return offer(words::<WORDS, 1>, func),
            _ => {}
        }
    }
    let mut arguments = Arguments::new(core::ptr::null_mut());
    for &code in params {
        match code {
            F32 => arguments.single(0),
            F64 => arguments.double(0),
            _ if code == ValType::I64.code() => arguments.long(0),
            _ => arguments.int(0),
        }
    }
    if !arguments.fit() {
        return None;
    }
    let call: HostCall = if SOFT || !float { any::<false> } else { any::<true> };
    offer(call, params.as_ptr().cast())
}

/// Sets the exception that names the import.
///
/// # Safety
/// As for [`ImportedFunc::call`].
#[cold]
unsafe extern "C" fn unlinked(context: &mut Context, import: &ImportedFunc, _: *mut u32) -> u32 {
    // SAFETY: the host of a context of the C API is the live execution environment of the call.
    unsafe { (*(*context.host.cast::<WASMExecEnv>()).instance).fail_unlinked(import) };
    TrapCode::Host as u32
}

/// Records which native function runs, for functions of the C API that ask the execution
/// environment; returns that.
///
/// # Safety
/// The context's host is a live execution environment.
#[inline(always)]
unsafe fn enter(context: &Context, import: &ImportedFunc, args: *mut u32) -> *mut WASMExecEnv {
    let env = context.host.cast::<WASMExecEnv>();
    // SAFETY: `env` is live by this function's contract, and no reference to it exists while code
    // runs on it.
    unsafe {
        (*env).import = import;
        (*env).args = args;
        (*env).running = Running::of(context);
    }
    env
}

/// Calls a function whose arguments, and result if any, are single words in core registers. On Arm
/// it is in [`super::native_arm`].
///
/// # Safety
/// As for [`ImportedFunc::call`]; the import is one of `provide`.
#[cfg(not(target_arch = "arm"))]
unsafe extern "C" fn words<const READ: usize, const RESULTS: usize>(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    // SAFETY: `choose` matched the signature with the import's type. Of the `WORDS` words that are
    // read at `args`, the first belongs to a parameter or a result, so it is below the end of the
    // operand stack; behind that end an execution environment has `SPARE` = `WORDS` - 1 slots,
    // which are zero. What the function has no parameter for, it does not see.
    unsafe {
        let env = enter(context, import, args);
        let result = if READ == 0 {
            call_plain(import.extra, env.cast())
        } else if READ == 1 {
            call_word(import.extra, env.cast(), *args)
        } else {
            call_words(import.extra, env.cast(), [*args, *args.add(1), *args.add(2)])
        };
        if RESULTS != 0 {
            *args = result as u32;
        }
        (*env).trap
    }
}

/// The pointer for an argument whose letter is `*` or `$`, if all that it refers to is inside.
///
/// # Safety
/// `letter` is that of an argument at `at` in a signature of the right form, so the argument of a
/// `~` behind it is there.
#[inline(always)]
unsafe fn pointer(memory: &Memory, letter: *const u8, at: *const u32) -> Option<*mut u8> {
    // SAFETY: by the contract of this function.
    unsafe {
        let len = match *letter {
            b'$' => return string(memory, *at),
            // The length is the next argument.
            _ if *letter.add(1) == b'~' => *at.add(1) as usize,
            _ => 1,
        };
        memory.check_any(*at, 0, len)
    }
}

/// Most parameters of a raw native function.
const RAW: usize = 16;

/// Calls a raw native function: its arguments are in an array with 8 bytes for each, where it also
/// puts its result.
///
/// # Safety
/// As for [`ImportedFunc::call`]; the import is one of `provide`.
pub(super) unsafe extern "C" fn raw(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    type Raw = unsafe extern "C" fn(exec_env: *mut WASMExecEnv, args: *mut u64);
    // SAFETY: as in `any`; there are at most `RAW` parameters. A raw function has this type by the
    // application's word.
    unsafe {
        let env = enter(context, import, args);
        let symbol = &*import.data.cast::<NativeSymbol>();
        let memory = caller_memory(context, (*env).instance);
        let mut letter = symbol.signature.cast::<u8>();
        let mut code = import.extra.cast::<Code>();
        let mut at = args;
        let end = args.add(import.params() as usize);
        let mut cells = [0u64; RAW];
        let mut free = cells.iter_mut();
        while let (true, Some(cell)) = (at < end, free.next()) {
            letter = letter.add(1);
            let wide = *code == F64 || *code == ValType::I64.code();
            *cell = match *letter {
                _ if wide => read64(at),
                b'*' | b'$' => match pointer(memory, letter, at) {
                    Some(pointer) => pointer.expose_provenance() as u64,
                    None => return TrapCode::MemoryOutOfBounds as u32,
                },
                b'r' => from_module(*at) as u64,
                _ => *at as u64,
            };
            code = code.add(1);
            at = at.add(1 + wide as usize);
        }
        let func = core::mem::transmute::<*mut core::ffi::c_void, Raw>(symbol.func_ptr);
        func(env, cells.as_mut_ptr());
        match import.results() {
            0 => {}
            1 if *letter.add(2) == b'r' => match to_module((*env).instance, cells[0] as usize) {
                Some(reference) => *args = reference,
                None => return TrapCode::OutOfMemory as u32,
            },
            1 => *args = cells[0] as u32,
            _ => write64(args, cells[0]),
        }
        (*env).trap
    }
}

/// Calls a function of any type: arguments are laid out one by one, pointers are checked and
/// converted.
///
/// # Safety
/// As for [`ImportedFunc::call`]; the import is one of `provide`.
unsafe extern "C" fn any<const FLOAT: bool>(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    // SAFETY: by the invariant of this file `extra` has a type code and the signature a letter for
    // each parameter: `at` reaches `end` with the last one, and a `)` follows its letter. The
    // address of a pointer is checked before it is passed.
    unsafe {
        let env = enter(context, import, args);
        let symbol = &*import.data.cast::<NativeSymbol>();
        // Not through the context: where the host calls an import directly, no instance runs.
        let memory = caller_memory(context, (*env).instance);
        let mut letter = symbol.signature.cast::<u8>();
        let mut code = import.extra.cast::<Code>();
        let mut at = args;
        let end = args.add(import.params() as usize);
        let mut arguments = Arguments::new(env.cast());
        while at < end {
            letter = letter.add(1);
            let next = at.add(1);
            match *code {
                F32 => arguments.single(*at),
                F64 => {
                    arguments.double(read64(at));
                    at = next;
                }
                code if code == ValType::I64.code() => {
                    arguments.long(read64(at));
                    at = next;
                }
                _ if *letter == b'*' || *letter == b'$' => match pointer(memory, letter, at) {
                    Some(pointer) => arguments.pointer(pointer),
                    None => return TrapCode::MemoryOutOfBounds as u32,
                },
                _ if WIDE && *letter == b'r' => {
                    arguments.pointer(with_exposed_provenance_mut(from_module(*at)));
                }
                _ => arguments.int(*at),
            }
            code = code.add(1);
            at = at.add(1);
        }
        let returned = match import.results() {
            _ if !FLOAT => Returned::Integer,
            1 => Returned::Single,
            _ => Returned::Double,
        };
        let result = arguments.call(symbol.func_ptr.cast_const().cast(), returned);
        match import.results() {
            0 => {}
            // Behind the `)`.
            1 if WIDE && *letter.add(2) == b'r' => {
                match to_module((*env).instance, result as usize) {
                    Some(reference) => *args = reference,
                    None => return TrapCode::OutOfMemory as u32,
                }
            }
            1 => *args = result as u32,
            _ => write64(args, result),
        }
        (*env).trap
    }
}
