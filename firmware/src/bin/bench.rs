//! Runs the job that the host brought through the Rust API and reports what it cost.
#![no_std]
#![no_main]

use firmware::job::{Argument, Job};
use firmware::report::{Clock, Costs};
use firmware::{board, console, heap, say, stack};
use zonda::{Engine, Error, Grants, HostError, Linker, Mode, Store, StoreConfig, Val};
use zonda_bench_env::{Bench, Env};

firmware::on_panic!();
firmware::entry!(main);
firmware::use_heap!();

extern crate alloc;
use alloc::vec::Vec;

#[derive(Default)]
struct Host {
    clock: Clock,
    /// Address and length of what was printed last. It is shown after the call, so that showing it
    /// costs the call nothing.
    text: (u32, u32),
}

impl Bench for Host {
    fn print(&mut self, address: u32, text: &[u8]) -> Result<(), HostError> {
        self.text = (address, text.len() as u32);
        Ok(())
    }
    fn start(&mut self) {
        self.clock.start();
    }
    fn stop(&mut self) {
        self.clock.stop();
    }
}

fn linker() -> Result<Linker<Host>, Error> {
    let mut linker = Linker::new();
    linker.define_module(Env::MODULE, Grants::All, |host: &mut Host| host)?;
    Ok(linker)
}

fn value(argument: Argument) -> Val {
    match argument {
        Argument::I32(bits) => Val::I32(bits as i32),
        Argument::I64(bits) => Val::I64(bits as i64),
        Argument::F32(bits) => Val::F32(bits),
        Argument::F64(bits) => Val::F64(bits),
    }
}

fn show(result: Option<&Val>) {
    match result {
        None => say!("zonda-bench result=null"),
        Some(Val::I32(value)) => say!("zonda-bench result={value}"),
        Some(Val::I64(value)) => say!("zonda-bench result={value}"),
        Some(Val::F32(bits)) => say!("zonda-bench result={:?}", f32::from_bits(*bits)),
        Some(Val::F64(bits)) => say!("zonda-bench result={:?}", f64::from_bits(*bits)),
        Some(_) => say!("zonda-bench result=ref"),
    }
}

fn run(job: &Job, mode: Mode) -> Result<(), Error> {
    let mut costs = Costs::default();
    let before = heap::used();
    let linker = linker()?;
    costs.linker = heap::used() - before;

    let before = heap::used();
    heap::reset_peak();
    let start = board::ticks();
    let (loaded, load_stack) = stack::measure(|| {
        let engine = Engine::new(mode);
        let start = board::ticks();
        let module = job.load_module(&engine)?;
        costs.load_module = board::ticks().wrapping_sub(start);
        let module_heap = heap::used() - before;
        let config = StoreConfig {
            stack_bytes: job.stack_bytes,
            memory_limit: job.memory_limit as u64,
            // The heap is the limit.
            total_limit: u64::MAX,
            ..StoreConfig::default()
        };
        let mut store = Store::with_config(&engine, Host::default(), config)?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok::<_, Error>((module, module_heap, store, instance))
    });
    costs.load = board::ticks().wrapping_sub(start);
    let (_module, module_heap, mut store, instance) = loaded?;
    let all = heap::used() - before;
    costs.module = module_heap;
    costs.peak = heap::peak() - before;
    costs.load_stack = load_stack;
    costs.operand_stack = job.stack_bytes as usize;
    let memory = instance.get_export(&store, "memory").and_then(|item| item.into_memory());
    costs.memory = memory.and_then(|memory| memory.data(&store).ok()).map_or(0, <[u8]>::len);
    costs.heap = all as isize - costs.operand_stack as isize - costs.memory as isize;

    let result = if job.repeat != 0 {
        let function = instance.get_typed_func::<(i32, i32), i32>(&store, job.name)?;
        let start = board::ticks();
        let (result, used) = stack::measure(|| {
            let mut sum = 0;
            for i in 0..job.repeat as i32 {
                sum = function.call(&mut store, (sum, i))?;
            }
            Ok::<i32, Error>(sum)
        });
        costs.call = board::ticks().wrapping_sub(start);
        costs.stack = used;
        Some(Val::I32(result?))
    } else {
        let function = instance.get_func(&store, job.name).ok_or(Error::UnknownExport)?;
        let arguments: Vec<Val> = job.arguments().map(value).collect();
        let mut results = [Val::I32(0)];
        let count = function.ty(&store)?.results().len().min(1);
        let start = board::ticks();
        let (called, used) =
            stack::measure(|| function.call(&mut store, &arguments, &mut results[..count]));
        costs.call = board::ticks().wrapping_sub(start);
        costs.stack = used;
        called?;
        results.into_iter().next().filter(|_| count == 1)
    };
    costs.timed = store.data().clock.ticks();
    let (at, len) = store.data().text;
    if let Some(text) =
        memory.and_then(|memory| memory.data(&store).ok()?.get(at as usize..)?.get(..len as usize))
    {
        console::bytes(text);
    }
    show(result.as_ref());
    costs.report();
    Ok(())
}

fn main() -> ! {
    heap::init();
    board::ticks_init();
    let Some(job) = Job::load() else {
        say!("there is no job at {:#x}", board::JOB);
        console::exit(false)
    };
    let Some(mode) = job.mode() else {
        say!("this image does not have mode {}", job.mode);
        console::exit(false)
    };
    match run(&job, mode) {
        Ok(()) => console::exit(true),
        Err(error) => {
            say!("{error:?}");
            console::exit(false)
        }
    }
}
