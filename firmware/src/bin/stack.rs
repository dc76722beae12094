//! Measures the native stack that loading and executing the host's job take, with interrupts and
//! without, in each mode of the image.
#![no_std]
#![no_main]

use firmware::job::{Argument, Job};
use firmware::{board, console, heap, interrupts, say, stack};
use zonda::{Engine, Error, Grants, HostError, Linker, Mode, Module, Store, StoreConfig, Val};
use zonda_bench_env::{Bench, Env};

firmware::on_panic!();
firmware::entry!(main);
firmware::use_heap!();

extern crate alloc;
use alloc::vec::Vec;

/// Loads of one measurement: an interrupt has to fall on the deepest call.
const LOADS: u32 = 300;

struct Host;

impl Bench for Host {
    fn print(&mut self, _: u32, _: &[u8]) -> Result<(), HostError> {
        Ok(())
    }
    fn start(&mut self) {}
    fn stop(&mut self) {}
}

fn value(argument: Argument) -> Val {
    match argument {
        Argument::I32(bits) => Val::I32(bits as i32),
        Argument::I64(bits) => Val::I64(bits as i64),
        Argument::F32(bits) => Val::F32(bits),
        Argument::F64(bits) => Val::F64(bits),
    }
}

/// Bytes of native stack that loading and executing took.
fn measure(job: &Job, mode: Mode, with_interrupts: bool) -> Result<(u32, u32), Error> {
    let mut linker = Linker::new();
    linker.define_module(Env::MODULE, Grants::All, |host: &mut Host| host)?;
    let engine = Engine::new(mode);
    let config = StoreConfig {
        stack_bytes: job.stack_bytes,
        memory_limit: job.memory_limit as u64,
        total_limit: u64::MAX,
        ..StoreConfig::default()
    };
    let load = || {
        let module = Module::new(&engine, job.module)?;
        let mut store = Store::with_config(&engine, Host, config)?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok::<_, Error>((module, store, instance))
    };
    let (loaded, loading) = stack::measure(|| {
        let many = || {
            for _ in 1..LOADS {
                load()?;
            }
            load()
        };
        if with_interrupts {
            interrupts::during(many)
        } else {
            many()
        }
    });
    let (_module, mut store, instance) = loaded?;
    let function = instance.get_func(&store, job.name).ok_or(Error::UnknownExport)?;
    let arguments: Vec<Val> = job.arguments().map(value).collect();
    let mut results = [Val::I32(0)];
    let count = function.ty(&store)?.results().len().min(1);
    let (called, executing) = stack::measure(|| {
        let mut call = || function.call(&mut store, &arguments, &mut results[..count]);
        if with_interrupts {
            interrupts::during(&mut call)
        } else {
            call()
        }
    });
    // A call that traps is a call.
    match called {
        Ok(()) | Err(Error::Trap(_)) => Ok((loading, executing)),
        Err(error) => Err(error),
    }
}

fn main() -> ! {
    heap::init();
    let Some(job) = Job::load() else {
        say!("there is no job at {:#x}", board::JOB);
        console::exit(false)
    };
    for &mode in Mode::ALL {
        for with_interrupts in [false, true] {
            match measure(&job, mode, with_interrupts) {
                Ok((loading, executing)) => {
                    let [first, second, third] = interrupts::counts();
                    say!(
                        "zonda-stack mode={mode:?} loading={loading} executing={executing} \
                         interrupts={first} second={second} third={third}"
                    );
                }
                Err(error) => {
                    say!("{error:?}");
                    console::exit(false)
                }
            }
        }
    }
    console::exit(true)
}
