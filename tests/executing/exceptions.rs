//! Exceptions: across calls, instances, modes and host functions, in large functions and tail
//! calls; what nobody catches; and what becomes of references to them.

use std::fmt::Write as _;

use crate::calls::{call, load, trap_code, MODES};
use zonda::{
    Caller, Engine, Error, Exn, Extern, Func, Instance, Linker, Mode, Module, Store, StoreConfig,
    Tag, Trap, TrapCode, Val, ValType,
};

/// The module in each form that is executed: in both modes, and precompiled where it has no
/// references.
pub(crate) fn forms(text: &str) -> Vec<(String, Module<'static>)> {
    forms_of(&wat::parse_str(text).unwrap())
}

pub(crate) fn forms_of(bytes: &[u8]) -> Vec<(String, Module<'static>)> {
    let load = |mode| Module::from_vec(&Engine::new(mode), bytes).unwrap();
    let mut forms: Vec<_> = MODES.iter().map(|&mode| (format!("{mode:?}"), load(mode))).collect();
    let options = zonda_compiler::CompileOptions {
        word_size: size_of::<usize>() as u8,
        keep_code: false,
        debug: false,
    };
    if let Ok(file) = zonda_compiler::compile(bytes, &options) {
        let module = Module::from_vec(&Engine::new(Mode::Fast), file).unwrap();
        forms.push(("precompiled".into(), module));
    }
    forms
}

pub(crate) fn run(module: &Module<'static>, name: &str, args: &[Val]) -> Result<Vec<Val>, Error> {
    let mut store = Store::new(&Engine::default(), ()).unwrap();
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    call(&mut store, instance, name, args)
}

const VALUES: &str = r#"(module
    (tag $other (param i32))
    (tag $e (param i32 i64 f32 f64))
    (func $throw (param i32 i64 f32 f64)
        ;; Operands below those of the exception.
        i32.const 77 i64.const 88
        (throw $e (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
    (func $between (param i32 i64 f32 f64) (local i64 i32)
        (block (result i32)
            (try_table (result i32) (catch $other 0)
                (call $throw (local.get 0) (local.get 1) (local.get 2) (local.get 3))
                (i32.const 3)))
        drop)
    (func (export "run") (param i32 i64 f32 f64) (result i32 i64 f32 f64) (local $kept i64)
        (local.set $kept (i64.const 0x123456789abcdef))
        (block $caught (result i32 i64 f32 f64)
            i64.const 9
            (try_table (catch $e $caught)
                (call $between (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
            drop
            unreachable)
        ;; The locals are as they were.
        (if (i64.ne (local.get $kept) (i64.const 0x123456789abcdef)) (then (unreachable)))))"#;

#[test]
fn an_exception_carries_its_values_to_the_innermost_handler_that_wants_it() {
    let args = [
        Val::I32(-5),
        Val::I64(i64::MIN + 7),
        Val::F32(0x7fa0_0001),
        Val::F64(0xfff4_0000_0000_0001),
    ];
    for (form, module) in forms(VALUES) {
        assert_eq!(run(&module, "run", &args), Ok(args.to_vec()), "{form}");
    }
}

const SHAPES: &str = r#"(module
    (tag $a) (tag $b (param i32)) (tag $c (param i64))
    (func $thrower (param i32)
        (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $a)))
        (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $b (i32.const 20))))
        (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $c (i64.const 30)))))
    ;; The function's own label: without results, with one, with two.
    (func $none (param i32) (try_table (catch $a 0) (call $thrower (local.get 0))))
    (func $one (param i32) (result i32)
        (try_table (catch $b 0) (call $thrower (local.get 0))) (i32.const -1))
    (func $pair (param i32) (result i64)
        (try_table (catch $c 0) (call $thrower (local.get 0))) (i64.const -1))
    (func (export "labels") (param i32) (result i32 i64)
        (if (i32.eq (local.get 0) (i32.const 1)) (then (call $none (local.get 0))))
        (if (result i32) (i32.eq (local.get 0) (i32.const 2))
            (then (call $one (local.get 0))) (else (call $one (i32.const 0))))
        (if (result i64) (i32.eq (local.get 0) (i32.const 3))
            (then (call $pair (local.get 0))) (else (call $pair (i32.const 0)))))
    ;; A loop as the target, with a parameter: counts the times that it was thrown.
    (func (export "loop") (param $n i32) (result i32) (local $count i32)
        i32.const 0
        (loop $again (param i32)
            (local.set $count (i32.add (local.get $count)))
            (if (i32.ge_s (local.get $count) (local.get $n)) (then (return (local.get $count))))
            (try_table (catch $b $again) (throw $b (i32.const 1))))
        unreachable)
    ;; Clauses in their order; all of them; nested ones; an if with arms.
    (func (export "order") (param i32) (result i32)
        (block $all
            (block $b (result i32)
                (block $a
                    (try_table (catch $a $a) (catch_all $all) (catch $b $b)
                        (try_table
                            (try_table (catch_all $a)
                                (if (i32.eqz (local.get 0)) (then (throw $c (i64.const 1)))))
                            (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $a))
                                (else (throw $b (i32.const 4))))))
                    (return (i32.const 0)))
                (return (i32.const 10)))
            (return))
        (i32.const 30))
    ;; A value that the block before has computed stays, and code behind the handler's end is not covered.
    (func (export "behind") (param i32) (result i32)
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (try_table (catch $b 0)
            (local.set 0 (i32.add (local.get 0) (i32.const 10)))
            (call $thrower (i32.const 0)))
        (local.set 0 (i32.mul (local.get 0) (i32.const 2)))
        (call $thrower (i32.const 2))
        (local.get 0))
    ;; Parameters of the block, and dead code around it.
    (func (export "params") (param i32) (result i32)
        (block $h (result i32)
            (local.get 0)
            (try_table (param i32) (result i32) (catch $b $h)
                (if (param i32) (result i32) (i32.eqz (local.get 0))
                    (then (throw $b (i32.add (i32.const 100))))
                    (else (i32.add (i32.const 1)))))
            (br $h)
            (block (try_table (catch_all 0) (throw $a) (call $thrower (i32.const 3))))
            (i32.const 1)))
)"#;

#[test]
fn handlers_lead_to_labels_of_every_kind() {
    let i32 = |value| Val::I32(value);
    for (form, module) in forms(SHAPES) {
        let one = |name: &str, n: i32| run(&module, name, &[i32(n)]);
        for n in 0..4 {
            let expected =
                [i32(if n == 2 { 20 } else { -1 }), Val::I64(if n == 3 { 30 } else { -1 })];
            assert_eq!(one("labels", n), Ok(expected.to_vec()), "{form}");
        }
        assert_eq!(one("loop", 5), Ok(vec![i32(5)]), "{form}");
        assert_eq!(one("order", 0), Ok(vec![i32(10)]), "{form}");
        assert_eq!(one("order", 1), Ok(vec![i32(10)]), "{form}");
        assert_eq!(one("order", 2), Ok(vec![i32(30)]), "{form}");
        assert_eq!(trap_code(one("behind", 0)), TrapCode::Exception, "{form}");
        assert_eq!(one("params", 0), Ok(vec![i32(100)]), "{form}");
        assert_eq!(one("params", 3), Ok(vec![i32(4)]), "{form}");
    }
}

/// A function with so many locals that register bytecode names its slots in the long encoding.
fn large(body: &str) -> String {
    let mut locals = String::from("(local $first i32)");
    for _ in 0..300 {
        locals.push_str(" (local i64)");
    }
    locals.push_str(" (local $last i64)");
    body.replace("LOCALS", &locals)
}

#[test]
fn large_functions_throw_and_catch_and_are_left() {
    let text = large(
        r#"(module
        (tag $e (param i64 i32))
        (tag $other)
        (func $small (param i64) (throw $e (local.get 0) (i32.const 3)))
        (func $thrower (param i64) LOCALS
            (local.set $last (local.get 0))
            i64.const 1 i64.const 2
            (throw $e (local.get $last) (i32.const 4)))
        (func $passing (param i64 i32) LOCALS
            (try_table (catch $other 0)
                (if (local.get 1) (then (call $thrower (local.get 0))) (else (call $small (local.get 0))))))
        (func (export "run") (param i64 i32) (result i64 i32) LOCALS
            (local.set $last (i64.const 11)) (local.set $first (i32.const 12))
            i64.const 50
            (block $h (result i64 i32)
                i32.const 6
                (try_table (catch $e $h) (call $passing (local.get 0) (local.get 1)))
                unreachable)
            (i32.add (local.get $first))
            (local.set $first)
            (i64.add (local.get $last))
            (i64.add)
            (local.get $first))
        (func (export "label") (param i64) (result i64 i32) LOCALS
            (try_table (catch $e 0) (call $passing (local.get 0) (i32.const 1)))
            unreachable))"#,
    );
    for (form, module) in forms(&text) {
        for (large, own) in [(0, 3), (1, 4)] {
            let results = run(&module, "run", &[Val::I64(1000), Val::I32(large)]);
            assert_eq!(results, Ok(vec![Val::I64(1061), Val::I32(12 + own)]), "{form}");
        }
        let results = run(&module, "label", &[Val::I64(9)]);
        assert_eq!(results, Ok(vec![Val::I64(9), Val::I32(4)]), "{form}");
    }
}

const CATCHER: &str = r#"(module
    (import "other" "tag" (tag $e (param i32)))
    (import "other" "pass" (func $pass (param i32)))
    (tag $own (export "own") (param i32))
    (func (export "throw") (param i32) (throw $e (local.get 0)))
    (func (export "throw own") (param i32) (throw $own (local.get 0)))
    (func (export "catch") (param i32) (result i32)
        (block $h (result i32)
            (block $mine (result i32)
                (try_table (catch $own $mine) (catch $e $h) (call $pass (local.get 0)))
                (return (i32.const 0)))
            (return (i32.add (i32.const 1000))))
        (i32.add (i32.const 1))))"#;

const PASSER: &str = r#"(module
    (tag $e (export "tag") (param i32))
    (tag $same (param i32))
    (table $t (export "table") 1 funcref)
    (func (export "pass") (param i32) (local i64)
        (block $h (result i32)
            (try_table (catch $same $h)
                (call_indirect $t (param i32) (local.get 0) (i32.const 0)))
            (return))
        drop))"#;

#[test]
fn exceptions_pass_instances_in_any_modes() {
    for modes in [[0, 0], [0, 1], [1, 0], [1, 1]] {
        let [outer, inner] = modes.map(|mode| MODES[mode]);
        let mut store = Store::new(&Engine::default(), ()).unwrap();
        let mut linker = Linker::new();
        let other = linker.instantiate(&mut store, &load(inner, PASSER)).unwrap();
        linker.instance(&store, "other", other).unwrap();
        let first = linker.instantiate(&mut store, &load(outer, CATCHER)).unwrap();
        // The same module again: its own tag is another one.
        let second = linker.instantiate(&mut store, &load(outer, CATCHER)).unwrap();
        let table = other.get_export(&store, "table").and_then(Extern::into_table).unwrap();
        let mut catch = |from: Instance, name: &str| {
            let func = from.get_func(&store, name).unwrap();
            table.set(&mut store, 0, Val::FuncRef(Some(func))).unwrap();
            call(&mut store, first, "catch", &[Val::I32(7)])
        };
        assert_eq!(catch(first, "throw"), Ok(vec![Val::I32(8)]), "{outer:?} {inner:?}");
        assert_eq!(catch(second, "throw"), Ok(vec![Val::I32(8)]), "{outer:?} {inner:?}");
        assert_eq!(catch(first, "throw own"), Ok(vec![Val::I32(1007)]), "{outer:?} {inner:?}");
        assert_eq!(trap_code(catch(second, "throw own")), TrapCode::Exception);
        // And again, after one that nobody caught.
        assert_eq!(catch(first, "throw"), Ok(vec![Val::I32(8)]));
    }
}

#[test]
fn what_nobody_catches_is_a_trap_with_its_place_and_what_was_thrown() {
    let text = r#"(module
        (tag $e (export "e") (param i64 f32))
        (func $throw (param i64) (nop) (throw $e (local.get 0) (f32.const 1.5)))
        (func (export "run") (param i64) (result i32) (call $throw (local.get 0)) (i32.const 1)))"#;
    let bytes = wat::parse_str(text).unwrap();
    let before = [0x43, 0, 0, 0xc0, 0x3f];
    let at = bytes.windows(5).position(|bytes| bytes == before).unwrap() as u32 + 5;
    for mode in MODES {
        let mut store = Store::new(&Engine::default(), ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &load(mode, text)).unwrap();
        assert_eq!(store.exception(), None);
        let result = call(&mut store, instance, "run", &[Val::I64(-9)]);
        let Err(Error::Trap(trap)) = result else { panic!("{result:?}") };
        assert_eq!((trap.code, trap.func, trap.offset), (TrapCode::Exception, 0, at), "{mode:?}");
        assert!(trap.to_string().starts_with("uncaught wasm exception"));
        let thrown = store.exception().unwrap();
        let tag = instance.get_export(&store, "e").and_then(Extern::into_tag).unwrap();
        assert_eq!(thrown.tag(&store), Ok(tag));
        assert_eq!(thrown.value(&store, 0), Ok(Some(Val::I64(-9))));
        assert_eq!(thrown.value(&store, 1), Ok(Some(Val::F32(1.5f32.to_bits()))));
        assert_eq!(thrown.value(&store, 2), Ok(None));
        assert_eq!(store.take_exception(), Some(thrown));
        assert_eq!(store.exception(), None);
    }
}

const HOST: &str = r#"(module
    (import "env" "tag" (tag $e (param i32)))
    (import "env" "throw" (func $throw (param i32)))
    (import "env" "back" (func $back (param i32)))
    (table funcref (elem $throw))
    (func (export "inner") (param i32) (throw $e (i32.mul (local.get 0) (i32.const 2))))
    (func $direct (export "direct") (param i32) (result i32)
        (block $h (result i32)
            (try_table (catch $e $h) (call $throw (local.get 0)))
            (i32.const -1)))
    (func (export "indirect") (param i32) (result i32)
        (block $h (result i32)
            (try_table (catch $e $h) (call_indirect (param i32) (local.get 0) (i32.const 0)))
            (i32.const -1)))
    (func (export "back") (param i32) (result i32)
        (block $h (result i32)
            (try_table (catch $e $h) (call $back (local.get 0)))
            (i32.const -1)))
    ;; A tail call leaves the try_table, whatever it calls.
    (func $tail (param i32)
        (drop (block $h (result i32)
            (try_table (catch $e $h) (return_call $throw (local.get 0)))
            unreachable))
        unreachable)
    (func $tail_indirect (param i32)
        (drop (block $h (result i32)
            (try_table (catch $e $h) (return_call_indirect (param i32) (local.get 0) (i32.const 0)))
            unreachable))
        unreachable)
    (func $tail_wasm (param i32)
        (drop (block $h (result i32)
            (try_table (catch $e $h) (return_call $thrower (local.get 0)))
            unreachable))
        unreachable)
    (func $thrower (param i32) LOCALS (throw $e (local.get 0)))
    (func $tail_large (param i32) LOCALS
        (drop (block $h (result i32)
            (try_table (catch $e $h) (return_call $throw (local.get 0)))
            unreachable))
        unreachable)
    (func (export "tails") (param i32) (result i32)
        (block $h (result i32)
            (try_table (catch $e $h) (call $tail (local.get 0))) (i32.const -1))
        (block $h (result i32)
            (try_table (catch $e $h) (call $tail_indirect (local.get 0))) (i32.const -1))
        (block $h (result i32)
            (try_table (catch $e $h) (call $tail_wasm (local.get 0))) (i32.const -1))
        (block $h (result i32)
            (try_table (catch $e $h) (call $tail_large (local.get 0))) (i32.const -1))
        i32.add i32.add i32.add))"#;

#[test]
fn host_functions_throw_and_let_pass() {
    for mode in MODES {
        let mut store = Store::new(&Engine::default(), ()).unwrap();
        let mut linker = Linker::new();
        let tag = Tag::new(&mut store, &[ValType::I32]).unwrap();
        linker.define("env", "tag", Extern::Tag(tag)).unwrap();
        linker
            .func_wrap("env", "throw", move |mut caller: Caller<'_, '_, ()>, value: i32| {
                let exception = Exn::new(&mut caller, tag, &[Val::I32(value + 1)]).unwrap();
                Err::<(), Trap>(exception.throw(&mut caller).unwrap())
            })
            .unwrap();
        linker
            .func_new(
                "env",
                "back",
                &[ValType::I32],
                &[],
                |mut caller: Caller<'_, '_, ()>, args, _| {
                    let inner = caller.get_export("inner").and_then(Extern::into_func).unwrap();
                    match inner.call(&mut caller, args, &mut []) {
                        Err(Error::Trap(trap)) => Err(trap),
                        other => panic!("{other:?}"),
                    }
                },
            )
            .unwrap();
        let module = load(mode, &large(HOST));
        let instance = linker.instantiate(&mut store, &module).unwrap();
        for (name, expected) in
            [("direct", 8), ("indirect", 8), ("back", 14), ("tails", 8 + 8 + 7 + 8)]
        {
            let results = call(&mut store, instance, name, &[Val::I32(7)]);
            assert_eq!(results, Ok(vec![Val::I32(expected)]), "{mode:?} {name}");
        }
        // A host function that the host calls itself.
        let throw = Func::wrap(&mut store, move |mut caller: Caller<'_, '_, ()>| {
            let exception = Exn::new(&mut caller, tag, &[Val::I32(5)]).unwrap();
            Err::<(), Trap>(exception.throw(&mut caller).unwrap())
        })
        .unwrap();
        assert_eq!(trap_code(throw.call(&mut store, &[], &mut [])), TrapCode::Exception);
        assert_eq!(store.exception().unwrap().value(&store, 0), Ok(Some(Val::I32(5))));
        // A trap that a host function makes up throws nothing.
        store.take_exception();
        let made_up =
            Func::wrap(&mut store, || Err::<(), Trap>(Trap::new(TrapCode::Exception))).unwrap();
        assert_eq!(trap_code(made_up.call(&mut store, &[], &mut [])), TrapCode::Exception);
        assert_eq!(store.exception(), None);
        // Wrong values, and a tag of another store.
        assert_eq!(Exn::new(&mut store, tag, &[]), Err(Error::TypeMismatch));
        assert_eq!(Exn::new(&mut store, tag, &[Val::I64(0)]), Err(Error::TypeMismatch));
        let mut other = Store::new(&Engine::default(), ()).unwrap();
        assert_eq!(Exn::new(&mut other, tag, &[Val::I32(0)]), Err(Error::WrongStore));
        assert!(matches!(linker.instantiate(&mut other, &module), Err(Error::WrongStore)));
    }
}

const REFERENCES: &str = r#"(module
    (tag $e (param i32))
    (tag $holder (param exnref))
    (global $g (mut exnref) (ref.null exn))
    (table $t 4 exnref)
    (func $reference (param i32) (result exnref)
        (block $h (result exnref)
            (try_table (catch_all_ref $h) (throw $e (local.get 0)))
            unreachable))
    (func $value (param exnref) (result i32)
        (block $h (result i32)
            (try_table (catch $e $h) (throw_ref (local.get 0)))
            unreachable))
    ;; What C++ does in every frame with a destructor.
    (func $cleanup (param i32)
        (block $h (result exnref)
            (try_table (catch_all_ref $h) (throw $e (local.get 0)))
            unreachable)
        throw_ref)
    (func (export "many") (param $n i32) (result i32) (local $sum i32)
        (loop $again
            (block $h (result i32)
                (try_table (catch $e $h) (call $cleanup (local.get $n)))
                unreachable)
            (local.set $sum (i32.add (local.get $sum)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $again (local.get $n)))
        (local.get $sum))
    ;; Kept in a global, a table, a local, an operand, and inside of another exception.
    (func (export "keep") (param $n i32) (result i32) (local $local exnref)
        (global.set $g (call $reference (i32.const 1)))
        (table.set $t (i32.const 2) (call $reference (i32.const 20)))
        (local.set $local (call $reference (i32.const 300)))
        (table.set $t (i32.const 1)
            (block $h (result exnref)
                (try_table (catch_all_ref $h) (throw $holder (call $reference (i32.const 4000))))
                unreachable))
        (call $reference (i32.const 50000))
        (call $more (local.get $n)) drop
        call $value
        (i32.add (call $value (global.get $g)))
        (i32.add (call $value (table.get $t (i32.const 2))))
        (i32.add (call $value (local.get $local)))
        (i32.add (call $value
            (block $h (result exnref)
                (try_table (catch $holder $h) (throw_ref (table.get $t (i32.const 1))))
                unreachable))))
    (func $more (param $n i32) (result i32)
        (loop $again
            (drop (call $reference (local.get $n)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $again (local.get $n)))
        (local.get $n))
    (func (export "null") (throw_ref (ref.null exn)))
    (func (export "fill") (param $n i32) (result i32) (local $at i32)
        (drop (table.grow $t (ref.null exn) (local.get $n)))
        (loop $again
            (table.set $t (local.get $at) (call $reference (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $at) (local.get $n))))
        (call $value (table.get $t (i32.sub (local.get $n) (i32.const 1)))))
    (func (export "give") (param i32) (result exnref) (call $reference (local.get 0)))
    (func (export "is") (param exnref) (result i32) (call $value (local.get 0))))"#;

#[test]
fn exceptions_that_nothing_refers_to_are_freed_and_others_stay() {
    for mode in MODES {
        let engine = Engine::new(mode);
        let config =
            StoreConfig { stack_bytes: 4096, total_limit: 8 * 1024, ..StoreConfig::default() };
        let mut store = Store::with_config(&engine, (), config).unwrap();
        let instance = Linker::new().instantiate(&mut store, &load(mode, REFERENCES)).unwrap();
        // Each would take 28 bytes: 2.8 MB.
        let n = 100_000i32;
        let sum = (1..=n).fold(0i32, i32::wrapping_add);
        assert_eq!(call(&mut store, instance, "many", &[Val::I32(n)]), Ok(vec![Val::I32(sum)]));
        assert_eq!(
            call(&mut store, instance, "keep", &[Val::I32(5000)]),
            Ok(vec![Val::I32(54321)])
        );
        assert_eq!(trap_code(call(&mut store, instance, "null", &[])), TrapCode::NullException);
        // So many at once are more than the limit allows, and none is lost before.
        assert_eq!(
            trap_code(call(&mut store, instance, "fill", &[Val::I32(1000)])),
            TrapCode::OutOfMemory
        );
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &load(mode, REFERENCES)).unwrap();
        assert_eq!(call(&mut store, instance, "fill", &[Val::I32(1000)]), Ok(vec![Val::I32(999)]));
    }
}

#[test]
fn the_host_passes_references_and_one_that_was_freed_traps() {
    for mode in MODES {
        let engine = Engine::new(mode);
        let config = StoreConfig { stack_bytes: 1024, ..StoreConfig::default() };
        let mut store = Store::with_config(&engine, (), config).unwrap();
        let instance = Linker::new().instantiate(&mut store, &load(mode, REFERENCES)).unwrap();
        let given = call(&mut store, instance, "give", &[Val::I32(44)]).unwrap();
        let [Val::ExnRef(Some(exception))] = given[..] else { panic!("{given:?}") };
        assert_eq!(exception.value(&store, 0), Ok(Some(Val::I32(44))));
        assert_eq!(call(&mut store, instance, "is", &given), Ok(vec![Val::I32(44)]));
        assert_eq!(
            trap_code(call(&mut store, instance, "is", &[Val::ExnRef(None)])),
            TrapCode::NullException
        );
        call(&mut store, instance, "many", &[Val::I32(1000)]).unwrap();
        assert_eq!(trap_code(exception.value(&store, 0)), TrapCode::NullException);
        assert_eq!(trap_code(exception.tag(&store)), TrapCode::NullException);
        assert_eq!(trap_code(call(&mut store, instance, "is", &given)), TrapCode::NullException);
        assert!(exception.throw(&mut store).is_err());
        // A reference of another store is none.
        let mut other = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut other, &load(mode, REFERENCES)).unwrap();
        assert_eq!(call(&mut other, instance, "is", &given), Err(Error::WrongStore));
        assert_eq!(exception.tag(&other), Err(Error::WrongStore));
    }
}

#[test]
fn whoever_throws_and_catches_without_end_is_stopped() {
    let text = r#"(module
        (tag $e)
        (func (export "run")
            (loop $again (try_table (catch $e $again) (throw $e)))))"#;
    let mut left = Vec::new();
    for (form, module) in forms(text) {
        let mut store = Store::new(&Engine::default(), ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        store.set_fuel(1000);
        assert_eq!(
            trap_code(call(&mut store, instance, "run", &[])),
            TrapCode::OutOfFuel,
            "{form}"
        );
        left.push(store.fuel());
        store.set_fuel(u64::MAX);
        store.interrupt_handle().terminate();
        assert_eq!(
            trap_code(call(&mut store, instance, "run", &[])),
            TrapCode::Terminated,
            "{form}"
        );
    }
    assert!(left.iter().all(|&fuel| fuel == left[0]), "{left:?}");
}

#[test]
fn a_frame_that_is_left_gives_its_stack_back() {
    // Each call takes a frame; without unwinding the stack would be full.
    let text = r#"(module
        (tag $e (param i32))
        (func $deep (param i32)
            (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 1))))
            (call $deep (i32.sub (local.get 0) (i32.const 1))))
        (func (export "run") (param $n i32) (result i32) (local $sum i32)
            (loop $again
                (block $h (result i32)
                    (try_table (catch $e $h) (call $deep (i32.const 20)))
                    unreachable)
                (local.set $sum (i32.add (local.get $sum)))
                (br_if $again (i32.lt_u (local.get $sum) (local.get $n))))
            (local.get $sum)))"#;
    for (form, module) in forms(text) {
        let config = StoreConfig { stack_bytes: 2048, ..StoreConfig::default() };
        let mut store = Store::with_config(&Engine::default(), (), config).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        assert_eq!(
            call(&mut store, instance, "run", &[Val::I32(300)]),
            Ok(vec![Val::I32(300)]),
            "{form}"
        );
    }
}

#[test]
fn a_mode_that_is_changed_has_handlers_of_its_own() {
    let module = load(Mode::Classic, SHAPES);
    let mut store = Store::new(&Engine::default(), ()).unwrap();
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    for mode in [Mode::Fast, Mode::Classic, Mode::Fast] {
        instance.set_mode(&mut store, mode).unwrap();
        assert_eq!(call(&mut store, instance, "loop", &[Val::I32(9)]), Ok(vec![Val::I32(9)]));
    }
}

#[test]
fn deep_nesting_of_handlers_is_searched_from_the_inside() {
    let mut text = String::from("(module (tag $a (param i32)) (tag $b (param i32)) (func (export \"run\") (param i32) (result i32)\n");
    let depth = 200;
    for level in 0..depth {
        let _ = writeln!(text, "(block $h{level} (result i32) (try_table (catch $a $h{level})");
    }
    text.push_str("(throw $a (local.get 0))");
    for level in (0..depth).rev() {
        // Thrown on to the next one outside.
        let next = if level == 0 { "(return)" } else { "(throw $a (i32.add (i32.const 1)))" };
        let _ = writeln!(text, ") unreachable) {next}");
    }
    text.push_str("))");
    for (form, module) in forms(&text) {
        assert_eq!(run(&module, "run", &[Val::I32(0)]), Ok(vec![Val::I32(depth - 1)]), "{form}");
    }
}
