//! Declared host functions in the C API: the calls of tests/embedding_rust/host_modules.rs, and the
//! texts that an application sees.

use crate::probe::{
    Arg, Calls, Outcome, Probe, CALLS, GUARDED, MISTYPED, NO_MEMORY, OUT_OF_BOUNDS, PROGRAM, SECRET,
};
use crate::RUNTIME;
use std::cell::UnsafeCell;
use std::ffi::{c_char, CStr, CString};
use std::ptr::null_mut;
use zonda::capi::*;
use zonda::{BoundModule, Grants};

/// The state of the module, for one thread.
struct State(UnsafeCell<Calls>);
// SAFETY: used while `RUNTIME` is locked.
unsafe impl Sync for State {}
static STATE: State = State(UnsafeCell::new(Calls(0)));

/// The calls that came.
fn came() -> u32 {
    // SAFETY: no host function runs.
    unsafe { (*STATE.0.get()).0 }
}

// SAFETY: the state is used by one thread, and nothing of the module calls the C API.
static REFUSING: [BoundModule; 1] =
    [unsafe { bind_host_module(Probe::MODULE, Grants::Only(&[]), |_| STATE.0.get()) }];
// SAFETY: as above.
static GRANTING: [BoundModule; 1] =
    [unsafe { bind_host_module(Probe::MODULE, Grants::Only(&[SECRET]), |_| STATE.0.get()) }];

struct Program {
    _bytes: Vec<u8>,
    module: wasm_module_t,
    instance: wasm_module_inst_t,
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: module and instance are live, or null.
        unsafe {
            wasm_runtime_deinstantiate(self.instance);
            wasm_runtime_unload(self.module);
        }
    }
}

/// Loads and instantiates; the text of the error if that fails.
fn start(text: &str, mode: RunningMode) -> Result<Program, String> {
    let bytes = wat::parse_str(text).unwrap();
    let mut error = [0 as c_char; 160];
    // SAFETY: the bytes live as long as the module, and the buffer has its size.
    unsafe {
        assert!(wasm_runtime_set_default_running_mode(mode));
        let module = wasm_runtime_load(
            bytes.as_ptr().cast_mut(),
            bytes.len() as u32,
            error.as_mut_ptr(),
            160,
        );
        assert!(!module.is_null());
        let instance = wasm_runtime_instantiate(module, 8192, 0, error.as_mut_ptr(), 160);
        let program = Program { _bytes: bytes, module, instance };
        match instance.is_null() {
            false => Ok(program),
            true => Err(CStr::from_ptr(error.as_ptr()).to_str().unwrap().to_owned()),
        }
    }
}

/// Calls, and compares with what is expected.
fn check(program: &Program, name: &str, args: &[Arg], expected: Outcome) {
    let mut values: Vec<wasm_val_t> = args
        .iter()
        .map(|arg| match *arg {
            Arg::I32(value) => wasm_val_t {
                kind: WASM_I32,
                _paddings: [0; 7],
                of: wasm_val_of_t { i32: value as i32 },
            },
            Arg::I64(value) => wasm_val_t {
                kind: WASM_I64,
                _paddings: [0; 7],
                of: wasm_val_of_t { i64: value as i64 },
            },
        })
        .collect();
    let c_name = CString::new(name).unwrap();
    let what = format!("{name} {args:?}");
    // SAFETY: a live instance and its function, with as many values as the function has parameters
    // and results.
    unsafe {
        let function = wasm_runtime_lookup_function(program.instance, c_name.as_ptr());
        let count = wasm_func_get_result_count(function, program.instance);
        let mut results =
            vec![
                wasm_val_t { kind: 0, _paddings: [0; 7], of: wasm_val_of_t { i64: 0 } };
                count as usize
            ];
        let env = wasm_runtime_get_exec_env_singleton(program.instance);
        wasm_runtime_clear_exception(program.instance);
        let done = wasm_runtime_call_wasm_a(
            env,
            function,
            count,
            results.as_mut_ptr(),
            values.len() as u32,
            values.as_mut_ptr(),
        );
        let exception = wasm_runtime_get_exception(program.instance);
        match expected {
            Outcome::Nothing => assert!(done && count == 0, "{what}"),
            Outcome::Number(number) => {
                let bits = results[0].of.i64 as u64;
                assert!(done, "{what}");
                assert_eq!(
                    if results[0].kind == WASM_I32 { bits as u32 as u64 } else { bits },
                    number,
                    "{what}"
                );
            }
            Outcome::Trap(_, text) => {
                assert!(!done, "{what}");
                let exception = CStr::from_ptr(exception).to_str().unwrap();
                assert_eq!(exception, format!("Exception: {text}"), "{what}");
            }
        }
    }
}

#[test]
fn declared_functions() {
    let _alone = RUNTIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // SAFETY: this thread alone is in the runtime.
    unsafe { assert!(wasm_runtime_init()) };
    set_host_modules(&REFUSING);
    for mode in [Mode_Zonda_Classic, Mode_Zonda_Fast] {
        for itself in [false, true] {
            let program = start(PROGRAM, mode).unwrap();
            let before = came();
            let mut count = 0;
            for &(name, args, outcome) in CALLS {
                let name = match itself && name != "many" {
                    true => format!("{name} itself"),
                    false => name.to_owned(),
                };
                check(&program, &name, args, outcome);
                count += (outcome != OUT_OF_BOUNDS) as u32;
                assert_eq!(came() - before, count, "{name} {args:?}");
            }
        }
        let program = start(NO_MEMORY, mode).unwrap();
        check(&program, "bytes", &[Arg::I32(0), Arg::I32(0)], Outcome::Number(0));
        check(&program, "bytes itself", &[Arg::I32(0), Arg::I32(1)], OUT_OF_BOUNDS);
        check(&program, "text", &[Arg::I32(0)], OUT_OF_BOUNDS);
        let program = start(MISTYPED, mode).unwrap();
        let unlinked = "failed to call unlinked import function (probe, text)";
        check(&program, "run", &[], Outcome::Trap(zonda::TrapCode::Unlinked, unlinked));
    }
    let refused = start(GUARDED, 0).err();
    let text = "WASM module instantiate failed: failed to link import function (probe, guarded): capability secret is not granted";
    assert_eq!(refused.as_deref(), Some(text));
    set_host_modules(&GRANTING);
    check(&start(GUARDED, 0).unwrap(), "run", &[], Outcome::Nothing);

    // What an application has registered comes first.
    extern "C" fn own(_: wasm_exec_env_t) {}
    let natives = [NativeSymbol {
        symbol: c"guarded".as_ptr(),
        func_ptr: own as *mut _,
        signature: c"()".as_ptr(),
        attachment: null_mut(),
    }];
    let before = came();
    // SAFETY: the table lives until it is unregistered.
    unsafe {
        assert!(wasm_runtime_register_natives(c"probe".as_ptr(), natives.as_ptr().cast_mut(), 1));
        check(&start(GUARDED, 0).unwrap(), "run", &[], Outcome::Nothing);
        assert_eq!(came(), before);
        assert!(wasm_runtime_unregister_natives(c"probe".as_ptr(), natives.as_ptr().cast_mut()));
        wasm_runtime_destroy();
        assert!(wasm_runtime_init());
    }
    // Forgotten with the runtime.
    let program = start(NO_MEMORY, 0).unwrap();
    let unlinked = "failed to call unlinked import function (probe, text)";
    check(&program, "text", &[Arg::I32(0)], Outcome::Trap(zonda::TrapCode::Unlinked, unlinked));
    drop(program);
    // SAFETY: as above.
    unsafe { wasm_runtime_destroy() };
}
