//! Many threads, one runtime: each has stores or instances of its own, shares modules and host
//! functions with the others, and is terminated by another thread at any moment. The result of each
//! call is known, and each termination is accounted for. docs/threads.md has the rules.
//!
//! `cargo xtask test` also builds this under ThreadSanitizer, as part of tests/sanitize.

use crate::plan::{self, Alive, Work, Worker, ROUNDS, WORKERS};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zonda::{
    Caller, Engine, Error, Instance, InterruptHandle, Linker, Mode, Module, Store, Trap, TrapCode,
};

/// What host functions find.
struct Host {
    worker: u32,
    calls: u32,
}

/// What may be terminated, and whether a termination request is pending. Nobody repeats a request,
/// so a lost one stops the test.
#[derive(Default)]
struct Slot {
    handle: Option<InterruptHandle>,
    requested: bool,
    requests: u32,
}

/// Terminates workers in turn until none is alive.
fn terminate(slots: &[Mutex<Slot>], alive: &AtomicU32) {
    let mut next = 0;
    while alive.load(Ordering::Relaxed) != 0 {
        std::thread::sleep(Duration::from_micros(200));
        next = (next + 1) % slots.len();
        let mut slot = slots[next].lock().unwrap_or_else(PoisonError::into_inner);
        if slot.requested {
            continue;
        }
        let Some(handle) = &slot.handle else { continue };
        handle.terminate();
        (slot.requested, slot.requests) = (true, slot.requests + 1);
    }
}

fn linker() -> Linker<Host> {
    let mut linker = Linker::new();
    let pause = |mut caller: Caller<'_, '_, Host>, number: i32| {
        caller.data_mut().calls += 1;
        std::thread::yield_now();
        number + 1
    };
    let sum = |mut caller: Caller<'_, '_, Host>, at: u32, len: u32| {
        caller.data_mut().calls += 1;
        let memory = caller
            .get_export("memory")
            .and_then(|export| export.into_memory())
            .ok_or(Trap::host(1))?;
        let bytes = memory
            .data(&caller)
            .map_err(|_| Trap::host(2))?
            .get(at as usize..)
            .and_then(|bytes| bytes.get(..len as usize));
        Ok(bytes.ok_or(Trap::host(3))?.iter().map(|&byte| byte as i32).sum::<i32>())
    };
    linker.func_wrap("env", "pause", pause).unwrap().func_wrap("env", "sum", sum).unwrap();
    linker
}

/// A store of the worker's, and an instance in it.
struct Job<'w, 'a> {
    slot: &'w Mutex<Slot>,
    store: Store<'a, Host>,
    instance: Instance,
    terminated: u32,
}

impl Job<'_, '_> {
    /// A call has ended because of a termination request that was still pending.
    fn acknowledged(&mut self) {
        assert!(
            std::mem::take(&mut self.slot.lock().unwrap().requested),
            "terminated without a termination request"
        );
        self.terminated += 1;
    }

    /// Calls until the call is not terminated.
    fn call(&mut self, name: &str, args: &[i32]) -> Result<Option<i32>, TrapCode> {
        let func = self.instance.get_func(&self.store, name).unwrap();
        let args: Vec<_> = args.iter().map(|&arg| arg.into()).collect();
        let mut results = vec![zonda::Val::I32(0); func.ty(&self.store).unwrap().results().len()];
        loop {
            match func.call(&mut self.store, &args, &mut results) {
                Ok(()) => {
                    return Ok(results.first().map(|result| {
                        if let zonda::Val::I32(value) = result {
                            *value
                        } else {
                            panic!()
                        }
                    }))
                }
                Err(Error::Trap(trap)) if trap.code == TrapCode::Terminated => self.acknowledged(),
                Err(Error::Trap(trap)) => return Err(trap.code),
                Err(error) => panic!("{name}: {error:?}"),
            }
        }
    }

    fn endless(&mut self, name: &str) {
        let func = self.instance.get_typed_func::<(), ()>(&self.store, name).unwrap();
        match func.call(&mut self.store, ()) {
            Err(Error::Trap(trap)) if trap.code == TrapCode::Terminated => self.acknowledged(),
            other => panic!("{name}: {other:?}"),
        }
    }

    fn work(&mut self, work: Work) {
        let trap = |code| Err(code);
        let (name, args, expected) = match work {
            Work::Endless(name) => return self.endless(name),
            Work::Mix(seed, turns) => {
                ("mix", vec![seed as i32, turns as i32], Ok(Some(plan::mix(seed, turns) as i32)))
            }
            Work::Triangle(n) => ("triangle", vec![n as i32], Ok(Some((n * (n + 1) / 2) as i32))),
            Work::TooDeep => ("triangle", vec![1_000_000], trap(TrapCode::StackOverflow)),
            Work::Divide => ("divide", vec![7], trap(TrapCode::IntegerDivideByZero)),
            Work::Unreachable => ("unreachable", vec![], trap(TrapCode::Unreachable)),
            Work::Beyond => ("beyond", vec![], trap(TrapCode::MemoryOutOfBounds)),
            Work::SumBeyond => ("sum_beyond", vec![], trap(TrapCode::Host)),
            Work::Sum(byte) => ("sum", vec![byte as i32], Ok(Some(64 * byte as i32))),
            Work::Pause(number) => ("pause", vec![number as i32], Ok(Some(number as i32 + 1))),
        };
        assert_eq!(self.call(name, &args), expected, "{name}");
    }

    /// Ends what others may terminate: a pending request stops the next loop, and nothing stops
    /// after it.
    fn retire(&mut self) {
        let requested = {
            let mut slot = self.slot.lock().unwrap();
            slot.handle = None;
            slot.requested
        };
        if requested {
            self.endless("spin");
        }
        let terminated = self.terminated;
        self.work(Work::Mix(5, 100));
        assert_eq!(self.terminated, terminated, "terminated by nobody");
    }
}

/// Returns how many calls were terminated, and how many host functions called.
fn run(
    alive: Alive,
    number: u32,
    slot: &Mutex<Slot>,
    shared: Vec<Module<'static>>,
    linker: &Linker<Host>,
) -> (u32, u32) {
    let _alive = alive;
    let mut worker = Worker::new(number);
    let (mut terminated, mut calls) = (0, 0);
    for _ in 0..ROUNDS {
        let choice = worker.below(3) as usize;
        let mode = Mode::ALL[worker.below(Mode::ALL.len() as u32) as usize];
        let module = match shared.get(choice) {
            Some(module) => module.clone(),
            None => Module::new(&Engine::new(mode), plan::WORK).unwrap(),
        };
        let mut store = Store::new(&Engine::default(), Host { worker: number, calls: 0 }).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        drop(module);
        instance.set_mode(&mut store, mode).unwrap();
        slot.lock().unwrap().handle = Some(store.interrupt_handle());
        let mut job = Job { slot, store, instance, terminated: 0 };
        for work in worker.plan() {
            job.work(work);
        }
        job.retire();
        // A handle may outlive its store.
        let handle = job.store.interrupt_handle();
        let data = job.store.into_data();
        handle.terminate();
        assert_eq!(data.worker, number);
        terminated += job.terminated;
        calls += data.calls;
    }
    (terminated, calls)
}

#[test]
fn stores_of_eight_threads() {
    let shared: Vec<_> = Mode::ALL
        .iter()
        .map(|mode| Module::new(&Engine::new(*mode), plan::WORK).unwrap())
        .collect();
    let linker = linker();
    let slots: Vec<Mutex<Slot>> = (0..WORKERS).map(|_| Mutex::default()).collect();
    let alive = AtomicU32::new(WORKERS);
    let mut sum = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| terminate(&slots, &alive));
        let linker = &linker;
        // The worker that is the last to end frees the modules.
        let numbered = (0..WORKERS).zip(&slots).zip(std::iter::repeat_n(shared, WORKERS as usize));
        let workers: Vec<_> = numbered
            .map(|((number, slot), shared)| {
                let alive = Alive::new(&alive);
                scope.spawn(move || run(alive, number, slot, shared, linker))
            })
            .collect();
        for (number, worker) in workers.into_iter().enumerate() {
            let (terminated, calls) = worker.join().unwrap();
            let requests = slots[number].lock().unwrap().requests;
            assert_eq!(
                terminated, requests,
                "each termination request stops one call, of worker {number}"
            );
            assert!(terminated >= Worker::new(number as u32).endless_calls() && calls > 0);
            sum += terminated;
        }
    });
    println!("Rust API: {} instances, {sum} calls terminated", WORKERS * ROUNDS);
}

/// Whichever thread is the last to have a module frees it. Nothing else puts the threads in an
/// order here.
#[test]
fn the_last_owner_of_a_module_frees_it() {
    for _ in 0..20 {
        let module = Module::new(&Engine::default(), plan::WORK).unwrap();
        let exports = module.exports().count();
        let owners: Vec<_> = std::iter::repeat_n(module, WORKERS as usize)
            .map(|module| std::thread::spawn(move || assert_eq!(module.exports().count(), exports)))
            .collect();
        owners.into_iter().for_each(|owner| owner.join().unwrap());
    }
}

/// A store goes from thread to thread, and runs in each.
#[test]
fn a_store_that_moves() {
    let module = Module::new(&Engine::default(), plan::WORK).unwrap();
    let mut store = Store::new(&Engine::default(), Host { worker: 0, calls: 0 }).unwrap();
    let instance = linker().instantiate(&mut store, &module).unwrap();
    let mix = instance.get_typed_func::<(u32, u32), u32>(&store, "mix").unwrap();
    for seed in 0..20 {
        store = std::thread::spawn(move || {
            assert_eq!(mix.call(&mut store, (seed, 30)).unwrap(), plan::mix(seed, 30));
            store
        })
        .join()
        .unwrap();
    }
}

/// What may be sent to other threads and shared with them. What may not stands in the documentation
/// of the types, as code that does not compile.
#[test]
fn what_can_be_sent_and_shared() {
    fn send<T: Send>() {}
    fn both<T: Send + Sync>() {}
    // A store can be sent, with data that can.
    send::<Store<'static, std::cell::Cell<u32>>>();
    send::<Caller<'static, 'static, u32>>();
    both::<Engine>();
    both::<Module<'static>>();
    both::<InterruptHandle>();
    // Also when the store's data can neither be sent nor shared: it has nothing of it.
    both::<Linker<std::rc::Rc<u32>>>();
    both::<zonda::TypedFunc<i32, i32>>();
    both::<zonda::Func>();
    both::<Instance>();
    both::<zonda::Memory>();
    both::<zonda::Table>();
    both::<zonda::Global>();
    both::<zonda::Extern>();
    both::<zonda::Val>();
    both::<Error>();
}

/// A handle of another store is refused, not followed, on whatever thread.
#[test]
fn handles_are_of_one_store() {
    let module = Module::new(&Engine::default(), plan::WORK).unwrap();
    let (engine, linker) = (Engine::default(), linker());
    let mut store = Store::new(&engine, Host { worker: 0, calls: 0 }).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let (func, memory) =
        (instance.get_func(&store, "mix").unwrap(), instance.get_memory(&store, "memory").unwrap());
    let typed = instance.get_typed_func::<(u32, u32), u32>(&store, "mix").unwrap();
    std::thread::scope(|scope| {
        for number in 1..=WORKERS {
            let (engine, linker, module) = (&engine, &linker, &module);
            scope.spawn(move || {
                let mut other = Store::new(engine, Host { worker: number, calls: 0 }).unwrap();
                linker.instantiate(&mut other, module).unwrap();
                assert_eq!(typed.call(&mut other, (1, 1)), Err(Error::WrongStore));
                assert_eq!(
                    func.call(&mut other, &[1.into(), 1.into()], &mut [0.into()]),
                    Err(Error::WrongStore)
                );
                assert_eq!(memory.data(&other).err(), Some(Error::WrongStore));
            });
        }
    });
    drop(store);
}
