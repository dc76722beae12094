//! An execution environment and its instances end in any order, also when a native function has
//! given it another instance. Under AddressSanitizer nothing that is gone is used.

use std::ffi::c_char;
use zonda::capi::*;

/// `f` throws as often as it is told and keeps a reference each time, so that stacks are searched
/// for references.
const TEXT: &str = r#"(module
    (tag $t (param i32))
    (func (export "f") (param $n i32) (result i32) (local $kept exnref)
        (loop $again
            (block $caught (result exnref)
                (try_table (catch_all_ref $caught) (throw $t (local.get $n)))
                (unreachable))
            (local.set $kept)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 42)))"#;

/// What is done in turn: `a` and `b` give the environment that instance, `A` and `B` end it, `e`
/// ends the environment, `c` calls.
const ORDERS: [&str; 12] = [
    "ceAB",
    "cAeB",
    "bbBeA",
    "bcbcBeA",
    "bcBaceA",
    "bcaceAB",
    "bcabcABe",
    "bcABe",
    "bcBAe",
    "babaBceA",
    "bcBacAe",
    "acbcacBcAe",
];

#[test]
fn environments_and_instances_end_in_any_order() {
    let _alone = crate::RUNTIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let bytes = wat::parse_str(TEXT).expect("the text is right");
    let mut error = [0 as c_char; 128];
    for mode in [Mode_Zonda_Classic, Mode_Zonda_Fast] {
        for order in ORDERS {
            // SAFETY: handles are used while what they name is live, as the order says; the module
            // lies in memory until it is unloaded.
            unsafe {
                assert!(wasm_runtime_init());
                assert!(wasm_runtime_set_default_running_mode(mode));
                let mut own = bytes.clone();
                let module =
                    wasm_runtime_load(own.as_mut_ptr(), own.len() as u32, error.as_mut_ptr(), 128);
                assert!(!module.is_null(), "{error:?}");
                let [a, b] = [0, 1]
                    .map(|_| wasm_runtime_instantiate(module, 2048, 0, error.as_mut_ptr(), 128));
                let env = wasm_runtime_create_exec_env(a, 2048);
                let mut now = a;
                for step in order.chars() {
                    match step {
                        'a' => now = a,
                        'b' => now = b,
                        'A' => wasm_runtime_deinstantiate(a),
                        'B' => wasm_runtime_deinstantiate(b),
                        'e' => wasm_runtime_destroy_exec_env(env),
                        _ => {
                            let f = wasm_runtime_lookup_function(now, c"f".as_ptr());
                            let mut cells = [200];
                            let done = wasm_runtime_call_wasm(env, f, 1, cells.as_mut_ptr());
                            assert!(done && cells[0] == 42, "{order}: {cells:?}");
                        }
                    }
                    if matches!(step, 'a' | 'b') {
                        wasm_runtime_set_module_inst(env, now);
                    }
                }
                wasm_runtime_unload(module);
                wasm_runtime_destroy();
            }
        }
    }
}
