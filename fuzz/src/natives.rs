//! Native functions with any signature, and modules that call them with any arguments. What must
//! come of a call is computed from the signature, the types and the memory, without the
//! runtime: whether the table is taken, whether the import is linked, whether the call traps, and
//! what stands in each register and word of the stack.

mod form;
mod probe;

use std::ffi::CString;
use std::fmt::Write;
use std::ptr::{null, null_mut};

use arbitrary::{Result, Unstructured};
use zonda::capi::*;

use super::capi::{alone, enter};
use form::Type;
use probe::Plan;

/// Registers a function, loads a module that calls it, calls it some times.
pub fn natives(data: &[u8]) {
    let _alone = alone();
    let _ = run(&mut Unstructured::new(data));
}

/// A module whose function `go` calls the native one, which is exported as `direct`; `bytes` of
/// memory, or none at all.
fn module(params: &[Type], results: &[Type], bytes: Option<u32>) -> Vec<u8> {
    let list = |types: &[Type]| types.iter().fold(String::new(), |list, ty| list + " " + ty.name());
    let (params_text, results_text) = (list(params), list(results));
    let ty = format!("(param{params_text}) (result{results_text})");
    let mut text = format!("(module (import \"native\" \"f\" (func $f {ty})) (export \"direct\" (func $f)) (func (export \"go\") {ty}");
    for index in 0..params.len() {
        let _ = write!(text, " local.get {index}");
    }
    text += " call $f)";
    if let Some(bytes) = bytes {
        let _ = write!(text, " (memory (export \"m\") {bytes} 100000 (pagesize 1))");
    }
    wat::parse_str(text + ")").expect("the text is a module")
}

fn run(u: &mut Unstructured) -> Result<()> {
    let bare = u.ratio(1, 3)?;
    let signature = form::choose(u)?;
    let well_formed =
        signature.as_deref().is_none_or(|text| text.is_empty() || form::well_formed(text, bare));
    let (params, results) = form::types(u, signature.as_deref())?;
    let letters = signature.as_deref().filter(|text| !text.is_empty());
    let linked = results.len() <= 1
        && match letters {
            Some(text) => form::fits(text, &params, &results),
            // Without a signature the function has neither parameters nor results.
            None => params.is_empty() && results.is_empty(),
        }
        && form::fit_the_abi(&params);
    let bytes = (!u.ratio(1, 10)?).then(|| u.int_in_range(0..=70_000)).transpose()?;
    let binary = module(&params, &results, bytes);
    let signature_text = signature.clone().map(|text| CString::new(text).expect("no NUL in it"));
    let symbols = [NativeSymbol {
        symbol: c"f".as_ptr(),
        func_ptr: probe::function(letters, &params, &results),
        signature: signature_text.as_ref().map_or(null(), |text| text.as_ptr()),
        attachment: null_mut(),
    }];
    let mode = *u.choose(&[Mode_Zonda_Classic, Mode_Zonda_Fast])?;

    // SAFETY: table and strings stay until the runtime is destroyed; handles are live, and all is
    // given back in order.
    unsafe {
        assert!(enter(|| wasm_runtime_init()));
        assert!(enter(|| wasm_runtime_set_default_running_mode(mode)));
        let flags = if bare { ZONDA_NATIVES_BARE_POINTERS } else { 0 };
        let registered =
            enter(|| zonda_register_natives_with(c"native".as_ptr(), symbols.as_ptr(), 1, flags));
        assert_eq!(registered, well_formed, "whether {signature:?} is taken (bare: {bare})");
        let mut text = [0; 128];
        let loaded = enter(|| {
            wasm_runtime_load(
                binary.as_ptr().cast_mut(),
                binary.len() as u32,
                text.as_mut_ptr(),
                128,
            )
        });
        assert!(!loaded.is_null());
        let instance = enter(|| wasm_runtime_instantiate(loaded, 8192, 0, text.as_mut_ptr(), 128));
        assert!(!instance.is_null());
        let env = enter(|| wasm_runtime_create_exec_env(instance, 8192));
        let outcome = (|| {
            for _ in 0..8 {
                call(
                    u,
                    instance,
                    env,
                    letters,
                    (&params, &results),
                    bytes.unwrap_or(0),
                    registered && linked,
                )?;
            }
            Ok(())
        })();
        enter(|| wasm_runtime_destroy_exec_env(env));
        enter(|| wasm_runtime_deinstantiate(instance));
        enter(|| wasm_runtime_unload(loaded));
        enter(|| wasm_runtime_destroy());
        outcome
    }
}

/// An address or a length: anywhere, or close to a limit.
fn number(u: &mut Unstructured, len: u32) -> Result<u32> {
    Ok(match u.int_in_range(0..=5)? {
        0 => u.arbitrary()?,
        1 => len.wrapping_add_signed(u.int_in_range(-20..=20)?),
        2 => 0u32.wrapping_sub(u.int_in_range(0..=len.max(1))?),
        3 => u.int_in_range(0..=20)?,
        _ => u.int_in_range(0..=len)?,
    })
}

/// One call with arguments that the input chooses.
///
/// # Safety
/// Instance and environment are live and of a module with these types, whose memory has `len`
/// bytes.
unsafe fn call(
    u: &mut Unstructured,
    instance: wasm_module_inst_t,
    env: wasm_exec_env_t,
    letters: Option<&str>,
    (params, results): (&[Type], &[Type]),
    len: u32,
    linked: bool,
) -> Result<()> {
    // SAFETY: the caller's promise.
    let base = unsafe { enter(|| wasm_runtime_addr_app_to_native(instance, 0)) }.cast::<u8>();
    assert_eq!(base.is_null(), len == 0);
    if len > 0 {
        // Letters everywhere, and few ends of strings.
        // SAFETY: the memory has so many bytes.
        let memory = unsafe { std::slice::from_raw_parts_mut(base, len as usize) };
        memory.fill(b'a');
        for _ in 0..u.int_in_range(0..=3)? {
            memory[u.choose_index(len as usize)?] = 0;
        }
    }
    let mut values = Vec::new();
    for ty in params {
        values.push(match ty {
            Type::I32 => u64::from(number(u, len)?),
            Type::F32 | Type::Extern => u64::from(u.arbitrary::<u32>()?),
            Type::Func => 0,
            Type::I64 | Type::F64 => u.arbitrary()?,
        });
    }
    let returned: u64 = u.arbitrary()?;
    let memory = match len {
        0 => &[][..],
        // SAFETY: the memory has so many bytes.
        _ => unsafe { std::slice::from_raw_parts(base, len as usize) },
    };
    let pointers = form::pointers(letters, &values, memory);
    let trap = match &pointers {
        _ if !linked => Some("unlinked import"),
        None => Some("out of bounds memory access"),
        Some(_) => None,
    };
    let throws = u.ratio(1, 8)?;
    let hostile =
        [number(u, len)?.into(), u.arbitrary()?, u.arbitrary::<u64>()?, number(u, len)?.into()];
    let plan = Plan {
        env,
        instance,
        base,
        len,
        params: params.to_vec(),
        values: values.clone(),
        pointers,
        returned,
        throws,
        hostile,
        calls: 0,
    };
    probe::set(Some(plan));

    let mut cells: Vec<u32> = Vec::new();
    for (ty, &value) in params.iter().zip(&values) {
        cells.push(value as u32);
        if ty.cells() == 2 {
            cells.push((value >> 32) as u32);
        }
    }
    let argc = cells.len() as u32;
    cells.resize(cells.len().max(16), 0x5aa5_5aa5);
    let name = if u.arbitrary()? { c"go" } else { c"direct" };
    // SAFETY: the caller's promise; there are enough cells.
    let (done, said) = unsafe {
        enter(|| wasm_runtime_clear_exception(instance));
        let func = enter(|| wasm_runtime_lookup_function(instance, name.as_ptr()));
        assert!(!func.is_null());
        let done = enter(|| wasm_runtime_call_wasm(env, func, argc, cells.as_mut_ptr()));
        let said = enter(|| wasm_runtime_get_exception(instance));
        (
            done,
            if said.is_null() {
                String::new()
            } else {
                std::ffi::CStr::from_ptr(said).to_string_lossy().into_owned()
            },
        )
    };
    let plan = probe::set(None).expect("it was set");
    let what = || format!("{letters:?}, {params:?} of {values:x?} in {len} bytes: {said:?}");
    assert_eq!(
        plan.calls,
        u32::from(trap.is_none()),
        "how often the function was called: {}",
        what()
    );
    match trap {
        Some(words) => assert!(!done && said.contains(words), "no trap: {}", what()),
        None if throws => assert!(!done && said.ends_with("thrown"), "nothing thrown: {}", what()),
        None => {
            assert!(done, "a call has failed: {}", what());
            match results {
                [] => {}
                [ty] if ty.cells() == 2 => {
                    assert_eq!(u64::from(cells[0]) | u64::from(cells[1]) << 32, returned)
                }
                // Of no other type can the function have a number that is not null.
                [Type::Func] => {}
                _ => assert_eq!(cells[0], returned as u32),
            }
        }
    }
    Ok(())
}
