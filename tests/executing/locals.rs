//! Locals that are no parameters begin with 0, whatever an earlier call has left in their slots,
//! and however a function is called.

use std::fmt::Write;
use zonda::{Engine, Linker, Mode, Module, Store};

/// Locals of the function that fills the stack, and of those that look at theirs.
const MANY: usize = 60;

fn text(imported: bool) -> String {
    let locals = "(local i64 i32 f64 f32) (local i64 i64 i64 i64 i64 i64)";
    let mut fill = String::new();
    for local in 0..MANY {
        let _ = write!(fill, "(local.set {local} (i64.const -1))");
    }
    let fill = format!("(func $fill (export \"fill\") (local {}) {fill})", "i64 ".repeat(MANY));
    let zero = format!(
        "(func $zero (export \"zero\") (param i32) (result i64) {locals}
            (local.get 1) (i64.extend_i32_u (local.get 2)) (i64.or) (i64.reinterpret_f64 (local.get 3)) (i64.or)
            (i64.extend_i32_u (i32.reinterpret_f32 (local.get 4))) (i64.or)
            (local.get 5) (i64.or) (local.get 6) (i64.or) (local.get 9) (i64.or) (local.get 10) (i64.or))"
    );
    let defined = if imported {
        "(import \"m\" \"fill\" (func $fill)) (import \"m\" \"zero\" (func $zero (param i32) (result i64)))".to_owned()
    } else {
        format!("{fill} {zero}")
    };
    format!(
        "(module {defined} (table funcref (elem $zero)) (type $t (func (param i32) (result i64)))
            (func (export \"call\") (result i64) (call $fill) (call $zero (i32.const 5)))
            (func (export \"indirect\") (result i64) (call $fill) (call_indirect (type $t) (i32.const 5) (i32.const 0)))
            (func (export \"tail\") (result i64) (call $fill) (return_call $zero (i32.const 5)))
            (func (export \"tail indirect\") (result i64) (call $fill)
                (return_call_indirect (type $t) (i32.const 5) (i32.const 0))))"
    )
}

#[test]
fn locals_begin_with_zero() {
    let modes = [Mode::Classic, Mode::Fast];
    for (first, second) in modes.into_iter().flat_map(|a| modes.map(|b| (a, b))) {
        let mut store = Store::new(&Engine::new(first), ()).unwrap();
        let mut linker = Linker::new();
        let load = |mode: Mode, imported: bool| {
            let bytes = wat::parse_str(text(imported)).unwrap();
            Module::from_vec(&Engine::new(mode), bytes).unwrap()
        };
        let module = load(first, false);
        let inner = linker.instantiate(&mut store, &module).unwrap();
        linker.instance(&store, "m", inner).unwrap();
        let module = load(second, true);
        let outer = linker.instantiate(&mut store, &module).unwrap();
        for instance in [inner, outer] {
            for name in ["call", "indirect", "tail", "tail indirect"] {
                let func = instance.get_typed_func::<(), i64>(&store, name).unwrap();
                assert_eq!(func.call(&mut store, ()), Ok(0), "{name} in {first:?}, {second:?}");
            }
        }
        // Called by the host.
        let fill = inner.get_typed_func::<(), ()>(&store, "fill").unwrap();
        let zero = inner.get_typed_func::<i32, i64>(&store, "zero").unwrap();
        fill.call(&mut store, ()).unwrap();
        assert_eq!(zero.call(&mut store, 5), Ok(0), "{first:?}");
    }
}
