//! `zonda run --coverage=FILE`: which lines of a program were executed how often, as lcov has it.
//!
//! The program runs as an instrumented module that counts each block; DWARF says which lines a
//! block is made of.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use zonda::{Error, Instance, Store};
use zonda_symbols::Program as Symbols;

use crate::instrument::{blocks, instrument, Block, Probe};
use crate::run::{counters, Program, Watch};

pub struct Coverage {
    file: PathBuf,
    program: Vec<u8>,
    /// The blocks that have lines, in order.
    blocks: Vec<Block>,
}

impl Coverage {
    /// Writes the report to this file.
    pub fn new(file: PathBuf) -> Coverage {
        Coverage { file, program: Vec::new(), blocks: Vec::new() }
    }
}

/// The lines of a block: file and number.
fn lines(symbols: &Symbols, block: &Block) -> Vec<(String, u32)> {
    let Some(lines) = symbols.lines() else { return Vec::new() };
    let code = symbols.code_start() as u32;
    let range = block.start.saturating_sub(code)..block.end.saturating_sub(code);
    lines.in_range(range).into_iter().map(|(_, file, line)| (file, line)).collect()
}

impl Watch for Coverage {
    fn module(&mut self, program: &[u8]) -> Result<Vec<u8>, String> {
        if zonda_compiler::is_precompiled(program) {
            let text = "coverage needs the module that this precompiled module was made from: its code is not WebAssembly any more";
            return Err(text.into());
        }
        let symbols = Symbols::new(program)?;
        if symbols.lines().is_none() {
            return Err("coverage needs debug information (clang -g, rustc -g)".into());
        }
        let all = blocks(program)?;
        self.blocks =
            all.iter().filter(|block| !lines(&symbols, block).is_empty()).copied().collect();
        self.program = program.to_vec();
        instrument(program, &self.blocks, self.blocks.len(), |number| vec![Probe::Add(number, 1)])
    }

    fn started(&mut self, _: Instance, _: &mut Store<Program>) -> Result<(), Error> {
        Ok(())
    }

    fn ended(&mut self, instance: Instance, store: &mut Store<Program>) -> Result<(), String> {
        let counts = counters(instance, store)?;
        let symbols = Symbols::new(&self.program)?;
        let report = lcov(&symbols, &self.blocks, &counts);
        fs::write(&self.file, report).map_err(|error| format!("{}: {error}", self.file.display()))
    }
}

/// What is known of a source file.
#[derive(Default)]
struct Source {
    /// For each line how often it was executed: as often as the block of it that was most often.
    lines: BTreeMap<u32, u64>,
    /// For each function its first line and its calls.
    funcs: BTreeMap<String, (u32, u64)>,
}

/// The report (geninfo(1) describes it).
fn lcov(symbols: &Symbols, blocks: &[Block], counts: &[u64]) -> String {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    for (block, &count) in blocks.iter().zip(counts) {
        for (number, (file, line)) in lines(symbols, block).into_iter().enumerate() {
            let source = sources.entry(file).or_default();
            let known = source.lines.entry(line).or_default();
            *known = count.max(*known);
            if block.entry && number == 0 {
                source.funcs.insert(symbols.name_or_index(block.func), (line, count));
            }
        }
    }
    let mut text = String::new();
    for (file, Source { lines, funcs }) in &sources {
        let _ = writeln!(text, "TN:\nSF:{file}");
        for (name, (line, _)) in funcs {
            let _ = writeln!(text, "FN:{line},{name}");
        }
        for (name, (_, count)) in funcs {
            let _ = writeln!(text, "FNDA:{count},{name}");
        }
        let hit = funcs.values().filter(|(_, count)| *count != 0).count();
        let _ = writeln!(text, "FNF:{}\nFNH:{hit}", funcs.len());
        for (line, count) in lines {
            let _ = writeln!(text, "DA:{line},{count}");
        }
        let hit = lines.values().filter(|count| **count != 0).count();
        let _ = writeln!(text, "LF:{}\nLH:{hit}\nend_of_record", lines.len());
    }
    text
}
