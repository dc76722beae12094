//! `zonda symbolize`: records of traps, and call stacks, with names and lines.

use std::io::Read;
use std::path::{Path, PathBuf};

use zonda_symbols::record::{self, Record};
use zonda_symbols::{Backtrace, Options, Program};

use crate::failure::Failure;
use crate::input::{read, read_module};

#[derive(clap::Args)]
pub struct SymbolizeArgs {
    /// Take a record of another module to be of the first MODULE, for example of the same program
    /// without debug information
    #[arg(long)]
    force: bool,
    /// A trap record or a log; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The program, with debug information and names, and the modules that it imports from: binary
    /// or text
    #[arg(required = true, value_name = "MODULE")]
    modules: Vec<PathBuf>,
}

/// Prints each record of a file.
pub fn symbolize(args: &SymbolizeArgs, all: bool) -> Result<(), Failure> {
    let options = Options { locals: all, memory: all };
    open(args, |found, programs| {
        let records = match found {
            Found::Records(records) => records,
            Found::Log(log) => return call_stack(&log, programs),
        };
        for record in &records {
            let backtrace = Backtrace::new(record, programs, args.force, options)?;
            print!("{}\n{backtrace}", record.message());
        }
        Ok(())
    })
}

/// What a file has.
pub enum Found {
    Records(Vec<Record>),
    /// A log without a record.
    Log(String),
}

impl SymbolizeArgs {
    /// The files of the modules.
    pub fn modules(&self) -> &[PathBuf] {
        &self.modules
    }

    pub fn is_forced(&self) -> bool {
        self.force
    }
}

/// Reads the file and the modules that the user names, and hands both on. The error of `with` is
/// one of the file.
pub fn open(
    args: &SymbolizeArgs,
    with: impl FnOnce(Found, &[Program]) -> Result<(), String>,
) -> Result<(), Failure> {
    let path = args.file.as_path();
    let bad = |what: String| Failure::Input(format!("{}: {what}", path.display()));
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|error| bad(error.to_string()))?;
        bytes
    } else {
        read(path)?
    };
    let modules =
        args.modules.iter().map(|module| read_module(module)).collect::<Result<Vec<_>, _>>()?;
    let programs = modules
        .iter()
        .zip(&args.modules)
        .map(|(bytes, path)| program(path, bytes))
        .collect::<Result<Vec<_>, _>>()?;
    let records = if record::is_record(&bytes) {
        vec![bytes]
    } else {
        let log = String::from_utf8_lossy(&bytes);
        let records = record::in_log(&log).map_err(bad)?;
        if records.is_empty() {
            return with(Found::Log(log.into_owned()), &programs).map_err(bad);
        }
        records
    };
    let records = records.iter().map(|bytes| Record::parse(bytes)).collect::<Result<_, _>>();
    let records = records.map_err(|error| bad(error.to_string()))?;
    with(Found::Records(records), &programs).map_err(bad)
}

/// A program whose names and lines are wanted.
pub fn program<'m>(path: &Path, bytes: &'m [u8]) -> Result<Program<'m>, Failure> {
    let bad = |what: String| Failure::Input(format!("{}: {what}", path.display()));
    if zonda_compiler::is_precompiled(bytes) {
        return Err(bad("expected the module that this file was made from".into()));
    }
    Program::new(bytes).map_err(bad)
}

/// Prints the lines of a call stack in a log: `#00: 0x001a - name`.
fn call_stack(log: &str, programs: &[Program]) -> Result<(), String> {
    let mut found = false;
    for line in log.lines() {
        let Some((number, offset, name)) = frame(line) else { continue };
        found = true;
        println!("  #{number:<2} 0x{offset:05x} {name}");
        let program = programs.first();
        for source in program.map_or(Vec::new(), |program| program.source(offset)) {
            println!("        at {}:{}", source.file, source.line);
        }
    }
    if found {
        Ok(())
    } else {
        Err(format!("{NO_RECORD}, nor a call stack (#00: 0x001a - name)"))
    }
}

/// What is said of a file without a record.
pub const NO_RECORD: &str = "found neither a trap record, nor a line with 'zonda-trap '";

/// A line of a call stack: number, offset in the module, name.
fn frame(line: &str) -> Option<(u32, u32, &str)> {
    let (number, rest) = line.split_once('#')?.1.split_once(": 0x")?;
    let (offset, name) = rest.split_once(" - ")?;
    Some((number.parse().ok()?, u32::from_str_radix(offset, 16).ok()?, name.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_call_stack() {
        assert_eq!(frame("[00:01.000] #07: 0x01a2 - main\r"), Some((7, 0x1a2, "main")));
        assert_eq!(frame("#07: 0x - main"), None);
        assert_eq!(frame("no frame"), None);
    }
}
