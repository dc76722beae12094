//! Which function runs, as a sampler sees it.

use std::sync::{Arc, Mutex};
use zonda::{Engine, Extern, Func, Instance, Linker, Mode, Module, Sampler, Store};

/// Function 0 and 1 are imported; 2 calls 0, 3 calls 2 before and after it calls 0, and 4 traps. 5
/// calls 1, which may call into the module again.
const MODULE: &str = r#"(module
    (import "env" "note" (func $note))
    (import "env" "again" (func $again))
    (table funcref (elem $leaf))
    (type $none (func))
    (func $leaf (export "leaf") (call $note))
    (func (export "calls") (call $note) (call $leaf) (call $note)
        (call_indirect (type $none) (i32.const 0)) (call $note))
    (func (export "traps") (call $note) unreachable)
    (func (export "nests") (call $note) (call $again) (call $note)))"#;

type Noted = Arc<Mutex<Vec<Option<u32>>>>;

/// What the sampler says at each call of `note`, when `name` is called.
fn noted(mode: Mode, name: &str) -> Vec<Option<u32>> {
    let engine = Engine::new(mode);
    let module = Module::from_vec(&engine, wat::parse_str(MODULE).unwrap()).unwrap();
    let mut store = Store::new(&engine, ()).unwrap();
    let sampler: Arc<Mutex<Option<Sampler>>> = Arc::default();
    let noted = Noted::default();
    let mut linker = Linker::new();
    let (kept, seen) = (sampler.clone(), noted.clone());
    let note = move || {
        let sampler = kept.lock().unwrap();
        seen.lock().unwrap().push(sampler.as_ref().unwrap().function());
    };
    linker.func_wrap("env", "note", note.clone()).unwrap();
    let again = |mut caller: zonda::Caller<'_, '_, ()>| {
        let calls = caller.get_export("calls").and_then(Extern::into_func).unwrap();
        calls.call(&mut caller, &[], &mut []).unwrap();
        let traps = caller.get_export("traps").and_then(Extern::into_func).unwrap();
        assert!(traps.call(&mut caller, &[], &mut []).is_err());
    };
    linker.func_wrap("env", "again", again).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let made = instance.sampler(&store).unwrap();
    *sampler.lock().unwrap() = Some(made.clone());
    assert_eq!(made.function(), None);
    let func: Func = instance.get_export(&store, name).and_then(Extern::into_func).unwrap();
    let _ = func.call(&mut store, &[], &mut []);
    assert_eq!(made.function(), None, "{name} has ended");
    let noted = noted.lock().unwrap().clone();
    noted
}

#[test]
fn a_host_function_runs_as_a_part_of_its_caller() {
    for mode in Mode::ALL.iter().copied() {
        assert_eq!(noted(mode, "leaf"), [Some(2)], "{mode:?}");
        let calls = [Some(3), Some(2), Some(3), Some(2), Some(3)];
        assert_eq!(noted(mode, "calls"), calls, "{mode:?}");
        assert_eq!(noted(mode, "traps"), [Some(4)], "{mode:?}");
        // Behind a nested call that has returned, and one that has trapped.
        let nests = [&[Some(5)], &calls[..], &[Some(4)], &[Some(5)]].concat();
        assert_eq!(noted(mode, "nests"), nests, "{mode:?}");
    }
}

#[test]
fn a_sampler_sees_its_own_instance() {
    let source = r#"(module (import "env" "f" (func $f)) (func (export "g") (call $f)))"#;
    for (outer, inner) in [(Mode::Fast, Mode::Fast), (Mode::Fast, Mode::Classic)] {
        let engine = Engine::new(outer);
        let mut store = Store::new(&engine, ()).unwrap();
        let samplers: Arc<Mutex<Vec<Sampler>>> = Arc::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, noted) = (samplers.clone(), seen.clone());
        let note = Func::wrap(&mut store, move || {
            let samplers = kept.lock().unwrap();
            let functions: Vec<_> = samplers.iter().map(Sampler::function).collect();
            noted.lock().unwrap().push(functions);
        })
        .unwrap();
        let bytes = wat::parse_str(source).unwrap();
        let first = Module::from_vec(&Engine::new(inner), &bytes).unwrap();
        let first = Instance::new(&mut store, &first, &[Extern::Func(note)]).unwrap();
        let g = first.get_export(&store, "g").unwrap();
        // Two functions of its own, of which the second calls the first instance.
        let source = r#"(module (import "env" "f" (func $f)) (import "env" "n" (func $n))
            (func) (func (export "h") (call $f) (call $n)))"#;
        let second = Module::from_vec(&engine, wat::parse_str(source).unwrap()).unwrap();
        let second = Instance::new(&mut store, &second, &[g, Extern::Func(note)]).unwrap();
        let made = [first, second].map(|instance| instance.sampler(&store).unwrap());
        samplers.lock().unwrap().extend(made);
        let h = second.get_typed_func::<(), ()>(&store, "h").unwrap();
        h.call(&mut store, ()).unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(*seen, [[Some(1), None], [None, Some(3)]], "{outer:?}, {inner:?}");
    }
}

#[test]
fn another_thread_samples_a_running_program() {
    let source = r#"(module
        (func $spin (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "run") (param i32) (call $spin (local.get 0))))"#;
    for mode in Mode::ALL.iter().copied() {
        let engine = Engine::new(mode);
        let module = Module::from_vec(&engine, wat::parse_str(source).unwrap()).unwrap();
        let mut store = Store::new(&engine, ()).unwrap();
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let sampler = instance.sampler(&store).unwrap();
        let stop = store.interrupt_handle();
        let run = instance.get_typed_func::<i32, ()>(&store, "run").unwrap();
        std::thread::scope(|scope| {
            // The loop runs for as long as it takes to see it.
            scope.spawn(|| {
                while sampler.function() != Some(0) {
                    std::thread::yield_now();
                }
                stop.terminate();
            });
            assert!(run.call(&mut store, 0).is_err());
        });
        assert_eq!(sampler.function(), None);
    }
}
