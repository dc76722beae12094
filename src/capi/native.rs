//! Calls from Wasm code to native functions: how each import is called is chosen once, when it is resolved.
//!
//! Invariant: an import that `provide` gave has in `data` a symbol whose signature, if any, fits the import's type. Where `any` calls it, `extra`
//! are the codes of its parameters, as many as its slots say, and its arguments fit an `Arguments`; else `extra` is the function.

use super::app_memory::{find_nul, memory};
use super::exec_env::WASMExecEnv;
use super::invoke::{call_plain, call_words, Arguments, SOFT};
use super::natives::lookup;
use super::runtime::log_warning;
use super::signature;
use super::text::c_bytes;
use super::types::NativeSymbol;
use crate::binary::types::ValType;
use crate::module::FuncType;
use crate::store::link::Wanted;
use zonda_exec::frame::{read64, write64, Context};
use zonda_exec::instance::HostCall;
use zonda_exec::{ImportedFunc, TrapCode};

const F32: u8 = ValType::F32 as u8;
const F64: u8 = ValType::F64 as u8;

/// What stands for an import of a function; `None` for others. A function that is not registered, or with another type, is provided as one
/// that traps, as in WAMR.
pub(super) fn provide(wanted: &Wanted) -> Option<ImportedFunc> {
    let (params, results) = wanted.ty?.slots();
    let import =
        |call, data, extra| Some(ImportedFunc::new(Some(call), data, extra, params, results));
    let problem = match lookup(wanted.module.as_bytes(), wanted.name.as_bytes()) {
        None => " is not registered",
        Some(symbol) => match choose(symbol, &wanted.ty?) {
            Some((call, extra)) => return import(call, symbol.cast(), extra),
            None => " is registered with another type",
        },
    };
    log_warning(|text| {
        text.str("import ").str(wanted.module).str(".").str(wanted.name).str(problem);
    });
    import(unlinked, core::ptr::null(), core::ptr::null())
}

/// How a function is called, and what that takes, if it fits the import's type.
fn choose(symbol: *const NativeSymbol, ty: &FuncType) -> Option<(HostCall, *const ())> {
    // SAFETY: the symbol is registered.
    let signature = unsafe { c_bytes((*symbol).signature) };
    let (params, results) = ty.codes();
    if results.len() > 1 || (!signature.is_empty() && !signature::matches(signature, ty)) {
        return None;
    }
    let float = results.first().is_some_and(|&code| code == F32 || code == F64);
    let is_word = |code: u8| code != ValType::I64 as u8 && code != F64 && (SOFT || code != F32);
    // Not `contains`, which brings a search for long texts along.
    let converts = signature.iter().any(|&letter| letter == b'*' || letter == b'$');
    if params.len() <= 3
        && !converts
        && params.iter().all(|&code| is_word(code))
        && (SOFT || !float)
    {
        // SAFETY: the symbol is registered.
        let func = unsafe { (*symbol).func_ptr.cast_const().cast() };
        match (results, params) {
            ([], []) => return Some((words::<0, 0>, func)),
            ([], _) => return Some((words::<3, 0>, func)),
            ([code], _) if is_word(*code) => return Some((words::<3, 1>, func)),
            _ => {}
        }
    }
    let mut arguments = Arguments::new(core::ptr::null_mut());
    for &code in params {
        match code {
            F32 => arguments.single(0),
            F64 => arguments.double(0),
            _ if code == ValType::I64 as u8 => arguments.long(0),
            _ => arguments.int(0),
        }
    }
    if !arguments.fit() {
        return None;
    }
    let call: HostCall = if SOFT || !float { any::<false> } else { any::<true> };
    Some((call, params.as_ptr().cast()))
}

/// # Safety
/// As for [`ImportedFunc::call`].
unsafe extern "C" fn unlinked(_: &mut Context, _: &ImportedFunc, _: *mut u32) -> u32 {
    TrapCode::Unlinked as u32
}

/// Notes which native function runs, for those that ask the execution environment; gives that.
///
/// # Safety
/// The context's host is an execution environment.
#[inline(always)]
unsafe fn enter(context: &Context, import: &ImportedFunc, args: *mut u32) -> *mut WASMExecEnv {
    let env = context.host.cast::<WASMExecEnv>();
    // SAFETY: the caller's promise.
    unsafe {
        (*env).import = import;
        (*env).args = args;
    }
    env
}

/// The call of a function of which all arguments are single words in core registers, as is the result, if any.
///
/// # Safety
/// As for [`ImportedFunc::call`]; the import was made by `provide`.
unsafe extern "C" fn words<const READ: usize, const RESULTS: usize>(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    // SAFETY: reading more words than there are arguments is fine: execution environments keep spare ones behind the stack.
    unsafe {
        let env = enter(context, import, args);
        let result = if READ == 0 {
            call_plain(import.extra, env.cast())
        } else {
            call_words(import.extra, env.cast(), [*args, *args.add(1), *args.add(2)])
        };
        if RESULTS != 0 {
            *args = result as u32;
        }
        (*env).trap
    }
}

/// The call of any function: values are laid out one by one, pointers checked and converted.
///
/// # Safety
/// As for [`ImportedFunc::call`]; the import was made by `provide`.
unsafe extern "C" fn any<const FLOAT: bool>(
    context: &mut Context,
    import: &ImportedFunc,
    args: *mut u32,
) -> u32 {
    // SAFETY: `extra` has as many codes as the slots say, and a signature, which is none or fits, as many letters behind its parenthesis.
    unsafe {
        let env = enter(context, import, args);
        let symbol = &*import.data.cast::<NativeSymbol>();
        // Not through the context: where the host calls an import directly, no instance runs.
        let memory = memory((*env).instance);
        let mut letter = symbol.signature.cast::<u8>();
        if !letter.is_null() && *letter == 0 {
            letter = core::ptr::null();
        }
        let mut code = import.extra.cast::<u8>();
        let mut at = args;
        let end = args.add(import.params() as usize);
        let mut arguments = Arguments::new(env.cast());
        while at < end {
            let kind = if letter.is_null() {
                0
            } else {
                letter = letter.add(1);
                *letter
            };
            let next = at.add(1);
            match *code {
                F32 => arguments.single(*at),
                F64 => {
                    arguments.double(read64(at));
                    at = next;
                }
                code if code == ValType::I64 as u8 => {
                    arguments.long(read64(at));
                    at = next;
                }
                _ if kind == b'*' || kind == b'$' => {
                    let len = match kind {
                        b'$' => find_nul(memory, *at),
                        // The length is the next argument.
                        _ if *letter.add(1) == b'~' => Some(*next),
                        _ => Some(1),
                    };
                    match len.and_then(|len| memory.check(*at, 0, len as usize)) {
                        Some(pointer) => arguments.pointer(pointer),
                        None => return TrapCode::MemoryOutOfBounds as u32,
                    }
                }
                _ => arguments.int(*at),
            }
            code = code.add(1);
            at = at.add(1);
        }
        let result = arguments.call(symbol.func_ptr.cast_const().cast(), FLOAT);
        match import.results() {
            0 => {}
            1 => *args = result as u32,
            _ => write64(args, result),
        }
        (*env).trap
    }
}
