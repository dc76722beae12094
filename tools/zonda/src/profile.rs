//! `zonda profile`: which functions of a program execute how many instructions.
//!
//! The program runs as an instrumented module (`instrument`). By default its call stack is sampled
//! each time that a budget of instructions is used up; `--exact` counts all instructions of each
//! function and loop. `--samples` reads what a device has sampled.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zonda::{Caller, Error, Func, Instance, Store, Val};
use zonda_symbols::Program as Symbols;

use crate::failure::Failure;
use crate::input::read_module;
use crate::instrument::{blocks, instrument, Block, Probe, BUDGET, TABLE};
use crate::run::{self, counters, Program, Watch};
use crate::samples;
use crate::RunArgs;

#[derive(clap::Args)]
// What else `run` can do has no meaning for the instrumented module that a profile runs.
#[command(mut_args(|arg| match arg.get_id().as_str() {
    "coverage" | "trap_record" => arg.hide(true).value_parser(not_with_profile::<PathBuf>),
    "debug" => arg.hide(true).value_parser(not_with_profile::<u16>),
    "no_wait" => arg.hide(true),
    _ => arg,
}))]
pub struct ProfileArgs {
    /// Count all instructions of each function and each loop instead of taking samples
    #[arg(long, conflicts_with_all = ["period", "flamegraph"])]
    exact: bool,
    /// Do not run the program: show the samples that a device has printed, from this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["exact", "period", "flamegraph", "overhead"])]
    samples: Option<PathBuf>,
    /// Take a sample each N instructions on average
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(10..=100_000_000))]
    period: u32,
    /// Write a flame graph of the samples to this file, SVG
    #[arg(long, value_name = "FILE")]
    flamegraph: Option<PathBuf>,
    /// Write the hottest functions to this file, as `zonda compile --native --only` reads them
    #[arg(long, value_name = "FILE")]
    only: Option<PathBuf>,
    /// With --only: the hottest functions that together execute this share of the instructions
    #[arg(long, value_name = "PERCENT", default_value = "90", requires = "only", value_parser = clap::value_parser!(u8).range(1..=100))]
    share: u8,
    /// Print so many functions and loops
    #[arg(long, value_name = "N", default_value = "20")]
    top: usize,
    /// Run the program once more without counting, and print how much slower it was with
    #[arg(long)]
    overhead: bool,
    #[command(flatten)]
    run: RunArgs,
}

/// Refuses an option of `run`.
fn not_with_profile<T>(_: &str) -> Result<T, String> {
    Err("`zonda profile` runs an instrumented module, and does not take this option".into())
}

/// What samples are collected in: call stacks, the innermost function first.
type Samples = Arc<Mutex<HashMap<Vec<u32>, u64>>>;

struct Profile {
    exact: bool,
    period: u32,
    blocks: Vec<Block>,
    samples: Samples,
    /// With `exact`, the counters.
    counts: Vec<u64>,
    start: Option<Instant>,
    time: Duration,
}

/// What a function or a loop has executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub func: u32,
    /// The offset of a loop; 0 for the function without its loops.
    pub inside: u32,
    pub instructions: u64,
    /// Calls, or iterations of the loop. Not known from samples.
    pub entries: Option<u64>,
}

/// Runs the program and prints its profile.
pub fn profile(args: &ProfileArgs) -> Result<ExitCode, Failure> {
    let Some(path) = args.run.file_and_args.first().map(Path::new) else {
        return Err(Failure::Input("no file".into()));
    };
    if let Some(samples) = &args.samples {
        return of_device(args, path, samples);
    }
    if args.run.native {
        let text = "a profile counts WebAssembly instructions, which are the same in each mode: leave --native out";
        return Err(Failure::Input(text.into()));
    }
    let module = read_module(path)?;
    let symbols = crate::symbolize::program(path, &module)?;
    let mut profile = Profile {
        exact: args.exact,
        period: args.period,
        blocks: Vec::new(),
        samples: Samples::default(),
        counts: Vec::new(),
        start: None,
        time: Duration::ZERO,
    };
    // The profile of a program that traps is that up to the trap.
    let outcome = run::watched(&args.run, &mut profile);
    if profile.start.is_none() {
        return outcome;
    }
    let funcs = profile.by_func();
    let total: u64 = funcs.iter().map(|row| row.instructions).sum();
    eprint!("{}", table(&funcs, &symbols, total, args.top, "instructions", args.exact));
    if args.exact {
        let loops: Vec<Row> = profile.rows().into_iter().filter(|row| row.inside != 0).collect();
        if loops.iter().any(|row| row.instructions != 0) {
            eprint!("{}", table(&loops, &symbols, total, args.top, "instructions", true));
        }
    }
    eprintln!("{total} instructions in {:.3} s{}", profile.time.as_secs_f64(), profile.sampled());
    let written = profile.write(args, &funcs, &symbols, total);
    if args.overhead {
        let mut nothing = Timed::default();
        run::watched(&args.run, &mut nothing)?;
        let (with, without) = (profile.time.as_secs_f64(), nothing.time.as_secs_f64());
        eprintln!(
            "overhead: {with:.3} s with the profile, {without:.3} s without: {:.2} times",
            with / without
        );
    }
    written.and(outcome)
}

/// Prints the profile that a device has sampled.
fn of_device(args: &ProfileArgs, path: &Path, samples: &Path) -> Result<ExitCode, Failure> {
    let bad = |error: String| Failure::Input(format!("{}: {error}", samples.display()));
    let module = read_module(path)?;
    let symbols = crate::symbolize::program(path, &module)?;
    let output = fs::read(samples).map_err(|error| bad(error.to_string()))?;
    let sampled = samples::read(&String::from_utf8_lossy(&output)).map_err(bad)?;
    let defined: HashSet<u32> =
        blocks(&module).map_err(Failure::Input)?.iter().map(|block| block.func).collect();
    if let Some(func) = sampled.functions.keys().find(|func| !defined.contains(func)) {
        let text = format!("function {func} is none of {}: samples of another", path.display());
        return Err(bad(text));
    }
    let row = |(&func, &count)| Row { func, inside: 0, instructions: count, entries: None };
    let mut funcs: Vec<Row> = sampled.functions.iter().map(row).collect();
    funcs.sort_by_key(|row| (std::cmp::Reverse(row.instructions), row.func));
    let total = funcs.iter().map(|row| row.instructions).sum::<u64>() + sampled.others;
    eprint!("{}", table(&funcs, &symbols, total, args.top, "samples", false));
    eprintln!(
        "{total} samples, {} of functions without a count, and {} outside of the program",
        sampled.others, sampled.elsewhere
    );
    if let Some(file) = &args.only {
        let text = only(&funcs, &symbols, total, args.share);
        let failed = |error| Failure::Input(format!("{}: {error}", file.display()));
        fs::write(file, text).map_err(failed)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Profile {
    /// The number of the function's counter for calls, then of its instructions: first functions,
    /// then loops, in order.
    fn places(&self) -> Vec<(u32, u32)> {
        let mut places: Vec<(u32, u32)> =
            self.blocks.iter().map(|block| (block.func, block.inside)).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// What each function, without its loops, and each loop has executed.
    fn rows(&self) -> Vec<Row> {
        if self.exact {
            let places = self.places().into_iter().zip(self.counts.as_chunks::<2>().0);
            return places
                .map(|((func, inside), &[instructions, entries])| Row {
                    func,
                    inside,
                    instructions,
                    entries: Some(entries),
                })
                .collect();
        }
        let mut funcs: HashMap<u32, u64> = HashMap::new();
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        for (stack, count) in samples.iter() {
            if let Some(&func) = stack.first() {
                *funcs.entry(func).or_default() += count;
            }
        }
        let period = u64::from(self.period);
        let row =
            |(func, count)| Row { func, inside: 0, instructions: count * period, entries: None };
        funcs.into_iter().map(row).collect()
    }

    /// What each function has executed, with its loops; the hottest first.
    fn by_func(&self) -> Vec<Row> {
        let mut funcs: HashMap<u32, Row> = HashMap::new();
        for row in self.rows() {
            let func = funcs.entry(row.func).or_insert(Row {
                inside: 0,
                instructions: 0,
                entries: None,
                ..row
            });
            func.instructions += row.instructions;
            if row.inside == 0 {
                func.entries = row.entries;
            }
        }
        let mut funcs: Vec<Row> = funcs.into_values().collect();
        funcs.sort_by_key(|row| (std::cmp::Reverse(row.instructions), row.func));
        funcs
    }

    /// How many samples the profile is made of.
    fn sampled(&self) -> String {
        if self.exact {
            return String::new();
        }
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        format!(", {} samples of {} instructions", samples.values().sum::<u64>(), self.period)
    }

    /// Writes the files that the user wants.
    fn write(
        &self,
        args: &ProfileArgs,
        funcs: &[Row],
        symbols: &Symbols,
        total: u64,
    ) -> Result<(), Failure> {
        let bad =
            |path: &Path, error: String| Failure::Input(format!("{}: {error}", path.display()));
        if let Some(path) = &args.only {
            let text = only(funcs, symbols, total, args.share);
            fs::write(path, text).map_err(|error| bad(path, error.to_string()))?;
        }
        if let Some(path) = &args.flamegraph {
            let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
            let mut lines: Vec<String> =
                samples.iter().map(|(stack, count)| folded(stack, *count, symbols)).collect();
            lines.sort_unstable();
            let mut options = inferno::flamegraph::Options::default();
            options.title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            options.count_name = "samples".into();
            let file = File::create(path).map_err(|error| bad(path, error.to_string()))?;
            let lines = lines.iter().map(String::as_str);
            inferno::flamegraph::from_lines(&mut options, lines, BufWriter::new(file))
                .map_err(|error| bad(path, error.to_string()))?;
        }
        Ok(())
    }
}

impl Watch for Profile {
    fn module(&mut self, program: &[u8]) -> Result<Vec<u8>, String> {
        self.blocks = blocks(program)?;
        if !self.exact {
            return instrument(program, &self.blocks, 0, |number| vec![Probe::Sample(number)]);
        }
        let places = self.places();
        let probes = |number: usize| {
            let Some(block) = self.blocks.get(number) else { return Vec::new() };
            let Ok(place) = places.binary_search(&(block.func, block.inside)) else {
                return Vec::new();
            };
            let mut probes = Vec::new();
            if block.instructions != 0 {
                probes.push(Probe::Add(2 * place, block.instructions));
            }
            // The first block of a function is outside of its loops, that of a loop is in it.
            if block.entry || block.header {
                probes.push(Probe::Add(2 * place + 1, 1));
            }
            probes
        };
        instrument(program, &self.blocks, 2 * places.len(), probes)
    }

    fn started(&mut self, instance: Instance, store: &mut Store<Program>) -> Result<(), Error> {
        if !self.exact {
            let samples = Arc::clone(&self.samples);
            let period = self.period;
            let random = Mutex::new(0x9e37_79b9_7f4a_7c15_u64);
            let sample = move |caller: Caller<'_, '_, Program>, _block: i32, budget: i32| {
                let mut stack = Vec::new();
                caller.for_each_call(|func| stack.push(func));
                // Periods that have gone by: more than one in a large block.
                let mut count = 0;
                let mut left = i64::from(budget);
                let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
                while left < 0 {
                    left += i64::from(next(&mut random, period));
                    count += 1;
                }
                let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
                *samples.entry(stack).or_default() += count;
                i32::try_from(left).unwrap_or(i32::MAX)
            };
            let func = Func::wrap(&mut *store, sample)?;
            let table = instance.get_export(&*store, TABLE).and_then(|item| item.into_table());
            table.ok_or(Error::UnknownExport)?.set(&mut *store, 0, Val::FuncRef(Some(func)))?;
            let budget = instance.get_global(&*store, BUDGET).ok_or(Error::UnknownExport)?;
            budget.set(&mut *store, Val::I32(self.period as i32))?;
        }
        self.start = Some(Instant::now());
        Ok(())
    }

    fn ended(&mut self, instance: Instance, store: &mut Store<Program>) -> Result<(), String> {
        self.time = self.start.map_or(Duration::ZERO, |start| start.elapsed());
        if self.exact {
            self.counts = counters(instance, store)?;
        }
        Ok(())
    }
}

/// The next period: on average the one that the user chose, and never twice the same in step with
/// the program.
fn next(random: &mut u64, period: u32) -> u32 {
    // xorshift64
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let spread = period / 4;
    period - spread + ((*random >> 32) as u32) % (2 * spread + 1)
}

/// Measures how long a program runs.
#[derive(Default)]
struct Timed {
    start: Option<Instant>,
    time: Duration,
}

impl Watch for Timed {
    fn module(&mut self, program: &[u8]) -> Result<Vec<u8>, String> {
        Ok(program.to_vec())
    }
    fn started(&mut self, _: Instance, _: &mut Store<Program>) -> Result<(), Error> {
        self.start = Some(Instant::now());
        Ok(())
    }
    fn ended(&mut self, _: Instance, _: &mut Store<Program>) -> Result<(), String> {
        self.time = self.start.map_or(Duration::ZERO, |start| start.elapsed());
        Ok(())
    }
}

/// The rows as a table, with what was counted.
fn table(
    rows: &[Row],
    symbols: &Symbols,
    total: u64,
    top: usize,
    unit: &str,
    exact: bool,
) -> String {
    let of_loops = rows.iter().any(|row| row.inside != 0);
    let mut rows: Vec<&Row> = rows.iter().filter(|row| row.instructions != 0).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.instructions), row.func, row.inside));
    let entries = match (exact, of_loops) {
        (false, _) => "",
        (true, false) => "calls",
        (true, true) => "iterations",
    };
    let what = if of_loops { "loop" } else { "function" };
    let mut text = format!("  share {unit:>15} {entries:>12}  {what}\n");
    for row in rows.iter().take(top) {
        let share = 100.0 * row.instructions as f64 / total.max(1) as f64;
        let entries = row.entries.map_or(String::new(), |entries| entries.to_string());
        let name = symbols.name_or_index(row.func);
        let place = match (row.inside, symbols.source(row.inside).first()) {
            (0, _) => String::new(),
            (offset, Some(source)) => format!(", 0x{offset:x}, {}:{}", source.file, source.line),
            (offset, None) => format!(", 0x{offset:x}"),
        };
        text += &format!("{share:6.2}% {:>15} {entries:>12}  {name}{place}\n", row.instructions);
    }
    if rows.len() > top {
        text += &format!("        and {} more\n", rows.len() - top);
    }
    text
}

/// The list of functions for the native compiler: indices, each behind a comment.
fn only(funcs: &[Row], symbols: &Symbols, total: u64, share: u8) -> String {
    let mut text =
        format!("# The functions that execute {share} % of the instructions, the hottest first\n");
    let mut sum = 0;
    for row in funcs {
        if sum * 100 >= total * u64::from(share) || row.instructions == 0 {
            break;
        }
        sum += row.instructions;
        let percent = 100.0 * row.instructions as f64 / total.max(1) as f64;
        // A comment is one line, whatever stands in a name.
        let name: String =
            symbols.name_or_index(row.func).chars().filter(|c| !c.is_control()).collect();
        text += &format!("# {percent:.2} % {name}\n{}\n", row.func);
    }
    text
}

/// A call stack as the flame graph reads it: `outermost;…;innermost count`.
fn folded(stack: &[u32], count: u64, symbols: &Symbols) -> String {
    let name = |&func: &u32| symbols.name_or_index(func).replace([';', '\n', '\r'], "_");
    let names: Vec<String> = stack.iter().rev().map(name).collect();
    format!("{} {count}", names.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_the_mean_that_the_user_chose() {
        let mut random = 1;
        for period in [10, 997, 1000] {
            let sum: u64 = (0..100_000).map(|_| u64::from(next(&mut random, period))).sum();
            let mean = sum as f64 / 100_000.0;
            assert!((mean / f64::from(period) - 1.0).abs() < 0.005, "{period}: {mean}");
        }
    }
}
