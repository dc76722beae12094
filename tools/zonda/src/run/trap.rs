//! What `zonda run` says of a trap: the calls that led to it, with names and source lines.

use std::fs;

use zonda::{Error, Store};
use zonda_symbols::{Backtrace, Options, Program as Symbols, Record};

use super::program::Program;
use crate::failure::Failure;
use crate::native;
use crate::RunArgs;

/// Bytes of a record of which a backtrace is made: some 60 calls.
const BACKTRACE: usize = 1 << 10;
/// Bytes of a record in a file, and bytes of memory in it.
const FILE: (usize, usize) = (16 << 10, 4 << 10);

/// Has traps recorded.
pub fn prepare(store: &mut Store<Program>, args: &RunArgs) -> Result<(), Error> {
    let (bytes, memory) = if args.trap_record.is_some() { FILE } else { (BACKTRACE, 0) };
    store.keep_trap_record(bytes, memory)
}

/// A failure with the backtrace, if it is a trap; writes the record to the file that the user
/// names.
pub fn explain(failure: Failure, args: &RunArgs, store: &Store<Program>, module: &[u8]) -> Failure {
    let Some(bytes) = store.trap_record() else { return failure };
    let Failure::Call(mut text) = failure else { return failure };
    if let Some(file) = &args.trap_record {
        if let Err(error) = fs::write(file, bytes) {
            text += &format!("\nzonda: {}: {error}", file.display());
        }
    }
    if let Some(backtrace) = backtrace(bytes, module) {
        text += "\n";
        text += backtrace.trim_end();
    }
    Failure::Call(text)
}

/// The calls of a record; `None` where nothing is known of them beyond the message of the trap.
fn backtrace(record: &[u8], module: &[u8]) -> Option<String> {
    let record = Record::parse(record).ok()?;
    let programs = [Symbols::new(native::module(module).unwrap_or(module)).ok()?];
    // The record is of the file that ran. What a file keeps of its module has names, and lines where
    // it was compiled with --debug.
    let backtrace = Backtrace::new(&record, &programs, true, Options::default()).ok()?;
    Some(backtrace.to_string()).filter(|text| !text.is_empty())
}
