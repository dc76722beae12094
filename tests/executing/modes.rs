//! Criterion: instances of one store run in different modes, call each other in both directions,
//! and nothing but the mode differs.

use crate::modules;

use zonda::{
    Caller, Engine, Error, Func, Instance, Linker, Mode, Module, Store, Trap, TrapCode, Val,
};

const CLASSIC: Mode = Mode::Classic;
const FAST: Mode = Mode::Fast;
/// Every choice of modes for two instances.
const PAIRS: [(Mode, Mode); 4] =
    [(CLASSIC, CLASSIC), (CLASSIC, FAST), (FAST, CLASSIC), (FAST, FAST)];

/// All of them; for Miri, which takes a minute for each, the second.
fn few<T>(all: [T; 4]) -> impl Iterator<Item = T> {
    let (first, count) = if cfg!(miri) { (1, 1) } else { (0, 4) };
    all.into_iter().skip(first).take(count)
}

/// What the host functions call back.
#[derive(Default)]
struct Host {
    back: Option<Func>,
}

type HostStore<'a> = Store<'a, Host>;

fn compile(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn linker() -> Linker<Host> {
    let mut linker = Linker::new();
    linker.func_wrap("env", "nop", || {}).unwrap();
    linker.func_wrap("env", "inc", |x: i32| x.wrapping_add(1)).unwrap();
    linker.func_wrap("env", "print", |_: i32, _: i32| {}).unwrap();
    linker
        .func_wrap("env", "back", |mut caller: Caller<'_, '_, Host>, x: i32| -> Result<i32, Trap> {
            let back = caller.data().back.ok_or(Trap::host(1))?;
            let mut results = [Val::I32(0)];
            match back.call(&mut caller, &[Val::I32(x)], &mut results) {
                Ok(()) => match results {
                    [Val::I32(result)] => Ok(result),
                    _ => Err(Trap::host(2)),
                },
                Err(Error::Trap(trap)) => Err(Trap { func: u32::MAX, offset: 0, ..trap }),
                Err(_) => Err(Trap::host(3)),
            }
        })
        .unwrap();
    linker
}

// Real modules, which take Miri minutes.
#[cfg_attr(miri, ignore)]
#[test]
fn instances_of_one_module_in_both_modes() {
    let linker = linker();
    for real in modules::MODULES {
        for loaded in [CLASSIC, FAST] {
            let engine = Engine::new(loaded);
            let module = Module::new(&engine, real.bytes).unwrap();
            let mut store = Store::new(&engine, Host::default()).unwrap();
            let instances = [CLASSIC, FAST].map(|mode| {
                let instance = linker.instantiate(&mut store, &module).unwrap();
                assert_eq!(instance.mode(&store), Ok(loaded));
                instance.set_mode(&mut store, mode).unwrap();
                assert_eq!(instance.mode(&store), Ok(mode));
                instance
            });
            for instance in instances {
                let run = instance.get_typed_func::<(i32,), i32>(&store, "run").unwrap();
                assert_eq!(
                    run.call(&mut store, (real.argument,)),
                    Ok(real.result),
                    "{}",
                    real.name
                );
            }
        }
    }
}

#[test]
fn an_instance_changes_its_mode_between_calls_and_keeps_its_state() {
    let bytes = compile(
        r#"(module (memory 1) (global $g (mut i64) (i64.const 1))
            (func (export "next") (result i64)
                (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
                (global.set $g (i64.mul (global.get $g) (i64.extend_i32_u (i32.load (i32.const 8)))))
                (global.get $g)))"#,
    );
    let engine = Engine::default();
    let module = Module::new(&engine, &bytes).unwrap();
    let mut store = Store::new(&engine, Host::default()).unwrap();
    let instance = linker().instantiate(&mut store, &module).unwrap();
    // Handles that were made before stay good.
    let next = instance.get_typed_func::<(), i64>(&store, "next").unwrap();
    let mut expected = 1;
    for (mode, number) in [CLASSIC, FAST, FAST, CLASSIC, CLASSIC, FAST].into_iter().zip(1..) {
        instance.set_mode(&mut store, mode).unwrap();
        expected *= number;
        assert_eq!(next.call(&mut store, ()), Ok(expected));
    }
}

/// Memory, table and functions that the other imports and that call the other through the table.
const ONE: &str = r#"(module
    (import "env" "inc" (func $inc (param i32) (result i32)))
    (import "env" "back" (func $back (param i32) (result i32)))
    (type $unary (func (param i32) (result i32)))
    (type $wide (func (param i64 f64 i32) (result i64 f64)))
    (memory (export "memory") 1)
    (table (export "table") 8 funcref)
    (global $depth (export "depth") (mut i32) (i32.const 0))
    (func $double (export "double") (type $unary) (i32.mul (local.get 0) (i32.const 2)))
    (func (export "swap") (type $wide)
        (i64.add (local.get 0) (i64.extend_i32_s (local.get 2)))
        (f64.add (local.get 1) (f64.convert_i64_s (local.get 0))))
    (func (export "trap") (type $unary) (i32.div_u (i32.const 7) (local.get 0)))
    (func (export "unreachable") (type $unary) unreachable)
    (func (export "load") (type $unary) (i32.load8_u (local.get 0)))
    (func (export "back") (type $unary) (i32.add (call $back (local.get 0)) (i32.const 100)))
    (func (export "tail_inc") (type $unary) (return_call $inc (local.get 0)))
    (func (export "tail_table") (type $unary)
        (return_call_indirect (type $unary) (local.get 0) (i32.const 1)))
    ;; Counts down with the function in slot 0, which is the other instance's: alternates.
    (func (export "down") (type $unary)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 1))
            (else (i32.add (i32.const 1) (call_indirect (type $unary) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))))
    (func (export "tail_down") (type $unary)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 77))
            (else (return_call_indirect (type $unary) (i32.sub (local.get 0) (i32.const 1)) (i32.const 2)))))
    (func (export "any") (param i32 i32) (result i32) (call_indirect (type $unary) (local.get 0) (local.get 1)))
    (func (export "endless") (param i32) (result i32) (call_indirect (type $unary) (local.get 0) (i32.const 3)))
    (elem (i32.const 1) func $double))"#;

const TWO: &str = r#"(module
    (type $unary (func (param i32) (result i32)))
    (type $wide (func (param i64 f64 i32) (result i64 f64)))
    (import "env" "back" (func $back (param i32) (result i32)))
    (import "one" "memory" (memory 1))
    (import "one" "table" (table 8 funcref))
    (import "one" "depth" (global $depth (mut i32)))
    (import "one" "double" (func $double (type $unary)))
    (import "one" "swap" (func $swap (type $wide)))
    (import "one" "trap" (func $trap (type $unary)))
    (import "one" "unreachable" (func $unreachable (type $unary)))
    (import "one" "load" (func $load (type $unary)))
    (import "one" "back" (func $one_back (type $unary)))
    (import "one" "tail_inc" (func $tail_inc (type $unary)))
    (import "one" "tail_table" (func $tail_table (type $unary)))
    (import "one" "down" (func $one_down (type $unary)))
    (import "one" "tail_down" (func $one_tail_down (type $unary)))
    (import "one" "endless" (func $one_endless (type $unary)))
    (func (export "double") (type $unary) (i32.add (call $double (local.get 0)) (call $double (i32.const 5))))
    (func (export "swap") (param i64 f64 i32) (result i64 f64) (local i32 i64)
        (call $swap (local.get 0) (local.get 1) (local.get 2)))
    (func (export "trap") (type $unary) (i32.add (call $trap (local.get 0)) (i32.const 1)))
    (func (export "unreachable") (type $unary) (return_call $unreachable (local.get 0)))
    (func (export "load") (type $unary)
        (i32.store8 (local.get 0) (i32.const 9)) (i32.add (call $load (local.get 0)) (i32.load8_u (local.get 0))))
    (func (export "load_there") (type $unary) (call $load (local.get 0)))
    (func (export "tail") (type $unary) (return_call $double (local.get 0)))
    (func (export "tail_inc") (type $unary) (i32.mul (call $tail_inc (local.get 0)) (i32.const 3)))
    (func (export "tail_tail_inc") (type $unary) (return_call $tail_inc (local.get 0)))
    (func (export "tail_table") (type $unary) (i32.mul (call $tail_table (local.get 0)) (i32.const 3)))
    (func (export "back") (type $unary) (i32.add (call $one_back (local.get 0)) (i32.const 1000)))
    (func (export "host_back") (type $unary) (i32.add (call $back (local.get 0)) (i32.const 10)))
    (func $down (export "down") (type $unary)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 1000000))
            (else (i32.add (i32.const 1000) (call $one_down (i32.sub (local.get 0) (i32.const 1)))))))
    (func $tail_down (export "tail_down") (type $unary)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 88))
            (else (return_call $one_tail_down (i32.sub (local.get 0) (i32.const 1))))))
    (func $endless (export "endless") (type $unary)
        (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
        (call $one_endless (local.get 0)))
    (func (export "any") (param i32 i32) (result i32) (call_indirect (type $unary) (local.get 0) (local.get 1)))
    (elem (i32.const 0) func $down)
    (elem (i32.const 2) func $tail_down $endless $back $swap))"#;

struct Two<'a> {
    store: HostStore<'a>,
    one: Instance,
    two: Instance,
}

impl<'a> Two<'a> {
    /// Both modules, loaded for classic mode, and instances of them in these modes.
    fn new(bytes: &'a (Vec<u8>, Vec<u8>), (one, two): (Mode, Mode)) -> Two<'a> {
        let engine = Engine::new(CLASSIC);
        let mut store = Store::new(&engine, Host::default()).unwrap();
        let mut linker = linker();
        let first =
            linker.instantiate(&mut store, &Module::new(&engine, &bytes.0).unwrap()).unwrap();
        linker.instance(&store, "one", first).unwrap();
        let second =
            linker.instantiate(&mut store, &Module::new(&engine, &bytes.1).unwrap()).unwrap();
        first.set_mode(&mut store, one).unwrap();
        second.set_mode(&mut store, two).unwrap();
        Two { store, one: first, two: second }
    }

    fn call(&mut self, instance: Instance, name: &str, args: &[Val]) -> Result<Vec<Val>, Error> {
        let func = instance.get_func(&self.store, name).unwrap();
        let mut results = vec![Val::I32(0); func.ty(&self.store)?.results().len()];
        func.call(&mut self.store, args, &mut results)?;
        Ok(results)
    }
}

fn both() -> (Vec<u8>, Vec<u8>) {
    (compile(ONE), compile(TWO))
}

/// Everything that the two modules do to each other, and the fuel that it used.
fn everything(two: &mut Two) -> Vec<(String, Result<Vec<Val>, Error>, u64)> {
    let (first, second) = (two.one, two.two);
    let unary = |value: i32| vec![Val::I32(value)];
    let mut calls: Vec<(Instance, &str, Vec<Val>)> = vec![
        (second, "swap", vec![Val::I64(-5), Val::F64(2.5f64.to_bits()), Val::I32(3)]),
        (second, "double", unary(4)),
        (second, "trap", unary(0)),
        (second, "trap", unary(2)),
        (second, "unreachable", unary(0)),
        (second, "load", unary(60000)),
        (second, "load", unary(65536)),
        (second, "load_there", unary(-1)),
        (second, "tail", unary(21)),
        (second, "tail_inc", unary(6)),
        (second, "tail_tail_inc", unary(6)),
        (second, "tail_table", unary(6)),
        (first, "down", unary(0)),
        (first, "down", unary(9)),
        (second, "down", unary(8)),
        (second, "host_back", unary(5)),
        (second, "back", unary(5)),
        (second, "host_back", unary(0)),
    ];
    for instance in [first, second] {
        // 0 and 1: the one's and the other's. 4: a host function. 5: of another type. 6: null. 8:
        // beyond the table.
        calls.extend(
            [0, 1, 4, 5, 6, 8].map(|slot| (instance, "any", vec![Val::I32(7), Val::I32(slot)])),
        );
    }
    let mut outcomes = Vec::new();
    // The host functions come back to the one that traps for 0, of either instance.
    // One of them is enough for Miri, and one other pair of modes.
    let backs = [first, second].map(|instance| instance.get_func(&two.store, "trap"));
    for back in backs.into_iter().take(if cfg!(miri) { 1 } else { 2 }) {
        two.store.data_mut().back = back;
        for (instance, name, args) in &calls {
            two.store.set_fuel(10_000_000);
            let outcome = two.call(*instance, name, args);
            outcomes.push((format!("{name} {args:?}"), outcome, 10_000_000 - two.store.fuel()));
        }
    }
    outcomes
}

#[test]
fn calls_between_modes_give_what_calls_within_one_give() {
    let bytes = both();
    let expected = everything(&mut Two::new(&bytes, PAIRS[0]));
    let result = |index: usize| expected[index].1.clone();
    // Some by hand, so that not all are wrong alike.
    assert_eq!(result(0), Ok(vec![Val::I64(-2), Val::F64((-2.5f64).to_bits())]));
    assert_eq!(result(1), Ok(vec![Val::I32(18)]));
    assert!(
        matches!(
            result(2),
            Err(Error::Trap(Trap { code: TrapCode::IntegerDivideByZero, func: 4, .. }))
        ),
        "{:?}",
        result(2)
    );
    assert_eq!(result(13), Ok(vec![Val::I32(1_004_005)]));
    assert_eq!(result(15), Ok(vec![Val::I32(11)]));
    assert_eq!(result(16), Ok(vec![Val::I32(1101)]));
    assert!(
        matches!(result(17), Err(Error::Trap(Trap { code: TrapCode::IntegerDivideByZero, .. }))),
        "{:?}",
        result(17)
    );
    for modes in few(PAIRS) {
        let got = everything(&mut Two::new(&bytes, modes));
        for (got, expected) in got.iter().zip(&expected) {
            assert_eq!(got, expected, "{modes:?}");
        }
    }
}

// More of the same for Miri, which takes minutes.
#[cfg_attr(miri, ignore)]
#[test]
fn the_modes_of_a_pair_can_be_changed_between_calls() {
    let bytes = both();
    let mut two = Two::new(&bytes, PAIRS[0]);
    let expected = everything(&mut two);
    for (one, other) in PAIRS {
        two.one.set_mode(&mut two.store, one).unwrap();
        two.two.set_mode(&mut two.store, other).unwrap();
        assert_eq!(everything(&mut two), expected, "{one:?} {other:?}");
    }
}

#[test]
fn tail_calls_between_modes_use_no_stack_and_pay_for_themselves() {
    let bytes = both();
    for modes in few(PAIRS) {
        let mut two = Two::new(&bytes, modes);
        for instance in [two.one, two.two] {
            let length = if cfg!(miri) { 40 } else { 100_000 };
            for (length, end) in [(length, [77, 88]), (length + 1, [88, 77])] {
                two.store.set_fuel(1_000_000);
                let end = end[usize::from(instance == two.two)];
                assert_eq!(
                    two.call(instance, "tail_down", &[Val::I32(length)]),
                    Ok(vec![Val::I32(end)]),
                    "{modes:?}"
                );
                assert_eq!(1_000_000 - two.store.fuel(), length as u64);
            }
            two.store.set_fuel(if cfg!(miri) { 20 } else { 1000 });
            let outcome = two.call(instance, "tail_down", &[Val::I32(-1)]);
            assert!(
                matches!(outcome, Err(Error::Trap(Trap { code: TrapCode::OutOfFuel, .. }))),
                "{modes:?}: {outcome:?}"
            );
        }
    }
}

#[test]
fn calls_between_modes_use_the_value_stack_and_end_with_it() {
    let bytes = both();
    for modes in few(PAIRS) {
        let mut two = Two::new(&bytes, modes);
        let (one, other) = (two.one, two.two);
        for instance in [one, other] {
            let outcome = two.call(instance, "endless", &[Val::I32(0)]);
            assert!(
                matches!(outcome, Err(Error::Trap(Trap { code: TrapCode::StackOverflow, .. }))),
                "{modes:?}: {outcome:?}"
            );
        }
        let depth = one.get_global(&two.store, "depth").unwrap().get(&two.store);
        assert!(matches!(depth, Ok(Val::I32(depth)) if depth > 500), "{modes:?}: {depth:?}");
        // Afterwards all is well.
        assert_eq!(two.call(other, "double", &[Val::I32(1)]), Ok(vec![Val::I32(12)]));
    }
}

#[test]
fn no_mode_is_changed_while_code_runs() {
    let linker = {
        let mut linker = Linker::<Vec<Instance>>::new();
        linker
            .func_wrap(
                "env",
                "change",
                |mut caller: Caller<'_, '_, Vec<Instance>>| -> Result<i32, Trap> {
                    let mut refused = 0;
                    for instance in caller.data().clone() {
                        for mode in [CLASSIC, FAST] {
                            let before = instance.mode(&caller);
                            refused += i32::from(
                                instance.set_mode(&mut caller, mode) == Err(Error::Running),
                            );
                            if instance.mode(&caller) != before {
                                return Err(Trap::host(1));
                            }
                        }
                    }
                    if refused == 0 {
                        Err(Trap::host(2))
                    } else {
                        Ok(refused)
                    }
                },
            )
            .unwrap();
        linker
    };
    let bytes = compile(
        r#"(module (import "env" "change" (func $change (result i32)))
            (func (export "run") (result i32) (i32.add (call $change) (i32.const 40))))"#,
    );
    for mode in [CLASSIC, FAST] {
        let engine = Engine::new(mode);
        let module = Module::new(&engine, &bytes).unwrap();
        let mut store = Store::new(&engine, Vec::new()).unwrap();
        let instances = [(); 2].map(|()| linker.instantiate(&mut store, &module).unwrap());
        store.data_mut().extend(instances);
        let run = instances[1].get_typed_func::<(), i32>(&store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()), Ok(44));
        // When it has ended, also with a trap, modes can be chosen again.
        let instances = std::mem::take(store.data_mut());
        assert!(run.call(&mut store, ()).is_err());
        for (instance, mode) in
            instances.iter().zip([CLASSIC, FAST]).chain(instances.iter().zip([FAST, CLASSIC]))
        {
            instance.set_mode(&mut store, mode).unwrap();
        }
        *store.data_mut() = instances;
        assert_eq!(run.call(&mut store, ()), Ok(44));
    }
}

#[test]
fn an_instance_of_another_store_is_refused() {
    let bytes = compile("(module (func))");
    let engine = Engine::default();
    let module = Module::new(&engine, &bytes).unwrap();
    let mut store = Store::new(&engine, Host::default()).unwrap();
    let instance = linker().instantiate(&mut store, &module).unwrap();
    let mut other = Store::new(&engine, Host::default()).unwrap();
    assert_eq!(instance.mode(&other), Err(Error::WrongStore));
    assert_eq!(instance.set_mode(&mut other, CLASSIC), Err(Error::WrongStore));
}

/// Calls the export `f` of a module with `argument`, in each mode.
fn f_in_each_mode(text: &str, argument: i32) -> [Result<i32, TrapCode>; 2] {
    let bytes = compile(text);
    [CLASSIC, FAST].map(|mode| {
        let engine = Engine::new(mode);
        let module = Module::new(&engine, &bytes).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let f = instance.get_typed_func::<i32, i32>(&store, "f").unwrap();
        match f.call(&mut store, argument) {
            Ok(result) => Ok(result),
            Err(Error::Trap(trap)) => Err(trap.code),
            Err(error) => panic!("{error}"),
        }
    })
}

/// An instruction that is not written yet back reads the stack slot that a spilled local goes to.
#[test]
fn a_spill_does_not_overwrite_what_the_last_instruction_reads() {
    let text = "(module (func (export \"f\") (param $x i32) (result i32)
        (block (result i32) i32.const 3) (block (result i32) i32.const 4)
        i32.add  local.get $x  (local.set $x (i32.const 9))  i32.add))";
    assert_eq!(f_in_each_mode(text, 1), [Ok(8), Ok(8)]);
    // The same with a pair that is read.
    let text = "(module (func (export \"f\") (param $x i32) (result i32)
        (block (result i64) i64.const 0x300000004) (i64.eqz)
        (block (result i32) i32.const 4) i32.add
        local.get $x  (local.set $x (i32.const 9))  i32.add))";
    assert_eq!(f_in_each_mode(text, 1), [Ok(5), Ok(5)]);
}

/// A callee without a result, or with several, leaves a value in the accumulator that is not the
/// caller's topmost operand.
#[test]
fn the_accumulator_is_unknown_after_call_indirect() {
    let text = "(module (table 1 funcref) (elem (i32.const 0) $v) (type $t (func))
        (global $g (mut i32) (i32.const 0))
        (func $v (type $t) i32.const 99 global.set $g)
        (func (export \"f\") (param i32) (result i32)
            (i32.add (local.get 0) (i32.const 1)) (call_indirect (type $t) (i32.const 0))
            i32.const 10 i32.add))";
    assert_eq!(f_in_each_mode(text, 1), [Ok(12), Ok(12)]);
    let text = "(module (table 1 funcref) (elem (i32.const 0) $v)
        (type $t (func (result i32 i32)))
        (func $v (type $t) i32.const 1 i32.const 2)
        (func (export \"f\") (param i32) (result i32)
            (call_indirect (type $t) (i32.const 0)) i32.const 10 i32.mul i32.add))";
    assert_eq!(f_in_each_mode(text, 1), [Ok(21), Ok(21)]);
    let text = "(module (table 1 funcref) (elem (i32.const 0) $v)
        (type $t (func (result i32)))
        (func $v (type $t) i32.const 7)
        (func (export \"f\") (param i32) (result i32)
            (call_indirect (type $t) (i32.const 0)) local.get 0 i32.add))";
    assert_eq!(f_in_each_mode(text, 1), [Ok(8), Ok(8)]);
}

/// A number never becomes a reference: the table entry stays null, so the call traps.
#[test]
fn a_function_reference_cannot_be_forged_from_a_number() {
    let text = "(module (type $s (func (result i32))) (func $secret (type $s) i32.const 4242)
        (func $two (result funcref funcref) ref.null func ref.null func) (table $t 1 funcref)
        (func (export \"f\") (param $n i32) (result i32)
            i32.const 0  call $two  i32.const 0  select (result funcref)
            local.get $n  (local.set $n (i32.const 7))  drop  table.set $t
            (call_indirect (type $s) (i32.const 0))))";
    let trap = Err(TrapCode::UninitializedElement);
    assert_eq!(f_in_each_mode(text, 1), [trap, trap]);
}
