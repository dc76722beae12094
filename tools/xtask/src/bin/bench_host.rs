//! What of `cargo xtask bench --target host` needs the runtime: loads a module and calls it a
//! number of times.
//!
//! `bench-host FILE MODE CALL RUNS REPEAT MEMORY_LIMIT` prints the result and the time of the
//! shortest run in nanoseconds.

#[path = "../job.rs"]
#[allow(dead_code)]
mod job;

use anyhow::{bail, Context, Result};
use job::{Argument, Call};
use std::time::Instant;
use zonda::{Engine, Grants, Linker, Mode, Module, Store, StoreConfig, Val};
use zonda_bench_env::Env;

fn linker() -> Result<Linker<()>> {
    let mut linker = Linker::new();
    linker.define_module(Env::MODULE, Grants::All, |data| data)?;
    Ok(linker)
}

fn value(argument: &Argument) -> Val {
    match *argument {
        Argument::I32(value) => Val::I32(value),
        Argument::I64(value) => Val::I64(value),
        Argument::F32(value) => Val::F32(value.to_bits()),
        Argument::F64(value) => Val::F64(value.to_bits()),
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, mode, call, runs, repeat, limit] = &arguments[..] else {
        bail!("FILE MODE CALL RUNS REPEAT MEMORY_LIMIT")
    };
    let (runs, repeat, limit): (u32, i32, u32) = (runs.parse()?, repeat.parse()?, limit.parse()?);
    let call = Call::parse(call)?;
    let bytes = std::fs::read(file).with_context(|| file.clone())?;
    let engine =
        Engine::new(Mode::named(mode).with_context(|| format!("there is no mode {mode}"))?);
    let module = Module::new(&engine, &bytes)?;
    let memory_limit = if limit == u32::MAX { u64::MAX } else { limit.into() };
    let mut store =
        Store::with_config(&engine, (), StoreConfig { memory_limit, ..StoreConfig::default() })?;
    let instance = linker()?.instantiate(&mut store, &module)?;
    let values: Vec<Val> = call.arguments.iter().map(value).collect();
    let (mut result, mut shortest) = (0, u128::MAX);
    if repeat != 0 {
        let function = instance.get_typed_func::<(i32, i32), i32>(&store, &call.name)?;
        for _ in 0..runs {
            result = 0;
            let start = Instant::now();
            for i in 0..repeat {
                result = function.call(&mut store, (result, i))?;
            }
            shortest = shortest.min(start.elapsed().as_nanos());
        }
    } else {
        let function = instance
            .get_func(&store, &call.name)
            .with_context(|| format!("no function is exported as {}", call.name))?;
        let mut results = [Val::I32(0)];
        let count = function.ty(&store)?.results().len().min(1);
        for _ in 0..runs {
            let start = Instant::now();
            function.call(&mut store, &values, &mut results[..count])?;
            shortest = shortest.min(start.elapsed().as_nanos());
        }
        let [Val::I32(value)] = results else { bail!("the result is no i32") };
        result = value;
    }
    println!("result={result} ns={shortest}");
    Ok(())
}
