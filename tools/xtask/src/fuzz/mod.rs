//! `cargo xtask fuzz`: all targets of `fuzz/` with libFuzzer, for a number of minutes, and a table
//! of what came of it.

mod build;
mod output;
mod programs;
mod unit;

use crate::firmware::{self, Board};
use crate::shell;
use anyhow::{bail, Context, Result};
pub use build::{wrapped, Tools};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;
use unit::{Outcome, Unit};

#[derive(clap::Args)]
pub struct Options {
    /// Time of all runs together, in minutes
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Run only this target of fuzz/fuzz_targets
    #[arg(long)]
    target: Option<String>,
    /// Run only with the feature `strict` (every assumed invariant is checked), or with `=false`
    /// only without; both by default, half of the time each
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    strict: Option<bool>,
    /// Number of runs at once; the number of CPUs by default
    #[arg(long)]
    jobs: Option<usize>,
    /// Run the target of --target on this file alone, and show its output
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
    /// Runs this many generated programs (fuzz/src/program) instead of the targets
    #[arg(long)]
    programs: Option<u64>,
    /// The seed of the first of them
    #[arg(long, default_value_t = 0, requires = "programs")]
    first: u64,
    /// Runs them on an emulated board
    #[arg(long, requires = "programs")]
    qemu: bool,
    /// The board that --qemu emulates
    #[arg(long, default_value = firmware::default().name, value_parser = firmware::named, requires = "qemu")]
    board: &'static Board,
    /// Runs them as native code of the board, which needs LLVM 19
    #[arg(long, requires = "qemu")]
    native: bool,
    /// What the programs are compared with; wasmtime runs in Python, from the wheel of PyPI
    #[arg(long, value_parser = ["wasmi", "wasmtime"], default_value = "wasmi", requires = "programs")]
    judge: String,
    /// Checks the translation of the programs in place of running them (fuzz/src/checker)
    #[arg(long, requires = "programs", conflicts_with = "qemu")]
    translation: bool,
    /// Runs them under AddressSanitizer, as the targets always are
    #[arg(long, requires = "programs", conflicts_with = "qemu")]
    address: bool,
}

fn variant(strict: bool) -> &'static str {
    if strict {
        "strict"
    } else {
        "plain"
    }
}

pub fn run(options: &Options) -> Result<()> {
    if let Some(count) = options.programs {
        return programs::run(&programs::Programs {
            first: options.first,
            count,
            jobs: jobs(options.jobs),
            qemu: options.qemu.then_some(options.board),
            native: options.native,
            judge: options.judge.clone(),
            translation: options.translation,
            strict: options.strict == Some(true),
            address: options.address,
        });
    }
    let tools = Tools::find()?;
    let targets: Vec<String> = build::targets()?
        .into_iter()
        .filter(|name| options.target.as_ref().is_none_or(|only| only == name))
        .collect();
    if targets.is_empty() {
        bail!("there is no such target; there are: {}", build::targets()?.join(", "));
    }
    let variants = options.strict.map_or(vec![false, true], |strict| vec![strict]);
    if let Some(input) = &options.input {
        return run_input(&tools, &targets[0], &variants, input);
    }
    let jobs = jobs(options.jobs);
    let shares = targets.len() * variants.len();
    let time = Duration::from_secs_f64(
        (options.minutes * 60.0 * jobs.min(shares) as f64 / shares as f64).max(1.0),
    );
    let mut units = Vec::new();
    for &strict in &variants {
        let folder = tools.build(strict)?;
        units.extend(targets.iter().map(|target| Unit {
            target: target.clone(),
            strict,
            program: folder.join(target),
            time,
            corpus: Some(build::folder("corpus").join(target)),
            seed: 0,
        }));
    }
    run_all(&units, jobs, tools.asan)
}

/// What `cargo xtask test` runs: every target for a few seconds from the seeds.
pub fn check(tools: &Tools) -> Result<()> {
    let folder = tools.build(true)?;
    let unit = |target: String| Unit {
        strict: true,
        program: folder.join(&target),
        time: Duration::from_secs(6),
        corpus: None,
        seed: 1,
        target,
    };
    let units: Vec<Unit> = build::targets()?.into_iter().map(unit).collect();
    run_all(&units, jobs(None), tools.asan)
}

fn jobs(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
}

fn run_input(tools: &Tools, target: &str, variants: &[bool], input: &Path) -> Result<()> {
    let input = std::path::absolute(input)?;
    if !input.is_file() {
        bail!("there is no file {}", input.display());
    }
    for &strict in variants {
        let program = tools.build(strict)?.join(target);
        shell::run(Command::new(program).arg(&input).current_dir(shell::root()))?;
    }
    Ok(())
}

/// Runs all, `jobs` at once, and prints the table; an error if there are findings.
fn run_all(units: &[Unit], jobs: usize, asan: bool) -> Result<()> {
    let seconds = units.first().map_or(0, |unit| unit.time.as_secs());
    shell::step(&format!(
        "{} runs of {seconds} s, {jobs} at once{}",
        units.len(),
        if asan { ", with AddressSanitizer" } else { "" }
    ));
    let next = Mutex::new(0..units.len());
    let outcomes: Mutex<Vec<(usize, Result<Outcome>)>> = Mutex::new(Vec::new());
    let lock = "another thread panicked";
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| loop {
                let Some(index) = next.lock().expect(lock).next() else { return };
                let outcome = units[index].run();
                let found = outcome.as_ref().map_or(0, |outcome| outcome.findings.len());
                eprintln!(
                    "    {} {}: {found} findings",
                    units[index].target,
                    variant(units[index].strict)
                );
                outcomes.lock().expect(lock).push((index, outcome));
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect(lock);
    outcomes.sort_by_key(|(index, _)| *index);
    let mut rows = Vec::new();
    for (index, outcome) in outcomes {
        let unit = &units[index];
        rows.push((unit, outcome.with_context(|| format!("the target {}", unit.target))?));
    }
    print(&rows)
}

/// The share of calls that succeeded: a target that meets errors alone does not see what is behind
/// them.
fn share(calls: &output::Calls) -> String {
    let sum = |of: fn(&(u64, u64)) -> u64| calls.values().map(of).sum::<u64>();
    match sum(|counts| counts.0) {
        0 => "-".to_owned(),
        made => format!("{:.1} %", 100.0 * sum(|counts| counts.1) as f64 / made as f64),
    }
}

/// The table to stdout, then the findings.
fn print(rows: &[(&Unit, Outcome)]) -> Result<()> {
    println!(
        "{:<12} {:<7} {:>12} {:>9} {:>8} {:>9} {:>6} {:>9} {:>9}",
        "target",
        "variant",
        "executions",
        "per s",
        "edges",
        "features",
        "new",
        "succeed",
        "findings"
    );
    for (unit, outcome) in rows {
        let speed = outcome.executions as f64 / outcome.seconds.max(0.001);
        let Outcome { executions, edges, features, new_inputs, findings, .. } = outcome;
        let name = variant(unit.strict);
        println!("{:<12} {name:<7} {executions:>12} {speed:>9.0} {edges:>8} {features:>9} {new_inputs:>6} {:>9} {:>9}", unit.target, share(&outcome.calls), findings.len());
    }
    for (unit, outcome) in rows {
        let failing = outcome.calls.iter().filter(|(_, counts)| counts.1 == 0);
        let names: Vec<&str> = failing.map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            println!(
                "{} {}: no call succeeded of {}",
                unit.target,
                variant(unit.strict),
                names.join(", ")
            );
        }
    }
    let total = |of: fn(&Outcome) -> f64| rows.iter().map(|(_, outcome)| of(outcome)).sum::<f64>();
    let seconds = total(|outcome| outcome.seconds);
    println!(
        "{} executions in {:.1} minutes of fuzzing",
        total(|outcome| outcome.executions as f64),
        seconds / 60.0
    );
    let mut count = 0;
    for (unit, outcome) in rows {
        for finding in &outcome.findings {
            count += 1;
            println!(
                "\n{} {}, {} times: {}",
                unit.target,
                variant(unit.strict),
                finding.times,
                finding.what
            );
            for input in &finding.inputs {
                let input = input.strip_prefix(shell::root()).unwrap_or(input).display();
                println!(
                    "    cargo xtask fuzz --target {} --strict={} --input {input}",
                    unit.target, unit.strict
                );
            }
        }
    }
    if count > 0 {
        bail!("{count} findings");
    }
    Ok(())
}
