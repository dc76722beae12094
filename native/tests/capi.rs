//! Native code through the C API: who is trusted, what is refused, and how much native stack it
//! gets.

use std::ffi::{c_char, CStr};
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zonda::capi::platform_interface::*;
use zonda::capi::*;
use zonda::toolchain::native_format::{cpu, TABLE_AT};
use zonda_native::{compile, Executable, Options, Target};
use zonda_signature::keys::SigningKey;

const KEY: &str = include_str!("../../signature/tests/keys/ed25519.pem");

/// There is one runtime, with one list of keys.
static RUNTIME: Mutex<()> = Mutex::new(());

/// `f` returns 7 plus its argument; `deep` calls itself so many times and returns how many; `load`
/// reads memory.
const MODULE: &str = r#"(module
    (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 7)))
    (func $deep (export "deep") (param i32) (result i32) (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 0))))
    (memory (export "memory") 1 4)
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"#;

fn native() -> Vec<u8> {
    let module = wat::parse_str(MODULE).unwrap();
    compile(&module, &Options::new(Target::host().unwrap())).unwrap()
}

fn in_memory(file: &[u8]) -> &'static [u8] {
    Executable::new(file).unwrap().leak()
}

/// Accepts signatures of these keys, and with `required` nothing else.
fn trust(keys: &[&SigningKey], required: bool) -> MutexGuard<'static, ()> {
    let guard = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let keys: Vec<zonda_public_key_t> = keys
        .iter()
        .map(|key| {
            let public = key.public();
            let key = public.as_key();
            let bytes = key.bytes.to_vec().leak();
            let (algorithm, len) = (key.algorithm as u32, bytes.len() as u32);
            zonda_public_key_t { algorithm, len, bytes: bytes.as_ptr() }
        })
        .collect();
    let keys = keys.leak();
    let keys = zonda_public_keys_t { keys: keys.as_ptr(), count: keys.len() as u32, required };
    // SAFETY: nothing of it is ever freed.
    unsafe { set_public_keys(Box::leak(Box::new(keys))) }
    guard
}

type Load = unsafe extern "C" fn(*mut u8, u32, *mut c_char, u32) -> wasm_module_t;

/// Loads a file that stays; the text of the error if that fails.
fn load(with: Load, file: &'static [u8]) -> Result<wasm_module_t, String> {
    let mut error = [0 as c_char; 160];
    // SAFETY: the file stays, and is a file of the compiler where `with` trusts it.
    let module =
        unsafe { with(file.as_ptr().cast_mut(), file.len() as u32, error.as_mut_ptr(), 160) };
    if module.is_null() {
        // SAFETY: the runtime has written a string.
        let text = unsafe { CStr::from_ptr(error.as_ptr()) }.to_str().unwrap();
        return Err(text.strip_prefix("WASM module load failed: ").unwrap().to_owned());
    }
    Ok(module)
}

fn refused(with: Load, file: &[u8]) -> String {
    let file = in_memory(file);
    load(with, file).map(|_| ()).expect_err("the file was loaded")
}

/// Calls a function with one argument; the exception if that fails. `room` bytes of native stack
/// are left for it, where given.
fn call(module: wasm_module_t, name: &CStr, arg: u32, room: Option<usize>) -> Result<u32, String> {
    let mut error = [0 as c_char; 128];
    // SAFETY: the module is live, and every handle is used before it is freed.
    unsafe {
        let instance = wasm_runtime_instantiate(module, 4096, 0, error.as_mut_ptr(), 128);
        assert!(!instance.is_null());
        let env = wasm_runtime_create_exec_env(instance, 4096);
        if let Some(room) = room {
            let here = 0u8;
            let boundary = (&raw const here).cast_mut().wrapping_sub(room);
            wasm_runtime_set_native_stack_boundary(env, boundary);
        }
        let function = wasm_runtime_lookup_function(instance, name.as_ptr());
        let mut cells = [arg];
        let result = if wasm_runtime_call_wasm(env, function, 1, cells.as_mut_ptr()) {
            Ok(cells[0])
        } else {
            let text = CStr::from_ptr(wasm_runtime_get_exception(instance));
            Err(text.to_str().unwrap().to_owned())
        };
        wasm_runtime_destroy_exec_env(env);
        wasm_runtime_deinstantiate(instance);
        result
    }
}

#[test]
fn native_code_runs_where_the_application_trusts_it() {
    let _runtime = trust(&[], false);
    let file = in_memory(&native());
    let text = "native code cannot be verified: sign it, or load it with Module::new_trusted or \
                zonda_load_trusted() (offset 0)";
    assert_eq!(load(wasm_runtime_load, file).err().as_deref(), Some(text));
    let module = load(zonda_load_trusted, file).unwrap();
    assert_eq!(call(module, c"f", 35, None), Ok(42));
    // SAFETY: it has no instance any more.
    unsafe { wasm_runtime_unload(module) };
    // Others load as they do elsewhere.
    let module = wat::parse_str(MODULE).unwrap().leak();
    let module = load(zonda_load_trusted, module).unwrap();
    assert_eq!(call(module, c"f", 1, None), Ok(8));
    // SAFETY: as above.
    unsafe { wasm_runtime_unload(module) };
}

#[test]
fn a_copy_is_refused() {
    let _runtime = trust(&[], false);
    let file = native();
    let args = LoadArgs {
        name: null_mut(),
        clone_wasm_binary: false,
        wasm_binary_freeable: true,
        no_resolve: false,
    };
    let mut error = [0 as c_char; 160];
    // SAFETY: file, arguments and buffer live during the call.
    unsafe {
        let (at, len) = (file.as_ptr().cast_mut(), file.len() as u32);
        assert!(wasm_runtime_load_ex(at, len, &args, error.as_mut_ptr(), 160).is_null());
        let text = CStr::from_ptr(error.as_ptr()).to_str().unwrap();
        assert!(text.contains("executed where it lies: load it without a copy"), "{text}");
    }
}

#[test]
fn a_signature_is_trust_and_every_byte_of_it_counts() {
    let key = SigningKey::from_pem(KEY).unwrap();
    for required in [false, true] {
        let _runtime = trust(&[&key], required);
        let signed = key.sign(&native(), 0).unwrap();
        let module = load(wasm_runtime_load, in_memory(&signed)).unwrap();
        assert_eq!(call(module, c"f", 2, None), Ok(9));
        // SAFETY: it has no instance any more.
        unsafe { wasm_runtime_unload(module) };
        for at in 0..signed.len() {
            let mut damaged = signed.clone();
            damaged[at] ^= 0x40;
            refused(wasm_runtime_load, &damaged);
        }
        let unsigned = refused(wasm_runtime_load, &native());
        let text =
            if required { "the file has no signature" } else { "native code cannot be verified" };
        assert!(unsigned.starts_with(text), "{unsigned}");
    }
    // A key of somebody else is none.
    let _runtime = trust(&[], false);
    let text = refused(wasm_runtime_load, &key.sign(&native(), 0).unwrap());
    assert!(text.starts_with("the file is signed with an unknown key"), "{text}");
}

#[test]
fn code_for_something_else_is_refused_with_the_reason() {
    let _runtime = trust(&[], false);
    let file = native();
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    // The first entry of the table says where the target is described.
    let target = word(TABLE_AT + 4) as usize;
    let needs = word(target + 4);
    let with = |at: usize, value: u32| {
        let mut changed = file.clone();
        changed[at..at + 4].copy_from_slice(&value.to_le_bytes());
        refused(zonda_load_trusted, &changed)
    };
    let expect = |text: String, start: &str, at: usize| {
        assert!(text.starts_with(start), "{text}");
        assert!(text.ends_with(&format!("(offset {at})")), "{text}");
    };
    expect(
        with(target + 4, needs & !0xff | cpu::AARCH64),
        "native code for another architecture: compile it with the --target of this device",
        target + 4,
    );
    expect(
        with(target + 4, needs | cpu::HARD_FLOAT),
        "native code for another float ABI: hard float and soft float do not mix",
        target + 4,
    );
    expect(
        with(target + 4, needs | cpu::DSP),
        "native code for a CPU with more instructions: compile it with the --target of this device",
        target + 4,
    );
    expect(
        with(target, word(target) + 1),
        "native code for another version of the runtime: compile the module again",
        target,
    );
    expect(
        with(4, word(4) + 1),
        "precompiled by another version of Zonda: compile the module again",
        4,
    );
    // What was compiled for a microcontroller.
    let module = wat::parse_str(MODULE).unwrap();
    let device = Options::new(Target::named("thumbv7m-none-eabi").unwrap());
    expect(
        refused(zonda_load_trusted, &compile(&module, &device).unwrap()),
        "precompiled for another pointer size: compile the module for this device",
        7,
    );
    let file: &'static [u8] = in_memory(&[&[0; 1][..], &file].concat());
    let text = load(zonda_load_trusted, &file[1..]).err().unwrap();
    assert!(text.contains("must lie at an address that is a multiple of"), "{text}");
}

#[test]
fn the_native_stack_ends_at_the_boundary_of_the_environment() {
    let _runtime = trust(&[], false);
    let module = load(zonda_load_trusted, in_memory(&native())).unwrap();
    // A frame has 16 bytes at least, and 64 KB hold a thousand of any frame of this function.
    assert_eq!(call(module, c"deep", 1000, Some(64 << 10)), Ok(1000));
    let exhausted = Err("Exception: wasm operand stack overflow".to_owned());
    assert_eq!(call(module, c"deep", 5000, Some(64 << 10)), exhausted);
    assert_eq!(call(module, c"deep", 5000, None), Ok(5000), "256 KB where there is no boundary");
    // What a function takes without a check, helpers included, has to be there when it begins.
    let text = call(module, c"f", 1, Some(512)).unwrap_err();
    assert!(text.ends_with("stack overflow"), "{text}");
    // SAFETY: it has no instance any more.
    unsafe { wasm_runtime_unload(module) };
}

/// The second call in succession prepares the next ones: what happens in between counts for them.
#[test]
fn calls_again_and_again() {
    let _runtime = trust(&[], false);
    let module = load(zonda_load_trusted, in_memory(&native())).unwrap();
    let mut error = [0 as c_char; 128];
    // SAFETY: the module is live, and every handle is used before it is freed. A test thread has
    // 2 MB of stack.
    unsafe {
        let instance = wasm_runtime_instantiate(module, 4096, 0, error.as_mut_ptr(), 128);
        let mut env = wasm_runtime_create_exec_env(instance, 4096);
        let function = |name: &CStr| wasm_runtime_lookup_function(instance, name.as_ptr());
        let (f, deep, read) = (function(c"f"), function(c"deep"), function(c"load"));
        let run = |env, function, argument: u32| {
            let mut cells = [argument];
            let done = wasm_runtime_call_wasm(env, function, 1, cells.as_mut_ptr());
            done.then_some(cells[0])
        };
        let mut cells = [1, 0];
        for turn in 0..30u32 {
            let argument = turn;
            match turn % 10 {
                // An exception is pending: nothing is called until it is cleared.
                4 => wasm_runtime_set_exception(instance, c"stop".as_ptr()),
                5 => wasm_runtime_clear_exception(instance),
                // Another environment, perhaps at the same address.
                7 => {
                    wasm_runtime_destroy_exec_env(env);
                    env = wasm_runtime_create_exec_env(instance, 4096);
                }
                _ => {}
            }
            let expected = (turn % 10 != 4).then_some(turn + 7);
            assert_eq!(run(env, f, argument), expected, "{turn}");
        }
        for _ in 0..5 {
            cells[0] = 1;
            assert!(
                !wasm_runtime_call_wasm(env, f, 0, cells.as_mut_ptr()),
                "an argument is missing"
            );
            wasm_runtime_clear_exception(instance);
            cells[0] = 1;
            assert!(wasm_runtime_call_wasm(env, f, 1, cells.as_mut_ptr()));
            assert_eq!(cells[0], 8);
        }
        for turn in 0..9 {
            // A page more, in which there is something.
            if turn == 5 {
                assert!(wasm_runtime_enlarge_memory(instance, 1));
                let at = wasm_runtime_addr_app_to_native(instance, 0x1_0000).cast::<u32>();
                at.write_unaligned(99);
            }
            let at = if turn < 5 { 0 } else { 0x1_0000 };
            assert_eq!(run(env, read, at), Some(if turn < 5 { 0 } else { 99 }), "{turn}");
        }
        for turn in 0..9 {
            // A trap, and the next call works.
            let result = run(env, read, if turn % 4 == 3 { u32::MAX } else { 4 });
            assert_eq!(result, (turn % 4 != 3).then_some(0), "{turn}");
            wasm_runtime_clear_exception(instance);
        }
        for turn in 0..9 {
            if turn == 5 {
                let here = 0u8;
                let boundary = (&raw const here).cast_mut().wrapping_sub(64 << 10);
                wasm_runtime_set_native_stack_boundary(env, boundary);
            }
            let expected = (turn < 5).then_some(5000);
            assert_eq!(run(env, deep, 5000), expected, "{turn}");
            wasm_runtime_clear_exception(instance);
        }
        wasm_runtime_destroy_exec_env(env);
        wasm_runtime_deinstantiate(instance);
        wasm_runtime_unload(module);
    }
}

/// A call that an instance has prepared is of one environment. Another one that gets its address,
/// and then the instance, has a stack and a boundary of its own.
#[test]
fn a_prepared_call_does_not_outlive_its_environment() {
    let _runtime = trust(&[], false);
    let module = load(zonda_load_trusted, in_memory(&native())).unwrap();
    let mut error = [0 as c_char; 128];
    let mut same = 0;
    // SAFETY: as above.
    unsafe {
        let [a, b] =
            [0; 2].map(|_| wasm_runtime_instantiate(module, 4096, 0, error.as_mut_ptr(), 128));
        let deep = wasm_runtime_lookup_function(a, c"deep".as_ptr());
        for _ in 0..10 {
            let env = wasm_runtime_create_exec_env(a, 4096);
            for _ in 0..3 {
                let mut cells = [5000];
                assert!(wasm_runtime_call_wasm(env, deep, 1, cells.as_mut_ptr()));
            }
            wasm_runtime_destroy_exec_env(env);
            let other = wasm_runtime_create_exec_env(b, 4096);
            same += usize::from(other == env);
            let here = 0u8;
            let boundary = (&raw const here).cast_mut().wrapping_sub(64 << 10);
            wasm_runtime_set_native_stack_boundary(other, boundary);
            wasm_runtime_set_module_inst(other, a);
            let mut cells = [5000];
            assert!(!wasm_runtime_call_wasm(other, deep, 1, cells.as_mut_ptr()), "too deep");
            wasm_runtime_clear_exception(a);
            wasm_runtime_destroy_exec_env(other);
        }
        wasm_runtime_deinstantiate(b);
        wasm_runtime_deinstantiate(a);
        wasm_runtime_unload(module);
    }
    assert!(same > 0, "no environment got the address of the one before");
}
