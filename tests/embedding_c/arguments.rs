//! `wasm_application_execute_func`: arguments of each type as text, and how each result is printed,
//! as WAMR does; and the clock of the host, which times the calls.

use std::ffi::{c_char, CString};
use std::process::Command;
use zonda::capi::*;

const CHILD: &str = "ZONDA_TEST_PRINTS_RESULTS";

/// Type, argument, what is printed; `None` for what is refused.
const ARGUMENTS: &[(&str, &str, Option<&str>)] = &[
    ("i32", "7", Some("0x7:i32")),
    ("i32", "-1", Some("0xffffffff:i32")),
    ("i32", "0x10_i32", Some("0x10:i32")),
    ("i32", "x", None),
    ("i32", "", None),
    ("i64", "-2", Some("0xfffffffffffffffe:i64")),
    ("i64", "0x123456789abcdef0", Some("0x123456789abcdef0:i64")),
    ("f32", "1.5", Some("1.5:f32")),
    ("f32", "-0.25", Some("-0.25:f32")),
    ("f64", "2.5", Some("2.5:f64")),
    ("f64", "x", None),
    ("funcref", "null", Some("func:ref.null")),
    ("funcref", "0", Some("0:ref.func")),
    ("funcref", "1", Some("1:ref.func")),
    ("funcref", "x", None),
    ("externref", "null", Some("extern:ref.null")),
    ("externref", "18", Some("0x12:ref.extern")),
    ("externref", "x", None),
];

/// A module that returns each of its argument twice, by type.
fn module() -> Vec<u8> {
    let funcs: String = ["i32", "i64", "f32", "f64", "funcref", "externref"]
        .iter()
        .map(|ty| {
            format!(
                "(func (export \"{ty}\") (param {ty}) (result {ty} {ty})
                    (local.get 0) (local.get 0))"
            )
        })
        .collect();
    let pause = "(import \"env\" \"pause\" (func $pause)) (func (export \"pause\") (call $pause))";
    wat::parse_str(format!("(module {} {funcs})", pause)).expect("the text is right")
}

extern "C" fn pause(_: wasm_exec_env_t) {
    std::thread::sleep(std::time::Duration::from_millis(5));
}

/// With an instance of [`module`].
fn with_instance(run: impl FnOnce(wasm_module_inst_t)) {
    let _alone = crate::RUNTIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut error = [0 as c_char; 128];
    let mut bytes = module();
    let mut symbols = [NativeSymbol {
        symbol: c"pause".as_ptr(),
        func_ptr: pause as extern "C" fn(wasm_exec_env_t) as *mut std::ffi::c_void,
        signature: c"()".as_ptr(),
        attachment: std::ptr::null_mut(),
    }];
    // SAFETY: what is passed lives until the runtime has ended.
    unsafe {
        assert!(wasm_runtime_init());
        assert!(wasm_runtime_register_natives(c"env".as_ptr(), symbols.as_mut_ptr(), 1));
        let module =
            wasm_runtime_load(bytes.as_mut_ptr(), bytes.len() as u32, error.as_mut_ptr(), 128);
        assert!(!module.is_null(), "{error:?}");
        let instance = wasm_runtime_instantiate(module, 8192, 0, error.as_mut_ptr(), 128);
        assert!(!instance.is_null(), "{error:?}");
        run(instance);
        wasm_runtime_deinstantiate(instance);
        wasm_runtime_unload(module);
        wasm_runtime_destroy();
    }
}

#[test]
fn arguments_and_results_of_each_type() {
    if std::env::var_os(CHILD).is_some() {
        with_instance(|instance| {
            for (ty, argument, printed) in ARGUMENTS {
                let (name, text) = (CString::new(*ty).unwrap(), CString::new(*argument).unwrap());
                let mut argv = [text.as_ptr().cast_mut()];
                // SAFETY: the instance is live, and so are the strings.
                let done = unsafe {
                    wasm_application_execute_func(instance, name.as_ptr(), 1, argv.as_mut_ptr())
                };
                assert_eq!(done, printed.is_some(), "{argument} as {ty}");
                // SAFETY: as above.
                unsafe { wasm_runtime_clear_exception(instance) };
            }
        });
        return;
    }
    // The results go to the standard output stream of a process of its own.
    let name = "arguments::arguments_and_results_of_each_type";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let expected: Vec<String> = ARGUMENTS
        .iter()
        .filter_map(|(_, _, printed)| printed.map(|one| format!("{one},{one}")))
        .collect();
    let found: Vec<&str> = text.lines().filter(|line| line.contains(',')).collect();
    assert_eq!(found.len(), expected.len(), "{text}");
    // The first one stands behind the name of the test.
    assert!(found[0].ends_with(&expected[0]), "{text}");
    assert_eq!(found[1..], expected[1..], "{text}");
}

/// The clock of the host goes on by as many microseconds as pass.
#[test]
#[cfg(feature = "exec-time")]
fn calls_take_the_time_that_passes() {
    with_instance(|instance| {
        // SAFETY: the instance is live.
        unsafe {
            let env = wasm_runtime_get_exec_env_singleton(instance);
            let func = wasm_runtime_lookup_function(instance, c"pause".as_ptr());
            let before = std::time::Instant::now();
            for _ in 0..2 {
                assert!(wasm_runtime_call_wasm(env, func, 0, std::ptr::null_mut()));
            }
            let passed = before.elapsed().as_secs_f64() * 1000.0;
            let sum = wasm_runtime_sum_wasm_exec_time(instance);
            assert!(sum >= 9.9 && sum <= passed + 0.1, "{sum} ms of {passed}");
            assert_eq!(wasm_runtime_get_wasm_func_exec_time(instance, c"pause".as_ptr()), sum);
        }
    });
}

/// With how much native stack left each function still works: from 32 KiB on what loads, from 16
/// KiB on what calls. Below, it says so.
#[test]
#[cfg(target_os = "linux")]
fn a_thread_with_little_native_stack_is_told() {
    const STACK: usize = 256 << 10;
    /// Calls `try_it` with less stack each time, until it returns false. Returns how much was in
    /// use; `None` where variables are not on the stack, as with AddressSanitizer.
    #[inline(never)]
    fn descend(top: usize, depth: usize, try_it: &mut dyn FnMut() -> bool) -> Option<usize> {
        let mut frame = [0u8; 1024];
        let here = std::hint::black_box(&mut frame).as_ptr().addr();
        let used = top.wrapping_sub(here);
        if depth > STACK / 1024 || used > STACK {
            return None;
        }
        if try_it() {
            descend(top, depth + 1, try_it).map(|used| used.max(usize::from(frame[7])))
        } else {
            Some(used)
        }
    }
    with_instance(|instance| {
        // Handles go to the thread as numbers.
        let instance = instance.expose_provenance();
        let thread = move || {
            let instance: wasm_module_inst_t = std::ptr::with_exposed_provenance_mut(instance);
            let here = 0u8;
            let top = (&raw const here).addr();
            let mut error = [0 as c_char; 128];
            let overflowed = |error: &[c_char]| {
                // SAFETY: the text ends with a NUL.
                let text = unsafe { std::ffi::CStr::from_ptr(error.as_ptr()) };
                text.to_bytes().ends_with(b"native stack overflow")
            };
            // SAFETY: the handles are live, and no other thread uses them.
            unsafe {
                let module = wasm_runtime_get_module(instance);
                let loads = descend(top, 0, &mut || {
                    let mut bytes = *b"none";
                    let none = wasm_runtime_load(bytes.as_mut_ptr(), 4, error.as_mut_ptr(), 128);
                    assert!(none.is_null());
                    !overflowed(&error)
                });
                let instantiates = descend(top, 0, &mut || {
                    let made = wasm_runtime_instantiate(module, 2048, 0, error.as_mut_ptr(), 128);
                    if !made.is_null() {
                        wasm_runtime_deinstantiate(made);
                    }
                    assert!(!made.is_null() || overflowed(&error));
                    !made.is_null()
                });
                let env = wasm_runtime_get_exec_env_singleton(instance);
                let func = wasm_runtime_lookup_function(instance, c"i32".as_ptr());
                let calls = descend(top, 0, &mut || {
                    let mut cells = [3, 0];
                    let done = wasm_runtime_call_wasm(env, func, 1, cells.as_mut_ptr());
                    if !done {
                        let text = wasm_runtime_get_exception(instance);
                        let text = std::ffi::CStr::from_ptr(text).to_bytes();
                        assert!(text.ends_with(b"native stack overflow"));
                    }
                    done
                });
                wasm_runtime_clear_exception(instance);
                (loads, instantiates, calls)
            }
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn(thread).unwrap();
        let (loads, instantiates, calls) = thread.join().unwrap();
        // A step takes less than 2 KiB, and what the thread itself needs less than 16.
        let about = |used: Option<usize>, left: usize| {
            let Some(used) = used else { return };
            let most = STACK - left + (2 << 10);
            assert!(used <= most && used + (18 << 10) > most, "{used} used when {left} are left");
        };
        about(loads, 32 << 10);
        about(instantiates, 32 << 10);
        about(calls, 16 << 10);
    });
}
