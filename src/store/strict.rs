//! The feature `strict`: a function reference is null or the address of a function of the store,
//! checked wherever a reference crosses a boundary: operands of table instructions and
//! `call_indirect`, elements that are read, arguments and results of host functions, results of
//! calls by the host, and globals whenever a runtime instruction or a host function executes or a
//! call returns.
//!
//! A failure is a bug of the validator, of a backend or of the embedding APIs, and no module can be
//! blamed for it: it panics. Numbers of `externref` are the embedder's, which may use any.

use super::instance::StoreInstance;
use super::StoreData;
use crate::binary::types::ValType;

#[cfg(feature = "strict")]
impl StoreData<'_> {
    /// Panics if a value is not one of its type.
    #[track_caller]
    pub(crate) fn check_reference(&self, ty: ValType, bits: u64) {
        let is_live = |address| self.func_type(address).is_some();
        assert!(
            ty != ValType::FuncRef || bits == 0 || u32::try_from(bits).is_ok_and(is_live),
            "0x{bits:x} is no function of the store: a reference was forged"
        );
    }

    /// Panics if a global of the instance has a value that is not one of its type.
    #[track_caller]
    pub(crate) fn check_globals(&self, instance: &StoreInstance) {
        for (&global, entry) in instance.globals.iter().zip(instance.module.data.globals.iter()) {
            // SAFETY: globals of an instance belong to its store, which is `self`.
            let bits = unsafe { super::link::read_global(global) };
            self.check_reference(entry.ty.content, zonda_exec::vector::low(bits));
        }
    }
}

#[cfg(not(feature = "strict"))]
impl StoreData<'_> {
    /// Checks nothing.
    #[inline(always)]
    pub(crate) fn check_reference(&self, _: ValType, _: u64) {}

    /// Checks nothing.
    #[inline(always)]
    pub(crate) fn check_globals(&self, _: &StoreInstance) {}
}

/// References are forged by a handle of a function that does not exist, which only this crate can
/// make.
#[cfg(all(feature = "strict", not(miri)))]
#[cfg(test)]
mod tests {
    use crate::host::{Caller, Func, Linker, Store, Val};
    use crate::{Engine, Mode, Module, Trap};
    use std::string::String;
    use std::{env, format, process};

    const TEXT: &str = r#"(module
        (type $nullary (func))
        (import "env" "take" (func $take (param funcref)))
        (import "env" "make" (func $make (result funcref)))
        (global $g (mut funcref) (ref.null func))
        (table $t 4 funcref)
        (func (export "nothing") (param funcref))
        (func (export "table.set") (param funcref) (table.set $t (i32.const 1) (local.get 0)))
        (func (export "table.grow") (param funcref)
            (drop (table.grow $t (local.get 0) (i32.const 1))))
        (func (export "table.fill") (param funcref)
            (table.fill $t (i32.const 0) (local.get 0) (i32.const 1)))
        (func (export "table.get") (param funcref) (drop (table.get $t (i32.const 3))))
        (func (export "call_indirect") (param funcref)
            (call_indirect $t (type $nullary) (i32.const 3)))
        (func (export "global.set") (param funcref) (global.set $g (local.get 0)))
        (func (export "global.set, then memory") (param funcref)
            (global.set $g (local.get 0)) (drop (table.size $t)) (global.set $g (ref.null func)))
        (func (export "host argument") (param funcref) (call $take (local.get 0)))
        (func (export "host result") (param funcref) (drop (call $make)))
        (func (export "result") (param funcref) (result funcref) (local.get 0)))"#;

    /// Calls a function with a forged reference, or with null.
    fn call(mode: Mode, name: &str, forged: bool) {
        let engine = Engine::new(mode);
        let module = Module::from_vec(&engine, wat::parse_str(TEXT).unwrap()).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let func = Func::from_address(if forged { 999 } else { 0 }, store.id);
        let mut linker = Linker::new();
        let ty = [crate::ValType::FuncRef];
        linker
            .func_new("env", "take", &ty, &[], |_: Caller<'_, '_, ()>, _, _| Ok(()))
            .unwrap()
            .func_new("env", "make", &[], &ty, move |_, _, results| -> Result<(), Trap> {
                results[0] = Val::FuncRef(func);
                Ok(())
            })
            .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        if forged {
            store.inner.tables[0].elements[3] = 999;
        }
        let mut results = [Val::I32(0)];
        let results = if name == "result" { &mut results[..] } else { &mut [] };
        let run = instance.get_func(&store, name).unwrap();
        // `call_indirect` of null traps.
        let _ = run.call(&mut store, &[Val::FuncRef(func)], results);
    }

    const NAMES: [&str; 10] = [
        "table.set",
        "table.grow",
        "table.fill",
        "table.get",
        "call_indirect",
        "global.set",
        "global.set, then memory",
        "host argument",
        "host result",
        "result",
    ];

    const FORGE: &str = "ZONDA_TEST_FORGE";

    /// In a process of its own: a panic in a function that C calls ends it.
    #[test]
    fn forged_references_are_noticed_at_every_boundary() {
        const THIS: &str = "store::strict::tests::forged_references_are_noticed_at_every_boundary";
        if let Ok(case) = env::var(FORGE) {
            let (mode, name) = case.split_once(' ').unwrap();
            let mode = *Mode::ALL.iter().find(|known| format!("{known:?}") == mode).unwrap();
            return call(mode, name, true);
        }
        let run = |case: &str| {
            let output = process::Command::new(env::current_exe().unwrap())
                .args(["--exact", THIS, "--nocapture"])
                .env(FORGE, case)
                .output()
                .unwrap();
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        for mode in Mode::ALL {
            for name in NAMES {
                call(*mode, name, false);
                let (passed, said) = run(&format!("{mode:?} {name}"));
                assert!(
                    !passed && said.contains("a reference was forged"),
                    "{mode:?} {name}: {said}"
                );
            }
            // A reference that crosses no boundary harms nobody, and shows that the others fail for
            // their own reason.
            assert!(run(&format!("{mode:?} nothing")).0);
        }
    }
}
