//! Faults that are injected wherever they can happen: failed allocations, ended fuel, termination,
//! host functions that misbehave, damaged bytes.

mod damage;
#[path = "../common/failing.rs"]
mod failing;
mod host;
#[path = "../common/modules.rs"]
mod modules;
mod out_of_memory;
#[path = "../common/programs.rs"]
mod programs;
mod reload;
#[path = "../common/run.rs"]
mod run;
mod stop;

#[global_allocator]
static ALLOCATOR: failing::Failing = failing::Failing;
