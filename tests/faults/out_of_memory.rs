//! Criterion: whichever allocation fails while loading, linking, instantiating and calling, the
//! error says so and nothing leaks.

use crate::modules;

use crate::failing::{watch, Fail};
use zonda::{
    Caller, Engine, Error, Extern, Func, Global, GlobalType, Grants, IndexType, Limits, Linker,
    Memory, MemoryType, Mode, Module, Sharing, Store, StoreConfig, Table, TableType, Trap,
    TrapCode, Val, ValType,
};
use zonda_bench_env::Env;

/// Loads, links, instantiates, calls `run`, and drops everything.
fn whole_life(mode: Mode, bytes: &[u8], argument: i32) -> Result<i32, Error> {
    let engine = Engine::new(mode);
    let module = Module::new(&engine, bytes)?;
    let mut linker = Linker::new();
    linker.define_module(Env::MODULE, Grants::All, |data| data)?;
    let mut store = Store::new(&engine, ())?;
    let instance = linker.instantiate(&mut store, &module)?;
    let func = instance.get_func(&store, "run").ok_or(Error::UnknownExport)?;
    let mut results = [Val::I32(0)];
    func.call(&mut store, &[Val::I32(argument)], &mut results)?;
    match results {
        [Val::I32(result)] => Ok(result),
        _ => Err(Error::TypeMismatch),
    }
}

/// A second instance that imports function, memory, table and global of a first.
fn linked_life(first: &[u8], second: &[u8]) -> Result<i32, Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ())?;
    let mut linker = Linker::new();
    let first = linker.instantiate(&mut store, &Module::new(&engine, first)?)?;
    linker.instance(&mut store, "first", first)?;
    let second = linker.instantiate(&mut store, &Module::from_vec(&engine, second)?)?;
    let run = second.get_typed_func::<(i32,), i32>(&store, "run")?;
    run.call(&mut store, (5,))
}

/// Fails every allocation in turn, alone and with all that follow, until none is left to fail. A
/// module that grows its own memory is told of the failure by `memory.grow` and decides itself
/// (`guest_decides`).
fn every_allocation(
    name: &str,
    expected: i32,
    guest_decides: bool,
    life: impl Fn() -> Result<i32, Error>,
) {
    let mut injected = 0;
    let (result, calm) = watch(Fail::Never, &life);
    assert_eq!(result, Ok(expected), "{name}");
    assert_eq!(calm.leaked, 0, "{name} leaks without any failure");
    assert!(
        calm.allocations > 3,
        "{name}: only {} allocations: is the allocator in use?",
        calm.allocations
    );
    for nth in 0..calm.allocations {
        for fail in [Fail::Only(nth), Fail::From(nth)] {
            let (result, watched) = watch(fail, &life);
            assert!(watched.failed > 0, "{name}, {fail:?}: nothing failed");
            let reported = match result {
                Err(Error::OutOfMemory) => true,
                // The store has no limit, so the allocator is the reason.
                Err(Error::Shortage(shortage)) => shortage.allowed().is_none(),
                Err(Error::Trap(trap)) => trap.code == TrapCode::OutOfMemory || guest_decides,
                Ok(_) => guest_decides,
                Err(_) => false,
            };
            assert!(reported, "{name}, {fail:?}: {result:?}");
            assert_eq!((watched.leaked, watched.leaked_blocks), (0, 0), "{name}, {fail:?}: leaked");
            injected += watched.failed;
        }
        // And the next life goes well.
        if nth % 16 == 0 {
            assert_eq!(life(), Ok(expected), "{name}, after {nth}");
        }
    }
    println!(
        "injected: {injected} failing allocations in {} lives of {name}",
        2 * calm.allocations
    );
}

#[test]
fn three_modules() {
    for name in ["calls", "sort", "generic"] {
        let module = modules::module(name);
        for mode in Mode::ALL {
            every_allocation(name, module.result, false, || {
                whole_life(*mode, module.bytes, module.argument)
            });
        }
    }
}

#[test]
fn a_file_that_was_compiled() {
    for name in ["calls", "sort"] {
        let module = modules::module(name);
        let options = zonda_compiler::CompileOptions {
            word_size: size_of::<usize>() as u8,
            keep_code: false,
            debug: false,
        };
        let file = zonda_compiler::compile(module.bytes, &options).unwrap();
        every_allocation(name, module.result, false, || {
            whole_life(Mode::Fast, &file, module.argument)
        });
        // Refused in the middle of verifying, it leaves nothing behind.
        let mut damaged = file.clone();
        let last = damaged.len() - 12;
        damaged[last] = 0xff;
        let (result, watched) =
            watch(Fail::Never, || Module::new(&Engine::new(Mode::Fast), &damaged).map(drop));
        assert!(result.is_err() && watched.leaked == 0, "{result:?}");
    }
}

#[test]
fn modules_that_grow_their_memory() {
    for name in ["heap", "text"] {
        let module = modules::module(name);
        for mode in Mode::ALL {
            every_allocation(name, module.result, true, || {
                whole_life(*mode, module.bytes, module.argument)
            });
        }
    }
}

/// An instance that is switched to the other mode and back; when that fails, it still runs in the
/// mode that it has.
fn switched_life(bytes: &[u8], argument: i32) -> Result<i32, Error> {
    let mut result = 0;
    for (own, other) in [(Mode::Classic, Mode::Fast), (Mode::Fast, Mode::Classic)] {
        let engine = Engine::new(own);
        let module = Module::new(&engine, bytes)?;
        let mut store = Store::new(&engine, ())?;
        let instance = Linker::new().instantiate(&mut store, &module)?;
        let run = instance.get_typed_func::<(i32,), i32>(&store, "run")?;
        let before = run.call(&mut store, (argument,))?;
        for mode in [other, own, other] {
            let switched = instance.set_mode(&mut store, mode);
            result = run.call(&mut store, (argument,))?;
            assert_eq!(result, before);
            assert_eq!(instance.mode(&store) == Ok(mode), switched.is_ok());
            switched?;
        }
    }
    Ok(result)
}

#[test]
fn a_change_of_the_mode() {
    for name in ["sort", "wide"] {
        let module = modules::module(name);
        // A short call: there are eight in a life, and what is in question is between them.
        let expected = switched_life(module.bytes, 3).unwrap();
        every_allocation(name, expected, false, || switched_life(module.bytes, 3));
    }
}

#[test]
fn instances_that_share() {
    let first = wat::parse_str(
        r#"(module
            (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
            (memory (export "memory") 1)
            (table (export "table") 4 funcref)
            (global (export "global") (mut i32) (i32.const 7)))"#,
    )
    .unwrap();
    let second = wat::parse_str(
        r#"(module
            (type $f (func (param i32) (result i32)))
            (import "first" "double" (func $double (type $f)))
            (import "first" "memory" (memory 1))
            (import "first" "table" (table 4 funcref))
            (import "first" "global" (global $global (mut i32)))
            (elem (i32.const 1) $double $run)
            (data (i32.const 3) "\09")
            (func $run (export "run") (type $f)
                (call_indirect (type $f) (i32.add (local.get 0) (global.get $global)) (i32.const 1))
                (i32.load8_u (i32.const 3))
                i32.add))"#,
    )
    .unwrap();
    every_allocation("shared", 33, false, || linked_life(&first, &second));
}

/// Everything that a store can be asked for, by code and by the host, in one store that goes on
/// after each failure.
fn full_life(mode: Mode, bytes: &[u8]) -> Result<i32, Error> {
    let engine = Engine::new(mode);
    let mut store = Store::new(&engine, ())?;
    let module = Module::from_vec(&engine, bytes)?;
    let mut linker: Linker<()> = Linker::new();
    linker.func_wrap(
        "env",
        "again",
        |mut caller: Caller<'_, '_, ()>, x: i32| -> Result<i32, Trap> {
            let twice =
                caller.get_export("twice").and_then(Extern::into_func).ok_or(Trap::host(1))?;
            let mut results = [Val::I32(0)];
            // Functions, memories and tables of the store, while code of it runs.
            let mut all = || -> Result<(), Error> {
                let func = Func::wrap(&mut caller, |x: i32| x)?;
                let limits = Limits { min: 1, max: Some(4) };
                let table = Table::new(
                    &mut caller,
                    TableType { element: ValType::FuncRef, limits, index: IndexType::I32 },
                    Val::FuncRef(Some(func)),
                )?;
                table.grow(&mut caller, 3, Val::FuncRef(None))?;
                let memory = Memory::new(
                    &mut caller,
                    MemoryType {
                        limits,
                        page_shift: 0,
                        index: IndexType::I32,
                        sharing: Sharing::Unshared,
                    },
                )?;
                memory.grow(&mut caller, 3)?;
                twice.call(&mut caller, &[Val::I32(x)], &mut results)
            };
            all().map_err(|error| match error {
                Error::Trap(trap) => trap,
                // A table or a memory says that it cannot grow, whyever that is.
                _ => Trap::new(TrapCode::OutOfMemory),
            })?;
            match results {
                [Val::I32(result)] => Ok(result),
                _ => Err(Trap::host(2)),
            }
        },
    )?;
    linker.func_new(
        "env",
        "values",
        &[ValType::I64],
        &[ValType::I64],
        |_, arguments, results| {
            results.copy_from_slice(arguments);
            Ok(())
        },
    )?;
    let global =
        Global::new(&mut store, GlobalType { content: ValType::I64, mutable: true }, Val::I64(5))?;
    linker.define("env", "global", Extern::Global(global))?;
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<(i32,), i32>(&store, "run")?;
    let result = run.call(&mut store, (10,))?;
    instance.set_mode(&mut store, if mode == Mode::Fast { Mode::Classic } else { Mode::Fast })?;
    // A second one of the module, and both are used.
    let second = linker.instantiate(&mut store, &module)?;
    for instance in [instance, second] {
        let run = instance.get_typed_func::<(i32,), i32>(&store, "run")?;
        assert_eq!(run.call(&mut store, (10,))?, result);
    }
    // When something failed and nobody said so, it is at least not a wrong result.
    assert_eq!(result, 46);
    Ok(result)
}

#[test]
fn all_that_a_store_can_be_asked_for() {
    let bytes = wat::parse_str(
        r#"(module
            (type $unary (func (param i32) (result i32)))
            (import "env" "again" (func $again (type $unary)))
            (import "env" "values" (func $values (param i64) (result i64)))
            (import "env" "global" (global $global (mut i64)))
            (memory 1 20)
            (table $t 3 40 funcref)
            (elem (i32.const 0) func $twice $again)
            (data (i32.const 4) "\01")
            (func $start
                (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable)))
                (if (i32.eq (table.grow $t (ref.func $twice) (i32.const 2)) (i32.const -1)) (then (unreachable))))
            (start $start)
            (func $twice (export "twice") (type $unary) (i32.mul (local.get 0) (i32.const 2)))
            (func $tail (type $unary) (return_call_indirect $t (type $unary) (local.get 0) (i32.const 1)))
            (func (export "run") (type $unary)
                (i32.add
                    (i32.add (call_indirect $t (type $unary) (local.get 0) (i32.const 4)) (call $tail (local.get 0)))
                    (i32.add (i32.load8_u (i32.const 4)) (i32.wrap_i64 (call $values (global.get $global)))))))"#,
    )
    .unwrap();
    for mode in Mode::ALL {
        // 20 + 20 + 1 + 5. The start function traps when memory or table cannot grow.
        every_allocation("all", 46, true, || full_life(*mode, &bytes));
    }
}

/// Objects of constant expressions, of code and of the embedder, in a heap that grows, and
/// exceptions with references. Two instances have equal types in one store.
fn objects_life(mode: Mode, bytes: &[u8]) -> Result<i32, Error> {
    let engine = Engine::new(mode);
    let module = Module::from_vec(&engine, bytes)?;
    let config = StoreConfig { object_bytes: 32 << 10, ..StoreConfig::default() };
    let mut store = Store::with_config(&engine, (), config)?;
    let linker = Linker::new();
    let first = linker.instantiate(&mut store, &module)?;
    let second = linker.instantiate(&mut store, &module)?;
    let make = first.get_func(&store, "make").ok_or(Error::UnknownExport)?;
    let mut made = [Val::I32(0)];
    make.call(&mut store, &[Val::I32(OBJECTS)], &mut made)?;
    let Val::AnyRef(Some(list)) = made[0] else { return Err(Error::TypeMismatch) };
    list.hold(&mut store)?;
    // Much more is made, and half of it freed.
    make.call(&mut store, &[Val::I32(OBJECTS + 100)], &mut [Val::I32(0)])?;
    let sum = second.get_func(&store, "sum").ok_or(Error::UnknownExport)?;
    let mut results = [Val::I32(0)];
    sum.call(&mut store, &made, &mut results)?;
    list.release(&mut store)?;
    // A heap that cannot grow collects more often; then nothing of it is seen.
    assert_eq!(results, [Val::I32(OBJECTS_SUM)]);
    Ok(OBJECTS_SUM)
}

/// Objects of the list; with `strict` each of them is a collection.
const OBJECTS: i32 = if cfg!(feature = "strict") { 20 } else { 400 };

/// The list, the last of it, and what is in a table and a global.
const OBJECTS_SUM: i32 = OBJECTS * (OBJECTS + 1) / 2 + 4 + 8 + 2;

#[test]
fn objects_and_exceptions() {
    let bytes = wat::parse_str(
        r#"(module
            (rec (type $list (sub (struct (field i32) (field (ref null $list)))))
                 (type $other (sub $list (struct (field i32) (field (ref null $list)) (field i64)))))
            (type $refs (array (mut (ref null $list))))
            (tag $thrown (param (ref null $list)))
            (global $g (ref $refs) (array.new_fixed $refs 2
                (struct.new $list (i32.const 1) (ref.null $list))
                (struct.new $other (i32.const 2) (ref.null $list) (i64.const 3))))
            (elem $e (ref null $list) (item (struct.new $list (i32.const 4) (ref.null $list))))
            (table $t 2 (ref null $list) (struct.new $list (i32.const 8) (ref.null $list)))
            (func (export "make") (param $n i32) (result anyref)
                (local $l (ref null $list)) (local $x exnref)
                (local.set $l (array.get $refs (array.new_elem $refs $e (i32.const 0) (i32.const 1))
                    (i32.const 0)))
                (loop $more
                    (local.set $l (struct.new $list (local.get $n) (local.get $l)))
                    (block $caught (result (ref null $list) exnref)
                        (try_table (catch_ref $thrown $caught) (throw $thrown (local.get $l)))
                        (unreachable))
                    (local.set $x)
                    (local.set $l)
                    (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (block $caught (result (ref null $list))
                    (try_table (catch $thrown $caught) (throw_ref (local.get $x)))
                    (unreachable)))
            (func (export "sum") (param $any anyref) (result i32)
                (local $l (ref null $list)) (local $sum i32)
                (local.set $l (ref.cast (ref $list) (local.get $any)))
                (local.set $sum (i32.add
                    (struct.get $list 0 (table.get $t (i32.const 1)))
                    (struct.get $list 0 (array.get $refs (global.get $g) (i32.const 1)))))
                (loop $more
                    (local.set $sum
                        (i32.add (local.get $sum) (struct.get $list 0 (local.get $l))))
                    (br_if $more (i32.eqz (ref.is_null
                        (local.tee $l (struct.get $list 1 (local.get $l)))))))
                (local.get $sum)))"#,
    )
    .unwrap();
    for mode in Mode::ALL {
        every_allocation("objects", OBJECTS_SUM, true, || {
            let life = objects_life(*mode, &bytes);
            if let Err(Error::Trap(trap)) = &life {
                assert_eq!(trap.code, TrapCode::OutOfMemory);
            }
            life
        });
    }
}

/// The older exceptions: later clauses, clauses in clauses, references that are kept.
#[test]
fn legacy_exceptions() {
    let bytes = wat::parse_str(
        r#"(module
            (tag $a (param i32)) (tag $b)
            (func $again (param i32)
                try
                    (throw $a (local.get 0))
                catch $b
                catch $a
                    try (param i32) (drop) (throw $b) catch_all (rethrow 1) end
                end)
            (func (export "run") (param i32) (result i32)
                (local i32)
                (loop $more
                    try $t
                        try (call $again (local.get 0)) delegate $t
                    catch $b
                        (unreachable)
                    catch $a
                        (local.set 1 (i32.add (local.get 1)))
                    end
                    (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get 1)))"#,
    )
    .unwrap();
    for mode in Mode::ALL {
        every_allocation("legacy", 820, false, || whole_life(*mode, &bytes, 40));
    }
}

#[test]
fn a_refused_module_leaks_nothing() {
    let module = modules::module("text");
    for length in (0..module.bytes.len()).step_by(97) {
        let cut = &module.bytes[..length];
        for mode in Mode::ALL {
            let (result, watched) =
                watch(Fail::Never, || Module::new(&Engine::new(*mode), cut).map(drop));
            assert!(result.is_err());
            assert_eq!(watched.leaked, 0, "cut at {length}");
        }
    }
}
