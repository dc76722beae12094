//! Criterion: fuel that ends, and a termination request, stop a run at whichever step they come, in
//! both modes at the same step, with the same memory, and the next call with enough fuel returns
//! the right result.
//!
//! A step is what costs a unit of fuel: a call, or a branch to a loop (exec/src/meter.rs). Every
//! number of steps is tried up to what a whole run takes; of runs that take more than [`EVERY`]
//! steps, some that lie evenly apart: the fewer the longer the run is.

use crate::programs;

use crate::programs::Program;
use zonda::{
    Caller, Engine, Error, Instance, InterruptHandle, Linker, Mode, Module, Store, StoreConfig,
    Trap, TrapCode,
};

/// The longest runs that are stopped at every step.
const EVERY: u64 = 500;
/// Steps of longer ones, of all runs of one program in one mode.
const STEPS: u64 = 60_000;

/// What host functions know: how often the module still calls `tick` before it is terminated.
#[derive(Default)]
struct Host {
    ticks: u64,
    terminate_at: u64,
    handle: Option<InterruptHandle>,
}

/// A program in a store of its own.
struct Run<'a> {
    store: Store<'a, Host>,
    instance: Instance,
}

/// Where and how a call stopped, and what is left of it.
#[derive(Debug, PartialEq)]
struct Stopped {
    code: TrapCode,
    /// The function. The offset is that of the branch in one mode and of what it leads to in the
    /// other.
    func: u32,
    fuel: u64,
    ticks: u64,
    memory: u64,
}

impl<'a> Run<'a> {
    fn new(module: &Module<'a>, mode: Mode) -> Run<'a> {
        let mut linker = Linker::new();
        linker.func_wrap("env", "print", |_: i32, _: i32| {}).unwrap();
        linker.func_wrap("env", "nop", || {}).unwrap();
        for name in ["tick", "inc"] {
            let tick = |mut caller: Caller<'_, '_, Host>, x: i32| {
                let host = caller.data_mut();
                host.ticks += 1;
                if host.ticks == host.terminate_at {
                    host.handle.as_ref().unwrap().terminate();
                }
                x.wrapping_add(1)
            };
            linker.func_wrap("env", name, tick).unwrap();
        }
        let config = StoreConfig { stack_bytes: 16 << 10, ..StoreConfig::default() };
        let mut store = Store::with_config(&Engine::new(mode), Host::default(), config).unwrap();
        let instance = linker.instantiate(&mut store, module).unwrap();
        Run { store, instance }
    }

    fn call(&mut self, fuel: u64, argument: i32) -> Result<i32, Error> {
        let run = self.instance.get_typed_func::<(i32,), i32>(&self.store, "run").unwrap();
        self.store.set_fuel(fuel);
        self.store.data_mut().ticks = 0;
        run.call(&mut self.store, (argument,))
    }

    /// A call after one that was stopped. Returns what has to be the same in both modes, where the
    /// program's data outlives a call.
    fn next(&mut self, program: &Program, steps: u64) -> Vec<i32> {
        let next = self.call(1 << 40, program.argument);
        if program.remembers {
            return vec![next.unwrap()];
        }
        assert_eq!(next, Ok(program.result), "{}", program.name);
        // Not a step more or less than in an instance that was never stopped.
        assert_eq!(
            (self.call(steps, program.argument), self.store.fuel()),
            (Ok(program.result), 0),
            "{}",
            program.name
        );
        vec![]
    }

    fn stopped(&self, result: Result<i32, Error>) -> Stopped {
        let Err(Error::Trap(Trap { code, func, host: 0, .. })) = result else {
            panic!("{result:?}")
        };
        // FNV, a word at a time.
        let memory = self.instance.get_memory(&self.store, "memory").map_or(0, |memory| {
            let words = memory
                .data(&self.store)
                .unwrap()
                .as_chunks()
                .0
                .iter()
                .map(|&word| u64::from_le_bytes(word));
            words.fold(0xcbf2_9ce4_8422_2325, |hash, word| {
                (hash ^ word).wrapping_mul(0x100_0000_01b3)
            })
        });
        Stopped { code, func, fuel: self.store.fuel(), ticks: self.store.data().ticks, memory }
    }
}

/// The numbers below `end`: all, or some that lie evenly apart.
fn steps(end: u64) -> impl Iterator<Item = u64> {
    let count = if end <= EVERY { EVERY } else { (STEPS / end).max(10) };
    (0..end).step_by(end.div_ceil(count).max(1) as usize)
}

/// The program in each mode.
fn loaded(program: &Program) -> [(Module<'_>, Mode); 2] {
    [Mode::Classic, Mode::Fast]
        .map(|mode| (Module::new(&Engine::new(mode), &program.bytes).unwrap(), mode))
}

/// Steps of a whole run, and how often it calls `tick`, which do not depend on the mode.
fn whole(modules: &[(Module, Mode)], program: &Program) -> (u64, u64) {
    let counts = modules.iter().map(|(module, mode)| {
        let mut run = Run::new(module, *mode);
        assert_eq!(run.call(1 << 40, program.argument), Ok(program.result), "{}", program.name);
        ((1 << 40) - run.store.fuel(), run.store.data().ticks)
    });
    let counts: Vec<_> = counts.collect();
    assert_eq!(counts[0], counts[1], "{}", program.name);
    counts[0]
}

#[test]
fn fuel_ends_at_every_step() {
    let mut stops = 0;
    for program in programs::all() {
        let modules = loaded(&program);
        let (steps_of_all, _) = whole(&modules, &program);
        for fuel in steps(steps_of_all) {
            let seen = modules.each_ref().map(|(module, mode)| {
                let mut run = Run::new(module, *mode);
                let result = run.call(fuel, program.argument);
                let stopped = run.stopped(result);
                assert_eq!(
                    (stopped.code, stopped.fuel),
                    (TrapCode::OutOfFuel, 0),
                    "{}, fuel {fuel}, {mode:?}",
                    program.name
                );
                stops += 1;
                (stopped, run.next(&program, steps_of_all))
            });
            assert_eq!(seen[0], seen[1], "{}, fuel {fuel}: the modes differ", program.name);
        }
        println!("{}: {steps_of_all} steps", program.name);
    }
    println!("injected: {stops} ends of fuel");
    assert!(stops >= 4_000, "{stops}");
}

#[test]
fn a_host_function_terminates_at_every_call_of_it() {
    let (mut stops, mut late) = (0, 0);
    for program in programs::all() {
        let modules = loaded(&program);
        let (steps_of_all, ticks) = whole(&modules, &program);
        for tick in steps(ticks) {
            let seen = modules.each_ref().map(|(module, mode)| {
                let name = format!("{}, tick {tick}, {mode:?}", program.name);
                let mut run = Run::new(module, *mode);
                let handle = run.store.interrupt_handle();
                *run.store.data_mut() =
                    Host { ticks: 0, terminate_at: tick + 1, handle: Some(handle) };
                let mut result = run.call(steps_of_all, program.argument);
                stops += 1;
                if result == Ok(program.result) {
                    // No step came after that: the request stops the next call.
                    late += 1;
                    assert_eq!(run.store.fuel(), 0, "{name}");
                    result = run.call(steps_of_all, program.argument);
                } else {
                    assert_eq!(run.store.data().ticks, tick + 1, "{name}: it went on");
                }
                let stopped = run.stopped(result);
                assert_eq!(stopped.code, TrapCode::Terminated, "{name}");
                // A request stops one call only.
                run.store.data_mut().terminate_at = 0;
                (stopped, run.next(&program, steps_of_all))
            });
            assert_eq!(seen[0], seen[1], "{}, tick {tick}: the modes differ", program.name);
        }
    }
    println!(
        "injected: {stops} terminations by a host function, of them {late} behind the last step"
    );
    assert!(stops >= 200 && late > 0, "{stops}, {late}");
}

/// A termination request that comes when fuel has ended: it stops the next call, and fuel does not;
/// the call after that runs.
#[test]
fn terminate_when_fuel_has_ended() {
    let mut stops = 0;
    for program in programs::all() {
        let modules = loaded(&program);
        let (steps_of_all, _) = whole(&modules, &program);
        for (module, mode) in &modules {
            for fuel in [0, 1, 2, 3, 5, 8, 13].into_iter().filter(|&fuel| fuel < steps_of_all) {
                let mut run = Run::new(module, *mode);
                let result = run.call(fuel, program.argument);
                assert_eq!(run.stopped(result).code, TrapCode::OutOfFuel);
                run.store.interrupt_handle().terminate();
                let result = run.call(1 << 40, program.argument);
                let terminated = run.stopped(result);
                // No unit is paid for what was not begun.
                assert_eq!(
                    (terminated.code, terminated.fuel),
                    (TrapCode::Terminated, 1 << 40),
                    "{}",
                    program.name
                );
                let result = run.call(0, program.argument);
                let without = run.stopped(result);
                assert_eq!(
                    (without.code, without.func, without.ticks),
                    (TrapCode::OutOfFuel, terminated.func, terminated.ticks),
                    "{}",
                    program.name
                );
                stops += 2;
                run.next(&program, steps_of_all);
            }
        }
    }
    println!("injected: {stops} terminations before the first step");
    assert!(stops >= 200, "{stops}");
}
