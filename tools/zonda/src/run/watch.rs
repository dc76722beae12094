//! What watches a program that runs: a profile, or coverage.

use zonda::{Error, Instance, Store};

use super::program::Program;
use crate::instrument::{DUMP, MEMORY};

/// Watches a program.
pub trait Watch: Send {
    /// The module to run in place of the program.
    fn module(&mut self, program: &[u8]) -> Result<Vec<u8>, String>;
    /// The module is instantiated; nothing but its start function has run.
    fn started(&mut self, instance: Instance, store: &mut Store<Program>) -> Result<(), Error>;
    /// The program has ended, or trapped.
    fn ended(&mut self, instance: Instance, store: &mut Store<Program>) -> Result<(), String>;
}

/// Watches nothing.
pub struct Nothing;

impl Watch for Nothing {
    fn module(&mut self, program: &[u8]) -> Result<Vec<u8>, String> {
        Ok(program.to_vec())
    }
    fn started(&mut self, _: Instance, _: &mut Store<Program>) -> Result<(), Error> {
        Ok(())
    }
    fn ended(&mut self, _: Instance, _: &mut Store<Program>) -> Result<(), String> {
        Ok(())
    }
}

/// The counters of an instrumented module.
pub fn counters(instance: Instance, store: &mut Store<Program>) -> Result<Vec<u64>, String> {
    // The program may have used up its fuel.
    store.set_fuel(u64::MAX);
    let dump = instance.get_func(&*store, DUMP).ok_or("the module has no counters")?;
    dump.call(&mut *store, &[], &mut []).map_err(|error| error.to_string())?;
    let memory = instance.get_export(&*store, MEMORY).and_then(|item| item.into_memory());
    let memory = memory.ok_or("the module has no counters")?;
    let bytes = memory.data(&*store).map_err(|error| error.to_string())?;
    Ok(bytes.as_chunks().0.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect())
}
